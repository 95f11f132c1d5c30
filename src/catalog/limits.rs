//! Which values a parameter may have: from written to meant.
//!
//! Promises: a limit that passes is of the parameter's kind, and some value is within it.
//! Never: widens a limit: what cannot be enforced is a problem.

use centralita_core::conversation::{Limits, Parameter, ParameterKind};
use serde_json::Value;

use super::place::{Place, Spanned};
use super::problems::shown;
use super::reader::Reader;
use super::written::{OneOf, ParameterWritten};
use crate::integrations::{one_form, pattern, size, wanted, within};

/// A longer list is told to the model with every generation, and no caller chooses from it.
pub(super) const ONE_OF_MAX: usize = 100;

pub(super) fn limits(reader: &mut Reader<'_, '_>, written: &ParameterWritten, kind: ParameterKind) -> Limits {
    let mut bound = |field: &str, bound: Option<&Spanned<Value>>| {
        let bound = bound?;
        let is_sized = match kind {
            ParameterKind::Integer
            | ParameterKind::Number
            | ParameterKind::Money
            | ParameterKind::Date
            | ParameterKind::Time => true,
            ParameterKind::Text
            | ParameterKind::Digits
            | ParameterKind::Boolean
            | ParameterKind::Email
            | ParameterKind::Phone => false,
        };
        if !is_sized {
            let what = format!("`{field}` is of numbers, amounts, dates and times");
            reader.say(bound.place, what, "of a text or digits say `pattern` or `one_of`");
            return None;
        }
        value(reader, kind, bound)
    };
    let (min, max) = (bound("min", written.min.as_ref()), bound("max", written.max.as_ref()));
    if let (Some(least), Some(most), Some(at)) = (&min, &max, &written.min)
        && size(kind, least, reader.currency()) > size(kind, most, reader.currency())
    {
        reader.say(at.place, "no value is between `min` and `max`", "let `min` be the smaller one");
    }
    let (one_of, one_of_variable) = match written.one_of.as_ref().map(|list| (&list.value, list.place)) {
        None => (Vec::new(), None),
        Some((OneOf::Listed(list), at)) => (one_of(reader, kind, at, list), None),
        Some((OneOf::Found(found), _)) => (Vec::new(), Some(found.variable.value.clone())),
    };
    let pattern = written.pattern.as_ref().and_then(|source| form(reader, kind, source));
    Limits { min, max, one_of, one_of_variable, pattern }
}

fn one_of(
    reader: &mut Reader<'_, '_>,
    kind: ParameterKind,
    at: Place,
    list: &[Spanned<Value>],
) -> Vec<String> {
    let count = list.len();
    if kind == ParameterKind::Boolean {
        reader.say(at, "a yes or no has no other values", "leave `one_of` out");
        return Vec::new();
    }
    if !(1..=ONE_OF_MAX).contains(&count) {
        let what = format!("`one_of` has {count} values");
        reader.say(
            at,
            what,
            format!(
                "1 to {ONE_OF_MAX}; for more, look them up in a tool of its own that stores them: \
                 `one_of: {{variable: NAME}}`"
            ),
        );
        return Vec::new();
    }
    let mut values: Vec<String> = Vec::new();
    for one in list {
        let Some(value) = value(reader, kind, one) else { continue };
        if values.contains(&value) {
            reader.say(one.place, format!("`{}` stands here twice", shown(&value)), "keep one of them");
        }
        values.push(value);
    }
    values
}

/// A value of the parameter's kind, as text.
fn value(reader: &mut Reader<'_, '_>, kind: ParameterKind, written: &Spanned<Value>) -> Option<String> {
    let country = reader.country.map(str::to_owned);
    let value = one(reader, &Parameter { kind, country, ..Parameter::default() }, written)?;
    Some(text(&value))
}

/// A value that the parameter could have, in its one form.
pub(super) fn one(
    reader: &mut Reader<'_, '_>,
    parameter: &Parameter,
    written: &Spanned<Value>,
) -> Option<Value> {
    let refused = |reader: &mut Reader<'_, '_>, why: String| {
        let what = format!("`{}` {why}", shown(&text(&written.value)));
        reader.say(written.place, what, "write a value that the parameter could have");
    };
    let Some(value) = one_form(parameter, &written.value, reader.currency()) else {
        refused(reader, format!("is not {}", wanted(parameter)));
        return None;
    };
    // What another tool finds nobody knows yet.
    let limits = Limits { one_of_variable: None, ..parameter.limits.clone() };
    let limited = Parameter { limits, ..parameter.clone() };
    match within(&limited, value, reader.currency()) {
        Ok(value) => Some(value),
        Err(_) => {
            refused(reader, format!("must be {}", limited.limits));
            None
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn form(reader: &mut Reader<'_, '_>, kind: ParameterKind, source: &Spanned<String>) -> Option<String> {
    let at: Place = source.place;
    if !matches!(
        kind,
        ParameterKind::Text | ParameterKind::Digits | ParameterKind::Email | ParameterKind::Phone
    ) {
        reader.say(
            at,
            "`pattern` is of texts and digits",
            "of a number or an amount say `min`, `max` or `one_of`",
        );
        return None;
    }
    if let Err(why) = pattern(&source.value) {
        let remedy = "write a regular expression without look-around and back-references, like '^[0-9]{5}$'";
        reader.say(at, format!("this pattern cannot be kept to: {why}"), remedy);
        return None;
    }
    Some(source.value.clone())
}
