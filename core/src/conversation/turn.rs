//! The caller's side: when a turn begins and ends, what was said in it, and which keys make one number.
//!
//! Promises: a turn ends once, with all its words or after a deadline; words keep the spans they came with.
//! Never: judges what was said.

use super::event::{Affirmation, Transcript, TranscriptEnd, Word};
use super::plan::Timing;
use super::timer::Timer;
use crate::base::{CallTime, Millis, Placeholder, Position, PrivateKind, Span};

/// Most words kept of one turn: a minute of fast speech. What is beyond is dropped, which no answer needs.
const WORDS_MAX: usize = 400;

/// Most keys taken for one number: longer than any card or phone number.
pub const KEYS_MAX: usize = 32;

/// A digit that was pressed, where keys are private: which it was is known to the call's edge alone.
pub const MASKED_KEY: char = '•';

/// Whether the caller could be heard, if he spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    Open,
    /// No frame comes.
    Stalled,
}

/// The caller's turn, and what the recogniser still owes of turns that were given up.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    state: State,
    /// Stretches of speech whose answers nobody waits for any more; they come before the answers that count.
    given_up: u8,
}

/// Whether the caller speaks.
#[derive(Clone, Debug)]
enum State {
    Quiet,
    Talking {
        said: Said,
        limit: Limit,
    },
    /// The longest turn was taken as it was, and the caller still sounds. The agent may speak again, but nothing
    /// that the caller could be taking back may leave; what was said since is a turn of its own.
    Overlong {
        said: Said,
        limit: Limit,
    },
    /// Fallen silent; the recogniser owes words until `until`. A turn that is taken up again keeps its limit.
    Stopped {
        said: Said,
        until: CallTime,
        limit: Limit,
    },
}

/// How long a turn may be, from its first sound on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit {
    since: CallTime,
    longest: Millis,
}

/// Whether the caller is heard now, as far as others must wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sounding {
    Quiet,
    /// A turn is being spoken, or its words are still to come.
    Turn,
    /// Beyond the longest turn.
    Overlong,
}

/// What a turn has brought so far.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// Where the turn began.
    from: Position,
    pub(super) words: Vec<Word>,
    /// The weakest of all its stretches; none while none was judged.
    affirmation: Option<Affirmation>,
    pub(super) lost: Lost,
    /// How many stretches of speech the recogniser still owes.
    owed: u8,
    /// Of each stretch that was answered, its first word: an answer told twice is one answer.
    answered: Vec<Span>,
}

/// Whether the recogniser lost a part of the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    Nothing,
    Words,
}

/// What words do to the caller's turn.
#[derive(Clone, Debug)]
pub(super) enum Told {
    /// The turn goes on, or there is none.
    Nothing,
    /// It is over.
    Turn(Said),
    /// They are of a turn that was given up, or of none: nobody waits for them any more.
    Late(Said),
}

impl Transcript {
    /// Whether it has words, and all of them ended before a position.
    fn is_before(&self, position: Position) -> bool {
        let before = |word: &Word| word.span.is_some_and(|span| span.to <= position);
        !self.words.is_empty() && self.words.iter().all(before)
    }
}

impl Said {
    fn nothing(from: Position) -> Said {
        Said {
            from,
            words: Vec::new(),
            affirmation: None,
            lost: Lost::Nothing,
            owed: 0,
            answered: Vec::new(),
        }
    }

    /// Whether every word began at that position or later; a word without a span may lie anywhere.
    pub(super) fn is_after(&self, end: Position) -> bool {
        self.words.iter().all(|word| word.span.is_some_and(|span| span.from >= end))
    }

    /// What the engine's judgement of the whole turn is worth: that of its weakest stretch.
    pub(super) fn affirmation(&self) -> Affirmation {
        self.affirmation.unwrap_or(Affirmation::ByWords)
    }

    /// The words as one text.
    pub(super) fn text(&self) -> String {
        join(self.words.iter())
    }
}

/// Words as one text, single spaces between.
pub(super) fn join<'a>(words: impl Iterator<Item = &'a Word>) -> String {
    words.map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
}

