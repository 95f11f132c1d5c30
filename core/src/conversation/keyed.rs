//! What was keyed for which value: the digits that a caller keyed for one are no other.
//!
//! They were keyed for what the agent had just asked for, where it asked in the admin's own words; else for the value as
//! which they are first passed on. Where neither of two values must be keyed, a caller may mean both by one number.
//!
//! Promises: a number that was keyed for a value which must be keyed (a PIN) is passed on as no other value, and no other
//! number as that one; it follows from plan, history and wishes alone.
//! Never: sees a digit.

use serde_json::Value;

use super::plan::{Parameter, SaidBy, ToolPlan};
use super::proposals::Proposal;
use super::{Conversation, Entry};
use crate::base::{Placeholder, PrivateKind, ProposalId, placeholders};

impl Conversation {
    /// Whether a wish passes on what was keyed for another value.
    pub(super) fn is_keyed_for_another(&self, id: ProposalId, tool: &ToolPlan, args: &Value) -> bool {
        tool.parameters.iter().any(|parameter| {
            keyed_in(args.get(&parameter.name))
                .into_iter()
                .any(|keyed| self.is_for_another(id, parameter, keyed))
        })
    }

    fn is_for_another(&self, id: ProposalId, parameter: &Parameter, keyed: Placeholder) -> bool {
        let is_other = |other: &Parameter| {
            let must_be_keyed = [parameter.said_by, other.said_by].contains(&SaidBy::Keypad);
            other.name != parameter.name && must_be_keyed
        };
        let asked = self.asked_before(keyed);
        if !asked.is_empty() {
            return asked.into_iter().all(is_other);
        }
        let earlier = self.proposals.iter().filter(|wish| wish.id < id);
        earlier.flat_map(|wish| self.passes_on(wish, keyed)).next().is_some_and(is_other)
    }

    /// What the agent had asked for when the number was keyed: several tools may ask for theirs in the same words.
    fn asked_before(&self, keyed: Placeholder) -> Vec<&Parameter> {
        let entries = self.history.entries();
        let is_it = |entry: &Entry| match entry {
            Entry::Keys { keys } => *keys == keyed.to_string(),
            Entry::Caller { .. } | Entry::Agent { .. } | Entry::Tool { .. } => false,
        };
        let Some(place) = entries.iter().position(is_it) else { return Vec::new() };
        let said = entries[..place].iter().rev().find_map(|entry| match entry {
            Entry::Agent { text } => Some(text.as_str()),
            Entry::Caller { .. } | Entry::Keys { .. } | Entry::Tool { .. } => None,
        });
        let Some(said) = said else { return Vec::new() };
        let parameters = self.plan.tools.iter().flat_map(|tool| &tool.parameters);
        parameters.filter(|asks| !asks.ask.is_empty() && said.ends_with(&asks.ask)).collect()
    }

    /// As which values a wish passes it on.
    fn passes_on(&self, wish: &Proposal, keyed: Placeholder) -> Vec<&Parameter> {
        let Some(tool) = self.plan.tool(&wish.tool) else { return Vec::new() };
        let holds = |parameter: &&Parameter| keyed_in(wish.args.get(&parameter.name)).contains(&keyed);
        tool.parameters.iter().filter(holds).collect()
    }
}

/// The numbers that were keyed and stand in a value, alone or among words.
fn keyed_in(value: Option<&Value>) -> Vec<Placeholder> {
    match value {
        Some(Value::String(text)) => {
            let all = placeholders(text).into_iter().map(|(_, placeholder, _)| placeholder);
            all.filter(|placeholder| placeholder.kind == PrivateKind::Keys).collect()
        }
        Some(Value::Array(items)) => items.iter().flat_map(|item| keyed_in(Some(item))).collect(),
        Some(Value::Object(fields)) => fields.values().flat_map(|field| keyed_in(Some(field))).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_)) | None => Vec::new(),
    }
}
