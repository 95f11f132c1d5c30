//! Tests of the schemas for editors, against another program's reading of them.
//!
//! Promises: the files in `assets/schemas` are what this build makes; whatever `check` tells of a field's kind is one of the
//! schema's faults; what the schema finds fault with, `check` does too.
//! Never: reads a schema with code of ours.

use std::path::PathBuf;
use std::sync::LazyLock;

use jsonschema::Validator;
use regex::Regex;
use serde_json::{Value, json};

use super::shapes::CHANGES;
use super::table::broken;
use super::*;

/// What is added to a map, to see that nobody knows it.
const ODD: &str = "odd_one";

/// What only a text in YAML can show, and no value: quotes round a number, how a number is spelt, names and types of parts.
const OF_YAML_ALONE: &[&str] = &[
    "stands in quotes",
    "the quoted text",
    "begins with a zero",
    "could be `",
    "the number 1e3",
    "the text `1_000`",
    "the text `yes`",
    "which is not read here",
];

fn validators() -> [(Kind, Validator); 2] {
    [(Kind::Agent, agent_schema()), (Kind::Integration, integration_schema())].map(|(kind, schema)| {
        let schema: Value = serde_json::from_str(&schema).unwrap();
        jsonschema::meta::validate(&schema).unwrap();
        (kind, jsonschema::validator_for(&schema).unwrap())
    })
}

fn of(kind: Kind, validators: &[(Kind, Validator); 2]) -> &Validator {
    &validators.iter().find(|(of, _)| *of == kind).unwrap().1
}

/// As an editor reads it: YAML's kinds of values, by the library's own rules.
fn value(text: &str) -> Option<Value> {
    serde_saphyr::from_str(text).ok()
}

/// Whether the form of a file, by itself, is as `check` wants it.
fn is_read(kind: Kind, text: &str) -> bool {
    let source = Source::new(kind, "x.yaml".to_owned(), text.to_owned());
    let mut problems = Vec::new();
    match kind {
        Kind::Agent => parse::<AgentFile>(&source, &mut problems).is_some(),
        Kind::Integration => parse_integration(&source, &mut problems).is_some(),
        Kind::Pin => unreachable!("pins have no schema"),
    }
}

#[test]
fn the_schemas_in_the_assets_are_those_of_this_build() {
    for (name, schema) in [("agent", agent_schema()), ("integration", integration_schema())] {
        let path =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("assets/schemas/{name}.schema.json"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &schema).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == schema, "{}: UPDATE=1 writes it anew", path.display());
    }
}

#[test]
fn every_sample_and_template_is_without_fault_by_its_schema() {
    let validators = validators();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folders = [
        ("agents", Kind::Agent),
        ("integrations", Kind::Integration),
        ("integrations/templates", Kind::Integration),
    ];
    for (folder, kind) in folders {
        let entries = std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let files: Vec<PathBuf> =
            entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
        assert!(!files.is_empty(), "{folder}");
        for path in files {
            let value = value(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let faults: Vec<String> = of(kind, &validators)
                .iter_errors(&value)
                .map(|fault| format!("{}: {fault}", fault.instance_path()))
                .collect();
            assert!(faults.is_empty(), "{}: {faults:#?}", path.display());
        }
    }
}

#[test]
fn what_check_tells_of_a_files_form_is_a_fault_by_its_schema_too() {
    let validators = validators();
    let mut looked_at = 0;
    for (from, to, told) in CHANGES {
        if told.lines().all(|line| OF_YAML_ALONE.iter().any(|mark| line.contains(mark))) {
            continue;
        }
        for source in broken(&[(from, to)]).iter().filter(|source| !is_read(source.kind, &source.text)) {
            // What is no YAML has no value to be judged.
            let Some(value) = value(&source.text) else { continue };
            looked_at += 1;
            assert!(!of(source.kind, &validators).is_valid(&value), "{to}\n{told}");
        }
    }
    assert!(looked_at > 20, "{looked_at}");
}

/// JSON as YAML: the same, with keys that are numbers written as such.
fn yaml(value: &Value) -> String {
    static KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""([0-9]+)":"#).unwrap());
    KEY.replace_all(&value.to_string(), "$1: ").into_owned()
}

/// Every value of a file in turn replaced, taken out, or given a field nobody knows.
fn changed(value: &Value) -> Vec<Value> {
    let others = [json!(null), json!(true), json!(7), json!("Some words"), json!([]), json!({})];
    let mut all = Vec::from(others);
    match value {
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                all.extend(changed(item).into_iter().map(|item| {
                    let mut items = items.clone();
                    items[n] = item;
                    Value::Array(items)
                }));
            }
        }
        Value::Object(fields) => {
            all.push(with(fields, ODD, Some(json!(1))));
            for (name, field) in fields {
                all.push(with(fields, name, None));
                all.extend(changed(field).into_iter().map(|field| with(fields, name, Some(field))));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    all
}

fn with(fields: &serde_json::Map<String, Value>, name: &str, value: Option<Value>) -> Value {
    let mut fields = fields.clone();
    match value {
        Some(value) => drop(fields.insert(name.to_owned(), value)),
        None => drop(fields.remove(name)),
    }
    Value::Object(fields)
}

#[test]
fn a_schema_and_check_find_fault_with_the_same_changes_of_a_file() {
    let validators = validators();
    let together = [broken(&[]), mcp::sound(), samples()];
    let files = together.iter().flat_map(|beside| beside.iter().map(move |source| (beside, source)));
    let (mut faults, mut fine) = (0, 0);
    for (beside, source) in files.filter(|(_, source)| source.kind != Kind::Pin) {
        let kind = source.kind;
        assert!(!is_told(kind, &source.text, beside), "{}", source.path);
        for changed in changed(&value(&source.text).unwrap()) {
            let (text, is_valid) = (yaml(&changed), of(kind, &validators).is_valid(&changed));
            let is_read = is_read(kind, &text);
            assert!(is_read || !is_valid, "only check finds fault with this:\n{text}");
            assert!(
                is_valid || !is_read || is_told(kind, &text, beside),
                "only the schema finds fault with this:\n{text}"
            );
            if is_valid { fine += 1 } else { faults += 1 }
        }
    }
    assert!(faults > 1_000 && fine > 100, "{faults} {fine}");
}

/// Whether `check` finds fault with what a file of good form means, among what it stands beside.
fn is_told(kind: Kind, text: &str, beside: &[Source]) -> bool {
    let others = beside.iter().filter(|source| source.kind != kind).cloned();
    let source = Source::new(kind, "x.yaml".to_owned(), text.to_owned());
    check(&others.chain([source]).collect::<Vec<_>>(), &BTreeMap::new()).is_err()
}
