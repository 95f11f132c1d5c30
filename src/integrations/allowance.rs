//! What is withheld before anything is sent: runs that a caller has not left, requests to a system that is left alone.
//!
//! Promises: a limited tool runs only after its run was taken, durably; what is withheld is told as that, never as unknown.
//! Never: counts by itself; the record does.

use centralita_core::base::{ProposalId, ToolName};
use centralita_core::conversation::{Event, Outcome, Unproven, Withheld};

use super::budget::Unmade;
use super::registry::{IntentLog, Unprepared};
use super::spec::{PerCaller, ToolSpec};
use super::toolbox::Toolbox;
use super::tries::Untold;

/// Why a tool does not run for this caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSpent {
    /// Nothing is left.
    Spent,
    /// The record takes nothing now; `why` is for the model.
    Refused { why: String },
}

impl NotSpent {
    pub(super) fn outcome(self) -> Outcome {
        match self {
            NotSpent::Spent => Outcome::Withheld(Withheld::Spent),
            NotSpent::Refused { why } => Outcome::Failed { why },
        }
    }
}

/// Takes one run from what the caller has left of a limited tool.
pub(super) async fn spend(spec: &ToolSpec, log: &dyn IntentLog) -> Result<(), NotSpent> {
    if spec.per_caller.is_none() { Ok(()) } else { log.spend(&spec.name, spec.per_caller).await }
}

impl Toolbox {
    /// How often a tool may run for one caller.
    #[must_use]
    pub fn per_caller(&self, tool: &ToolName) -> PerCaller {
        self.find(tool).map_or_else(|_| PerCaller::default(), |(spec, _)| spec.per_caller)
    }
}

impl Unprepared {
    /// Nothing is left of what this caller may run.
    #[must_use]
    pub fn spent() -> Unprepared {
        Unprepared {
            why: "it has run as often as it may for this caller".to_owned(),
            withheld: Some(Withheld::Spent),
            unproven: None,
        }
    }

    /// As the conversation is told it.
    #[must_use]
    pub fn told(self, proposal: ProposalId) -> Event {
        if let Some(unproven) = self.unproven {
            return Event::Unproven { proposal, unproven };
        }
        match self.withheld {
            Some(withheld) => Event::Settled { proposal, outcome: Outcome::Withheld(withheld) },
            None => Event::Unprepared { proposal, why: self.why },
        }
    }
}

impl From<Untold> for Unprepared {
    fn from(untold: Untold) -> Unprepared {
        let withheld = match &untold {
            Untold::Why(_) | Untold::Unproven(_) | Untold::Absent(_) => None,
            Untold::OutOfReach => Some(Withheld::OutOfReach),
        };
        Unprepared { why: untold.why(), withheld, unproven: None }
    }
}

impl From<Unmade> for Unprepared {
    fn from(unmade: Unmade) -> Unprepared {
        match unmade {
            Unmade::Untold(untold) => untold.into(),
            Unmade::Unproven(unproven) => {
                let why = match &unproven {
                    Unproven::Failed { why } => why.clone(),
                    Unproven::Locked(_) => "too many proofs have failed".to_owned(),
                };
                Unprepared { why, withheld: None, unproven: Some(unproven) }
            }
        }
    }
}

impl From<String> for Unprepared {
    fn from(why: String) -> Unprepared {
        Untold::Why(why).into()
    }
}
