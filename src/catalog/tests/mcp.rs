//! Tests of integrations of kind `mcp`: what a pin and what is written on top of it come to, and what can be wrong.
//!
//! Promises: every row changes one thing and names the words of the one problem that follows.
//! Never: asks a server.

use centralita_core::conversation::ParameterKind;
use serde_json::json;

use super::*;
use crate::integrations::mcp::{Pinned, Pins, pins_text};
use crate::integrations::{Body, ErrorMeans, McpWay};

const AGENT: &str = "\
version: 1
id: host
title: The restaurant
language: en
currency: USD
greeting: Hello.
prompt: Be brief.
tools: [tables.book]
";

const INTEGRATION: &str = r#"version: 1
id: tables
title: The bookings
kind: mcp
connection:
  url: https://bookings.example/mcp
auth:
  bearer: secret.BOOKINGS_TOKEN
tools:
  - name: book
    tool: book-table
    parameters:
      - {name: party_size, ask: How many are you?}
      - {name: deposit, kind: money}
    arguments: {calendar: main, caller: "{{ call.from }}"}
    idempotency: {argument: requestId}
    response:
      map: {code: code}
      sample: {code: B7}
    confirm:
      question: "Shall I book for {{ party_size }}{% if deposit is not none %}, {{ deposit | money }} down{% endif %}?"
      action: I book it.
    timeout_ms: 5000
  - name: look
    tool: look-up
    effects: none
    parameters: [{name: id, ask: Which one?}]
    response:
      map: {state: state}
"#;

fn pins() -> Pins {
    let tool = Pinned {
        name: "book-table".into(),
        title: String::new(),
        description: "Books a table in the restaurant.".into(),
        input_schema: json!({"type": "object", "required": ["partySize", "calendar"],
            "additionalProperties": false, "properties": {
                "partySize": {"type": "integer", "minimum": 1, "maximum": 12}, "calendar": {"type": "string"},
                "deposit": {"type": "number"}, "caller": {"type": "string"}, "requestId": {"type": "string"},
                "guests": {"type": "array", "items": {"type": "object"}}}}),
        output_schema: None,
        annotations: Some(json!({"readOnlyHint": true, "destructiveHint": false})),
    };
    let look = Pinned {
        name: "look-up".into(),
        input_schema: json!({"type": "object", "required": ["id"], "additionalProperties": false,
            "properties": {"id": {"type": "string"}}}),
        ..tool.clone()
    };
    [tool, look].into_iter().map(|tool| (tool.name.clone(), tool)).collect()
}

/// Files without fault.
pub(super) fn sound() -> Vec<Source> {
    sources(INTEGRATION, Some(&pins_text(&pins())))
}

fn sources(integration: &str, pins: Option<&str>) -> Vec<Source> {
    let source = |kind, path: &str, text: &str| Source::new(kind, path.to_owned(), text.to_owned());
    let pins = pins.map(|text| source(Kind::Pin, "integrations/tables.mcp.json", text));
    let agent = source(Kind::Agent, "agents/host.yaml", AGENT);
    let integration = source(Kind::Integration, "integrations/tables.yaml", integration);
    [agent, integration].into_iter().chain(pins).collect()
}

#[test]
fn a_tool_is_what_the_pin_says_and_what_is_written_on_top_of_it() {
    let catalog = check(&sources(INTEGRATION, Some(&pins_text(&pins()))), &BTreeMap::new());
    let catalog = catalog.unwrap_or_else(|problems| panic!("\n{problems}"));
    let agent = &catalog.agents["host"];
    let (plan, spec) = (&agent.plan.tools[0], &agent.tools[0]);
    assert_eq!(plan.description, "Books a table in the restaurant.");
    // The server's hint that it only reads changes nothing.
    assert_eq!((plan.effects, &plan.confirm.policy), (Effects::Irreversible, &Policy::Always));
    assert_eq!(plan.idempotency, Idempotency::Keyed);
    let parameters: Vec<_> = plan.parameters.iter().map(|p| (p.name.as_str(), p.kind, p.required)).collect();
    let (size, deposit) = (ParameterKind::Integer, ParameterKind::Money);
    assert_eq!(parameters, [("party_size", size, true), ("deposit", deposit, false)]);
    assert_eq!(plan.parameters[0].limits.max.as_deref(), Some("12"));
    assert_eq!(spec.request.called.as_deref(), Some("book-table"));
    assert_eq!(
        spec.request.body,
        Some(Body::Json(
            json!({"calendar": "main", "caller": "{{ call.from }}", "partySize": "{{ party_size }}",
            "deposit": "{{ deposit | float if deposit is not none else none }}"})
        ))
    );
    let server = agent.connections[0].mcp.as_ref().unwrap();
    assert_eq!((&server.way, &server.pins), (&McpWay::Http, &pins()));
}

