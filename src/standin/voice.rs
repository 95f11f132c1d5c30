//! What is said: for each text its burst, and then as much voice as the text is long.
//!
//! Promises: the voice is one to a voice detector: pulses of a falling pitch through the formants of three vowels;
//! the same text is always the same samples.
//! Never: sounds like the words to a person.

use futures::future::BoxFuture;

use super::burst::{TEXT_BYTES_MAX, modulate, voice_samples, voice_units};
use crate::core::audio::Vowels;
use crate::core::base::Millis;
use crate::core::language::Language;
use crate::tts::{SpeechStream, Tts, TtsEvent};

/// Voice for each character of text: people say about sixteen a second.
pub const PACE: Millis = Millis(60);

/// The shortest voice, whatever the text: a fresh voice detector does not believe the first tenth of a second, and
/// a barge-in takes two more.
const VOICE_LEAST: Millis = Millis(320);

/// Samples handed over at a time, 200 ms, as a synthesiser would.
const CHUNK: usize = 1_600;

/// A synthesiser that is ready at once.
#[derive(Clone, Copy, Debug)]
pub struct Voice {
    pace: Millis,
}

impl Voice {
    /// With so much voice a character.
    #[must_use]
    pub fn at(pace: Millis) -> Voice {
        Voice { pace }
    }
}

impl Default for Voice {
    fn default() -> Voice {
        Voice::at(PACE)
    }
}

impl Tts for Voice {
    fn speak(&self, text: &str, _voice: Option<&str>, _language: Language) -> Box<dyn SpeechStream> {
        Box::new(Ready { samples: utter_at(text, self.pace), given: 0 })
    }
}

/// An utterance that is all there.
struct Ready {
    samples: Vec<i16>,
    given: usize,
}

impl SpeechStream for Ready {
    fn next(&mut self) -> BoxFuture<'_, TtsEvent> {
        let rest = &self.samples[self.given..];
        let chunk = rest[..rest.len().min(CHUNK)].to_vec();
        self.given += chunk.len();
        Box::pin(std::future::ready(if chunk.is_empty() { TtsEvent::Done } else { TtsEvent::Audio(chunk) }))
    }
}

/// A text as a caller says it: samples at 8 kHz.
#[must_use]
pub fn utter(text: &str) -> Vec<i16> {
    utter_at(text, PACE)
}

/// The same, with so much voice a character; 320 ms in all at the least.
#[must_use]
pub fn utter_at(text: &str, pace: Millis) -> Vec<i16> {
    let mut samples = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (now, later) = rest.split_at(burst_end(rest));
        let characters = u32::try_from(now.chars().count()).unwrap_or(u32::MAX);
        let length = Millis(characters.saturating_mul(pace.0)).max(VOICE_LEAST);
        let units = voice_units(length);
        samples.extend(modulate(now, units));
        let mut vowels = Vowels::default();
        samples.extend((0..voice_samples(units)).map(|_| vowels.sample()));
        rest = later.trim_start();
    }
    samples
}

/// Where the first burst of a text ends: with the text, or else between two words, if it has any.
fn burst_end(text: &str) -> usize {
    let most = text.floor_char_boundary(TEXT_BYTES_MAX);
    if most == text.len() { most } else { text[..most].rfind(' ').unwrap_or(most) }
}
