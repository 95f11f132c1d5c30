//! Steady tones that are no voice: ringback, busy, dial tone, beeps. Two sinusoids explain them.
//!
//! Promises: any one or two steady frequencies are found, whatever they are; integers only.
//! Never: names the tone; DTMF keys are `dtmf`'s.

use super::vad::BLOCK;

/// Distance of the samples compared, 0.5 ms. Any sum of two sinusoids obeys
/// `x[n] + x[n-4L] = a (x[n-L] + x[n-3L]) + b x[n-2L]`; at this distance low tones are told apart well and
/// the harmonics of a voice fall all over the band.
const LAG: usize = 4;
const WINDOW: usize = 2 * BLOCK;
/// What the two sinusoids may leave unexplained: 1 part in 48 of the energy, −17 dB.
const UNEXPLAINED: i128 = 48;
/// Regularises the fit where one sinusoid alone makes it ambiguous: 1 part in 4096.
const RIDGE: i64 = 4_096;
/// Mean square below which a block is nobody's tone, −60 dB of full scale.
const ENERGY_LEAST: i64 = 1_000;

#[derive(Debug)]
pub(super) struct Tone {
    window: [i16; WINDOW],
}

impl Tone {
    pub(super) fn new() -> Tone {
        Tone { window: [0; WINDOW] }
    }

    /// Are the last 32 ms, this block included, a steady tone?
    pub(super) fn steady(&mut self, samples: &[i16; BLOCK]) -> bool {
        self.window.copy_within(BLOCK.., 0);
        self.window[BLOCK..].copy_from_slice(samples);
        let energy: i64 = self.window.iter().map(|&s| i64::from(i32::from(s).pow(2))).sum();
        energy >= ENERGY_LEAST * WINDOW as i64 && self.explained()
    }

    /// Least squares for `a` and `b`; true where what is left is small. Everything is kept times the
    /// determinant, so nothing is divided.
    fn explained(&self) -> bool {
        let (mut uu, mut uv, mut vv, mut yu, mut yv, mut yy) = (0_i64, 0_i64, 0_i64, 0_i64, 0_i64, 0_i64);
        for w in self.window.windows(4 * LAG + 1) {
            // Down to 12 bits and a sum of two, so that products of pairs fit 32 bits.
            let s = |n: usize| i32::from(w[n * LAG]) >> 4;
            let (y, u, v) = (s(0) + s(4), s(1) + s(3), s(2));
            uu += i64::from(u * u);
            uv += i64::from(u * v);
            vv += i64::from(v * v);
            yu += i64::from(y * u);
            yv += i64::from(y * v);
            yy += i64::from(y * y);
        }
        uu += uu / RIDGE + 1;
        vv += vv / RIDGE + 1;
        let [uu, uv, vv, yu, yv, yy] = [uu, uv, vv, yu, yv, yy].map(i128::from);
        let determinant = uu * vv - uv * uv;
        let left = yy * determinant - (yu * yu * vv - 2 * yu * yv * uv + yv * yv * uu);
        // Against the energy of the samples, not of `y`, which vanishes for some tones.
        left * UNEXPLAINED < 2 * vv * determinant
    }
}

#[cfg(test)]
mod tests {
    use super::super::g711::Law;
    use super::super::signals::{mixed, noise, silence, tones, voice};
    use super::*;

    /// Blocks taken for a tone, after the first two, and all of those.
    fn count(samples: &[i16]) -> (usize, usize) {
        let mut tone = Tone::new();
        let on_the_line: Vec<i16> = samples.iter().map(|&s| Law::Mu.decode(Law::Mu.encode(s))).collect();
        let found: Vec<bool> =
            on_the_line.chunks_exact(BLOCK).map(|b| tone.steady(b.try_into().unwrap())).skip(2).collect();
        (found.iter().filter(|&&f| f).count(), found.len())
    }

    #[test]
    fn call_progress_tones_are_found_at_any_level() {
        let pairs: [&[f64]; 10] = [
            &[425.0],
            &[440.0, 480.0],
            &[350.0, 440.0],
            &[480.0, 620.0],
            &[400.0, 450.0],
            &[950.0],
            &[1_000.0],
            &[1_100.0],
            &[2_000.0],
            &[2_100.0],
        ];
        for hertz in pairs {
            for amplitude in [200.0, 2_000.0, 10_000.0] {
                let (found, all) = count(&tones(500, amplitude, hertz));
                assert_eq!(found, all, "{hertz:?} at {amplitude}");
            }
        }
    }

    #[test]
    fn a_tone_on_a_noisy_line_is_still_a_tone() {
        let (found, all) = count(&mixed(&tones(500, 4_000.0, &[425.0]), &noise(500, 200, 1)));
        assert_eq!(found, all);
    }

    #[test]
    fn voice_noise_and_silence_are_no_tone() {
        for (what, track) in
            [("voice", voice(3_000)), ("noise", noise(2_000, 4_000, 2)), ("silence", silence(500))]
        {
            let (found, all) = count(&track);
            assert!(found * 50 <= all, "{what}: {found} of {all}");
        }
    }
}
