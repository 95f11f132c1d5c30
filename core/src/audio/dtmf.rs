//! Keys pressed, heard in the caller's audio: the eight DTMF frequencies of ITU-T Q.23, by Goertzel's filter in
//! integers.
//!
//! Promises: one key per press, of a tone of 40 ms or more, at the place where it began; a tone of 20 ms or
//! less, a voice, music or ringback raise none.
//! Never: prints a key.

use crate::base::{Position, Samples};

use super::fact::Key;

/// Samples from one look to the next, 8 ms.
pub(super) const HOP: usize = 64;
/// Samples looked at: 16 ms, two hops. Neighbouring frequencies (73 Hz) are then more than a bin apart.
const WINDOW: usize = 2 * HOP;

/// Twice the cosine of each frequency at 8 kHz, Q13: rows 697, 770, 852, 941, columns 1209, 1336, 1477, 1633 Hz.
const FUNDAMENTALS: [i32; 8] = [13_990, 13_478, 12_851, 12_109, 9_536, 8_162, 6_542, 4_657];
/// The same an octave higher, where a voice has energy and a keypad has none.
const OCTAVES: [i32; 8] = [7_507, 5_791, 3_775, 1_516, -5_283, -8_251, -11_159, -13_736];
const Q: i32 = 13;
const KEYS: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// Mean square below which nothing is looked for, −50 dB of full scale.
const ENERGY_LEAST: u64 = 10_000;
/// Looks that agree before a key counts: any 40 ms tone gives three, no 20 ms tone does.
const LOOKS_DOWN: u8 = 3;
/// Looks without the key before it counts as released: longer than one lost frame, shorter than a 40 ms pause.
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
    window: [i16; WINDOW],
    state: State,
}

impl Dtmf {
    pub(super) fn new() -> Dtmf {
        Dtmf { window: [0; WINDOW], state: State::Up }
    }

    /// Takes the next hop, which ends at `to`.
    pub(super) fn look(&mut self, samples: &[i16], to: Position) -> Look {
        self.window.copy_within(HOP.., 0);
        self.window[HOP..].copy_from_slice(samples);
        let found = find(&self.window);
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

/// The one pair of frequencies that makes up the window, if one does.
fn find(window: &[i16; WINDOW]) -> Option<Pair> {
    let energy: u64 = window.iter().map(|&s| u64::from(i32::from(s).pow(2) as u32)).sum();
    if energy < ENERGY_LEAST * WINDOW as u64 {
        return None;
    }
    let (scaled, energy) = scale(window);
    let powers = goertzel(&scaled, &FUNDAMENTALS);
    let (row, row_power) = alone(&powers[..4])?;
    let (column, column_power) = alone(&powers[4..])?;
    // Twist: the column may be 8 dB above the row, the row 6 dB above the column.
    if column_power > row_power * 19 / 3 || row_power > column_power * 4 {
        return None;
    }
    // A sinusoid of energy E in N samples has the power E N / 2; the pair must hold 70 % of all energy.
    if (row_power + column_power) * 20 < energy * WINDOW as i64 * 7 {
        return None;
    }
    let octaves = goertzel(&scaled, &OCTAVES);
    let voice = octaves[row] * 8 > row_power || octaves[4 + column] * 8 > column_power;
    (!voice).then_some(Pair { row: row as u8, column: column as u8 })
}

/// The strongest of four, if it stands 8 dB above each other.
fn alone(powers: &[i64]) -> Option<(usize, i64)> {
    let (best, &power) = powers.iter().enumerate().max_by_key(|&(_, power)| power)?;
    let clear = powers.iter().enumerate().all(|(i, &other)| i == best || other * 19 / 3 < power);
    clear.then_some((best, power))
}

/// Shifts the window down to 9 bits, so that the filters stay within 32, and gives its energy after that.
fn scale(window: &[i16; WINDOW]) -> ([i32; WINDOW], i64) {
    let peak = window.iter().map(|&s| i32::from(s).unsigned_abs()).max().unwrap_or(0);
    let shift = (32 - peak.leading_zeros()).saturating_sub(9);
    let scaled = window.map(|s| i32::from(s) >> shift);
    let energy = scaled.iter().map(|&s| i64::from(s * s)).sum();
    (scaled, energy)
}

/// The power at eight frequencies, each given as twice its cosine.
fn goertzel(samples: &[i32; WINDOW], cosines: &[i32; 8]) -> [i64; 8] {
    let (mut last, mut before) = ([0_i32; 8], [0_i32; 8]);
    for &sample in samples {
        for i in 0..8 {
            let next = sample + ((cosines[i] * last[i]) >> Q) - before[i];
            before[i] = last[i];
            last[i] = next;
        }
    }
    let mut powers = [0; 8];
    for i in 0..8 {
        let (l, b) = (i64::from(last[i]), i64::from(before[i]));
        powers[i] = l * l + b * b - ((i64::from(cosines[i]) * l) >> Q) * b;
    }
    powers
}
