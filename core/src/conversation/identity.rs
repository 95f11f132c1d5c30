//! Who is calling, as far as this call has shown it.
//!
//! A tool that compares what a caller says with what a system holds proves something only if the caller said it: a model
//! that guesses, or repeats what an earlier answer told it, proves nothing. What is proven stands for the rest of the call.
//! What has failed counts too: after a few failed proofs no more are tried.
//!
//! Promises: whatever requires a proof is neither offered nor run before it; never more proofs are sent than may fail; what
//! is proven follows from plan and history alone.
//! Never: takes the number that calls for a proof.

use serde_json::Value;

use super::order::Refusal;
use super::plan::{Effects, Plan, ToolPlan};
use super::proposals::{Proposal, Stage};
use super::{Conversation, Entry};
use crate::base::{ProposalId, ToolName};
use crate::language::{says, shows};

impl Plan {
    /// The tools that a model is not offered after so much of a history.
    pub fn withheld<'p>(&'p self, history: &'p [Entry]) -> impl Iterator<Item = &'p ToolPlan> {
        self.tools.iter().filter(|tool| !self.offers(tool, history))
    }

    fn offers(&self, tool: &ToolPlan, history: &[Entry]) -> bool {
        tool.identity.requires.as_ref().is_none_or(|proof| self.is_proven(proof, history))
    }

    /// Whether a tool that proves it was done in this call: with a result of its own, which what was done before has not.
    fn is_proven(&self, proof: &str, history: &[Entry]) -> bool {
        history.iter().any(|entry| match entry {
            Entry::Tool { tool, outcome, .. } => {
                let proves = self.tool(tool).and_then(|tool| tool.identity.proves.as_deref());
                proves == Some(proof) && outcome["status"] == "done" && outcome.get("result").is_some()
            }
            Entry::Caller { .. } | Entry::Keys { .. } | Entry::Agent { .. } => false,
        })
    }

    /// Whether the caller said or keyed a value before any system told it.
    fn is_own_word(&self, history: &[Entry], value: &str) -> bool {
        for entry in history {
            match entry {
                Entry::Caller { text } if says(self.language, text, value) => return true,
                Entry::Keys { keys } if is_keyed(keys, value) => return true,
                Entry::Tool { outcome, .. } if shows(self.language, outcome, value) => return false,
                Entry::Caller { .. } | Entry::Keys { .. } | Entry::Agent { .. } | Entry::Tool { .. } => {}
            }
        }
        false
    }
}

/// Whether keys are this very number; a star between digits makes two of them.
fn is_keyed(keys: &str, value: &str) -> bool {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    keys == value
        || !digits.is_empty() && keys.split(|key: char| !key.is_ascii_digit()).any(|run| run == digits)
}

/// Whether a wish may be taken up, as far as it is known who is calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Ready,
    /// Another wish comes to its end first: what it proves, or whether it fails, decides.
    Waits,
    Refused(Refusal),
}

impl Conversation {
    /// Where a wish stands.
    pub(super) fn standing(&self, id: ProposalId) -> Standing {
        let Some(wish) = self.proposals.get(id) else { return Standing::Ready };
        let Some(tool) = self.plan.tool(&wish.tool) else { return Standing::Ready };
        if self.is_keyed_for_another(id, tool, &wish.args) {
            return Standing::Refused(Refusal::KeyedForAnother);
        }
        if tool.identity.requires.as_ref().is_some_and(|proof| self.is_being_proven(proof, id)) {
            return Standing::Waits;
        }
        if let Some(why) = self.unidentified(tool, &wish.args) {
            return Standing::Refused(why);
        }
        if !tool.identity.tries() {
            return Standing::Ready;
        }
        let (most, failed) = (tool.identity.most_per_call(), self.proposals.count_unproven());
        let tried = self.proposals.iter().filter(|other| self.is_try(other)).count();
        match (failed < most, failed.saturating_add(tried) < most) {
            (false, _) => Standing::Refused(Refusal::ProofsSpent),
            // If all that are on their way fail, this one would be one too many.
            (true, false) => Standing::Waits,
            (true, true) => Standing::Ready,
        }
    }

    /// Whether a wish before this one may still prove it.
    fn is_being_proven(&self, proof: &str, id: ProposalId) -> bool {
        let proves = |name: &ToolName| {
            self.plan.tool(name).and_then(|tool| tool.identity.proves.as_deref()) == Some(proof)
        };
        let is_open = |other: &Proposal| !matches!(other.stage, Stage::Settled(_));
        self.proposals.iter().any(|other| other.id < id && is_open(other) && proves(&other.tool))
    }

    /// Whether a proof of it is on its way, and may fail.
    pub(super) fn is_try(&self, wish: &Proposal) -> bool {
        let is_on_its_way = match wish.stage {
            Stage::Preparing { .. } => true,
            // With effects, its proofs have held before its question.
            Stage::Running { .. } => wish.effects == Effects::None,
            Stage::Held | Stage::Waiting | Stage::Asking | Stage::Settled(_) => false,
        };
        is_on_its_way && self.plan.tool(&wish.tool).is_some_and(|tool| tool.identity.tries())
    }

    /// Why a wish must wait until it is known who is calling.
    fn unidentified(&self, tool: &ToolPlan, args: &Value) -> Option<Refusal> {
        let history = self.history.entries();
        if !self.plan.offers(tool, history) {
            return Some(Refusal::NotIdentified);
        }
        let own = |name: &String| match args.get(name) {
            // What is missing is asked for where the arguments are looked at.
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => self.plan.is_own_word(history, text),
            Some(Value::Number(number)) => self.plan.is_own_word(history, &number.to_string()),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => false,
        };
        (!tool.identity.proofs.iter().all(own)).then_some(Refusal::NotOwnWord)
    }
}
