//! Keys pressed, heard in the caller's audio: the eight DTMF frequencies of ITU-T Q.23, by Goertzel's filter
//! in integers.
//!
//! Promises: one key per press, of a tone of 40 ms or more, at the place where it began; a tone of 20 ms or
//! less, a voice, music or ringback raise none.
//! Never: prints a key.

use crate::base::{Position, Samples};

use super::fact::Key;
use super::vad::BLOCK;

/// Samples from one look to the next, 8 ms.
pub(super) const HOP: usize = 64;
/// Samples looked at: 16 ms, two hops. Neighbouring frequencies (73 Hz) are then more than a bin apart.
const WINDOW: usize = 2 * HOP;

/// Twice the cosine of each frequency at 8 kHz, Q13: 697, 770, 852, 941 Hz, and 1209, 1336, 1477, 1633 Hz.
const ROWS: [i32; 4] = [13_990, 13_478, 12_851, 12_109];
const COLUMNS: [i32; 4] = [9_536, 8_162, 6_542, 4_657];
/// The same an octave higher, where a voice has energy and a keypad has none.
const ROW_OCTAVES: [i32; 4] = [7_507, 5_791, 3_775, 1_516];
const COLUMN_OCTAVES: [i32; 4] = [-5_283, -8_251, -11_159, -13_736];
const Q: i32 = 13;
const KEYS: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// Energy of a window below which nothing is looked for: a mean square of 10,000, −50 dB of full scale.
const LOUD: u64 = 10_000 * WINDOW as u64;
/// Looks that agree before a key counts: any 40 ms tone gives three, no 20 ms tone does.
const LOOKS_DOWN: u8 = 3;
/// Looks without the key before it counts as released: longer than one lost frame, shorter than a 40 ms
/// pause.
const LOOKS_UP: u8 = 5;

/// A pair of frequencies; the fourth column has no key of ours, but is a tone all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    row: u8,
    column: u8,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Up,
    /// Seen in `looks` looks on end, first in the window that began at `from`.
    Rising {
        pair: Pair,
        looks: u8,
        from: Position,
    },
    /// Raised; missed in `missed` looks on end.
    Down {
        pair: Pair,
        missed: u8,
    },
}

/// What one look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Nothing,
    /// A key's tone, or the gap in one.
    Tone,
    /// A key went down at `at`; given once per press.
    Pressed {
        key: Key,
        at: Position,
    },
}

#[derive(Debug)]
pub(super) struct Dtmf {
    /// Sum of squares of the last hop.
    energy: u64,
    state: State,
}

impl Dtmf {
    pub(super) fn new() -> Dtmf {
        Dtmf { energy: 0, state: State::Up }
    }

    /// Takes the later block of `track`, which begins at `from`, and the energy of each of its hops.
    pub(super) fn looks(
        &mut self,
        track: &[[i16; BLOCK]; 2],
        energies: [u64; 2],
        from: Position,
    ) -> [Look; 2] {
        let [first, second] = energies;
        let before = std::mem::replace(&mut self.energy, second);
        let windows = [&track.as_flattened()[HOP..HOP + WINDOW], &track[1]];
        [(0, before + first), (1, first + second)].map(|(n, energy)| {
            let found = (energy >= LOUD).then(|| find(windows[n])).flatten();
            self.look(found, from + Samples((n + 1) as u32 * HOP as u32))
        })
    }

    /// What the window that ends at `to` makes of the state.
    fn look(&mut self, found: Option<Pair>, to: Position) -> Look {
        let rising = |pair| State::Rising { pair, looks: 1, from: to - Samples(WINDOW as u32) };
        self.state = match (self.state, found) {
            (State::Up, None) | (State::Rising { .. }, None) => State::Up,
            (State::Rising { pair, looks, from }, Some(same)) if same == pair => {
                State::Rising { pair, looks: looks + 1, from }
            }
            (State::Down { pair, .. }, Some(same)) if same == pair => State::Down { pair, missed: 0 },
            (State::Down { missed, .. }, None) if missed + 1 >= LOOKS_UP => State::Up,
            (State::Down { pair, missed }, None) => State::Down { pair, missed: missed + 1 },
            (State::Up | State::Rising { .. } | State::Down { .. }, Some(pair)) => rising(pair),
        };
        match self.state {
            State::Up => Look::Nothing,
            State::Rising { pair, looks: LOOKS_DOWN.., from } => {
                self.state = State::Down { pair, missed: 0 };
                let key = Key::parse(KEYS[usize::from(pair.row)][usize::from(pair.column)]);
                key.map_or(Look::Tone, |key| Look::Pressed { key, at: from })
            }
            State::Rising { .. } | State::Down { .. } => Look::Tone,
        }
    }
}

