//! The answers of an operation: what of them is let through, what a status means, and an answer to try with.
//!
//! Promises: of an answer a draft lets through what the document describes, and no field that is called like a secret;
//! of a request with effects nothing is demanded that might be missing, for then nobody would know whether it was done.
//! Never: makes up a field.

use std::collections::BTreeSet;

use centralita_core::language::Language;
use centralita_core::template::Renderer;
use serde_json::{Map, Value, json};

use super::body;
use super::document::{Document, Version, entries, text};
use super::draft::Tool;
use super::schema::{Flat, Type, examples, flat};
use super::words::{is_plain_name, label, plain, sentence, snake, unique};
use crate::catalog::hidden;

/// Of an answer that many values are let through: more, a model does not need to answer one question.
const MAP_MAX: usize = 8;
/// Of a list, that many items.
const ITEMS_MAX: usize = 5;
/// How deep, and how many fields of each map, a sample goes.
const SAMPLE_DEPTH_MAX: usize = 4;
const SAMPLE_FIELDS_MAX: usize = 12;
/// The longest example that is taken as it is, in bytes of JSON.
const EXAMPLE_BYTES_MAX: usize = 1_500;
/// Names, by their last word, of what callers ask for, the likeliest first.
const TELLING: &[&str] = &[
    "id",
    "number",
    "code",
    "status",
    "state",
    "name",
    "title",
    "subject",
    "amount",
    "total",
    "price",
    "balance",
    "currency",
    "date",
    "at",
    "time",
    "day",
    "due",
    "quantity",
    "count",
    "message",
    "description",
    "text",
    "note",
    "email",
    "phone",
];
/// Of what nobody wants to hear.
const DULL: &[&str] =
    &["url", "uri", "urls", "href", "link", "links", "etag", "hash", "avatar", "node", "icon", "html"];
/// Statuses that a draft explains.
const ERRORS_MAX: usize = 8;

pub(super) fn answers(doc: &Document, operation: &Value, tool: &mut Tool) -> Result<(), String> {
    for (status, answer) in entries(operation, "responses") {
        let told = status.parse::<u16>().ok().filter(|status| (400..600).contains(status));
        let Some(status) = told.filter(|_| tool.errors.len() < ERRORS_MAX) else { continue };
        let words =
            doc.resolve(answer).map(|answer| plain(text(&answer, "description"), 160)).unwrap_or_default();
        if !words.is_empty() {
            tool.errors.insert(status, sentence(&words));
        }
    }
    let good = ["200", "201", "202", "203", "2XX", "2xx", "default"];
    let responses = operation.get("responses");
    let found = good.iter().find_map(|status| responses?.get(status));
    let answer = match found {
        Some(answer) => doc.resolve(answer)?.into_owned(),
        None => Value::Null,
    };
    let (schema, given) = match doc.version {
        Version::Swagger2 => {
            is_json(doc, operation, &answer, tool)?;
            let given = entries(&answer, "examples").map(|(_, example)| example.clone()).collect();
            (answer.get("schema").cloned(), given)
        }
        Version::OpenApi3 => of_content(doc, &answer, tool)?,
    };
    let flat = schema.map(|schema| flat(doc, &schema)).transpose()?.unwrap_or_default();
    Answer { doc, tool, taken: BTreeSet::new() }.map(&flat)?;
    sample(doc, &flat, given, tool)
}

/// Of Swagger 2.0, types are named apart from what is answered.
fn is_json(doc: &Document, operation: &Value, answer: &Value, tool: &Tool) -> Result<(), String> {
    let own = operation.get("produces").or_else(|| doc.root.get("produces")).and_then(Value::as_array);
    let types: Vec<String> = own.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let is_other = !types.is_empty() && body::of_json(&types.iter().collect::<Vec<_>>()).is_none();
    let is_file = answer.get("schema").is_some_and(|schema| text(schema, "type") == "file");
    if tool.has_effects() || !answer.get("schema").is_some_and(|_| is_other || is_file) {
        return Ok(());
    }
    Err(format!(
        "its answer is {}, not JSON",
        if is_file { "a file".to_owned() } else { plain(&types.join(", "), 60) }
    ))
}

/// The schema of the JSON of an OpenAPI 3 answer, and its examples.
fn of_content(doc: &Document, answer: &Value, tool: &Tool) -> Result<(Option<Value>, Vec<Value>), String> {
    let types: Vec<&String> = entries(answer, "content").map(|(media, _)| media).collect();
    let Some(media) = body::of_json(&types) else {
        return match types.first() {
            Some(other) if !tool.has_effects() => {
                Err(format!("its answer is {}, not JSON", plain(other, 60)))
            }
            Some(_) | None => Ok((None, Vec::new())),
        };
    };
    let media = doc.resolve(&answer["content"][media])?;
    Ok((media.get("schema").cloned(), examples(doc, &media)))
}

