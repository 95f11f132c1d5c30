//! What is said: for each text its burst, and then as much voice as the text is long.
//!
//! Promises: the voice is one to a voice detector: pulses of a falling pitch through the formants of three vowels;
//! the same text is always the same samples.
//! Never: sounds like the words to a person.

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};

use super::burst::{TEXT_BYTES_MAX, modulate, voice_samples, voice_units};
use crate::core::base::{Fault, Millis};
use crate::tts::{Tts, Utterance};

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
    fn speak(&self, utterance: Utterance) -> BoxStream<'static, Result<Vec<i16>, Fault>> {
        let samples = utter_at(&utterance.text, self.pace);
        let chunks: Vec<_> = samples.chunks(CHUNK).map(|chunk| Ok(chunk.to_vec())).collect();
        stream::iter(chunks).boxed()
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
        voice(voice_samples(units), &mut samples);
        rest = later.trim_start();
    }
    samples
}

/// Where the first burst of a text ends: with the text, or else between two words, if it has any.
fn burst_end(text: &str) -> usize {
    let most = text.floor_char_boundary(TEXT_BYTES_MAX);
    if most == text.len() { most } else { text[..most].rfind(' ').unwrap_or(most) }
}

/// Resonators of a vowel's three formants: twice the cosine times the radius, and the radius squared, Q12.
type Vowel = [(i64, i64); 3];
const A: Vowel = [(6_695, 3_877), (5_183, 3_816), (-2_626, 3_669)];
const E: Vowel = [(7_289, 3_877), (991, 3_816), (-2_854, 3_669)];
const O: Vowel = [(7_184, 3_877), (6_248, 3_816), (-2_454, 3_669)];
/// How much of each formant is heard, the second out of phase.
const LOUDNESS: [i64; 3] = [4, -2, 1];
/// A syllable, in samples, and how much of it sounds.
const SYLLABLE: usize = 210 * 8;
const SOUNDING: usize = 170 * 8;

/// Syllables of 170 ms with 40 ms between them, at 125 to 100 Hz.
fn voice(length: usize, samples: &mut Vec<i16>) {
    let mut state = [[0_i64; 2]; 3];
    let mut next_pulse = 0;
    for n in 0..length {
        let (syllable, within) = (n / SYLLABLE, n % SYLLABLE);
        let mut pulse = 0;
        if n == next_pulse {
            next_pulse += 64 + within * 12 / SYLLABLE + syllable % 4;
            // A swell, and a fading away.
            pulse = SOUNDING.saturating_sub(within).min(within).min(400) as i64 * 6;
        }
        let mut sum = 0;
        for (i, (cosine, radius)) in [A, E, O][syllable % 3].into_iter().enumerate() {
            let [last, before] = state[i];
            let next = pulse * LOUDNESS[i].abs() + ((cosine * last - radius * before) >> 12);
            state[i] = [next, last];
            sum += next * LOUDNESS[i].signum();
        }
        samples.push((sum / 2).clamp(-30_000, 30_000) as i16);
    }
}
