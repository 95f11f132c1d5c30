//! The gate: the one door to every action with effects. It makes permits, and nothing else can.
//!
//! Promises: a permit covers one proposal with the very action that was resolved and read out (promise 1); it is
//! used up by running, expires, and dies with any change; in doubt there is none.
//! Never: knows a language model, runs a tool, believes a word whose audio began before its question's end.

use crate::base::{CallTime, Digest, ProposalId};

/// Leave to run one proposal. Private fields, neither `Clone` nor `Deserialize`: it exists once, and it was made here.
#[derive(Debug)]
pub struct Permit {
    proposal: ProposalId,
    /// Of the resolved action; for harmless tools, of the arguments.
    action: Digest,
    basis: Basis,
    expires: CallTime,
}

/// On what a permit rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Nobody needs to be asked: no effects, or the admin wrote so.
    Unasked,
    /// The caller's own yes.
    Confirmed,
    /// An admin, outside any call.
    Admin { user: String, reason: String },
}

impl Permit {
    /// Whether this is leave for that proposal, with that action, at that time.
    #[must_use]
    pub fn covers(&self, proposal: ProposalId, action: Digest, at: CallTime) -> bool {
        self.proposal == proposal && self.action == action && at <= self.expires
    }

    #[must_use]
    pub fn proposal(&self) -> ProposalId {
        self.proposal
    }

    #[must_use]
    pub fn action(&self) -> Digest {
        self.action
    }

    #[must_use]
    pub fn basis(&self) -> &Basis {
        &self.basis
    }
}