struct Answer<'a> {
    doc: &'a Document,
    tool: &'a mut Tool,
    taken: BTreeSet<String>,
}

impl Answer<'_> {
    fn map(&mut self, flat: &Flat) -> Result<(), String> {
        let things =
            self.tool.path.split('/').rfind(|part| !part.is_empty() && !part.contains(['{', '.', ';']));
        let things = snake(things.unwrap_or("items"));
        match flat.kind() {
            Type::Map => self.fields(flat, "", 0)?,
            Type::List if !self.tool.has_effects() => {
                self.let_through("count", "body | length".to_owned());
                self.let_through(&things, format!("body[:{ITEMS_MAX}]"));
                self.tool
                    .reviews
                    .push(format!("{ITEMS_MAX} whole items are let through: name what the model may know"));
            }
            Type::Text | Type::Integer | Type::Number | Type::Boolean if !self.tool.has_effects() => {
                self.let_through("answer", "body".to_owned());
            }
            Type::List | Type::Text | Type::Integer | Type::Number | Type::Boolean | Type::Any => {}
        }
        if self.tool.map.is_empty() && !self.tool.has_effects() {
            self.let_through("answered", "true".to_owned());
            self.tool
                .reviews
                .push("the document does not say what the answer holds: name it under map".to_owned());
        }
        Ok(())
    }

    /// The fields of a map; maps in it that are always there are looked into once.
    fn fields(&mut self, flat: &Flat, way: &str, depth: usize) -> Result<(), String> {
        let mut all = flat.properties();
        all.sort_by_key(|(name, _, required)| (rank(name), !required));
        let telling = all.iter().filter(|(name, ..)| rank(name) < usize::MAX).count();
        for (name, schema, required) in all.into_iter().take(if telling == 0 { MAP_MAX } else { telling }) {
            if self.tool.map.len() >= MAP_MAX || !is_plain_name(name) || hidden::is_name_of_one(name) {
                continue;
            }
            let field = super::schema::flat(self.doc, schema)?;
            let is_sure = required && !field.nullable && flat.others == 0 && !self.tool.has_effects();
            let whole = if way.is_empty() { name.clone() } else { format!("{way}.{name}") };
            let called = snake(&whole);
            match field.kind() {
                _ if field.is("writeOnly") => {}
                Type::Map if depth == 0 && is_sure => self.fields(&field, &whole, 1)?,
                Type::Map | Type::Any => {}
                Type::List if self.tool.has_effects() => {}
                Type::List if is_sure => self.let_through(&called, format!("{whole}[:{ITEMS_MAX}]")),
                Type::List if field.nullable => {}
                Type::List => self.let_through(&called, format!("({whole} | default([]))[:{ITEMS_MAX}]")),
                Type::Text | Type::Integer | Type::Number | Type::Boolean if is_sure => {
                    self.let_through(&called, whole)
                }
                Type::Text | Type::Integer | Type::Number | Type::Boolean => {
                    self.let_through(&called, format!("{whole} | default(none)"));
                }
            }
        }
        Ok(())
    }

    fn let_through(&mut self, name: &str, expression: String) {
        let name = unique(name, &mut self.taken);
        self.tool.map.insert(name, expression);
    }
}

/// How soon a field is let through: the lower, the sooner; the greatest number where others are left.
fn rank(name: &str) -> usize {
    let name = snake(name);
    let last = name.rsplit('_').next().unwrap_or_default();
    if DULL.contains(&last) || name == "node_id" {
        return usize::MAX;
    }
    let rank = TELLING.iter().position(|word| *word == last).unwrap_or(TELLING.len());
    // An id of something else says less than a word nobody knows.
    if last == "id" && name != "id" { TELLING.len() + 1 } else { rank }
}

