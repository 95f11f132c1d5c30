//! Private words in a text: payment cards, e-mail addresses, phone numbers, national ids; written or spoken.
//!
//! Promises: what is found names its place; a number counts however it is grouped, in digits or in the words of any
//! language here; an order number of twelve digits or fewer is no card.
//! Never: keeps what it finds; knows a value that was misheard into something else.

mod address;
mod identity;
mod runs;
mod spoken;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::Language;
use super::tokens::{Word, words};
use crate::base::{PrivateKind, placeholders};
use runs::{Joint, Run, bridges, runs};

pub use spoken::{private_spoken, private_unknown};

/// One private value in a text.
#[derive(Clone, PartialEq, Eq)]
pub struct Stretch {
    pub kind: PrivateKind,
    /// In one form: digits alone, an address in small letters, an id in capitals.
    pub value: String,
    /// Where it stands (bytes).
    pub raw: Range<usize>,
}

/// Whose words they are: a recogniser mishears, so that a caller's long number counts as a card though its check digit is
/// wrong; a system's does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Teller {
    Caller,
    System,
}

/// What is looked for.
#[derive(Clone, Copy)]
pub struct Sought<'a> {
    pub language: Language,
    pub kinds: &'a BTreeSet<PrivateKind>,
    /// Values of digits that are private already, and their kind.
    pub known: &'a dyn Fn(&str) -> Option<PrivateKind>,
}

impl std::fmt::Debug for Sought<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sought({}, {:?})", self.language, self.kinds)
    }
}

impl std::fmt::Debug for Stretch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stretch({}, {:?})", self.kind.word(), self.raw)
    }
}

/// Digits from which on a number is no order number any more.
pub(super) const CARD_DIGITS_LEAST: usize = 13;
/// The longest card number (ISO/IEC 7812).
pub(super) const CARD_DIGITS_MOST: usize = 19;
/// Digits of a value below which its repetition is no sign of it: a year, a house number.
const KNOWN_DIGITS_LEAST: usize = 4;
/// The length of most cards is tried first, so that a code said behind one does not join it.
const CARD_LENGTHS: [usize; 7] = [16, 15, 19, 18, 17, 14, 13];

/// Every private value of a text, in order; they do not overlap.
#[must_use]
pub fn find_private(sought: &Sought<'_>, text: &str, by: Teller) -> Vec<Stretch> {
    let text = &without_brackets(text);
    let all = words(text);
    let mut found = Vec::new();
    if sought.kinds.contains(&PrivateKind::Email) {
        found.extend(address::addresses(sought.language, text, &all));
    }
    if sought.kinds.contains(&PrivateKind::NationalId) {
        let id = |word: &Word| Some((identity::written(&text[word.raw.clone()])?, word.raw.clone()));
        let ids = all.iter().filter_map(id);
        found.extend(ids.map(|(value, raw)| Stretch { kind: PrivateKind::NationalId, value, raw }));
    }
    for run in runs(sought.language, text, &all) {
        in_run(sought, text, &all, &run, by, &mut found);
    }
    found.sort_by_key(|stretch| stretch.raw.start);
    let mut end = 0;
    found.retain(|stretch| {
        let free = stretch.raw.start >= end;
        end = if free { stretch.raw.end } else { end };
        free
    });
    found
}

/// The text with nothing hidden in brackets that are no placeholder; every place stays where it is.
fn without_brackets(text: &str) -> Cow<'_, str> {
    if !text.contains(['⟦', '⟧']) {
        return Cow::Borrowed(text);
    }
    let known = placeholders(text);
    let is_known = |at: usize| known.iter().any(|(range, ..)| range.contains(&at));
    let is_bracket = |c: char| matches!(c, '⟦' | '⟧');
    let mut plain = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if is_bracket(c) && !is_known(at) {
            plain.push_str(&" ".repeat(c.len_utf8()));
        } else {
            plain.push(c);
        }
    }
    Cow::Owned(plain)
}

/// Where the end of a text may be the beginning of a private value that goes on in the next: its last digits, or the
/// opening of an address.
#[must_use]
pub fn open_end(sought: &Sought<'_>, text: &str) -> Option<Range<usize>> {
    let all = words(text);
    let last = all.last()?;
    // "Four one one one, er": a recogniser cuts just there.
    let digits = runs(sought.language, text, &all).pop().filter(|run| bridges(&all[run.words.end..]));
    let digits = digits.map(|run| run.items[0].raw.start);
    let address = sought
        .kinds
        .contains(&PrivateKind::Email)
        .then(|| address::opening(sought.language, text, &all))
        .flatten();
    let start = digits.into_iter().chain(address).min()?;
    Some(start..last.raw.end)
}

/// Every stretch of digits, with its place.
#[must_use]
pub fn digit_runs(language: Language, text: &str) -> Vec<(Range<usize>, String)> {
    let all = words(text);
    let place = |run: &Run| run.items[0].raw.start..run.items[run.items.len() - 1].raw.end;
    runs(language, text, &all).iter().map(|run| (place(run), run.digits())).collect()
}

/// The digits at the very beginning of a text that make a card of the digits said before them, and their place.
#[must_use]
pub fn leading_card(language: Language, before: &str, text: &str) -> Option<(String, Range<usize>)> {
    let all = words(text);
    let run = runs(language, text, &all).into_iter().next().filter(|run| run.words.start == 0)?;
    let makes_a_card = |digits: &str| is_card(&format!("{before}{digits}"));
    let (digits, end) = run.windows(0).into_iter().find(|(digits, _)| makes_a_card(digits))?;
    Some((digits, run.items[0].raw.start..run.items[end - 1].raw.end))
}

