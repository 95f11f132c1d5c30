//! Secrets that a system repeats: in what it says of a failure, in a result, in a description.
//!
//! Promises: what a system was given to prove who asks comes back from it as stars, wherever its words go.
//! Never: prints what it hides.

use serde_json::{Map, Value};

use crate::secrets::{ExposeSecret as _, SecretString};

/// In place of a secret.
const STARS: &str = "***";
/// Shorter ones are in too many words.
const SECRET_BYTES_MIN: usize = 4;

#[derive(Clone, Debug, Default)]
pub(in crate::integrations) struct Masks(Vec<SecretString>);

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

    /// The same in all texts of a value; a number that is a secret becomes a text.
    pub(super) fn hide_in(&self, value: Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value,
            Value::Number(number) => {
                let text = number.to_string();
                let is_one = self.0.iter().any(|secret| secret.expose_secret() == text);
                if is_one { STARS.into() } else { Value::Number(number) }
            }
            Value::String(text) => self.hide(&text).into(),
            Value::Array(items) => items.into_iter().map(|item| self.hide_in(item)).collect(),
            Value::Object(fields) => {
                let hidden = |(name, field): (String, Value)| (self.hide(&name), self.hide_in(field));
                Value::Object(fields.into_iter().map(hidden).collect::<Map<_, _>>())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_that_comes_back_is_hidden_with_its_scheme_and_without() {
        let masks = Masks::new(["Bearer sesame-canary", "abc"].into_iter());
        assert_eq!(masks.hide("no: sesame-canary"), "no: ***");
        assert_eq!(masks.hide("no: Bearer sesame-canary, abc"), "no: ***, abc");
        assert!(!format!("{masks:?}").contains("sesame"));
    }

    #[test]
    fn a_secret_is_hidden_wherever_in_a_value_it_is() {
        let masks = Masks::new(["sesame-canary", "1234567"].into_iter());
        let said = json!({"id": 1_234_567, "n": 12, "at": ["x sesame-canary", {"sesame-canary": null}]});
        assert_eq!(masks.hide_in(said), json!({"id": "***", "n": 12, "at": ["x ***", {"***": null}]}));
    }
}
