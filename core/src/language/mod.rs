//! Languages the gateway speaks.
//!
//! Promises: every language here has all tables.
//! Never: guesses a language from words.

use serde::{Deserialize, Serialize};

/// A language an agent can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    #[serde(rename = "en")]
    English,
    #[serde(rename = "es")]
    Spanish,
}

/// What an answer to a spoken question means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Yes,
    No,
    Wait,
    Change,
    Question,
    Backchannel,
    Unclear,
}
