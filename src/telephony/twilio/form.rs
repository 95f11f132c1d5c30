//! What Twilio's webhooks say: a call comes in, a stream ended, a stream's state changed.
//!
//! Source: Twilio's pages on voice webhooks, `<Connect>` and `<Stream>` callbacks, read in September 2026.
//!
//! Promises: bounded before it is parsed; unknown parameters stay for the signature and mean nothing else.
//! Never: prints a number of a caller.

use crate::core::base::{CallId, Fault, Owner, Private};

use super::super::event::StreamId;

/// Longest form accepted, in bytes; a voice webhook with every optional field has about 2 000.
pub const FORM_BYTES_MAX: usize = 32 * 1024;
/// Most parameters of a form; a voice webhook has some thirty.
const FIELDS_MAX: usize = 128;

/// A form's parameters in the order they came: what the signature covers, as it covers it.
pub type Params = Vec<(String, String)>;

/// A form body as parameters; a fault when it is larger than any webhook.
pub fn parse(body: &[u8]) -> Result<Params, Fault> {
    if body.len() > FORM_BYTES_MAX {
        return Err(unreadable(&format!("it has more than {FORM_BYTES_MAX} bytes")));
    }
    let params: Params = url::form_urlencoded::parse(body).into_owned().take(FIELDS_MAX + 1).collect();
    if params.len() > FIELDS_MAX {
        return Err(unreadable(&format!("it has more than {FIELDS_MAX} parameters")));
    }
    Ok(params)
}

/// A call comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceWebhook {
    pub call: CallId,
    pub account: String,
    /// The caller's number; empty where it is withheld.
    pub from: Private,
    /// The number that was called.
    pub to: Private,
    pub status: CallStatus,
}

impl VoiceWebhook {
    pub fn read(params: &[(String, String)]) -> Result<VoiceWebhook, Fault> {
        Ok(VoiceWebhook {
            call: call(params)?,
            account: required(params, "AccountSid")?.to_owned(),
            from: super::withheld::number(required(params, "From")?),
            to: Private::new(required(params, "To")?),
            status: CallStatus::read(params),
        })
    }
}

/// The `<Connect>` of a call ended: its action asks what to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AfterStream {
    pub call: CallId,
    pub from: Private,
    pub to: Private,
    pub status: CallStatus,
}

impl AfterStream {
    pub fn read(params: &[(String, String)]) -> Result<AfterStream, Fault> {
        let VoiceWebhook { call, from, to, status, account: _ } = VoiceWebhook::read(params)?;
        Ok(AfterStream { call, from, to, status })
    }
}

/// The state of a stream changed; for the log only, since these arrive late and in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamStatus {
    pub call: CallId,
    pub stream: StreamId,
    pub event: StreamEvent,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    Started,
    Stopped,
    /// With Twilio's own words.
    Error(String),
}

impl StreamStatus {
    pub fn read(params: &[(String, String)]) -> Result<StreamStatus, Fault> {
        let event = match required(params, "StreamEvent")? {
            "stream-started" => StreamEvent::Started,
            "stream-stopped" => StreamEvent::Stopped,
            "stream-error" => StreamEvent::Error(value(params, "StreamError").unwrap_or_default().to_owned()),
            _ => return Err(unreadable("its `StreamEvent` is none that we know")),
        };
        let stream = StreamId::parse(required(params, "StreamSid")?);
        let stream = stream.ok_or_else(|| unreadable("its `StreamSid` is no id"))?;
        Ok(StreamStatus { call: call(params)?, stream, event })
    }
}

/// Where a call stands, as Twilio sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallStatus {
    Queued,
    Ringing,
    InProgress,
    Completed,
    Busy,
    Failed,
    NoAnswer,
    Canceled,
    /// A word of a later day.
    Unknown,
}

impl CallStatus {
    fn read(params: &[(String, String)]) -> CallStatus {
        match value(params, "CallStatus").unwrap_or_default() {
            "queued" => CallStatus::Queued,
            "ringing" => CallStatus::Ringing,
            "in-progress" => CallStatus::InProgress,
            "completed" => CallStatus::Completed,
            "busy" => CallStatus::Busy,
            "failed" => CallStatus::Failed,
            "no-answer" => CallStatus::NoAnswer,
            "canceled" => CallStatus::Canceled,
            _ => CallStatus::Unknown,
        }
    }

    /// Whether nobody is on the phone any more.
    #[must_use]
    pub fn is_over(self) -> bool {
        match self {
            CallStatus::Completed
            | CallStatus::Busy
            | CallStatus::Failed
            | CallStatus::NoAnswer
            | CallStatus::Canceled => true,
            CallStatus::Queued | CallStatus::Ringing | CallStatus::InProgress | CallStatus::Unknown => false,
        }
    }
}

