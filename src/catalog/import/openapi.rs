//! An OpenAPI document as a draft: each operation a tool.
//!
//! Promises: an operation is brought whole, or told; one that falls takes no other with it.
//! Never: calls the API.

use std::collections::BTreeSet;

use centralita_core::base::{Fault, Owner, nearest};
use serde_json::Value;

use super::answer::answers;
use super::body::body;
use super::document::{Document, entries, text};
use super::draft::{Base, DESCRIPTION_CHARS_MAX, Draft, Tool};
use super::parameters::parameters;
use super::security::Security;
use super::servers::{base, on_the_way};
use super::words::{doing, plain, sentence, snake, unique};
use super::{Imported, Note, Notes, Wanted, assemble, own_id};
use crate::integrations::Method;

/// What may stand beside parameters in an item of `paths` and is an operation, in the order it is brought.
const METHODS: &[(&str, Option<Method>)] = &[
    ("get", Some(Method::Get)),
    ("head", Some(Method::Head)),
    ("post", Some(Method::Post)),
    ("put", Some(Method::Put)),
    ("patch", Some(Method::Patch)),
    ("delete", Some(Method::Delete)),
    ("options", None),
    ("trace", None),
];
/// How operations begin that change nothing, whatever their method.
const READING: &[&str] = &[
    "search",
    "query",
    "list",
    "find",
    "get",
    "calculate",
    "estimate",
    "check",
    "validate",
    "verify",
    "quote",
    "look",
];
/// Of an id made from a title, in bytes.
const ID_BYTES_MAX: usize = 24;

struct Operation {
    place: String,
    /// What the document calls it.
    id: String,
    name: String,
    path: String,
    word: &'static str,
    method: Option<Method>,
    item: Value,
    value: Value,
}

impl Operation {
    fn is(&self, wanted: &str) -> bool {
        let written = format!("{} {}", self.word, self.path);
        wanted == self.id || wanted == self.name || wanted.eq_ignore_ascii_case(&written)
    }
}

/// A draft of what an OpenAPI document describes.
///
/// # Errors
/// It is no such document, or it has no such operation.
pub fn openapi(document: &str, wanted: &Wanted<'_>) -> Result<Imported, Fault> {
    let doc = Document::read(document)?;
    let mut notes = Vec::new();
    let mut operations = operations(&doc, &mut notes);
    chosen(&operations, wanted)?;
    operations.retain(|one| wanted.only.is_empty() || wanted.only.iter().any(|only| one.is(only)));
    let info = doc.root.get("info").cloned().unwrap_or_default();
    let id = own_id(wanted)?.unwrap_or_else(|| id_of(text(&info, "title")));
    let values: Vec<(&Value, &Value)> = operations.iter().map(|one| (&one.item, &one.value)).collect();
    let security = Security::of(&doc, &id, &values);
    let base = base(&doc, wanted);
    let (of, mut tools) = (operations.len(), Vec::new());
    for operation in operations {
        doc.begin();
        let mut about = Vec::new();
        let mut own = Notes { place: operation.place.clone(), all: &mut about };
        match tool(&doc, &operation, &security, (&base, wanted), &mut own) {
            Ok(tool) => tools.push((operation.place, tool)),
            Err(why) => {
                about.clear();
                about.push(Note { place: operation.place, what: format!("not brought: {why}") });
            }
        }
        notes.append(&mut about);
    }
    let title =
        Some(plain(text(&info, "title"), 80)).filter(|title| !title.is_empty()).unwrap_or_else(|| id.clone());
    let draft = Draft {
        title,
        description: plain(text(&info, "description"), DESCRIPTION_CHARS_MAX),
        base,
        auth: security.auth,
        reviews: security.reviews,
        id,
    };
    Ok(assemble(&draft, tools, wanted, notes, of))
}

fn id_of(title: &str) -> String {
    let mut id = snake(&title.to_lowercase());
    id.truncate(ID_BYTES_MAX);
    match id.trim_end_matches('_') {
        "value" => "api".to_owned(),
        id => id.to_owned(),
    }
}

