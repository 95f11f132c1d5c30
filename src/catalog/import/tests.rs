//! Tests of imports: documents of each version against their drafts, a large one, broken ones, and commands for curl.
//!
//! The drafts lie beside the documents in tests/import; `UPDATE=1` writes them again.
//!
//! Promises: every draft passes `check`; what is not brought is told with its place.
//! Never: touches the network.

mod broken;
mod command;
mod drawn;
mod forms;

use std::path::{Path, PathBuf};

use centralita_core::language::Language;
use centralita_core::template::Renderer;
use serde_json::{Value, json};

use super::*;
use crate::catalog::exchange::fill;
use crate::catalog::reader::braces;

const NOTHING: &[String] = &[];

fn wanted<'w>() -> Wanted<'w> {
    Wanted { id: None, only: NOTHING, origin: "a test", address: None, allow_private: false }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import")
}

fn document(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).expect("the document is there")
}

/// What `check` says of a draft.
fn checked(imported: &Imported) -> Result<(), String> {
    let path = format!("integrations/{}.yaml", imported.id);
    let source = Source::new(Kind::Integration, path, imported.yaml.clone());
    check(&[source], &BTreeMap::new()).map(|_| ()).map_err(|problems| problems.to_string())
}

/// The draft, then all that is said beside it.
fn page(imported: &Imported) -> String {
    let notes = imported.notes.iter().map(|note| format!("#> {note}\n"));
    let by_hand = imported.by_hand.iter().map(|line| format!("#> {line}\n"));
    let count = format!("#> {} of {}\n", imported.brought, imported.of);
    format!("{}\n{}", imported.yaml, notes.chain(by_hand).chain([count]).collect::<String>())
}

#[test]
fn a_document_of_each_version_becomes_this_draft_and_check_takes_it() {
    for name in ["shop.v2.json", "tickets.v30.yaml", "calendar.v31.yaml"] {
        let imported = openapi(&document(name), &wanted()).expect("the document can be read");
        checked(&imported).unwrap_or_else(|problems| panic!("{name}\n{problems}\n{}", imported.yaml));
        let page = page(&imported);
        let golden = folder().join(format!("{}.draft.yaml", name.split('.').next().expect("a name")));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&golden, &page).expect("the draft can be written");
        }
        let want = std::fs::read_to_string(&golden).unwrap_or_default();
        assert!(page == want, "{}: run with UPDATE=1 and look at the difference\n{page}", golden.display());
    }
}

/// What a tool of a draft would send for these arguments: path, query, body.
fn sent(imported: &Imported, tool: &str, args: &Value) -> (String, Value, Value) {
    let draft: Value = serde_saphyr::from_str(&imported.yaml).expect("a draft is YAML");
    let tools = draft["tools"].as_array().expect("a list of tools");
    let request = &tools.iter().find(|one| one["name"] == tool).expect("the tool is there")["request"];
    let renderer = Renderer::new(Language::English, "EUR");
    let path = renderer.path(&braces(request["path"].as_str().expect("a path")), args).expect("a path");
    let [query, body] = ["query", "body"].map(|part| {
        let tree = fill(&request[part], &mut |text| braces(text));
        renderer.json(&tree, args).expect("all values are there")
    });
    (path, query, body)
}

