//! Values for a tool's parameters, from the caller's own words or keys.
//!
//! Promises: every value is in the words (or the keys) it is taken from; a number that could be two parameters
//! is neither, until the agent has asked for one of them.
//! Never: takes an amount with a currency for an order number, or the other way round.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use super::intent::is_akin;
use super::words::words;
use crate::core::base::{Placeholder, PrivateKind};
use crate::core::conversation::{Parameter, ParameterKind, Plan, ToolPlan};
use crate::core::language::{
    Answer, Cues, Language, Sought, Teller, ValueKind, amounts_in, find_private, find_values, judge,
    money_read, tokens,
};
use crate::core::template::{money_minor, money_text};

/// Arguments by parameter name.
pub(super) type Values = BTreeMap<String, Value>;

/// Where values are looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seek<'p> {
    pub(super) plan: &'p Plan,
    pub(super) tool: &'p ToolPlan,
    /// What the agent asked for, if it did.
    pub(super) asked: Option<&'p Parameter>,
}

impl<'p> Seek<'p> {
    /// The values the words hold; `known` are those that need none, unless they are named again.
    pub(super) fn find(&self, said: &str, known: &Values) -> Values {
        let mut found = self.numbers(said, known);
        for parameter in &self.tool.parameters {
            let asked = self.asked == Some(parameter);
            let value = match parameter.kind {
                ParameterKind::Text if !parameter.limits.one_of.is_empty() => {
                    one_of(said, parameter).filter(|_| asked || !known.contains_key(&parameter.name))
                }
                ParameterKind::Text if asked => text(said.trim()),
                ParameterKind::Text if !known.contains_key(&parameter.name) => {
                    self.behind_its_wording(said, parameter)
                }
                ParameterKind::Boolean if asked => yes_or_no(self.plan.language, said),
                ParameterKind::Digits | ParameterKind::Phone if asked && found.is_empty() => private_word(said),
                ParameterKind::Email if asked => {
                    private_word(said).or_else(|| address(self.plan.language, said))
                }
                ParameterKind::Email
                | ParameterKind::Phone
                | ParameterKind::Number
                // No day and no time is read out of words here.
                | ParameterKind::Date
                | ParameterKind::Time
                | ParameterKind::Text
                | ParameterKind::Boolean
                | ParameterKind::Digits
                | ParameterKind::Integer
                | ParameterKind::Money => None,
            };
            found.extend(value.map(|value| (parameter.name.clone(), value)));
        }
        found
    }

    fn numbers(&self, said: &str, known: &Values) -> Values {
        let all = tokens(said);
        let mut spans = spans(self.plan, said);
        let mut found = Values::new();
        let open = |p: &&'p Parameter, found: &Values| {
            !found.contains_key(&p.name) && (!known.contains_key(&p.name) || self.asked == Some(*p))
        };
        // An amount with its currency can only be money.
        while let Some(at) = spans.iter().position(|s| s.is_money) {
            let span = spans.remove(at);
            let money = self.of_kind(&[ParameterKind::Money]).find(|p| open(p, &found));
            found.extend(money.and_then(|p| Some((p.name.clone(), span.value(self.plan, p)?))));
        }
        // A number behind the word for it ("order 1182"), even where another was known.
        for parameter in self.of_kind(&[
            ParameterKind::Digits,
            ParameterKind::Integer,
            ParameterKind::Number,
            ParameterKind::Phone,
        ]) {
            let named =
                |s: &Span| s.value(self.plan, parameter).is_some() && self.is_named(&all, s, parameter);
            if let Some(at) = spans.iter().position(named) {
                let value = spans.remove(at).value(self.plan, parameter);
                found.extend(value.map(|value| (parameter.name.clone(), value)));
            }
        }
        // What is left must be one number for one parameter; the one that was asked for comes first.
        if let [span] = spans.as_slice() {
            let fits = |p: &&'p Parameter| open(p, &found) && span.value(self.plan, p).is_some();
            let open: Vec<&Parameter> = self.tool.parameters.iter().filter(fits).collect();
            let asked = open.iter().find(|p| self.asked == Some(**p));
            let only = if let [only] = open.as_slice() { Some(only) } else { None };
            let chosen = asked.or(only).and_then(|p| Some((p.name.clone(), span.value(self.plan, p)?)));
            found.extend(chosen);
        }
        found
    }

    fn of_kind(&self, kinds: &'static [ParameterKind]) -> impl Iterator<Item = &'p Parameter> {
        self.tool.parameters.iter().filter(|p| kinds.contains(&p.kind))
    }

    /// A word of the parameter's name, or the word before its slot in an example, stands close before.
    fn is_named(&self, all: &[String], span: &Span, parameter: &Parameter) -> bool {
        let mut names = tokens(&parameter.name.replace('_', " "));
        let slot = format!("{{{}}}", parameter.name);
        let before = self.tool.examples.iter().filter_map(|e| e.split_once(&slot)).map(|(before, _)| before);
        names.extend(before.filter_map(|text| tokens(text).pop()));
        names.retain(|n| !words(self.plan.language).empty.contains(&n.as_str()));
        let near = &all[span.words.start.saturating_sub(NAME_WORDS_MAX)..span.words.start];
        near.iter().any(|word| names.iter().any(|n| is_akin(n, word)))
    }

    /// "leave word that {message}": what follows the same words is the value, to the end.
    fn behind_its_wording(&self, said: &str, parameter: &Parameter) -> Option<Value> {
        let slot = format!("{{{}}}", parameter.name);
        let raw = raw_words(said);
        let plain: Vec<String> = raw.iter().map(|w| tokens(w).concat()).collect();
        self.tool.examples.iter().find_map(|example| {
            let opening = tokens(example.strip_suffix(&slot)?);
            let anchor = &opening[opening.len().saturating_sub(ANCHOR_WORDS)..];
            let at = plain.windows(ANCHOR_WORDS).position(|w| w == anchor)?;
            text(&raw[at + ANCHOR_WORDS..].join(" "))
        })
    }
}