/// All of them, each with a name of its own.
fn operations(doc: &Document, notes: &mut Vec<Note>) -> Vec<Operation> {
    let (mut found, mut taken) = (Vec::new(), BTreeSet::new());
    for (path, item) in entries(&doc.root, "paths").filter(|(path, _)| !path.starts_with("x-")) {
        let place = format!("paths.{}", plain(path, 120));
        let item = match doc.resolve(item) {
            Ok(item) if item.is_object() => item.into_owned(),
            Ok(_) => {
                notes.push(Note { place, what: "not brought: it is no map of operations".to_owned() });
                continue;
            }
            Err(why) => {
                notes.push(Note { place, what: format!("not brought: {why}") });
                continue;
            }
        };
        for (word, method) in METHODS {
            let Some(value) = item.get(*word) else { continue };
            let id = text(value, "operationId").to_owned();
            let name = if id.is_empty() { snake(&format!("{word} {path}")) } else { snake(&id) };
            let name = unique(&name, &mut taken);
            let (place, path) = (format!("{place}.{word}"), path.clone());
            let (value, item) = (value.clone(), item.clone());
            found.push(Operation { place, id, name, path, word, method: *method, item, value });
        }
    }
    for (name, _) in entries(&doc.root, "webhooks") {
        let what = "not brought: the system calls it, not we".to_owned();
        notes.push(Note { place: format!("webhooks.{}", plain(name, 80)), what });
    }
    found
}

/// Whether everything that is wanted is there.
fn chosen(operations: &[Operation], wanted: &Wanted<'_>) -> Result<(), Fault> {
    for only in wanted.only {
        if operations.iter().any(|one| one.is(only)) {
            continue;
        }
        let names = operations.iter().flat_map(|one| [one.id.as_str(), one.name.as_str()]);
        let remedy = match nearest(only, names.filter(|name| !name.is_empty())) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "name it by its operationId, or like \"GET /orders/{id}\"".to_owned(),
        };
        let what = format!("the document has no operation `{}`", plain(only, 60));
        return Err(Fault::new(Owner::Admin, what, remedy));
    }
    Ok(())
}

fn tool(
    doc: &Document,
    operation: &Operation,
    security: &Security,
    (base, wanted): (&Base, &Wanted<'_>),
    notes: &mut Notes<'_>,
) -> Result<Tool, String> {
    let Operation { id, name, path, word, method, item, value, .. } = operation;
    let method = method.ok_or_else(|| format!("{} is not sent", word.to_ascii_uppercase()))?;
    if !value.is_object() {
        return Err("it is no map of fields".to_owned());
    }
    let way = on_the_way(item, value, base, wanted)?;
    let mut tool = Tool::new(name.clone(), method, format!("{way}{path}"));
    describe(&mut tool, id, path, value);
    parameters(doc, (item, value), security.auth.as_ref(), &mut tool, notes)?;
    body(doc, value, &mut tool, notes)?;
    answers(doc, value, &mut tool)?;
    tool.parameters.sort_by_key(|parameter| !parameter.required);
    if let Some(lack) = security.lack(doc, value) {
        tool.reviews.push(lack.clone());
        notes.say(lack);
    }
    Ok(tool)
}

/// What the model reads of it, and what a caller hears.
fn describe(tool: &mut Tool, id: &str, path: &str, value: &Value) {
    let (summary, description) = (text(value, "summary").trim(), text(value, "description").trim());
    tool.doing = doing(summary, id, tool.method, path);
    let whole = match description.starts_with(summary.trim_end_matches('.')) {
        true => description.to_owned(),
        false => format!("{} {description}", sentence(summary)),
    };
    tool.description = plain(&whole, DESCRIPTION_CHARS_MAX);
    if tool.description.is_empty() {
        tool.description = sentence(&tool.doing);
        tool.reviews.push("the document does not describe it: say when to use it".to_owned());
    }
    if value.get("deprecated") == Some(&Value::Bool(true)) {
        tool.reviews.push("it is deprecated".to_owned());
    }
    let verb = tool.doing.split(' ').next().unwrap_or_default();
    if tool.has_effects() && READING.contains(&verb) {
        let review =
            "if this changes nothing, write effects: none, leave confirm out, and name the answer under map";
        tool.reviews.push(review.to_owned());
    }
}
