//! What words mean, in each language the gateway speaks: judge an answer, read and say values, split what
//! the LLM streams into pieces, screen what it claims, find what is private, and the gateway's own sentences.
//!
//! One folder per language holds its words: `answers.txt`, the tables, how it counts, the gateway's own sentences. One
//! file per family of functions holds the rules, which are the same for all.
//!
//! Promises: the same words give the same result on any machine; where words leave doubt, the result says so.
//! Never: asks a model, guesses, or knows what a call is.

mod answer;
mod answer_table;
mod catalan;
mod dates;
mod dictionary;
mod digits;
mod english;
mod figures;
mod find;
mod french;
mod german;
mod italian;
mod money;
mod number;
mod phrase;
mod portuguese;
mod private;
mod rule;
mod said;
mod screen;
mod spanish;
mod speakable;
mod split;
mod tables;
mod tokens;
mod word_errors;

#[cfg(test)]
mod answer_tests;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use answer::{Cues, echoes, judge, judged, judged_to, only_answers, recording_verbs, repeats};
pub use answer_table::{AnswerRow, answer_rows};
pub use dates::{date_spoken, decimal_spoken, is_date, is_time, phone_spoken, time_spoken};
pub use digits::{digits_read, digits_spoken};
pub use figures::Figures;
pub use find::{Found, ValueKind, find_values};
pub use money::{currencies, is_currency, money_read, money_spoken};
pub use number::{number_read, number_spoken, one_of};
pub use phrase::Phrase;
pub use private::{
    Sought, Stretch, Teller, digit_runs, find_private, leading_card, open_end, private_spoken,
    private_unknown,
};
pub use rule::{Answer, Judged, Rule};
pub use said::{says, shows};
pub use screen::{amounts_in, claims_done, claims_done_beyond, words_of};
pub use speakable::spoken_text;
pub use split::{PIECE_CHARS_MAX, Splitter};
pub use tokens::tokens;
pub use word_errors::word_errors;

/// A language the gateway can hold a call in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Language {
    #[serde(rename = "en")]
    English,
    #[serde(rename = "es")]
    Spanish,
    #[serde(rename = "pt")]
    Portuguese,
    #[serde(rename = "fr")]
    French,
    #[serde(rename = "de")]
    German,
    #[serde(rename = "it")]
    Italian,
    #[serde(rename = "ca")]
    Catalan,
}

/// Reads the words of all languages, some 30 ms of work that else the first caller would wait for.
pub fn read_words() {
    for language in Language::ALL {
        language.dictionary();
    }
    // Digits are looked for in the numbers of every language.
    number::opens_digits("");
}

impl Language {
    pub const ALL: [Language; 7] = [
        Language::English,
        Language::Spanish,
        Language::Portuguese,
        Language::French,
        Language::German,
        Language::Italian,
        Language::Catalan,
    ];

    /// From a BCP 47 tag (`en`, `en-US`, `es-419`; `_` is taken for `-`); the region does not matter here.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Language> {
        let primary = tag.split(['-', '_']).next().unwrap_or("");
        Language::ALL.into_iter().find(|l| primary.eq_ignore_ascii_case(l.code()))
    }

    /// The ISO 639-1 code: `en`, `es`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Spanish => "es",
            Language::Portuguese => "pt",
            Language::French => "fr",
            Language::German => "de",
            Language::Italian => "it",
            Language::Catalan => "ca",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_its_language_whatever_the_region() {
        for tag in ["en", "EN", "en-US", "en_gb"] {
            assert_eq!(Language::parse(tag), Some(Language::English), "{tag}");
        }
        for tag in ["es", "es-MX", "es-419", "ES_es"] {
            assert_eq!(Language::parse(tag), Some(Language::Spanish), "{tag}");
        }
        for (tag, language) in
            [("pt-BR", Language::Portuguese), ("de-AT", Language::German), ("ca", Language::Catalan)]
        {
            assert_eq!(Language::parse(tag), Some(language), "{tag}");
        }
        for tag in ["", "e", "eng", "nl", "est", "-en", " en"] {
            assert_eq!(Language::parse(tag), None, "{tag}");
        }
        assert_eq!(Language::Spanish.to_string(), "es");
    }
}
