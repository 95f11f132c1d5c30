//! One small agent and integration, and the table of what can be wrong with them.
//!
//! Promises: every row changes one thing and names the words of the one problem that follows.
//! Never: lets a second problem hide behind the first.

use super::*;

const AGENT: &str = "\
version: 1
id: shop
title: The shop
language: en
currency: USD
greeting: Hello.
prompt: Be brief.
tools:
  - shop.refund
keys:
  1: shop.refund
answers:
  - {when: [are you open], say: Always.}
timing:
  end_of_turn: 800
spoken_yes:
  accepted_because: toy data only here
";

const INTEGRATION: &str = r#"version: 1
id: shop
title: Orders
kind: http
base_url: https://shop.example/v1
auth:
  bearer: secret.SHOP_TOKEN
tools:
  - name: status
    description: Look up an order.
    parameters:
      - {name: order, kind: digits, ask: Which order?}
      - {name: pin, kind: digits, ask: Your pin?}
    verify:
      - {parameter: pin, equals: pin, error: That does not fit.}
    request: {method: GET, path: "/orders/{order}"}
    response: {map: {state: state}}
  - name: refund
    description: Refund money.
    examples: ["refund {amount} on {order}"]
    parameters:
      - {name: order, kind: digits, ask: Which order?}
      - {name: amount, kind: money, ask: How much?}
    prepare:
      - request: {method: GET, path: "/orders/{order}"}
        map: {item: item}
    request:
      method: POST
      path: /orders/{order}/refunds
      headers: {X-Source: phone}
      body: {amount: "{amount}", via: "{{ call.id }}"}
    response: {map: {id: id}, success: "ok"}
    idempotency: {header: Idempotency-Key}
    not_done_on: [503]
    confirm:
      question: "Refund {{ amount | money }} on {{ order | digits }}, {{ item }}?"
      action: "Refunding {{ amount | money }}."
    phrases: {done: "Done, {{ id }}."}
    timeout_ms: 5000
"#;

/// Both files, with some texts replaced.
pub(super) fn broken(changes: &[(&str, &str)]) -> Vec<Source> {
    let change =
        |text: &str| changes.iter().fold(text.to_owned(), |text, (from, to)| text.replacen(from, to, 1));
    let source = |kind, path: &str, text| Source::new(kind, path.to_owned(), change(text));
    vec![
        source(Kind::Agent, "agents/shop.yaml", AGENT),
        source(Kind::Integration, "integrations/shop.yaml", INTEGRATION),
    ]
}