#[test]
fn what_a_draft_sends_is_what_the_document_wants() {
    let of = |name: &str| openapi(&document(name), &wanted()).expect("the document can be read");
    let styles = json!({"ticket_id": 7, "at_x": 1, "at_y": 2, "rgb": ["red"], "filter_state": "open", "filter_since": null,
        "kind": "all", "piped": null, "row_role": "admin", "row_name": "Ana"});
    let query = json!({"filter[state]": "open", "kind": "all", "row": "role,admin,name,Ana"});
    let want = ("/tickets/7/matrix/;x=1;y=2/label/.red".to_owned(), query, Value::Null);
    assert_eq!(sent(&of("tickets.v30.yaml"), "styles", &styles), want);
    let mut args = json!({"at": "2026-01-31T15:30:00Z", "person_born": "1990-05-01", "person_name": "Ana", "reminders": ["sms"],
        "price": null, "insurance_card_number": null, "insurance_card_valid": null});
    let mut body = json!({"at": "2026-01-31T15:30:00Z", "kind": "visit", "person": {"born": "1990-05-01", "name": "Ana"},
        "reminders": ["sms"]});
    let calendar = of("calendar.v31.yaml");
    assert_eq!(sent(&calendar, "book_appointment", &args).2, body, "what was not said is not sent");
    args["price"] = "20.50".into();
    args["insurance_card_number"] = "0123456789".into();
    args["insurance_card_valid"] = json!(27.5);
    body["price"] = json!(20.5);
    body["insurance"] = json!({"payer": "public", "card": {"number": "0123456789", "valid": 27.5}});
    assert_eq!(sent(&calendar, "book_appointment", &args).2, body);
    args["insurance_card_valid"] = Value::Null;
    body["insurance"]["card"]["valid"] = Value::Null;
    assert_eq!(
        sent(&calendar, "book_appointment", &args).2,
        body,
        "what was heard is not left out for what is missing"
    );
}

#[test]
fn json_and_yaml_of_the_same_document_become_the_same_draft() {
    let yaml = document("tickets.v30.yaml");
    let json = document::Document::read(&yaml).expect("it is YAML").root.to_string();
    assert!(openapi(&json, &wanted()).expect("it is read") == openapi(&yaml, &wanted()).expect("it is read"));
}

#[test]
fn only_what_is_wanted_is_brought_by_whatever_name() {
    let text = document("shop.v2.json");
    for (only, names) in [
        (vec!["getOrder"], vec!["get_order"]),
        (vec!["get_order", "GET /orders"], vec!["list_orders", "get_order"]),
        (vec!["delete /orders/{orderNumber}"], vec!["delete_orders_order_number"]),
    ] {
        let only: Vec<String> = only.into_iter().map(str::to_owned).collect();
        let imported = openapi(&text, &Wanted { only: &only, ..wanted() }).expect("they are there");
        let brought: Vec<&str> =
            imported.yaml.lines().filter_map(|line| line.strip_prefix("  - name: ")).collect();
        assert_eq!((brought, imported.of), (names, only.len()));
    }
    let only = ["getOrdre".to_owned()];
    let fault = openapi(&text, &Wanted { only: &only, ..wanted() }).expect_err("there is no such operation");
    assert!(fault.what.contains("no operation `getOrdre`") && fault.remedy.contains("`getOrder`"), "{fault}");
}

