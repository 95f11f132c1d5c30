//! Results, read out so that any synthesiser says them rightly.
//!
//! Promises: amounts, codes and numbers become words; nothing is said that the result does not hold.
//! Never: reads out a result that is no mapped value: a failure's text is for a model, often in another language.

use serde_json::Value;

use super::slots::Values;
use super::words::words;
use crate::core::conversation::{Plan, ToolPlan};
use crate::core::language::{Language, Phrase, digits_spoken, money_spoken, spoken_text};
use crate::core::template::{Renderer, money_minor, money_text};

/// What to say after a run of a harmless tool; the heart has said nothing of it.
///
/// A map that has a text under `say` has said it all; else the admin's phrase is filled in with arguments and
/// result; without one every entry is read, "key: value". A text that is no JSON is a failure.
pub(super) fn result(plan: &Plan, tool: &ToolPlan, args: &Values, text: &str) -> String {
    let Ok(result) = serde_json::from_str::<Value>(text) else {
        let failed = phrase(plan, tool.phrases.failed.after(0), args);
        return failed.unwrap_or_else(|| Phrase::Failed.say(plan.language));
    };
    let mut values = args.clone();
    values.extend(result.as_object().cloned().unwrap_or_default());
    let currency = result.get("currency").and_then(Value::as_str).unwrap_or(&plan.currency);
    let say = result.get("say").and_then(Value::as_str).map(|said| spoken_text(plan.language, said));
    let said = say
        .or_else(|| phrase(plan, tool.phrases.done.after(0), &values))
        .unwrap_or_else(|| spelled(plan.language, &result, currency));
    let said = said.trim();
    match said.chars().next_back() {
        None => words(plan.language).nothing_found.to_owned(),
        Some('.' | '!' | '?') => said.to_owned(),
        Some(_) => format!("{said}."),
    }
}

/// The admin's phrase with its holes filled in; none where it is not written or lacks a value.
fn phrase(plan: &Plan, written: &str, values: &Values) -> Option<String> {
    let vars = Value::from_iter(values.clone());
    let said = Renderer::new(plan.language, &plan.currency).render(written, &vars).ok()?;
    (!said.trim().is_empty()).then(|| spoken_text(plan.language, &said))
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
    let minor = money_minor(text, currency)
        .filter(|minor| text.contains('.') && money_text(*minor, currency) == text);
    if let Some(minor) = minor {
        return money_spoken(language, minor, currency);
    }
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return digits_spoken(language, text);
    }
    spoken_text(language, text)
}
