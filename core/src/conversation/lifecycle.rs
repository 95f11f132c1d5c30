//! From answer to end, and the reminders into a silence.
//!
//! Promises: every phase but the first and the last has a deadline, so every call ends (promise 5).
//! Never: ends a call while an action is under way; its outcome is waited for, in bounded time.

use super::order::Why;
use super::plan::Timing;
use super::timer::Timer;
use crate::base::{CallTime, Millis};

/// How long a goodbye may take to be heard, and how long the carrier may take to hang up.
pub(super) const GOODBYE_MAX: Millis = Millis(15_000);
pub(super) const HANG_UP_MAX: Millis = Millis(10_000);

/// How long before the end the caller is warned.
const WARNING: Millis = Millis(60_000);

/// Where the call is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Ringing,
    /// `limit` is the next of warning and end.
    Live {
        limit: Limit,
    },
    /// The goodbye is being said.
    Closing {
        why: Why,
        until: CallTime,
    },
    /// We asked the carrier to hang up.
    HangingUp {
        why: Why,
        until: CallTime,
    },
    /// The caller is gone; outcomes of actions under way are still awaited.
    Gone,
    Ended,
}

/// The longest call, in two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    Warning { at: CallTime },
    End { at: CallTime },
}

impl Life {
    /// Live at `now`: who is warned already, or has less than that left, is not warned any more.
    pub(super) fn live(now: CallTime, timing: &Timing) -> Life {
        let end = CallTime::ANSWER + timing.call;
        let limit = if now + WARNING < end {
            Limit::Warning { at: CallTime(end.0 - WARNING.0) }
        } else {
            Limit::End { at: end }
        };
        Life::Live { limit }
    }

    /// Whether the agent may still say and do things.
    pub(super) fn is_live(self) -> bool {
        matches!(self, Life::Live { .. })
    }

    /// Whether anything may still be said.
    pub(super) fn may_speak(self) -> bool {
        matches!(self, Life::Live { .. } | Life::Closing { .. })
    }

    pub(super) fn deadline(self) -> Option<(CallTime, Timer)> {
        match self {
            Life::Ringing | Life::Gone | Life::Ended => None,
            Life::Live { limit: Limit::Warning { at } } => Some((at, Timer::CallWarning)),
            Life::Live { limit: Limit::End { at } } => Some((at, Timer::CallLimit)),
            Life::Closing { until, .. } | Life::HangingUp { until, .. } => Some((until, Timer::Closing)),
        }
    }
}

/// How long nobody has said anything, and how often the caller was reminded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    Busy { reminded: u8 },
    Since { since: CallTime, reminded: u8 },
}

impl Silence {
    pub(super) fn follow(&mut self, at: CallTime, idle: bool) {
        match (idle, *self) {
            (true, Silence::Busy { reminded }) => *self = Silence::Since { since: at, reminded },
            (false, Silence::Since { reminded, .. }) => *self = Silence::Busy { reminded },
            (true, Silence::Since { .. }) | (false, Silence::Busy { .. }) => {}
        }
    }

    /// The caller gave a sign of life.
    pub(super) fn broken(&mut self) {
        *self = Silence::Busy { reminded: 0 };
    }

    /// A reminder is due: the how-manieth, from 1.
    pub(super) fn remind(&mut self) -> u8 {
        let (Silence::Busy { reminded } | Silence::Since { reminded, .. }) = *self;
        *self = Silence::Busy { reminded: reminded.saturating_add(1) };
        reminded.saturating_add(1)
    }

    pub(super) fn deadline(self, timing: &Timing) -> Option<(CallTime, Timer)> {
        match self {
            Silence::Busy { .. } => None,
            Silence::Since { since, .. } => Some((since + timing.silence, Timer::Silence)),
        }
    }
}
