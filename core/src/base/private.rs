//! Words that must not print: what a caller said, what a key holds; and the placeholders that stand for them.
//!
//! Promises: neither `Debug` nor an error message shows more than a length (promise 8); a placeholder says the kind of
//! what it stands for and nothing else.
//! Never: implements `Display` or `Serialize` for a private text.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Private text. Reading it is a visible act: [`Private::reveal`].
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Private(String);

impl Private {
    #[must_use]
    pub fn new(text: impl Into<String>) -> Private {
        Private(text.into())
    }

    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Private({} characters)", self.0.chars().count())
    }
}

/// What kind of private words an agent's callers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrivateKind {
    /// The number of a payment card.
    Card,
    Email,
    Phone,
    /// DNI, NIE, or a US social security number.
    NationalId,
    /// A number pressed on the keypad.
    Keys,
}

impl PrivateKind {
    pub const ALL: [PrivateKind; 5] = [
        PrivateKind::Card,
        PrivateKind::Email,
        PrivateKind::Phone,
        PrivateKind::NationalId,
        PrivateKind::Keys,
    ];

    /// As it stands in definitions and placeholders.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            PrivateKind::Card => "card",
            PrivateKind::Email => "email",
            PrivateKind::Phone => "phone",
            PrivateKind::NationalId => "national_id",
            PrivateKind::Keys => "keys",
        }
    }
}

/// Stands for one private value of a call: `⟦card 1⟧`, counted from 1 within its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Placeholder {
    pub kind: PrivateKind,
    pub n: u32,
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "⟦{} {}⟧", self.kind.word(), self.n)
    }
}

/// As what a placeholder's value is to be said, where a template asked for it: `⟦keys 1:money⟧`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaidAs {
    /// As its kind is said: digit by digit, an address in words.
    Itself,
    Money,
    Number,
}

impl SaidAs {
    fn word(self) -> &'static str {
        match self {
            SaidAs::Itself => "",
            SaidAs::Money => ":money",
            SaidAs::Number => ":number",
        }
    }
}

impl Placeholder {
    /// As it is written where its value is to be said in a certain way.
    #[must_use]
    pub fn said_as(self, how: SaidAs) -> String {
        format!("⟦{} {}{}⟧", self.kind.word(), self.n, how.word())
    }

    /// The whole text is one placeholder.
    #[must_use]
    pub fn parse(text: &str) -> Option<Placeholder> {
        let (range, placeholder, _) = placeholders(text).pop()?;
        (range == (0..text.len())).then_some(placeholder)
    }

    fn of_inside(inside: &str) -> Option<(Placeholder, SaidAs)> {
        let (kind, rest) = inside.split_once(' ')?;
        let kind = PrivateKind::ALL.into_iter().find(|known| known.word() == kind)?;
        let digits = rest.split(':').next()?;
        let how = [SaidAs::Itself, SaidAs::Money, SaidAs::Number];
        let how = how.into_iter().find(|how| how.word() == &rest[digits.len()..])?;
        let n = digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?;
        Some((Placeholder { kind, n }, how))
    }
}

/// All placeholders of a text, in order, with their places (bytes).
#[must_use]
pub fn placeholders(text: &str) -> Vec<(Range<usize>, Placeholder, SaidAs)> {
    let mut found = Vec::new();
    for (start, open) in text.match_indices('⟦') {
        let inside = &text[start + open.len()..];
        let Some(close) = inside.find('⟧') else { break };
        if let Some((placeholder, how)) = Placeholder::of_inside(&inside[..close]) {
            found.push((start..start + open.len() + close + '⟧'.len_utf8(), placeholder, how));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_words_do_not_print() {
        assert_eq!(format!("{:?}", Private::new("4111 1111")), "Private(9 characters)");
    }

    #[test]
    fn a_placeholder_is_read_as_it_is_written_and_nothing_else_is_one() {
        for kind in PrivateKind::ALL {
            let placeholder = Placeholder { kind, n: 12 };
            assert_eq!(Placeholder::parse(&placeholder.to_string()), Some(placeholder));
            for how in [SaidAs::Itself, SaidAs::Money, SaidAs::Number] {
                let text = format!("x {} y", placeholder.said_as(how));
                assert_eq!(placeholders(&text), [(2..text.len() - 2, placeholder, how)], "{text}");
            }
        }
        for text in
            ["", "⟦card⟧", "⟦card 1", "card 1⟧", "⟦card +1⟧", "⟦cat 1⟧", "⟦card 1:x⟧", "⟦card 1⟧ ", "⟦⟦⟧⟧"]
        {
            assert_eq!(Placeholder::parse(text), None, "{text}");
        }
        assert_eq!(placeholders("⟦card 1⟧⟦⟦email 2⟧").len(), 2);
    }
}
