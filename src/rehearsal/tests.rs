//! Tests of tests: agents of text, played.
//!
//! Promises: every expectation is tried met and not met.
//! Never: reads an agent from where the samples lie, but to play the samples' own tests.

mod values;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::catalog::{Catalog, Kind, Source, check, find};
use crate::llm::builtin::Builtin;

fn samples(change: impl Fn(&str) -> String) -> Catalog {
    let sources = find(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("the samples are there");
    let change = |source: Source| match source.kind {
        Kind::Agent if source.path.ends_with("shop.yaml") => {
            let (own, _) = source.text.split_once("\ntests:").expect("the sample has tests");
            let text = change(own);
            Source::new(source.kind, source.path, text)
        }
        Kind::Agent | Kind::Integration | Kind::Pin => source,
    };
    let sources: Vec<Source> = sources.into_iter().map(change).collect();
    check(&sources, &BTreeMap::new()).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The shop with one test of these lines, played.
async fn played(test: &str) -> Rehearsed {
    let indented: String = test.lines().map(|line| format!("    {line}\n")).collect();
    let catalog = samples(|own| format!("{own}\ntests:\n  - name: a test\n{indented}"));
    let agent = &catalog.agents["shop"];
    let llm: Arc<dyn Llm> = Arc::new(Builtin);
    rehearse(agent, &agent.tests[0], &llm).await.unwrap_or_else(|fault| panic!("{fault}"))
}

const ASK: &str = "call:\n  - caller: I want twenty dollars back for order one one eight two\n";

#[tokio::test]
async fn every_test_of_the_samples_passes() {
    let sources = find(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("the samples are there");
    let catalog = check(&sources, &BTreeMap::new()).unwrap_or_else(|problems| panic!("{problems}"));
    let llm: Arc<dyn Llm> = Arc::new(Builtin);
    let mut report = Report::default();
    for agent in catalog.agents.values() {
        assert!(!agent.tests.is_empty(), "{} has tests", agent.plan.agent);
        for test in &agent.tests {
            report.0.push(rehearse(agent, test, &llm).await.unwrap_or_else(|fault| panic!("{fault}")));
        }
    }
    assert!(report.is_good(), "{report}");
}

#[tokio::test]
async fn every_kind_of_expectation_is_met_or_not() {
    for (lines, good) in [
        ("  - agent: Shall I refund twenty dollars on order 1182\n", true),
        ("  - agent: twenty dollars … walnut\n", true),
        ("  - agent: twenty euros\n", false),
        ("  - confirms: shop.refund\n", true),
        ("  - confirms: {shop.refund: {amount: 20, order: \"1182\"}}\n", true),
        ("  - confirms: {shop.refund: {amount: \"21\"}}\n", false),
        ("  - runs: shop.refund\n", false),
        ("  - caller: yes\n  - runs: {shop.refund: {order: \"1182\"}}\n  - agent: on their way\n", true),
        ("  - caller: no\n  - runs_not: shop.refund\n", true),
        ("  - caller: no\n  - runs: shop.refund\n", false),
        ("  - caller: yes\n  - runs_not: shop.refund\n", false),
        ("  - runs_not: shop.refund\n  - caller: yes\n", false),
        ("  - hangs_up\n", false),
        ("  - waits: 110000\n  - hangs_up\n", true),
        ("  - keys: \"1\"\n  - runs: shop.refund\n", true),
    ] {
        let test = played(&format!("{ASK}{lines}")).await;
        assert_eq!(test.is_good(), good, "{lines}\n{test}");
    }
}

#[tokio::test]
async fn a_tool_answers_as_the_test_says() {
    for (mock, outcome) in [
        ("{answers: {refunded: \"{amount}\"}}", "on their way"),
        ("{refuses: 422}", "did not go through"),
        ("silent", "do not know whether"),
    ] {
        let test = format!("tools: {{shop.refund: {mock}}}\n{ASK}  - caller: yes\n  - agent: {outcome}\n");
        let test = played(&test).await;
        assert!(test.is_good(), "{mock}\n{test}");
    }
}

#[tokio::test]
async fn a_failure_shows_the_call_the_place_and_what_came_instead() {
    let test = played(&format!("{ASK}  - agent: twenty euros\n")).await;
    let told = test.to_string();
    for part in [
        "FAILED  shop: a test (agents/shop.yaml:",
        "caller  I want twenty dollars back for order one one eight two",
        "\nexpected at agents/shop.yaml:",
        ": agent: twenty euros\ninstead: agent: Shall I refund twenty dollars",
        "what to do:",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let report = Report(vec![test]);
    let (json, xml) = (report.json(), report.junit().expect("words of a call are XML"));
    assert_eq!((&json["ok"], &json["failed"]), (&false.into(), &1.into()));
    assert_eq!(json["tests"][0]["expected"], "agent: twenty euros");
    assert!(xml.contains("failures=\"1\"") && xml.contains("twenty euros"), "{xml}");
}

#[tokio::test]
async fn a_played_call_folds_to_its_own_lines() {
    let test = played(&format!("{ASK}  - caller: yes\n  - runs: shop.refund\n")).await;
    let catalog = samples(str::to_owned);
    let plan = Arc::new(catalog.agents["shop"].plan.clone());
    assert_eq!(crate::core::journal::fold(&test.call, plan).lines, test.call.lines);
}
