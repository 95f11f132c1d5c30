//! What an answer was judged to mean, and by which rule.
//!
//! Promises: every verdict names its rule in words, and the stretch of speech that decided.
//! Never: judges.

use std::fmt;
use std::ops::Range;

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

/// Why an answer means what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    No,
    NoAlone,
    Wait,
    Question,
    AskedBack,
    Value,
    Change,
    Doubt,
    Unknown,
    Insists,
    AsksItself,
    TooLong,
    OnlyUnderstood,
    Yes,
    SoftYes,
    Listening,
    NoAnswer,
    Echo,
    Repeats,
}

/// A verdict, and what decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    pub answer: Answer,
    pub rule: Rule,
    /// Where in what was said the deciding words stand (bytes).
    pub raw: Range<usize>,
}

impl Answer {
    /// One word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Answer::Yes => "yes",
            Answer::No => "no",
            Answer::Wait => "wait",
            Answer::Change => "change",
            Answer::Question => "question",
            Answer::Backchannel => "backchannel",
            Answer::Unclear => "unclear",
        }
    }

    /// The answer of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Answer> {
        const ALL: [Answer; 7] = [
            Answer::Yes,
            Answer::No,
            Answer::Wait,
            Answer::Change,
            Answer::Question,
            Answer::Backchannel,
            Answer::Unclear,
        ];
        ALL.into_iter().find(|answer| answer.word() == word)
    }

    /// What it is to leave for an action: a wait takes it back as a no does, and a sign of listening gives none, so that
    /// the question is put again as after words that were not clear.
    #[must_use]
    pub fn as_leave(self) -> Answer {
        match self {
            Answer::Wait => Answer::No,
            Answer::Backchannel => Answer::Unclear,
            Answer::Yes | Answer::No | Answer::Change | Answer::Question | Answer::Unclear => self,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::No => "a no anywhere is a no",
            Rule::NoAlone => "said alone it is a no",
            Rule::Wait => "not now is no yes",
            Rule::Question => "the caller asks back",
            Rule::AskedBack => "the caller asks something else",
            Rule::Value => "a value is named: something else may be wanted",
            Rule::Change => "something else is wanted",
            Rule::Doubt => "words of doubt are no yes",
            Rule::Unknown => "a word that is not known may hide anything",
            Rule::Insists => "the tool's verb twice is an order or an alarm",
            Rule::AsksItself => "a yes that is asked is none",
            Rule::TooLong => "a yes in a long speech is none",
            Rule::OnlyUnderstood => "the words arrived, and that is all",
            Rule::Yes => "a plain yes, and nothing against it",
            Rule::SoftYes => "a weak yes, alone",
            Rule::Listening => "a sign of listening is no yes",
            Rule::NoAnswer => "no word that answers",
            Rule::Echo => "the question's own words are its echo",
            Rule::Repeats => "the question's own value changes nothing, and is no plain yes",
        })
    }
}