impl Turn {
    pub(super) fn quiet() -> Turn {
        Turn { state: State::Quiet, given_up: 0 }
    }

    /// Whether the agent may speak: nobody waits for the caller to have spoken.
    pub(super) fn leaves_the_floor(&self) -> bool {
        self.sounding() != Sounding::Turn
    }

    pub(super) fn sounding(&self) -> Sounding {
        match self.state {
            State::Quiet => Sounding::Quiet,
            State::Overlong { .. } => Sounding::Overlong,
            State::Talking { .. } | State::Stopped { .. } => Sounding::Turn,
        }
    }

    /// Whether more words of the turn are to come, once those are told that the recogniser owes first.
    pub(super) fn goes_on(&self) -> bool {
        match &self.state {
            State::Quiet => false,
            State::Talking { .. } | State::Overlong { .. } => true,
            State::Stopped { said, .. } => said.owed > 1,
        }
    }

    pub(super) fn started(&mut self, at: CallTime, from: Position, timing: &Timing) {
        let limit = Limit { since: at, longest: timing.wordless };
        let (said, limit) = match std::mem::replace(&mut self.state, State::Quiet) {
            State::Quiet => (Said::nothing(from), limit),
            State::Overlong { said, .. } => (said, limit),
            State::Talking { said, limit } | State::Stopped { said, limit, .. } => (said, limit),
        };
        self.state = State::Talking { said, limit };
    }

    pub(super) fn stopped(&mut self, at: CallTime, timing: &Timing) {
        if let State::Talking { said, limit } | State::Overlong { said, limit } = &mut self.state {
            let limit = *limit;
            let from = said.from;
            let mut said = std::mem::replace(said, Said::nothing(from));
            said.owed = said.owed.saturating_add(1);
            self.state = State::Stopped { said, until: at + timing.transcript, limit };
        }
    }

    /// Takes words. The turn is over when the caller is silent and the recogniser owes nothing.
    pub(super) fn heard(&mut self, transcript: &Transcript, timing: &Timing) -> Told {
        if let State::Talking { said, limit }
        | State::Overlong { said, limit }
        | State::Stopped { said, limit, .. } = &mut self.state
            && transcript.words.iter().any(|word| word.span.is_none_or(|span| span.from >= said.from))
        {
            // Somebody is understood, and may go on.
            limit.longest = timing.turn;
        }
        let affirmation = match transcript.end {
            TranscriptEnd::Partial => return Told::Nothing,
            TranscriptEnd::Final => None,
            TranscriptEnd::Turn(affirmation) => Some(affirmation),
        };
        if self.is_late(transcript) {
            let answered = u8::from(affirmation.is_some());
            self.given_up = self.given_up.saturating_sub(answered);
            return Told::Late(Said { words: transcript.words.clone(), ..Said::nothing(Position::START) });
        }
        let Some((said, stopped)) = self.said() else { return Told::Nothing };
        if let (Some(_), Some(first)) = (affirmation, transcript.words.first().and_then(|word| word.span)) {
            if said.answered.contains(&first) {
                return Told::Nothing;
            }
            said.answered.push(first);
        }
        let room = WORDS_MAX.saturating_sub(said.words.len());
        said.words.extend(transcript.words.iter().take(room).cloned());
        if let Some(affirmation) = affirmation {
            said.affirmation = Some(said.affirmation.map_or(affirmation, |other| other.weaker(affirmation)));
            said.owed = said.owed.saturating_sub(1);
        }
        let over = stopped && said.owed == 0 && affirmation.is_some();
        if over { Told::Turn(self.take()) } else { Told::Nothing }
    }

    /// The recogniser lost a stretch of speech.
    pub(super) fn lost(&mut self) -> Option<Said> {
        if self.given_up > 0 {
            self.given_up -= 1;
            return None;
        }
        let (said, stopped) = self.said()?;
        said.lost = Lost::Words;
        said.owed = said.owed.saturating_sub(1);
        (stopped && said.owed == 0).then(|| self.take())
    }

