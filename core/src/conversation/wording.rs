//! What a caller hears of a tool that acts: the question, its short form after an early yes, the action named after a yes,
//! what became of it.
//!
//! Promises: the same values give the same words, in a call and wherever else they are looked at; a question that does not
//! say a value it names is none.
//! Never: decides whether a question is put.

use serde_json::Value;

use super::event::{Outcome, Rest, Withheld};
use super::named::unsaid;
use super::phrases::Wordings;
use super::plan::ToolPlan;
use crate::base::Fault;
use crate::language::{Language, Phrase};
use crate::template::Renderer;

/// Where no words of the tool's own count.
pub(super) static NONE: Wordings = Wordings::NONE;

/// The sentences of one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// Without a tag: what an echo would sound like.
    pub question: String,
    pub short: String,
    /// What is said after the yes; empty where the admin wrote nothing.
    pub naming: String,
}

/// Why a tool cannot ask with these values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unworded {
    /// The question names this parameter and does not say its value.
    Unsaid(String),
    Broken(Fault),
}

/// The words of a tool's question.
///
/// # Errors
/// A template that has no text with these values, or a value that the question swallows.
pub fn wording(
    renderer: &Renderer,
    language: Language,
    tool: &ToolPlan,
    values: &Value,
) -> Result<Wording, Unworded> {
    let confirm = &tool.confirm;
    let question = renderer.render(&confirm.question, values).map_err(Unworded::Broken)?;
    if let Some(name) = unsaid(renderer, language, &tool.parameters, &confirm.question, values, &question) {
        return Err(Unworded::Unsaid(name.to_owned()));
    }
    let naming = renderer.render(&confirm.action, values).map_err(Unworded::Broken)?;
    // Where the admin wrote no short form, or one without a text, the question itself.
    let short = Some(&confirm.short).filter(|short| !short.is_empty());
    let short = short.and_then(|short| renderer.render(short, values).ok());
    let what = short.as_deref().unwrap_or(&question);
    // What asks already needs no tag.
    let asks = what.trim_end().ends_with('?');
    let short = if asks { what.to_owned() } else { Phrase::ShortQuestion { what }.say(language) };
    let short = capitalised(&short);
    Ok(Wording { question, short, naming })
}

/// Which of a tool's words tell what became of its action, and the gateway's own in their place.
pub(super) fn telling(outcome: &Outcome) -> (fn(&ToolPlan) -> &Wordings, Phrase<'static>) {
    match outcome {
        Outcome::Done { .. } => (|tool| &tool.phrases.done, Phrase::Done),
        Outcome::Partly { rest: Rest::NotDone, .. } => (|tool| &tool.phrases.partly, Phrase::Partly),
        // The tool's own words for what is unknown would not say that a part is done.
        Outcome::Partly { rest: Rest::Unknown, .. } => (|_| &NONE, Phrase::PartlyUnknown),
        Outcome::Failed { .. } => (|tool| &tool.phrases.failed, Phrase::Failed),
        Outcome::Withheld(Withheld::OutOfReach) => (|tool| &tool.phrases.out_of_reach, Phrase::OutOfReach),
        Outcome::Withheld(Withheld::Spent) => (|tool| &tool.phrases.spent, Phrase::Spent),
        Outcome::Unknown => (|tool| &tool.phrases.unknown, Phrase::Unknown),
    }
}

/// What is said of an action's outcome. `values`: the arguments, what was prepared, and the result over them.
#[must_use]
pub fn outcome_words(
    renderer: &Renderer,
    language: Language,
    tool: &ToolPlan,
    values: &Value,
    outcome: &Outcome,
) -> String {
    let (words, otherwise) = telling(outcome);
    written(renderer, words(tool).after(0), values).unwrap_or_else(|| otherwise.say(language))
}

/// An admin's words with their values; nothing where there are none, or a value that they name is missing.
pub(super) fn written(renderer: &Renderer, words: &str, values: &Value) -> Option<String> {
    Some(words).filter(|words| !words.is_empty()).and_then(|words| renderer.render(words, values).ok())
}

/// A value at the beginning of a sentence: "Twenty dollars: …".
fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
