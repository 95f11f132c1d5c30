//! The vault of one call: private words become placeholders before the heart, the journal or the model sees them.
//!
//! A recogniser tells its words in parts, and a number may lie across two of them. So the end of a part that could go on
//! waits for the next part of the same turn; and in words that may still change, whatever could be private is masked.
//!
//! Promises: one value has one placeholder; what is a placeholder already passes through; values are in memory alone.
//! Never: knows a value that was misheard as other words; takes back what an earlier turn has told.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use super::values::PrivateValues;
use crate::audio::Key;
use crate::base::{Placeholder, PrivateKind, Span};
use crate::conversation::{
    Collects, Conversation, Event, KEYS_MAX, MASKED_KEY, Outcome, Plan, Transcript, TranscriptEnd, Unproven,
    Word,
};
use crate::language::{Sought, Stretch, Teller, digit_runs, find_private, leading_card, open_end};

/// What stands in a partial transcript for words that may be private. It has no value: nobody relies on a partial one.
const MAYBE: &str = "⟦…⟧";

/// Digits in a row that are masked in a partial transcript, those that wait included: a card that has only begun.
const PARTIAL_DIGITS_MAX: usize = 6;
/// Digits that with those before them may be a card; in a partial transcript they are masked.
const CARD_DIGITS_LEAST: usize = 13;
/// No card has more.
const CARD_DIGITS_MOST: usize = 19;

/// Words that may wait for the next part of a turn: a card, digit by digit, with the noises in it.
const HELD_MAX: usize = 48;

/// Private words whose place is kept: a recogniser that tells words once more does so within its next few transcripts.
const HIDDEN_MAX: usize = 16;

/// Turns private words into placeholders, and keeps what they stand for.
pub struct Vault {
    plan: Arc<Plan>,
    told: Told,
    values: PrivateValues,
    /// The end of what was heard, which may go on in the turn's next words.
    held: Vec<Word>,
    /// Digits at the end of the last turn, and those of the turns right before it of which each began with its digits: they
    /// may go on in the next, from any of these turns on.
    tail: Vec<String>,
    /// Where private words were heard, the latest last.
    hidden: VecDeque<Hidden>,
    number: Number,
}

/// Private words, and where they lie on the line.
struct Hidden {
    span: Span,
    kind: PrivateKind,
    value: String,
}

/// Who tells what happens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    ByTheWorld,
    /// Everything private in it was replaced when it was recorded: nothing is hidden twice, and nothing waits.
    ByARecord,
}

/// The number that is being pressed.
#[derive(Default)]
struct Number {
    keys: String,
    placeholder: Option<Placeholder>,
    /// How many there were.
    count: u32,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({:?}, {} words wait)", self.values, self.held.len())
    }
}

