//! Tools of several steps, as an admin writes them.
//!
//! Promises: the example of the documentation is without fault; each thing that can be wrong with steps is told with what to
//! do.
//! Never: lets a second problem hide behind the first.

use std::collections::BTreeMap;

use super::*;

const AGENT: &str = "version: 1\nid: shop\ntitle: The shop\nlanguage: en\ncurrency: USD\ngreeting: Hello.\n\
    prompt: Be brief.\ntools: [office.refund]\n";

/// A login, a look-up, and the deed.
const OFFICE: &str = r#"version: 1
id: office
title: Orders
kind: http
base_url: https://shop.example/v1
tools:
  - name: refund
    description: Refund an amount of money on an order.
    parameters:
      - {name: order, kind: digits, ask: Which order?}
      - {name: amount, kind: money, ask: How much?}
      - {name: pin, kind: digits, ask: Your pin?}
      - {name: shop_key, from: {secret: SHOP_KEY}}
    steps:
      - id: login
        request: {method: POST, path: /login, body: {user: phone, key: "{shop_key}"}}
        effects: none
        response:
          map: {token: {value: access_token, secret: true}, desk: desk}
          sample: {access_token: a-token-for-tests, desk: phone}
      - id: order
        request:
          method: GET
          path: /orders/{order}
          headers: {Authorization: "Bearer {{ steps.login.token }}"}
        verify: [{parameter: pin, equals: pin, error: That does not fit.}]
        response: {map: {item: item, payment: payment.id}, errors: {404: There is no such order.}}
      - id: card
        if: amount | minor > 2000
        request: {method: GET, path: "/payments/{{ steps.order.payment }}/card", query: {desk: "{{ steps.login.desk }}"}}
        response: {map: {kind: kind}}
      - id: refund
        request:
          method: POST
          path: /payments/{{ steps.order.payment }}/refunds
          headers: {Authorization: "Bearer {{ steps.login.token }}"}
          body: {amount: "{amount}", card: "{{ steps.card.kind }}"}
        response: {map: {refunded: amount}, sample: {amount: "{amount}"}}
        idempotency: {header: Idempotency-Key}
        not_done_on: [503]
    proves: identified
    response: {map: {refunded: steps.refund.refunded, item: steps.order.item}, store: {last: refunded}}
    confirm:
      question: "Shall I refund {{ amount | money }} on order {{ order | digits }}, {{ steps.order.item }}?"
      action: "Refunding {{ amount | money }}."
    phrases: {done: "Done: {{ refunded }}."}
"#;

fn with(changes: &[(&str, &str)]) -> Vec<Source> {
    let change = |text: &str| {
        changes.iter().fold(text.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from} is not there");
            text.replacen(from, to, 1)
        })
    };
    vec![
        Source::new(Kind::Agent, "agents/shop.yaml".to_owned(), AGENT.to_owned()),
        Source::new(Kind::Integration, "integrations/office.yaml".to_owned(), change(OFFICE)),
    ]
}

fn refund(sources: &[Source]) -> Agent {
    let mut catalog = check(sources, &BTreeMap::new()).unwrap_or_else(|problems| panic!("\n{problems}"));
    catalog.agents.remove("shop").expect("the agent is there")
}

#[test]
fn steps_mean_what_they_say() {
    let agent = refund(&with(&[]));
    let (plan, spec) = (&agent.plan.tools[0], &agent.tools[0]);
    let ids: Vec<&str> =
        spec.prepare.iter().chain([&spec.request]).map(|e| e.step.as_ref().unwrap().id.as_str()).collect();
    assert_eq!(ids, ["login", "order", "card", "refund"]);
    let login = spec.prepare[0].step.as_ref().unwrap();
    assert_eq!(login.secret, ["token".to_owned()].into());
    assert_eq!(spec.prepare[2].step.as_ref().unwrap().when.as_deref(), Some("amount | minor > 2000"));
    assert_eq!((spec.effects, plan.effects), (Effects::Irreversible, Effects::Irreversible));
    assert_eq!(
        (plan.idempotency, plan.identity.proofs.as_slice()),
        (Idempotency::Keyed, &["pin".to_owned()][..])
    );
    assert_eq!((spec.prepare[1].verify.len(), spec.request.verify.len()), (1, 0));
    assert_eq!(spec.result.as_ref().unwrap()["item"], "steps.order.item");
    assert!(!serde_json::to_string(&spec).unwrap().contains("a-token-for-tests"), "a sample means nothing");
}

