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
const ENERGY_LEAST: u64 = 1_000;
/// Blocks of a tone on end that make its end one too: what follows at once is its last vibration, no voice.
const LASTING_BLOCKS: u8 = 3;
/// Blocks after a lasting tone that still belong to it: what the voice detector's window would hold.
const TAIL_BLOCKS: u8 = 3;

#[derive(Debug)]
pub(super) struct Tone {
    /// Sum of squares of the last block.
    energy: u64,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    None,
    /// A tone, for so many blocks.
    On {
        blocks: u8,
    },
    /// A lasting tone has ended; so many blocks still belong to it, this one included.
    Tail {
        left: u8,
    },
}

impl Tone {
    pub(super) fn new() -> Tone {
        Tone { energy: 0, state: State::None }
    }

    /// Does the later block of `track`, whose energy this is, belong to a steady tone?
    pub(super) fn steady(&mut self, track: &[[i16; BLOCK]; 2], energy: u64) -> bool {
        let before = std::mem::replace(&mut self.energy, energy);
        let tone = before + energy >= ENERGY_LEAST * WINDOW as u64 && explained(track.as_flattened());
        self.state = match (tone, self.state) {
            (true, State::None) => State::On { blocks: 1 },
            (true, State::On { blocks }) => State::On { blocks: blocks.saturating_add(1) },
            (true, State::Tail { .. }) => State::On { blocks: LASTING_BLOCKS },
            (false, State::On { blocks: LASTING_BLOCKS.. }) => State::Tail { left: TAIL_BLOCKS },
            (false, State::Tail { left: left @ 2.. }) => State::Tail { left: left - 1 },
            (false, State::None | State::On { .. } | State::Tail { .. }) => State::None,
        };
        tone || matches!(self.state, State::Tail { .. })
    }
}

/// Least squares for `a` and `b`; true where what is left is small. Everything is kept times the
/// determinant, so nothing is divided.
fn explained(window: &[i16]) -> bool {
    // Down to 12 bits, 13 for a sum of two: a dot product's parts then stay within 32.
    let mut x = [0; WINDOW];
    x.iter_mut().zip(window).for_each(|(x, sample)| *x = sample >> 4);
    let (mut y, mut u, mut v) = ([0; ROWS], [0; ROWS], [0; ROWS]);
    for n in 0..ROWS {
        y[n] = x[n] + x[n + 4 * LAG];
        u[n] = x[n + LAG] + x[n + 3 * LAG];
        v[n] = x[n + 2 * LAG];
    }
    let (mut uu, uv, mut vv) = (dot(&u, &u), dot(&u, &v), dot(&v, &v));
    let (yu, yv, yy) = (dot(&y, &u), dot(&y, &v), dot(&y, &y));
    uu += uu / RIDGE + 1;
    vv += vv / RIDGE + 1;
    let [uu, uv, vv, yu, yv, yy] = [uu, uv, vv, yu, yv, yy].map(i128::from);
    let determinant = uu * vv - uv * uv;
    let left = yy * determinant - (yu * yu * vv - 2 * yu * yv * uv + yv * yv * uu);
    // Against the energy of the samples, not of `y`, which vanishes for some tones.
    left * UNEXPLAINED < 2 * vv * determinant
}

/// Equations of one window.
const ROWS: usize = WINDOW - 4 * LAG;

fn dot(a: &[i16; ROWS], b: &[i16; ROWS]) -> i64 {
    const PART: usize = ROWS / 4;
    let part = |(a, b): (&[i16], &[i16])| -> i32 {
        a.iter().zip(b).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
    };
    a.chunks_exact(PART).zip(b.chunks_exact(PART)).map(|ab| i64::from(part(ab))).sum()
}

#[cfg(test)]
mod tests {
    use super::super::dtmf::energy;
    use super::super::g711::Law;
    use super::super::signals::{mixed, noise, silence, tones, voice};
    use super::*;

    /// Blocks taken for a tone, after the first two, and all of those.
    fn count(samples: &[i16]) -> (usize, usize) {
        let mut tone = Tone::new();
        let on_the_line: Vec<i16> = samples.iter().map(|&s| Law::Mu.decode(Law::Mu.encode(s))).collect();
        let mut heard = [[0; BLOCK]; 2];
        let found = on_the_line.as_chunks().0.iter().map(|block| {
            heard = [heard[1], *block];
            tone.steady(&heard, energy(block))
        });
        let found: Vec<bool> = found.skip(2).collect();
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
