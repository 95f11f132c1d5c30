//! Where an action stands, by the record, the time, and whether the process that began it lives.
//!
//! Promises: what may still be under way is not called unknown; what was begun by a process that is gone, or so long ago
//! that it cannot be, is.
//! Never: reads a clock.

use std::fmt;

use super::intents::{IntentRecord, IntentState, OutcomeKind};

/// How long after its beginning an action may still be under way: a request takes a minute at most, and its intent a
/// few seconds.
pub const UNDER_WAY_MAX_US: i64 = 120 * 1_000_000;

/// The process that carries the call of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Process {
    /// It is not on record, or whether it lives cannot be seen from here.
    NotKnown,
    /// By its name, which begins with its number on its machine.
    Lives(String),
    Gone,
}

/// Where an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    UnderWay,
    Unknown,
    Done,
    Failed,
}

impl IntentRecord {
    /// At that time, in microseconds since 1970.
    #[must_use]
    pub fn standing(&self, now_us: i64) -> Standing {
        match &self.state {
            IntentState::Begun => match self.process {
                Process::Lives(_) | Process::NotKnown if now_us < self.over_us() => Standing::UnderWay,
                Process::Lives(_) | Process::NotKnown | Process::Gone => Standing::Unknown,
            },
            IntentState::Settled(outcome) => match outcome.kind {
                OutcomeKind::Done => Standing::Done,
                OutcomeKind::Failed => Standing::Failed,
                OutcomeKind::Unknown => Standing::Unknown,
            },
        }
    }

    /// From when on it cannot be under way any more, in microseconds since 1970.
    #[must_use]
    pub fn over_us(&self) -> i64 {
        self.intent.begun_us.saturating_add(UNDER_WAY_MAX_US)
    }

    /// What is on record beside the outcome, if anything.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        match &self.state {
            IntentState::Begun => None,
            IntentState::Settled(outcome) => {
                Some(outcome.detail.as_str()).filter(|detail| !detail.is_empty())
            }
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Standing::UnderWay => "under way",
            Standing::Unknown => "unknown",
            Standing::Done => "done",
            Standing::Failed => "failed",
        })
    }
}
