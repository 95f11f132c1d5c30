//! The messages of Twilio Media Streams, both directions, as text.
//!
//! Source: the "Media Streams - WebSocket messages" page of Twilio's documentation, read in September 2026.
//!
//! Promises: unknown events and fields, any key order, numbers as strings and payloads without padding are
//! accepted; everything kept is bounded; no allocation for a frame of audio once the buffers have grown.
//! Never: repeats what a malformed message held.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Deserializer, de};

use crate::core::base::{CallId, Fault, Millis, Owner};
use crate::telephony::event::{CarrierEvent, Ignored, Key, MediaFormat, Start, StreamId};

/// Longest message accepted, in bytes; one frame of audio needs about 400.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Most audio accepted in one message, in bytes: one second, fifty times what Twilio sends.
pub const PAYLOAD_BYTES_MAX: usize = 8_000;
/// Longest name of a mark, in bytes; ours have about ten.
pub const MARK_BYTES_MAX: usize = 128;
/// Most parameters of a stream; ours pass three.
pub const PARAMS_MAX: usize = 32;
/// Longest parameter, name and value together, in bytes: the limit told of Twilio.
pub const PARAM_BYTES_MAX: usize = 500;
/// Longest media type or account id, in bytes.
const WORD_BYTES_MAX: usize = 64;

/// Standard alphabet; padding is written, and may be missing when read.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads the carrier's messages, and holds the audio of the last one.
#[derive(Debug, Default)]
pub struct Parser {
    audio: Vec<u8>,
}

impl Parser {
    /// One text message. After [`CarrierEvent::Media`] its audio is in [`Parser::audio`].
    pub fn parse(&mut self, text: &str) -> Result<CarrierEvent, Malformed> {
        self.audio.clear();
        if text.len() > MESSAGE_BYTES_MAX {
            return Err(Malformed::TooLong);
        }
        match read::<Head<'_>>(text, "message")?.event.as_ref() {
            "media" => self.media(read::<MediaMessage<'_>>(text, "media")?.media),
            "mark" => mark(read::<MarkMessage<'_>>(text, "mark")?.mark),
            "dtmf" => Ok(key(&read::<KeyMessage<'_>>(text, "dtmf")?.dtmf)),
            "start" => start(read::<StartMessage<'_>>(text, "start")?),
            "connected" => Ok(CarrierEvent::Connected),
            "stop" => Ok(CarrierEvent::Stop),
            _ => Ok(CarrierEvent::Ignored(Ignored::UnknownEvent)),
        }
    }

    /// Mu-law bytes of the last message, one a sample; empty unless it was media of the caller.
    #[must_use]
    pub fn audio(&self) -> &[u8] {
        &self.audio
    }

    fn media(&mut self, media: Media<'_>) -> Result<CarrierEvent, Malformed> {
        if media.track.as_deref().is_some_and(|track| !track.starts_with("inbound")) {
            return Ok(CarrierEvent::Ignored(Ignored::OutboundTrack));
        }
        decode_payload(&media.payload, &mut self.audio)?;
        Ok(CarrierEvent::Media { timestamp: media.timestamp })
    }
}

/// Base64 to mu-law bytes, in place of what `audio` held.
fn decode_payload(payload: &str, audio: &mut Vec<u8>) -> Result<(), Malformed> {
    audio.clear();
    if payload.len() > PAYLOAD_BYTES_MAX.div_ceil(3) * 4 {
        return Err(Malformed::TooMuchAudio);
    }
    let decoded = BASE64.decode_vec(payload, audio);
    if decoded.is_err() || audio.len() > PAYLOAD_BYTES_MAX {
        audio.clear();
        return Err(decoded.map_or(Malformed::NotBase64, |()| Malformed::TooMuchAudio));
    }
    Ok(())
}

/// Appends the message that plays `audio` (mu-law, any length; no header).
pub fn write_media(out: &mut String, stream: &StreamId, audio: &[u8]) {
    write_head(out, "media", stream);
    out.push_str(r#","media":{"payload":""#);
    BASE64.encode_string(audio, out);
    out.push_str("\"}}");
}

/// Appends the message that asks for `name` back once everything before it has been played.
pub fn write_mark(out: &mut String, stream: &StreamId, name: &str) {
    write_head(out, "mark", stream);
    out.push_str(r#","mark":{"name":"#);
    out.push_str(&serde_json::Value::from(name).to_string());
    out.push_str("}}");
}

/// Appends the message that drops what was not played yet; the marks that wait come back at once.
pub fn write_clear(out: &mut String, stream: &StreamId) {
    write_head(out, "clear", stream);
    out.push('}');
}

fn write_head(out: &mut String, event: &str, stream: &StreamId) {
    for part in [r#"{"event":""#, event, r#"","streamSid":""#, stream.as_str(), "\""] {
        out.push_str(part);
    }
}

/// What was wrong with a message, without a word of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    TooLong,
    /// No JSON, or not of the shape of this event: where it stopped making sense.
    Shape {
        event: &'static str,
        column: usize,
    },
    NotBase64,
    TooMuchAudio,
    /// Empty, too long, or with letters an id does not have.
    Id(&'static str),
    NameTooLong,
    TooManyParams,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Malformed::TooLong => write!(f, "a message of more than {MESSAGE_BYTES_MAX} bytes"),
            Malformed::Shape { event, column } => {
                write!(f, "no `{event}` that we can read: it stops making sense at column {column}")
            }
            Malformed::NotBase64 => f.write_str("a payload that is no base64"),
            Malformed::TooMuchAudio => {
                write!(f, "more than {PAYLOAD_BYTES_MAX} bytes of audio in one message")
            }
            Malformed::Id(field) => write!(f, "`{field}` is no id"),
            Malformed::NameTooLong => write!(f, "a mark with a name of more than {MARK_BYTES_MAX} bytes"),
            Malformed::TooManyParams => {
                write!(f, "more than {PARAMS_MAX} parameters, or one of more than {PARAM_BYTES_MAX} bytes")
            }
        }
    }
}

impl std::error::Error for Malformed {}

impl Malformed {
    /// For the log.
    #[must_use]
    pub fn fault(self) -> Fault {
        let remedy = "see whether a proxy on the way changes messages; if they are Twilio's own, report this";
        Fault::new(Owner::Provider, format!("a message of the carrier is malformed: {self}"), remedy)
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str, event: &'static str) -> Result<T, Malformed> {
    serde_json::from_str(text).map_err(|e| Malformed::Shape { event, column: e.column() })
}

fn mark(mark: Mark<'_>) -> Result<CarrierEvent, Malformed> {
    if mark.name.len() > MARK_BYTES_MAX {
        return Err(Malformed::NameTooLong);
    }
    Ok(CarrierEvent::Mark { name: mark.name.into_owned() })
}

fn key(dtmf: &Dtmf<'_>) -> CarrierEvent {
    Key::parse(&dtmf.digit).map_or(CarrierEvent::Ignored(Ignored::UnknownKey), CarrierEvent::Key)
}

fn start(message: StartMessage<'_>) -> Result<CarrierEvent, Malformed> {
    let StartBody { stream_sid, call_sid, account_sid, custom_parameters, media_format } = message.start;
    let stream = stream_sid.or(message.stream_sid).ok_or(Malformed::Id("streamSid"))?;
    let params = custom_parameters.unwrap_or_default();
    if params.len() > PARAMS_MAX || params.iter().any(|(k, v)| k.len() + v.len() > PARAM_BYTES_MAX) {
        return Err(Malformed::TooManyParams);
    }
    Ok(CarrierEvent::Start(Start {
        stream: StreamId::parse(&stream).ok_or(Malformed::Id("streamSid"))?,
        call: CallId::parse(&call_sid).ok_or(Malformed::Id("callSid"))?,
        account: word(&account_sid, "accountSid")?,
        params,
        media_format: MediaFormat {
            encoding: word(&media_format.encoding, "mediaFormat.encoding")?,
            rate_hz: media_format.sample_rate.0,
            channels: media_format.channels.0,
        },
    }))
}

fn word(raw: &str, field: &'static str) -> Result<String, Malformed> {
    let fits = (1..=WORD_BYTES_MAX).contains(&raw.len()) && raw.bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(raw.to_owned()) } else { Err(Malformed::Id(field)) }
}

// The shapes, borrowed from the text wherever it holds no escape.

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
}

#[derive(Deserialize)]
struct MediaMessage<'a> {
    #[serde(borrow)]
    media: Media<'a>,
}

#[derive(Deserialize)]
struct Media<'a> {
    #[serde(borrow, default)]
    track: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "millis")]
    timestamp: Option<Millis>,
    #[serde(borrow)]
    payload: Cow<'a, str>,
}

