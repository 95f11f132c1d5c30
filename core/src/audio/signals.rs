//! Sounds for the tests of this room: tones, noise, and a voice of a kind.
//!
//! Promises: the same samples on any machine; no recording is needed.
//! Never: is part of a build that ships.

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

/// Resonators of a vowel's three formants: twice the cosine times the radius, and the radius squared, Q12.
type Vowel = [(i64, i64); 3];
const A: Vowel = [(6_695, 3_877), (5_183, 3_816), (-2_626, 3_669)];
const E: Vowel = [(7_289, 3_877), (991, 3_816), (-2_854, 3_669)];
const O: Vowel = [(7_184, 3_877), (6_248, 3_816), (-2_454, 3_669)];
/// How much of each formant is heard, the second out of phase.
const LOUDNESS: [i64; 3] = [4, -2, 1];
const SYLLABLE: usize = 210 * 8;
const SOUNDING: usize = 170 * 8;

/// Syllables of 170 ms with 40 ms between them: pulses of a falling pitch, 125 to 100 Hz, through the
/// formants of a, e and o side by side.
pub(super) fn voice(millis: usize) -> Vec<i16> {
    let mut state = [[0_i64; 2]; 3];
    let mut next_pulse = 0;
    let mut samples = Vec::with_capacity(millis * 8);
    for n in 0..millis * 8 {
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
    samples
}
