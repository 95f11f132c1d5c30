//! Where an action stands, by the record and the time.
//!
//! Promises: what may still be under way is not called unknown; what was begun so long ago that it cannot be is.
//! Never: reads a clock.

use std::fmt;

use super::intents::{IntentRecord, IntentState, OutcomeKind};

/// How long after its beginning an action may still be under way: a request takes a minute at most, and its intent a
/// few seconds.
pub const UNDER_WAY_MAX_US: i64 = 120 * 1_000_000;

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
            IntentState::Begun if now_us.saturating_sub(self.intent.begun_us) < UNDER_WAY_MAX_US => {
                Standing::UnderWay
            }
            IntentState::Begun => Standing::Unknown,
            IntentState::Settled(outcome) => match outcome.kind {
                OutcomeKind::Done => Standing::Done,
                OutcomeKind::Failed => Standing::Failed,
                OutcomeKind::Unknown => Standing::Unknown,
            },
        }
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