#[derive(Deserialize)]
struct MarkMessage<'a> {
    #[serde(borrow)]
    mark: Mark<'a>,
}

#[derive(Deserialize)]
struct Mark<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct KeyMessage<'a> {
    #[serde(borrow)]
    dtmf: Dtmf<'a>,
}

#[derive(Deserialize)]
struct Dtmf<'a> {
    #[serde(borrow)]
    digit: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartMessage<'a> {
    #[serde(borrow, default)]
    stream_sid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    start: StartBody<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartBody<'a> {
    #[serde(borrow, default)]
    stream_sid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    call_sid: Cow<'a, str>,
    #[serde(borrow)]
    account_sid: Cow<'a, str>,
    #[serde(default)]
    custom_parameters: Option<BTreeMap<String, String>>,
    #[serde(borrow)]
    media_format: Format<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Format<'a> {
    #[serde(borrow)]
    encoding: Cow<'a, str>,
    sample_rate: Number,
    channels: Number,
}

/// A whole number, written as one or as a string.
struct Number(u32);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Number, D::Error> {
        from.deserialize_any(NumberVisitor)
    }
}

fn millis<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Millis>, D::Error> {
    Option::<Number>::deserialize(from).map(|n| n.map(|n| Millis(n.0)))
}

struct NumberVisitor;

impl de::Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number or one in quotes")
    }

    fn visit_u64<E: de::Error>(self, n: u64) -> Result<Number, E> {
        u32::try_from(n).map(Number).map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
        text.parse().map(Number).map_err(E::custom)
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
