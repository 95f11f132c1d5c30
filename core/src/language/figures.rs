//! The amounts and days a text names, and whether something that was said or returned holds them.
//!
//! It is a measured filter like the rest of the screen: sums and differences that a model works out by itself are
//! held by nothing, and an ordinal in words ("the fifth") is not read.
//!
//! Promises: an amount is the same written, spoken or as decimal text; an ISO date holds its weekday, its month and
//! its day.
//! Never: decides an action.

use std::collections::BTreeSet;

use serde_json::Value;

use super::number::number_at;
use super::screen::amounts_in;
use super::tokens::{Word, texts, words};
use super::{Language, tables::Calendar};

/// Amounts in minor units of two decimals, and days by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    amounts: BTreeSet<i64>,
    days: BTreeSet<String>,
}

impl Figures {
    /// Those a text names.
    #[must_use]
    pub fn in_text(language: Language, text: &str) -> Figures {
        let mut figures = Figures::default();
        figures.add_text(language, text);
        figures
    }

    pub fn add_text(&mut self, language: Language, text: &str) {
        self.amounts.extend(amounts_in(language, text));
        let calendar = &language.tables().calendar;
        let all = words(text);
        for at in 0..all.len() {
            self.days.extend(day_at(language, calendar, &all, at));
        }
    }

    /// Those of every text and number in a value.
    pub fn add_value(&mut self, language: Language, value: &Value) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => self.add_decimal(&number.to_string()),
            Value::String(text) => {
                self.add_decimal(text);
                self.add_iso_date(language, text);
                self.add_text(language, text);
            }
            Value::Array(items) => items.iter().for_each(|item| self.add_value(language, item)),
            Value::Object(fields) => fields.values().for_each(|field| self.add_value(language, field)),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.amounts.is_empty() && self.days.is_empty()
    }

    /// Whether all of `named` are among these.
    #[must_use]
    pub fn hold(&self, named: &Figures) -> bool {
        named.amounts.is_subset(&self.amounts) && named.days.is_subset(&self.days)
    }

    /// Whether an ISO date is named by its month and day.
    pub(super) fn name_day(&self, language: Language, date: &str) -> bool {
        let Some((_, month, day)) = iso_date(date) else { return false };
        self.days.contains(&format!("{} {day}", language.tables().calendar.months[month - 1]))
    }

    /// `20`, `20.5`, `20.50`. A whole number may also be minor units already.
    fn add_decimal(&mut self, text: &str) {
        let (whole, cents) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
        if whole.is_empty() || cents.len() > 2 || !digits(whole) || !digits(cents) {
            return;
        }
        let minor = format!("{whole}{cents:0<2}").parse::<i64>().ok();
        self.amounts.extend(minor);
        self.amounts.extend(whole.parse::<i64>().ok().filter(|_| cents.is_empty()));
    }

    /// `2026-11-30`, alone or before a time.
    fn add_iso_date(&mut self, language: Language, text: &str) {
        let Some((year, month, day)) = iso_date(text) else { return };
        let calendar = &language.tables().calendar;
        let name = calendar.months[month - 1];
        self.days.insert(calendar.weekdays[weekday(year, month, day)].to_owned());
        self.days.insert(name.to_owned());
        self.days.insert(format!("{name} {day}"));
    }
}

/// The day a word names: a weekday, "tomorrow", or a month with the day that stands beside it.
fn day_at(language: Language, calendar: &Calendar, all: &[Word], at: usize) -> Option<String> {
    let word = all[at].text.as_str();
    let word = calendar.also.iter().find(|(other, _)| *other == word).map_or(word, |(_, name)| *name);
    if calendar.weekdays.contains(&word) || calendar.relative.contains(&word) {
        return Some(word.to_owned());
    }
    if !calendar.months.contains(&word) {
        return None;
    }
    let before = (0..at).rev().find(|n| !calendar.joins.contains(&all[*n].text.as_str()));
    let beside = before.into_iter().chain(Some(at + 1)).filter_map(|n| day_of_month(language, all.get(n)?));
    match beside.into_iter().next() {
        Some(day) => Some(format!("{word} {day}")),
        // "It may take a while" names no month.
        None if calendar.verbs.contains(&word) => None,
        None => Some(word.to_owned()),
    }
}