#[test]
fn the_last_step_may_be_one_that_reads() {
    let only_reads = [
        (
            "      - id: refund\n        request:\n          method: POST\n",
            "      - id: refund\n        request:\n          method: GET\n",
        ),
        ("          body: {amount: \"{amount}\", card: \"{{ steps.card.kind }}\"}\n", ""),
        ("        idempotency: {header: Idempotency-Key}\n        not_done_on: [503]\n", ""),
        ("    phrases: {done: \"Done: {{ refunded }}.\"}\n", ""),
    ];
    let agent = refund(&with(&only_reads));
    assert_eq!(
        (agent.tools[0].effects, &agent.plan.tools[0].confirm.policy),
        (Effects::None, &Policy::Never)
    );
}

#[test]
fn the_example_of_the_documentation_is_without_fault() {
    let page = include_str!("../../../docs/definitions.md");
    let (_, section) = page.split_once("\n## Steps\n").expect("the section is there");
    let (_, from) = section.split_once("```yaml\n").expect("it has an example");
    let (example, _) = from.split_once("```").expect("the example ends");
    let head = OFFICE.split_once("tools:\n").expect("there are tools").0;
    let indented: String = example.lines().map(|line| format!("  {line}\n")).collect();
    let mut sources = with(&[]);
    sources[1].text = format!("{head}tools:\n{indented}");
    refund(&sources);
}

/// What is replaced, by what, and the words of the problem that follows (and of its remedy, after `|`).
const TABLE: &[(&str, &str, &str)] = &[
    ("if: amount | minor > 2000", "if: amount > 2000", "compared as a text|minor"),
    ("if: amount | minor > 2000", "if: \"true\"", "names no value|compare"),
    ("if: amount | minor > 2000", "if: steps.refund.refunded == 1", "`steps.refund.refunded` has no source|"),
    ("if: amount | minor > 2000", "if: steps.login.token == 'x'", "is a secret|under `request`"),
    (
        "if: amount | minor > 2000",
        "if: steps.order.item > 20",
        "`steps.order.item` is compared as a text|minor",
    ),
    (
        "{{ steps.login.token }}",
        "{{ steps.login.tokens }}",
        "`steps.login.tokens` has no source|did you mean",
    ),
    ("{{ steps.login.token }}", "{{ steps.login }}", "`steps.login` has no source|"),
    ("{{ steps.login.token }}", "{{ steps.order.item }}", "`steps.order.item` has no source|"),
    (
        "/payments/{{ steps.order.payment }}/refunds",
        "/payments/{{ steps.login.token }}/refunds",
        "part of the URL|header",
    ),
    (
        "{{ steps.order.item }}?",
        "{{ steps.login.token }}?",
        "`steps.login.token` is a secret|under `request`",
    ),
    ("{{ steps.order.item }}?", "{{ steps.refund.refunded }}?", "`steps.refund.refunded` has no source|"),
    ("{{ steps.order.item }}?", "{{ steps.card.kind }}?", "`steps.card.kind` may be left out|is not none"),
    (
        "/payments/{{ steps.order.payment }}/refunds",
        "/payments/{{ steps.card.kind }}/refunds",
        "`steps.card.kind` may be left out|",
    ),
    ("item: steps.order.item}", "item: steps.login.token}", "`steps.login.token` is a secret|"),
    (
        "item: steps.order.item}",
        "item: {value: steps.order.item, secret: true}}",
        "who could use a secret|leave it out",
    ),
    (
        "token: {value: access_token, secret: true}",
        "token: access_token",
        "`token` looks like a secret|secret: true",
    ),
    (
        "token: {value: access_token, secret: true}",
        "token: {value: access_token}",
        "`secret` is missing|add `secret",
    ),
    (
        "token: {value: access_token, secret: true}",
        "token: {value: access_token, secret: yes}",
        "must be `true` or `false`|write `true`",
    ),
    (
        "    proves: identified\n",
        "    proves: identified\n    effects: reversible\n",
        "`effects` is of one request|by the step",
    ),
    (
        "    proves: identified\n",
        "    proves: identified\n    request: {method: GET, path: /}\n",
        "`request` is of one request|by the step",
    ),
    (
        "        response: {map: {kind: kind}}",
        "        response: {map: {kind: kind}, store: {k: kind}}",
        "a step stores nothing|by the tool itself",
    ),
    (
        "        if: amount | minor > 2000\n",
        "        if: amount | minor > 2000\n        verify: [{parameter: pin, equals: pin, error: No.}]\n",
        "may be left out proves nothing|take its `if` away",
    ),
    (
        "        idempotency: {header: Idempotency-Key}\n",
        "        idempotency: {header: Idempotency-Key}\n        verify: [{parameter: pin, equals: pin, error: No.}]\n",
        "or after it, would come too late|an earlier step",
    ),
    (
        "name: pin, kind: digits, ask: Your pin?}",
        "name: pin, kind: digits, ask: Your pin?}\n      - {name: steps, from: {constant: 1}}",
        "a parameter is called `steps`|otherwise",
    ),
];

