//! What a caller wants: the tool or the ready answer whose wordings share most with what was said.
//!
//! A word weighs the less, the more tools and answers use it: in a shop, "order" tells little, "refund" much. A word
//! that names a parameter weighs half: its number is often said without it ("has 1182 shipped").
//!
//! Promises: whole numbers only; of two wordings that were said alike, the heavier one wins, then the one whose tool
//! was called by its name, then the plan's order; too little in common is no match; a wording of
//! empty words alone ("what can you do") must be said as it is written.
//! Never: looks at values: where numbers stand matters to `slots` alone.

use super::words::words;
use crate::core::conversation::{CannedAnswer, Plan, ToolPlan};
use crate::core::language::{Language, tokens};

/// One thing that can be wanted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Intent<'p> {
    Tool(&'p ToolPlan),
    Answer(&'p CannedAnswer),
}

/// What was meant, and how sure that is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match<'p> {
    pub(super) intent: Intent<'p>,
    /// How much of the wording was said, in ‰ of its weight, and what that part weighs.
    permille: u32,
    weight: u32,
}

impl Match<'_> {
    /// Sure enough to leave what is under way: an answer to our question shares words with many wordings.
    pub(super) fn interrupts(&self) -> bool {
        self.permille >= SWITCH_PERMILLE && self.weight >= FULL_WEIGHT
    }
}

/// From here on a match begins something: more than half of what the wording is about was said.
const MATCH_PERMILLE: u32 = 550;
const SWITCH_PERMILLE: u32 = 700;
/// Of a word that only one tool or answer uses.
const FULL_WEIGHT: u32 = 1_000;

/// All that can be wanted of a plan, its words weighed.
#[derive(Debug)]
pub(super) struct Intents<'p> {
    language: Language,
    list: Vec<Entry<'p>>,
}

#[derive(Debug)]
struct Entry<'p> {
    intent: Intent<'p>,
    /// Every wording, word for word.
    whole: Vec<String>,
    /// One for each wording: its telling words with their weights.
    wordings: Vec<Vec<(String, u32)>>,
    /// Words of the tool's own name, of its description, and of its parameters' names.
    name: Vec<String>,
    about: Vec<String>,
    parameters: Vec<String>,
}

