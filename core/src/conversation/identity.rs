//! Who is calling, as far as this call has shown it.
//!
//! A tool that compares what a caller says with what a system holds proves something only if the caller said it: a model
//! that guesses, or repeats what an earlier answer told it, proves nothing. What is proven stands for the rest of the call.
//!
//! Promises: whatever requires a proof is neither offered nor run before it; it follows from plan and history alone.
//! Never: takes the number that calls for a proof.

use serde_json::Value;

use super::order::Refusal;
use super::plan::{Plan, ToolPlan};
use super::{Conversation, Entry};
use crate::base::ToolName;
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

impl Conversation {
    /// Why a wish must wait until it is known who is calling.
    pub(super) fn unidentified(&self, tool: &ToolName, args: &Value) -> Option<Refusal> {
        let tool = self.plan.tool(tool)?;
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
