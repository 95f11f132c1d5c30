//! One form for each value of a parameter: `20`, `20.0` and "20.00" are one amount.
//!
//! Promises: what means the same has the same form, and what is in it stays as it is; a number is never rounded.
//! Never: guesses a value.

use centralita_core::conversation::{Parameter, ParameterKind};
use centralita_core::language::{is_date, is_time};
use centralita_core::template::{money_minor, money_text};
use serde_json::Value;

use super::phone::e164;

/// Longest text a caller's value may have, in characters: some three minutes of dictation.
pub(super) const TEXT_CHARS_MAX: usize = 2_000;
/// A decimal of so many digits is the same in every system, whatever that reads it into.
const NUMBER_DIGITS_MAX: usize = 15;
/// Decimals of a number: with more, JSON would write some of them with an exponent.
const DECIMALS_MAX: usize = 5;
/// The longest address and its part before the sign, in bytes (RFC 5321 §4.5.3.1).
const EMAIL_BYTES_MAX: usize = 254;
const EMAIL_LOCAL_BYTES_MAX: usize = 64;

/// A value of the parameter in its one form, where it is one.
#[must_use]
pub fn one_form(parameter: &Parameter, value: &Value, currency: &str) -> Option<Value> {
    let country = parameter.country.as_deref();
    let Some(most) = parameter.list else { return scalar(parameter.kind, value, currency, country) };
    // One value alone is a list of one.
    let alone = std::slice::from_ref(value);
    let values = value.as_array().map_or(alone, Vec::as_slice);
    let fits = (1..=usize::from(most)).contains(&values.len());
    let values = if fits { values } else { return None };
    values.iter().map(|value| scalar(parameter.kind, value, currency, country)).collect()
}

/// Whether two values of a parameter mean the same: `20` and `"20.00"` are one amount.
#[must_use]
pub fn is_same_argument(parameter: &Parameter, a: &Value, b: &Value, currency: &str) -> bool {
    match (one_form(parameter, a, currency), one_form(parameter, b, currency)) {
        (Some(a), Some(b)) => a == b,
        (Some(_) | None, _) => a == b,
    }
}

/// One value in the one form of its kind. `country` is that of a phone number without its own.
#[must_use]
pub(super) fn scalar(
    kind: ParameterKind,
    value: &Value,
    currency: &str,
    country: Option<&str>,
) -> Option<Value> {
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
        ParameterKind::Number => serde_json::from_str(&decimal(&text)?).ok(),
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
        ParameterKind::Email => email(&text).map(Value::String),
        ParameterKind::Phone => e164(&text, country).map(Value::String),
        ParameterKind::Date => is_date(&text).then_some(Value::String(text)),
        ParameterKind::Time => time(&text).map(Value::String),
    }
}

/// What a value of this parameter is, in words.
#[must_use]
pub(crate) fn wanted(parameter: &Parameter) -> String {
    let one = wanted_of(parameter.kind, parameter.country.as_deref());
    parameter.list.map_or_else(|| one.clone(), |most| format!("a list of 1 to {most}, each {one}"))
}

/// The same of one value.
#[must_use]
pub(super) fn wanted_of(kind: ParameterKind, country: Option<&str>) -> String {
    match (kind, country) {
        (ParameterKind::Text, _) => "a text of 1 to 2000 characters",
        (ParameterKind::Integer, _) => "a whole number",
        (ParameterKind::Number, _) => {
            "a number in decimals, like 3.5, of at most 15 digits, at most 5 of them after the point"
        }
        (ParameterKind::Digits, _) => "a string of digits",
        (ParameterKind::Money, _) => "an amount as decimal text, like 20.50",
        (ParameterKind::Boolean, _) => "true or false",
        (ParameterKind::Email, _) => "an e-mail address, like ana@example.com",
        (ParameterKind::Phone, Some(_)) => "a phone number in all its digits",
        (ParameterKind::Phone, None) => "a phone number with its country code, like +34600111222",
        (ParameterKind::Date, _) => "a date of the calendar, like 2026-07-27",
        (ParameterKind::Time, _) => "a time of day, like 14:05",
    }
    .to_owned()
}

