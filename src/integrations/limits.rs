//! Which values of its kind a parameter may have.
//!
//! Promises: a value that passes is the one its list spells, lies between its bounds and matches its pattern; matching
//! takes time in proportion to the text, whatever the pattern.
//! Never: repeats a refused value.

use centralita_core::conversation::{Limits, Parameter, ParameterKind};
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::forms::{scalar, size};

/// The longest pattern, in bytes: those of API descriptions are below two hundred.
const PATTERN_BYTES_MAX: usize = 1_000;
/// Compiled, in bytes: `\\w{1,500}` needs about as much, and a pattern is compiled for each value.
const COMPILED_BYTES_MAX: usize = 512 * 1024;

/// The value as the parameter's list spells it, or for the model what is allowed.
pub(super) fn within(
    parameter: &Parameter,
    value: Value,
    currency: &str,
    variables: &Map<String, Value>,
) -> Result<Value, String> {
    if parameter.limits.are_none() {
        return Ok(value);
    }
    match value {
        Value::Array(values) => {
            values.into_iter().map(|value| one_within(parameter, value, currency, variables)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            one_within(parameter, value, currency, variables)
        }
    }
}

/// The same of a value that an admin has written.
pub(crate) fn within_written(parameter: &Parameter, value: Value, currency: &str) -> Result<Value, String> {
    within(parameter, value, currency, &Map::new())
}

fn one_within(
    parameter: &Parameter,
    value: Value,
    currency: &str,
    variables: &Map<String, Value>,
) -> Result<Value, String> {
    let Parameter { name, kind, limits, .. } = parameter;
    let refused = || match parameter.list {
        None => format!("`{name}` must be {limits}"),
        Some(_) => format!("each of `{name}` must be {limits}"),
    };
    if let Some(variable) = &limits.one_of_variable {
        let found = variables.get(variable).ok_or_else(|| format!("{}: run that tool first", refused()))?;
        found_before(parameter, &value, found, currency).map_err(|why| format!("{}{why}", refused()))?;
    }
    let value = listed(*kind, limits, value).ok_or_else(refused)?;
    let text = plain(&value);
    let inside = |bound: &Option<String>, holds: fn(i128, i128) -> bool| match bound {
        None => true,
        Some(bound) => match (size(*kind, &text, currency), size(*kind, bound, currency)) {
            (Some(value), Some(bound)) => holds(value, bound),
            (Some(_) | None, _) => false,
        },
    };
    let matches = match &limits.pattern {
        None => true,
        Some(source) => pattern(source).is_ok_and(|pattern| pattern.is_match(&text)),
    };
    let fits =
        inside(&limits.min, |value, min| value >= min) && inside(&limits.max, |value, max| value <= max);
    if fits && matches { Ok(value) } else { Err(refused()) }
}

/// Whether a value is one of those of a variable, each read as the parameter's own are.
fn found_before(
    parameter: &Parameter,
    value: &Value,
    found: &Value,
    currency: &str,
) -> Result<(), &'static str> {
    let country = parameter.country.as_deref();
    let found = found.as_array().filter(|found| !found.is_empty()).ok_or(": there are none")?;
    let mut forms = found.iter().filter_map(|one| scalar(parameter.kind, one, currency, country));
    if forms.any(|one| one == *value) { Ok(()) } else { Err("") }
}

/// A pattern of a definition, which matches anywhere in a text: `^` and `$` are its ends. `\d` and `\w` are those of
/// ASCII, as in the descriptions that patterns come from.
///
/// # Errors
/// Why it is none, in words.
pub fn pattern(source: &str) -> Result<Regex, String> {
    if source.len() > PATTERN_BYTES_MAX {
        return Err(format!("it is longer than {PATTERN_BYTES_MAX} bytes"));
    }
    let built = RegexBuilder::new(&in_ascii(source)).size_limit(COMPILED_BYTES_MAX).build();
    built.map_err(|error| {
        if matches!(error, regex::Error::CompiledTooBig(_)) {
            return "it repeats too much".to_owned();
        }
        // The last line says what; those before it point into the pattern.
        error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
    })
}

/// The value itself where there is no list; else that of the list: the same, or the only one that is the same but for
/// capitals.
fn listed(kind: ParameterKind, limits: &Limits, value: Value) -> Option<Value> {
    let text = plain(&value);
    if limits.one_of.is_empty() || limits.one_of.contains(&text) {
        return Some(value);
    }
    let mut like = limits.one_of.iter().filter(|one| one.to_lowercase() == text.to_lowercase());
    let only = like.next().filter(|_| kind == ParameterKind::Text && like.next().is_none());
    only.map(|one| Value::String(one.clone()))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

fn in_ascii(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut signs = source.chars();
    while let Some(sign) = signs.next() {
        if sign != '\\' {
            out.push(sign);
            continue;
        }
        match signs.next() {
            Some('d') => out.push_str("[0-9]"),
            Some('D') => out.push_str("[^0-9]"),
            Some('w') => out.push_str("[0-9A-Za-z_]"),
            Some('W') => out.push_str("[^0-9A-Za-z_]"),
            other => {
                out.push('\\');
                out.extend(other);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_as_in_the_descriptions_it_comes_from() {
        for (source, text, matches) in [
            ("b", "abc", true),
            ("^b", "abc", false),
            (r"^[\w.-]+$", "a.b-c_1", true),
            (r"^\w+$", "ñ", false),
            (r"^[^\d]+$", "a1", false),
            (r"^\/v\-1$", "/v-1", true),
            (r"^\\d$", r"\d", true),
        ] {
            assert_eq!(pattern(source).map(|p| p.is_match(text)), Ok(matches), "{source} {text}");
        }
    }

    #[test]
    fn a_pattern_that_cannot_be_kept_to_is_refused_with_a_reason() {
        for (source, why) in [
            ("(", "unclosed group"),
            ("(?=a)b", "look-around"),
            (r"(a)\1", "backreferences are not supported"),
            ("(a{1000}){1000}", "repeats too much"),
            (&"a".repeat(PATTERN_BYTES_MAX + 1), "longer than"),
        ] {
            let told = pattern(source).expect_err("it is refused");
            assert!(told.contains(why), "{told}");
        }
    }
}
