//! What the model says of what was done, held against what was: a measured filter, not a promise.
//!
//! Promises: in a call in which nothing was done, the usual ways to say so are not spoken; after an action, no amount and no
//! day that nobody ever named. How things stand in a system may be told in its own words.
//! Never: changes a piece; it is spoken whole or not at all.

use std::collections::BTreeSet;

use serde_json::Value;

use super::plan::Effects;
use super::proposals::{Proposal, Stage};
use super::{Conversation, Entry};
use crate::language::{Figures, Language, claims_done, claims_done_beyond, words_of};

impl Conversation {
    /// Whether a piece of the model's is kept from the caller.
    pub(super) fn is_screened(&self, piece: &str) -> bool {
        self.claims_what_is_not(piece) || self.names_what_nothing_holds(piece)
    }

    /// A claim that something was done, where nothing was.
    fn claims_what_is_not(&self, piece: &str) -> bool {
        let acts = self.plan.tools.iter().any(|tool| tool.effects != Effects::None);
        let language = self.plan.language;
        acts && !self.proposals.any_done(self.turns)
            && claims_done(language, piece)
            && claims_done_beyond(language, piece, &self.standings())
    }

    /// The words in which systems have told how things stand: an order that is called shipped may be called so. None once an
    /// action was wished for and is more than a wish: it could be taken for what is told of.
    fn standings(&self) -> BTreeSet<String> {
        let begun = |p: &Proposal| matches!(p.stage, Stage::Running { .. } | Stage::Settled(_));
        if self.proposals.iter().any(|p| p.effects != Effects::None && begun(p)) {
            return BTreeSet::new();
        }
        let mut held = BTreeSet::new();
        for entry in self.history.entries() {
            match entry {
                Entry::Tool { outcome, .. } => add_words(&outcome["result"], &mut held),
                Entry::Caller { .. } | Entry::Keys { .. } | Entry::Agent { .. } => {}
            }
        }
        held
    }

    /// After an outcome, an amount or a day that neither a result nor the caller nor the admin ever named.
    fn names_what_nothing_holds(&self, piece: &str) -> bool {
        if !self.proposals.any_effect_settled(self.turns) {
            return false;
        }
        let language = self.plan.language;
        let named = Figures::in_text(language, piece);
        !named.is_empty() && !self.figures(language).hold(&named)
    }

    fn figures(&self, language: Language) -> Figures {
        let mut held = self.admins_figures.clone();
        for entry in self.history.entries() {
            match entry {
                Entry::Caller { text } => held.add_text(language, text),
                Entry::Tool { outcome, .. } => held.add_value(language, outcome),
                // Keys are no amounts yet; what the agent said before proves nothing.
                Entry::Keys { .. } | Entry::Agent { .. } => {}
            }
        }
        self.proposals.iter().for_each(|proposal| held.add_value(language, &proposal.values));
        held
    }
}

/// The words of all texts in a value.
fn add_words(value: &Value, held: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => held.append(&mut words_of(text)),
        Value::Array(items) => items.iter().for_each(|item| add_words(item, held)),
        Value::Object(fields) => fields.values().for_each(|field| add_words(field, held)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