/// What is replaced, by what, and the words of the problem that follows (and of its remedy, after `|`).
const TABLE: &[(&str, &str, &str)] = &[
    // the agent's file
    (
        "version: 1\nid: shop\ntitle: The shop",
        "version: 2\nid: shop\ntitle: The shop",
        "version 2 is not known|version: 1",
    ),
    ("id: shop\ntitle: The shop", "id: The Shop\ntitle: The shop", "cannot be an agent's id|small letters"),
    ("language: en", "language: nl", "`nl` is no language the gateway speaks|en, es"),
    ("currency: USD", "currency: usd", "`usd` is no currency|ISO 4217"),
    ("currency: USD", "currency: ZZZ", "`ZZZ` is no currency|ISO 4217"),
    (
        "say: Always.}",
        "say: Always.}\n  - {when: [anything else, Are you open?], say: Never.}",
        "\"Are you open?\" leads to two answers, here and in line 13|make one answer of both",
    ),
    (
        "path: \"/orders/{order}\"}\n        map",
        "path: \"/orders/{order}\", body: {by: phone}}\n        map",
        "a GET or HEAD has no body|under `query`",
    ),
    ("greeting: Hello.\n", "", "`greeting` is missing in this file|add `greeting: "),
    ("greeting: Hello.", "greeting: ''", "`greeting` is empty|write what is said"),
    ("greeting: Hello.", "greeting: 'Hello {{ name }}.'", "`name` has no source|plain words"),
    ("greeting: Hello.", "greetings: Hello.", "there is no field `greetings` here|did you mean `greeting`?"),
    ("  - shop.refund\n", "  - shop.refund\n  - shop.refund\n", "assigned twice|once"),
    ("  1: shop.refund", "  0: shop.refund", "0 is no key of the menu|1 to 9"),
    (
        "  1: shop.refund",
        "  1: shop.status",
        "key 1 calls `shop.status`, which is not assigned|add it to `tools`",
    ),
    ("say: Always.", "say: ' '", "an answer without words|under `when`"),
    ("end_of_turn: 800", "end_of_trun: 800", "there is no wait `end_of_trun`|end_of_turn"),
    ("end_of_turn: 800", "end_of_turn: 5", "cannot be 5 ms|20 to"),
    ("end_of_turn: 800", "reminders: 30", "so many reminders|0 to 9"),
    ("toy data only here", "because", "accepted without a reason|why a misheard yes"),
    ("currency: USD", "currency: USD\nstt: google", "`stt` cannot be `google`|names of `stt`: none"),
    ("currency: USD", "currency: USD\ntts: acme", "`tts` cannot be `acme`|no name is known"),
    ("currency: USD", "currency: USD\nllm: foo", "`llm` cannot be `foo`|leave it out"),
    (
        "currency: USD",
        "currency: USD\nprivate: [cards]\nprivate_in_recording: {accepted_because: a test has no callers}",
        "`cards` is no kind of private words|card, email",
    ),
    (
        "currency: USD",
        "currency: USD\nprivate: [card, card]\nprivate_in_recording: {accepted_because: a test has no callers}",
        "`card` is listed twice|once",
    ),
    ("currency: USD", "currency: USD\nprivate: [email]", "would be heard in recordings|recording: off"),
    (
        "currency: USD",
        "currency: USD\nprivate_in_recording: {accepted_because: no}",
        "recorded without a reason|why a recording may hold",
    ),
    (
        "currency: USD",
        "currency: USD\nrecording: sometimes",
        "`recording` cannot be `sometimes`|one of: off, on, after_consent",
    ),
    (
        "currency: USD",
        "currency: USD\nrecording: false",
        "`recording` cannot be `false`|one of: off, on, after_consent",
    ),
    (
        "currency: USD",
        "currency: USD\nrecording: after_consent\nstt: none",
        "nobody could give leave to record|other keys than 1 and 2",
    ),
    (
        "currency: USD",
        "currency: USD\nrecording_question: May we record?",
        "nobody puts the question|`recording: after_consent`",
    ),
    (
        "currency: USD",
        "currency: USD\nrecording: after_consent\nrecording_question: ' '",
        "`recording_question` is empty|write what is said",
    ),
    // the integration's connection
    ("id: shop\ntitle: Orders", "id: shop.v1\ntitle: Orders", "cannot be an integration's id|small letters"),
    ("https://shop.example/v1", "shop.example", "this is no address|https://host/path"),
    (
        "https://shop.example/v1",
        "http://shop.example/v1",
        "everybody on the way reads along|allow_private: true",
    ),
    ("https://shop.example/v1", "ftp://shop.example/v1", "`ftp:` is not spoken|https"),
    ("https://shop.example/v1", "https://me:pw@shop.example", "scheme, host and path only|under `auth`"),
    // requests
    ("headers: {X-Source: phone}", "headers: {X-Api-Key: abc}", "looks like a secret|secret.NAME"),
    ("headers: {X-Source: phone}", "headers: {X-Source: Bearer abc}", "looks like a secret|secret.NAME"),
    (
        "headers: {X-Source: phone}",
        "headers: {host: other.example}",
        "the gateway writes itself|leave it out",
    ),
    ("via: \"{{ call.id }}\"", "via: secret.SHOP_TOKEN", "sent as it stands, not as the secret|secret.NAME"),
    (
        "response: {map: {state: state}}",
        "response: {map: {state: state}, errors: {200: Odd.}}",
        "200 is no status of an error|400 to 599",
    ),
    (
        "response: {map: {state: state}}",
        "response: {map: {state: state}, errors_when: [{when: state == sent.oder, error: Odd.}]}",
        "`sent.oder` has no source|sent.order",
    ),
    (
        "response: {map: {state: state}}",
        "response: {map: {state: state}, errors_when: [{when: state ==, error: Odd.}]}",
        "syntax error|minijinja",
    ),
    (
        "response: {map: {state: state}}",
        "response: {map: {state: state}, sample: {item: a lamp}}",
        "of this sample `state` has no value|with all that the map names",
    ),
    (
        "response: {map: {state: state}}",
        "response: {map: {state: \"state[0].name\"}, sample: {state: [{number: \"{order}\"}]}}",
        "of this sample `state` has no value|with all that the map names",
    ),
    (
        "response: {map: {state: state}}",
        "response: {map: {state: state}, sample: {state: \"{odrer}\"}}",
        "`odrer` has no source|did you mean `order`?",
    ),
    (
        "map: {item: item}",
        "map: {item: item}\n        sample: {id: \"1\"}",
        "of this sample `item` has no value|as the system gives it",
    ),
    ("headers: {X-Source: phone}", "headers: {'X Source': phone}", "`X Source` is no header|letters"),
    (
        "path: /orders/{order}/refunds",
        "path: /orders/{ordre}/refunds",
        "`ordre` has no source|did you mean `order`?",
    ),
    ("path: /orders/{order}/refunds", "path: orders/{order}", "no path under the base URL|begin with `/`"),
    (
        "path: /orders/{order}/refunds",
        "path: /orders/{order}/../x",
        "no path under the base URL|begin with `/`",
    ),
    ("path: /orders/{order}/refunds", "path: /orders?id={order}", "no path under the base URL|`query`"),
    ("amount: \"{amount}\"", "amount: \"{{ amount\"", "a template: syntax error|minijinja"),
    ("{{ call.id }}", "{{ call.name }}", "`call.name` has no source|call.from"),
    (
        "- request: {method: GET",
        "- request: {method: POST",
        "before the question must not have effects|GET or HEAD",
    ),
    ("map: {item: item}", "map: {item: item, amount: item}", "`amount` already has a value|choose a name"),
    (
        "response: {map: {state: state}}",
        "response: {map: {call: state}}",
        "cannot be the name of a value|not `call`",
    ),
    (
        "response: {map: {state: state}}",
        "response: {map: {state: 'a ..'}}",
        "a template: syntax error|minijinja",
    ),
    (
        "    response: {map: {state: state}}\n",
        "",
        "nothing of the answer would be let through|response: map:",
    ),
    ("not_done_on: [503]", "not_done_on: [404]", "404 is no status of a server's error|500 to 599"),
    ("{header: Idempotency-Key}", "{header: Idempotency Key}", "is no header|Idempotency-Key"),
    ("{header: Idempotency-Key}", "{header: x-source}", "stands under `headers` already|which the request"),
    ("{header: Idempotency-Key}", "{header: authorization}", "is written by `auth`|which the request"),
    ("{header: Idempotency-Key}", "{header: Content-Type}", "the gateway writes|which the request"),
    ("{header: Idempotency-Key}", "{body: amount}", "the body has a field `amount` already|which the body"),
    (
        "body: {amount: \"{amount}\", via: \"{{ call.id }}\"}\n    response: {map: {id: id}, success: \"ok\"}\n    \
         idempotency: {header: Idempotency-Key}",
        "body: [\"{amount}\"]\n    response: {map: {id: id}, success: \"ok\"}\n    \
         idempotency: {body: key}",
        "the body is no map that could hold the key|{header: Idempotency-Key}",
    ),
    (
        "method: POST\n      path: /orders/{order}/refunds\n      headers: {X-Source: phone}\n      \
         body: {amount: \"{amount}\", via: \"{{ call.id }}\"}\n    response: {map: {id: id}, success: \"ok\"}\n    \
         idempotency: {header: Idempotency-Key}",
        "method: GET\n      path: /orders/{order}/refunds\n    \
         effects: irreversible\n    response: {map: {id: id}, success: \"ok\"}\n    idempotency: {body: key}",
        "looks for the key in the body of a GET|{header: Idempotency-Key}",
    ),
    ("timeout_ms: 5000", "timeout_ms: 90000", "no time a caller can wait|100 to 60000"),
    ("method: POST", "method: BREW", "`method` cannot be `BREW`|GET, HEAD"),
    // proofs
    ("{parameter: pin, equals: pin,", "{parameter: pni, equals: pin,", "no parameter `pni`|name a parameter"),
    ("equals: pin, error", "equals: pin, equals_digits: pin, error", "exactly one way|equals_digits"),
    (
        "{method: GET, path: \"/orders/{order}\"}\n    response: {map: {state",
        "{method: GET, path: \"/orders/{order}\"}\n    effects: irreversible\n    confirm: {policy: never}\n    \
         response: {map: {state",
        "would come too late|`prepare` step",
    ),
    (
        "{method: GET, path: \"/orders/{order}\"}\n    response: {map: {state",
        "{method: POST, path: \"/orders/{order}\"}\n    confirm: {policy: never}\n    response: {map: {state",
        "would come too late|write `effects: none`",
    ),
    ("equals: pin, error", "matches: {held: pin, pattern: \"(\"}, error", "cannot be kept to|([0-9]{4})$"),
    (
        "    verify:\n      - {parameter: pin, equals: pin, error: That does not fit.}\n",
        "    proves: known\n",
        "nothing stands behind `proves: known`|under `verify`",
    ),
    (
        "    verify:\n",
        "    proves: known\n    requires: known\n    verify:\n",
        "cannot be what proves it|take one of the two",
    ),
    ("    verify:\n", "    proves: Known\n    verify:\n", "cannot be the name of a proof|small letters"),
    (
        "  - name: refund\n",
        "  - name: refund\n    requires: known\n",
        "`shop.refund` requires `known`, which no tool of this agent proves|`proves: known`",
    ),
    // parameters and words
    (
        "{name: pin, kind: digits, ask: Your pin?}",
        "{name: pin, kind: digits}",
        "`ask` is missing|write `ask:`",
    ),
    (
        "- {name: amount",
        "- {name: order, kind: text, ask: X?}\n      - {name: amount",
        "two parameters `order`|a name of its own",
    ),
    (
        "- {name: pin",
        "- {name: call, kind: text, ask: X?}\n      - {name: pin",
        "cannot be a parameter's name|not `call`",
    ),
    ("name: status", "name: sta tus", "cannot be a tool's name|small letters"),
    ("name: status", "name: refund", "two tools `refund`|a name of its own"),
    ("description: Refund money.", "description: ''", "`description` is missing|agent's language"),
    (
        "description: Refund money.",
        "description: {es: Devuelve.}",
        "no words for the language `en`|add `en:`",
    ),
    ("description: Refund money.", "description: {en: Refund., xx: x}", "`xx` is no language|en, es"),
    ("[\"refund {amount} on {order}\"]", "[\"refund {sum}\"]", "names `sum`, which is no parameter|{order}"),
    // what is asked about is sent
    (
        "body: {amount: \"{amount}\"",
        "body: {amount: {amount}",
        "`{amount}` without quotes is a map of YAML's|put it in quotes: \"{amount}\"",
    ),
    (
        "body: {amount: \"{amount}\"",
        "body: {lines: [{amount: {amount}}]",
        "`{amount}` without quotes is a map of YAML's|put it in quotes",
    ),
    (
        "body: {amount: \"{amount}\", ",
        "body: {",
        "the question says `amount`, and no request holds it|put \"{{ amount }}\" into the request",
    ),
    // the question
    (
        "Refund {{ amount | money }} on",
        "Refund some on",
        "leaves out `amount`, which the model supplies|| money",
    ),
    (
        "Refund {{ amount | money }} on",
        "Refund {% if false %}{{ amount | money }}{% endif %} on",
        "names `amount` and does not say it|in every case",
    ),
    (
        "Refund {{ amount | money }} on",
        "Refund {{ amount | length }} on",
        "names `amount` and does not say it|money",
    ),
    (
        "question: \"Refund {{ amount | money }} on {{ order | digits }}, {{ item }}?\"",
        "question: {es: \"Devuelvo {{ amount }} de {{ order }}\"}",
        "no words for the language `en`|add `en:`",
    ),
    ("{{ item }}?", "{{ itme }}?", "`itme` has no source|did you mean `item`?"),
    ("{{ item }}?", "{{ thing }}?", "`thing` has no source|amount, item, order"),
    ("{{ amount | money }}.\"", "{{ amount | monei }}.\"", "unknown filter|money, minor, digits, number"),
    (
        "      action: \"Refunding {{ amount | money }}.\"\n",
        "",
        "needs `confirm: action:`|what the caller hears",
    ),
    (
        "phrases: {done: \"Done, {{ id }}.\"}",
        "phrases: {delay: \"{{ id }}\"}",
        "`id` has no source|amount, item",
    ),
    (
        "    response: {map: {state: state}}",
        "    response: {map: {state: state}}\n    confirm: {policy: always, question: \"{{ order }}\"}",
        "without effects is not asked about|effects: reversible",
    ),
    (
        "response: {map: {state: state}}",
        "response: {map: {state: state}}\n    phrases: {start: One moment., done: Done.}",
        "`done` is never said of a tool without effects|response: map: say:",
    ),
    ("map: {state: state}", "map: {state: {es: state}}", "no words for the language `en`|add `en:`"),
    (
        "    confirm:\n",
        "    confirm:\n      policy: {when: amount > 20}\n",
        "compared as a text|amount | minor > 2000",
    ),
    (
        "    confirm:\n",
        "    confirm:\n      policy: {when: amont | minor > 20}\n",
        "`amont` has no source|amount",
    ),
    (
        "    confirm:\n",
        "    confirm:\n      policy: {when: \"false\"}\n",
        "the same in every call|write `always` or `never`",
    ),
    // which values a parameter may have
    (
        "kind: money, ask: How much?",
        "kind: money, ask: How much?, min: a lot",
        "`a lot` is not an amount|could have",
    ),
    (
        "kind: money, ask: How much?",
        "kind: money, ask: How much?, min: 2, max: 1",
        "between `min` and `max`|smaller",
    ),
    (
        "kind: money, ask: How much?",
        "kind: money, ask: How much?, pattern: '^2'",
        "of texts and digits|`min`, `max`",
    ),
    (
        "kind: money, ask: How much?",
        "kind: money, ask: How much?, one_of: []",
        "`one_of` has 0 values|1 to 100",
    ),
    (
        "kind: money, ask: How much?",
        "kind: money, ask: How much?, one_of: [20, 20.0]",
        "stands here twice|keep one",
    ),
    (
        "kind: digits, ask: Your pin?",
        "kind: digits, ask: Your pin?, max: 9999",
        "numbers, amounts, dates and times|`pattern`",
    ),
    (
        "kind: digits, ask: Your pin?",
        "kind: digits, ask: Your pin?, one_of: [a1]",
        "`a1` is not a string of digits|could",
    ),
    (
        "kind: digits, ask: Your pin?",
        "kind: digits, ask: Your pin?, pattern: '(?=1)'",
        "cannot be kept to: |look-around",
    ),
    (
        "kind: digits, ask: Your pin?",
        "kind: boolean, ask: Your pin?, one_of: [true]",
        "no other values|leave `one_of`",
    ),
];

