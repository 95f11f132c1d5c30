//! What an answer means: what of it is let through, and for a request with effects whether it was done.
//!
//! A request with effects that was sent is *done* only by a 2xx whose body holds all that the definition
//! expects. It is *failed* where the system says it did nothing: a 4xx (it refused the request), `success`
//! false, or 307/308 (it points elsewhere without acting). All else is *unknown*: no answer, a broken one,
//! other redirects (a 303 often follows a deed), and 5xx: a gateway's 502 or 504, or an error after the
//! commit, look the same as one before it, so only the admin can say otherwise (`not_done_on`). So is a 409
//! to a request with an idempotency key: it may well say that the first one is still at work.
//!
//! Promises: nobody hears *done* of a request whose answer does not show it; where a proof fails, nothing of
//! the answer is passed on.
//! Never: repeats the text of an error page to the model.

use std::collections::BTreeSet;

use centralita_core::conversation::Outcome;
use centralita_core::template::Renderer;
use serde_json::{Map, Value, json};

use super::spec::{Answers, Exchange, KeyPlace};
use super::verify::proves;
use crate::egress::{Answer, Unanswered};

/// Why nothing is let through of what was asked, in words for the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unlearned {
    /// What the caller said is not what the system holds.
    Unproven(String),
    /// The system has answered: it has no such thing, or nothing that was looked for.
    Absent(String),
    /// It was not asked, or has not answered what it was asked.
    Broken(String),
}

impl Unlearned {
    pub(super) fn why(self) -> String {
        match self {
            Unlearned::Unproven(why) | Unlearned::Absent(why) | Unlearned::Broken(why) => why,
        }
    }

    /// Of a request that is to prove something: that there is no such record is the same as another one's.
    pub(super) fn as_unproven(self, words: &str) -> Unlearned {
        match self {
            Unlearned::Unproven(_) | Unlearned::Absent(_) => Unlearned::Unproven(words.to_owned()),
            Unlearned::Broken(_) => self,
        }
    }
}

/// Statuses of 400 to 499 that are about who asks, or when: we are not known, a time ran out, there were too many.
const ABOUT_THE_QUESTION: [u16; 5] = [401, 407, 408, 425, 429];

/// What the answer to a read-only request lets through, or why there is nothing.
pub(super) fn learned(
    exchange: &Exchange,
    answer: &Answer,
    args: &Value,
    renderer: &Renderer,
) -> Result<Map<String, Value>, Unlearned> {
    let status = answer.status;
    if !(200..300).contains(&status) {
        let is_answer = (400..500).contains(&status) && !ABOUT_THE_QUESTION.contains(&status);
        let why = reason(exchange, status);
        return Err(if is_answer { Unlearned::Absent(why) } else { Unlearned::Broken(why) });
    }
    let broken = |why: &str| Unlearned::Broken(why.to_owned());
    let vars = vars_of(exchange.answers, answer).ok_or_else(|| broken(unreadable(exchange.answers)))?;
    if let Some(rule) = exchange.verify.iter().find(|rule| !proves(rule, args, &vars, renderer)) {
        return Err(Unlearned::Unproven(rule.error.clone()));
    }
    // Whose proofs have held may hear what else is wrong.
    let is_proven = !exchange.verify.is_empty();
    let lacks = |why: String| if is_proven { Unlearned::Broken(why) } else { Unlearned::Absent(why) };
    if !succeeded(exchange, &vars, renderer).map_err(lacks)? {
        return Err(lacks("the system says it did not succeed".to_owned()));
    }
    mapped(exchange, &vars, renderer).map_err(lacks)
}

/// How a request with effects ended.
pub(super) fn settled(
    exchange: &Exchange,
    key: &KeyPlace,
    not_done_on: &BTreeSet<u16>,
    answer: Result<Answer, Unanswered>,
    renderer: &Renderer,
) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(Unanswered::NotSent(fault) | Unanswered::Refused(fault)) => {
            return Outcome::Failed { why: fault.what };
        }
        Err(Unanswered::Sent(_) | Unanswered::WentWrong(_)) => return Outcome::Unknown,
    };
    let failed = || Outcome::Failed { why: reason(exchange, answer.status) };
    match answer.status {
        200..=299 => done(exchange, &answer, renderer),
        409 if *key != KeyPlace::None => Outcome::Unknown,
        307 | 308 | 400..=499 => failed(),
        status if not_done_on.contains(&status) => failed(),
        _ => Outcome::Unknown,
    }
}

fn done(exchange: &Exchange, answer: &Answer, renderer: &Renderer) -> Outcome {
    if exchange.map.is_empty() && exchange.success.is_none() {
        return Outcome::Done { result: Value::Object(Map::new()) };
    }
    let Some(vars) = vars_of(exchange.answers, answer) else { return Outcome::Unknown };
    match succeeded(exchange, &vars, renderer) {
        Ok(true) => mapped(exchange, &vars, renderer)
            .map_or(Outcome::Unknown, |result| Outcome::Done { result: Value::Object(result) }),
        Ok(false) => Outcome::Failed { why: "the system says it did not succeed".to_owned() },
        Err(_) => Outcome::Unknown,
    }
}

/// The names an expression over an answer may use: the fields of its object. What is no object is named
/// `body`, and what is read as a text, `text`.
pub(super) fn vars_of(answers: Answers, answer: &Answer) -> Option<Value> {
    if answers == Answers::Text {
        return Some(json!({"text": answer.text()}));
    }
    let body = match answer.body.as_slice() {
        [] => Value::Null,
        // In whatever letters it came.
        bytes => serde_json::from_slice(bytes).or_else(|_| serde_json::from_str(&answer.text())).ok()?,
    };
    Some(if body.is_object() { body } else { json!({"body": body}) })
}

pub(super) fn unreadable(answers: Answers) -> &'static str {
    match answers {
        Answers::Json => "the system's answer is not JSON",
        Answers::Text => "the system's answer is no text",
    }
}

fn succeeded(exchange: &Exchange, vars: &Value, renderer: &Renderer) -> Result<bool, String> {
    exchange
        .success
        .as_ref()
        .map_or(Ok(true), |condition| renderer.holds(condition, vars))
        .map_err(|f| f.what)
}

pub(super) fn mapped(
    exchange: &Exchange,
    vars: &Value,
    renderer: &Renderer,
) -> Result<Map<String, Value>, String> {
    let value = |(name, expression): (&String, &String)| {
        let value =
            renderer.eval(expression, vars).map_err(|_| format!("the system's answer holds no `{name}`"))?;
        Ok((name.clone(), value))
    };
    exchange.map.iter().map(value).collect()
}

fn reason(exchange: &Exchange, status: u16) -> String {
    exchange
        .errors
        .get(&status)
        .cloned()
        .unwrap_or_else(|| format!("the system answered with status {status}"))
}
