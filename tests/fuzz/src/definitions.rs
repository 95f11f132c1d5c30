//! What an admin writes or brings: agents, integrations, descriptions of APIs, templates, scripts of callers.
//!
//! Promises: a definition is refused with a problem that can be shown, or means something.
//! Never: resolves a secret or sends a request.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use centralita::caller::read_script;
use centralita::catalog::import::{Imported, Wanted, curl, openapi};
use centralita::catalog::{Kind, Source, check};
use centralita::core::language::Language;
use centralita::core::template::Renderer;
use serde_json::{Value, json};

const AGENT: &str = include_str!("../../../agents/shop.yaml");
const INTEGRATION: &str = include_str!("../../../integrations/shop.yaml");

/// A file in the agent's place, and in the integration's.
pub(super) fn definition(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for (agent, integration) in [(text, INTEGRATION), (AGENT, text)] {
        let source = |kind, path: &str, text: &str| Source::new(kind, path.to_owned(), text.to_owned());
        let sources = [
            source(Kind::Agent, "agents/a.yaml", agent),
            source(Kind::Integration, "integrations/i.yaml", integration),
        ];
        match check(&sources, &BTreeMap::new()) {
            Ok(catalog) => {
                for agent in catalog.agents.values() {
                    assert!(serde_json::to_string(&agent.plan).is_ok(), "a plan becomes the journal's head");
                }
            }
            Err(problems) => assert!(!problems.to_string().is_empty()),
        }
    }
}

/// A document that describes an API.
pub(super) fn described_api(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(imported) = openapi(text, &wanted()) {
        loads(&imported);
    }
}

/// A command for curl.
pub(super) fn curl_command(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(imported) = curl(text, &wanted()) {
        loads(&imported);
    }
}

fn wanted<'w>() -> Wanted<'w> {
    Wanted { id: None, only: &[], origin: "a fuzzer", address: None, allow_private: false }
}

/// A draft is one that `check` takes, and what is not in it was told.
fn loads(imported: &Imported) {
    if imported.brought < imported.of {
        assert!(!imported.notes.is_empty(), "what was not brought was not told");
    }
    if imported.brought > 0 {
        let path = "integrations/i.yaml".to_owned();
        let source = Source::new(Kind::Integration, path, imported.yaml.clone());
        check(&[source], &BTreeMap::new()).expect("a draft is one that `check` takes");
    }
}

/// The moves of a caller.
pub(super) fn caller_script(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err(fault) = read_script("moves.yaml", text) {
        assert!(!fault.what.is_empty());
    }
}

static RENDERERS: LazyLock<[Renderer; Language::ALL.len()]> =
    LazyLock::new(|| Language::ALL.map(|language| Renderer::new(language, "EUR")));

/// A template, and behind a zero its values.
pub(super) fn template(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (source, vars) = text.split_once('\0').unwrap_or((text, ""));
    let vars: Value = serde_json::from_str(vars).unwrap_or_else(
        |_| json!({"amount": "20.5", "order": "1182", "items": [1, 2, {"a": "b"}], "none": null}),
    );
    for renderer in RENDERERS.iter() {
        let once = renderer.render(source, &vars);
        assert_eq!(renderer.render(source, &vars), once, "the same source and values give the same text");
        if let Ok(path) = renderer.path(&format!("/a/{{{{ {source} }}}}/b"), &vars)
            && renderer.eval(source, &vars).is_ok_and(|value| value.is_string() || value.is_number())
        {
            assert_eq!(path.matches('/').count(), 3, "a value stays inside its segment: {path}");
        }
        let _ = (renderer.eval(source, &vars), renderer.holds(source, &vars));
        let _ = (
            renderer.variables(source),
            renderer.names(source),
            renderer.json(&json!({"a": [source]}), &vars),
        );
    }
}
