//! A description of an HTTP API as it is written: Swagger 2.0, OpenAPI 3.0 or 3.1, in JSON or YAML.
//!
//! Promises: what cannot be read is told with its line, or with the way to it; a reference is followed inside the document
//! only, and one that goes around in a circle ends.
//! Never: opens a file or an address that a reference names.

use std::borrow::Cow;
use std::cell::Cell;

use centralita_core::base::{Fault, Owner};
use serde_json::{Map, Value};

use super::words::plain;

/// The largest document, in bytes: those of a thousand operations have about ten million.
pub const DOCUMENT_BYTES_MAX: usize = 32 << 20;
/// References that lead to references: real ones are one or two.
const HOPS_MAX: usize = 32;
/// Schemas looked at for one operation: a large one has some hundred.
const STEPS_MAX: usize = 5_000;
/// Values of a document in YAML: ten times those of eight hundred operations.
const VALUES_MAX: usize = 2_000_000;

/// Which way of describing an API it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Swagger2,
    OpenApi3,
}

#[derive(Debug)]
pub(super) struct Document {
    pub(super) root: Value,
    pub(super) version: Version,
    steps: Cell<usize>,
}

impl Document {
    pub(super) fn read(text: &str) -> Result<Document, Fault> {
        if text.len() > DOCUMENT_BYTES_MAX {
            return Err(unread(format!("the document is larger than {DOCUMENT_BYTES_MAX} bytes")));
        }
        let text = text.trim_start_matches('\u{feff}');
        let root: Value = match text.trim_start().chars().next() {
            None => return Err(unread("the document is empty")),
            Some('<') => {
                return Err(unread("this is a web page, line 1: an OpenAPI document is JSON or YAML"));
            }
            Some('{' | '[') => serde_json::from_str(text)
                .map_err(|error| unread(format!("the document is no JSON: {error}")))?,
            Some(_) => yaml(text)?,
        };
        let Some(fields) = root.as_object() else {
            return Err(unread("the document is no map of fields, line 1"));
        };
        let version = version(fields)?;
        if !root["paths"].is_object() && !root["webhooks"].is_object() {
            return Err(unread("paths: there is no map of paths in the document"));
        }
        Ok(Document { root, version, steps: Cell::new(0) })
    }

    /// Where a reference leads, with what stands beside it put over what stands there; else the value itself.
    pub(super) fn resolve<'v>(&'v self, value: &'v Value) -> Result<Cow<'v, Value>, String> {
        let mut beside: Map<String, Value> = Map::new();
        let mut value = value;
        for _ in 0..HOPS_MAX {
            let Some(reference) = value.get("$ref") else {
                let Some(fields) = value.as_object().filter(|_| !beside.is_empty()) else {
                    return Ok(Cow::Borrowed(value));
                };
                let mut fields = fields.clone();
                fields.extend(beside);
                return Ok(Cow::Owned(Value::Object(fields)));
            };
            let target = reference.as_str().ok_or("a `$ref` is no text")?;
            for (name, field) in value.as_object().into_iter().flatten().filter(|(name, _)| *name != "$ref") {
                beside.entry(name.clone()).or_insert_with(|| field.clone());
            }
            value = self.at(target)?;
        }
        Err("a `$ref` goes around in a circle".to_owned())
    }

    fn at(&self, target: &str) -> Result<&Value, String> {
        let Some(pointer) = target.strip_prefix('#') else {
            return Err(format!("`$ref: {}` leads out of the document", plain(target, 80)));
        };
        let decoded = String::from_utf8(percent_decoded(pointer.as_bytes())).ok();
        let found = decoded.and_then(|pointer| self.root.pointer(&pointer));
        found.ok_or_else(|| format!("`$ref: {}` leads nowhere", plain(target, 80)))
    }

    /// Nothing: for schemas that refer to nothing.
    pub(super) fn empty() -> Document {
        Document::of(Value::Null)
    }

    /// A schema by itself, which may refer to parts of itself.
    pub(super) fn of(root: Value) -> Document {
        Document { root, version: Version::OpenApi3, steps: Cell::new(0) }
    }

    /// Begins to count for the next operation.
    pub(super) fn begin(&self) {
        self.steps.set(0);
    }

    /// Counts a schema that is looked at.
    pub(super) fn step(&self) -> Result<(), String> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > STEPS_MAX {
            return Err(format!("its schemas refer to one another more than {STEPS_MAX} times"));
        }
        Ok(())
    }
}

/// A text field, empty where there is none.
pub(super) fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or("")
}

/// The items of a list, none where there is no list.
pub(super) fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The entries of a map, none where there is no map.
pub(super) fn entries<'v>(
    value: &'v Value,
    field: &str,
) -> impl Iterator<Item = (&'v String, &'v Value)> + use<'v> {
    value.get(field).and_then(Value::as_object).into_iter().flatten()
}

fn yaml(text: &str) -> Result<Value, Fault> {
    let budget = serde_saphyr::budget! {
        max_events: 2 * VALUES_MAX,
        max_nodes: VALUES_MAX,
    };
    let options = serde_saphyr::options! { budget: budget, with_snippet: false, strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| unread(format!("the document is no YAML: {}", plain(&error.to_string(), 300))))
}

fn version(fields: &Map<String, Value>) -> Result<Version, Fault> {
    let written = |field: &str| match fields.get(field) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => None,
    };
    match (written("openapi"), written("swagger")) {
        (Some(version), _) if version == "3" || version.starts_with("3.") => Ok(Version::OpenApi3),
        (None, Some(version)) if version == "2" || version.starts_with("2.") => Ok(Version::Swagger2),
        (Some(version), _) => Err(unread(format!("openapi: version {} is not read", plain(&version, 20)))),
        (None, Some(version)) => Err(unread(format!("swagger: version {} is not read", plain(&version, 20)))),
        (None, None) => Err(unread("the document has neither a field `openapi` nor `swagger`")),
    }
}

fn unread(what: impl Into<String>) -> Fault {
    let remedy = "give a Swagger 2.0, OpenAPI 3.0 or 3.1 document in JSON or YAML";
    Fault::new(Owner::Admin, what, remedy)
}

fn percent_decoded(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| *byte == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(code) => {
                out.push(code);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}