/// `5`, `5th`, "five".
fn day_of_month(language: Language, word: &Word) -> Option<u64> {
    let figure = word.text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let spoken = || number_at(language, &texts(std::slice::from_ref(word))).map(|(n, _)| u64::from(n));
    figure.parse().ok().or_else(spoken).filter(|day| (1..=31).contains(day))
}

fn iso_date(text: &str) -> Option<(usize, usize, usize)> {
    let date = text.get(..10)?;
    let mut parts = date.split('-').map(|part| part.parse::<usize>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((year, month, day))
}

/// Monday is 0. Sakamoto's method for the Gregorian calendar.
pub(super) fn weekday(year: usize, month: usize, day: usize) -> usize {
    const SHIFTS: [usize; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
    let year = if month < 3 { year.saturating_sub(1) } else { year };
    (year + year / 4 - year / 100 + year / 400 + SHIFTS[month - 1] + day + 6) % 7
}

#[cfg(test)]
mod tests {
    use Language::{Catalan, English, French, German, Italian, Portuguese, Spanish};
    use serde_json::json;

    use super::*;

    fn held(language: Language) -> Figures {
        let mut held = Figures::default();
        held.add_value(
            language,
            &json!({"amount": "20", "total": 129.5, "left": 10_950, "due": "2026-11-30T10:00"}),
        );
        held
    }

    #[test]
    fn what_a_result_holds_may_be_said_in_any_form() {
        let english = [
            "I have refunded twenty dollars.",
            "$20.00 of $129.50 are on their way, $109.50 are left.",
            "You will have it by Monday, November 30th.",
            "It arrives on 30 November.",
            "It may take a while, and one of three colleagues looks into it.",
        ];
        for text in english {
            assert!(held(English).hold(&Figures::in_text(English, text)), "{text}");
        }
        for text in ["Le llegarán veinte euros.", "Será el lunes 30 de noviembre.", "Gracias por llamar."] {
            assert!(held(Spanish).hold(&Figures::in_text(Spanish, text)), "{text}");
        }
    }

    #[test]
    fn days_are_known_by_their_names_in_the_other_languages_too() {
        for (language, right, wrong) in [
            (Portuguese, "Será na segunda, 30 de novembro.", "Será na terça."),
            (French, "Ce sera le lundi 30 novembre.", "Ce sera demain."),
            (German, "Am Montag, dem 30. November.", "Am 3. November."),
            (Italian, "Sarà lunedì 30 novembre.", "Sarà martedì."),
            (Catalan, "Serà dilluns, 30 de novembre.", "Serà el 3 d'abril."),
        ] {
            assert!(held(language).hold(&Figures::in_text(language, right)), "{right}");
            assert!(!Figures::in_text(language, right).is_empty(), "{right}");
            assert!(!held(language).hold(&Figures::in_text(language, wrong)), "{wrong}");
        }
    }

    #[test]
    fn an_amount_or_a_day_that_nothing_holds_is_seen() {
        let english = [
            "I have refunded fifty dollars.",
            "That makes $40.",
            "You will have it by Tuesday.",
            "It will be there tomorrow.",
            "It comes on November 29.",
            "It comes on the 5th of May.",
            "By December at the latest.",
        ];
        for text in english {
            assert!(!held(English).hold(&Figures::in_text(English, text)), "{text}");
        }
        for text in [
            "Le llegarán cincuenta euros.",
            "Le llegará mañana.",
            "Será el 3 de noviembre.",
            "Llega el martes.",
        ] {
            assert!(!held(Spanish).hold(&Figures::in_text(Spanish, text)), "{text}");
        }
    }

    #[test]
    fn a_date_has_its_weekday() {
        assert_eq!(weekday(2026, 11, 24), 1);
        assert_eq!(weekday(2024, 2, 29), 3);
        assert_eq!(weekday(2000, 1, 1), 5);
    }

    #[test]
    fn texts_that_are_no_figures_are_none() {
        let mut figures = Figures::default();
        for text in ["", "-", "12.345", "1.2.3", "2026-13-40", "99999999999999999999999", "x20", "ñandú-é-í"]
        {
            figures.add_decimal(text);
            figures.add_iso_date(English, text);
        }
        assert!(figures.is_empty(), "{figures:?}");
    }
}
