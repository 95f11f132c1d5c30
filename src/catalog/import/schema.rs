//! Schemas: what may stand in a place of a request or an answer.
//!
//! Promises: a schema that goes around in a circle, or deeper than anybody writes, is told and not followed; what a
//! schema demands of a value is a limit of the parameter, or is said beside it.
//! Never: decides where a value lands.

use centralita_core::conversation::{Limits, Parameter, ParameterKind};
use serde_json::{Map, Value};

use super::document::{Document, entries, list, text};
use super::words::{plain, snake};
use crate::integrations::{one_form, pattern};

/// How deep schemas may be made of others.
const DEPTH_MAX: usize = 16;
/// The longest list of values that is enforced; `check` takes no longer one.
const ONE_OF_MAX: usize = 100;
/// Beyond this a number of JSON is not exact.
const WHOLE_MAX: f64 = 9e15;
/// The longest list that a definition takes, and the one where the document names no end.
const LIST_MAX: u8 = 20;
const LIST_SAID: u8 = 5;
/// Parts of names whose numbers are money.
const MONEY: &[&str] =
    &["amount", "price", "total", "cost", "fee", "subtotal", "deposit", "tip", "fare", "balance"];

/// A schema with all it is made of put together.
#[derive(Debug, Default)]
pub(super) struct Flat {
    pub(super) fields: Map<String, Value>,
    pub(super) nullable: bool,
    /// Other shapes it might have.
    pub(super) others: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Integer,
    Number,
    Boolean,
    List,
    Map,
    /// Nothing is said.
    Any,
}

/// One value that a model can supply.
#[derive(Debug)]
pub(super) struct Scalar {
    pub(super) kind: ParameterKind,
    pub(super) limits: Limits,
    /// The system wants a number, and the kind is a text.
    pub(super) as_number: bool,
    /// The system wants a list; this is its one item.
    pub(super) in_list: bool,
    /// A list of up to so many values.
    pub(super) list: Option<u8>,
    /// There is only this value.
    pub(super) fixed: Option<Value>,
    pub(super) default: Option<Value>,
    pub(super) description: String,
    pub(super) reviews: Vec<String>,
}

/// Puts a schema together.
pub(super) fn flat(doc: &Document, schema: &Value) -> Result<Flat, String> {
    flat_at(doc, schema, 0)
}

fn flat_at(doc: &Document, schema: &Value, depth: usize) -> Result<Flat, String> {
    doc.step()?;
    if depth > DEPTH_MAX {
        return Err("its schemas go around in a circle, or too deep".to_owned());
    }
    let schema = doc.resolve(schema)?;
    let mut flat = match schema.as_ref() {
        Value::Object(fields) => Flat { fields: fields.clone(), ..Flat::default() },
        Value::Bool(true) => Flat::default(),
        Value::Null | Value::Bool(false) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err("a schema is no map".to_owned());
        }
    };
    for part in list(&schema, "allOf") {
        let part = flat_at(doc, part, depth + 1)?;
        flat.take(part);
    }
    for word in ["oneOf", "anyOf"] {
        let mut shapes = Vec::new();
        for shape in list(&schema, word) {
            let shape = flat_at(doc, shape, depth + 1)?;
            flat.nullable |= shape.nullable || text(&Value::Object(shape.fields.clone()), "type") == "null";
            shapes.push(shape);
        }
        shapes.retain(|shape| shape.fields.get("type").and_then(Value::as_str) != Some("null"));
        flat.others += shapes.len().saturating_sub(1);
        if let Some(shape) = chosen(shapes) {
            flat.take(shape);
        }
    }
    flat.settle();
    Ok(flat)
}

/// Of several shapes the first; of several values a text, as which any of them can be written.
fn chosen(mut shapes: Vec<Flat>) -> Option<Flat> {
    let is_value = |shape: &Flat| !matches!(shape.kind(), Type::List | Type::Map | Type::Any);
    let free = |shape: &Flat| shape.kind() == Type::Text && !shape.fields.contains_key("enum");
    let widest = shapes.iter().position(free).filter(|_| shapes.iter().all(is_value));
    let at = widest.unwrap_or(0);
    (at < shapes.len()).then(|| shapes.swap_remove(at))
}

