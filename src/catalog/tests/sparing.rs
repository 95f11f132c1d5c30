//! What can be wrong with limits, memory, wordings and what a condition asks of the call, each by the words an admin reads.
//!
//! Promises: every check of them has a row; a tool without any is as before.
//! Never: lets a second problem hide behind the first.

use centralita_core::base::Millis;
use centralita_core::conversation::Policy;

use super::table::{broken, each_has_one_problem};
use super::*;
use crate::integrations::PerCaller;

const TIME: &str = "    timeout_ms: 5000\n";
const DONE: &str = "phrases: {done: \"Done, {{ id }}.\"}";
const CONFIRM: &str = "    confirm:\n";
const STATUS: &str = "    response: {map: {state: state}}\n";

/// What is replaced, by what, and the words of the problem that follows, and of its remedy.
const TABLE: &[(&str, &str, &str)] = &[
    (TIME, "    cache_s: 30\n", "what has effects is never answered from memory|effects: none"),
    (STATUS, "    response: {map: {state: state}}\n    cache_s: 901\n", "901 seconds is no time|1 to 900"),
    (STATUS, "    response: {map: {state: state}}\n    cache_s: 0\n", "0 seconds is no time|1 to 900"),
    (TIME, "    limits: {per_call: 0}\n", "0 is no limit|not assigned"),
    (TIME, "    limits: {per_caller: {per_day: 1001}}\n", "1001 is no limit|1 to 1000"),
    (
        TIME,
        "    limits: {per_caller: {per_hour: 3, per_day: 2}}\n",
        "more is allowed in an hour than in a day|the smaller one",
    ),
    (TIME, "    limits: {per_calls: 1}\n", "there is no field `per_calls`|did you mean `per_call`?"),
    (TIME, "    limits: {per_caller: 3}\n", "`per_caller`|per_hour"),
    (DONE, "phrases: {spent: Enough.}", "`spent` is never said of a tool without limits|`per_call`"),
    (DONE, "phrases: {delay_after_ms: 100}", "100 ms of silence|500 to 10000"),
    (DONE, "phrases: {delay_again_after_ms: 10001}", "10001 ms of silence|500 to 10000"),
    (DONE, "phrases: {delay: [One moment., \"{{ id }}\"]}", "`id` has no source|amount, item"),
    (DONE, "phrases: {done: {es: [Hecho., Ya está.]}}", "no words for the language `en`|add `en:`"),
    (
        CONFIRM,
        "    confirm:\n      policy: {when: \"call.sum('order') > 1\"}\n",
        "sums up what is no amount|call.sum('amount')",
    ),
    (
        CONFIRM,
        "    confirm:\n      policy: {when: \"call.sum('amount', 2) > 1\"}\n",
        "wants one name in quotes|call.sum('amount')",
    ),
    (CONFIRM, "    confirm:\n      policy: {when: call.id == 'x'}\n", "`call.id` has no source|call.count"),
];

#[test]
fn every_mistake_about_how_often_is_named_with_its_remedy() {
    each_has_one_problem(TABLE);
}

#[test]
fn what_is_written_of_time_and_limits_is_meant() {
    let phrases = "phrases: {delay: {en: [One moment., Let me look.]}, delay_after_ms: 3000, spent: Enough., \
                   out_of_reach: Later.}";
    let limits = "    timeout_ms: 5000\n    limits: {per_call: 2, per_caller: {per_day: 5}}\n";
    let when = "    confirm:\n      policy: {when: \"call.sum('amount') + (amount | minor) > 5000 or call.count > 2\"}\n";
    let changes = [(DONE, phrases), (TIME, limits), (CONFIRM, when)];
    let catalog =
        check(&broken(&changes), &BTreeMap::new()).unwrap_or_else(|problems| panic!("\n{problems}"));
    let agent = &catalog.agents["shop"];
    let (plan, spec) = (&agent.plan.tools[0], &agent.tools[0]);
    assert_eq!(plan.per_call, Some(2));
    assert_eq!(spec.per_caller, PerCaller { per_hour: None, per_day: Some(5) });
    assert_eq!(plan.phrases.delay.iter().collect::<Vec<_>>(), ["One moment.", "Let me look."]);
    assert_eq!(plan.phrases.delay_after, Some(Millis(3_000)));
    assert_eq!((plan.phrases.spent.after(0), plan.phrases.out_of_reach.after(0)), ("Enough.", "Later."));
    assert!(matches!(&plan.confirm.policy, Policy::When(condition) if condition.contains("call.count")));
}

#[test]
fn a_tool_without_limits_means_what_it_meant_before_there_were_any() {
    let catalog = check(&broken(&[]), &BTreeMap::new()).unwrap_or_else(|problems| panic!("\n{problems}"));
    let agent = &catalog.agents["shop"];
    let plan = serde_json::to_value(&agent.plan.tools[0]).unwrap();
    let spec = serde_json::to_value(&agent.tools[0]).unwrap();
    for (value, field) in [(&plan, "per_call"), (&spec, "cache"), (&spec, "per_caller")] {
        assert!(value.get(field).is_none(), "{field}");
    }
    let phrases: Vec<&String> = plan["phrases"].as_object().unwrap().keys().collect();
    assert_eq!(phrases, ["declined", "delay", "done", "failed", "start", "unknown"]);
}
