//! Words that must not print: what a caller said, what a key holds.
//!
//! Promises: neither `Debug` nor an error message shows more than a length (promise 8).
//! Never: implements `Display` or `Serialize`.

use std::fmt;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_words_do_not_print() {
        assert_eq!(format!("{:?}", Private::new("4111 1111")), "Private(9 characters)");
    }
}