    /// Whether words are of a turn that was given up: by where they lie, and, where they lie nowhere, by whose
    /// turn it is to be answered.
    fn is_late(&mut self, transcript: &Transcript) -> bool {
        let from = match &self.state {
            State::Quiet => return true,
            State::Talking { said, .. } | State::Overlong { said, .. } | State::Stopped { said, .. } => {
                said.from
            }
        };
        if transcript.words.iter().any(|word| word.span.is_some_and(|span| span.from >= from)) {
            // The recogniser has got this far: what it owed of earlier turns it will not tell.
            self.given_up = 0;
            return false;
        }
        transcript.is_before(from) || self.given_up > 0
    }

    fn said(&mut self) -> Option<(&mut Said, bool)> {
        match &mut self.state {
            State::Quiet => None,
            State::Talking { said, .. } | State::Overlong { said, .. } => Some((said, false)),
            State::Stopped { said, .. } => Some((said, true)),
        }
    }

    pub(super) fn deadline(&self) -> Option<(CallTime, Timer)> {
        match &self.state {
            State::Quiet => None,
            State::Talking { limit, .. } | State::Overlong { limit, .. } => {
                Some((limit.since + limit.longest, Timer::TurnLimit))
            }
            State::Stopped { until, .. } => Some((*until, Timer::Transcript)),
        }
    }

    /// The turn as it is, ended by a deadline; what the recogniser still owed is lost.
    pub(super) fn give_up(&mut self, at: CallTime, timing: &Timing) -> Said {
        let lasts = matches!(self.state, State::Talking { .. } | State::Overlong { .. });
        let mut said = self.take();
        if lasts {
            // What is owed of it comes into the turn that lasts.
            let (owed, answered) = (said.owed, said.answered.clone());
            let rest = Said { owed, answered, ..Said::nothing(said.from) };
            self.state = State::Overlong { said: rest, limit: Limit { since: at, longest: timing.wordless } };
        } else {
            self.given_up = self.given_up.saturating_add(said.owed);
        }
        said.lost = Lost::Words;
        said
    }

    fn take(&mut self) -> Said {
        match std::mem::replace(&mut self.state, State::Quiet) {
            State::Quiet => Said::nothing(Position::START),
            State::Talking { said, .. } | State::Overlong { said, .. } | State::Stopped { said, .. } => said,
        }
    }
}

/// Of which number a key is a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collects {
    /// The first of one.
    New,
    /// One more of the number that is being pressed.
    More,
}

/// Keys that may become one number.
#[derive(Clone, Debug)]
pub(super) enum Keypad {
    Idle,
    Collecting { keys: String, until: CallTime },
}

impl Keypad {
    pub(super) fn is_idle(&self) -> bool {
        matches!(self, Keypad::Idle)
    }

    /// Takes a key; `#` completes the number.
    pub(super) fn pressed(&mut self, at: CallTime, key: char, timing: &Timing) -> Option<String> {
        if key == '#' {
            return self.take();
        }
        let until = at + timing.keys;
        match self {
            Keypad::Idle => *self = Keypad::Collecting { keys: key.to_string(), until },
            Keypad::Collecting { keys, until: old } => {
                if keys.chars().count() < KEYS_MAX {
                    keys.push(key);
                }
                *old = until;
            }
        }
        None
    }

    /// Takes the number as the history has it: of one with private digits its placeholder, the `nth` of its kind.
    pub(super) fn number(keys: String, nth: &mut u32) -> String {
        if !keys.contains(MASKED_KEY) {
            return keys;
        }
        *nth = nth.saturating_add(1);
        Placeholder { kind: PrivateKind::Keys, n: *nth }.to_string()
    }

    pub(super) fn deadline(&self) -> Option<(CallTime, Timer)> {
        match self {
            Keypad::Idle => None,
            Keypad::Collecting { until, .. } => Some((*until, Timer::Keys)),
        }
    }

    pub(super) fn take(&mut self) -> Option<String> {
        match std::mem::replace(self, Keypad::Idle) {
            Keypad::Idle => None,
            Keypad::Collecting { keys, .. } => Some(keys),
        }
    }
}
