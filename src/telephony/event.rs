//! What a carrier says on a media stream, in one vocabulary for every dialect.
//!
//! Promises: ids are plain and bounded; `Debug` shows neither a key nor the value of a parameter (promise 8).
//! Never: holds audio; that stays in the parser's buffer.

use std::collections::BTreeMap;
use std::fmt;

use crate::core::base::{CallId, Millis};

/// One message of the carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CarrierEvent {
    /// The carrier greets; nothing is known yet.
    Connected,
    Start(Start),
    /// Audio of the caller, in the parser's buffer. `timestamp` counts from the start of the stream.
    Media {
        timestamp: Option<Millis>,
    },
    Key(Key),
    /// Everything sent before the mark of this name was played, or dropped by a clear.
    Mark {
        name: String,
    },
    /// The carrier ends the stream: the caller hung up, or the call went elsewhere.
    Stop,
    Ignored(Ignored),
}

/// What is known when a stream starts. None of it is to be trusted before the token in `params` is redeemed.
#[derive(Clone, PartialEq, Eq)]
pub struct Start {
    pub stream: StreamId,
    pub call: CallId,
    pub account: String,
    /// What the answer to the webhook passed on, by name.
    pub params: BTreeMap<String, String>,
    pub media_format: MediaFormat,
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start")
            .field("stream", &self.stream)
            .field("call", &self.call)
            .field("account", &self.account)
            .field("params", &self.params.keys())
            .field("media_format", &self.media_format)
            .finish()
    }
}

/// How the caller's audio is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaFormat {
    /// A media type, as the carrier writes it.
    pub encoding: String,
    pub rate_hz: u32,
    pub channels: u32,
}

impl MediaFormat {
    /// What every part of the line is made for: G.711 mu-law, 8 kHz, mono.
    #[must_use]
    pub fn is_mulaw_8k_mono(&self) -> bool {
        self.encoding == "audio/x-mulaw" && self.rate_hz == 8_000 && self.channels == 1
    }
}

/// A stream as the carrier names it; it goes back in every message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamId(CallId);

impl StreamId {
    /// The same alphabet and length as a call id, so that it needs no escaping anywhere.
    #[must_use]
    pub fn parse(raw: &str) -> Option<StreamId> {
        CallId::parse(raw).map(StreamId)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// A key of the caller's telephone. It may be part of a card number, so it does not print.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key(char);

impl Key {
    /// One of `0-9 * # A-D`; lower case letters are accepted.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Key> {
        let mut letters = raw.chars();
        let (Some(letter), None) = (letters.next(), letters.next()) else { return None };
        let key = letter.to_ascii_uppercase();
        matches!(key, '0'..='9' | '*' | '#' | 'A'..='D').then_some(Key(key))
    }

    #[must_use]
    pub fn reveal(self) -> char {
        self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(private)")
    }
}

/// Why a well-formed message means nothing to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// An event that this dialect did not have when it was written.
    UnknownEvent,
    /// What we said ourselves, sent back to us.
    OutboundTrack,
    /// No key of a telephone.
    UnknownKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_a_telephone_and_do_not_print() {
        for good in ["0", "9", "*", "#", "A", "d"] {
            assert!(Key::parse(good).is_some(), "{good}");
        }
        for bad in ["", "E", "12", "ñ", " ", "\u{660}"] {
            assert!(Key::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(format!("{:?}", CarrierEvent::Key(Key('7'))), "Key(Key(private))");
    }

    #[test]
    fn a_start_prints_the_names_of_its_parameters_only() {
        let start = Start {
            stream: StreamId::parse("MZ1").expect("a stream id"),
            call: CallId::parse("CA1").expect("a call id"),
            account: "AC1".to_owned(),
            params: BTreeMap::from([("token".to_owned(), "s3cret".to_owned())]),
            media_format: MediaFormat { encoding: "audio/x-mulaw".to_owned(), rate_hz: 8_000, channels: 1 },
        };
        let printed = format!("{start:?}");
        assert!(printed.contains("token") && !printed.contains("s3cret"), "{printed}");
    }
}