impl Vault {
    /// Of a new call.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Vault {
        Vault {
            plan,
            told: Told::ByTheWorld,
            values: PrivateValues::default(),
            held: Vec::new(),
            tail: Vec::new(),
            hidden: VecDeque::new(),
            number: Number::default(),
        }
    }

    /// Of a call that is played again from what was recorded of it.
    pub(super) fn of_record(plan: Arc<Plan>) -> Vault {
        Vault { told: Told::ByARecord, ..Vault::new(plan) }
    }

    /// Of a conversation that goes on elsewhere: an old placeholder has no value here, and never gets another's.
    #[must_use]
    pub fn resumed(conversation: &Conversation) -> Vault {
        let mut vault = Vault::new(Arc::clone(conversation.plan()));
        for (kind, n) in conversation.hides() {
            vault.values.count_from(kind, n);
            if kind == PrivateKind::Keys {
                vault.number.count = n;
            }
        }
        vault
    }

    /// What the placeholders stand for, so far.
    #[must_use]
    pub fn values(&self) -> &PrivateValues {
        &self.values
    }

    /// The text as the caller hears it.
    #[must_use]
    pub fn spoken(&self, text: &str) -> String {
        self.values.spoken(self.plan.language, &self.plan.currency, text)
    }

    /// The event as a conversation is told it, all of whose timers due by then have fired; and before it, where words have
    /// waited in vain, those words.
    pub fn tell(&mut self, event: Event, to: &Conversation) -> (Option<Event>, Event) {
        let Event::Key { key, at } = event else { return self.hide(event, to.turn_goes_on()) };
        let collects = to.collects(key, at);
        let key = Key::parse(key).map_or(key, |pressed| self.key(pressed, collects));
        (None, Event::Key { key, at })
    }

    /// A key as the heart is told it: a digit that is part of a number is kept here, and one that is neither that nor an
    /// answer (1 and 2 are) may be of a number all the same.
    pub(super) fn key(&mut self, key: Key, collects: Option<Collects>) -> char {
        let pressed = key.reveal();
        let hides = self.told == Told::ByTheWorld && self.plan.private.kinds().contains(&PrivateKind::Keys);
        let Some(collects) = collects.filter(|_| hides) else {
            return if hides && matches!(pressed, '0' | '3'..='9') { MASKED_KEY } else { pressed };
        };
        if collects == Collects::New {
            self.number.keys.clear();
            self.number.placeholder = None;
        }
        if self.number.keys.len() < KEYS_MAX {
            self.number.keys.push(pressed);
        }
        let number = &mut self.number;
        if pressed.is_ascii_digit() && number.placeholder.is_none() {
            number.count = number.count.saturating_add(1);
            number.placeholder = Some(Placeholder { kind: PrivateKind::Keys, n: number.count });
        }
        if let Some(placeholder) = number.placeholder {
            self.values.set(placeholder, &number.keys);
        }
        if pressed.is_ascii_digit() { MASKED_KEY } else { pressed }
    }

    /// `goes_on`: more words of the caller's turn are to come after these.
    fn hide(&mut self, event: Event, goes_on: bool) -> (Option<Event>, Event) {
        if self.told == Told::ByARecord {
            return (None, event);
        }
        match event {
            Event::Heard(transcript) => (None, Event::Heard(self.heard(transcript, goes_on))),
            Event::SttFailed | Event::HungUp => (self.release(), event),
            Event::Wrote { generation, piece } => {
                (None, Event::Wrote { generation, piece: self.in_text(&piece) })
            }
            Event::Proposed { generation, tool, args } => {
                (None, Event::Proposed { generation, tool, args: self.in_json(args) })
            }
            Event::Prepared { proposal, action, values } => {
                (None, Event::Prepared { proposal, action, values: self.in_json(values) })
            }
            Event::Unprepared { proposal, why } => {
                (None, Event::Unprepared { proposal, why: self.in_text(&why) })
            }
            Event::Unproven { proposal, unproven: Unproven::Failed { why } } => {
                let unproven = Unproven::Failed { why: self.in_text(&why) };
                (None, Event::Unproven { proposal, unproven })
            }
            Event::Settled { proposal, outcome } => {
                let outcome = match outcome {
                    Outcome::Done { result } => Outcome::Done { result: self.in_json(result) },
                    Outcome::Partly { result, rest, why } => {
                        Outcome::Partly { result: self.in_json(result), rest, why: self.in_text(&why) }
                    }
                    Outcome::Failed { why } => Outcome::Failed { why: self.in_text(&why) },
                    Outcome::Withheld(why) => Outcome::Withheld(why),
                    Outcome::Unknown => Outcome::Unknown,
                };
                (None, Event::Settled { proposal, outcome })
            }
            Event::Answered(_)
            | Event::SpeechStarted { .. }
            | Event::SpeechStopped { .. }
            | Event::LineStalled
            | Event::LineResumed
            | Event::Key { .. }
            | Event::Synthesised { .. }
            | Event::TtsFailed { .. }
            | Event::Played { .. }
            | Event::Cut { .. }
            | Event::Finished { .. }
            | Event::GenerationFailed { .. }
            | Event::Unproven { unproven: Unproven::Locked(_), .. }
            | Event::Resumed(_) => (None, event),
        }
    }

    fn found(&self, text: &str, by: Teller) -> Vec<Stretch> {
        let known = |digits: &str| self.values.kind_of(digits);
        let (language, kinds) = (self.plan.language, self.plan.private.kinds());
        find_private(&Sought { language, kinds, known: &known }, text, by)
    }

    /// A text of the model's or of a system's.
    fn in_text(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut end = 0;
        for Stretch { kind, value, raw } in self.found(text, Teller::System) {
            out.push_str(&text[end..raw.start]);
            out.push_str(&self.values.place(kind, &value).to_string());
            end = raw.end;
        }
        out.push_str(&text[end..]);
        out
    }

    fn in_json(&mut self, tree: Value) -> Value {
        match tree {
            Value::Null | Value::Bool(_) => tree,
            Value::Number(number) => {
                let text = number.to_string();
                let hidden = self.in_text(&text);
                if hidden == text { Value::Number(number) } else { Value::String(hidden) }
            }
            Value::String(text) => Value::String(self.in_text(&text)),
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.in_json(item)).collect()),
            Value::Object(fields) => {
                let field = |(name, field): (String, Value)| (self.in_text(&name), self.in_json(field));
                Value::Object(fields.into_iter().map(field).collect())
            }
        }
    }

    /// Words that have waited, and nothing comes any more.
    fn release(&mut self) -> Option<Event> {
        let waiting = std::mem::take(&mut self.held);
        if waiting.is_empty() {
            return None;
        }
        let words = self.told_words(waiting);
        Some(Event::Heard(Transcript { words, end: TranscriptEnd::Final }))
    }

    fn heard(&mut self, transcript: Transcript, goes_on: bool) -> Transcript {
        let Transcript { words, end } = transcript;
        if end == TranscriptEnd::Partial {
            return Transcript { words: self.masked(words), end };
        }
        let mut all = std::mem::take(&mut self.held);
        all.extend(words);
        if end == TranscriptEnd::Final || goes_on {
            self.held = self.open(&mut all);
        }
        Transcript { words: self.told_words(all), end }
    }

    /// Takes away the words at the end that may be the beginning of something private.
    fn open(&self, all: &mut Vec<Word>) -> Vec<Word> {
        let joined = Joined::of(all);
        let (language, kinds) = (self.plan.language, self.plan.private.kinds());
        let sought = Sought { language, kinds, known: &|_| None };
        let open = open_end(&sought, &joined.text).map(|raw| joined.words(&raw));
        let first = open.map_or(all.len(), |words| words.start.max(all.len().saturating_sub(HELD_MAX)));
        all.split_off(first)
    }

    /// Words that stand, with placeholders for what is private.
    fn told_words(&mut self, all: Vec<Word>) -> Vec<Word> {
        let joined = Joined::of(&all);
        let tail = std::mem::take(&mut self.tail);
        let language = self.plan.language;
        let mut found = self.found(&joined.text, Teller::Caller);
        if let Some(card) = found.iter().find(|stretch| stretch.kind == PrivateKind::Card) {
            // What stands behind it may be a part of it once more.
            self.values.place(card.kind, &card.value);
            found = self.found(&joined.text, Teller::Caller);
        }
        let begun = (0..tail.len()).map(|first| tail[first..].concat());
        let second_half = begun.into_iter().find_map(|begun| leading_card(language, &begun, &joined.text));
        // What is whole in these words is no part of one that began before them.
        let is_cut = |raw: &Range<usize>| found.iter().any(|f| f.raw.start < raw.end && raw.end < f.raw.end);
        if let Some((value, raw)) = second_half.filter(|(_, raw)| !is_cut(raw)) {
            found.retain(|stretch| stretch.raw.start >= raw.end);
            found.insert(0, Stretch { kind: PrivateKind::Card, value, raw });
        }
        self.once_more(&all, &joined, &mut found);
        self.remember(&all, &joined, &found);
        self.tail = if all.is_empty() { tail } else { self.last_digits(tail, &joined.text, &found) };
        let place = |stretch: Stretch| {
            let placeholder = self.values.place(stretch.kind, &stretch.value);
            (stretch.raw, placeholder.to_string())
        };
        let found = found.into_iter().map(place).collect();
        joined.with(all, found)
    }

    /// Words that lie where private ones were heard are these again, or a part of them.
    fn once_more(&self, all: &[Word], joined: &Joined, found: &mut Vec<Stretch>) {
        for (word, place) in all.iter().zip(&joined.places) {
            let Some(hidden) = self.hidden_at(word) else { continue };
            let Hidden { kind, value, .. } = hidden;
            let touches =
                |stretch: &&mut Stretch| stretch.raw.start < place.end && place.start < stretch.raw.end;
            if let Some(now) = found.iter_mut().find(touches) {
                // What is found now may be more than what was known then; if it is a part, it is that again.
                if value.contains(&now.value) {
                    now.value.clone_from(value);
                }
                continue;
            }
            match found.iter_mut().find(|before| before.raw.end + 1 == place.start && before.value == *value)
            {
                Some(before) => before.raw.end = place.end,
                None => found.push(Stretch { kind: *kind, value: value.clone(), raw: place.clone() }),
            }
        }
        found.sort_by_key(|stretch| stretch.raw.start);
    }

    fn hidden_at(&self, word: &Word) -> Option<&Hidden> {
        let span = word.span?;
        self.hidden.iter().find(|hidden| hidden.span.from <= span.from && span.to <= hidden.span.to)
    }

    fn remember(&mut self, all: &[Word], joined: &Joined, found: &[Stretch]) {
        for Stretch { kind, value, raw } in found {
            if let Some(span) = spanning(&all[joined.words(raw)]) {
                self.hidden.push_back(Hidden { span, kind: *kind, value: value.clone() });
            }
        }
        let old = self.hidden.len().saturating_sub(HIDDEN_MAX);
        self.hidden.drain(..old);
    }

    /// The digits in the clear at the end of a turn's words; behind those before them where the turn began with its digits.
    fn last_digits(&self, before: Vec<String>, text: &str, found: &[Stretch]) -> Vec<String> {
        let kinds = self.plan.private.kinds();
        let sought = Sought { language: self.plan.language, kinds, known: &|_| None };
        let open = open_end(&sought, text).filter(|raw| found.iter().all(|f| f.raw.end <= raw.start));
        let Some(open) = open else { return Vec::new() };
        let Some((raw, digits)) = digit_runs(self.plan.language, &text[open.clone()]).pop() else {
            return Vec::new();
        };
        let mut tail = if open.start + raw.start == 0 { before } else { Vec::new() };
        tail.push(digits);
        let too_long = |tail: &[String]| tail.iter().map(String::len).sum::<usize>() > CARD_DIGITS_MOST;
        let first = (0..tail.len()).find(|first| !too_long(&tail[*first..])).unwrap_or(tail.len());
        tail.split_off(first)
    }

    /// Words that may still change: whatever may be private is masked, and gets no placeholder.
    fn masked(&self, words: Vec<Word>) -> Vec<Word> {
        let waiting = self.held.len();
        let all: Vec<Word> = self.held.iter().cloned().chain(words).collect();
        let joined = Joined::of(&all);
        let (language, kinds) = (self.plan.language, self.plan.private.kinds());
        let mut masks: Vec<Range<usize>> =
            self.found(&joined.text, Teller::Caller).into_iter().map(|stretch| stretch.raw).collect();
        let long = |(raw, digits): &(Range<usize>, String)| {
            let before = if raw.start == 0 { self.tail.iter().map(String::len).sum() } else { 0 };
            digits.len() > PARTIAL_DIGITS_MAX || before > 0 && before + digits.len() >= CARD_DIGITS_LEAST
        };
        masks.extend(digit_runs(language, &joined.text).into_iter().filter(long).map(|(raw, _)| raw));
        let again = all.iter().zip(&joined.places).filter(|(word, _)| self.hidden_at(word).is_some());
        masks.extend(again.map(|(_, place)| place.clone()));
        if kinds.contains(&PrivateKind::Email) {
            let sought = Sought { language, kinds, known: &|_| None };
            masks.extend(open_end(&sought, &joined.text));
        }
        let masks = union(masks).into_iter().map(|raw| (raw, MAYBE.to_owned())).collect();
        // What waits is not told yet.
        joined.with_from(all, masks, waiting)
    }
}

