//! What an answer to a spoken question means, judged by tables and rules.
//!
//! The words are cut into the longest phrases the dictionary and the tool's cues know, each with a sense; then the
//! senses decide, in this order: no, wait, question, change, doubt, yes. [`Rule`] names what decided.
//!
//! Promises: a *no* or *wait* anywhere beats a yes; one unknown word beside a yes makes it unclear.
//! Never: takes for a yes what it does not fully know.

use std::ops::Range;

use super::Language;
use super::dictionary::{Sense, begins, pauses};
use super::number::number_at;
use super::rule::{Answer, Judged, Rule};
use super::speakable::spoken_text;
use super::tokens::{Word, accented, fold, is_currency_sign, texts, tokens, words};

/// What the asked tool adds to the dictionary: its own verb in the forms a caller would use.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cues<'a> {
    /// As said alone: `["refund", "refund it"]`, `["cancela", "cancélala"]`.
    pub verbs: &'a [String],
}

/// A yes hidden in a longer speech is not taken for one.
const YES_WORDS_MAX: usize = 12;

/// A phrase that was heard, and where (bytes).
struct Heard {
    sense: Sense,
    raw: Range<usize>,
}

/// Judges what was said after a question that the tool of `cues` made the gateway ask.
#[must_use]
pub fn judge(language: Language, said: &str, cues: &Cues<'_>) -> Answer {
    judged(language, said, cues).answer
}

/// The same, with the rule that decided.
#[must_use]
pub fn judged(language: Language, said: &str, cues: &Cues<'_>) -> Judged {
    let words = words(said);
    let heard = senses(language, said, &words, cues);
    let asks = said.contains(['?', '¿']);
    decide(&heard, words.len(), asks)
}

/// The same, as the answer to a question in words: a stretch of the question is its echo and no yes, and a value that
/// the question named already changes nothing.
#[must_use]
pub fn judged_to(language: Language, said: &str, question: &str, cues: &Cues<'_>) -> Judged {
    let judged = judged(language, said, cues);
    let unclear = |rule| Judged { answer: Answer::Unclear, rule, raw: 0..said.len() };
    match judged.answer {
        Answer::Change if repeats(language, said, question, cues) => unclear(Rule::Repeats),
        Answer::No | Answer::Wait | Answer::Change => judged,
        Answer::Yes | Answer::Question | Answer::Backchannel | Answer::Unclear => {
            if echoes(language, said, question) { unclear(Rule::Echo) } else { judged }
        }
    }
}

/// Whether what sounds like a change only says what was asked: "yes, twenty dollars" changes nothing.
#[must_use]
pub fn repeats(language: Language, said: &str, question: &str, cues: &Cues<'_>) -> bool {
    let asked = tokens(&spoken_text(language, question));
    let mut more = tokens(&spoken_text(language, said));
    more.retain(|word| !asked.contains(word));
    judge(language, &more.join(" "), cues) != Answer::Change
}

/// What was said answers and does nothing else: no wish, no value, no question of the caller's own.
#[must_use]
pub fn only_answers(language: Language, said: &str, cues: &Cues<'_>) -> bool {
    let heard = senses(language, said, &words(said), cues);
    let answers = |heard: &Heard| match heard.sense {
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
        | Sense::Oh
        | Sense::Verb
        | Sense::VerbElseNo => true,
        Sense::Change | Sense::Question | Sense::Value | Sense::Unknown => false,
    };
    !heard.is_empty() && heard.iter().all(answers)
}

