//! A whole call through values that nobody is asked for: a variable, a keyed number, the time, a form.
//!
//! Promises: an order that no tool has found, and a number that was not keyed, lead to no question and no request.
//! Never: reads an agent from where the samples lie.

use super::*;

const AGENT: &str = r#"version: 1
id: desk
title: The desk
language: en-GB
currency: GBP
greeting: Hello, this is the desk.
prompt: Be brief.
tools: [desk.find_orders, desk.pay_back]
tests:
  - name: a test
    call:
"#;

const INTEGRATION: &str = r#"version: 1
id: desk
title: Orders
kind: http
base_url: https://desk.example/v1
tools:
  - name: find_orders
    description: Find the caller's orders.
    examples: [which orders do I have, what are my orders]
    parameters:
      - {name: caller, from: {call: from}}
    request: {method: GET, path: /orders, query: {phone: "{caller}"}}
    response:
      map:
        orders: orders | map(attribute='id') | list
        say: "'You have order ' ~ (orders | map(attribute='id') | join(', ')) ~ '.'"
      store: {own: orders}
      sample: {orders: [{id: 1182}, {id: 1183}]}
  - name: pay_back
    description: Pay an order back.
    examples: ["refund order {order}", "pay order {order} back"]
    parameters:
      - {name: order, kind: digits, ask: Which order?, one_of: {variable: own}}
      - {name: pin, kind: digits, from: keypad, ask: Please key in your pin.}
      - {name: today, kind: date, from: {now: Europe/London}}
      - {name: token, from: {secret: DESK_TOKEN}}
    request:
      method: POST
      path: /refunds
      form: {order: "{order}", pin: "{pin}", day: "{today}", token: "{token}", via: phone}
    response: {as: text, map: {state: text | trim}, sample: "fine"}
    idempotency: {body: key}
    confirm:
      question: "Pay back order {{ order | digits }}, on {{ today | date }}?"
      action: Paying it back.
    phrases: {done: "It is {{ state }}."}
"#;

async fn played(lines: &str) -> Rehearsed {
    let sources = [
        Source::new(Kind::Agent, "agents/desk.yaml".to_owned(), format!("{AGENT}{lines}")),
        Source::new(Kind::Integration, "integrations/desk.yaml".to_owned(), INTEGRATION.to_owned()),
    ];
    let catalog = check(&sources, &BTreeMap::new()).unwrap_or_else(|problems| panic!("{problems}"));
    let agent = &catalog.agents["desk"];
    let llm: Arc<dyn Llm> = Arc::new(Builtin);
    rehearse(agent, &agent.tests[0], &llm).await.unwrap_or_else(|fault| panic!("{fault}"))
}

const FOUND: &str = "      - caller: which orders do I have\n      - agent: You have order\n";

#[tokio::test]
async fn an_order_that_was_found_is_asked_about_with_what_was_keyed_and_done() {
    let test = played(&format!(
        "{FOUND}      - caller: refund order one one eight two
      - agent: Please key in your pin
      - keys: \"4321#\"
      - agent: Pay back order one one eight two, on Thursday, January first, two thousand twenty-six
      - confirms: {{desk.pay_back: {{order: \"1182\"}}}}
      - keys: \"1\"
      - runs: desk.pay_back
      - agent: It is fine
"
    ))
    .await;
    assert!(test.is_good(), "{test}");
}

#[tokio::test]
async fn what_no_tool_has_found_and_what_was_not_keyed_is_never_asked_about() {
    for lines in [
        "      - caller: refund order one one eight two\n      - keys: \"4321#\"\n".to_owned(),
        format!("{FOUND}      - caller: refund order one one eight four\n      - keys: \"4321#\"\n"),
        format!(
            "{FOUND}      - caller: refund order one one eight two\n      - caller: my pin is four three two one\n"
        ),
    ] {
        let test = played(&format!("{lines}      - waits: 3000\n      - runs_not: desk.pay_back\n")).await;
        assert!(test.is_good(), "{lines}\n{test}");
        let asked = played(&format!("{lines}      - waits: 3000\n      - agent: Pay back order\n")).await;
        assert!(!asked.is_good(), "{lines}\n{asked}");
    }
}
