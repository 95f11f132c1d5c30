//! What can be wrong with an agent's tests.
//!
//! Promises: every row has one problem, told at the place it is about, with its remedy.
//! Never: plays a call.

use super::*;

/// Problems of a test with these lines, in the agent's file.
fn told(lines: &str) -> Vec<Problem> {
    let tests = format!("tests:\n  - name: a test\n{lines}");
    let sources = table::broken(&[("spoken_yes:", &format!("{tests}spoken_yes:"))]);
    check(&sources, &BTreeMap::new()).err().map(|problems| problems.all).unwrap_or_default()
}

#[test]
fn what_a_test_names_the_agent_has_and_it_can_fail() {
    for (lines, want) in [
        ("    call: [{caller: hello}, {agent: hello}]\n", ""),
        ("    call: [{caller: hello}, {runs: {shop.refund: {amount: 20}}}, hangs_up]\n", ""),
        ("    tools: {shop.refund: silent}\n    call: [{caller: hello}, {runs_not: shop.refund}]\n", ""),
        ("    call: [{caller: hello}]\n", "this test expects nothing|add what shall come of it"),
        ("    call: [{caler: hello}, {agent: hello}]\n", "cannot be `caler`|did you mean `caller`?"),
        ("    call: [{caller: ' '}, {agent: hello}]\n", "the caller says nothing|waits: 8000"),
        ("    call: [{agent: '…'}]\n", "no word that the agent could say|some of its words"),
        ("    call: [{keys: 1a}, {agent: hello}]\n", "`1a` is no row of keys|in quotes"),
        ("    call: [{waits: 0}, {agent: hello}]\n", "nobody waits for 0 ms|1 to 120000"),
        (
            "    call: [{runs: shop.refnud}]\n",
            "this agent has no tool `shop.refnud`|did you mean `shop.refund`?",
        ),
        ("    call: [{runs_not: shop.status}]\n", "no tool `shop.status`|tools of this agent: shop.refund"),
        (
            "    call: [{confirms: {shop.refund: {amuont: 20}}}]\n",
            "no parameter `amuont`|did you mean `amount`?",
        ),
        ("    call: [{confirms: {shop.refund: 20}}]\n", "names with values|{shop.refund: {order: \"1182\"}}"),
        ("    call: [{confirms: [shop.refund]}]\n", "here stands one tool|write `shop.refund`"),
        (
            "    tools: {shop.refund: {refuses: 200}}\n    call: [{agent: hello}]\n",
            "200 is no status by which a system refuses|400 to 599",
        ),
        (
            "    tools: {shop.refund: gone}\n    call: [{agent: hello}]\n",
            "cannot be `gone`|answers, refuses, silent",
        ),
        (
            "    call: [{agent: hello}]\n  - name: a test\n    call: [{agent: hello}]\n",
            "`a test` is no name of its own|in a few words",
        ),
        ("    calls: [{agent: hello}]\n", "there is no field `calls` here|did you mean `call`?"),
    ] {
        let told = told(lines);
        let Some((what, remedy)) = want.split_once('|') else {
            assert!(told.is_empty(), "{lines}: {told:?}");
            continue;
        };
        assert_eq!(told.len(), 1, "{lines}: {told:?}");
        assert!(told[0].what.contains(what), "{lines}: {told:?}");
        assert!(told[0].remedy.contains(remedy), "{lines}: {told:?}");
        assert!(told[0].file == "agents/shop.yaml" && told[0].line >= 15, "{lines}: {told:?}");
    }
}

#[test]
fn an_agent_that_hears_nobody_is_not_spoken_to_and_a_tool_that_never_asks_confirms_nothing() {
    let tests = "tests:\n  - name: a test\n    call: [{caller: hello}, {agent: hello}]\nspoken_yes:";
    let deaf = table::broken(&[("spoken_yes:", tests), ("currency: USD", "currency: USD\nstt: none")]);
    let problems = check(&deaf, &BTreeMap::new()).unwrap_err().to_string();
    assert!(
        problems.contains("has `stt: none` and hears nobody") && problems.contains("keys: \"1\""),
        "{problems}"
    );
    let tests = "tests:\n  - name: a test\n    call: [{confirms: shop.refund}]\nspoken_yes:";
    let never =
        table::broken(&[("spoken_yes:", tests), ("    confirm:\n", "    confirm:\n      policy: never\n")]);
    let problems = check(&never, &BTreeMap::new()).unwrap_err().to_string();
    assert!(problems.contains("`shop.refund` is never asked about"), "{problems}");
}

#[test]
fn a_test_is_no_part_of_what_an_agent_means() {
    let hash = |sources: &[Source]| check(sources, &BTreeMap::new()).unwrap().agents["shop"].plan.hash;
    let tests = "tests:\n  - name: a test\n    call: [{agent: hello}]\nspoken_yes:";
    assert_eq!(hash(&table::broken(&[])), hash(&table::broken(&[("spoken_yes:", tests)])));
}