/// An answer to try with: the document's own example where it holds all that is let through, else one made from the
/// schema and the examples in it.
fn sample(doc: &Document, flat: &Flat, given: Vec<Value>, tool: &mut Tool) -> Result<(), String> {
    let renderer = Renderer::new(Language::English, "USD");
    let own = examples(doc, &Value::Object(flat.fields.clone()));
    let is_name = |sign: &char| sign.is_ascii_alphanumeric() || *sign == '_';
    let root = |expression: &String| expression.trim_start_matches('(').chars().take_while(is_name).collect();
    let roots: BTreeSet<String> = tool.map.values().map(root).collect();
    let made = made(doc, flat, "answer", Some(&roots), 0)?;
    let fits = |answer: &Value| {
        let holder = if answer.is_object() { answer.clone() } else { json!({ "body": answer }) };
        tool.map.values().all(|expression| renderer.eval(expression, &holder).is_ok())
    };
    let short = |answer: &Value| answer.to_string().len() <= EXAMPLE_BYTES_MAX;
    let needed = |mut answer: Value| {
        if let Some(fields) = answer.as_object_mut() {
            fields.retain(|name, _| roots.contains(name));
        }
        answer
    };
    let cleaned = given.into_iter().chain(own).map(|answer| clean(&needed(answer), 0)).filter(short);
    let nothing = json!({});
    tool.sample = cleaned.chain([clean(&made, 0), nothing]).find(|answer| !answer.is_null() && fits(answer));
    Ok(())
}

/// A value of this schema; of its own fields only these, where any are named.
fn made(
    doc: &Document,
    flat: &Flat,
    name: &str,
    only: Option<&BTreeSet<String>>,
    depth: usize,
) -> Result<Value, String> {
    let first = |field: &str| {
        flat.fields.get(field).and_then(Value::as_array).and_then(|values| values.first()).cloned()
    };
    let given = ["const", "example", "default"].iter().find_map(|field| flat.fields.get(*field)).cloned();
    let given = given.or_else(|| first("enum")).or_else(|| first("examples"));
    if let Some(given) =
        given.filter(|given| !given.is_null() && given.to_string().len() <= EXAMPLE_BYTES_MAX)
    {
        return Ok(given);
    }
    let bound = |field: &str| flat.fields.get(field).and_then(Value::as_i64);
    Ok(match flat.kind() {
        Type::Integer => bound("minimum").unwrap_or(1).into(),
        Type::Number => bound("minimum").map_or_else(|| json!(1.5), Value::from),
        Type::Boolean => true.into(),
        Type::Text => match flat.get("format") {
            "date" => "2026-01-31".into(),
            "date-time" => "2026-01-31T15:30:00Z".into(),
            "uuid" => "2f1c9f6e-4f0a-4a53-9d6b-1d5e1f0a7c11".into(),
            "email" => "ana@example.com".into(),
            "uri" | "url" => "https://example.com/1".into(),
            _ => label(&snake(name)).into(),
        },
        Type::List if depth < SAMPLE_DEPTH_MAX => match flat.fields.get("items") {
            Some(items) => {
                let items = super::schema::flat(doc, items)?;
                vec![made(doc, &items, &super::words::singular(&snake(name)), None, depth + 1)?].into()
            }
            None => json!([]),
        },
        Type::Map if depth < SAMPLE_DEPTH_MAX => {
            let mut fields = Map::new();
            for (name, schema, _) in flat.properties() {
                if only.is_some_and(|only| !only.contains(name)) {
                    continue;
                }
                let field = super::schema::flat(doc, schema)?;
                if fields.len() < SAMPLE_FIELDS_MAX && !field.is("writeOnly") {
                    fields.insert(name.clone(), made(doc, &field, name, None, depth + 1)?);
                }
            }
            Value::Object(fields)
        }
        Type::List => json!([]),
        Type::Map => json!({}),
        Type::Any => Value::Null,
    })
}

/// An example as a sample may have it: no braces, which would be holes, no secrets, and not more than one looks at.
fn clean(value: &Value, depth: usize) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::String(text) if hidden::begins_like_one(text) => "a secret".into(),
        Value::String(text) => super::words::spoken(text, 200).into(),
        Value::Array(items) if depth < 2 * SAMPLE_DEPTH_MAX => {
            items.iter().take(2).map(|item| clean(item, depth + 1)).collect::<Vec<_>>().into()
        }
        Value::Object(fields) if depth < 2 * SAMPLE_DEPTH_MAX => {
            let mut fields: Vec<_> =
                fields.iter().filter(|(name, _)| !hidden::is_name_of_one(name)).collect();
            fields.sort_by_key(|(name, _)| rank(name));
            Value::Object(
                fields
                    .into_iter()
                    .take(SAMPLE_FIELDS_MAX)
                    .map(|(name, field)| (name.clone(), clean(field, depth + 1)))
                    .collect(),
            )
        }
        Value::Array(_) | Value::Object(_) => Value::Null,
    }
}