fn in_run(sought: &Sought<'_>, text: &str, all: &[Word], run: &Run, by: Teller, found: &mut Vec<Stretch>) {
    // Cards first: a shorter number may only seem to be in one.
    let taken = if sought.kinds.contains(&PrivateKind::Card) { cards(run, by) } else { Vec::new() };
    found.extend(taken.iter().filter_map(|part| card_of(run, part.clone())));
    let mut at = 0;
    while at < run.items.len() {
        let next = taken.iter().find(|part| part.end > at);
        if let Some(part) = next.filter(|part| part.start <= at) {
            at = part.end;
            continue;
        }
        let mut windows = run.windows(at);
        windows.retain(|(_, end)| next.is_none_or(|part| *end <= part.start));
        at = match at_item(sought, text, all, run, at, by, &windows) {
            Some((stretch, end)) => {
                found.push(stretch);
                end
            }
            None => at + 1,
        };
    }
}

/// The items of every card, in order; where there is none and a caller speaks, of all that is as long as one: a recogniser
/// mishears a digit, and the rest is the card's all the same.
fn cards(run: &Run, by: Teller) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for at in 0..run.items.len() {
        if found.last().is_none_or(|last| last.end <= at)
            && let Some((_, end)) = card(&run.windows(at))
        {
            found.push(at..*end);
        }
    }
    if found.is_empty() && by == Teller::Caller {
        found = run.tight();
        found.retain(|part| run.digits_of(part) >= CARD_DIGITS_LEAST);
    }
    found
}

/// The window that is a card, the likeliest length first.
fn card(windows: &[(String, usize)]) -> Option<&(String, usize)> {
    let of_length = |length| windows.iter().find(|(digits, _)| digits.len() == length);
    CARD_LENGTHS.iter().filter_map(|length| of_length(*length)).find(|(digits, _)| is_card(digits))
}

/// The private value that begins with this item, and the item behind it.
fn at_item(
    sought: &Sought<'_>,
    text: &str,
    all: &[Word],
    run: &Run,
    at: usize,
    by: Teller,
    windows: &[(String, usize)],
) -> Option<(Stretch, usize)> {
    let stretch = |kind, value, end: usize| {
        let raw = run.items[at].raw.start..run.items[end - 1].raw.end;
        (Stretch { kind, value, raw }, end)
    };
    let longest = || windows.iter().rev().filter(|(digits, _)| digits.len() >= KNOWN_DIGITS_LEAST);
    if let Some((kind, (digits, end))) =
        longest().find_map(|window| Some(((sought.known)(&window.0)?, window)))
    {
        return Some(stretch(kind, digits.clone(), *end));
    }
    if sought.kinds.contains(&PrivateKind::NationalId)
        && let Some((value, raw, end)) = identity::at(sought.language, text, all, run, at, windows, by)
    {
        return Some((Stretch { kind: PrivateKind::NationalId, value, raw }, end));
    }
    if sought.kinds.contains(&PrivateKind::Phone) {
        return phone(text, run, at, windows, by);
    }
    None
}

/// Luhn's check digit (ISO/IEC 7812-1), and a first digit that payment cards have.
fn is_card(digits: &str) -> bool {
    let issuer = digits.get(..4).and_then(|four| four.parse::<u16>().ok()).unwrap_or(0);
    let pays = matches!(issuer, 2221..=2720 | 3000..=6999);
    let double = |n: u32| if n > 4 { 2 * n - 9 } else { 2 * n };
    let numbers = digits.chars().rev().filter_map(|c| c.to_digit(10)).enumerate();
    let sum: u32 = numbers.map(|(n, digit)| if n % 2 == 1 { double(digit) } else { digit }).sum();
    pays && (CARD_DIGITS_LEAST..=CARD_DIGITS_MOST).contains(&digits.len()) && sum.is_multiple_of(10)
}

fn card_of(run: &Run, part: Range<usize>) -> Option<Stretch> {
    let items = &run.items[part];
    let value = items.iter().map(|item| item.digits.as_str()).collect();
    let raw = items.first()?.raw.start..items.last()?.raw.end;
    Some(Stretch { kind: PrivateKind::Card, value, raw })
}

/// A phone number: with its plus, in a form of these languages' countries, or as long as one where a caller says it.
fn phone(
    text: &str,
    run: &Run,
    at: usize,
    windows: &[(String, usize)],
    by: Teller,
) -> Option<(Stretch, usize)> {
    let start = run.items[at].raw.start;
    let plus = text[..start].trim_end_matches(['(', ' ']).ends_with('+');
    let begins = at == 0 || run.items[at].joint == Joint::Loose;
    let is_phone = |digits: &str, end: usize| {
        let whole = begins && (end == run.items.len() || run.items[end].joint == Joint::Loose);
        let first = digits.bytes().next().unwrap_or(b'0');
        let spanish = matches!(first, b'6'..=b'9') && digits.len() == 9
            || digits.starts_with("34") && digits.len() == 11;
        let american =
            matches!(first, b'2'..=b'9') && digits.len() == 10 || first == b'1' && digits.len() == 11;
        plus && (8..=15).contains(&digits.len())
            || spanish
            || american
            || by == Teller::Caller && whole && (9..CARD_DIGITS_LEAST).contains(&digits.len())
    };
    let (digits, end) = windows
        .iter()
        .rev()
        .find(|(digits, end)| is_phone(digits, *end) && run.items[at + 1..*end].iter().all(Run::is_tight))?;
    let raw = start..run.items[end - 1].raw.end;
    let value = if plus { format!("+{digits}") } else { digits.clone() };
    let raw = if plus { text[..start].rfind('+').unwrap_or(start)..raw.end } else { raw };
    Some((Stretch { kind: PrivateKind::Phone, value, raw }, *end))
}

#[cfg(test)]
mod tests;