impl Flat {
    /// Adds what another schema says; what is said here stays.
    fn take(&mut self, other: Flat) {
        self.nullable |= other.nullable;
        self.others += other.others;
        for (name, value) in other.fields {
            match (self.fields.get_mut(&name), value) {
                (Some(Value::Object(ours)), Value::Object(theirs)) if name == "properties" => {
                    theirs.into_iter().for_each(|(name, value)| {
                        ours.entry(name).or_insert(value);
                    });
                }
                (Some(Value::Array(ours)), Value::Array(theirs)) if name == "required" => ours.extend(theirs),
                (Some(_), _) => {}
                (None, value) => {
                    self.fields.insert(name, value);
                }
            }
        }
    }

    /// Brings the ways of saying "or null" to one.
    fn settle(&mut self) {
        self.nullable |= self.fields.get("nullable") == Some(&Value::Bool(true));
        if let Some(Value::Array(types)) = self.fields.get("type").cloned() {
            let is_null = |kind: &Value| kind.as_str() == Some("null");
            self.nullable |= types.iter().any(is_null);
            let wide = types.iter().find(|kind| kind.as_str() == Some("string"));
            let kept = wide.or_else(|| types.iter().find(|kind| !is_null(kind))).cloned();
            self.fields.insert("type".to_owned(), kept.unwrap_or(Value::Null));
        }
        if let Some(Value::Array(values)) = self.fields.get_mut("enum") {
            self.nullable |= values.iter().any(Value::is_null);
            values.retain(|value| !value.is_null());
        }
        ["allOf", "oneOf", "anyOf"].iter().for_each(|word| {
            self.fields.remove(*word);
        });
    }

    pub(super) fn kind(&self) -> Type {
        let first = self.fields.get("enum").and_then(Value::as_array).and_then(|values| values.first());
        match (self.get("type"), first.or_else(|| self.fields.get("const"))) {
            ("string" | "file", _) => Type::Text,
            ("integer", _) => Type::Integer,
            ("number", _) => Type::Number,
            ("boolean", _) => Type::Boolean,
            ("array", _) => Type::List,
            ("object", _) => Type::Map,
            (_, Some(Value::String(_))) => Type::Text,
            (_, Some(Value::Bool(_))) => Type::Boolean,
            (_, Some(Value::Number(number))) if number.is_i64() => Type::Integer,
            (_, Some(Value::Number(_))) => Type::Number,
            _ if self.fields.contains_key("properties") => Type::Map,
            _ if self.fields.contains_key("items") => Type::List,
            _ => Type::Any,
        }
    }

    pub(super) fn get(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or("")
    }

    pub(super) fn is(&self, field: &str) -> bool {
        self.fields.get(field) == Some(&Value::Bool(true))
    }

    /// The properties, those that are demanded first.
    pub(super) fn properties(&self) -> Vec<(&String, &Value, bool)> {
        let demanded: Vec<&str> = self
            .fields
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let properties = self.fields.get("properties").and_then(Value::as_object).into_iter().flatten();
        let mut all: Vec<_> =
            properties.map(|(name, schema)| (name, schema, demanded.contains(&name.as_str()))).collect();
        all.sort_by_key(|(_, _, required)| !required);
        all
    }

    fn count(&self, field: &str) -> Option<u64> {
        self.fields.get(field).and_then(Value::as_u64)
    }

    /// The bound by its own name, or the exclusive one, with whether it is that: a number of its own since 3.1, before
    /// a word beside the other.
    fn bound(&self, field: &str, exclusive: &str) -> Option<(f64, bool)> {
        let own = self.fields.get(field).and_then(Value::as_f64);
        match self.fields.get(exclusive) {
            Some(Value::Bool(true)) => own.map(|bound| (bound, true)),
            Some(Value::Number(number)) => number.as_f64().map(|bound| (bound, true)),
            _ => own.map(|bound| (bound, false)),
        }
    }
}

