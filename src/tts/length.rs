//! Whether audio can be all of a text, by its length: synthesisers have been known to end early and call it success.
//!
//! Promises: speech far too short or far too long for its text is a fault.
//! Never: fails a slow or a fast voice: the limits are wide.

use crate::core::base::{Fault, Owner, Samples};

/// Fastest speech, samples per character: 30 ms, twice as fast as a hurried speaker.
const LEAST: u32 = 240;
/// Slowest speech, samples per character: 200 ms.
const MOST: u32 = 1_600;
/// Silence that a voice may add, whatever the text: 2 s.
const SILENCE: u32 = 16_000;
/// A digit or sign may be spoken as a word as long as this many characters.
const WORD: u32 = 12;

/// The limits of one text's audio.
#[derive(Clone, Copy, Debug)]
pub struct Length {
    least: u32,
    most: u32,
    so_far: u32,
}

impl Length {
    #[must_use]
    pub fn of(text: &str) -> Length {
        let count = |test: fn(char) -> bool| {
            u32::try_from(text.chars().filter(|c| test(*c)).count()).unwrap_or(u32::MAX)
        };
        let (letters, others) =
            (count(char::is_alphabetic), count(|c| !c.is_alphabetic() && !c.is_whitespace()));
        let most = letters.saturating_add(others.saturating_mul(WORD)).saturating_mul(MOST);
        Length { least: letters.saturating_mul(LEAST), most: most.saturating_add(SILENCE), so_far: 0 }
    }

    /// Counts audio; too much of it is a fault at once.
    pub fn add(&mut self, samples: &[i16]) -> Result<(), Fault> {
        self.so_far = self.so_far.saturating_add(u32::try_from(samples.len()).unwrap_or(u32::MAX));
        if self.so_far > self.most { Err(self.implausible("more")) } else { Ok(()) }
    }

    /// The synthesis has ended.
    pub fn end(&self) -> Result<(), Fault> {
        let none = self.so_far == 0 && self.most > SILENCE;
        if none || self.so_far < self.least { Err(self.implausible("less")) } else { Ok(()) }
    }

    fn implausible(&self, how: &str) -> Fault {
        let [got, least, most] = [self.so_far, self.least, self.most].map(|n| Samples(n).millis());
        Fault::new(
            Owner::Provider,
            format!(
                "the synthesised speech has {how} audio than its text can have: {got}, not {least} to {most}"
            ),
            "choose another voice if this one does it again",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str, millis: usize) -> bool {
        let mut length = Length::of(text);
        length.add(&vec![0; millis * 8]).and_then(|()| length.end()).is_ok()
    }

    #[test]
    fn a_question_cut_short_or_without_end_is_not_asked() {
        let question = "Refund twenty dollars on order one one eight two? Say yes or no.";
        for (millis, wanted) in [(0, false), (900, false), (4_200, true), (9_000, true), (60_000, false)] {
            assert_eq!(judged(question, millis), wanted, "{millis} ms");
        }
    }

    #[test]
    fn short_words_digits_and_silence_have_room() {
        for (text, millis) in [
            ("OK.", 700),
            ("1182", 1_800),
            ("$20.50", 2_500),
            ("…", 100),
            ("", 0),
            (" ", 0),
            ("3,000,000", 4_000),
        ] {
            assert!(judged(text, millis), "{text:?} in {millis} ms");
        }
        assert!(!judged("1182", 0), "digits need some audio");
    }
}
