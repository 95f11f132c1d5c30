//! Secrets of ours that come back: in what a server says of a failure, in a result, in a description; and in what somebody
//! is shown of a request.
//!
//! Promises: what a system was given to prove who asks is stars wherever its words are shown, as it is and in the forms
//! that addresses and JSON give it.
//! Never: prints what it hides.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use centralita_core::base::Fault;
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use crate::egress::{Answer, Unanswered};
use crate::secrets::{ExposeSecret as _, SecretString};

/// In place of a secret.
pub(super) const STARS: &str = "***";
/// Shorter ones are in too many words.
const SECRET_BYTES_MIN: usize = 4;

/// Of tokens that are renewed the last ones, in all their forms: an answer may come behind the next one.
const LEARNED_MAX: usize = 16;

/// Clones learn together.
#[derive(Clone, Debug, Default)]
pub(super) struct Masks {
    known: Vec<SecretString>,
    learned: Arc<Mutex<VecDeque<SecretString>>>,
}

impl Masks {
    /// Of these values, and of what stands in them behind a scheme (`Bearer …`).
    pub(super) fn new<'v>(values: impl Iterator<Item = &'v str>) -> Masks {
        let mut masks = Masks::default();
        values.for_each(|value| masks.add(value));
        masks
    }

    pub(super) fn add(&mut self, value: &str) {
        for form in forms(value) {
            if self.known.iter().all(|known| *known.expose_secret() != *form) {
                self.known.push(form.into());
            }
        }
        // A secret that begins with another one is hidden as a whole.
        self.known.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
    }

    /// The same, and more.
    pub(super) fn and<'v>(&self, values: impl Iterator<Item = &'v str>) -> Masks {
        let mut more = self.clone();
        values.for_each(|value| more.add(value));
        more
    }

    /// One more that was sent: a token that was fetched.
    pub(super) fn learn(&self, value: &str) {
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        for form in forms(value) {
            if learned.iter().any(|known| *known.expose_secret() == *form) {
                continue;
            }
            if learned.len() == LEARNED_MAX {
                learned.pop_front();
            }
            learned.push_back(form.into());
        }
    }

    pub(super) fn hide(&self, text: &str) -> String {
        let learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.known.iter().chain(learned.iter());
        all.fold(text.to_owned(), |text, secret| text.replace(secret.expose_secret(), STARS))
    }

    /// An answer without them, however they are written in it.
    pub(super) fn hide_answer(&self, answer: Answer) -> Answer {
        let text = answer.text();
        // Escapes of JSON are seen through only where it is read.
        if !text.contains('\\') && self.hide(&text) == text {
            return answer;
        }
        let hidden = match serde_json::from_str::<Value>(&text) {
            Ok(tree) => {
                let hidden = self.hide_in(tree.clone());
                if hidden == tree { text.clone() } else { hidden.to_string() }
            }
            Err(_) => self.hide(&text),
        };
        if hidden == text {
            return answer;
        }
        // In our own letters, whatever it came in.
        let kind = answer.content_type.split(';').next().unwrap_or_default().trim().to_owned();
        Answer { body: hidden.into_bytes(), content_type: kind, ..answer }
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

/// All forms in which a value could come back: with its scheme and without, its password alone, and as addresses and JSON
/// write each.
fn forms(value: &str) -> Vec<String> {
    let rest = value.split_once(' ').map(|(_, rest)| rest);
    // RFC 7617: a password comes back by itself.
    let pair = rest.and_then(|rest| STANDARD.decode(rest).ok()).and_then(|pair| String::from_utf8(pair).ok());
    let password = pair.as_deref().and_then(|pair| pair.split_once(':')).map(|(_, password)| password);
    let parts = [Some(value), rest, password].into_iter().flatten();
    parts.filter(|part| part.len() >= SECRET_BYTES_MIN).flat_map(written).collect()
}

fn written(part: &str) -> [String; 4] {
    let in_form: String = byte_serialize(part.as_bytes()).collect();
    let in_path = in_form.replace('+', "%20").replace("%7E", "~").replace('*', "%2A");
    let in_json = Value::from(part).to_string();
    [part.to_owned(), in_form, in_path, in_json.trim_matches('"').to_owned()]
}

/// Of what a request holds that must not print: its headers that are marked so.
pub(super) fn sent(request: &reqwest::Request) -> Vec<&str> {
    let secret = request.headers().values().filter(|value| value.is_sensitive());
    secret.filter_map(|value| value.to_str().ok()).collect()
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
        let hidden = |answer: Answer| {
            String::from_utf8(masks.hide_answer(answer).body).expect("what is hidden is text again")
        };
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
        assert_eq!(masks.hide_answer(other).text(), "é", "what holds none stays as it came");
    }
}
