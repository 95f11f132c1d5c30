//! Values inside a sentence, for filling a tool's parameters.
//!
//! Promises: every value found names its words; two numbers that touch, or that "point" joins, are none.
//! Never: takes an article ("un", "una") or a pronoun ("that one") for a number.

use std::ops::Range;

use super::Language;
use super::digits::digits_at;
use super::money::amount_at;
use super::number::number_at;
use super::tokens::{Word, is_currency_sign, texts, tokens, words};

/// What kind of value a parameter holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    Digits,
    Number,
    Money,
}

/// One value: digits text, a decimal integer, or minor units, and the tokens that say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub value: String,
    /// Indexes into [`super::tokens()`] of the same text.
    pub words: Range<usize>,
}

/// Every value of a kind in a text, in order; `currency` (ISO 4217) matters for money alone.
#[must_use]
pub fn find_values(language: Language, text: &str, kind: ValueKind, currency: &str) -> Vec<Found> {
    let all = words(text);
    let mut candidates: Vec<(Option<String>, Range<usize>)> = Vec::new();
    let mut at = 0;
    while at < all.len() {
        let found = value_at(language, &all[at..], kind, currency);
        let used = found.as_ref().map_or(1, |(_, used)| *used);
        if let Some((value, used)) = found
            && !is_only_a_word(language, &all, at..at + used)
        {
            candidates.push((value, at..at + used));
        }
        at += used;
    }
    let kept = |n: usize| !touches(language, &all, &candidates, n);
    (0..candidates.len())
        .filter(|n| kept(*n))
        .filter_map(|n| Some(Found { value: candidates[n].0.clone()?, words: candidates[n].1.clone() }))
        .collect()
}

fn value_at(
    language: Language,
    words: &[Word],
    kind: ValueKind,
    currency: &str,
) -> Option<(Option<String>, usize)> {
    match kind {
        ValueKind::Digits => digits_at(language, &texts(words)).map(|run| (run.digits, run.used)),
        ValueKind::Number => number_at(language, &texts(words)).map(|(n, used)| (Some(n.to_string()), used)),
        ValueKind::Money => {
            amount_at(language, words, Some(currency)).map(|a| (Some(a.minor.to_string()), a.used))
        }
    }
}

/// "un", "oh", "that one": words that say a number only in company; and what a sign before makes another value.
fn is_only_a_word(language: Language, all: &[Word], range: Range<usize>) -> bool {
    let tables = language.tables();
    let here = all[range.start].text.as_str();
    let before = range.start.checked_sub(1).map_or("", |n| all[n].text.as_str());
    let signed = before == "-" || before.ends_with(is_currency_sign);
    let pronoun = tables.pointing.contains(&before) && number_at(language, &[here]) == Some((1, 1));
    let percent = tokens(tables.percent);
    let of_percent = percent.len() == 2 && percent == [before, here];
    signed || of_percent || range.len() == 1 && (tables.not_alone.contains(&here) || pronoun)
}

/// The value stands right beside another number, or a word of sign or decimals: it may be part of a larger one.
fn touches(
    language: Language,
    all: &[Word],
    candidates: &[(Option<String>, Range<usize>)],
    n: usize,
) -> bool {
    let range = &candidates[n].1;
    let glue = |at: usize| language.tables().number_glue.contains(&all[at].text.as_str());
    let from_before =
        n > 0 && candidates[n - 1].1.end == range.start || range.start > 0 && glue(range.start - 1);
    let into_next = candidates
        .get(n + 1)
        .is_some_and(|(_, next)| next.start == range.end || next.start == range.end + 1 && glue(range.end));
    from_before || into_next
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{Catalan, English, French, German, Italian, Portuguese, Spanish};
    use ValueKind::{Digits, Money, Number};

    #[test]
    fn values_are_found_with_their_words_and_doubt_is_not() {
        type Row = (Language, ValueKind, &'static str, &'static [(&'static str, usize, usize)]);
        let table: &[Row] = &[
            (English, Digits, "my order is one one eight two please", &[("1182", 3, 7)]),
            (English, Digits, "it's 1182, or eleven eighty three", &[("1182", 1, 2), ("1183", 3, 6)]),
            (English, Digits, "oh, I forgot", &[]),
            (English, Digits, "that one", &[]),
            (English, Digits, "my card is ⟦card 1⟧", &[]),
            (English, Number, "a table for four at eight", &[("4", 3, 4), ("8", 5, 6)]),
            (English, Number, "twenty fifty", &[]),
            (English, Number, "twenty point five", &[]),
            (English, Number, "minus five", &[]),
            (English, Number, "-5 or 5:30 or b12", &[]),
            (English, Money, "make it twenty dollars and fifty cents, thanks", &[("2050", 2, 7)]),
            (English, Money, "make it $20.50", &[("2050", 2, 4)]),
            (English, Money, "twenty for the two of us", &[("2000", 0, 1), ("200", 3, 4)]),
            (English, Money, "twenty euros or €20 or -$5", &[]),
            (Spanish, Digits, "el pedido once ochenta y dos", &[("1182", 2, 6)]),
            (Spanish, Number, "quiero una mesa para cuatro", &[("4", 4, 5)]),
            (Spanish, Number, "veinte coma cinco", &[]),
            (Portuguese, Digits, "o pedido é um um oito dois", &[("1182", 3, 7)]),
            (Portuguese, Number, "quero uma mesa para quatro", &[("4", 4, 5)]),
            (French, Number, "une table pour quatre à huit heures", &[("4", 3, 4), ("8", 5, 6)]),
            (French, Number, "cinq pour cent", &[("5", 0, 1)]),
            (German, Number, "ein Tisch für vier um acht", &[("4", 3, 4), ("8", 5, 6)]),
            (German, Money, "erstatten Sie zwanzig Euro fünfzig", &[("2050", 2, 5)]),
            (Italian, Number, "un tavolo per quattro alle otto", &[("4", 3, 4), ("8", 5, 6)]),
            (Catalan, Number, "una taula per a quatre", &[("4", 4, 5)]),
            (Spanish, Money, "devuélveme veinte euros con cincuenta", &[("2050", 1, 5)]),
        ];
        for (language, kind, text, expected) in table {
            let currency = if *language == English { "USD" } else { "EUR" };
            let found = find_values(*language, text, *kind, currency);
            let found: Vec<_> =
                found.iter().map(|f| (f.value.as_str(), f.words.start, f.words.end)).collect();
            assert_eq!(found, *expected, "{text}");
        }
    }
}
