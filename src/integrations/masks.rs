//! Secrets of ours that a system repeats: in an answer, in what it says of a failure, in a description.
//!
//! Promises: what went out to prove who asks, or as a secret of a request, comes back as stars, wherever its words go.
//! Never: prints what it hides.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use centralita_core::base::Fault;
use serde_json::Value;

use crate::egress::{Answer, Unanswered};
use crate::secrets::{ExposeSecret as _, SecretString};

/// In place of a secret.
const STARS: &str = "***";
/// Shorter ones are in too many words.
const SECRET_BYTES_MIN: usize = 4;
/// Of tokens that are renewed the last ones, with and without their scheme: an answer may come behind the next one.
const LEARNED_MAX: usize = 8;
/// RFC 7617.
const BASIC: &str = "Basic ";

/// Clones learn together.
#[derive(Clone, Debug, Default)]
pub(super) struct Masks {
    known: Vec<SecretString>,
    learned: Arc<Mutex<VecDeque<SecretString>>>,
}

impl Masks {
    /// Of these values, and of what stands in them behind a scheme (`Bearer …`).
    pub(super) fn new<'v>(values: impl Iterator<Item = &'v str>) -> Masks {
        Masks::default().and(values)
    }

    /// The same, and more.
    pub(super) fn and<'v>(&self, values: impl Iterator<Item = &'v str>) -> Masks {
        let mut known = self.known.clone();
        known.extend(values.flat_map(parts).map(SecretString::from));
        // The longest first: a part of one would leave the rest of it.
        known.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        Masks { known, learned: Arc::clone(&self.learned) }
    }

    /// One more that was sent: a token that was fetched.
    pub(super) fn learn(&self, value: &str) {
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        for part in parts(value) {
            if learned.iter().any(|known| *known.expose_secret() == *part) {
                continue;
            }
            if learned.len() == LEARNED_MAX {
                learned.pop_front();
            }
            learned.push_back(part.into());
        }
    }

    pub(super) fn hide(&self, text: &str) -> String {
        let mut hidden = text.to_owned();
        let learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        for secret in self.known.iter().chain(learned.iter()) {
            if hidden.contains(secret.expose_secret()) {
                hidden = hidden.replace(secret.expose_secret(), STARS);
            }
        }
        hidden
    }

    /// An answer without them, however they are written in it.
    pub(super) fn hide_in(&self, answer: Answer) -> Answer {
        let text = answer.text();
        // Escapes of JSON are seen through only where it is read.
        if !text.contains('\\') && self.hide(&text) == text {
            return answer;
        }
        let hidden = match serde_json::from_str::<Value>(&text) {
            Ok(tree) => {
                let hidden = self.hide_in_tree(tree.clone());
                if hidden == tree { text.clone() } else { hidden.to_string() }
            }
            Err(_) => self.hide(&text),
        };
        if hidden == text {
            return answer;
        }
        // In our own letters, whatever it came in.
        Answer { body: hidden.into_bytes(), content_type: String::new(), ..answer }
    }

    /// The same of what is said of a failure.
    pub(super) fn hide_of(&self, unanswered: Unanswered) -> Unanswered {
        let of = |fault: Fault| Fault { what: self.hide(&fault.what), ..fault };
        match unanswered {
            Unanswered::NotSent(fault) => Unanswered::NotSent(of(fault)),
            Unanswered::Sent(fault) => Unanswered::Sent(of(fault)),
            Unanswered::Refused(fault) => Unanswered::Refused(of(fault)),
            Unanswered::WentWrong(fault) => Unanswered::WentWrong(of(fault)),
        }
    }

    fn hide_in_tree(&self, tree: Value) -> Value {
        match tree {
            Value::String(text) => Value::String(self.hide(&text)),
            Value::Number(number) => {
                let text = number.to_string();
                let hidden = self.hide(&text);
                if hidden == text { Value::Number(number) } else { Value::String(hidden) }
            }
            Value::Array(items) => items.into_iter().map(|item| self.hide_in_tree(item)).collect(),
            Value::Object(fields) => {
                let hidden =
                    fields.into_iter().map(|(name, field)| (self.hide(&name), self.hide_in_tree(field)));
                Value::Object(hidden.collect())
            }
            Value::Null | Value::Bool(_) => tree,
        }
    }
}

/// A value that goes out, in all the forms in which it could come back: with its scheme and without, and of a user and a
/// password both and each of the latter.
fn parts(value: &str) -> Vec<String> {
    let mut parts = vec![value.to_owned()];
    parts.extend(value.split_once(' ').map(|(_, rest)| rest.to_owned()));
    let pair = value.strip_prefix(BASIC).and_then(|pair| STANDARD.decode(pair).ok());
    if let Some(pair) = pair.and_then(|pair| String::from_utf8(pair).ok()) {
        parts.extend(pair.split_once(':').map(|(_, password)| password.to_owned()));
        parts.push(pair);
    }
    parts.retain(|part| part.len() >= SECRET_BYTES_MIN);
    parts
}

/// Of what a request holds that must not print: its headers that are marked so.
pub(super) fn sent(request: &reqwest::Request) -> Vec<&str> {
    let secret = request.headers().values().filter(|value| value.is_sensitive());
    secret.filter_map(|value| value.to_str().ok()).collect()
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

    #[test]
    fn a_password_is_hidden_alone_and_a_token_once_it_is_known() {
        let masks =
            Masks::new([format!("Basic {}", STANDARD.encode("shop:open-sesame")).as_str()].into_iter());
        assert_eq!(masks.hide("user shop, password open-sesame"), "user shop, password ***");
        let clone = masks.clone();
        assert_eq!(clone.hide("you sent token-canary"), "you sent token-canary");
        masks.learn("Bearer token-canary");
        assert_eq!(clone.hide("you sent token-canary"), "you sent ***");
    }

    #[test]
    fn an_answer_has_no_secret_in_whatever_letters() {
        let masks = Masks::new(["canary/1234", "998877"].into_iter());
        let hidden = |answer: Answer| String::from_utf8(masks.hide_in(answer).body).unwrap();
        for (body, want) in [
            (r#"{"a":"canary\/1234"}"#, r#"{"a":"***"}"#),
            (r#"{"canary/1234":["no canary\u002f1234"]}"#, r#"{"***":["no ***"]}"#),
            (r#"{"pin":998877}"#, r#"{"pin":"***"}"#),
            (r#"{"pin":998878}"#, r#"{"pin":998878}"#),
            ("<a>canary/1234</a>", "<a>***</a>"),
        ] {
            assert_eq!(hidden(Answer::of(200, body.as_bytes().to_vec())), want);
        }
        let wide = "canary/1234".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let wide = Answer { content_type: "text/plain; charset=utf-16le".into(), ..Answer::of(200, wide) };
        assert_eq!(hidden(wide), "***");
        let other =
            Answer { content_type: "text/plain; charset=latin1".into(), ..Answer::of(200, vec![0xe9]) };
        assert_eq!(masks.hide_in(other).text(), "é", "what holds none stays as it came");
    }
}