/// Sum of squares.
pub(super) fn energy(samples: &[i16]) -> u64 {
    samples.iter().map(|&s| u64::from(i32::from(s).pow(2) as u32)).sum()
}

/// The one pair of frequencies that makes up the window, if one does. Of most windows the rows alone say that none does.
fn find(window: &[i16]) -> Option<Pair> {
    let scaled = scale(window);
    // A sinusoid of energy E in N samples has the power E N / 2; the pair must hold 70 % of all energy.
    let all = energy(&scaled) as i64 * WINDOW as i64;
    let holds = |power: i64| power * 20 >= all * 7;
    let (row, row_power) = alone(goertzel(&scaled, ROWS))?;
    // Twist: the column may be 8 dB above the row, the row 6 dB above the column.
    let column_most = row_power * 19 / 3;
    if !holds(row_power + column_most) {
        return None;
    }
    let (column, column_power) = alone(goertzel(&scaled, COLUMNS))?;
    if column_power > column_most || row_power > column_power * 4 || !holds(row_power + column_power) {
        return None;
    }
    let [above_row, above_column] = goertzel(&scaled, [ROW_OCTAVES[row], COLUMN_OCTAVES[column]]);
    let voice = above_row * 8 > row_power || above_column * 8 > column_power;
    (!voice).then_some(Pair { row: row as u8, column: column as u8 })
}

/// The strongest of four, if it stands 8 dB above each other.
fn alone(powers: [i64; 4]) -> Option<(usize, i64)> {
    let (best, &power) = powers.iter().enumerate().max_by_key(|&(_, power)| power)?;
    let clear = powers.iter().enumerate().all(|(i, &other)| i == best || other * 19 / 3 < power);
    clear.then_some((best, power))
}

/// Shifts the window down to 9 bits, so that the filters stay within 32.
fn scale(window: &[i16]) -> [i16; WINDOW] {
    let peak = window.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
    let shift = (16 - peak.leading_zeros()).saturating_sub(9);
    let mut scaled = [0; WINDOW];
    scaled.iter_mut().zip(window).for_each(|(scaled, sample)| *scaled = sample >> shift);
    scaled
}

/// The power at some frequencies, each given as twice its cosine; more than four at once would not stay in registers.
fn goertzel<const N: usize>(samples: &[i16; WINDOW], cosines: [i32; N]) -> [i64; N] {
    let (mut last, mut before) = ([0_i32; N], [0_i32; N]);
    for &sample in samples {
        for i in 0..N {
            let next = i32::from(sample) + ((cosines[i] * last[i]) >> Q) - before[i];
            before[i] = last[i];
            last[i] = next;
        }
    }
    std::array::from_fn(|i| {
        let (l, b) = (i64::from(last[i]), i64::from(before[i]));
        l * l + b * b - ((i64::from(cosines[i]) * l) >> Q) * b
    })
}

#[cfg(test)]
mod tests {
    use super::super::g711::Law;
    use super::super::signals::{Seeded, mixed, noise, silence, tones, voice};
    use super::*;