/// The value that a schema is about, where a model can supply it. `name` is what it is called.
pub(super) fn scalar(doc: &Document, name: &str, flat: &Flat) -> Result<Scalar, String> {
    let mut scalar = Scalar {
        kind: ParameterKind::Text,
        limits: Limits::default(),
        as_number: false,
        in_list: false,
        list: None,
        fixed: flat.fields.get("const").filter(|value| !value.is_null()).cloned(),
        default: flat.fields.get("default").filter(|value| !value.is_null()).cloned(),
        description: [flat.get("title"), flat.get("description")]
            .into_iter()
            .rfind(|t| !t.is_empty())
            .unwrap_or("")
            .to_owned(),
        reviews: Vec::new(),
    };
    if flat.others > 0 {
        scalar.reviews.push(format!("the document allows other kinds of value here: {} more", flat.others));
    }
    match flat.kind() {
        Type::Map => return Err("it is a map of values".to_owned()),
        Type::List => return item(doc, name, flat, scalar),
        Type::Boolean => scalar.kind = ParameterKind::Boolean,
        Type::Integer => integer(flat, &mut scalar),
        Type::Number => number(name, flat, &mut scalar),
        Type::Text | Type::Any => words(flat, &mut scalar)?,
    }
    values(flat, &mut scalar)?;
    let bound = |bound: &Option<String>| bound.as_ref().and_then(|bound| bound.parse::<f64>().ok());
    match (bound(&scalar.limits.min), bound(&scalar.limits.max)) {
        (Some(least), Some(most)) if least > most => {
            Err("no value is between its least and its greatest".to_owned())
        }
        _ => Ok(scalar),
    }
}

/// A list is brought as one item of it.
fn item(doc: &Document, name: &str, list: &Flat, outer: Scalar) -> Result<Scalar, String> {
    if list.count("minItems").is_some_and(|least| least > 1) {
        return Err("it is a list of at least two values".to_owned());
    }
    let items = list.fields.get("items").ok_or("it is a list of anything")?;
    let items = flat(doc, items)?;
    if matches!(items.kind(), Type::List | Type::Map) {
        return Err("it is a list of maps or lists".to_owned());
    }
    let inner = scalar(doc, name, &items)?;
    let mut reviews = outer.reviews;
    let most = list.count("maxItems").map(|most| u8::try_from(most).unwrap_or(LIST_MAX).clamp(1, LIST_MAX));
    // An amount that goes out as a number, and a yes or no, is one by one.
    let in_list = inner.as_number || inner.kind == ParameterKind::Boolean;
    if in_list {
        reviews.push("the system takes a list, this sends one value".to_owned());
    } else if most.is_none() {
        reviews.push(format!("a list without an end: up to {LIST_SAID} values are asked for"));
    }
    let list = Some(most.unwrap_or(LIST_SAID)).filter(|_| !in_list);
    reviews.extend(inner.reviews);
    let description = if outer.description.is_empty() { inner.description } else { outer.description };
    Ok(Scalar { in_list, list, default: None, description, reviews, ..inner })
}

fn integer(flat: &Flat, scalar: &mut Scalar) {
    scalar.kind = ParameterKind::Integer;
    let whole = |bound: f64| (bound.abs() < WHOLE_MAX).then(|| format!("{:.0}", bound + 0.0));
    let least = flat.bound("minimum", "exclusiveMinimum");
    let most = flat.bound("maximum", "exclusiveMaximum");
    scalar.limits.min = least.and_then(|(b, out)| whole(if out { b.floor() + 1.0 } else { b.ceil() }));
    scalar.limits.max = most.and_then(|(b, out)| whole(if out { b.ceil() - 1.0 } else { b.floor() }));
    let is_minor =
        ["cent", "minor unit", "smallest currency"].iter().any(|word| scalar.description.contains(word));
    if is_minor {
        scalar
            .reviews
            .push("if this is money, write kind money, and in the request {{ name | minor }}".to_owned());
    }
    multiple(flat, scalar);
}

