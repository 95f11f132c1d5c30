//! What went wrong, whose business it is, and what to do about it.
//!
//! Promises: every fault has an owner and a remedy in words an admin can act on.
//! Never: holds a secret or a caller's private words.

use std::fmt;

/// Who can mend a fault; it also decides what the caller hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The person on the phone: hung up, said nothing.
    Caller,
    /// Who wrote the agent, the integration or the configuration.
    Admin,
    /// A service outside: carrier, STT, LLM, TTS, a tool's host.
    Provider,
    /// A mistake in centralita itself.
    Gateway,
}

/// One fault: what happened, who owns it, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub owner: Owner,
    pub what: String,
    pub remedy: String,
}

impl Fault {
    #[must_use]
    pub fn new(owner: Owner, what: impl Into<String>, remedy: impl Into<String>) -> Fault {
        Fault { owner, what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.what, self.remedy)
    }
}

impl std::error::Error for Fault {}
