//! Counts voiced and quiet blocks against the conversation's standing order, in samples of the caller's
//! track.
//!
//! Promises: an end of speech only after a beginning; each backdated to the first or last voiced block; a
//! hole in the track is neither speech nor silence; a new order applies to the count that runs.
//! Never: a timer.

use crate::base::{Millis, Position, Samples};

use super::fact::{LineFact, Watch};
use super::vad::BLOCK;

/// What one block of the track is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    Voice,
    Quiet,
    /// Some of it never arrived.
    Hole,
}

/// Before any order: as for barge-in, and a turn's end.
const WATCH_AT_FIRST: Watch = Watch { speech: Millis(200).samples(), silence: Millis(700).samples() };
/// A longer pause makes a beginning a false one: four blocks, the closure of a stop consonant.
const PAUSE_MAX: Samples = Samples(4 * BLOCK as u32);

#[derive(Debug)]
pub(super) struct Speech {
    watch: Watch,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Silent,
    /// Voiced blocks, too few as yet; `pause` since the last one.
    Rising {
        from: Position,
        counted: Samples,
        pause: Samples,
        to: Position,
    },
    /// The last voiced block ended at `to`, `pause` ago.
    Speaking {
        to: Position,
        pause: Samples,
    },
}

impl Speech {
    pub(super) fn new() -> Speech {
        Speech { watch: WATCH_AT_FIRST, state: State::Silent }
    }

    pub(super) fn watch(&mut self, watch: Watch) {
        self.watch = watch;
    }

    /// Takes the block that begins at `from`.
    pub(super) fn block(&mut self, from: Position, block: Block, facts: &mut Vec<LineFact>) {
        self.state = match block {
            Block::Voice => self.state.voice(from),
            Block::Quiet => self.state.quiet(),
            Block::Hole => self.state,
        };
        match self.state {
            State::Silent => {}
            State::Rising { from, counted, pause, to } => {
                if counted >= self.watch.speech {
                    facts.push(LineFact::SpeechStarted { at: from });
                    self.state = State::Speaking { to, pause };
                } else if pause > PAUSE_MAX {
                    self.state = State::Silent;
                }
            }
            State::Speaking { to, pause } => {
                if block == Block::Quiet && pause >= self.watch.silence {
                    facts.push(LineFact::SpeechStopped { at: to });
                    self.state = State::Silent;
                }
            }
        }
    }
}

impl State {
    fn voice(self, from: Position) -> State {
        let to = from + LENGTH;
        match self {
            State::Silent => State::Rising { from, counted: LENGTH, pause: Samples(0), to },
            State::Rising { from, counted, .. } => {
                State::Rising { from, counted: plus(counted), pause: Samples(0), to }
            }
            State::Speaking { .. } => State::Speaking { to, pause: Samples(0) },
        }
    }

    fn quiet(self) -> State {
        match self {
            State::Silent => State::Silent,
            State::Rising { from, counted, pause, to } => {
                State::Rising { from, counted, pause: plus(pause), to }
            }
            State::Speaking { to, pause } => State::Speaking { to, pause: plus(pause) },
        }
    }
}

const LENGTH: Samples = Samples(BLOCK as u32);

fn plus(count: Samples) -> Samples {
    Samples(count.0.saturating_add(LENGTH.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a track written as `v` voice, `.` quiet, `?` hole; a `|` puts the second order in force.
    fn play(track: &str, orders: [Watch; 2]) -> Vec<LineFact> {
        let (mut speech, mut facts, mut at) = (Speech::new(), Vec::new(), Position(0));
        speech.watch(orders[0]);
        for c in track.chars() {
            let block = match c {
                'v' => Block::Voice,
                '.' => Block::Quiet,
                '?' => Block::Hole,
                _ => {
                    speech.watch(orders[1]);
                    continue;
                }
            };
            speech.block(at, block, &mut facts);
            at = at + LENGTH;
        }
        facts
    }

    const fn watch(speech: u32, silence: u32) -> Watch {
        Watch { speech: Samples(speech * LENGTH.0), silence: Samples(silence * LENGTH.0) }
    }

    fn started(block: u64) -> LineFact {
        LineFact::SpeechStarted { at: Position(block * BLOCK as u64) }
    }

    fn stopped(block: u64) -> LineFact {
        LineFact::SpeechStopped { at: Position(block * BLOCK as u64) }
    }

    #[test]
    fn speech_and_silence_are_counted_and_backdated() {
        let order = [watch(3, 5), watch(3, 5)];
        for (track, want) in [
            ("..vvv.....", vec![started(2), stopped(5)]),
            ("..vvv....v....", vec![started(2)]),
            ("..vv......", vec![]),
            ("..v..v..v.", vec![started(2)]),
            ("..v.....v.....v.....", vec![]),
            ("..........", vec![]),
            ("vvv.....vvv.....", vec![started(0), stopped(3), started(8), stopped(11)]),
        ] {
            assert_eq!(play(track, order), want, "{track}");
        }
    }

    #[test]
    fn a_hole_is_neither_speech_nor_silence() {
        let order = [watch(3, 5), watch(3, 5)];
        for (track, want) in [
            ("vvv????????????", vec![started(0)]),
            ("vvv..????????...", vec![started(0), stopped(3)]),
            ("vv????????v", vec![started(0)]),
            ("vv?????????", vec![]),
        ] {
            assert_eq!(play(track, order), want, "{track}");
        }
    }

    #[test]
    fn a_new_order_applies_to_the_running_count() {
        for (track, orders, want) in [
            ("vvvv|..", [watch(9, 5), watch(3, 5)], vec![started(0)]),
            ("vvv....|.", [watch(3, 30), watch(3, 5)], vec![started(0), stopped(3)]),
            ("vvv....|??", [watch(3, 30), watch(3, 3)], vec![started(0)]),
            ("vv|vv", [watch(3, 5), watch(5, 5)], vec![]),
            ("vvv...|....", [watch(3, 5), watch(3, 20)], vec![started(0)]),
        ] {
            assert_eq!(play(track, orders), want, "{track}");
        }
    }
}
