//! Stretches of digits in a text: written, spoken in any language here, or both, with the noises people make between.
//!
//! Promises: every item names its place; an amount with decimals, a time and a date with slashes end a stretch.
//! Never: judges what the digits are.

use std::ops::Range;

use super::super::Language;
use super::super::digits::digit_item;
use super::super::number::Written;
use super::super::tokens::{Word, texts};

/// What stands before an item: nothing that could part two numbers, or a word that could.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joint {
    Tight,
    Loose,
}

/// Some digits that were said or written as one.
pub(super) struct Item {
    pub(super) digits: String,
    pub(super) raw: Range<usize>,
    pub(super) joint: Joint,
}

/// Digits that may be one number.
pub(super) struct Run {
    pub(super) items: Vec<Item>,
    /// Indexes of its tokens.
    pub(super) words: Range<usize>,
}

/// Most digits a window may have: above any number that is looked for.
const WINDOW_DIGITS: usize = 32;

/// Words between two groups of one number that nobody takes for its end.
const NOISES: &[&str] = &[
    "uh",
    "um",
    "er",
    "eh",
    "em",
    "mm",
    "hmm",
    "este",
    "pues",
    "dash",
    "hyphen",
    "guion",
    "space",
    "espacio",
    "euh",
    "ah",
    "ahm",
    "hum",
    "entao",
    "alors",
    "allora",
    "doncs",
    "tiret",
    "bindestrich",
    "trattino",
    "traco",
];
/// Words that may stand between two groups, or between two numbers.
const JOINS: &[&str] = &[
    "and", "then", "y", "luego", "despues", "next", "comma", "coma", "e", "depois", "et", "puis", "und",
    "dann", "poi", "despres", "virgula", "virgule", "komma", "virgola",
];
/// Such words in a row.
const NOISES_MAX: usize = 2;

impl Run {
    pub(super) fn digits(&self) -> String {
        self.items.iter().map(|item| item.digits.as_str()).collect()
    }

    /// How many digits some of its items have.
    pub(super) fn digits_of(&self, items: &Range<usize>) -> usize {
        self.items[items.clone()].iter().map(|item| item.digits.len()).sum()
    }

    pub(super) fn is_tight(item: &Item) -> bool {
        item.joint == Joint::Tight
    }

    /// Every stretch that begins at an item, shortest first: its digits, and the item behind it.
    pub(super) fn windows(&self, at: usize) -> Vec<(String, usize)> {
        let mut digits = String::new();
        let mut found = Vec::new();
        for (n, item) in self.items.iter().enumerate().skip(at) {
            digits.push_str(&item.digits);
            if digits.len() > WINDOW_DIGITS {
                break;
            }
            found.push((digits.clone(), n + 1));
        }
        found
    }

    /// The parts between loose joints.
    pub(super) fn tight(&self) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let mut start = 0;
        for (n, item) in self.items.iter().enumerate().skip(1) {
            if item.joint == Joint::Loose {
                parts.push(start..n);
                start = n;
            }
        }
        parts.push(start..self.items.len());
        parts
    }
}

/// All stretches of digits, in order.
pub(super) fn runs(language: Language, text: &str, all: &[Word]) -> Vec<Run> {
    let plain = texts(all);
    let mut found: Vec<Run> = Vec::new();
    let mut at = 0;
    while at < all.len() {
        let said = said_at(language, &plain[at..]);
        at += usize::from(said.is_empty());
        for (digits, used) in said {
            let raw = all[at].raw.start..all[at + used - 1].raw.end;
            let joint = found.last().and_then(|run| joint(text, all, run.words.end, at));
            match (found.last_mut(), joint) {
                (Some(run), Some(joint)) => {
                    run.items.push(Item { digits, raw, joint });
                    run.words.end = at + used;
                }
                (Some(_) | None, _) => {
                    let items = vec![Item { digits, raw, joint: Joint::Tight }];
                    found.push(Run { items, words: at..at + used });
                }
            }
            at += used;
        }
    }
    found
}

/// Whether digits may go on behind these words.
pub(super) fn bridges(between: &[Word]) -> bool {
    let is_known = |word: &Word| NOISES.contains(&word.text.as_str()) || JOINS.contains(&word.text.as_str());
    between.len() <= NOISES_MAX && between.iter().all(is_known)
}

/// How the words from `end` to `at` join two groups of digits, if they do.
fn joint(text: &str, all: &[Word], end: usize, at: usize) -> Option<Joint> {
    let between = &all[end..at];
    if !bridges(between) {
        return None;
    }
    let gap = &text[all[end - 1].raw.end..all[at].raw.start];
    let parts = |c: char| matches!(c, '.' | ';' | ',' | '\n' | ':' | '/' | '@' | '"');
    let loose = between.iter().any(|word| JOINS.contains(&word.text.as_str())) || gap.contains(parts);
    Some(if loose { Joint::Loose } else { Joint::Tight })
}

/// The digits that begin at a word, and how many words say them. Words of another language count in company alone: "set"
/// is a number in Catalan, and "due" in Italian.
fn said_at(language: Language, words: &[&str]) -> Vec<(String, usize)> {
    if let Some(item) = item(language, words) {
        return vec![item];
    }
    let is_noise = words.first().is_none_or(|word| NOISES.contains(word));
    let foreign = |other: Language| {
        let mut said = Vec::new();
        let mut at = 0;
        while let Some((digits, used)) = words.get(at..).and_then(|words| digit_item(other, words))
            && words[at].starts_with(char::is_alphabetic)
        {
            said.push((digits, used));
            at += used;
        }
        (said.len() > 1).then_some(said)
    };
    let others = || Language::ALL.into_iter().filter(|other| *other != language).find_map(foreign);
    if is_noise { Vec::new() } else { others().unwrap_or_default() }
}

fn item(language: Language, words: &[&str]) -> Option<(String, usize)> {
    let first = *words.first()?;
    if !first.starts_with(|c: char| c.is_ascii_digit()) {
        return digit_item(language, words);
    }
    let is_group = first.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','));
    let is_amount = Written::read(language, first).is_some_and(|read| read.decimals.is_some());
    let digits = || first.chars().filter(char::is_ascii_digit).collect();
    (is_group && !is_amount).then(|| (digits(), 1))
}
