//! The model's arguments, checked against the tool's parameters and brought to one form.
//!
//! Promises: what passes has one form for one meaning (`20`, `20.0` and "20.00" are one amount), so that the
//! same wish has the same digest, and is one of the values that its parameter may have; a parameter that was
//! not given has its default, or is null; one that must be keyed was keyed.
//! Never: guesses a value.

use centralita_core::base::{Placeholder, PrivateKind};
use centralita_core::call::PrivateValues;
use centralita_core::conversation::{Parameter, SaidBy};
use serde_json::{Map, Value};

use super::forms::{one_form, wanted};
use super::limits::within;

/// The arguments in their one form, or for the model what is wrong with them; it names parameters, never
/// values. `variables` are those of the call.
pub(super) fn arguments(
    parameters: &[Parameter],
    args: &Value,
    currency: &str,
    variables: &Map<String, Value>,
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
                let value = one_form(parameter, value, currency)
                    .ok_or_else(|| format!("`{}` is not {}", parameter.name, wanted(parameter)))?;
                within(parameter, value, currency, variables)?
            }
            None if parameter.required => return Err(format!("`{}` is missing: ask for it", parameter.name)),
            None => match parameter.default.clone() {
                Some(value) => within(parameter, value, currency, variables)?,
                None => Value::Null,
            },
        };
        checked.insert(parameter.name.clone(), value);
    }
    Ok(checked)
}

/// Whether each value that must be keyed was keyed by this caller: it stands there as the placeholder of what was, or is a
/// single key, which the model is told as it is.
pub(super) fn keyed(parameters: &[Parameter], args: &Value, private: &PrivateValues) -> Result<(), String> {
    let is_keyed = |value: &Value| {
        let Some(text) = value.as_str() else { return false };
        match Placeholder::parse(text) {
            Some(placeholder) => placeholder.kind == PrivateKind::Keys,
            None => text.chars().count() == 1 && private.is_keyed(text),
        }
    };
    for parameter in parameters.iter().filter(|parameter| parameter.said_by == SaidBy::Keypad) {
        let given = args.get(&parameter.name).filter(|value| !value.is_null());
        if given.is_some_and(|value| !is_keyed(value)) {
            let name = &parameter.name;
            return Err(format!(
                "`{name}` must be keyed in: ask the caller to, and pass on ⟦keys …⟧ as it stands"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use centralita_core::conversation::{Limits, ParameterKind};
    use serde_json::json;

    use super::super::forms::TEXT_CHARS_MAX;
    use super::*;

    fn arguments(
        parameters: &[Parameter],
        args: &Value,
        currency: &str,
    ) -> Result<Map<String, Value>, String> {
        super::arguments(parameters, args, currency, &Map::new())
    }

    fn parameter(name: &str, kind: ParameterKind, required: bool) -> Parameter {
        Parameter {
            name: name.into(),
            kind,
            description: String::new(),
            required,
            ask: String::new(),
            ..Parameter::default()
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

    #[test]
    fn what_is_not_given_has_its_default() {
        let default = Some(json!("small"));
        let parameters = [Parameter { default, ..parameter("a", ParameterKind::Text, false) }];
        for (args, want) in
            [(json!({}), "small"), (json!({"a": null}), "small"), (json!({"a": "large"}), "large")]
        {
            assert_eq!(arguments(&parameters, &args, "USD").expect("the arguments are right")["a"], want);
        }
    }

    #[test]
    fn a_value_must_be_one_that_another_tool_has_found() {
        let limits = Limits { one_of_variable: Some("orders".to_owned()), ..Limits::default() };
        let parameters = [Parameter { limits, ..parameter("a", ParameterKind::Digits, true) }];
        let given = |order: &str, variables: Value| {
            let variables = variables.as_object().cloned().unwrap_or_default();
            super::arguments(&parameters, &json!({"a": order}), "USD", &variables)
                .map(|mut args| args["a"].take())
        };
        let two = || json!({"orders": [1182, "11-83"]});
        assert_eq!(given("1182", two()), Ok(json!("1182")));
        assert_eq!(given("1183", two()), Ok(json!("1183")));
        for (order, variables, why) in [
            ("1184", two(), "`a` must be one of those that another tool has found"),
            ("1182", json!({}), "`a` must be one of those that another tool has found: run that tool first"),
            (
                "1182",
                json!({"orders": "1182"}),
                "`a` must be one of those that another tool has found: there are none",
            ),
            (
                "1182",
                json!({"orders": []}),
                "`a` must be one of those that another tool has found: there are none",
            ),
        ] {
            assert_eq!(given(order, variables), Err(why.to_owned()));
        }
    }

    #[test]
    fn what_must_be_keyed_is_nothing_but_what_was_keyed() {
        let pin = Parameter { said_by: SaidBy::Keypad, ..parameter("pin", ParameterKind::Digits, true) };
        let spoken = parameter("order", ParameterKind::Digits, true);
        let of = |args: Value| keyed(&[pin.clone(), spoken.clone()], &args, &PrivateValues::default());
        assert_eq!(of(json!({"pin": "⟦keys 1⟧", "order": "1182"})), Ok(()));
        assert_eq!(of(json!({"order": "1182"})), Ok(()), "that it is missing is told elsewhere");
        for pin in [
            json!("1182"),
            json!(1182),
            json!("⟦card 1⟧"),
            json!("⟦keys 1⟧2"),
            json!("7"),
            json!(["⟦keys 1⟧"]),
        ] {
            let why = of(json!({"pin": pin})).expect_err("it was not keyed");
            assert!(why.starts_with("`pin` must be keyed in") && !why.contains("1182"), "{why}");
        }
    }
}
