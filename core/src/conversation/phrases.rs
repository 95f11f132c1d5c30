//! What the agent says around a run of a tool, in one wording or in several that take turns.
//!
//! Promises: which wording is said follows from how often the tool was wished for in the call, so a call that is played
//! again says the same.
//! Never: draws lots.

use serde::{Deserialize, Serialize};

use crate::base::Millis;

/// What the agent says around a run. Nothing written means the gateway's own phrase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToolPhrases {
    /// While a harmless tool starts; nothing written says nothing.
    pub start: Wordings,
    /// When it takes longer than expected.
    pub delay: Wordings,
    /// When it takes longer still.
    #[serde(skip_serializing_if = "Wordings::is_empty")]
    pub delay_again: Wordings,
    /// From the start of the run to `delay`, and from there to each `delay_again`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_after: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_again_after: Option<Millis>,
    pub done: Wordings,
    /// Where some of its steps are done and the rest is not.
    #[serde(skip_serializing_if = "Wordings::is_empty")]
    pub partly: Wordings,
    pub failed: Wordings,
    pub unknown: Wordings,
    pub declined: Wordings,
    /// Its system is left alone for a while.
    #[serde(skip_serializing_if = "Wordings::is_empty")]
    pub out_of_reach: Wordings,
    /// As often as it may run was reached.
    #[serde(skip_serializing_if = "Wordings::is_empty")]
    pub spent: Wordings,
}

/// One wording, or several: the first for the first wish of a call, the next for the next, and round again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Wordings(Vec<String>);

/// One text is written as a text, none as an empty one.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    Several(Vec<String>),
}

impl Wordings {
    pub const NONE: Wordings = Wordings(Vec::new());

    #[must_use]
    pub fn new(wordings: impl IntoIterator<Item = String>) -> Wordings {
        Wordings(wordings.into_iter().filter(|wording| !wording.is_empty()).collect())
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one whose turn it is after so many others; an empty text where there is none.
    #[must_use]
    pub fn after(&self, others: usize) -> &str {
        others.checked_rem(self.0.len()).and_then(|turn| self.0.get(turn)).map_or("", String::as_str)
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl From<&str> for Wordings {
    fn from(wording: &str) -> Wordings {
        Wordings::new([wording.to_owned()])
    }
}

impl From<Written> for Wordings {
    fn from(written: Written) -> Wordings {
        match written {
            Written::One(wording) => Wordings::new([wording]),
            Written::Several(wordings) => Wordings::new(wordings),
        }
    }
}

impl From<Wordings> for Written {
    fn from(Wordings(mut wordings): Wordings) -> Written {
        match wordings.len() {
            0 | 1 => Written::One(wordings.pop().unwrap_or_default()),
            _ => Written::Several(wordings),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wordings_take_turns_and_one_is_written_as_a_text() {
        let two = Wordings::new(["One moment.".to_owned(), "Let me look.".to_owned()]);
        assert_eq!([0, 1, 2].map(|others| two.after(others)), ["One moment.", "Let me look.", "One moment."]);
        assert_eq!(Wordings::default().after(3), "");
        for (wordings, written) in [
            (Wordings::default(), r#""""#),
            (Wordings::from("One moment."), r#""One moment.""#),
            (two, r#"["One moment.","Let me look."]"#),
        ] {
            assert_eq!(serde_json::to_string(&wordings).expect("plain data"), written);
            assert_eq!(serde_json::from_str::<Wordings>(written).expect("it was written so"), wordings);
        }
    }
}