impl<'p> Intents<'p> {
    pub(super) fn of(plan: &'p Plan) -> Intents<'p> {
        let tools = plan.tools.iter().map(|tool| {
            let own = tool.name.0.rsplit('.').next().unwrap_or_default().replace('_', " ");
            let examples: Vec<String> = tool.examples.iter().map(|e| without_slots(e)).collect();
            Entry {
                name: telling(plan.language, &own),
                about: telling(plan.language, &tool.description),
                parameters: tool.parameters.iter().flat_map(|p| tokens(&p.name.replace('_', " "))).collect(),
                ..Entry::of(Intent::Tool(tool), plan.language, &examples)
            }
        });
        let answers =
            plan.answers.iter().map(|answer| Entry::of(Intent::Answer(answer), plan.language, &answer.when));
        let mut intents = Intents { language: plan.language, list: tools.chain(answers).collect() };
        intents.weigh();
        intents
    }

    /// The best match of what was said, if it is one at all.
    pub(super) fn best(&self, said: &str) -> Option<Match<'p>> {
        let whole = tokens(said).join(" ");
        let said = telling(self.language, said);
        let mut best: Option<((u32, u32, usize), Match<'p>)> = None;
        for entry in &self.list {
            let (permille, weight) = if entry.whole.contains(&whole) {
                (FULL_WEIGHT, u32::MAX)
            } else {
                entry.score(&said).max(self.by_description(entry, &said))
            };
            let rank = (permille, weight, self.named(entry, &said));
            if permille >= MATCH_PERMILLE && best.as_ref().is_none_or(|(found, _)| rank > *found) {
                best = Some((rank, Match { intent: entry.intent, permille, weight }));
            }
        }
        best.map(|(_, found)| found)
    }

    fn weigh(&mut self) {
        let known: Vec<Vec<String>> = self.list.iter().map(Entry::wording_words).collect();
        for entry in &mut self.list {
            for (word, weight) in entry.wordings.iter_mut().flatten() {
                let users = known.iter().filter(|words| has(words, word)).count().max(1);
                let shares = if has(&entry.parameters, word) { 2 * users } else { users };
                *weight = FULL_WEIGHT / u32::try_from(shares).unwrap_or(u32::MAX);
            }
        }
    }

    /// A word of the tool's name, or two words that only its description has, begin it too, but weakly.
    fn by_description(&self, entry: &Entry<'_>, said: &[String]) -> (u32, u32) {
        let told = said.iter().filter(|w| has(&entry.about, w) && !self.is_elsewhere(entry, w)).count();
        if self.named(entry, said) >= 1 || told >= 2 { (MATCH_PERMILLE, 0) } else { (0, 0) }
    }

    /// How many words were said that name this tool and tell of no other.
    fn named(&self, entry: &Entry<'_>, said: &[String]) -> usize {
        said.iter().filter(|w| has(&entry.name, w) && !self.is_elsewhere(entry, w)).count()
    }

    fn is_elsewhere(&self, entry: &Entry<'_>, word: &str) -> bool {
        let mut others = self.list.iter().filter(|e| !std::ptr::eq(*e, entry));
        others.any(|e| has(&e.about, word) || has(&e.name, word) || has(&e.wording_words(), word))
    }
}

impl<'p> Entry<'p> {
    fn of(intent: Intent<'p>, language: Language, wordings: &[String]) -> Entry<'p> {
        let full = |text: &String| telling(language, text).into_iter().map(|w| (w, FULL_WEIGHT)).collect();
        Entry {
            intent,
            whole: wordings.iter().map(|text| tokens(text).join(" ")).filter(|w| !w.is_empty()).collect(),
            wordings: wordings.iter().map(full).collect(),
            name: Vec::new(),
            about: Vec::new(),
            parameters: Vec::new(),
        }
    }

    /// The best wording: the share of its weight that was said, and that weight.
    fn score(&self, said: &[String]) -> (u32, u32) {
        let score = |wording: &Vec<(String, u32)>| {
            let all: u32 = wording.iter().map(|(_, weight)| weight).sum();
            let common: u32 = wording.iter().filter(|(w, _)| has(said, w)).map(|(_, weight)| weight).sum();
            ((common * FULL_WEIGHT).checked_div(all).unwrap_or(0), common)
        };
        self.wordings.iter().map(score).max().unwrap_or((0, 0))
    }

    fn wording_words(&self) -> Vec<String> {
        self.wordings.iter().flatten().map(|(word, _)| word.clone()).collect()
    }
}

/// The words that tell something: no articles and the like, no numbers, none twice.
fn telling(language: Language, text: &str) -> Vec<String> {
    let empty = words(language).empty;
    let mut found: Vec<String> = Vec::new();
    for word in tokens(text) {
        let is_value = !word.starts_with(char::is_alphabetic);
        if !is_value && !empty.contains(&word.as_str()) && !found.contains(&word) {
            found.push(word);
        }
    }
    found
}

fn has(words: &[String], word: &str) -> bool {
    words.iter().any(|w| is_akin(w, word))
}

/// Forms of one word: "refund", "refunded"; "devolver", "devolución".
pub(super) fn is_akin(one: &str, other: &str) -> bool {
    let common = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let shorter = one.chars().count().min(other.chars().count());
    one == other || common >= AKIN_LETTERS || common == shorter && common >= STEM_LETTERS
}

/// A common beginning of so many letters makes two words akin…
const AKIN_LETTERS: usize = 5;
/// …and of so many, if one word is all of it ("open", "opening").
const STEM_LETTERS: usize = 4;

fn without_slots(example: &str) -> String {
    let mut text = String::new();
    let mut rest = example;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    text + rest
}
