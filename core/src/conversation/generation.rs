//! Asking the model: one generation at a time, a few rounds of tools a turn, a word when it takes long.
//!
//! Promises: every generation has a deadline; text of a generation that wants an effect is not spoken from then on.
//! Never: sees a token; pieces come whole.

use super::plan::Timing;
use super::timer::Timer;
use crate::base::{CallTime, GenerationId, Millis};

/// Rounds of tools in one turn; more is a model that runs in circles.
const ROUNDS_MAX: u8 = 6;

/// Failures in a row after which the call cannot go on.
const FAILURES_MAX: u8 = 2;

/// Between two words while somebody works.
pub(super) const WORD_EVERY: Millis = Millis(6_000);

/// The model's side.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) state: State,
    pub(super) last: GenerationId,
    rounds: u8,
    failures: u8,
}

/// What the model is doing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    Idle,
    /// To be asked as soon as nothing stands before it.
    Due,
    /// Writing until `until`, put off by every piece.
    Running {
        until: CallTime,
        voice: Voice,
    },
}

/// What becomes of the text of the running generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// Nothing was said yet.
    Unheard,
    /// Nothing was said, because the screen let nothing pass.
    Screened,
    Spoken,
    /// It proposed an action with effects: the rest is not spoken.
    Muted,
}

/// Whether a further round may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    Granted,
    TooMany,
}

impl Generation {
    pub(super) fn new() -> Generation {
        Generation { state: State::Idle, last: GenerationId(0), rounds: 0, failures: 0 }
    }

    /// A new turn of the caller: rounds count anew.
    pub(super) fn new_turn(&mut self) {
        self.rounds = 0;
        self.state = State::Due;
    }

    pub(super) fn start(&mut self, at: CallTime, timing: &Timing) -> GenerationId {
        self.last = self.last.next();
        self.state = State::Running { until: at + timing.generation, voice: Voice::Unheard };
        self.last
    }

    /// Nobody works at the running one any more: it is asked for again.
    pub(super) fn begins_anew(&mut self) {
        if let State::Running { .. } = self.state {
            self.state = State::Due;
        }
    }

    /// Another round, after results.
    pub(super) fn next_round(&mut self) -> Round {
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds > ROUNDS_MAX {
            return Round::TooMany;
        }
        self.state = State::Due;
        Round::Granted
    }

    /// The voice of that generation, if it is the running one.
    pub(super) fn running(&mut self, id: GenerationId) -> Option<&mut Voice> {
        match &mut self.state {
            State::Running { voice, .. } if id == self.last => Some(voice),
            State::Idle | State::Due | State::Running { .. } => None,
        }
    }

    /// The model gives signs of life: its deadline starts anew.
    pub(super) fn alive(&mut self, at: CallTime, timing: &Timing) {
        self.failures = 0;
        if let State::Running { until, .. } = &mut self.state {
            *until = at + timing.generation;
        }
    }

    /// Counts a failure; whether the call can go on.
    pub(super) fn failed(&mut self) -> Survives {
        self.state = State::Idle;
        self.failures = self.failures.saturating_add(1);
        if self.failures < FAILURES_MAX { Survives::Yes } else { Survives::No }
    }

    pub(super) fn deadline(&self) -> Option<(CallTime, Timer)> {
        match &self.state {
            State::Idle | State::Due => None,
            State::Running { until, .. } => Some((*until, Timer::Generation)),
        }
    }
}

/// Whether a call can go on after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Survives {
    Yes,
    No,
}

/// A word now and then while somebody works and nobody speaks.
#[derive(Debug)]
pub(super) enum Patience {
    Resting { said: u8 },
    Waiting { next: CallTime, said: u8 },
}

impl Patience {
    /// Follows whether anybody is working in silence.
    ///
    /// From its beginning to the first word it is `first`, then `again`.
    pub(super) fn follow(&mut self, at: CallTime, working: bool, (first, again): (Millis, Millis)) {
        match (working, &*self) {
            (true, Patience::Resting { said }) => {
                let wait = if *said == 0 { first } else { again };
                *self = Patience::Waiting { next: at + wait, said: *said };
            }
            (false, Patience::Waiting { said, .. }) => *self = Patience::Resting { said: *said },
            (true, Patience::Waiting { .. }) | (false, Patience::Resting { .. }) => {}
        }
    }

    pub(super) fn deadline(&self) -> Option<(CallTime, Timer)> {
        match self {
            Patience::Resting { .. } => None,
            Patience::Waiting { next, .. } => Some((*next, Timer::Filler)),
        }
    }

    /// A word is due: how many were said before it. The next one is due `again` later.
    pub(super) fn word(&mut self, at: CallTime, again: Millis) -> u8 {
        let said = match self {
            Patience::Resting { said } | Patience::Waiting { said, .. } => *said,
        };
        *self = Patience::Waiting { next: at + again, said: said.saturating_add(1) };
        said
    }

    /// What is waited for from here on has its own words.
    pub(super) fn begins_anew(&mut self) {
        *self = Patience::Resting { said: 0 };
    }
}
