//! What the placeholders of one call stand for, in memory alone.
//!
//! Promises: `Debug` shows a count; a placeholder without a value is told, and never passed on as one.
//! Never: is written to disk, or handed to the heart.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::base::{Placeholder, Private, PrivateKind, SaidAs, placeholders};
use crate::language::{Language, money_spoken, number_spoken, private_spoken, private_unknown};
use crate::template::money_minor;

/// Private values of one call: far more than a caller says; what a system tells beyond them is hidden and not kept.
const VALUES_MAX: usize = 1_000;

/// Digits in a row that, if they are in a card already known, are a part of it told once more. Fewer may be the last four
/// that a system tells, an amount or a short order number; two numbers that share as many by chance are one in a million.
const CARD_PART_LEAST: usize = 7;

/// The private values of one call. A clone shares them: what is found later is in the vault's own alone.
#[derive(Clone, Default)]
pub struct PrivateValues(Arc<Held>);

#[derive(Clone, Default)]
struct Held {
    values: BTreeMap<Placeholder, Private>,
    by_value: BTreeMap<String, Placeholder>,
    counts: BTreeMap<PrivateKind, u32>,
}

impl fmt::Debug for PrivateValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateValues({})", self.0.values.len())
    }
}

impl PrivateValues {
    /// Gives a placeholder its value, in place of the one it had.
    pub(super) fn set(&mut self, placeholder: Placeholder, value: &str) {
        let held = Arc::make_mut(&mut self.0);
        let old = held.values.insert(placeholder, Private::new(value));
        // A longer number passes through a shorter one, which may be another's.
        if let Some(old) = old.filter(|old| held.by_value.get(old.reveal()) == Some(&placeholder)) {
            held.by_value.remove(old.reveal());
        }
        held.by_value.entry(value.to_owned()).or_insert(placeholder);
    }

    /// So many placeholders of a kind are in use already.
    pub(super) fn count_from(&mut self, kind: PrivateKind, n: u32) {
        Arc::make_mut(&mut self.0).counts.insert(kind, n);
    }

    /// The placeholder of a value: the one it has, or a new one.
    pub(super) fn place(&mut self, kind: PrivateKind, value: &str) -> Placeholder {
        if let Some(known) = self.0.by_value.get(value) {
            return *known;
        }
        if self.0.values.len() >= VALUES_MAX {
            return Placeholder { kind, n: 0 };
        }
        let n = Arc::make_mut(&mut self.0).counts.entry(kind).or_default();
        *n = n.saturating_add(1);
        let placeholder = Placeholder { kind, n: *n };
        self.set(placeholder, value);
        placeholder
    }

    /// The kind of a value that has a placeholder, or of a card that digits are a part of.
    pub(super) fn kind_of(&self, value: &str) -> Option<PrivateKind> {
        let whole = self.0.by_value.get(value).map(|placeholder| placeholder.kind);
        whole.or_else(|| self.is_part_of_a_card(value).then_some(PrivateKind::Card))
    }

    fn is_part_of_a_card(&self, digits: &str) -> bool {
        let card = |(_, placeholder): &(&String, &Placeholder)| placeholder.kind == PrivateKind::Card;
        let mut cards = self.0.by_value.iter().filter(card);
        digits.len() >= CARD_PART_LEAST && cards.any(|(value, _)| value.contains(digits))
    }

    /// Whether the caller has pressed these keys as one number.
    #[must_use]
    pub fn is_keyed(&self, value: &str) -> bool {
        let keyed = |(placeholder, held): (&Placeholder, &Private)| {
            placeholder.kind == PrivateKind::Keys && held.reveal().trim_end_matches(['#', '*']) == value
        };
        self.0.values.iter().any(keyed)
    }

    #[must_use]
    pub fn get(&self, placeholder: Placeholder) -> Option<&Private> {
        self.0.values.get(&placeholder)
    }

    /// The text with every value put in.
    ///
    /// # Errors
    /// The first placeholder that has none.
    pub fn in_text(&self, text: &str) -> Result<String, Placeholder> {
        replaced(text, |placeholder, _| {
            self.get(placeholder).map(|value| value.reveal().to_owned()).ok_or(placeholder)
        })
    }

    /// The same for every text of a JSON tree.
    ///
    /// # Errors
    /// The first placeholder that has none.
    pub fn in_json(&self, tree: &Value) -> Result<Value, Placeholder> {
        Ok(match tree {
            Value::Null | Value::Bool(_) | Value::Number(_) => tree.clone(),
            Value::String(text) => Value::String(self.in_text(text)?),
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.in_json(item)).collect::<Result<_, _>>()?)
            }
            Value::Object(fields) => {
                let field = |(name, field): (&String, &Value)| Ok((name.clone(), self.in_json(field)?));
                Value::Object(fields.iter().map(field).collect::<Result<_, _>>()?)
            }
        })
    }

    /// The text as it is said to the caller whose values these are. `currency`: ISO 4217, of amounts.
    #[must_use]
    pub fn spoken(&self, language: Language, currency: &str, text: &str) -> String {
        let said = |placeholder: Placeholder, how| {
            let Some(value) = self.get(placeholder).map(Private::reveal) else {
                return private_unknown(language, placeholder.kind).to_owned();
            };
            let figure = match how {
                SaidAs::Itself => None,
                SaidAs::Money => {
                    money_minor(value, currency).map(|minor| money_spoken(language, minor, currency))
                }
                SaidAs::Number => value.parse().ok().map(|number| number_spoken(language, number)),
            };
            figure.unwrap_or_else(|| private_spoken(language, placeholder.kind, value))
        };
        replaced(text, |placeholder, how| Ok::<_, Placeholder>(said(placeholder, how))).unwrap_or_default()
    }
}

fn replaced<E>(text: &str, value: impl Fn(Placeholder, SaidAs) -> Result<String, E>) -> Result<String, E> {
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for (range, placeholder, how) in placeholders(text) {
        out.push_str(&text[end..range.start]);
        out.push_str(&value(placeholder, how)?);
        end = range.end;
    }
    out.push_str(&text[end..]);
    Ok(out)
}