/// Decimal text without zeros that say nothing: `-03.50` is `-3.5`.
fn decimal(text: &str) -> Option<String> {
    let (minus, plain) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, "0"));
    let is_figure = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_figure(whole) || !is_figure(fraction) {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    if fraction.len() > DECIMALS_MAX || whole.len() + fraction.len() > NUMBER_DIGITS_MAX {
        return None;
    }
    let sign = if minus && !(whole.is_empty() && fraction.is_empty()) { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

/// A value that has a size, in whole numbers that compare: an amount in minor units, a number in hundred-thousandths.
pub(crate) fn size(kind: ParameterKind, text: &str, currency: &str) -> Option<i128> {
    match kind {
        ParameterKind::Money => money_minor(text, currency).map(i128::from),
        ParameterKind::Integer => text.parse().ok(),
        ParameterKind::Number => {
            let text = decimal(text)?;
            let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
            format!("{whole}{fraction:0<DECIMALS_MAX$}").parse().ok()
        }
        ParameterKind::Date | ParameterKind::Time => {
            text.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok()
        }
        ParameterKind::Text
        | ParameterKind::Digits
        | ParameterKind::Boolean
        | ParameterKind::Email
        | ParameterKind::Phone => None,
    }
}

fn email(text: &str) -> Option<String> {
    let text = text.to_lowercase();
    let (local, domain) = text.rsplit_once('@')?;
    let of_local = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~.-".contains(&b);
    let is_dotted = |part: &str| part.split('.').all(|piece| !piece.is_empty());
    let of_domain = |label: &str| {
        let inside = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        inside && !label.starts_with('-') && !label.ends_with('-')
    };
    let (_, top) = domain.rsplit_once('.')?;
    let fits = text.len() <= EMAIL_BYTES_MAX
        && local.len() <= EMAIL_LOCAL_BYTES_MAX
        && local.bytes().all(of_local)
        && is_dotted(local)
        && is_dotted(domain)
        && domain.split('.').all(of_domain)
        && top.len() > 1
        && !top.bytes().all(|b| b.is_ascii_digit());
    fits.then_some(text)
}

/// `9:05` and `09:05:00` are `09:05`.
fn time(text: &str) -> Option<String> {
    let text = text.strip_suffix(":00").filter(|rest| rest.contains(':')).unwrap_or(text);
    let text = if text.find(':') == Some(1) { format!("0{text}") } else { text.to_owned() };
    is_time(&text).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form(kind: ParameterKind, value: Value) -> Option<Value> {
        scalar(kind, &value, "EUR", Some("ES"))
    }

    #[test]
    fn one_meaning_has_one_form_and_that_stays_as_it_is() {
        use ParameterKind::{Date, Email, Number, Phone, Time};
        for (kind, given, want) in [
            (Number, json!("-03.50"), json!(-3.5)),
            (Number, json!(3.5), json!(3.5)),
            (Number, json!("20.0"), json!(20)),
            (Number, json!("-0"), json!(0)),
            (Number, json!(".1").clone(), json!(null)),
            (Number, json!("0.00001"), json!(0.00001)),
            (Number, json!("123456789012.345"), json!(123_456_789_012.345)),
            (Email, json!(" Ana.D+x@Example.COM"), json!("ana.d+x@example.com")),
            (Phone, json!("600 111 222"), json!("+34600111222")),
            (Phone, json!(600_111_222), json!("+34600111222")),
            (Date, json!("2026-07-27"), json!("2026-07-27")),
            (Time, json!("9:05"), json!("09:05")),
            (Time, json!("09:05:00"), json!("09:05")),
            (Time, json!("09:00"), json!("09:00")),
        ] {
            let once = form(kind, given).unwrap_or(Value::Null);
            assert_eq!(once, want, "{kind:?}");
            assert_eq!(form(kind, once.clone()).unwrap_or(Value::Null), once, "{kind:?}");
        }
    }

    #[test]
    fn a_number_is_written_as_it_was_said_whatever_its_digits() {
        for nth in 0..20_000_u64 {
            let digits = format!("{:015}", nth.wrapping_mul(0x9E37_79B9_7F4A_7C15) % 1_000_000_000_000_000);
            let decimals = (nth % 6) as usize;
            let text = format!("{}.{}", &digits[..15 - decimals], &digits[15 - decimals..]);
            let text = text.trim_end_matches('.');
            let value = form(ParameterKind::Number, json!(text)).expect("it is a number");
            assert_eq!(Some(value.to_string()), decimal(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_value_of_its_kind_has_no_form() {
        use ParameterKind::{Date, Email, Number, Phone, Time};
        for (kind, given) in [
            (Number, json!("1e3")),
            (Number, json!("1,5")),
            (Number, json!("0.000001")),
            (Number, json!("1234567890123456")),
            (Number, json!("NaN")),
            (Email, json!("ana")),
            (Email, json!("ana@example")),
            (Email, json!("a b@example.com")),
            (Email, json!("ana@exa_mple.com")),
            (Email, json!("ana@example.com\r\nBcc: x@example.com")),
            (Email, json!("@example.com")),
            (Email, json!("ana..d@example.com")),
            (Email, json!("ana@1.2.3.4")),
            (Phone, json!("hello")),
            (Date, json!("27/07/2026")),
            (Date, json!("2026-02-30")),
            (Time, json!("25:00")),
            (Time, json!("2 pm")),
            (Time, json!("14:05:30")),
        ] {
            assert_eq!(form(kind, given.clone()), None, "{given}");
        }
    }

    #[test]
    fn a_list_is_one_of_values_each_in_its_form_and_none_too_many() {
        let two = Parameter { kind: ParameterKind::Digits, list: Some(2), ..Parameter::default() };
        for (given, want) in [
            (json!(["11-82", 7]), Some(json!(["1182", "7"]))),
            (json!(["1", "2", "3"]), None),
            (json!([]), None),
            (json!("11 82"), Some(json!(["1182"]))),
            (json!(["1182", "x"]), None),
            (json!([["1182"]]), None),
        ] {
            assert_eq!(one_form(&two, &given, "EUR"), want, "{given}");
        }
        assert_eq!(wanted(&two), "a list of 1 to 2, each a string of digits");
    }

    #[test]
    fn sizes_compare_as_what_they_measure() {
        use ParameterKind::{Date, Number, Time};
        for (kind, less, more) in [
            (Number, "-3.5", "-3.49999"),
            (Number, "-0.5", "0"),
            (Number, "0.5", "0.51"),
            (Number, "9", "10"),
            (Date, "2026-09-30", "2026-10-01"),
            (Time, "09:59", "10:00"),
        ] {
            assert!(size(kind, less, "EUR") < size(kind, more, "EUR"), "{less} {more}");
        }
    }
}
