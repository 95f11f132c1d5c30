//! Who may hear what a tool finds: its proofs, what they prove, and what must be proven before it.
//!
//! Promises: a proof compares in exactly one way, with a parameter that the caller supplies; what a tool proves has a proof
//! behind it, and what it requires can be proven by another tool of the same agent; all proofs of a tool fail in the same
//! words.
//! Never: takes a number that calls for a proof.

use std::collections::BTreeSet;

use centralita_core::conversation::{Identity, ToolPlan};

use super::place::{Place, Spanned};
use super::problems::Desk;
use super::reader::{Reader, is_name};
use super::written::{RuleWritten, ToolWritten, TriesWritten};
use crate::integrations::{BUDGET_MOST, Budget, Compare, Rule, pattern};

const WAYS: &str = "equals, equals_ignore_case, equals_digits, equals_phone, contains, matches, one_of";

/// Reads one proof; none where it cannot be meant.
pub(super) fn read_rule(
    reader: &mut Reader<'_, '_>,
    written: &Spanned<RuleWritten>,
    parameters: &BTreeSet<String>,
) -> Option<Rule> {
    let rule = &written.value;
    if !parameters.contains(&rule.parameter.value) {
        let what = format!("there is no parameter `{}`", rule.parameter.value);
        reader.say(rule.parameter.place, what, "a proof compares what the caller said: name a parameter");
    }
    let error = reader.words(Some(&rule.error));
    let ways = [
        (Compare::Equals, &rule.equals),
        (Compare::EqualsIgnoreCase, &rule.equals_ignore_case),
        (Compare::EqualsDigits, &rule.equals_digits),
        (Compare::EqualsPhone, &rule.equals_phone),
        (Compare::Contains, &rule.contains),
        (Compare::OneOf, &rule.one_of),
    ];
    let plain = ways.into_iter().filter_map(|(compare, held)| Some((compare, held.as_ref()?)));
    let matches = rule.matches.as_ref().map(|matches| {
        if let Err(why) = pattern(&matches.pattern.value) {
            let remedy =
                "write a regular expression without look-around and back-references, like '([0-9]{4})$'";
            reader.say(matches.pattern.place, format!("this pattern cannot be kept to: {why}"), remedy);
        }
        (Compare::Matches(matches.pattern.value.clone()), &matches.held)
    });
    let mut chosen = plain.chain(matches);
    let (Some((compare, held)), None) = (chosen.next(), chosen.next()) else {
        let remedy = format!("write one of {WAYS}");
        reader.say(written.place, "a proof compares in exactly one way", remedy);
        return None;
    };
    let held = reader.over_answer(held.place, &held.value);
    let country = reader.country.filter(|_| compare == Compare::EqualsPhone).map(str::to_owned);
    Some(Rule { parameter: rule.parameter.value.clone(), compare, held, country, error })
}

/// Which of two values was wrong, and whether there is such a record at all, would be told by the words: they are the same.
pub(super) fn alike(reader: &mut Reader<'_, '_>, written: &[Spanned<RuleWritten>], rules: &[Rule]) {
    let Some(first) = rules.first() else { return };
    // Where one could not be read, that is told, and which rule is whose is not known.
    let other = written.iter().zip(rules).find(|(_, rule)| rule.error != first.error);
    if let Some((other, _)) = other.filter(|_| written.len() == rules.len()) {
        let what = "the words would tell which of two proofs failed";
        let remedy =
            "write the same `error` under each, and nothing that depends on which: whoever guesses listens";
        reader.say(other.value.error.place, what, remedy);
    }
}

/// How many of its proofs may fail.
pub(super) fn budget(reader: &mut Reader<'_, '_>, tool: &ToolWritten) -> Budget {
    let mut budget = Budget::default();
    let Some(written) = &tool.tries else { return budget };
    if tool.verify.is_empty() {
        let remedy = "write under `verify` what the caller must know, or take it away";
        reader.say(written.place, "nothing is tried here: there are no proofs", remedy);
    }
    let TriesWritten { per_call, per_caller, per_record } = &written.value;
    let mut read = |written: &Option<Spanned<u8>>, most: u8, into: &mut u8| {
        let Some(Spanned { place, value }) = written else { return };
        if (1..=most).contains(value) {
            *into = *value;
        } else {
            let what = format!("so many proofs cannot fail: {value}");
            reader.say(*place, what, format!("1 to {most}: more is no limit to who calls by a program"));
        }
    };
    read(per_call, BUDGET_MOST.per_call, &mut budget.per_call);
    read(per_caller, BUDGET_MOST.per_caller, &mut budget.per_caller);
    read(per_record, BUDGET_MOST.per_record, &mut budget.per_record);
    budget
}

/// What the tool has to do with who is calling.
pub(super) fn identity(reader: &mut Reader<'_, '_>, tool: &ToolWritten, budget: Budget) -> Identity {
    for name in tool.proves.iter().chain(&tool.requires) {
        if !is_name(&name.value) {
            let what = format!("`{}` cannot be the name of a proof", name.value);
            reader.say(name.place, what, "small letters, digits and `_`, like `identified`");
        }
    }
    if let Some(proves) = tool.proves.as_ref().filter(|_| tool.rules().next().is_none()) {
        let what = format!("nothing stands behind `proves: {}`", proves.value);
        reader.say(proves.place, what, "write under `verify` what the caller must know, or take it away");
    }
    if let (Some(proves), Some(requires)) = (&tool.proves, &tool.requires)
        && proves.value == requires.value
    {
        let what = format!("a tool that requires `{}` cannot be what proves it", proves.value);
        reader.say(requires.place, what, "take one of the two away");
    }
    let name = |written: &Option<Spanned<String>>| written.as_ref().map(|name| name.value.clone());
    let proofs: BTreeSet<&str> = tool.rules().map(|rule| rule.value.parameter.value.as_str()).collect();
    Identity {
        proofs: proofs.into_iter().map(str::to_owned).collect(),
        proves: name(&tool.proves),
        requires: name(&tool.requires),
        per_call: Some(budget.per_call).filter(|most| *most != Budget::default().per_call),
    }
}

/// What a tool of this agent requires, another one of it must prove.
pub(super) fn provable(desk: &mut Desk<'_>, plans: &[ToolPlan], assigned: &[Spanned<String>]) {
    for plan in plans {
        let Some(proof) = &plan.identity.requires else { continue };
        if plans.iter().any(|other| other.identity.proves.as_ref() == Some(proof)) {
            continue;
        }
        let named = assigned.iter().find(|name| name.value == *plan.name.0);
        let place = named.map_or_else(Place::default, |name| name.place);
        let what = format!("`{}` requires `{proof}`, which no tool of this agent proves", plan.name);
        let remedy = format!("assign a tool that verifies the caller and says `proves: {proof}`");
        desk.say(place, what, remedy);
    }
}
