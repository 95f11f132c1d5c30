//! Which values a parameter may have: from written to meant.
//!
//! Promises: a limit that passes is of the parameter's kind, and some value is within it.
//! Never: widens a limit: what cannot be enforced is a problem.

use centralita_core::conversation::{Limits, ParameterKind};
use centralita_core::template::money_minor;
use serde_json::Value;

use super::place::{Place, Spanned};
use super::problems::shown;
use super::reader::Reader;
use super::written::ParameterWritten;
use crate::integrations::{one_form, pattern, wanted};

/// A longer list is told to the model with every generation, and no caller chooses from it.
const ONE_OF_MAX: usize = 100;

pub(super) fn limits(reader: &mut Reader<'_, '_>, written: &ParameterWritten) -> Limits {
    let kind = written.kind;
    let mut bound = |field: &str, bound: Option<&Spanned<Value>>| {
        let bound = bound?;
        let is_sized = matches!(kind, ParameterKind::Integer | ParameterKind::Money);
        if !is_sized {
            let what = format!("`{field}` is of numbers and amounts");
            reader.say(bound.place, what, "of a text or digits say `pattern` or `one_of`");
            return None;
        }
        value(reader, kind, bound)
    };
    let (min, max) = (bound("min", written.min.as_ref()), bound("max", written.max.as_ref()));
    let size = |text: &String| money_minor(text, reader.currency()).or_else(|| text.parse().ok());
    if let (Some(least), Some(most), Some(at)) = (&min, &max, &written.min)
        && size(least) > size(most)
    {
        reader.say(at.place, "no value is between `min` and `max`", "let `min` be the smaller one");
    }
    let one_of = written.one_of.as_ref().map_or_else(Vec::new, |list| one_of(reader, kind, list));
    let pattern = written.pattern.as_ref().and_then(|source| form(reader, kind, source));
    Limits { min, max, one_of, pattern }
}

fn one_of(
    reader: &mut Reader<'_, '_>,
    kind: ParameterKind,
    list: &Spanned<Vec<Spanned<Value>>>,
) -> Vec<String> {
    let count = list.value.len();
    if kind == ParameterKind::Boolean {
        reader.say(list.place, "a yes or no has no other values", "leave `one_of` out");
        return Vec::new();
    }
    if !(1..=ONE_OF_MAX).contains(&count) {
        let what = format!("`one_of` has {count} values");
        reader.say(
            list.place,
            what,
            format!("1 to {ONE_OF_MAX}; for more, look the value up in a tool of its own"),
        );
        return Vec::new();
    }
    let mut values: Vec<String> = Vec::new();
    for one in &list.value {
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
    match one_form(kind, &written.value, reader.currency()) {
        Some(Value::String(text)) => Some(text),
        Some(value) => Some(value.to_string()),
        None => {
            let what = format!("`{}` is not {}", shown(&text(&written.value)), wanted(kind));
            reader.say(written.place, what, "write a value that the parameter could have");
            None
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn form(reader: &mut Reader<'_, '_>, kind: ParameterKind, source: &Spanned<String>) -> Option<String> {
    let at: Place = source.place;
    if !matches!(kind, ParameterKind::Text | ParameterKind::Digits) {
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
