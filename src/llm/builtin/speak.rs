//! Results, read out so that any synthesiser says them rightly.
//!
//! Promises: amounts, codes and numbers become words; nothing is said that the result does not hold.
//! Never: reads out a result that is no mapped value: a failure's text is for a model, often in another language.

use serde_json::Value;

use super::slots::money_text;
use super::words::words;
use crate::core::conversation::Plan;
use crate::core::language::{Language, digits_spoken, money_spoken, spoken_text};

/// The sentence for the result of a harmless tool; none where it holds no mapped values: it failed.
///
/// A map that has a text under `say` has said it all; of others every entry is read, "key: value".
pub(super) fn result(plan: &Plan, text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    let currency = value.get("currency").and_then(Value::as_str).unwrap_or(&plan.currency);
    let say = value.get("say").and_then(Value::as_str);
    let said = match say {
        Some(said) => spoken_text(plan.language, said),
        None => spelled(plan.language, &value, currency),
    };
    let said = said.trim();
    Some(match said.chars().next_back() {
        None => words(plan.language).nothing_found.to_owned(),
        Some('.' | '!' | '?') => said.to_owned(),
        Some(_) => format!("{said}."),
    })
}

fn spelled(language: Language, value: &Value, currency: &str) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => words(language).yes.to_owned(),
        Value::Bool(false) => words(language).no.to_owned(),
        Value::Number(n) => spoken_text(language, &n.to_string()),
        Value::String(text) => text_spelled(language, text, currency),
        Value::Array(items) => {
            joined(items.iter().map(|item| spelled(language, item, currency)).filter(|s| !s.is_empty()))
        }
        Value::Object(map) => joined(
            map.iter()
                // Said with the amounts.
                .filter(|(key, _)| *key != "currency")
                .map(|(key, value)| (key, spelled(language, value, currency)))
                .filter(|(_, said)| !said.is_empty())
                .map(|(key, said)| format!("{}: {said}", key.replace('_', " "))),
        ),
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// `45.00` is an amount, a text of digits is a code, anything else is text.
fn text_spelled(language: Language, text: &str, currency: &str) -> String {
    if let Some(minor) = minor_units(text).filter(|minor| money_text(*minor, currency) == text) {
        return money_spoken(language, minor, currency);
    }
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return digits_spoken(language, text);
    }
    spoken_text(language, text)
}

fn minor_units(text: &str) -> Option<i64> {
    let (units, rest) = text.split_once('.')?;
    format!("{units}{rest}").parse().ok()
}
