//! Is somebody speaking in these 16 ms? A small neural detector behind an energy gate.
//!
//! Promises: the score is an integer before anything is decided; quiet blocks cost next to nothing.
//! Never: counts speech or knows positions; that is `speech`.

use std::fmt;

use earshot::Detector;

use super::widen::Widen;

/// Samples of one block at 8 kHz: the detector's frame of 256 at 16 kHz, 16 ms.
pub(super) const BLOCK: usize = 128;

/// Scores run from 0 to this.
const SCORE_ONE: f32 = 1_024.0;
/// A half, the detector's own threshold, begins a voice.
const SCORE_BEGIN: u16 = 512;
/// A voice that has begun goes on down to here: vowels fade before words end.
const SCORE_KEEP: u16 = 358;
/// Blocks of a fresh detector that are not believed, 112 ms: its memory is empty and it calls anything
/// speech. Silence does not count among them: a detector that has seen nothing else takes any noise for a
/// voice.
const FRESH_BLOCKS: u8 = 7;
/// Blocks the gate stays open, the last loud one included: 48 ms after it, the length of the detector's
/// window, within which the detector would go on seeing a voice that has ended.
const GATE_HANG_BLOCKS: u8 = 4;
/// Mean square below which nothing is speech, −63 dB of full scale: comfort noise.
const ENERGY_LEAST: u64 = 500;
/// The gate opens at this many times the noise floor, 6 dB: steady noise stays within 4.
const ENERGY_OVER_FLOOR: u64 = 4;
/// And at this part of the level of the nearest voice, 21 dB below: others in the room, and our own voice come back
/// as an echo, lie lower; the weakest vowels of one speaker do not.
const ENERGY_UNDER_NEAR: u64 = 128;

pub(super) struct Vad {
    detector: Box<Detector>,
    widen: Widen,
    floor: Floor,
    near: Near,
    /// Blocks left before the gate closes.
    open: u8,
    fresh: u8,
    threshold: u16,
}

impl Vad {
    pub(super) fn new() -> Vad {
        Vad {
            detector: Box::new(Detector::default()),
            widen: Widen::default(),
            floor: Floor::new(),
            near: Near::default(),
            open: 0,
            fresh: FRESH_BLOCKS,
            threshold: SCORE_BEGIN,
        }
    }

    /// Is there a voice in this block, whose energy this is?
    pub(super) fn voiced(&mut self, samples: &[i16; BLOCK], energy: u64) -> bool {
        let energy = energy / BLOCK as u64;
        if !self.gate(energy) {
            self.pass(samples);
            return false;
        }
        let mut wide = [0_i16; 2 * BLOCK];
        self.widen.widen(samples, &mut wide);
        // A score that is not a number becomes zero: no voice.
        let score = (self.detector.predict_i16(&wide) * SCORE_ONE) as u16;
        if self.fresh > 0 {
            self.fresh -= 1;
            return false;
        }
        let voiced = score >= self.threshold;
        self.threshold = if voiced { SCORE_KEEP } else { SCORE_BEGIN };
        self.near.hears(if voiced { energy } else { 0 });
        voiced
    }

    /// Passes over a block that is known to be no voice, a tone or a hole in the track, and closes the gate.
    pub(super) fn skip(&mut self, samples: &[i16; BLOCK]) {
        self.open = 0;
        self.pass(samples);
    }

    fn pass(&mut self, samples: &[i16; BLOCK]) {
        self.near.hears(0);
        self.widen.skip(samples);
        self.threshold = SCORE_BEGIN;
    }

    /// Is a block of that mean square loud enough to look at?
    fn gate(&mut self, energy: u64) -> bool {
        let over_floor = ENERGY_OVER_FLOOR * self.floor.follow(energy);
        let loud = energy >= ENERGY_LEAST.max(over_floor).max(self.near.follow() / ENERGY_UNDER_NEAR);
        self.open = if loud { GATE_HANG_BLOCKS } else { self.open.saturating_sub(1) };
        self.open > 0
    }
}

/// How loud the nearest voice is: the loudest that lasted for the length of a vowel, so that no knock counts. It is
/// forgotten by half every six seconds, for whoever puts the phone down or hands it on.
#[derive(Debug, Default)]
struct Near {
    level: u64,
    /// Of the last blocks, in turn.
    last: [u64; VOWEL_BLOCKS],
    turn: usize,
}

/// 64 ms.
const VOWEL_BLOCKS: usize = 4;
/// A 512th part is forgotten in each block.
const FORGET: u32 = 9;

impl Near {
    /// Takes the energy of a voiced block, zero for any other.
    fn hears(&mut self, energy: u64) {
        self.last[self.turn] = energy;
        self.turn = (self.turn + 1) % VOWEL_BLOCKS;
        let lasting = self.last.iter().fold(u64::MAX, |least, &one| least.min(one));
        self.level = self.level.max(lasting);
    }

    fn follow(&mut self) -> u64 {
        self.level -= self.level >> FORGET;
        self.level
    }
}

