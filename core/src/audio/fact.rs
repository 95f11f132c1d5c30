//! What the line tells the conversation, and what it hands to the world.
//!
//! Promises: buffers of [`LineOutputs`] are reused, so a step in the steady state allocates nothing.
//! Never: decides; a key's digit never prints.

use std::fmt;
use std::ops::Range;

use crate::base::{CallTime, Position, ReplyId, Samples};

/// Standing order of the conversation: how much speech is speech, how much silence ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    pub speech: Samples,
    pub silence: Samples,
}

/// What happened on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFact {
    /// The caller speaks, since `at`; raised once [`Watch::speech`] of it has been counted.
    SpeechStarted { at: Position },
    /// The caller spoke until `at`; raised once [`Watch::silence`] has been counted since.
    SpeechStopped { at: Position },
    /// No frame for a second of call time. Not silence.
    Stalled,
    /// Frames again.
    Resumed,
    /// A key was pressed at `at`.
    Key { key: Key, at: Position },
    /// All of the reply was played to its end; `at` is the caller's track as received by then.
    Played { reply: ReplyId, at: Position, by: By },
    /// The reply was stopped. `whole` pieces were heard to their end, and of the next one `heard` samples:
    /// `permille` of it, rounded down, and zero while its synthesis had not ended (its length is unknown).
    Cut { reply: ReplyId, whole: u16, permille: u16, heard: Samples },
}

/// Who says that a reply was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The carrier's mark.
    Mark,
    /// The computed clock plus a margin: the dialect has no marks, or the mark never came.
    Clock,
}

/// A key of the telephone: `0` to `9`, `*`, `#`. It may be part of a secret, so it does not print.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key(u8);

impl Key {
    /// `None` for anything else, the letters A to D included.
    #[must_use]
    pub fn parse(key: char) -> Option<Key> {
        u8::try_from(key).ok().filter(|k| k.is_ascii_digit() || matches!(k, b'*' | b'#')).map(Key)
    }

    #[must_use]
    pub fn reveal(self) -> char {
        char::from(self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(·)")
    }
}

/// The name of a mark, `g<epoch>-<reply>`: the epoch is bumped at every clear, because carriers send the
/// marks of cleared audio back as if it had been played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkName {
    pub epoch: u32,
    pub reply: ReplyId,
}

impl MarkName {
    /// Reads what `Display` writes, and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<MarkName> {
        let (epoch, reply) = text.strip_prefix('g')?.split_once('-')?;
        Some(MarkName { epoch: plain_number(epoch)?, reply: ReplyId(plain_number(reply)?) })
    }
}

/// Digits alone, without the sign that `u32::from_str` would take.
fn plain_number(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

impl fmt::Display for MarkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "g{}-{}", self.epoch, self.reply.0)
    }
}

/// One thing for the carrier, in the order it must be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WireItem {
    /// Encoded audio, whole 20 ms frames, as a range of [`LineOutputs::bytes`]; the carrier will play its
    /// first sample at `starts`, by the computed clock.
    Audio {
        bytes: Range<usize>,
        starts: CallTime,
    },
    Mark {
        name: MarkName,
    },
    /// Throw away what is buffered.
    Clear,
}

/// All that one step of the line gives. The owner clears it between steps and keeps it for the next.
#[derive(Debug, Default)]
pub struct LineOutputs {
    pub facts: Vec<LineFact>,
    /// For the carrier, one flush.
    pub wire: Vec<WireItem>,
    /// The encoded audio of [`WireItem::Audio`].
    pub bytes: Vec<u8>,
    /// The caller's samples at 8 kHz, without a hole: gaps are filled with silence.
    pub caller: Vec<i16>,
    /// Where `caller` begins on the caller's track; meaningful while `caller` is not empty.
    pub caller_from: Position,
}

impl LineOutputs {
    /// Empties the buffers and keeps their room.
    pub fn clear(&mut self) {
        self.facts.clear();
        self.wire.clear();
        self.bytes.clear();
        self.caller.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_twelve_keys_exist_and_none_prints() {
        let keys: String = (0..=255).filter_map(|b| Key::parse(char::from(b))).map(Key::reveal).collect();
        assert_eq!(keys, "#*0123456789");
        let fact = LineFact::Key { key: Key::parse('7').unwrap(), at: Position(0) };
        assert!(!format!("{fact:?}").contains('7'));
    }

    #[test]
    fn a_mark_reads_what_it_writes_and_no_forgery() {
        let name = MarkName { epoch: 3, reply: ReplyId(2) };
        assert_eq!(name.to_string(), "g3-2");
        assert_eq!(MarkName::parse("g3-2"), Some(name));
        for forged in
            ["", "g", "g3", "g-2", "g3-", "g+3-2", "g3-2 ", "3-2", "g3-2-1", "g99999999999-1", "gé-1"]
        {
            assert_eq!(MarkName::parse(forged), None, "{forged:?}");
        }
    }
}