fn call(params: &[(String, String)]) -> Result<CallId, Fault> {
    CallId::parse(required(params, "CallSid")?).ok_or_else(|| unreadable("its `CallSid` is no id"))
}

fn required<'a>(params: &'a [(String, String)], name: &str) -> Result<&'a str, Fault> {
    value(params, name).ok_or_else(|| unreadable(&format!("it has no `{name}`")))
}

fn value<'a>(params: &'a [(String, String)], name: &str) -> Option<&'a str> {
    params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn unreadable(why: &str) -> Fault {
    Fault::new(
        Owner::Provider,
        format!("a webhook of Twilio cannot be read: {why}"),
        "look at the request in Twilio's debugger; is this URL set as a voice webhook with method POST?",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOICE: &[u8] = b"CallSid=CA01&AccountSid=AC01&From=%2B15550100001&To=%2B15550100002\
        &CallStatus=ringing&Direction=inbound&ApiVersion=2010-04-01&FromCity=";

    #[test]
    fn a_voice_webhook_says_which_call_from_whom_to_whom() {
        let params = parse(VOICE).expect("a form");
        assert_eq!(params.len(), 8, "every parameter is kept for the signature");
        let voice = VoiceWebhook::read(&params).expect("a voice webhook");
        assert_eq!((voice.call.as_str(), voice.account.as_str()), ("CA01", "AC01"));
        assert_eq!((voice.from.reveal(), voice.to.reveal()), ("+15550100001", "+15550100002"));
        assert_eq!(voice.status, CallStatus::Ringing);
        assert!(!format!("{voice:?}").contains("5550100001"));
    }

    #[test]
    fn a_caller_who_withholds_the_number_has_none_after_a_stream_too() {
        for from in ["%2B266696687", "Anonymous", "sip%3Aanonymous%40anonymous.invalid"] {
            let body = String::from_utf8(VOICE.to_vec())
                .expect("the sample is text")
                .replace("%2B15550100001", from);
            let params = parse(body.as_bytes()).expect("a form");
            let froms = [
                VoiceWebhook::read(&params).expect("a voice webhook").from,
                AfterStream::read(&params).expect("an action webhook").from,
            ];
            assert!(froms.iter().all(|from| from.reveal().is_empty()), "{from}");
            assert!(
                params.iter().any(|(name, value)| name == "From" && !value.is_empty()),
                "as it was signed"
            );
        }
    }

    #[test]
    fn after_a_stream_we_hear_whether_anybody_is_still_there() {
        for (word, over) in [("in-progress", false), ("completed", true), ("canceled", true), ("new", false)]
        {
            let body =
                String::from_utf8(VOICE.to_vec()).expect("the sample is text").replace("ringing", word);
            let after =
                AfterStream::read(&parse(body.as_bytes()).expect("a form")).expect("an action webhook");
            assert_eq!(after.status.is_over(), over, "{word}");
        }
    }

    #[test]
    fn the_states_of_a_stream_are_read() {
        for (event, want) in [
            ("stream-started", StreamEvent::Started),
            ("stream-stopped", StreamEvent::Stopped),
            ("stream-error&StreamError=31921%20closed", StreamEvent::Error("31921 closed".to_owned())),
        ] {
            let body =
                format!("AccountSid=AC01&CallSid=CA01&StreamSid=MZ01&StreamName=agent&StreamEvent={event}");
            let status =
                StreamStatus::read(&parse(body.as_bytes()).expect("a form")).expect("a status callback");
            assert_eq!((status.stream.as_str(), status.event), ("MZ01", want));
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_without_its_value() {
        for (body, says) in [
            ("", "CallSid"),
            ("CallSid=secret/..&AccountSid=AC&From=a&To=b", "CallSid"),
            ("CallSid=CA&AccountSid=AC&From=secret", "To"),
        ] {
            let fault = VoiceWebhook::read(&parse(body.as_bytes()).expect("a form")).unwrap_err();
            assert!(fault.what.contains(says) && !fault.what.contains("secret"), "{fault}");
        }
        let odd = parse(b"CallSid=CA&StreamSid=MZ&StreamEvent=secret").expect("a form");
        assert!(!StreamStatus::read(&odd).unwrap_err().what.contains("secret"));
    }

    #[test]
    fn a_form_larger_than_any_webhook_is_refused() {
        assert!(parse(&vec![b'a'; FORM_BYTES_MAX + 1]).is_err());
        assert!(parse("a&".repeat(FIELDS_MAX).as_bytes()).is_ok());
        assert!(parse("a&".repeat(FIELDS_MAX + 1).as_bytes()).is_err());
    }
}