fn number(name: &str, flat: &Flat, scalar: &mut Scalar) {
    let least = flat.bound("minimum", "exclusiveMinimum");
    let most = flat.bound("maximum", "exclusiveMaximum");
    let name = snake(name);
    let is_money =
        name.split('_').any(|part| MONEY.contains(&part)) && least.is_none_or(|(bound, _)| bound >= 0.0);
    if is_money {
        scalar.kind = ParameterKind::Money;
        scalar.as_number = true;
        let cents = |bound: f64| (bound.abs() < 1e12).then(|| format!("{bound:.2}"));
        let over = |(bound, out): (f64, bool)| {
            cents(if out { bound + 0.01 } else { (bound * 100.0).ceil() / 100.0 })
        };
        let under = |(bound, out): (f64, bool)| {
            cents(if out { bound - 0.01 } else { (bound * 100.0).floor() / 100.0 })
        };
        scalar.limits.min = least.filter(|(bound, out)| *bound > 0.0 || *out).and_then(over);
        scalar.limits.max = most.filter(|(bound, _)| *bound > 0.0).and_then(under);
        scalar.reviews.push("taken for money of the agent's currency, by its name".to_owned());
    } else {
        scalar.kind = ParameterKind::Number;
        let held = |bound: Option<(f64, bool)>| {
            let (bound, _) = bound.filter(|(_, out)| !out)?;
            is_number(&bound.to_string()).then(|| bound.to_string())
        };
        (scalar.limits.min, scalar.limits.max) = (held(least), held(most));
        let bounds = [("above", "at least", least), ("below", "at most", most)];
        let said: Vec<String> = bounds
            .iter()
            .filter(|(.., bound)| held(*bound).is_none())
            .filter_map(|(out, word, bound)| {
                bound.map(|(b, is_out)| format!("{} {b}", if is_out { out } else { word }))
            })
            .collect();
        if !said.is_empty() {
            let said = said.join(" and ");
            scalar.description = joined(&scalar.description, &format!("A number, {said}."));
            scalar
                .reviews
                .push(format!("the document wants {said}: of decimal numbers that is told, not enforced"));
        }
    }
    multiple(flat, scalar);
}

/// Whether a text is a number that a parameter could have.
fn is_number(text: &str) -> bool {
    let number = Parameter { kind: ParameterKind::Number, ..Parameter::default() };
    one_form(&number, &Value::from(text), "").is_some()
}

fn multiple(flat: &Flat, scalar: &mut Scalar) {
    if let Some(step) = flat.fields.get("multipleOf").filter(|step| step.as_f64() != Some(1.0)) {
        scalar.description = joined(&scalar.description, &format!("A multiple of {step}."));
    }
}

