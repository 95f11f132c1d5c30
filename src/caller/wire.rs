//! The messages of Twilio Media Streams as the carrier writes and reads them.
//!
//! Source: the "Media Streams - WebSocket messages" page of Twilio's documentation, read in September 2026.
//!
//! Promises: written as Twilio writes them (numbers as strings); read strictly, as Twilio reads them.
//! Never: allocates for a frame once its buffer has grown.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::core::audio::Law;

/// Samples, and mu-law bytes, of a frame: 20 ms at 8 kHz.
pub(crate) const FRAME: usize = 160;
/// The stream's codec.
pub(super) const LAW: Law = Law::Mu;
/// The byte of no sound; 0x00 would be the loudest one.
pub(crate) const SILENCE: u8 = LAW.silence();
/// Milliseconds of a frame.
pub(crate) const FRAME_MS: u64 = 20;

/// Writes one stream's messages, each in place of the one before.
#[derive(Debug)]
pub(crate) struct Writer {
    stream: String,
    sequence: u64,
    chunk: u64,
    out: String,
}

/// What a `start` tells.
#[derive(Debug)]
pub(crate) struct StartOf<'a> {
    pub(crate) account: &'a str,
    pub(crate) call: &'a str,
    pub(crate) params: &'a BTreeMap<String, String>,
}

impl Writer {
    pub(crate) fn new(stream: String) -> Writer {
        Writer { stream, sequence: 0, chunk: 0, out: String::new() }
    }

    pub(crate) fn connected(&mut self) -> &str {
        r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#
    }

    pub(crate) fn start(&mut self, start: &StartOf<'_>) -> &str {
        let params = serde_json::json!(start.params);
        let StartOf { account, call, .. } = start;
        self.head("start");
        let _ = write!(
            self.out,
            r#","start":{{"streamSid":"{}","accountSid":"{account}","callSid":"{call}","#,
            self.stream
        );
        let format = r#"{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}"#;
        let _ = write!(
            self.out,
            r#""tracks":["inbound"],"customParameters":{params},"mediaFormat":{format}}}}}"#
        );
        &self.out
    }

    /// The caller's next 20 ms.
    pub(crate) fn media(&mut self, frame: &[u8; FRAME]) -> &str {
        self.head("media");
        let timestamp = self.chunk * FRAME_MS;
        self.chunk += 1;
        let chunk = self.chunk;
        let _ = write!(
            self.out,
            r#","media":{{"track":"inbound","chunk":"{chunk}","timestamp":"{timestamp}","payload":""#
        );
        STANDARD.encode_string(frame, &mut self.out);
        self.out.push_str("\"}}");
        &self.out
    }

