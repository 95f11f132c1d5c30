//! Promise 10: what requires a proof of who is calling does not run before it, and no proof is taken of a value that the
//! caller did not say or key himself; and that no more proofs are sent in a call than may fail.
//!
//! What the caller said is taken from the simulated caller, whatever a recogniser made of it, and from the words that were
//! told: a value nobody ever uttered stands in neither.
//!
//! Promises: judges by facts and orders alone.
//! Never: reads the history, or asks the conversation what it holds for proven.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::Seen;
use crate::base::ProposalId;
use crate::conversation::{Effects, Event, Order, Outcome, Plan, ToolPlan, Unproven};
use crate::language::says;

#[derive(Debug)]
pub(super) struct Identity {
    plan: Arc<Plan>,
    /// All that was told of the caller: words as one text, and keys.
    told: String,
    keyed: String,
    /// What has run, and what it would prove.
    running: Vec<(ProposalId, String)>,
    proven: BTreeSet<String>,
    /// Proofs that were sent and neither held nor were given back; and of those the ones that have failed.
    tries: BTreeSet<ProposalId>,
    failed: BTreeSet<ProposalId>,
}

impl Identity {
    pub(super) fn new(plan: Arc<Plan>) -> Identity {
        let (told, keyed) = (String::new(), String::new());
        Identity {
            plan,
            told,
            keyed,
            running: Vec::new(),
            proven: BTreeSet::new(),
            tries: BTreeSet::new(),
            failed: BTreeSet::new(),
        }
    }

    pub(super) fn sees(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        match seen {
            Seen::Event(Event::Heard(transcript), _) => {
                for word in &transcript.words {
                    self.told.push_str(&word.text);
                    self.told.push(' ');
                }
                self.told.push_str(", ");
            }
            Seen::Event(Event::Key { key, .. }, _) => self.keyed.push(*key),
            Seen::Event(Event::Unproven { proposal, unproven: Unproven::Locked(_) }, _)
            | Seen::Event(Event::Prepared { proposal, .. } | Event::Unprepared { proposal, .. }, _) => {
                self.gives_back(*proposal);
            }
            Seen::Event(Event::Unproven { proposal, unproven: Unproven::Failed { .. } }, _) => {
                self.failed.insert(*proposal);
            }
            Seen::Event(Event::Settled { proposal, outcome }, _) => {
                self.gives_back(*proposal);
                if !matches!(outcome, Outcome::Done { .. }) {
                    return Ok(());
                }
                let own = self.running.iter().filter(|(known, _)| known == proposal);
                self.proven.extend(own.map(|(_, proof)| proof.clone()));
            }
            Seen::Order(Order::Prepare { proposal, tool, .. }) => {
                let plan = Arc::clone(&self.plan);
                return plan.tool(tool).map_or(Ok(()), |tool| self.tries(*proposal, tool));
            }
            Seen::Order(Order::Run { proposal, tool, args, .. }) => {
                let plan = Arc::clone(&self.plan);
                let Some(tool) = plan.tool(tool) else { return Ok(()) };
                if tool.effects == Effects::None {
                    self.tries(*proposal, tool)?;
                }
                return self.runs(*proposal, tool, args);
            }
            Seen::Event(..) | Seen::Timer(_) | Seen::Order(_) | Seen::Rest { .. } => {}
        }
        Ok(())
    }

    /// What has failed once has failed, whatever is told of it later.
    fn gives_back(&mut self, proposal: ProposalId) {
        if !self.failed.contains(&proposal) {
            self.tries.remove(&proposal);
        }
    }

    fn tries(&mut self, proposal: ProposalId, tool: &ToolPlan) -> Result<(), String> {
        if !tool.identity.tries() {
            return Ok(());
        }
        self.tries.insert(proposal);
        if self.tries.len() > tool.identity.most_per_call() {
            return Err(format!("{proposal} tries one proof more than may fail"));
        }
        Ok(())
    }

    fn runs(&mut self, proposal: ProposalId, tool: &ToolPlan, args: &Value) -> Result<(), String> {
        let identity = &tool.identity;
        if let Some(proof) = identity.requires.as_ref().filter(|proof| !self.proven.contains(*proof)) {
            return Err(format!("{proposal} runs, and nothing has proven {proof}"));
        }
        for name in &identity.proofs {
            let value = args.get(name).and_then(Value::as_str).unwrap_or_default();
            if !value.is_empty()
                && !self.keyed.contains(value)
                && !says(self.plan.language, &self.told, value)
            {
                return Err(format!("{proposal} runs with a proof that the caller never gave"));
            }
        }
        self.running.extend(identity.proves.clone().map(|proof| (proposal, proof)));
        Ok(())
    }
}