/// How far before its number a name may stand: "order number is 1182".
const NAME_WORDS_MAX: usize = 3;
/// How many words before a text slot must be said as written.
const ANCHOR_WORDS: usize = 2;

/// The value of keys that were pressed in answer to a question. Money is keyed in whole units.
pub(super) fn keyed(plan: &Plan, parameter: &Parameter, keys: &str) -> Option<Value> {
    let digits = keys.trim_end_matches(['#', '*']);
    if Placeholder::parse(keys).is_some() {
        let holds_digits = matches!(
            parameter.kind,
            ParameterKind::Digits | ParameterKind::Integer | ParameterKind::Money | ParameterKind::Phone
        );
        return holds_digits.then(|| text(keys)).flatten();
    }
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match (parameter.kind, digits) {
        (ParameterKind::Digits | ParameterKind::Phone, _) => text(digits),
        (ParameterKind::Integer | ParameterKind::Number, _) => Some(digits.parse::<i64>().ok()?.into()),
        (ParameterKind::Money, _) => {
            let minor = money_minor(digits, &plan.currency)?;
            text(&money_text(minor, &plan.currency))
        }
        (ParameterKind::Boolean, "1") => Some(true.into()),
        (ParameterKind::Boolean, "2") => Some(false.into()),
        (
            ParameterKind::Boolean
            | ParameterKind::Text
            | ParameterKind::Email
            | ParameterKind::Date
            | ParameterKind::Time,
            _,
        ) => None,
    }
}

/// One number in the words, and all it can be.
#[derive(Clone, Debug)]
struct Span {
    words: Range<usize>,
    digits: Option<String>,
    number: Option<String>,
    minor: Option<String>,
    /// A currency or decimals make it an amount and nothing else.
    is_money: bool,
}

impl Span {
    /// "veinte euros con cincuenta, del pedido": elsewhere than at the end of a text, cents are found apart.
    fn takes_cents(&mut self, plan: &Plan, all: &[String], run: &Range<usize>) -> bool {
        if !self.is_money || !(self.words.end..=self.words.end + 1).contains(&run.start) {
            return false;
        }
        let together = all[self.words.start..run.end].join(" ");
        let minor = money_read(plan.language, &together, &plan.currency);
        if let Some(minor) = minor {
            self.minor = Some(minor.to_string());
            self.words.end = run.end;
        }
        minor.is_some()
    }

    fn value(&self, plan: &Plan, parameter: &Parameter) -> Option<Value> {
        match parameter.kind {
            ParameterKind::Digits | ParameterKind::Phone => text(self.digits.as_ref()?),
            ParameterKind::Integer | ParameterKind::Number => {
                Some(self.number.as_ref()?.parse::<i64>().ok()?.into())
            }
            ParameterKind::Money => text(&money_text(self.minor.as_ref()?.parse().ok()?, &plan.currency)),
            ParameterKind::Text
            | ParameterKind::Boolean
            | ParameterKind::Email
            | ParameterKind::Date
            | ParameterKind::Time => None,
        }
    }
}