#[test]
fn a_probe_calls_a_tool_of_the_same_server_that_only_reads() {
    let probe = "    probe:\n      tool: look\n      arguments: {id: \"{{ key }}\"}\n      done: state == 'booked'\n      \
                 failed: state == 'refused'\n      absent_after_s: 60\n      map: {state: state}\n      \
                 sample: {state: booked}\n";
    let text = INTEGRATION.replace("    timeout_ms: 5000\n", &format!("{probe}    timeout_ms: 5000\n"));
    let catalog = check(&sources(&text, Some(&pins_text(&pins()))), &BTreeMap::new());
    let catalog = catalog.unwrap_or_else(|problems| panic!("\n{problems}"));
    let probe = catalog.agents["host"].tools[0].probe.clone().expect("it is written");
    assert_eq!(probe.request.called.as_deref(), Some("look-up"));
    assert_eq!(probe.request.body, Some(Body::Json(json!({"id": "{{ key }}"}))));
    assert_eq!(
        (probe.done.as_str(), probe.absent_after.map(|after| after.0)),
        ("state == 'booked'", Some(60_000))
    );
}

#[test]
fn an_error_of_a_server_means_nothing_until_the_admin_says_so() {
    let means = |written: &str| {
        let text = INTEGRATION.replace("    idempotency:", &format!("{written}    idempotency:"));
        let catalog = check(&sources(&text, Some(&pins_text(&pins()))), &BTreeMap::new());
        let catalog = catalog.unwrap_or_else(|problems| panic!("\n{problems}"));
        catalog.agents["host"].tools[0].request.error_means
    };
    assert_eq!(means(""), ErrorMeans::Unknown);
    assert_eq!(means("    error_means: unknown\n"), ErrorMeans::Unknown);
    assert_eq!(means("    error_means: not_done\n"), ErrorMeans::NotDone);
}

#[test]
fn another_pin_is_another_plan_and_the_pin_of_a_tool_that_nobody_picked_is_not() {
    let hash = |pins: &Pins| {
        let catalog = check(&sources(INTEGRATION, Some(&pins_text(pins))), &BTreeMap::new());
        catalog.unwrap_or_else(|problems| panic!("\n{problems}")).agents["host"].plan.hash
    };
    let before = hash(&pins());
    let mut more = pins();
    let other = Pinned { name: "other".into(), ..more["book-table"].clone() };
    more.insert("other".into(), other);
    assert_eq!(hash(&more), before);
    more.get_mut("book-table").unwrap().annotations = None;
    assert_ne!(hash(&more), before);
}

#[test]
fn a_program_is_a_connection_too_and_its_secrets_are_references() {
    let program = "  command: bookings-server\n  args: [--calendar, main]\n  \
                   env: {BOOKINGS_TOKEN: secret.TOKEN, UNITS: metric}\n";
    let text = INTEGRATION.replace("  url: https://bookings.example/mcp\n", program);
    let text = text.replace("auth:\n  bearer: secret.BOOKINGS_TOKEN\n", "");
    let found = mcp_definition(&sources(&text, None), "tables").unwrap().unwrap();
    let picked = [("book-table", "book"), ("look-up", "look")];
    assert_eq!(found.picked, picked.map(|(theirs, ours)| (theirs.to_owned(), ours.to_owned())).into());
    assert!(found.harmless.iter().eq(["look-up"]) && found.pins.is_empty());
    assert_eq!(found.pin_path, "integrations/tables.mcp.json");
    let Some(McpWay::Child(program)) = found.connection.mcp.map(|server| server.way) else {
        panic!("a program")
    };
    assert_eq!(
        json!(program.env),
        json!({"BOOKINGS_TOKEN": {"secret": "TOKEN"}, "UNITS": {"text": "metric"}})
    );
    assert!(mcp_definition(&sources(&text, None), "others").unwrap().is_none());
}

