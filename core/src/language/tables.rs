//! The shape of a language's tables: what every language must bring.
//!
//! Promises: all words in the tables are written as [`super::tokens()`] gives them, except where they are spoken.
//! Never: holds a rule; the rules are the same for every language.

use super::number::Numerals;
use super::{Language, Phrase, catalan, english, french, german, italian, portuguese, spanish};

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
    /// What words mean as an answer: the text that [`super::dictionary`] reads.
    pub(super) answers: &'static str,
    pub(super) numerals: Numerals,
    /// The gateway's own sentences.
    pub(super) phrases: fn(&Phrase<'_>) -> String,
    pub(super) coins: &'static [Coin],
    /// Between an amount and its cents ("and", "con"); the flag: enough without naming the cents.
    pub(super) cents_join: &'static [(&'static str, bool)],
    /// Between a round million and what is counted: before a consonant, before a vowel ("un million *d'*euros").
    pub(super) millions_of: [&'static str; 2],
    /// `20.50` and `20,50`: which marks may open the decimals, and which may group thousands.
    pub(super) decimal_marks: &'static [char],
    pub(super) group_marks: &'static [char],
    /// How a decimal mark is said, and the words of sign and percent.
    pub(super) point: &'static str,
    pub(super) comma: &'static str,
    pub(super) minus: &'static str,
    pub(super) percent: &'static str,
    /// Words that say a digit only among digits ("oh", and "meia" for six).
    pub(super) digit_words: &'static [(&'static str, char)],
    pub(super) repeats: &'static [(&'static str, usize)],
    /// Words before one thing, which a question may say for the number one ("a table").
    pub(super) one_of: &'static [&'static str],
    /// Number words that alone are no value (articles, "oh"), and words that make "one" a pronoun.
    pub(super) not_alone: &'static [&'static str],
    pub(super) pointing: &'static [&'static str],
    /// Between two numbers they make one value that is not read here ("point", "minus").
    pub(super) number_glue: &'static [&'static str],
    /// Ends with a full stop that ends no sentence; folded, without the last stop.
    pub(super) abbreviations: &'static [&'static str],
    pub(super) screen: Screen,
    pub(super) calendar: Calendar,
    pub(super) private: PrivateWords,
}

/// How private values are said.
#[derive(Debug)]
pub(super) struct PrivateWords {
    /// Before the last digits of a card.
    pub(super) card_end: &'static str,
    /// What stands for a value that is not known any more.
    pub(super) card: &'static str,
    pub(super) email: &'static str,
    pub(super) phone: &'static str,
    pub(super) national_id: &'static str,
    pub(super) keys: &'static str,
    /// The signs of an address; the first name of each is said, all are heard.
    pub(super) signs: &'static [(char, &'static str)],
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
    /// Other words for some of these ("d'abril").
    pub(super) also: &'static [(&'static str, &'static str)],
}

/// Words that tell a claim of completion from other sentences.
#[derive(Debug)]
pub(super) struct Screen {
    /// Whole claims ("all set"); of one word only where they open a clause ("done").
    pub(super) claims: &'static [&'static str],
    /// What an action has become ("refunded"); a claim when one of `before` stands up to `before_words` before.
    pub(super) done: &'static [&'static str],
    pub(super) before: &'static [&'static str],
    /// How far before its participle the verb may stand: "has now been fully refunded".
    pub(super) before_words: usize,
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
            Language::Portuguese => &portuguese::TABLES,
            Language::French => &french::TABLES,
            Language::German => &german::TABLES,
            Language::Italian => &italian::TABLES,
            Language::Catalan => &catalan::TABLES,
        }
    }

    pub(super) fn coin(self, code: &str) -> Option<&'static Coin> {
        self.tables().coins.iter().find(|c| c.code.eq_ignore_ascii_case(code))
    }
}
