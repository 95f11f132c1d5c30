//! A text as samples: one bit a sample, told by the sign of a loud one.
//!
//! A burst is a sync word, two lengths (bytes of text, and of the voice that follows in units of 10 ms), the text
//! in UTF-8 and a checksum; most significant bits first. Mu-law and A-law keep signs, so nothing is lost on a line.
//!
//! Promises: a burst is found whatever came before it, and only whole; a few instructions a sample, no audio kept.
//! Never: finds a text in a voice or in noise: 64 bits of sync and 32 of checksum stand against it.

use crate::core::base::{Millis, Position, Samples, Span};

/// A text that was found, and where the voice that belongs to it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub text: String,
    pub span: Span,
}

/// Longest text of one burst, in bytes: eight seconds of voice at a human pace. Longer ones are said in parts.
pub(super) const TEXT_BYTES_MAX: usize = 128;

/// Unlike any run of a voice, whose sign changes seldom.
const SYNC: u64 = 0xD3A5_9C6B_2E71_F04D;
/// How loud a bit is sent, of 32767, and how loud it must arrive.
const LOUD: i16 = 8_000;
const LOUD_LEAST: u16 = 4_000;
/// Bytes of the two lengths, and of the checksum.
const LENGTHS: usize = 4;
const CHECK: usize = 4;
/// The unit in which the length of the voice is told.
const UNIT: Millis = Millis(10);

/// The burst of a text, [`TEXT_BYTES_MAX`] bytes at most, that a voice of so many units of 10 ms follows.
pub(super) fn modulate(text: &str, voice_units: u16) -> Vec<i16> {
    let bytes = u16::try_from(text.len()).expect("a burst's text is cut to its longest");
    let mut body = Vec::with_capacity(LENGTHS + text.len() + CHECK);
    body.extend(bytes.to_be_bytes());
    body.extend(voice_units.to_be_bytes());
    body.extend(text.as_bytes());
    body.extend(checksum(&body).to_be_bytes());
    let bit = |byte: u8, n: u32| if byte >> (7 - n) & 1 == 1 { LOUD } else { -LOUD };
    SYNC.to_be_bytes().into_iter().chain(body).flat_map(|byte| (0..8).map(move |n| bit(byte, n))).collect()
}

/// The samples of a voice of so many units.
pub(super) fn voice_samples(units: u16) -> usize {
    usize::from(units) * UNIT.samples().0 as usize
}

/// So many milliseconds as units, rounded up.
pub(super) fn voice_units(length: Millis) -> u16 {
    u16::try_from(length.0.div_ceil(UNIT.0)).unwrap_or(u16::MAX)
}

/// Looks for bursts in a track.
#[derive(Debug)]
pub(super) struct Finder {
    state: State,
    /// Where the next sample lies if nothing is missing.
    next: Position,
}

#[derive(Debug)]
enum State {
    /// The signs of the last loud samples in a row.
    Seeking { signs: u64 },
    /// After the sync word: so many bits, and the bytes they made.
    Reading { bits: u32, bytes: Vec<u8> },
}

const LOST: State = State::Seeking { signs: 0 };

impl Finder {
    pub(super) fn new() -> Finder {
        Finder { state: LOST, next: Position::START }
    }

    /// Takes the samples that begin at `at`; what a hole tore is not found.
    pub(super) fn take(&mut self, at: Position, samples: &[i16], found: &mut Vec<Said>) {
        if at != self.next {
            self.state = LOST;
        }
        self.next = at;
        for &sample in samples {
            self.next = self.next + Samples(1);
            if sample.unsigned_abs() < LOUD_LEAST {
                self.state = LOST;
            } else {
                found.extend(self.bit(sample > 0));
            }
        }
    }

    fn bit(&mut self, one: bool) -> Option<Said> {
        match &mut self.state {
            State::Seeking { signs } => {
                *signs = *signs << 1 | u64::from(one);
                if *signs == SYNC {
                    self.state = State::Reading { bits: 0, bytes: Vec::new() };
                }
                None
            }
            State::Reading { bits, bytes } => {
                if *bits % 8 == 0 {
                    bytes.push(0);
                }
                *bits += 1;
                let last = bytes.last_mut().expect("a byte was begun with its first bit");
                *last = *last << 1 | u8::from(one);
                if *bits % 8 == 0 { self.byte() } else { None }
            }
        }
    }

    /// One more byte is whole.
    fn byte(&mut self) -> Option<Said> {
        let State::Reading { bytes, .. } = &self.state else { return None };
        let (lengths, rest) = bytes.split_first_chunk::<LENGTHS>()?;
        let [text_high, text_low, voice_high, voice_low] = *lengths;
        let text = usize::from(u16::from_be_bytes([text_high, text_low]));
        if text > TEXT_BYTES_MAX {
            self.state = LOST;
            return None;
        }
        if rest.len() < text + CHECK {
            return None;
        }
        let (body, check) = bytes.split_at(LENGTHS + text);
        let whole = checksum(body).to_be_bytes() == check;
        let units = u16::from_be_bytes([voice_high, voice_low]);
        let to = self.next + Samples(u32::try_from(voice_samples(units)).unwrap_or(u32::MAX));
        let text = String::from_utf8(body[LENGTHS..].to_vec()).ok().filter(|_| whole);
        let said = text.map(|text| Said { text, span: Span { from: self.next, to } });
        self.state = LOST;
        said
    }
}

/// FNV-1a, 32 bits.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