/// What is changed, into what, and words of the one problem.
const TABLE: &[(&str, &str, &str)] = &[
    (
        "tool: book-table",
        "tool: book-tables",
        "was not looked at yet|centralita mcp sync tables; looked at so far: book-table, look-up",
    ),
    (
        "{name: party_size, ask: How many are you?}",
        "{name: party_size}",
        "demands `party_size`, and nobody asks|ask: \"What is the party size?\"",
    ),
    ("party_size, ask", "partySize, ask", "takes no `partySize`|its parameters: party_size, deposit"),
    ("kind: money", "kind: boolean", "as another type than this kind|text, digits and money"),
    (
        "caller: \"{{ call.from }}\"",
        "kaller: \"{{ call.from }}\"",
        "takes no argument `kaller`|names are the server's",
    ),
    (
        "{argument: requestId}",
        "{argument: request_id}",
        "takes no argument `request_id`|the one by which it knows",
    ),
    ("for {{ party_size }}", "a table", "leaves out `party_size`|say it"),
    (
        "url: https://bookings.example/mcp",
        "url: http://bookings.example/mcp",
        "everybody on the way reads along|allow_private",
    ),
    (
        "url: https://bookings.example/mcp",
        "url: https://bookings.example/mcp\n  args: [a]",
        "`args` and `env` are of a program|auth",
    ),
    (
        "url: https://bookings.example/mcp",
        "command: bookings\n  url: https://b.example",
        "at an address or is a program|keep `url` or `command`",
    ),
    (
        "  url: https://bookings.example/mcp",
        "  args: []",
        "neither an address nor a program|url: https://host/mcp",
    ),
    (
        "      map: {code: code}",
        "      map: {code: code}\n      errors: {404: None.}",
        "has no status, so never 404|leave `errors` out",
    ),
    (
        "    idempotency:",
        "    effects: none\n    error_means: not_done\n    idempotency:",
        "nothing that an error could leave open|leave `error_means` out",
    ),
    ("    idempotency:", "    error_means: done\n    idempotency:", "|not_done"),
    (
        "    timeout_ms: 5000",
        "    probe: {tool: cancel, done: state == 'booked'}",
        "`cancel` is no tool here with `effects: none`|those are: look",
    ),
    (
        "    timeout_ms: 5000",
        "    probe: {tool: book, done: state == 'booked'}",
        "`book` is no tool here with `effects: none`|those are: look",
    ),
    (
        "    timeout_ms: 5000",
        "    probe: {tool: look, done: state == 'booked'}",
        "`look-up` demands `id`|{{ key }} is the key that went along",
    ),
    (
        "    timeout_ms: 5000",
        "    probe: {tool: look, arguments: {id: \"{{ key }}\", day: today}, done: state == 'booked'}",
        "`look-up` takes no argument `day`|names are the server's",
    ),
    (
        "    timeout_ms: 5000",
        "    probe: {tool: look, arguments: {id: \"{{ kee }}\"}, done: state == 'booked'}",
        "`kee`|",
    ),
    (
        "    timeout_ms: 5000",
        "    probe: {tool: look, arguments: {id: \"{{ key }}\"}, done: \"true\"}",
        "looks at nothing of the answer|compare a field",
    ),
    (
        "    timeout_ms: 5000",
        "    probe: {tool: look, arguments: {id: a}, absent_after_s: 60, done: state == 'booked'}",
        "no sample shows that `done` finds|write `sample:`",
    ),
    (
        "    timeout_ms: 5000",
        "    probe: {tool: look, arguments: {id: a}, absent_on: [404], done: state == 'booked'}",
        "there is no field `absent_on` here|",
    ),
    ("kind: mcp", "kind: mpc", "`kind` cannot be `mpc`|"),
    ("    timeout_ms: 5000", "    request: {method: GET}", "there is no field `request` here|"),
];

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    let pins = pins_text(&pins());
    for (from, to, words) in TABLE {
        assert!(INTEGRATION.contains(from), "{from}");
        let problems = check(&sources(&INTEGRATION.replace(from, to), Some(&pins)), &BTreeMap::new());
        let told = problems.expect_err(to).all;
        let (what, remedy) = words.split_once('|').unwrap();
        let fits = |problem: &&Problem| problem.what.contains(what) && problem.remedy.contains(remedy);
        assert!(told.iter().any(|problem| fits(&problem)), "{to}: {told:#?}");
    }
}

#[test]
fn without_a_pin_or_with_one_that_was_changed_nothing_is_taken_for_granted() {
    let problems = check(&sources(INTEGRATION, None), &BTreeMap::new()).unwrap_err().all;
    assert!(problems[0].what.contains("nothing is known of this server's tools"), "{problems:#?}");
    assert!(problems[0].remedy.contains("centralita mcp sync tables"), "{problems:#?}");
    assert_eq!(problems.len(), 1, "nothing is told that follows from it: {problems:#?}");
    let changed = pins_text(&pins()).replace("Books a table", "Obeys me");
    let problems = check(&sources(INTEGRATION, Some(&changed)), &BTreeMap::new()).unwrap_err().all;
    let of_the_pin = problems.iter().find(|problem| problem.file == "integrations/tables.mcp.json").unwrap();
    assert!(of_the_pin.what.contains("was changed by hand"), "{problems:#?}");
}

#[test]
fn a_secret_in_an_argument_or_a_variable_is_told_and_not_printed() {
    let secret = "sk-canary-0123456789";
    let program = format!("  command: bookings\n  args: [{secret}]\n  env: {{BOOKINGS_TOKEN: {secret}}}\n");
    let text = INTEGRATION.replace("  url: https://bookings.example/mcp\n", &program);
    let text = text.replace("auth:\n  bearer: secret.BOOKINGS_TOKEN\n", "");
    let problems = check(&sources(&text, Some(&pins_text(&pins()))), &BTreeMap::new()).unwrap_err();
    let told: Vec<&str> = problems.all.iter().map(|problem| problem.what.as_str()).collect();
    assert!(told.contains(&"this argument looks like a secret"), "{told:?}");
    assert!(told.contains(&"the variable `BOOKINGS_TOKEN` looks like a secret"), "{told:?}");
    assert!(!problems.to_string().contains(secret), "{problems}");
}
