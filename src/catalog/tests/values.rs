//! Kinds, sources, bodies and variables of a tool, as an admin writes them.
//!
//! Promises: every kind and every source is in a file that is right; each thing that can be wrong with one is told with
//! what to do.
//! Never: lets a second problem hide behind the first.

use centralita_core::conversation::{ParameterKind, SaidBy};
use serde_json::json;

use super::table::broken;
use super::*;
use crate::integrations::{Answers, Body, CallFact, Source as From};

const AMOUNT: &str = "      - {name: amount, kind: money, ask: How much?}\n";
const BODY: &str = "      body: {amount: \"{amount}\", via: \"{{ call.id }}\"}\n";
const RESPONSE: &str = "response: {map: {id: id}, success: \"ok\"}";

/// The one tool of the agent, with more parameters and those fields in its body.
fn with(parameters: &str, fields: &str) -> Vec<Source> {
    broken(&[(AMOUNT, &format!("{AMOUNT}{parameters}")), ("via: \"{{ call.id }}\"}", &format!("{fields}}}"))])
}

fn right(sources: &[Source]) -> Agent {
    let mut catalog = check(sources, &BTreeMap::new()).unwrap_or_else(|problems| panic!("\n{problems}"));
    catalog.agents.remove("shop").expect("the agent is there")
}

/// The words of the only problem and of its remedy.
fn told(sources: &[Source]) -> (String, String) {
    let problems = check(sources, &BTreeMap::new()).expect_err("something is wrong");
    assert_eq!(problems.all.len(), 1, "\n{problems}");
    (problems.all[0].what.clone(), problems.all[0].remedy.clone())
}