/// The noise floor: the energy of the quietest block of the last second and a half. Speech dips below it
/// within that time, steady noise does not and so closes the gate upon itself.
#[derive(Debug)]
struct Floor {
    /// The quietest block of each stretch gone by, in turn.
    stretches: [u64; FLOOR_STRETCHES],
    turn: usize,
    /// Of the stretch that runs, and its blocks so far.
    quietest: u64,
    blocks: usize,
}

const FLOOR_STRETCHES: usize = 4;
const FLOOR_STRETCH_BLOCKS: usize = 20;

impl Floor {
    fn new() -> Floor {
        Floor { stretches: [0; FLOOR_STRETCHES], turn: 0, quietest: u64::MAX, blocks: 0 }
    }

    fn follow(&mut self, energy: u64) -> u64 {
        self.quietest = self.quietest.min(energy);
        self.blocks += 1;
        let floor = self.stretches.iter().fold(self.quietest, |least, &one| least.min(one));
        if self.blocks == FLOOR_STRETCH_BLOCKS {
            self.stretches[self.turn] = self.quietest;
            self.turn = (self.turn + 1) % FLOOR_STRETCHES;
            (self.quietest, self.blocks) = (u64::MAX, 0);
        }
        floor
    }
}

impl fmt::Debug for Vad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vad").field("floor", &self.floor).field("open", &self.open).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::dtmf::energy;
    use super::super::signals::{mixed, noise, silence, voice};
    use super::*;

    /// Voiced blocks and all blocks.
    fn count(vad: &mut Vad, samples: &[i16]) -> (usize, usize) {
        let blocks = samples.as_chunks().0.iter().map(|block| vad.voiced(block, energy(block)));
        blocks.fold((0, 0), |(voiced, all), v| (voiced + usize::from(v), all + 1))
    }

    #[test]
    fn a_voice_is_heard_loud_and_quiet_and_over_noise() {
        for divisor in [1, 4, 16] {
            let quiet: Vec<i16> = voice(2_000).iter().map(|s| s / divisor).collect();
            let track = mixed(&quiet, &noise(2_000, 40, 3));
            let (voiced, all) = count(&mut Vad::new(), &track);
            assert!(voiced * 10 > all * 7, "at 1/{divisor}: {voiced} of {all}");
        }
    }

    #[test]
    fn silence_and_steady_noise_are_no_voice() {
        for (what, track) in [
            ("digital silence", silence(4_000)),
            ("idle noise", noise(4_000, 8, 1)),
            ("hiss", noise(4_000, 300, 2)),
        ] {
            let (voiced, all) = count(&mut Vad::new(), &track);
            assert_eq!(voiced, 0, "{what}: {voiced} of {all}");
        }
    }

    #[test]
    fn noise_that_does_not_move_passes_for_a_voice_a_second_and_a_half_at_most() {
        let floor_blocks = FLOOR_STRETCH_BLOCKS * FLOOR_STRETCHES + usize::from(GATE_HANG_BLOCKS);
        for seed in 1..9 {
            let mut vad = Vad::new();
            count(&mut vad, &noise(floor_blocks * 16, 8_000, seed));
            assert_eq!(count(&mut vad, &noise(4_000, 8_000, seed + 100)).0, 0, "seed {seed}");
        }
    }

    #[test]
    fn voices_far_below_the_nearest_are_none_once_it_was_heard_and_are_again_when_it_is_long_gone() {
        let far: Vec<i16> = voice(2_000).iter().map(|s| s / 16).collect();
        let mut vad = Vad::new();
        let (before, all) = count(&mut vad, &far);
        assert!(before * 10 > all * 7, "nobody is nearer: {before} of {all}");
        count(&mut vad, &voice(2_000));
        assert!(count(&mut vad, &far).0 <= usize::from(GATE_HANG_BLOCKS), "the nearest is known");
        count(&mut vad, &silence(10_000));
        let (after, all) = count(&mut vad, &far);
        assert!(after * 10 > all * 7, "the nearest is gone: {after} of {all}");
    }

    #[test]
    fn a_knock_makes_nobody_deaf() {
        let mut vad = Vad::new();
        count(&mut vad, &voice(1_000));
        count(&mut vad, &noise(32, 30_000, 9));
        let quiet: Vec<i16> = voice(2_000).iter().map(|s| s / 4).collect();
        let (voiced, all) = count(&mut vad, &quiet);
        assert!(voiced * 10 > all * 7, "{voiced} of {all}");
    }

    #[test]
    fn a_fresh_detector_is_not_believed_for_a_tenth_of_a_second() {
        let track = voice(100);
        assert_eq!(count(&mut Vad::new(), &track).0, 0);
    }

    #[test]
    fn the_gate_closes_on_silence_and_on_noise_that_does_not_move() {
        let mut vad = Vad::new();
        count(&mut vad, &voice(500));
        assert!(vad.open > 0);
        count(&mut vad, &silence(100));
        assert_eq!(vad.open, 0);
        count(&mut vad, &noise(2_500, 2_000, 5));
        assert_eq!(vad.open, 0, "a steady noise is the floor");
        let (voiced, all) = count(&mut vad, &voice(1_000));
        assert!(voiced * 10 > all * 7, "a voice stands above it: {voiced} of {all}");
    }
}
