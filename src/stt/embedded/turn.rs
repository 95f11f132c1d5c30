//! The caller's audio while nobody speaks, and the audio of one turn.
//!
//! Promises: a turn has a little of what came before and after it, and its own place on the track; memory is bounded.
//! Never: decides where speech begins; the line does.

use std::collections::VecDeque;

use crate::core::base::{Millis, Position, Samples, Span};

/// Before the turn: the first consonant may lie before what the line takes for speech.
const BEFORE: Samples = Millis(300).samples();
/// After the turn: a soft end, and silence for the models to settle on.
const AFTER: Samples = Millis(200).samples();
/// Kept while nobody speaks: a start is told up to 200 ms of speech late, with pauses in it.
const IDLE: usize = Millis(2_000).samples().0 as usize;
/// The longest turn; of a longer one the beginning stands.
const TURN_MAX: usize = Millis(60_000).samples().0 as usize;

/// The last audio of the caller.
#[derive(Debug)]
pub(super) struct Track {
    /// Where `held` begins.
    from: Position,
    held: VecDeque<i16>,
    state: State,
}

#[derive(Debug)]
enum State {
    Silent,
    /// Since when.
    Speaking(Position),
}

/// One turn, ready to decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// The speech as the line marked it.
    pub(super) speech: Span,
    /// Where `samples` begin.
    pub(super) from: Position,
    pub(super) samples: Vec<i16>,
}

impl Track {
    pub(super) fn new() -> Track {
        Track { from: Position::START, held: VecDeque::new(), state: State::Silent }
    }

    /// The next audio. After a turn longer than is held, the buffer starts anew.
    pub(super) fn audio(&mut self, at: Position, samples: &[i16]) {
        match self.state {
            State::Speaking(_) => {
                let room = TURN_MAX.saturating_sub(self.held.len());
                self.held.extend(samples.iter().take(room));
            }
            State::Silent => {
                if at != self.end() {
                    self.held.clear();
                    self.from = at;
                }
                self.held.extend(samples);
                self.forget(self.held.len().saturating_sub(IDLE));
            }
        }
    }

    pub(super) fn started(&mut self, at: Position) {
        if let State::Silent = self.state {
            self.state = State::Speaking(at);
            let before = (at - BEFORE).since(self.from).0 as usize;
            self.forget(before.min(self.held.len()));
        }
    }

    /// The turn that ended at `at`; without a start there is no audio to it.
    pub(super) fn stopped(&mut self, at: Position) -> Turn {
        let State::Speaking(start) = std::mem::replace(&mut self.state, State::Silent) else {
            return Turn { speech: Span { from: at, to: at }, from: at, samples: Vec::new() };
        };
        let length = (at + AFTER).since(self.from).0 as usize;
        let samples = self.held.iter().take(length).copied().collect();
        let turn = Turn { speech: Span { from: start, to: at }, from: self.from, samples };
        self.forget(self.held.len().saturating_sub(IDLE));
        turn
    }

    fn end(&self) -> Position {
        self.from + Samples(u32::try_from(self.held.len()).unwrap_or(u32::MAX))
    }

    fn forget(&mut self, count: usize) {
        self.held.drain(..count);
        self.from = self.from + Samples(u32::try_from(count).unwrap_or(u32::MAX));
        self.held.shrink_to(2 * IDLE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every sample is its own position, modulo what fits.
    fn feed(track: &mut Track, frames: std::ops::Range<u64>) {
        for frame in frames {
            let samples: Vec<i16> = (frame * 160..frame * 160 + 160).map(|n| (n % 30_000) as i16).collect();
            track.audio(Position(frame * 160), &samples);
        }
    }

    #[test]
    fn a_turn_holds_a_little_before_and_after_its_speech_at_its_true_place() {
        let mut track = Track::new();
        feed(&mut track, 0..200);
        track.started(Position(31_000));
        feed(&mut track, 200..300);
        let turn = track.stopped(Position(44_000));
        assert_eq!(turn.speech, Span { from: Position(31_000), to: Position(44_000) });
        assert_eq!(turn.from, Position(31_000 - 2_400));
        assert_eq!(turn.samples.len(), 44_000 + 1_600 - 28_600);
        assert_eq!(turn.samples[0], 28_600);
    }

    #[test]
    fn the_next_turn_does_not_lose_its_place() {
        let mut track = Track::new();
        feed(&mut track, 0..100);
        track.started(Position(10_000));
        feed(&mut track, 100..1_000);
        track.stopped(Position(100_000));
        feed(&mut track, 1_000..1_010);
        track.started(Position(155_000));
        let turn = track.stopped(Position(156_000));
        assert_eq!(turn.from, Position(152_600));
        assert_eq!(i64::from(turn.samples[0]), 152_600 % 30_000);
    }

    #[test]
    fn a_caller_who_speaks_for_an_hour_or_never_takes_bounded_memory() {
        let mut track = Track::new();
        feed(&mut track, 0..10_000);
        assert!(track.held.len() <= IDLE);
        track.started(Position(1_599_000));
        for frame in 10_000..190_000_u64 {
            track.audio(Position(frame * 160), &[0; 160]);
        }
        assert!(track.held.len() <= TURN_MAX);
        assert_eq!(track.stopped(Position(30_000_000)).samples.len(), TURN_MAX);
    }

    #[test]
    fn an_end_without_a_start_is_an_empty_turn() {
        assert!(Track::new().stopped(Position(5)).samples.is_empty());
    }
}