/// The numbers of a text. "order 1182, twenty dollars" runs together when read as one: then clause by clause.
fn spans(plan: &Plan, said: &str) -> Vec<Span> {
    let all = tokens(said);
    let (spans, doubt) = spans_of(plan, said, &all);
    if !doubt {
        return spans;
    }
    let mut found = Vec::new();
    let mut offset = 0;
    for clause in clauses(said) {
        let all = tokens(clause);
        let (spans, _) = spans_of(plan, clause, &all);
        found.extend(
            spans
                .into_iter()
                .map(|span| Span { words: span.words.start + offset..span.words.end + offset, ..span }),
        );
        offset += all.len();
    }
    found
}

/// The numbers, and whether one was left out because a currency behind it claims some of its words.
fn spans_of(plan: &Plan, said: &str, all: &[String]) -> (Vec<Span>, bool) {
    let find = |kind| find_values(plan.language, said, kind, &plan.currency);
    let (digits, numbers, amounts) =
        (find(ValueKind::Digits), find(ValueKind::Number), find(ValueKind::Money));
    let mut spans: Vec<Span> = amounts
        .iter()
        .filter(|a| !digits.iter().any(|d| d.words == a.words))
        .map(|a| Span {
            words: a.words.clone(),
            digits: None,
            number: None,
            minor: Some(a.value.clone()),
            is_money: true,
        })
        .collect();
    let mut doubt = false;
    for run in digits {
        let overlaps = |s: &Span| s.words.start < run.words.end && run.words.start < s.words.end;
        if spans.iter().any(overlaps) || spans.iter_mut().any(|s| s.takes_cents(plan, all, &run.words)) {
            continue;
        }
        if all.get(run.words.end).is_some_and(|word| is_coin(plan.language, word)) {
            doubt = true;
            continue;
        }
        let same = |list: &[crate::core::language::Found]| {
            list.iter().find(|f| f.words == run.words).map(|f| f.value.clone())
        };
        spans.push(Span {
            number: same(&numbers),
            minor: same(&amounts),
            words: run.words,
            digits: Some(run.value),
            is_money: false,
        });
    }
    spans.sort_by_key(|s| s.words.start);
    (spans, doubt)
}

fn is_coin(language: Language, word: &str) -> bool {
    !amounts_in(language, &format!("2 {word}")).is_empty()
}

/// The text between punctuation that ends a clause; marks inside a number end none.
fn clauses(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, mark) in text.match_indices([',', ';', '.', '!', '?', ':']) {
        let after = &text[at + mark.len()..];
        if after.starts_with(char::is_whitespace) {
            found.push(&text[start..at]);
            start = at + mark.len();
        }
    }
    found.push(&text[start..]);
    found
}

/// Words as written; a placeholder is one word.
fn raw_words(text: &str) -> Vec<&str> {
    let mut inside = false;
    let gap = |c: char| {
        inside = c == '⟦' || inside && c != '⟧';
        c.is_whitespace() && !inside
    };
    text.split(gap).filter(|w| !w.is_empty()).collect()
}

/// The only value of the parameter's list that is said.
fn one_of(said: &str, parameter: &Parameter) -> Option<Value> {
    let all = tokens(said);
    let is_said = |one: &&String| {
        let words = tokens(&one.replace('_', " "));
        !words.is_empty() && all.windows(words.len()).any(|stretch| stretch == words)
    };
    let mut said = parameter.limits.one_of.iter().filter(is_said);
    said.next().filter(|_| said.next().is_none()).and_then(|one| text(one))
}

/// A value that was taken out of the words before they came here: `⟦card 1⟧`.
fn private_word(said: &str) -> Option<Value> {
    let raw = &said[said.find('⟦')?..];
    text(&raw[..raw.find('⟧')? + '⟧'.len_utf8()])
}

/// The address that is said.
fn address(language: Language, said: &str) -> Option<Value> {
    let kinds = [PrivateKind::Email].into();
    let sought = Sought { language, kinds: &kinds, known: &|_| None };
    find_private(&sought, said, Teller::Caller).into_iter().next().and_then(|found| text(&found.value))
}

fn yes_or_no(language: Language, said: &str) -> Option<Value> {
    match judge(language, said, &Cues::default()) {
        Answer::Yes => Some(true.into()),
        Answer::No => Some(false.into()),
        Answer::Wait | Answer::Change | Answer::Question | Answer::Backchannel | Answer::Unclear => None,
    }
}

fn text(value: &str) -> Option<Value> {
    (!value.is_empty()).then(|| Value::String(value.to_owned()))
}
