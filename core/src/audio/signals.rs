//! Sounds for the tests of this room: tones, noise, and a voice of a kind.
//!
//! Promises: the same samples on any machine; no recording is needed.
//! Never: is part of a build that ships.

use super::vowels::Vowels;

/// Draws numbers for tests, the same for the same seed.
#[derive(Clone, Debug)]
pub(super) struct Seeded(u64);

impl Seeded {
    pub(super) fn new(seed: u64) -> Seeded {
        Seeded(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (((self.0 >> 32) * u64::from(limit)) >> 32) as u32
    }
}

pub(super) fn silence(millis: usize) -> Vec<i16> {
    vec![0; millis * 8]
}

/// Sinusoids of one amplitude each, added.
pub(super) fn tones(millis: usize, amplitude: f64, hertz: &[f64]) -> Vec<i16> {
    let sample = |n: usize| -> f64 {
        hertz.iter().map(|hz| (std::f64::consts::TAU * hz * n as f64 / 8_000.0).sin()).sum::<f64>()
            * amplitude
    };
    (0..millis * 8).map(|n| sample(n).round() as i16).collect()
}

/// White noise between plus and minus `peak`.
pub(super) fn noise(millis: usize, peak: u32, seed: u64) -> Vec<i16> {
    let mut draw = Seeded::new(seed);
    (0..millis * 8).map(|_| (draw.below(2 * peak + 1) as i32 - peak as i32) as i16).collect()
}

pub(super) fn mixed(one: &[i16], other: &[i16]) -> Vec<i16> {
    one.iter().zip(other).map(|(a, b)| a.saturating_add(*b)).collect()
}

/// The voice of a kind, from its beginning.
pub(super) fn voice(millis: usize) -> Vec<i16> {
    let mut vowels = Vowels::default();
    (0..millis * 8).map(|_| vowels.sample()).collect()
}