    const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
    const COLUMNS: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];

    fn pair(millis: usize, amplitude: f64, key: char) -> Vec<i16> {
        let (row, column) = (0..16)
            .map(|n| (n / 4, n % 4))
            .find(|&(row, column)| KEYS[row][column] == key)
            .expect("a key of the table");
        tones(millis, amplitude, &[ROWS[row], COLUMNS[column]])
    }

    /// The keys heard in a track, with where each began.
    fn heard(track: &[i16]) -> Vec<(char, u64)> {
        let mut dtmf = Dtmf::new();
        let mut keys = Vec::new();
        let on_the_line: Vec<i16> = track.iter().map(|&s| Law::Mu.decode(Law::Mu.encode(s))).collect();
        let mut heard = [[0; BLOCK]; 2];
        for (n, block) in (0..).zip(on_the_line.as_chunks().0) {
            heard = [heard[1], *block];
            let energies = [energy(&block[..HOP]), energy(&block[HOP..])];
            let looks = dtmf.looks(&heard, energies, Position(n * BLOCK as u64));
            keys.extend(looks.into_iter().filter_map(|look| match look {
                Look::Pressed { key, at } => Some((key.reveal(), at.0)),
                Look::Nothing | Look::Tone => None,
            }));
        }
        keys
    }

    #[test]
    fn every_key_is_heard_once_clean_and_in_noise_at_every_offset() {
        let mut draw = Seeded::new(7);
        for key in "0123456789*#".chars() {
            for (amplitude, peak) in [(300.0, 10), (3_000.0, 10), (12_000.0, 10), (3_000.0, 1_000)] {
                for millis in [40, 80, 300] {
                    let lead = 400 + draw.below(200) as usize;
                    let mut track = vec![0; lead];
                    track.extend(pair(millis, amplitude, key));
                    track.extend(silence(100));
                    let track = mixed(&track, &noise(track.len() / 8 + 1, peak, u64::from(draw.below(999))));
                    let keys = heard(&track);
                    let context = format!("{key} {millis} ms amplitude {amplitude} noise {peak} lead {lead}");
                    assert_eq!(keys.len(), 1, "{context}: {keys:?}");
                    assert_eq!(keys[0].0, key, "{context}");
                    assert!(keys[0].1.abs_diff(lead as u64) <= WINDOW as u64, "{context}: at {}", keys[0].1);
                }
            }
        }
    }

    #[test]
    fn a_number_is_heard_digit_by_digit_also_the_same_twice() {
        let mut track = silence(50);
        for key in "5551200##".chars() {
            track.extend(pair(50, 4_000.0, key));
            track.extend(silence(50));
        }
        let keys: String = heard(&track).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, "5551200##");
    }

    #[test]
    fn a_press_with_a_lost_frame_is_one_press() {
        for cut in (800..1_600).step_by(37) {
            let mut track = silence(50);
            track.extend(pair(250, 4_000.0, '8'));
            track.extend(silence(50));
            track[cut..cut + 160].fill(0);
            assert_eq!(heard(&track).len(), 1, "lost at {cut}");
        }
    }

    #[test]
    fn short_twisted_lonely_or_unknown_tones_are_no_key() {
        let framed = |tone: Vec<i16>| [silence(53), tone, silence(50)].concat();
        for (what, track) in [
            ("20 ms", framed(pair(20, 8_000.0, '5'))),
            ("row alone", framed(tones(100, 8_000.0, &[770.0]))),
            ("column alone", framed(tones(100, 8_000.0, &[1_336.0]))),
            (
                "twisted by 14 dB",
                framed(mixed(&tones(100, 8_000.0, &[770.0]), &tones(100, 1_600.0, &[1_336.0]))),
            ),
            ("two rows", framed(tones(100, 6_000.0, &[697.0, 852.0, 1_336.0]))),
            ("the letter A", framed(pair(100, 6_000.0, 'A'))),
            (
                "with an octave above",
                framed(mixed(&tones(100, 6_000.0, &[770.0, 1_336.0]), &tones(100, 2_700.0, &[1_540.0]))),
            ),
            ("too quiet", framed(pair(100, 60.0, '5'))),
        ] {
            assert_eq!(heard(&track), [], "{what}");
        }
    }

    #[test]
    fn voice_noise_and_ringback_press_nothing() {
        for (what, track) in [
            ("voice", voice(20_000)),
            ("noise", noise(20_000, 8_000, 4)),
            ("ringback of Europe", tones(3_000, 8_000.0, &[425.0])),
            ("ringback of America", tones(3_000, 6_000.0, &[440.0, 480.0])),
        ] {
            assert_eq!(heard(&track), [], "{what}");
        }
    }

    #[test]
    fn full_scale_does_not_overflow() {
        for period in 2..40 {
            let square: Vec<i16> =
                (0..4_096).map(|n| if n / period % 2 == 0 { 32_767 } else { -32_768 }).collect();
            heard(&square);
        }
    }
}
