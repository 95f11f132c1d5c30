//! The caller's audio while nobody speaks, and the audio of one turn: whole, or in parts where it is long.
//!
//! Promises: a turn has a little of what came before and after it, and its own place on the track; its parts follow
//! one another without a gap; memory is bounded.
//! Never: decides where speech begins; the line does.

use std::collections::VecDeque;

use crate::core::base::{Millis, Position, Samples, Span};

/// Before the turn: the first consonant may lie before what the line takes for speech.
const BEFORE: Samples = Millis(300).samples();
/// After the turn: a soft end, and silence for the models to settle on.
const AFTER: Samples = Millis(200).samples();
/// Kept while nobody speaks: a start is told up to 200 ms of speech late, with pauses in it.
const IDLE: usize = Millis(2_000).samples().0 as usize;
/// The longest audio decoded at once. Who speaks on without a pause is heard part by part: the conversation takes
/// fifteen seconds without a word for noise, and decoding eight of speech takes a few.
const PART: usize = Millis(8_000).samples().0 as usize;
/// A part ends at the quietest moment of its last two seconds, most likely between two words.
const CUT_WITHIN: usize = Millis(2_000).samples().0 as usize;
const MOMENT: usize = Millis(20).samples().0 as usize;

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

/// One turn or a part of it, ready to decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// The speech as the line marked it, from the beginning of the turn.
    pub(super) speech: Span,
    /// Where `samples` begin.
    pub(super) from: Position,
    pub(super) samples: Vec<i16>,
}

impl Track {
    pub(super) fn new() -> Track {
        Track { from: Position::START, held: VecDeque::new(), state: State::Silent }
    }

    /// The next audio; a part of the turn when it has become too long to wait for its end.
    pub(super) fn audio(&mut self, at: Position, samples: &[i16]) -> Option<Turn> {
        if at != self.end() {
            self.held.clear();
            self.from = at;
        }
        self.held.extend(samples);
        match self.state {
            State::Speaking(start) => (self.held.len() >= PART).then(|| self.part(start)),
            State::Silent => {
                self.forget(self.held.len().saturating_sub(IDLE));
                None
            }
        }
    }

    /// What is held up to its last quiet moment.
    fn part(&mut self, start: Position) -> Turn {
        let last = self.held.len() - CUT_WITHIN;
        let moments = (last..self.held.len()).step_by(MOMENT);
        let loudness = |&from: &usize| -> u64 {
            self.held.range(from..).take(MOMENT).map(|&sample| u64::from(sample.unsigned_abs())).sum()
        };
        let cut = moments.min_by_key(loudness).unwrap_or(last);
        let samples = self.held.iter().take(cut).copied().collect();
        let from = self.from;
        self.forget(cut);
        Turn { speech: Span { from: start, to: self.from }, from, samples }
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
    fn feed(track: &mut Track, frames: std::ops::Range<u64>) -> Vec<Turn> {
        let samples = |frame: u64| (frame * 160..frame * 160 + 160).map(|n| (n % 30_000) as i16);
        let part = |frame| track.audio(Position(frame * 160), &samples(frame).collect::<Vec<_>>());
        frames.filter_map(part).collect()
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
        track.stopped(Position(159_000));
        feed(&mut track, 1_000..1_010);
        track.started(Position(155_000));
        let turn = track.stopped(Position(156_000));
        assert_eq!(turn.from, Position(152_600));
        assert_eq!(i64::from(turn.samples[0]), 152_600 % 30_000);
    }

    #[test]
    fn a_long_turn_comes_in_parts_that_follow_one_another_without_a_gap() {
        let mut track = Track::new();
        feed(&mut track, 0..50);
        track.started(Position(7_000));
        let mut parts = feed(&mut track, 50..1_000);
        assert_eq!(parts.len(), 2);
        parts.push(track.stopped(Position(159_000)));
        let mut next = Position(7_000 - 2_400);
        for part in &parts {
            assert_eq!(part.speech.from, Position(7_000), "a part knows how long the turn is");
            assert_eq!(part.from, next);
            assert!(part.samples.len() <= PART);
            next = part.from + Samples(part.samples.len() as u32);
        }
        assert_eq!(next, Position(160_000), "the last samples of the track end the last part");
    }

    #[test]
    fn a_part_ends_at_the_quietest_moment_of_its_last_seconds() {
        let mut track = Track::new();
        track.started(Position::START);
        let mut parts = Vec::new();
        for frame in 0..400_u64 {
            let level = if (340..345).contains(&frame) || frame < 5 { 3 } else { 3_000 };
            parts.extend(track.audio(Position(frame * 160), &[level; 160]));
        }
        let [part] = &parts[..] else { panic!("eight seconds are one part, not {}", parts.len()) };
        assert_eq!(part.samples.len(), 340 * 160);
    }

    #[test]
    fn an_end_that_lies_before_the_last_cut_is_an_empty_rest() {
        let mut track = Track::new();
        track.started(Position::START);
        let parts = feed(&mut track, 0..400);
        let cut = parts[0].speech.to;
        let rest = track.stopped(cut - Samples(5_000));
        assert_eq!((rest.samples.len(), rest.from), (0, cut));
    }

    #[test]
    fn a_caller_who_speaks_for_an_hour_or_never_takes_bounded_memory() {
        let mut track = Track::new();
        feed(&mut track, 0..10_000);
        assert!(track.held.len() <= IDLE);
        track.started(Position(1_599_000));
        for frame in 10_000..190_000_u64 {
            track.audio(Position(frame * 160), &[0; 160]);
            assert!(track.held.len() < PART);
        }
    }

    #[test]
    fn an_end_without_a_start_is_an_empty_turn() {
        assert!(Track::new().stopped(Position(5)).samples.is_empty());
    }
}
