//! The shape of a language's tables: what every language must bring.
//!
//! Promises: all words in the tables are written as [`super::tokens()`] gives them, except where they are spoken.
//! Never: holds a rule; the rules are the same for every language.

use super::{Language, english, spanish};

/// What one word or phrase of an answer means by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sense {
    Yes,
    /// A yes when alone, a backchannel beside one ("ok, I see").
    SoftYes,
    No,
    /// A no unless it is what the tool itself does ("cancel").
    NoVerb,
    /// A no only when nothing else is said ("para", which is also "for").
    NoAlone,
    Wait,
    Change,
    Question,
    Backchannel,
    /// A backchannel that beside a yes says only that the words arrived ("yes, I see").
    Understood,
    /// Looks like an answer and is none ("no problem", "I guess").
    Unsure,
    Filler,
    /// The tool's own verb.
    Verb,
    /// The tool's own verb, which for any other tool would be a no.
    VerbElseNo,
    /// A number, an amount or a private word.
    Value,
    Unknown,
}

/// Where an accent decides and was not heard, where a phrase must stand to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    First,
    Last,
    /// Opening an answer it is a filler, ending one it is a second thought ("sí, bueno…").
    NotLast,
}

/// Names of one currency.
#[derive(Debug)]
pub(super) struct Coin {
    /// ISO 4217, lower case as a token.
    pub(super) code: &'static str,
    pub(super) sign: &'static str,
    pub(super) one: &'static str,
    pub(super) many: &'static str,
    pub(super) minor_one: &'static str,
    pub(super) minor_many: &'static str,
    /// Counted in the feminine ("doscientas libras").
    pub(super) feminine: bool,
    /// Other names a caller may use, and words that may follow ("sterling").
    pub(super) also: &'static [&'static str],
    pub(super) minor_also: &'static [&'static str],
    pub(super) tail: &'static [&'static str],
}

/// Everything about a language that is a list of words.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) answers: &'static [(Sense, &'static [&'static str])],
    /// "Record it", as an answer to whether the call may be recorded.
    pub(super) recording: &'static [&'static str],
    pub(super) accent_or: &'static [(&'static str, Stands)],
    pub(super) coins: &'static [Coin],
    /// Between an amount and its cents ("and", "con"); the flag: enough without naming the cents.
    pub(super) cents_join: &'static [(&'static str, bool)],
    /// `20.50` and `20,50`: which marks may open the decimals, and which may group thousands.
    pub(super) decimal_marks: &'static [char],
    pub(super) group_marks: &'static [char],
    /// How a decimal mark is said, and the words of sign and percent.
    pub(super) point: &'static str,
    pub(super) comma: &'static str,
    pub(super) minus: &'static str,
    pub(super) percent: &'static str,
    /// Spoken zeros beside the number word ("oh").
    pub(super) zeros: &'static [&'static str],
    pub(super) repeats: &'static [(&'static str, usize)],
    /// Number words that alone are no value (articles, "oh"), and words that make "one" a pronoun.
    pub(super) not_alone: &'static [&'static str],
    pub(super) pointing: &'static [&'static str],
    /// Between two numbers they make one value that is not read here ("point", "minus").
    pub(super) number_glue: &'static [&'static str],
    /// Ends with a full stop that ends no sentence; folded, without the last stop.
    pub(super) abbreviations: &'static [&'static str],
    pub(super) screen: Screen,
    pub(super) calendar: Calendar,
}

/// Names of days, as tokens.
#[derive(Debug)]
pub(super) struct Calendar {
    /// Monday first.
    pub(super) weekdays: [&'static str; 7],
    pub(super) months: [&'static str; 12],
    /// "today", "tomorrow".
    pub(super) relative: &'static [&'static str],
    /// Months that are also another word; they count beside a day.
    pub(super) verbs: &'static [&'static str],
    /// Between a day and its month.
    pub(super) joins: &'static [&'static str],
}

/// Words that tell a claim of completion from other sentences.
#[derive(Debug)]
pub(super) struct Screen {
    /// Whole claims ("all set"); of one word only where they open a clause ("done").
    pub(super) claims: &'static [&'static str],
    /// What an action has become ("refunded"); a claim when one of `before` stands up to three words before.
    pub(super) done: &'static [&'static str],
    pub(super) before: &'static [&'static str],
    /// Stems that with a past ending, accent included, are a claim by themselves ("cancel" + "é").
    pub(super) past_stems: &'static [&'static str],
    pub(super) past_endings: &'static [&'static str],
    /// Anywhere earlier in the clause these make it no claim: negation, wish, condition, future.
    pub(super) open: &'static [&'static str],
    /// Words at which a new clause begins.
    pub(super) clause: &'static [&'static str],
}

impl Language {
    pub(super) fn tables(self) -> &'static Tables {
        match self {
            Language::English => &english::TABLES,
            Language::Spanish => &spanish::TABLES,
        }
    }

    pub(super) fn coin(self, code: &str) -> Option<&'static Coin> {
        self.tables().coins.iter().find(|c| c.code.eq_ignore_ascii_case(code))
    }
}
