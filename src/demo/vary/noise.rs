//! What sounds around a caller: white, pink, or many people talking at once, from a seed.
//!
//! Promises: the same seed gives the same samples; the loudness asked for is met within a tenth.
//! Never: holds a recording of anybody.

use crate::core::base::Millis;
use crate::core::sim::Random;

/// A noise repeats after so long: longer than any turn.
const LENGTH: usize = Millis(8_000).samples().0 as usize;
/// Talkers of a babble.
const TALKERS: usize = 6;
/// Rows of the pink noise, each half as quick as the one before (Voss and McCartney).
const ROWS: usize = 12;

/// What a telephone line lets through begins here, in Hz.
const LINE_FROM: f64 = 300.0;

/// Kinds of noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    White,
    Pink,
    /// Like voices: pulses of changing pitch through changing resonances, swelling and ebbing as syllables do.
    Babble,
}

/// A noise as loud as it is: root mean square of its samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Around {
    pub noise: Noise,
    pub rms: f64,
    pub seed: u64,
}

impl Around {
    /// Eight seconds at 8 kHz.
    #[must_use]
    pub fn samples(&self) -> Vec<i16> {
        self.noise.samples(&mut Random::new(self.seed), self.rms)
    }
}

impl Noise {
    pub(super) const ALL: [Noise; 3] = [Noise::White, Noise::Pink, Noise::Babble];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Noise::White => "white noise",
            Noise::Pink => "pink noise",
            Noise::Babble => "babble",
        }
    }

    fn samples(self, random: &mut Random, rms: f64) -> Vec<i16> {
        let mut raw: Vec<f64> = match self {
            Noise::White => (0..LENGTH).map(|_| white(random)).collect(),
            Noise::Pink => pink(random),
            Noise::Babble => babble(random),
        };
        // Twice, 12 dB an octave: what lies below the line's band would be loud and unheard.
        high_pass(&mut raw);
        high_pass(&mut raw);
        let mean = raw.iter().map(|x| x * x).sum::<f64>() / LENGTH as f64;
        let gain = rms / mean.sqrt().max(f64::MIN_POSITIVE);
        raw.iter().map(|x| (x * gain).clamp(-32_000.0, 32_000.0) as i16).collect()
    }
}

/// Evenly from -1 to 1.
fn white(random: &mut Random) -> f64 {
    f64::from(random.below(65_536)) / 32_768.0 - 1.0
}

/// A resistor and a capacitor.
fn high_pass(samples: &mut [f64]) {
    let keep = 1.0 / (1.0 + std::f64::consts::TAU * LINE_FROM / 8_000.0);
    let (mut before, mut out) = (0.0, 0.0);
    for sample in samples {
        out = keep * (out + *sample - before);
        before = *sample;
        *sample = out;
    }
}

fn pink(random: &mut Random) -> Vec<f64> {
    let mut rows = [0.0; ROWS];
    let one = |n: usize| {
        let row = (n.trailing_zeros() as usize).min(ROWS - 1);
        rows[row] = white(random);
        rows.iter().sum::<f64>()
    };
    (1..=LENGTH).map(one).collect()
}

fn babble(random: &mut Random) -> Vec<f64> {
    let mut sum = vec![0.0; LENGTH];
    for _ in 0..TALKERS {
        talk(random, &mut sum);
    }
    sum
}

/// One talker, syllable by syllable, added to the others.
fn talk(random: &mut Random, sum: &mut [f64]) {
    let pitch = random.between(90, 220);
    let mut at = random.below(2_000) as usize;
    while at < sum.len() {
        let length = random.between(900, 2_200) as usize;
        let end = (at + length).min(sum.len());
        // First and second formant of some vowel, as resonances with a bandwidth of about 100 Hz.
        let formants = [random.between(300, 800), random.between(900, 2_300)];
        let mut state = [[0.0; 2]; 2];
        let period = 8_000 / random.between(pitch - 15, pitch + 15) as usize;
        for (n, place) in sum[at..end].iter_mut().enumerate() {
            let swell = (std::f64::consts::PI * n as f64 / length as f64).sin();
            let pulse = if n % period == 0 { swell } else { 0.0 };
            for (formant, [last, before]) in formants.iter().zip(&mut state) {
                let angle = std::f64::consts::TAU * f64::from(*formant) / 8_000.0;
                let next = pulse + 2.0 * 0.96 * angle.cos() * *last - 0.96 * 0.96 * *before;
                (*before, *last) = (*last, next);
                *place += next;
            }
        }
        at = end + random.below(1_600) as usize;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_as_loud_as_asked_for_and_the_same_for_the_same_seed() {
        for noise in Noise::ALL {
            let samples = noise.samples(&mut Random::new(7), 200.0);
            let mean = samples.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / LENGTH as f64;
            assert!((180.0..220.0).contains(&mean.sqrt()), "{noise:?}: {}", mean.sqrt());
            assert_eq!(samples, noise.samples(&mut Random::new(7), 200.0));
            assert_ne!(samples, noise.samples(&mut Random::new(8), 200.0));
        }
    }

    #[test]
    fn pink_noise_is_deeper_than_white_noise() {
        let crossings = |noise: Noise| {
            let samples = noise.samples(&mut Random::new(1), 1_000.0);
            samples.windows(2).filter(|w| (w[0] < 0) != (w[1] < 0)).count()
        };
        assert!(crossings(Noise::Pink) * 4 < crossings(Noise::White) * 3);
    }
}