/// The same, of what makes other things wrong as well.
const WITH_CONSEQUENCES: &[(&str, &str, &str)] = &[
    ("- id: login", "- id: Log-in", "`Log-in` cannot be a step's id|small letters"),
    ("- id: card", "- id: login", "there are two steps `login`|an id of its own"),
    (
        "{refunded: amount}, sample",
        "{refunded: {value: amount, secret: true}}, sample",
        "nothing comes after this request|leave it out",
    ),
];

#[test]
fn each_fault_of_steps_has_one_problem_with_its_remedy() {
    let mut wrong = Vec::new();
    let alone = TABLE.iter().map(|row| (row, true));
    for ((from, to, want), is_alone) in alone.chain(WITH_CONSEQUENCES.iter().map(|row| (row, false))) {
        let Err(problems) = check(&with(&[(from, to)]), &BTreeMap::new()) else {
            wrong.push(format!("{to}: no problem"));
            continue;
        };
        let (what, remedy) = want.split_once('|').unwrap();
        let told = |p: &Problem| p.what.contains(what) && p.remedy.contains(remedy) && p.line > 0;
        if (is_alone && problems.all.len() != 1) || !problems.all.first().is_some_and(told) {
            wrong.push(format!("{to}: wanted {want}, got\n{problems}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

#[test]
fn a_tool_without_request_and_steps_is_told() {
    let begin = OFFICE.find("    steps:\n").unwrap();
    let end = OFFICE.find("    proves:").unwrap();
    let problems =
        check(&with(&[(&OFFICE[begin..end], "")]), &BTreeMap::new()).expect_err("it sends nothing");
    assert_eq!(problems.all.len(), 1, "\n{problems}");
    assert_eq!(problems.all[0].what, "`request` is missing in this item of `tools`");
}

/// A booking, and its payment.
const TWO: [(&str, &str); 4] = [
    (
        "{method: GET, path: \"/payments/{{ steps.order.payment }}/card\", query: {desk: \"{{ steps.login.desk }}\"}}\n",
        "{method: POST, path: \"/payments/{{ steps.order.payment }}/locks\"}\n        idempotency: {header: Again}\n",
    ),
    ("- id: card\n        if: amount | minor > 2000\n", "- id: card\n"),
    ("    phrases: {done:", "    phrases: {partly: Only a part was done., done:"),
    (
        "{Authorization: \"Bearer {{ steps.login.token }}\"}\n          body",
        "{X-Desk: \"{{ steps.login.desk }}\"}\n          body",
    ),
];

#[test]
fn several_steps_may_have_effects_and_what_the_first_answers_fills_holes_of_the_next() {
    let agent = refund(&with(&TWO));
    let (plan, spec) = (&agent.plan.tools[0], &agent.tools[0]);
    let ids = |exchanges: Vec<&crate::integrations::Exchange>| -> Vec<String> {
        exchanges.into_iter().map(|exchange| exchange.step.as_ref().unwrap().id.clone()).collect()
    };
    assert_eq!(ids(spec.prepare.iter().collect()), ["login", "order"]);
    assert_eq!(ids(spec.before.iter().map(|deed| &deed.exchange).collect()), ["card"]);
    assert_eq!((plan.idempotency, plan.effects), (Idempotency::Keyed, Effects::Irreversible));
    assert_eq!(plan.phrases.partly, "Only a part was done.".into());
    let unkeyed = ("}/locks\"}\n        idempotency: {header: Again}\n", "}/locks\"}\n");
    let two: Vec<(&str, &str)> = TWO.into_iter().chain([unkeyed]).collect();
    assert_eq!(refund(&with(&two)).plan.tools[0].idempotency, Idempotency::None);
}

#[test]
fn what_is_known_only_after_the_yes_is_one_whole_value_and_decides_nothing() {
    let holes: &[(&str, &str, &str)] = &[
        (
            "/payments/{{ steps.order.payment }}/refunds",
            "/payments/x-{{ steps.card.kind }}/refunds",
            "after the caller's yes|whole segment",
        ),
        (
            "/payments/{{ steps.order.payment }}/refunds",
            "/{% if steps.card.kind == 'x' %}a{% endif %}",
            "after the caller's yes|whole segment",
        ),
        (
            "card: \"{{ steps.card.kind }}\"",
            "card: \"a {{ steps.card.kind }}\"",
            "after the caller's yes|value of the body",
        ),
        (
            "card: \"{{ steps.card.kind }}\"",
            "card: \"{{ steps.card.kind | upper }}\"",
            "after the caller's yes|value of the body",
        ),
        (
            "X-Desk: \"{{ steps.login.desk }}\"",
            "X-Desk: \"{{ steps.card.kind }}\"",
            "after the caller's yes|",
        ),
        ("{{ steps.order.item }}?", "{{ steps.card.kind }}?", "`steps.card.kind` has no source|"),
        (
            "- id: refund\n",
            "- id: refund\n        if: steps.card.kind == 'x'\n",
            "must be known before the question|found",
        ),
        (
            "- id: refund\n",
            "- id: refund\n        if: steps.order.item == 'x'\n",
            "the last one is always done|take its `if`",
        ),
    ];
    let mut wrong = Vec::new();
    for (from, to, want) in holes {
        let all: Vec<(&str, &str)> = TWO.into_iter().chain([(*from, *to)]).collect();
        let Err(problems) = check(&with(&all), &BTreeMap::new()) else {
            wrong.push(format!("{to}: no problem"));
            continue;
        };
        let (what, remedy) = want.split_once('|').unwrap();
        let told = |p: &Problem| p.what.contains(what) && p.remedy.contains(remedy);
        if !problems.all.iter().any(told) {
            wrong.push(format!("{to}: wanted {want}, got\n{problems}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
    let ends_reading = [(
        "          method: POST\n          path: /payments/{{ steps.order.payment }}/refunds",
        "          method: GET\n          path: /payments/{{ steps.order.payment }}/refunds",
    )];
    let all: Vec<(&str, &str)> = TWO.into_iter().chain(ends_reading).collect();
    let problems = check(&with(&all), &BTreeMap::new()).expect_err("nothing comes after");
    assert!(problems.to_string().contains("nothing is asked after the last step with effects"), "{problems}");
}