    pub(crate) fn key(&mut self, key: char) -> &str {
        self.head("dtmf");
        let _ = write!(self.out, r#","dtmf":{{"track":"inbound_track","digit":"{key}"}}}}"#);
        &self.out
    }

    pub(crate) fn mark(&mut self, name: &str) -> &str {
        self.head("mark");
        let _ = write!(self.out, r#","mark":{{"name":{}}}}}"#, serde_json::Value::from(name));
        &self.out
    }

    pub(crate) fn stop(&mut self, account: &str, call: &str) -> &str {
        self.head("stop");
        let _ = write!(self.out, r#","stop":{{"accountSid":"{account}","callSid":"{call}"}}}}"#);
        &self.out
    }

    /// Twilio's id of the stream.
    pub(crate) fn stream(&self) -> &str {
        &self.stream
    }

    fn head(&mut self, event: &str) {
        self.sequence += 1;
        self.out.clear();
        let _ = write!(
            self.out,
            r#"{{"event":"{event}","sequenceNumber":"{}","streamSid":"{}""#,
            self.sequence, self.stream
        );
    }
}

/// What the gateway asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Audio to play, in the buffer given.
    Play,
    Mark(String),
    Clear,
}

/// Reads one message for `stream`; the audio of [`Order::Play`] replaces what `audio` held. The error says
/// what Twilio would report as 31924 and close the stream for.
pub(crate) fn read(text: &str, stream: &str, audio: &mut Vec<u8>) -> Result<Order, String> {
    let message: Message<'_> = serde_json::from_str(text)
        .map_err(|e| format!("a message that is none, at column {}", e.column()))?;
    if message.stream_sid.as_deref() != Some(stream) {
        return Err(format!("a `{}` without the streamSid of this stream", message.event.escape_debug()));
    }
    match message {
        Message { event, media: Some(media), .. } if event == "media" => {
            audio.clear();
            STANDARD.decode_vec(media.payload.as_bytes(), audio).map_err(|e| format!("a payload: {e}"))?;
            Ok(Order::Play)
        }
        Message { event, mark: Some(mark), .. } if event == "mark" => Ok(Order::Mark(mark.name.into_owned())),
        Message { event, .. } if event == "clear" => Ok(Order::Clear),
        Message { event, .. } => Err(format!("a `{}` that cannot be followed", event.escape_debug())),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    stream_sid: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    media: Option<Media<'a>>,
    #[serde(borrow, default)]
    mark: Option<Mark<'a>>,
}

#[derive(Deserialize)]
struct Media<'a> {
    #[serde(borrow)]
    payload: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Mark<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::base::Millis;
    use crate::telephony::twilio::wire::{Parser, write_clear, write_mark, write_media};
    use crate::telephony::{CarrierEvent, StreamId};

    #[test]
    fn the_gateway_reads_what_the_carrier_writes() {
        let mut writer = Writer::new("MZ1".to_owned());
        let mut parser = Parser::default();
        assert_eq!(parser.parse(writer.connected()), Ok(CarrierEvent::Connected));
        let params = BTreeMap::from([("token".to_owned(), "a\"b".to_owned())]);
        let start = writer.start(&StartOf { account: "AC1", call: "CA1", params: &params });
        let Ok(CarrierEvent::Start(start)) = parser.parse(start) else { panic!("no start") };
        assert_eq!((start.stream.as_str(), start.call.as_str(), &start.params), ("MZ1", "CA1", &params));
        assert!(start.media_format.is_mulaw_8k_mono());
        for n in 0..3 {
            let want = CarrierEvent::Media { timestamp: Some(Millis(n * 20)) };
            assert_eq!(parser.parse(writer.media(&[7; FRAME])), Ok(want));
            assert_eq!(parser.audio(), [7; FRAME]);
        }
        let Ok(CarrierEvent::Key(key)) = parser.parse(writer.key('#')) else { panic!("no key") };
        assert_eq!(key.reveal(), '#');
        assert_eq!(parser.parse(writer.mark("é\"")), Ok(CarrierEvent::Mark { name: "é\"".to_owned() }));
        let stop = writer.stop("AC1", "CA1");
        assert!(stop.contains(r#""sequenceNumber":"7""#), "{stop}");
        assert_eq!(parser.parse(stop), Ok(CarrierEvent::Stop));
    }

    #[test]
    fn the_carrier_reads_what_the_gateway_writes() {
        let stream = StreamId::parse("MZ1").expect("a stream id");
        let mut audio = Vec::new();
        let mut text = String::new();
        write_media(&mut text, &stream, &[9; 500]);
        assert_eq!(read(&text, "MZ1", &mut audio), Ok(Order::Play));
        assert_eq!(audio, [9; 500]);
        text.clear();
        write_mark(&mut text, &stream, "g1\"");
        assert_eq!(read(&text, "MZ1", &mut audio), Ok(Order::Mark("g1\"".to_owned())));
        text.clear();
        write_clear(&mut text, &stream);
        assert_eq!(read(&text, "MZ1", &mut audio), Ok(Order::Clear));
    }

    #[test]
    fn what_twilio_would_close_a_stream_for_is_named() {
        for (text, says) in [
            ("garbage", "column"),
            (r#"{"event":"clear"}"#, "streamSid"),
            (r#"{"event":"clear","streamSid":"MZ2"}"#, "streamSid"),
            (r#"{"event":"hangup","streamSid":"MZ1"}"#, "hangup"),
            (r#"{"event":"media","streamSid":"MZ1"}"#, "media"),
            (r#"{"event":"media","streamSid":"MZ1","media":{"payload":"***"}}"#, "payload"),
            (r#"{"event":"mark","streamSid":"MZ1","mark":{}}"#, "column"),
        ] {
            let wrong = read(text, "MZ1", &mut Vec::new()).unwrap_err();
            assert!(wrong.contains(says), "{text}: {wrong}");
        }
    }
}
