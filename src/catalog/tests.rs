//! Tests of the definitions: each problem by the text an admin reads, and the samples by what they mean.
//!
//! Promises: every check of the room has a row.
//! Never: touches the network.

mod absence;
mod auth;
mod files;
mod mcp;
mod probing;
mod schema;
mod shapes;
mod sparing;
mod steps;
mod table;
mod tested;
mod values;

use centralita_core::conversation::{Effects, Idempotency, Policy, Timing, VoiceYes};
use centralita_core::language::Language;

use std::path::Path;

use super::*;

fn samples() -> Vec<Source> {
    find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn the_samples_are_without_fault_and_mean_what_they_say() {
    let catalog = check(&samples(), &BTreeMap::new()).unwrap_or_else(|problems| panic!("\n{problems}"));
    let names: Vec<&str> = catalog.agents.keys().map(String::as_str).collect();
    assert_eq!(names, ["recepcion", "shop", "tienda"]);
    let shop = &catalog.agents["shop"].plan;
    assert_eq!((shop.language, shop.currency.as_str(), shop.tools.len()), (Language::English, "USD", 2));
    let refund = &shop.tools[1];
    assert_eq!(refund.name.to_string(), "shop.refund");
    assert_eq!((refund.effects, &refund.confirm.policy), (Effects::Irreversible, &Policy::Always));
    assert_eq!((refund.confirm.voice, refund.idempotency), (VoiceYes::Accepted, Idempotency::Keyed));
    let status = &shop.tools[0];
    assert_eq!((status.effects, &status.confirm.policy), (Effects::None, &Policy::Never));
    let tienda = &catalog.agents["tienda"].plan;
    assert!(tienda.tools[1].confirm.question.starts_with("¿Devuelvo"));
    assert_eq!(tienda.keys[&'2'].to_string(), "shop.refund");
    assert!(catalog.agents["recepcion"].plan.tools.is_empty());
}

#[test]
fn a_plans_hash_changes_with_whatever_changes_its_meaning_and_with_nothing_else() {
    let hash = |sources: &[Source]| check(sources, &BTreeMap::new()).unwrap().agents["shop"].plan.hash;
    let sources = samples();
    let before = hash(&sources);
    assert_eq!(before, hash(&samples()));
    for (from, to, changes) in [
        ("path: /orders/{order}/refunds", "path: /v2/orders/{order}/refunds", true),
        ("bearer: secret.SHOP_TOKEN", "bearer: secret.OTHER_TOKEN", true),
        ("timeout_ms: 8000", "timeout_ms: 9000", true),
        ("We are open from nine", "We are open from ten", true),
        ("# Who answers", "# Whoever answers", false),
        ("title: The shop's orders", "title: Orders", false),
        ("total: \"45.00\"", "total: \"46.00\"", false),
    ] {
        let changed: Vec<Source> =
            sources.iter().map(|s| Source { text: s.text.replace(from, to), ..s.clone() }).collect();
        assert_ne!(changed, sources, "{from}");
        assert_eq!(hash(&changed) != before, changes, "{from}");
    }
}

#[test]
fn what_a_parameter_may_be_is_part_of_the_plan() {
    let amount = "{name: amount, kind: money, ask: How much?}";
    let limited = "{name: amount, kind: money, ask: How much?, min: 0.5, max: \"20\", one_of: [1, 20.00]}";
    let catalog = check(&table::broken(&[(amount, limited)]), &BTreeMap::new()).unwrap();
    let limits = &catalog.agents["shop"].plan.tools[0].parameters[1].limits;
    assert_eq!((limits.min.as_deref(), limits.max.as_deref()), (Some("0.50"), Some("20.00")));
    assert_eq!(limits.one_of, ["1.00", "20.00"]);
}

#[test]
fn a_program_that_starts_the_system_itself_says_where_it_is() {
    let bases = [("shop".to_owned(), Url::parse("http://127.0.0.1:4567/").unwrap())].into();
    let catalog = check(&samples(), &bases).unwrap();
    assert_eq!(catalog.agents["shop"].connections[0].base.port(), Some(4567));
    assert!(catalog.agents["recepcion"].connections.is_empty());
}

#[test]
fn a_problem_prints_with_its_line_and_its_remedy() {
    let sources =
        table::broken(&[("  - shop.refund", "  - shop.refnud"), ("1: shop.refund", "1: shop.refnud")]);
    let problems = check(&sources, &BTreeMap::new()).unwrap_err();
    let want = "\
error: there is no tool `shop.refnud`
 --> agents/shop.yaml:9:5
  |
9 |   - shop.refnud
  |     ^^^^^^^^^^^
  |
  = help: tools of these integrations: shop.refund, shop.status";
    assert_eq!(problems.to_string(), want);
}

#[test]
fn a_secret_that_stands_in_a_file_by_mistake_is_told_of_and_never_printed() {
    const CANARY: &str = "hunter2canary";
    let written = "bearer: secret.SHOP_TOKEN";
    for (from, to) in [
        (written, "bearer: sk-hunter2canary"),
        (written, "bearer: hunter2canary"),
        (written, "bearer: \"hunter2canary"),
        (written, "bearer: hunter2canary: x"),
        (written, "bearer: [hunter2canary]"),
        (written, "bearer: `hunter2canary`"),
        (written, "bearer: 'hunter2canary' x"),
        (written, "bearer: secret.hunter2canary"),
        (written, "bearer:\n    - hunter2canary"),
        (written, "bearer: |\n    hunter2canary"),
        (written, "token: hunter2canary"),
        (written, "header: {name: X-Key, value: hunter2canary}"),
        (written, "header: {name: X Key, value: hunter2canary, hunter2canary: 1}"),
        ("auth:\n  bearer: secret.SHOP_TOKEN", "auth: \"{bearer: hunter2canary}\""),
        ("auth:\n  bearer: secret.SHOP_TOKEN", "auth: bearer hunter2canary"),
        (written, "basic: {user: me, password: hunter2canary}"),
        (written, "basic: hunter2canary"),
        (written, "query: {name: api_key, value: hunter2canary}"),
        (written, "oauth2: {token_url: 'https://a.example/', client_id: x, client_secret: hunter2canary}"),
        (written, "oauth2: {token_url: 'https://a.example/', client_id: x, refresh_token: hunter2canary}"),
        (written, "oauth2: hunter2canary"),
        (written, "hmac: {secret: hunter2canary, header: X-Sign, over: '{body}'}"),
        (written, "standard_webhooks: whsec_hunter2canary"),
        (written, "client_certificate: |\n    -----BEGIN PRIVATE KEY-----\n    hunter2canary"),
        (written, "headers: {X-Api-Key: hunter2canary}"),
        (written, "headers: {X-Key: whsec_hunter2canary}"),
        (written, "header: {name: X-Key, value: secret.A, prefix: sk-hunter2canary}"),
        (written, "\"bearer\":\"hunter2canary\""),
        (written, "bearer:\n  - hunter2canary"),
        ("path: /orders/{order}/refunds", "path: /orders?api_key=hunter2canary"),
        ("https://shop.example/v1", "https://shop.example/?token=hunter2canary"),
        ("https://shop.example/v1", "https://me:hunter2canary@shop.example/v1"),
        ("https://shop.example/v1", "http://hunter2canary@shop.example/v1 x"),
        ("headers: {X-Source: phone}", "headers: {Authorization: Bearer hunter2canary}"),
        ("headers: {X-Source: phone}", "headers: {X-Source: sk-hunter2canary, x y: 1}"),
    ] {
        let problems = check(&table::broken(&[(from, to)]), &BTreeMap::new()).unwrap_err();
        assert!(!problems.to_string().contains(CANARY), "{to}:\n{problems}");
        assert!(problems.all.iter().all(|problem| !format!("{problem:?}").contains(CANARY)), "{to}");
    }
}

#[test]
fn every_problem_is_told_at_once_and_each_once() {
    let sources = table::broken(&[
        ("language: en", "language: xx"),
        ("currency: USD", "currency: dollars"),
        ("path: /orders/{order}/refunds", "path: /orders/{ordre}/refunds"),
        ("timeout_ms: 5000", "timeout_ms: 5"),
    ]);
    let problems = check(&sources, &BTreeMap::new()).unwrap_err();
    let places: Vec<(&str, u64)> = problems.all.iter().map(|p| (p.file.as_str(), p.line)).collect();
    assert_eq!(places.len(), 4, "{problems}");
    assert!(places.iter().any(|(file, _)| *file == "agents/shop.yaml"));
    assert!(places.iter().any(|(file, _)| *file == "integrations/shop.yaml"));
}

#[test]
fn a_tool_of_a_file_that_cannot_be_read_is_not_a_second_problem() {
    let problems = check(&table::broken(&[("kind: http", "kind: fax")]), &BTreeMap::new()).unwrap_err();
    assert_eq!(problems.all.len(), 1, "{problems}");
    let note = "\n\nnote: what these files mean is looked at once this is put right: integrations/shop.yaml";
    assert!(problems.to_string().ends_with(note), "{problems}");
}

#[test]
fn two_files_with_one_id_are_told_apart_by_a_problem() {
    let mut sources = table::broken(&[]);
    sources.extend(sources.clone());
    let problems = check(&sources, &BTreeMap::new()).unwrap_err();
    let all = problems.to_string();
    assert!(all.contains("two agents `shop`") && all.contains("two integrations `shop`"), "{all}");
}

#[test]
fn the_reference_lists_every_wait_with_its_default() {
    let reference = include_str!("../../docs/definitions.md");
    let (_, waits) = reference.split_once("### Waits").unwrap();
    let (waits, _) = waits.split_once("\n## ").unwrap();
    let rows = waits.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        Some((name.to_owned(), rest.split_once(" | ")?.0.parse().unwrap()))
    });
    let listed: BTreeMap<String, u64> = rows.collect();
    let waits = serde_json::to_value(Timing::default()).unwrap();
    let meant: BTreeMap<String, u64> = serde_json::from_value(waits).unwrap();
    assert_eq!(listed, meant);
}

/// Other systems refuse such a name.
#[cfg(target_os = "linux")]
#[test]
fn a_file_whose_name_is_no_text_is_read_like_any_other() {
    use std::os::unix::ffi::OsStrExt as _;
    let root = std::env::temp_dir().join(format!("centralita-{}", uuid::Uuid::now_v7()));
    let agents = root.join("agents");
    std::fs::create_dir_all(&agents).unwrap();
    std::fs::write(agents.join(std::ffi::OsStr::from_bytes(b"caf\xe9.yaml")), "version: 1\n").unwrap();
    let found = find(&root).unwrap();
    std::fs::remove_dir_all(&root).unwrap();
    assert_eq!(
        found,
        [Source::new(Kind::Agent, "agents/caf\u{fffd}.yaml".to_owned(), "version: 1\n".to_owned())]
    );
}
