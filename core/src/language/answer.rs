//! What an answer to a spoken question means, judged by tables and rules.
//!
//! The words are cut into the longest phrases the tables and the tool's cues know, each with a sense; then the
//! senses decide, in this order: no, wait, question, change, doubt, yes.
//!
//! Promises: a *no* or *wait* anywhere beats a yes; one unknown word beside a yes makes it unclear.
//! Never: takes for a yes what it does not fully know.

use super::Language;
use super::number::number_at;
use super::speakable::spoken_text;
use super::tables::{Sense, Stands};
use super::tokens::{Word, accented, fold, is_currency_sign, opens, texts, tokens, words};

/// What an answer to a spoken question means. Only [`Answer::Yes`] gives leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
    /// Not now: kills the permit as a no does.
    Wait,
    /// Something else is wanted: "yes, but only twenty".
    Change,
    /// The caller asks back: "how much?".
    Question,
    /// Only a sign of listening: "mm-hm".
    Backchannel,
    Unclear,
}

/// What the asked tool adds to the dictionary: its own verb in the forms a caller would use.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cues<'a> {
    /// As said alone: `["refund", "refund it"]`, `["cancela", "cancélala"]`.
    pub verbs: &'a [String],
}

/// A yes hidden in a longer speech is not taken for one.
const YES_WORDS_MAX: usize = 12;

/// Judges what was said after a question that the tool of `cues` made the gateway ask.
#[must_use]
pub fn judge(language: Language, said: &str, cues: &Cues<'_>) -> Answer {
    let words = words(said);
    let senses = senses(language, said, &words, cues);
    let asks = said.contains(['?', '¿']);
    decide(&senses, words.len(), asks)
}

/// What was said answers and does nothing else: no wish, no value, no question of the caller's own.
#[must_use]
pub fn only_answers(language: Language, said: &str, cues: &Cues<'_>) -> bool {
    let senses = senses(language, said, &words(said), cues);
    let answers = |sense: &Sense| match sense {
        Sense::Yes
        | Sense::SoftYes
        | Sense::No
        | Sense::NoVerb
        | Sense::NoAlone
        | Sense::Wait
        | Sense::Backchannel
        | Sense::Understood
        | Sense::Unsure
        | Sense::Filler
        | Sense::Verb
        | Sense::VerbElseNo => true,
        Sense::Change | Sense::Question | Sense::Value | Sense::Unknown => false,
    };
    !senses.is_empty() && senses.iter().all(answers)
}

/// How a caller says that he may be recorded, beside a yes; see [`Cues::verbs`].
#[must_use]
pub fn recording_verbs(language: Language) -> Vec<String> {
    language.tables().recording.iter().map(|verb| (*verb).to_owned()).collect()
}

/// The words are just a stretch of the question's own words: the line's echo, not an answer.
///
/// The first word may have lost its beginning and the last its end. An answer word alone ("yes") is never
/// echo, though the question ends with it; "yes or no" is.
#[must_use]
pub fn echoes(language: Language, said: &str, question: &str) -> bool {
    let heard = tokens(&spoken_text(language, said));
    let asked = tokens(&spoken_text(language, question));
    if heard.is_empty() || is_bare_answer(language, &heard) {
        return false;
    }
    asked.windows(heard.len()).any(|stretch| is_stretch(&heard, stretch))
}

fn is_bare_answer(language: Language, heard: &[String]) -> bool {
    let bare = |word: &String| {
        let sense = language.tables().answers.iter().find(|(_, phrases)| phrases.contains(&word.as_str()));
        matches!(sense, Some((Sense::Yes | Sense::SoftYes | Sense::No, _)))
    };
    heard.iter().all(bare)
}

fn is_stretch(heard: &[String], stretch: &[String]) -> bool {
    let last = heard.len() - 1;
    heard.iter().zip(stretch).enumerate().all(|(n, (heard, asked))| {
        let clipped =
            last >= 2 && (n == 0 && asked.ends_with(heard) || n == last && asked.starts_with(heard));
        heard == asked || clipped
    })
}

fn decide(senses: &[Sense], words: usize, asks: bool) -> Answer {
    let has = |wanted: &[Sense]| senses.iter().any(|s| wanted.contains(s));
    let only = |wanted: &[Sense]| senses.iter().all(|s| wanted.contains(s));
    let yes = has(&[Sense::Yes, Sense::SoftYes, Sense::Verb, Sense::VerbElseNo]);
    let content = yes || has(&[Sense::Unknown, Sense::Value]);
    let no_alone = has(&[Sense::NoAlone]) && only(&[Sense::NoAlone, Sense::Filler]);
    if has(&[Sense::No, Sense::NoVerb]) || no_alone {
        return Answer::No;
    }
    if has(&[Sense::Wait]) {
        return Answer::Wait;
    }
    if has(&[Sense::Question]) || asks && has(&[Sense::Unknown, Sense::Value, Sense::Change]) {
        return Answer::Question;
    }
    if has(&[Sense::Value]) || has(&[Sense::Change]) && content {
        return Answer::Change;
    }
    // "cancel, cancel!" of a caller who is asked whether to cancel: an order, or alarm?
    let insists = senses.iter().filter(|s| **s == Sense::VerbElseNo).count() > 1;
    let doubt = has(&[Sense::Unsure, Sense::Unknown, Sense::Change, Sense::NoAlone]);
    if asks || insists || doubt || words > YES_WORDS_MAX {
        return Answer::Unclear;
    }
    let firm = has(&[Sense::Yes, Sense::Verb, Sense::VerbElseNo]);
    let understood = has(&[Sense::Understood]);
    let listening = understood || has(&[Sense::Backchannel]);
    match (firm, listening) {
        (true, true) if understood => Answer::Unclear,
        (true, _) => Answer::Yes,
        (false, true) => Answer::Backchannel,
        (false, false) if yes => Answer::Yes,
        (false, false) => Answer::Unclear,
    }
}