/// Words as one text, with the place of each.
struct Joined {
    text: String,
    places: Vec<Range<usize>>,
}

impl Joined {
    fn of(words: &[Word]) -> Joined {
        let mut text = String::new();
        let mut places = Vec::with_capacity(words.len());
        for word in words {
            if !text.is_empty() {
                text.push(' ');
            }
            places.push(text.len()..text.len() + word.text.len());
            text.push_str(&word.text);
        }
        Joined { text, places }
    }

    /// The words that a stretch touches.
    fn words(&self, raw: &Range<usize>) -> Range<usize> {
        let first = self.places.iter().position(|place| place.end > raw.start).unwrap_or(self.places.len());
        let end = self.places.iter().rposition(|place| place.start < raw.end).map_or(first, |last| last + 1);
        first..end.max(first)
    }

    fn with(&self, all: Vec<Word>, put: Vec<(Range<usize>, String)>) -> Vec<Word> {
        self.with_from(all, put, 0)
    }

    /// The words from `first` on; each stretch is one word, with the span of all that it was.
    fn with_from(&self, all: Vec<Word>, put: Vec<(Range<usize>, String)>, first: usize) -> Vec<Word> {
        if put.is_empty() {
            return all.into_iter().skip(first).collect();
        }
        let mut told: Vec<Word> = Vec::new();
        let mut at = 0;
        let mut put = put.into_iter().peekable();
        while at < all.len() {
            let touched = put.peek().map(|(raw, _)| self.words(raw)).filter(|touched| touched.start == at);
            let Some(touched) = touched else {
                if at >= first {
                    told.push(all[at].clone());
                }
                at += 1;
                continue;
            };
            // Two values in one word, or in words that share one, are one word.
            let mut end = touched.end;
            let mut text = String::new();
            let mut from = self.places[at].start;
            while let Some((raw, words)) = put.next_if(|(raw, _)| self.words(raw).start < end) {
                end = end.max(self.words(&raw).end);
                text.push_str(&self.text[from.min(raw.start)..raw.start]);
                text.push_str(&words);
                from = raw.end;
            }
            text.push_str(&self.text[from..self.places[end - 1].end.max(from)]);
            if end > first {
                told.push(Word { text, span: spanning(&all[at.max(first)..end]) });
            }
            at = end;
        }
        told
    }
}

/// From where the first begins to where the last ends; none where one of them has none.
fn spanning(words: &[Word]) -> Option<Span> {
    let all: Option<Vec<Span>> = words.iter().map(|word| word.span).collect();
    let all = all?;
    Some(Span { from: all.first()?.from, to: all.last()?.to })
}

/// Stretches that touch as one, in order.
fn union(mut all: Vec<Range<usize>>) -> Vec<Range<usize>> {
    all.sort_by_key(|raw| raw.start);
    let mut one: Vec<Range<usize>> = Vec::new();
    for raw in all {
        match one.last_mut() {
            Some(last) if raw.start <= last.end => last.end = last.end.max(raw.end),
            Some(_) | None => one.push(raw),
        }
    }
    one
}
