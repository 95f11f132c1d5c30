//! A voice of a kind, for simulated callers, stand-in speech and tests: syllables that the detector takes for speech.
//!
//! Promises: the same samples on any machine; whole numbers only.
//! Never: holds words.

/// Resonators of the three formants of a, e and o: twice the cosine times the radius, and the radius squared, Q12.
const FORMANTS: [[(i64, i64); 3]; 3] = [
    [(6_695, 3_877), (5_183, 3_816), (-2_626, 3_669)],
    [(7_289, 3_877), (991, 3_816), (-2_854, 3_669)],
    [(7_184, 3_877), (6_248, 3_816), (-2_454, 3_669)],
];
/// How much of each formant is heard, the second out of phase.
const LOUDNESS: [i64; 3] = [4, -2, 1];
/// 210 ms, of which 170 ms sound.
const SYLLABLE: usize = 210 * 8;
const SOUNDING: usize = 170 * 8;

/// Pulses of a falling pitch, 125 to 100 Hz, through the formants of a, e and o, syllable by syllable; without end.
#[derive(Clone, Debug, Default)]
pub struct Vowels {
    at: usize,
    next_pulse: usize,
    state: [[i64; 2]; 3],
}

impl Vowels {
    /// The next sample, 16 bit at 8 kHz.
    pub fn sample(&mut self) -> i16 {
        let (syllable, within) = (self.at / SYLLABLE, self.at % SYLLABLE);
        let mut pulse = 0;
        if self.at == self.next_pulse {
            self.next_pulse += 64 + within * 12 / SYLLABLE + syllable % 4;
            // A swell, and a fading away.
            pulse = SOUNDING.saturating_sub(within).min(within).min(400) as i64 * 6;
        }
        let mut sum = 0;
        for (i, (cosine, radius)) in FORMANTS[syllable % 3].into_iter().enumerate() {
            let [last, before] = self.state[i];
            let next = pulse * LOUDNESS[i].abs() + ((cosine * last - radius * before) >> 12);
            self.state[i] = [next, last];
            sum += next * LOUDNESS[i].signum();
        }
        self.at += 1;
        (sum / 2).clamp(-30_000, 30_000) as i16
    }
}
