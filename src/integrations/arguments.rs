//! The model's arguments, checked against the tool's parameters and brought to one form.
//!
//! Promises: what passes has one text for one meaning (`20`, `20.0` and "20.00" are one amount), so that the
//! same wish has the same digest, and is one of the values that its parameter may have; a parameter that was
//! not given is null.
//! Never: guesses a value.

use centralita_core::conversation::{Parameter, ParameterKind};
use centralita_core::template::{money_minor, money_text};
use serde_json::{Map, Value};

use super::limits::within;

/// Longest text a caller's value may have, in characters: some three minutes of dictation.
const TEXT_CHARS_MAX: usize = 2_000;

/// The arguments in their one form, or for the model what is wrong with them; it names parameters, never
/// values.
pub(super) fn arguments(
    parameters: &[Parameter],
    args: &Value,
    currency: &str,
) -> Result<Map<String, Value>, String> {
    let empty = Map::new();
    let given = match args {
        Value::Object(given) => given,
        Value::Null => &empty,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err("the arguments are not an object".to_owned());
        }
    };
    if let Some(unknown) = given.keys().find(|name| parameters.iter().all(|p| p.name != **name)) {
        let known: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
        return Err(format!("there is no parameter `{unknown}`; there are: {}", known.join(", ")));
    }
    let mut checked = Map::new();
    for parameter in parameters {
        let value = match given.get(&parameter.name).filter(|v| !v.is_null()) {
            Some(value) => {
                let value = one_form(parameter.kind, value, currency)
                    .ok_or_else(|| format!("`{}` is not {}", parameter.name, wanted(parameter.kind)))?;
                within(parameter, value, currency)?
            }
            None if parameter.required => return Err(format!("`{}` is missing: ask for it", parameter.name)),
            None => Value::Null,
        };
        checked.insert(parameter.name.clone(), value);
    }
    Ok(checked)
}

/// Whether two values of a parameter mean the same: `20` and `"20.00"` are one amount.
#[must_use]
pub fn is_same_argument(kind: ParameterKind, a: &Value, b: &Value, currency: &str) -> bool {
    match (one_form(kind, a, currency), one_form(kind, b, currency)) {
        (Some(a), Some(b)) => a == b,
        (Some(_) | None, _) => a == b,
    }
}

/// A value in the one form of its kind, where it is of that kind.
#[must_use]
pub fn one_form(kind: ParameterKind, value: &Value, currency: &str) -> Option<Value> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    match kind {
        ParameterKind::Text => {
            let fits = !text.is_empty() && text.chars().count() <= TEXT_CHARS_MAX;
            fits.then_some(Value::String(text))
        }
        ParameterKind::Integer => text.parse::<i64>().ok().map(Value::from),
        ParameterKind::Digits => {
            let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            plain.then_some(Value::String(digits))
        }
        ParameterKind::Money => {
            let minor = money_minor(&text, currency).filter(|minor| *minor >= 0)?;
            Some(Value::String(money_text(minor, currency)))
        }
        ParameterKind::Boolean => text.parse::<bool>().ok().map(Value::from),
    }
}

/// What a value of this kind is, in words.
#[must_use]
pub fn wanted(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::Text => "a text of 1 to 2000 characters",
        ParameterKind::Integer => "a whole number",
        ParameterKind::Digits => "a string of digits",
        ParameterKind::Money => "an amount as decimal text, like 20.50",
        ParameterKind::Boolean => "true or false",
    }
}

#[cfg(test)]
mod tests {
    use centralita_core::conversation::Limits;
    use serde_json::json;

    use super::*;

    fn parameter(name: &str, kind: ParameterKind, required: bool) -> Parameter {
        Parameter {
            name: name.into(),
            kind,
            description: String::new(),
            required,
            ask: String::new(),
            limits: Limits::default(),
        }
    }

    #[test]
    fn one_meaning_has_one_form() {
        use ParameterKind::{Boolean, Digits, Integer, Money, Text};
        for (kind, given, want) in [
            (Money, json!("20"), json!("20.00")),
            (Money, json!(20.0), json!("20.00")),
            (Money, json!("20.000"), json!("20.00")),
            (Digits, json!("11-82 "), json!("1182")),
            (Digits, json!("0042"), json!("0042")),
            (Digits, json!(1182), json!("1182")),
            (Integer, json!("3"), json!(3)),
            (Boolean, json!("true"), json!(true)),
            (Text, json!(" a "), json!("a")),
        ] {
            let got = arguments(&[parameter("p", kind, true)], &json!({"p": given}), "USD");
            assert_eq!(got.expect("the arguments are right")["p"], want);
        }
    }

