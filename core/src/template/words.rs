//! What a value becomes where it lands: spoken words, or one segment of a URL's path.
//!
//! Promises: an amount is decimal text and never a float; a segment holds no `/`, `?`, `#` or `%` of the
//! value's own.
//! Never: rounds; guesses what a value that cannot be read may have meant.

use std::fmt::Write as _;

use minijinja::value::{Value as Held, ValueKind};
use minijinja::{Environment, Error, ErrorKind};

use crate::base::{Placeholder, PrivateKind, SaidAs};
use crate::language::{
    Language, date_spoken, decimal_spoken, digits_spoken, money_read, money_spoken, phone_spoken,
    private_spoken, time_spoken,
};

pub(super) fn add_filters(env: &mut Environment<'static>, language: Language, currency: &str) {
    let code = currency.to_owned();
    let minor =
        move |value: &Held| plain(value).and_then(|text| money_minor(&text, &code)).ok_or_else(unreadable);
    env.add_filter("minor", minor.clone());
    let currency = currency.to_owned();
    let money = move |value: &Held| minor(value).map(|minor| money_spoken(language, minor, &currency));
    add(env, "money", SaidAs::Money, money);
    add(env, "number", SaidAs::Number, move |value| {
        plain(value).and_then(|text| decimal_spoken(language, &text)).ok_or_else(unreadable)
    });
    let itself =
        |name: &'static str, env: &mut Environment<'static>, said: fn(Language, &str) -> Option<String>| {
            add(env, name, SaidAs::Itself, move |value| {
                plain(value).and_then(|text| said(language, &text)).ok_or_else(unreadable)
            });
        };
    itself("digits", env, |language, text| Some(digits_spoken(language, text)));
    itself("date", env, date_spoken);
    itself("time", env, time_spoken);
    itself("email", env, |language, text| Some(private_spoken(language, PrivateKind::Email, text)));
    itself("phone", env, phone_spoken);
}

/// A filter that says a value, or each of a list. What stands for a private value stays; who says it knows the value, and
/// is told as what to say it.
fn add(
    env: &mut Environment<'static>,
    name: &'static str,
    how: SaidAs,
    said: impl Fn(&Held) -> Result<String, Error> + Send + Sync + 'static,
) {
    let one = move |value: &Held| match hidden(value) {
        Some(placeholder) => Ok(placeholder.said_as(how)),
        None => said(value),
    };
    env.add_filter(name, move |value: &Held| {
        if value.kind() != ValueKind::Seq {
            return one(value);
        }
        let each: Result<Vec<String>, Error> = value.try_iter()?.map(|item| one(&item)).collect();
        each.map(|each| each.join(", "))
    });
}

/// The minor units of a decimal text (`20`, `20.5`, `-3.25`) in a currency; nothing else is an amount.
#[must_use]
pub fn money_minor(text: &str, currency: &str) -> Option<i64> {
    let (negative, amount) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let scale = scale(currency);
    let fraction = fraction.trim_end_matches('0');
    let unit = 10_i64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    if unit > scale {
        return None;
    }
    let below = if fraction.is_empty() { 0 } else { fraction.parse::<i64>().ok()? * (scale / unit) };
    let minor = whole.parse::<i64>().ok()?.checked_mul(scale)?.checked_add(below)?;
    Some(if negative { -minor } else { minor })
}

/// One text for one amount, with all the currency's decimals: 2000 → `20.00`.
#[must_use]
pub fn money_text(minor: i64, currency: &str) -> String {
    let scale = scale(currency).unsigned_abs();
    let (sign, minor) = (if minor < 0 { "-" } else { "" }, minor.unsigned_abs());
    let (whole, rest, decimals) = (minor / scale, minor % scale, scale.ilog10() as usize);
    if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:0decimals$}") }
}

/// Minor units in one unit: what the language room reads in "1" says how many decimals the currency has.
fn scale(currency: &str) -> i64 {
    money_read(Language::English, "1", currency).unwrap_or(100)
}

/// The value as one segment: all but the unreserved characters of RFC 3986 §2.3 percent-encoded. An empty
/// segment and `.` or `..`, which a server would resolve away, are refused.
pub(super) fn segment(value: &str) -> Result<String, Error> {
    if matches!(value, "" | "." | "..") {
        return Err(unreadable());
    }
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").map_err(Error::from)?;
        }
    }
    Ok(out)
}

fn hidden(value: &Held) -> Option<Placeholder> {
    Placeholder::parse(&plain(value)?)
}

/// A text or a number as it is written.
pub(super) fn plain(value: &Held) -> Option<String> {
    matches!(value.kind(), ValueKind::String | ValueKind::Number).then(|| value.to_string())
}

pub(super) fn unreadable() -> Error {
    Error::from(ErrorKind::InvalidOperation)
}