fn senses(language: Language, said: &str, words: &[Word], cues: &Cues<'_>) -> Vec<Sense> {
    let verbs: Vec<Vec<String>> = cues.verbs.iter().map(|v| tokens(v)).filter(|v| !v.is_empty()).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let (sense, used) = sense_at(language, said, words, at, &verbs);
        found.push(sense);
        at += used;
    }
    found
}

fn sense_at(
    language: Language,
    said: &str,
    words: &[Word],
    at: usize,
    verbs: &[Vec<String>],
) -> (Sense, usize) {
    let own = verb_at(said, words, at, verbs);
    let (sense, used) = match (phrase_at(language, said, words, at), own) {
        // A no of any kind stays one, whatever the tool is called.
        (Some((sense @ (Sense::No | Sense::Wait), used)), _) => (sense, used),
        (Some((Sense::NoVerb, used)), Some(own)) if own >= used => return (Sense::VerbElseNo, own),
        (Some((_, used)), Some(own)) if own >= used => return (Sense::Verb, own),
        (None, Some(own)) => return (Sense::Verb, own),
        (Some((Sense::NoVerb, used)), _) if kin(&words[at].text, verbs) => (Sense::Unsure, used),
        (Some(found), _) => found,
        (None, None) => return value_at(language, words, at),
    };
    // "si cancela …" without its accent may be "if she cancels": not a yes.
    let if_ = language == Language::Spanish && words[at].text == "si" && used == 1;
    let heard_as_if =
        if_ && !accented(&said[words[at].raw.clone()]) && runs_into_verb(said, words, at, verbs);
    if heard_as_if { (Sense::Unsure, used) } else { (sense, used) }
}

fn runs_into_verb(said: &str, words: &[Word], at: usize, verbs: &[Vec<String>]) -> bool {
    at + 1 < words.len()
        && !pauses(said, &words[at], &words[at + 1])
        && verb_at(said, words, at + 1, verbs).is_some()
}

fn value_at(language: Language, words: &[Word], at: usize) -> (Sense, usize) {
    let first = words[at].text.as_str();
    let written =
        first.starts_with(|c: char| c.is_numeric() || is_currency_sign(c) || matches!(c, '⟦' | '-'));
    if let Some((_, used)) = number_at(language, &texts(&words[at..])) {
        return (Sense::Value, used);
    }
    (if written { Sense::Value } else { Sense::Unknown }, 1)
}

/// The longest phrase of the tables that begins at a word.
fn phrase_at(language: Language, said: &str, words: &[Word], at: usize) -> Option<(Sense, usize)> {
    let tables = language.tables();
    let mut best: Option<(Sense, usize)> = None;
    for (sense, phrases) in tables.answers {
        for phrase in phrases.iter().filter(|phrase| opens(phrase, &words[at].text)) {
            let Some(used) = begins(said, &words[at..], phrase.split(' ')) else { continue };
            if best.is_none_or(|(_, longest)| used > longest)
                && stands(language, phrase, said, words, at, used)
            {
                best = Some((*sense, used));
            }
        }
    }
    best
}

/// Some phrases count only with their accent heard, or in a place where no accent is needed.
fn stands(language: Language, phrase: &str, said: &str, words: &[Word], at: usize, used: usize) -> bool {
    let Some((_, place)) = language.tables().accent_or.iter().find(|(p, _)| *p == phrase) else {
        return true;
    };
    let placed = match place {
        Stands::First => at == 0,
        Stands::Last => at + used == words.len(),
        Stands::NotLast => at + used < words.len(),
    };
    placed || accented(&said[words[at].raw.start..words[at + used - 1].raw.end])
}

/// The longest of the tool's verbs that begins at a word.
fn verb_at(said: &str, words: &[Word], at: usize, verbs: &[Vec<String>]) -> Option<usize> {
    verbs.iter().filter_map(|verb| begins(said, &words[at..], verb.iter().map(String::as_str))).max()
}

/// The words open with the phrase, said in one breath: "cómo, no" is not "cómo no".
fn begins<'a>(said: &str, words: &[Word], phrase: impl Iterator<Item = &'a str>) -> Option<usize> {
    let mut used = 0;
    for part in phrase {
        let word = words.get(used).filter(|w| w.text == part)?;
        if used > 0 && pauses(said, &words[used - 1], word) {
            return None;
        }
        used += 1;
    }
    Some(used)
}

fn pauses(said: &str, word: &Word, next: &Word) -> bool {
    said[word.raw.end..next.raw.start].contains(['.', ',', ';', ':', '!', '?', '…', '—'])
}

/// The word shares its stem with one of the tool's verbs: "cancela", where the tool knows "cancélala".
fn kin(word: &str, verbs: &[Vec<String>]) -> bool {
    let stem = |w: &str| w.chars().take(STEM_LETTERS).collect::<String>();
    let wanted = stem(&fold(word));
    verbs.iter().flatten().any(|w| stem(w) == wanted)
}

/// Enough letters to hold the stem of a verb in both languages ("cance", "detén").
const STEM_LETTERS: usize = 5;