    #[test]
    fn what_is_no_value_of_its_kind_is_refused_without_being_repeated() {
        use ParameterKind::{Boolean, Digits, Integer, Money, Text};
        for (kind, given) in [
            (Money, json!("-20")),
            (Money, json!("20.555")),
            (Money, json!("twenty-hunter2")),
            (Digits, json!("11x82")),
            (Digits, json!("١١٨٢")),
            (Digits, json!(-5.5)),
            (Integer, json!("3.5")),
            (Boolean, json!("hunter2")),
            (Text, json!("")),
            (Text, json!("x".repeat(TEXT_CHARS_MAX + 1))),
            (Text, json!({"$ne": "hunter2"})),
            (Text, json!(["hunter2"])),
        ] {
            let why = arguments(&[parameter("p", kind, true)], &json!({"p": given}), "USD").unwrap_err();
            assert!(why.starts_with("`p` is not") && !why.contains("hunter2"), "{why}");
        }
    }

    #[test]
    fn what_a_parameter_may_not_be_is_refused_and_the_model_is_told_what_it_may() {
        use ParameterKind::{Digits, Integer, Money, Text};
        let text = |text: &str| Some(text.to_owned());
        let list = |values: &[&str]| values.iter().map(ToString::to_string).collect();
        let span = Limits { min: text("1"), max: text("10"), ..Limits::default() };
        let sizes = Limits { one_of: list(&["Small", "LARGE", "small"]), ..Limits::default() };
        let rooms = Limits { one_of: list(&["1", "2"]), ..Limits::default() };
        let code = Limits { pattern: text(r"^\d{5}$"), ..Limits::default() };
        let least = Limits { min: text("0.50"), ..Limits::default() };
        for (kind, limits, given, want) in [
            (Integer, &span, json!(1), Ok(json!(1))),
            (Integer, &span, json!("10"), Ok(json!(10))),
            (Integer, &span, json!(0), Err("`p` must be from 1 to 10")),
            (Integer, &span, json!(11), Err("`p` must be from 1 to 10")),
            (Integer, &rooms, json!("2"), Ok(json!(2))),
            (Integer, &rooms, json!(3), Err("`p` must be one of: 1, 2")),
            (Money, &least, json!("0.5"), Ok(json!("0.50"))),
            (Money, &least, json!("0.49"), Err("`p` must be at least 0.50")),
            (Text, &sizes, json!("small"), Ok(json!("small"))),
            (Text, &sizes, json!("large"), Ok(json!("LARGE"))),
            (Text, &sizes, json!("SMALL"), Err("`p` must be one of: Small, LARGE, small")),
            (Digits, &code, json!("28 013"), Ok(json!("28013"))),
            (Digits, &code, json!("2801"), Err(r"`p` must be in the form ^\d{5}$ (a regular expression)")),
            (Text, &code, json!("٢٨٠١٣"), Err(r"`p` must be in the form ^\d{5}$ (a regular expression)")),
        ] {
            let parameters = [Parameter { limits: limits.clone(), ..parameter("p", kind, true) }];
            let got = arguments(&parameters, &json!({"p": given}), "USD").map(|mut args| args["p"].take());
            assert_eq!(got, want.map_err(str::to_owned), "{given}");
        }
    }

    #[test]
    fn what_is_missing_is_asked_for_and_what_is_too_much_is_refused() {
        let parameters =
            [parameter("a", ParameterKind::Text, true), parameter("b", ParameterKind::Text, false)];
        let of = |args: Value| arguments(&parameters, &args, "USD");
        assert!(of(json!({})).unwrap_err().contains("`a` is missing"));
        assert!(of(json!({"a": "x", "c": "y"})).unwrap_err().contains("there is no parameter `c`"));
        assert!(of(json!([1])).is_err());
        assert_eq!(of(json!({"a": "x"})).expect("the arguments are right")["b"], Value::Null);
    }
}