#[test]
fn the_two_files_are_without_fault() {
    check(&broken(&[]), &BTreeMap::new()).unwrap_or_else(|problems| panic!("\n{problems}"));
}

#[test]
fn each_fault_has_one_problem_with_its_remedy() {
    each_has_one_problem(TABLE);
}

/// Of a table like the one above.
pub(super) fn each_has_one_problem(table: &[(&str, &str, &str)]) {
    let mut wrong = Vec::new();
    for (from, to, want) in table {
        let sources = broken(&[(from, to)]);
        assert_ne!(sources, broken(&[]), "{from} is not in the files");
        let Err(problems) = check(&sources, &BTreeMap::new()) else {
            wrong.push(format!("{to}: no problem"));
            continue;
        };
        let (what, remedy) = want.split_once('|').unwrap();
        let told = |p: &Problem| p.what.contains(what) && p.remedy.contains(remedy) && p.line > 0;
        if problems.all.len() != 1 || !problems.all.iter().all(told) {
            wrong.push(format!("{to}: wanted {want}, got\n{problems}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

#[test]
fn a_value_only_a_proof_looks_at_need_not_be_said_aloud() {
    let with_pin = [
        (
            "- {name: amount, kind: money, ask: How much?}",
            "- {name: amount, kind: money, ask: How much?}\n      - {name: pin, kind: digits, ask: Pin?}",
        ),
        ("    request:\n", "    verify: [{parameter: pin, equals: pin, error: No.}]\n    request:\n"),
    ];
    let catalog =
        check(&broken(&with_pin), &BTreeMap::new()).unwrap_or_else(|problems| panic!("\n{problems}"));
    let spec = &catalog.agents["shop"].tools[0];
    assert_eq!(spec.prepare[0].verify.len(), 1, "the proof is over the look-up");
}

#[test]
fn a_proof_is_made_over_any_answer_without_effects_whatever_its_method() {
    let looked_up_by_post = [
        ("  - shop.refund\n", "  - shop.refund\n  - shop.status\n"),
        (
            "{method: GET, path: \"/orders/{order}\"}\n    response",
            "{method: POST, path: \"/orders/{order}\"}\n    effects: none\n    response",
        ),
    ];
    let catalog = check(&broken(&looked_up_by_post), &BTreeMap::new())
        .unwrap_or_else(|problems| panic!("\n{problems}"));
    let tools = &catalog.agents["shop"].tools;
    let status = tools.iter().find(|tool| *tool.name.0 == *"shop.status").unwrap();
    assert_eq!((status.effects, status.request.verify.len()), (Effects::None, 1));
}

#[test]
fn hostile_text_is_a_problem_and_never_a_panic() {
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b]\n";
    let nested = "[".repeat(20_000);
    for text in
        ["", "{{ x }}", "\u{0}", "version: 1", "- a\n- b", "é: [", "version: !!binary x", bomb, &nested]
    {
        for kind in [Kind::Agent, Kind::Integration] {
            let source = Source::new(kind, "x.yaml".to_owned(), text.to_owned());
            let problems = check(&[source], &BTreeMap::new()).unwrap_err();
            assert!(!problems.to_string().is_empty());
        }
    }
    // Every prefix of a good file, cut anywhere.
    for end in (0..INTEGRATION.len()).step_by(7).filter(|end| INTEGRATION.is_char_boundary(*end)) {
        let mut sources = broken(&[]);
        sources[1].text.truncate(end);
        if let Err(problems) = check(&sources, &BTreeMap::new()) {
            assert!(!problems.to_string().is_empty());
        }
    }
}