fn words(flat: &Flat, scalar: &mut Scalar) -> Result<(), String> {
    let format = flat.get("format");
    let media = flat.get("contentMediaType");
    if flat.get("type") == "file"
        || matches!(format, "binary" | "byte")
        || !flat.get("contentEncoding").is_empty()
    {
        return Err("it is a file".to_owned());
    }
    if !media.is_empty() && !media.starts_with("text/plain") {
        return Err(format!("it is a text of type {}", plain(media, 40)));
    }
    let source = flat.get("pattern");
    let (least, most) = (flat.count("minLength").unwrap_or(0), flat.count("maxLength"));
    match pattern(source) {
        Ok(_) if !source.is_empty() => scalar.limits.pattern = Some(source.to_owned()),
        Err(why) if !source.is_empty() => {
            scalar.reviews.push(format!("the document's pattern cannot be kept to: {why}"));
        }
        Ok(_) | Err(_) => {}
    }
    if is_of_digits(source) {
        scalar.kind = ParameterKind::Digits;
        // The kind says as much.
        scalar.limits.pattern = scalar.limits.pattern.take().filter(|pattern| !pattern.ends_with("+$"));
    }
    let form = match format {
        "date-time" => Some((r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]", "Date and time as 2026-01-31T15:30:00Z.")),
        _ => None,
    };
    let kind = match format {
        "date" => Some(ParameterKind::Date),
        "email" => Some(ParameterKind::Email),
        _ => None,
    };
    if let Some(kind) = kind.filter(|_| source.is_empty()) {
        scalar.kind = kind;
        return Ok(());
    }
    if let Some((form, said)) = form {
        scalar.limits.pattern.get_or_insert_with(|| form.to_owned());
        scalar.description = joined(&scalar.description, said);
    }
    let lengths = match (least, most) {
        (0 | 1, None) => None,
        (least, None) => Some(format!("At least {least} characters.")),
        (0 | 1, Some(most)) => Some(format!("At most {most} characters.")),
        (least, Some(most)) => Some(format!("{least} to {most} characters.")),
    };
    if let Some(lengths) = lengths.filter(|_| scalar.limits.pattern.is_none()) {
        scalar.description = joined(&scalar.description, &lengths);
    }
    Ok(())
}

/// The only values, where they are listed.
fn values(flat: &Flat, scalar: &mut Scalar) -> Result<(), String> {
    let Some(listed) = flat.fields.get("enum").and_then(Value::as_array) else { return Ok(()) };
    if listed.is_empty() {
        return Err("its list of values is empty".to_owned());
    }
    if let [only] = listed.as_slice() {
        scalar.fixed = Some(only.clone());
        return Ok(());
    }
    let mut texts: Vec<String> = Vec::new();
    for value in listed {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                return Err("a value of its list has parts".to_owned());
            }
        };
        // An empty one is none that could be said.
        if text.trim() == text && !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    match scalar.kind {
        ParameterKind::Boolean => return Ok(()),
        ParameterKind::Integer => texts.retain(|text| text.parse::<i64>().is_ok()),
        ParameterKind::Text
        | ParameterKind::Digits
        | ParameterKind::Money
        | ParameterKind::Number
        | ParameterKind::Email
        | ParameterKind::Phone
        | ParameterKind::Date
        | ParameterKind::Time => {}
    }
    if texts.is_empty() {
        return Err("its list holds no value of its kind".to_owned());
    }
    if texts.len() > ONE_OF_MAX {
        scalar.reviews.push(format!("the document lists {} values: too many to be enforced", texts.len()));
        return Ok(());
    }
    // What the list allows, it allows.
    scalar.limits = Limits { one_of: texts, ..Limits::default() };
    match scalar.kind {
        ParameterKind::Number => {
            scalar.kind = ParameterKind::Text;
            scalar.as_number = true;
        }
        ParameterKind::Money
        | ParameterKind::Digits
        | ParameterKind::Email
        | ParameterKind::Phone
        | ParameterKind::Date
        | ParameterKind::Time => scalar.kind = ParameterKind::Text,
        ParameterKind::Text | ParameterKind::Integer | ParameterKind::Boolean => {}
    }
    Ok(())
}

/// `^[0-9]{5}$` and its like: leading zeros count, and digits are said one by one.
fn is_of_digits(source: &str) -> bool {
    let inside = source.strip_prefix('^').and_then(|rest| rest.strip_suffix('$'));
    let times = inside.and_then(|inside| inside.strip_prefix("[0-9]").or_else(|| inside.strip_prefix(r"\d")));
    times.is_some_and(|times| {
        times.is_empty()
            || times == "+"
            || times.starts_with('{') && times.ends_with('}') && times.matches('{').count() == 1
    })
}

fn joined(text: &str, more: &str) -> String {
    let text = text.trim();
    match text.is_empty() {
        true => more.to_owned(),
        false if text.ends_with(['.', '!', '?']) => format!("{text} {more}"),
        false => format!("{text}. {more}"),
    }
}

/// The examples that a place of the document gives, the likeliest first.
pub(super) fn examples<'v>(doc: &'v Document, holder: &'v Value) -> Vec<Value> {
    let named = entries(holder, "examples").filter_map(|(_, example)| {
        let example = doc.resolve(example).ok()?;
        example.get("value").cloned()
    });
    let listed = list(holder, "examples").iter().cloned();
    holder.get("example").cloned().into_iter().chain(named).chain(listed).collect()
}