#[test]
fn where_requests_go_is_an_address_that_check_takes() {
    let paths = r#""paths": {"/a": {"get": {"responses": {}}}}"#;
    let address: Url = "https://docs.example/specs/openapi.json".parse().expect("an address");
    for (server, from, private, base) in [
        (r#""servers": [{"url": "https://a.example/v1/"}]"#, false, false, "https://a.example/v1"),
        (r#""servers": [{"url": "http://a.example"}]"#, false, false, "https://a.example"),
        (r#""servers": [{"url": "http://10.0.0.7:81/x"}]"#, false, true, "http://10.0.0.7:81/x"),
        (
            r#""servers": [{"url": "http://a.example"}, {"url": "https://b.example"}]"#,
            false,
            false,
            "https://b.example",
        ),
        (
            r#""servers": [{"url": "https://me:hunter2@a.example?x=hunter2"}]"#,
            false,
            false,
            "https://a.example",
        ),
        (
            r#""servers": [{"url": "https://a.example"}, {"url": "https://me:hunter2@b.example?x=hunter2"}]"#,
            false,
            false,
            "https://a.example",
        ),
        (
            r#""servers": [{"url": "https://a.example"}, {"url": "{x}://hunter2@b"}]"#,
            false,
            false,
            "https://a.example",
        ),
        (r#""servers": [{"url": "/v2"}]"#, true, false, "https://docs.example/v2"),
        (r#""servers": [{"url": "/v2"}]"#, false, false, "https://api.example.com"),
        (r#""servers": []"#, true, false, "https://docs.example"),
        (r#""servers": [{"url": "ftp://a.example"}]"#, false, false, "https://api.example.com"),
    ] {
        let text = format!(r#"{{"openapi": "3.0.0", {server}, {paths}}}"#);
        let address = Some(&address).filter(|_| from);
        let imported =
            openapi(&text, &Wanted { address, allow_private: private, ..wanted() }).expect("it is read");
        assert!(imported.yaml.contains(&format!("\nbase_url: \"{base}\"\n")), "{server}\n{}", imported.yaml);
        assert!(!imported.yaml.contains("hunter2"), "{}", imported.yaml);
        assert_eq!(imported.yaml.contains("allow_private: true"), private);
        checked(&imported).expect("check takes it");
    }
}

#[test]
fn the_scheme_that_most_operations_can_do_with_is_the_integrations_and_the_rest_is_told() {
    let document = |schemes: &str, a: &str, b: &str| {
        format!(
            r#"{{"openapi": "3.0.0", "info": {{"title": "Bank"}}, "components": {{"securitySchemes": {{{schemes}}}}},
            "paths": {{"/a": {{"get": {{{a} "responses": {{}}}}}}, "/b": {{"get": {{{b} "responses": {{}}}}}}}}}}"#
        )
    };
    let bearer = r#""t": {"type": "http", "scheme": "Bearer"}, "k": {"type": "apiKey", "in": "header", "name": "X-Key"}"#;
    let (t, k) = (r#""security": [{"t": []}],"#, r#""security": [{"k": []}],"#);
    let either = r#""security": [{"t": []}, {"k": []}],"#;
    let both = r#""security": [{"t": [], "k": []}],"#;
    let header = r#""parameters": [{"name": "X-Api-Key", "in": "header", "required": true, "schema": {}}],"#;
    for (schemes, a, b, auth, told) in [
        (bearer, t, either, "auth: {bearer: secret.BANK_TOKEN}", ""),
        (bearer, k, either, "auth: {header: {name: X-Key, value: secret.BANK_KEY}}", ""),
        (bearer, t, both, "auth: {bearer: secret.BANK_TOKEN}", "paths./b.get: it wants `k` and `t`"),
        (r#""k": {"type": "apiKey", "in": "query", "name": "q"}"#, k, "", "", "`k` (a key in the query)"),
        (r#""t": {"type": "http", "scheme": "basic"}"#, t, t, "value: secret.BANK_BASIC", ""),
        (r#""t": {"type": "http", "scheme": "digest"}"#, t, t, "", "`t` (HTTP digest)"),
        (r#""t": {"type": "oauth2"}"#, t, t, "auth: {bearer: secret.BANK_TOKEN}", ""),
        (r#""t": {"type": "oauth2"}"#, "", "", "", ""),
        ("", header, header, "auth: {header: {name: X-Api-Key, value: secret.BANK_KEY}}", ""),
    ] {
        let imported = openapi(&document(schemes, a, b), &wanted()).expect("it is read");
        let notes: Vec<String> = imported.notes.iter().map(ToString::to_string).collect();
        assert_eq!(imported.yaml.contains("\nauth:"), !auth.is_empty(), "{schemes}\n{}", imported.yaml);
        assert!(imported.yaml.contains(auth), "{schemes}\n{}", imported.yaml);
        assert_eq!(notes.is_empty(), told.is_empty(), "{schemes}: {notes:?}");
        assert!(told.is_empty() || notes.iter().any(|note| note.contains(told)), "{schemes}: {notes:?}");
        checked(&imported).expect("check takes it");
    }
}