#[test]
fn every_kind_can_be_asked_for_and_said() {
    let agent = right(&broken(&[
        ("language: en", "language: en-GB"),
        (
            AMOUNT,
            "      - {name: amount, kind: money, ask: How much?}
      - {name: weight, kind: number, ask: How heavy?, min: 0.5, max: 20}
      - {name: mail, kind: email, ask: Your address?}
      - {name: number, kind: phone, ask: Your number?}
      - {name: day, kind: date, ask: Which day?, min: \"2026-01-01\"}
      - {name: at, kind: time, ask: At what time?, min: \"9:00\", max: \"18:00\"}
      - {name: extras, kind: text, list: 3, one_of: [gift wrap, express], ask: Any extras?}
      - {name: size, kind: text, one_of: [small, large], required: false, default: small}
",
        ),
        (
            "amount: \"{amount}\"",
            "amount: \"{amount}\", weight: \"{weight}\", mail: \"{mail}\", number: \"{number}\", day: \"{day}\", at: \"{at}\", \
             extras: \"{extras}\", size: \"{size}\"",
        ),
        (
            "{{ amount | money }} on {{ order | digits }}, {{ item }}?",
            "{{ amount | money }} on {{ order | digits }}, {{ item }}, {{ weight | number }}, {{ mail | email }}, \
             {{ number | phone }}, {{ day | date }}, {{ at | time }}, {{ extras | join(', ') }}, {{ size }}?",
        ),
    ]));
    let parameters = &agent.plan.tools[0].parameters;
    let of = |name: &str| parameters.iter().find(|p| p.name == name).expect("it is there");
    assert_eq!(of("weight").limits.min.as_deref(), Some("0.5"));
    assert_eq!(of("at").limits.min.as_deref(), Some("09:00"));
    assert_eq!(of("number").country.as_deref(), Some("GB"));
    assert_eq!(of("extras").list, Some(3));
    assert_eq!(of("size").default, Some(json!("small")));
    assert_eq!(of("day").kind, ParameterKind::Date);
}

#[test]
fn what_nobody_is_asked_for_is_no_parameter_of_the_model() {
    let agent = right(&with(
        "      - {name: shop, from: {constant: 42}}
      - {name: token, from: {secret: SHOP_KEY}}
      - {name: caller, from: {call: from}}
      - {name: today, kind: date, from: {now: Europe/Madrid}}
      - {name: who, from: agent}
      - {name: tongue, from: language}
      - {name: pin, kind: digits, from: keypad, ask: Please key in your pin.}
",
        "shop: \"{shop}\", token: \"{token}\", caller: \"{caller}\", today: \"{today}\", who: \"{who}\", tongue: \"{tongue}\", \
         pin: \"{pin}\"",
    ));
    let names: Vec<&str> = agent.plan.tools[0].parameters.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["order", "amount", "pin"]);
    assert_eq!(agent.plan.tools[0].parameters[2].said_by, SaidBy::Keypad, "it need not be said aloud");
    let sources: Vec<&From> = agent.tools[0].given.iter().map(|given| &given.source).collect();
    let want = [
        &From::Constant(json!(42)),
        &From::Secret("SHOP_KEY".to_owned()),
        &From::Call(CallFact::From),
        &From::Now("Europe/Madrid".to_owned()),
        &From::Agent,
        &From::Language,
    ];
    assert_eq!(sources, want);
}

#[test]
fn a_variable_is_stored_by_one_tool_and_taken_by_another() {
    let assigned = ("  - shop.refund\n", "  - shop.refund\n  - shop.status\n");
    let stores = ("{map: {state: state}}", "{map: {state: state, orders: orders}, store: {own: orders}}");
    let takes = (
        "      - {name: order, kind: digits, ask: Which order?}\n      - {name: amount",
        "      - {name: order, kind: digits, ask: Which order?, one_of: {variable: own}}\n      - {name: amount",
    );
    let agent = right(&broken(&[assigned, stores, takes]));
    let refund = agent.plan.tools.iter().find(|tool| *tool.name.0 == *"shop.refund").expect("it is there");
    let limits = &refund.parameters[0].limits;
    assert_eq!(limits.one_of_variable.as_deref(), Some("own"));
    assert_eq!(agent.tools.iter().filter(|tool| tool.store.contains_key("own")).count(), 1);

    let (what, remedy) = told(&broken(&[stores, takes]));
    assert!(what.contains("takes the variable `own`, and no tool of this agent stores it"), "{what}");
    assert!(remedy.contains("store: {own: …}"), "{remedy}");
    let (what, remedy) = told(&broken(&[assigned, ("store", "stor"), stores, ("own: orders", "own: order")]));
    assert!(
        what.contains("`order` has no source") && remedy.contains("did you mean `orders`"),
        "{what} {remedy}"
    );
}

#[test]
fn a_form_and_a_text_are_read_as_what_they_are() {
    let form = "      form: {amount: \"{amount}\", via: phone}\n";
    let agent = right(&broken(&[(BODY, form), ("{header: Idempotency-Key}", "{body: key}")]));
    assert!(matches!(&agent.tools[0].request.body, Some(Body::Form(fields)) if fields.len() == 2));
    let parts = form.replace("form", "multipart");
    let agent = right(&broken(&[(BODY, &parts)]));
    assert!(matches!(&agent.tools[0].request.body, Some(Body::Multipart(fields)) if fields.len() == 2));
    let as_text = "response: {as: text, map: {id: \"text | trim\"}, sample: \"fine: {order}\"}";
    let agent = right(&broken(&[(RESPONSE, as_text)]));
    assert_eq!(agent.tools[0].request.answers, Answers::Text);
}

/// More parameters, the fields that name them, and the words of the problem and (after `|`) of its remedy.
const VALUES: &[(&str, &str, &str)] = &[
    ("{name: x, ask: What?}", "", "`kind` is missing of `x`|text, integer, number"),
    (
        "{name: x, kind: date, required: false}",
        "x: \"{x}\"",
        "leaves out `x`|{% if x is not none %}{{ x | date }}{% endif %}",
    ),
    ("{name: x, kind: text, list: 2, ask: What?}", "x: \"{x}\"", "leaves out `x`|{{ x | join(', ') }}"),
    ("{name: x, kind: text, list: 0, ask: What?}", "", "a list of 0 is none|1 to 20"),
    ("{name: x, kind: text, list: 21, ask: What?}", "", "a list of 21 is none|1 to 20"),
    ("{name: x, kind: text, default: a, ask: What?}", "", "needs no default|`required: false`"),
    (
        "{name: x, kind: date, required: false, default: tomorrow}",
        "",
        "`tomorrow` is not a date of the calendar, like 2026-07-27|could have",
    ),
    (
        "{name: x, kind: text, one_of: [a, b], required: false, default: c}",
        "",
        "`c` must be one of: a, b|could have",
    ),
    ("{name: x, kind: date, min: \"2026-02-30\", ask: What?}", "", "`2026-02-30` is not a date|could have"),
    ("{name: x, kind: number, min: 2.5, max: -1, ask: What?}", "", "no value is between|smaller one"),
    (
        "{name: x, kind: email, min: 1, ask: What?}",
        "",
        "`min` is of numbers, amounts, dates and times|`pattern`",
    ),
    ("{name: x, from: {constant: a}, ask: What?}", "", "nobody is asked for `x`, so `ask`|take `ask` away"),
    ("{name: x, from: {constant: a}, list: 3}", "", "so `list` says nothing|take `list` away"),
    ("{name: x, kind: digits, from: {constant: a1}}", "", "`a1` is not a string of digits|could have"),
    ("{name: x, from: {constant: secret.SHOP_KEY}}", "", "would be sent as it stands|from: {secret: NAME}"),
    (
        "{name: api_key, from: {constant: abcdef}}",
        "",
        "the constant `api_key` looks like a secret|from: {secret: NAME}",
    ),
    ("{name: x, from: {constant: a}, required: false}", "", "always has its value|required: false"),
    ("{name: x, from: {secret: hunter-2}}", "", "stands here by its name only|CENTRALITA_SECRET_NAME"),
    ("{name: x, kind: text, from: {secret: SHOP_KEY}}", "", "is not of this kind|take `kind` away"),
    ("{name: x, from: {now: Madrid}}", "", "`Madrid` is no time zone|now: Europe/Madrid"),
    ("{name: x, kind: money, from: {now: UTC}}", "", "is not of this kind|`date` or `time`"),
    ("{name: x, from: {call: number}}", "", "`call` cannot be `number`|id, from, to"),
    (
        "{name: x, from: phone}",
        "",
        "`from` cannot be `phone`|caller, keypad, agent, language, constant, secret, call, now, variable",
    ),
    (
        "{name: x, kind: text, from: keypad, ask: What?}",
        "",
        "a keypad has digits alone|digits, integer, money or phone",
    ),
    (
        "{name: x, kind: digits, from: keypad, required: false, default: 1}",
        "",
        "what must be keyed has no default|one of the two",
    ),
];

#[test]
fn each_thing_that_is_wrong_with_a_value_is_told_with_what_to_do() {
    let mut wrong = Vec::new();
    for (parameter, fields, want) in VALUES {
        let fields = if fields.is_empty() { "via: phone" } else { fields };
        let sources = with(&format!("      - {parameter}\n"), fields);
        let Err(problems) = check(&sources, &BTreeMap::new()) else {
            wrong.push(format!("{parameter}: no problem"));
            continue;
        };
        let (what, remedy) = want.split_once('|').expect("a remedy");
        let is_told = |p: &Problem| p.what.contains(what) && p.remedy.contains(remedy) && p.line > 0;
        if problems.all.len() != 1 || !problems.all.iter().all(is_told) {
            wrong.push(format!("{parameter}: wanted {want}, got\n{problems}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

/// What is replaced, by what, and the words of the problem that follows (and of its remedy, after `|`).
const ELSEWHERE: &[(&str, &str, &str)] = &[
    (
        BODY,
        "      body: {a: 1}\n      form: {b: \"2\"}\n",
        "one body, and here are `body` (line 31) and `form`|keep the one",
    ),
    (
        BODY,
        "      form: {b: \"2\"}\n      multipart: {c: \"2\"}\n",
        "`form` (line 31) and `multipart`|keep the one",
    ),
    (BODY, "      form: {b: \"{nobody}\"}\n", "`nobody` has no source|amount"),
    (
        "{method: GET, path: \"/orders/{order}\"}\n        map",
        "{method: GET, path: \"/orders/{order}\", form: {a: b}}\n        map",
        "a GET or HEAD has no body|under `query`",
    ),
    (RESPONSE, "response: {as: xml, map: {id: id}}", "`as` cannot be `xml`|json, text"),
    (
        RESPONSE,
        "response: {as: text, map: {id: text}, sample: {id: 1}}",
        "is read `as: text`, and its sample is none|write the text",
    ),
    (RESPONSE, "response: {success: \"ok\", store: {a: id}}\n    phrases: {done: Done.}", ""),
];

#[test]
fn each_thing_that_is_wrong_with_a_body_or_an_answer_is_told_with_what_to_do() {
    for (from, to, want) in ELSEWHERE.iter().filter(|(.., want)| !want.is_empty()) {
        let (what, remedy) = told(&broken(&[(from, to)]));
        let (wanted, wanted_remedy) = want.split_once('|').expect("a remedy");
        assert!(what.contains(wanted) && remedy.contains(wanted_remedy), "{to}: {what} | {remedy}");
    }
    let (what, _) =
        told(&broken(&[(BODY, "      form: {key: \"2\"}\n"), ("{header: Idempotency-Key}", "{body: key}")]));
    assert!(what.contains("has a field `key` already"), "{what}");
    let (what, remedy) =
        told(&broken(&[("{map: {state: state}}", "{map: {state: state}, store: {x y: state}}")]));
    assert!(what.contains("`x y` cannot be the name of a variable"), "{what} {remedy}");
}

#[test]
fn a_secret_and_a_callers_number_are_for_requests_alone() {
    let hidden =
        "      - {name: token, from: {secret: SHOP_KEY}}\n      - {name: caller, from: {call: from}}\n";
    let fields = "token: \"{token}\", caller: \"{caller}\"";
    for (from, to, want) in [
        ("{{ item }}?", "{{ item }}, {{ token }}?", "`token` is a secret"),
        ("{{ item }}?", "{{ item }}, {{ caller }}?", "`caller` is of the call"),
        ("Done, {{ id }}.", "Done, {{ token }}.", "`token` is a secret"),
        (RESPONSE, "response: {map: {id: id}, sample: {id: \"{token}\"}}", "`token` is a secret"),
        ("/orders/{order}/refunds", "/orders/{order}/{token}", "the secret `token` would be part of the URL"),
    ] {
        let sources: Vec<Source> = with(hidden, fields)
            .into_iter()
            .map(|source| Source { text: source.text.replacen(from, to, 1), ..source })
            .collect();
        let (what, _) = told(&sources);
        assert!(what.contains(want), "{to}: {what}");
    }
    right(&with(hidden, fields));
}

#[test]
fn in_a_probe_no_secret_stands_for_the_idempotency_key() {
    let probe = "probe: {request: {method: GET, path: /refunds, query: {q: \"{key}\"}}, done: state == 'paid'}\n    confirm:";
    let named = |name: &str| {
        let parameter = format!("      - {{name: {name}, from: {{secret: SHOP_KEY}}}}\n");
        let sources = with(&parameter, &format!("token: \"{{{name}}}\"")).into_iter();
        let with_probe =
            |source: Source| Source { text: source.text.replacen("confirm:", probe, 1), ..source };
        sources.map(with_probe).collect::<Vec<Source>>()
    };
    right(&named("token"));
    assert!(told(&named("key")).0.contains("in a probe `key` is the idempotency key"));
}
