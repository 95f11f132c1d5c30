//! Secrets of ours that come back: in what a server says of a failure, in a result, in a description; and in what somebody
//! is shown of a request.
//!
//! Promises: what a system was given to prove who asks is stars wherever its words are shown, as it is and in the forms
//! that addresses and JSON give it.
//! Never: prints what it hides.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use crate::secrets::{ExposeSecret as _, SecretString};

/// In place of a secret.
pub(super) const STARS: &str = "***";
/// Shorter ones are in too many words.
const SECRET_BYTES_MIN: usize = 4;

#[derive(Clone, Debug, Default)]
pub(super) struct Masks(Vec<SecretString>);

impl Masks {
    /// Of these values, and of what stands in them behind a scheme (`Bearer …`).
    pub(super) fn new<'v>(values: impl Iterator<Item = &'v str>) -> Masks {
        let mut masks = Masks::default();
        values.for_each(|value| masks.add(value));
        masks
    }

    pub(super) fn add(&mut self, value: &str) {
        let rest = value.split_once(' ').map(|(_, rest)| rest);
        // RFC 7617: a password comes back by itself.
        let pair =
            rest.and_then(|rest| STANDARD.decode(rest).ok()).and_then(|pair| String::from_utf8(pair).ok());
        let password = pair.as_deref().and_then(|pair| pair.split_once(':')).map(|(_, password)| password);
        [Some(value), rest, password].into_iter().flatten().for_each(|part| self.keep(part));
        // A secret that begins with another one is hidden as a whole.
        self.0.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
    }

    fn keep(&mut self, part: &str) {
        if part.len() < SECRET_BYTES_MIN {
            return;
        }
        let in_form: String = byte_serialize(part.as_bytes()).collect();
        let in_path = in_form.replace('+', "%20").replace("%7E", "~").replace('*', "%2A");
        let in_json = Value::from(part).to_string();
        let in_json = in_json.trim_matches('"').to_owned();
        for form in [part.to_owned(), in_form, in_path, in_json] {
            if self.0.iter().all(|known| known.expose_secret() != form) {
                self.0.push(form.into());
            }
        }
    }

    pub(super) fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose_secret(), STARS))
    }

    /// The same for every text of a JSON tree.
    pub(super) fn hide_in(&self, tree: Value) -> Value {
        match tree {
            Value::String(text) => Value::String(self.hide(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.hide_in(item)).collect(),
            Value::Object(fields) => {
                fields.into_iter().map(|(name, field)| (self.hide(&name), self.hide_in(field))).collect()
            }
            Value::Number(number) if self.hide(&number.to_string()) != number.to_string() => STARS.into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => tree,
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
    fn a_secret_is_hidden_in_the_forms_of_addresses_and_json_and_as_a_password_of_its_own() {
        let masks = Masks::new(["a b~\"c", "Basic c2hvcDpvcGVuIHNlc2FtZQ==", "12345"].into_iter());
        for shown in [
            "a+b%7E%22c",
            "a%20b~%22c",
            "a b~\\\"c",
            "open sesame",
            "open+sesame",
            "Basic c2hvcDpvcGVuIHNlc2FtZQ==",
        ] {
            assert_eq!(masks.hide(&format!("x={shown};")), "x=***;", "{shown}");
        }
        let tree = json!({"key": 12345, "who": ["a b~\"c", 1], "total": 1});
        assert_eq!(masks.hide_in(tree), json!({"key": "***", "who": ["***", 1], "total": 1}));
    }
}
