//! The house's promises 1 to 6, 9 and 10, as small checkers that watch a call from outside, and 8 where it is a whole one.
//!
//! Promises: each sees events, timers, orders and what the caller truly said, and names itself when broken.
//! Never: looks inside a conversation, or asks it whether it kept its word; only its history is read, at the end.

mod ends;
mod heard;
mod identity;
mod leave;
mod once;
mod private;
mod recorded;
mod silence;
mod voice;

#[cfg(test)]
pub(super) use private::CARD;

use std::fmt;
use std::sync::Arc;

use super::caller::Truth;
use super::coverage::Coverage;
use crate::base::CallTime;
use crate::conversation::{Conversation, Event, Order, Plan, Timer};

/// What a watcher sees, in order.
#[derive(Debug)]
pub enum Seen<'a> {
    Event(&'a Event, &'a Truth),
    Timer(Timer),
    Order(&'a Order),
    /// A step is over.
    Rest {
        deadline: Option<CallTime>,
        ended: bool,
    },
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Its number in the table of promises.
    pub promise: u8,
    pub at: CallTime,
    pub what: String,
}

impl Breach {
    /// What kind of breach it is: its text without numbers.
    #[must_use]
    pub fn kind(&self) -> (u8, String) {
        (self.promise, self.what.chars().filter(|c| !c.is_ascii_digit()).collect())
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "promise {} is broken at {}: {}", self.promise, self.at, self.what)
    }
}

/// All of them, and what was covered on the way.
#[derive(Debug)]
pub struct Watchers {
    leave: leave::Leave,
    once: once::Once,
    voice: voice::OneVoice,
    silence: silence::NoSilence,
    ends: ends::Ends,
    heard: heard::Heard,
    /// A heart alone has no vault before it.
    private: Option<private::NothingPrivate>,
    recorded: recorded::Recorded,
    identity: identity::Identity,
    pub coverage: Coverage,
    last: CallTime,
}

impl Watchers {
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Watchers {
        Watchers {
            leave: leave::Leave::new(Arc::clone(&plan)),
            once: once::Once::new(Arc::clone(&plan)),
            voice: voice::OneVoice::default(),
            silence: silence::NoSilence::default(),
            ends: ends::Ends::new(Arc::clone(&plan)),
            heard: heard::Heard::default(),
            private: None,
            recorded: recorded::Recorded::new(Arc::clone(&plan)),
            identity: identity::Identity::new(plan),
            coverage: Coverage::default(),
            last: CallTime::ANSWER,
        }
    }

    /// Of a whole call.
    #[must_use]
    pub fn of_call(plan: Arc<Plan>) -> Watchers {
        let private = Some(private::NothingPrivate::new(plan.language));
        Watchers { private, ..Watchers::new(plan) }
    }

    /// # Errors
    /// The promise that what is seen breaks.
    pub fn sees(&mut self, at: CallTime, seen: &Seen<'_>) -> Result<(), Breach> {
        self.last = at;
        self.coverage.sees(seen);
        let breach = |promise| move |what| Breach { promise, at, what };
        self.leave.sees(at, seen).map_err(breach(1))?;
        self.once.sees(seen).map_err(breach(2))?;
        self.voice.sees(seen).map_err(breach(3))?;
        self.silence.sees(at, seen).map_err(breach(4))?;
        self.ends.sees(at, seen).map_err(breach(5))?;
        self.heard.sees(seen);
        self.recorded.sees(seen).map_err(breach(9))?;
        self.identity.sees(seen).map_err(breach(10))?;
        self.private.as_ref().map_or(Ok(()), |private| private.sees(seen)).map_err(breach(8))
    }

    /// # Errors
    /// The promise that the end breaks.
    pub fn ends(&mut self, conversation: &Conversation) -> Result<(), Breach> {
        let at = self.last;
        let breach = |promise| move |what| Breach { promise, at, what };
        self.ends.ends(conversation).map_err(breach(5))?;
        self.heard.ends(conversation.history()).map_err(breach(6))?;
        self.private.as_ref().map_or(Ok(()), |private| private.ends(conversation)).map_err(breach(8))
    }
}
