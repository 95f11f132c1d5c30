//! Whether a value was said: by a caller in his own words, or by a system in what it told.
//!
//! Promises: one value is the same written, spoken or keyed: digits however they are grouped, an address with its signs in
//! words, a day as it is named, a name spelled letter by letter, whatever the case and the accents.
//! Never: takes a likeness for a value; knows who spoke.

use std::collections::BTreeSet;

use serde_json::Value;

use super::figures::Figures;
use super::screen::amounts_in;
use super::{Language, Sought, Teller, digit_runs, find_private, tokens};
use crate::base::{PrivateKind, placeholders};

/// Digits of a phone number without its country, from which on it may be said so.
const NATIONAL_DIGITS_LEAST: usize = 7;

/// Whether a text says the value. An empty value is said by nobody.
#[must_use]
pub fn says(language: Language, text: &str, value: &str) -> bool {
    let value = value.trim();
    if !placeholders(value).is_empty() {
        return text.contains(value);
    }
    if value.contains('@') {
        return says_address(language, text, value);
    }
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let is_number = !digits.is_empty() && value.chars().all(|c| c.is_ascii_digit() || " +-()/".contains(c));
    if is_number && says_digits(language, text, value, &digits) {
        return true;
    }
    let figures = Figures::in_text(language, text);
    figures.name_day(language, value) && says_year(language, text, value)
        || says_amount(language, text, value)
        || says_words(text, value)
}

/// Whether any text or number of a tree says the value.
#[must_use]
pub fn shows(language: Language, tree: &Value, value: &str) -> bool {
    match tree {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => says(language, &number.to_string(), value),
        Value::String(text) => says(language, text, value),
        Value::Array(items) => items.iter().any(|item| shows(language, item, value)),
        Value::Object(fields) => fields.values().any(|field| shows(language, field, value)),
    }
}

fn says_address(language: Language, text: &str, value: &str) -> bool {
    let kinds = BTreeSet::from([PrivateKind::Email]);
    let sought = Sought { language, kinds: &kinds, known: &|_| None };
    let is_it = |address: &str| address.eq_ignore_ascii_case(value);
    find_private(&sought, text, Teller::System).iter().any(|found| is_it(&found.value))
}

fn says_digits(language: Language, text: &str, value: &str, digits: &str) -> bool {
    let is_it = |run: &str| {
        run == digits || value.starts_with('+') && run.len() >= NATIONAL_DIGITS_LEAST && digits.ends_with(run)
    };
    digit_runs(language, text).iter().any(|(_, run)| is_it(run))
}

/// The year of an ISO date: who guesses it knows no date of birth.
fn says_year(language: Language, text: &str, date: &str) -> bool {
    let year = date.get(..4).unwrap_or_default();
    digit_runs(language, text).iter().any(|(_, run)| run.ends_with(year))
}

/// An amount as decimal text.
fn says_amount(language: Language, text: &str, value: &str) -> bool {
    let Some((whole, cents)) = value.split_once('.') else { return false };
    let minor = format!("{whole}{cents:0<2}").parse::<i64>().ok().filter(|_| cents.len() <= 2);
    minor.is_some_and(|minor| amounts_in(language, text).contains(&minor))
}

/// The value's words in a row, or its letters one by one.
fn says_words(text: &str, value: &str) -> bool {
    let (all, wanted) = (tokens(text), tokens(value));
    if wanted.is_empty() {
        return false;
    }
    let spelled = wanted.concat();
    let is_letter = |word: &String| word.chars().count() == 1;
    all.windows(wanted.len()).any(|words| words == wanted)
        || all.split(|word| !is_letter(word)).any(|letters| letters.len() > 1 && letters.concat() == spelled)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_said_however_it_is_said() {
        use Language::{English, Spanish};
        for (language, text, value) in [
            (English, "it is one one eight two, please", "1182"),
            (English, "eleven eighty two", "1182"),
            (English, "my order 1182 of the 20th", "1182"),
            (Spanish, "seis cero cero, uno uno uno, dos dos dos", "600111222"),
            (Spanish, "el 600 111 222", "+34 600 111 222"),
            (English, "ana dot lopez at example dot com", "Ana.Lopez@example.com"),
            (Spanish, "ana punto lopez arroba example punto com", "ana.lopez@example.com"),
            (Spanish, "me llamo José Pérez", "jose perez"),
            (English, "that is L O P E Z", "Lopez"),
            (English, "twenty dollars fifty", "20.50"),
            (English, "on the third of may, no, May 5th 1980", "1980-05-05"),
            (English, "it is ⟦email 1⟧", "⟦email 1⟧"),
        ] {
            assert!(says(language, text, value), "{text:?} says {value:?}");
        }
    }

    #[test]
    fn what_was_not_said_is_not_said() {
        use Language::English;
        for (text, value) in [
            ("it is 1183", "1182"),
            ("it is 21182", "118"),
            ("yes, that one", "ana@example.com"),
            ("ana at example dot com", "joan@example.com"),
            ("joana at example dot com", "ana@example.com"),
            ("my name is Lopezzi", "Lopez"),
            ("yes", ""),
            ("yes", "  "),
            ("May 5th 2026", "2026-05-15"),
            ("May 5th", "1980-05-05"),
            ("one two three four five six seven eight", "4567"),
            ("it is ⟦email 1⟧", "⟦email 12⟧"),
        ] {
            assert!(!says(English, text, value), "{text:?} does not say {value:?}");
        }
    }

    #[test]
    fn what_a_system_told_is_found_wherever_it_stands() {
        let tree = json!({"result": {"orders": [{"id": 1182, "mail": "Ana@Example.com"}], "open": true}});
        for value in ["1182", "ana@example.com"] {
            assert!(shows(Language::English, &tree, value), "{value}");
        }
        assert!(!shows(Language::English, &tree, "orders"), "the name of a field is nothing that was told");
    }
}