/// How a caller says that he may be recorded, beside a yes; see [`Cues::verbs`].
#[must_use]
pub fn recording_verbs(language: Language) -> Vec<String> {
    language.dictionary().recording.clone()
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
        matches!(language.dictionary().word(word), Some(Sense::Yes | Sense::SoftYes | Sense::No))
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

fn decide(heard: &[Heard], words: usize, asks: bool) -> Judged {
    let first = |wanted: &[Sense]| heard.iter().find(|h| wanted.contains(&h.sense));
    let has = |wanted: &[Sense]| first(wanted).is_some();
    let only = |wanted: &[Sense]| heard.iter().all(|h| wanted.contains(&h.sense));
    let by = |answer, rule, wanted: &[Sense]| {
        let all = heard.first().map_or(0, |h| h.raw.start)..heard.last().map_or(0, |h| h.raw.end);
        Judged { answer, rule, raw: first(wanted).map_or(all, |h| h.raw.clone()) }
    };
    let yes = has(&[Sense::Yes, Sense::SoftYes, Sense::Verb, Sense::VerbElseNo]);
    let content = yes || has(&[Sense::Unknown, Sense::Value]);
    if has(&[Sense::No, Sense::NoVerb]) {
        return by(Answer::No, Rule::No, &[Sense::No, Sense::NoVerb]);
    }
    if has(&[Sense::NoAlone]) && only(&[Sense::NoAlone, Sense::Filler, Sense::Oh]) {
        return by(Answer::No, Rule::NoAlone, &[Sense::NoAlone]);
    }
    if has(&[Sense::Wait]) {
        return by(Answer::Wait, Rule::Wait, &[Sense::Wait]);
    }
    if has(&[Sense::Question]) {
        return by(Answer::Question, Rule::Question, &[Sense::Question]);
    }
    if asks && has(&[Sense::Unknown, Sense::Value, Sense::Change]) {
        return by(Answer::Question, Rule::AskedBack, &[]);
    }
    if has(&[Sense::Value]) {
        return by(Answer::Change, Rule::Value, &[Sense::Value]);
    }
    if has(&[Sense::Change]) && content {
        return by(Answer::Change, Rule::Change, &[Sense::Change]);
    }
    if let Some((rule, wanted)) = doubt(heard, words, asks) {
        return by(Answer::Unclear, rule, wanted);
    }
    let firm: &[Sense] = &[Sense::Yes, Sense::Verb, Sense::VerbElseNo];
    let understood = has(&[Sense::Understood]);
    let listening = understood || has(&[Sense::Backchannel]) || yes && has(&[Sense::Oh]);
    match (has(firm), listening) {
        (true, true) if understood => by(Answer::Unclear, Rule::OnlyUnderstood, &[Sense::Understood]),
        (true, _) => by(Answer::Yes, Rule::Yes, firm),
        (false, true) => {
            by(Answer::Backchannel, Rule::Listening, &[Sense::Backchannel, Sense::Understood, Sense::Oh])
        }
        (false, false) if yes => by(Answer::Yes, Rule::SoftYes, &[Sense::SoftYes]),
        (false, false) => by(Answer::Unclear, Rule::NoAnswer, &[]),
    }
}

/// What keeps a yes from being one.
fn doubt(heard: &[Heard], words: usize, asks: bool) -> Option<(Rule, &'static [Sense])> {
    let has = |sense: Sense| heard.iter().any(|h| h.sense == sense);
    // "cancel, cancel!" of a caller who is asked whether to cancel: an order, or alarm?
    let insists = heard.iter().filter(|h| h.sense == Sense::VerbElseNo).count() > 1;
    if has(Sense::Unsure) {
        Some((Rule::Doubt, &[Sense::Unsure]))
    } else if has(Sense::Change) || has(Sense::NoAlone) {
        Some((Rule::Doubt, &[Sense::Change, Sense::NoAlone]))
    } else if has(Sense::Unknown) {
        Some((Rule::Unknown, &[Sense::Unknown]))
    } else if insists {
        Some((Rule::Insists, &[Sense::VerbElseNo]))
    } else if asks {
        Some((Rule::AsksItself, &[]))
    } else if words > YES_WORDS_MAX {
        Some((Rule::TooLong, &[]))
    } else {
        None
    }
}

fn senses(language: Language, said: &str, words: &[Word], cues: &Cues<'_>) -> Vec<Heard> {
    let verbs: Vec<Vec<String>> = cues.verbs.iter().map(|v| tokens(v)).filter(|v| !v.is_empty()).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let (sense, used) = sense_at(language, said, words, at, &verbs);
        found.push(Heard { sense, raw: words[at].raw.start..words[at + used - 1].raw.end });
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
    let dictionary = language.dictionary();
    let (sense, used) = match (dictionary.phrase_at(said, words, at), own) {
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
    let if_ = used == 1 && dictionary.ifs.contains(&words[at].text);
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

/// The longest of the tool's verbs that begins at a word.
fn verb_at(said: &str, words: &[Word], at: usize, verbs: &[Vec<String>]) -> Option<usize> {
    verbs.iter().filter_map(|verb| begins(said, &words[at..], verb.iter().map(String::as_str))).max()
}

/// The word shares its stem with one of the tool's verbs: "cancela", where the tool knows "cancélala".
fn kin(word: &str, verbs: &[Vec<String>]) -> bool {
    let stem = |w: &str| w.chars().take(STEM_LETTERS).collect::<String>();
    let wanted = stem(&fold(word));
    verbs.iter().flatten().any(|w| stem(w) == wanted)
}

/// Enough letters to hold the stem of a verb in both languages ("cance", "detén").
const STEM_LETTERS: usize = 5;
