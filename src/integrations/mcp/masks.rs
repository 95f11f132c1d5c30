//! Secrets of ours that a server repeats: in what it says of a failure, in a result, in a description.
//!
//! Promises: what a server was given to prove who asks comes back from it as stars, wherever its words go.
//! Never: prints what it hides.

use crate::secrets::{ExposeSecret as _, SecretString};

/// In place of a secret.
const STARS: &str = "***";
/// Shorter ones are in too many words.
const SECRET_BYTES_MIN: usize = 4;

#[derive(Clone, Debug, Default)]
pub(super) struct Masks(Vec<SecretString>);

impl Masks {
    /// Of these values, and of what stands in them behind a scheme (`Bearer …`).
    pub(super) fn new<'v>(values: impl Iterator<Item = &'v str>) -> Masks {
        let parts = values.flat_map(|value| [Some(value), value.split_once(' ').map(|(_, rest)| rest)]);
        let long = parts.flatten().filter(|part| part.len() >= SECRET_BYTES_MIN);
        Masks(long.map(|part| part.to_owned().into()).collect())
    }

    pub(super) fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose_secret(), STARS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_comes_back_is_hidden_with_its_scheme_and_without() {
        let masks = Masks::new(["Bearer sesame-canary", "abc"].into_iter());
        assert_eq!(masks.hide("no: sesame-canary"), "no: ***");
        assert_eq!(masks.hide("no: Bearer sesame-canary, abc"), "no: ***, abc");
        assert!(!format!("{masks:?}").contains("sesame"));
    }
}
