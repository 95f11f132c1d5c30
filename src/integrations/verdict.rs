//! What an answer means: what of it is let through, and for a request with effects whether it was done.
//!
//! A request with effects that was sent is *done* only by a 2xx whose body holds all that the definition
//! expects. It is *failed* where the system says it did nothing: a 4xx (it refused the request), `success`
//! false, or 307/308 (it points elsewhere without acting). All else is *unknown*: no answer, a broken one,
//! other redirects (a 303 often follows a deed), and 5xx: a gateway's 502 or 504, or an error after the
//! commit, look the same as one before it, so only the admin can say otherwise (`not_done_on`, and `error_means` of an MCP
//! server's error). So is a 409
//! to a request with an idempotency key: it may well say that the first one is still at work.
//!
//! Promises: nobody hears *done* of a request whose answer does not show it; where a proof fails, nothing of
//! the answer is passed on.
//! Never: repeats the text of an error page to the model.

use std::collections::BTreeSet;

use centralita_core::conversation::Outcome;
use centralita_core::template::Renderer;
use serde_json::{Map, Value, json};

use super::probe::SENT;
use super::spec::{Answers, ErrorMeans, ErrorWhen, Exchange, KeyPlace};
use super::tries::Untold;
use super::verify::proves;
use crate::egress::{Answer, Unanswered};

/// For the model, where the definition has no words for it.
const NOT_DONE: &str = "the system says it did not succeed";

/// The longest name of a way to pack that is told; the registered ones are shorter.
const CODING_BYTES_MAX: usize = 20;

/// Statuses of 400 to 499 that are about who asks, or when: we are not known, a time ran out, there were too many.
const ABOUT_THE_QUESTION: [u16; 5] = [401, 407, 408, 425, 429];

/// What the answer to a read-only request lets through, or why there is nothing.
pub(super) fn learned(
    exchange: &Exchange,
    answer: &Answer,
    args: &Value,
    renderer: &Renderer,
) -> Result<Map<String, Value>, Untold> {
    let status = answer.status;
    if !(200..300).contains(&status) {
        let is_answer = (400..500).contains(&status) && !ABOUT_THE_QUESTION.contains(&status);
        let why = reason(exchange, answer, args, renderer);
        return Err(if is_answer { Untold::Absent(why) } else { Untold::Why(why) });
    }
    let vars = vars_of(exchange.answers, answer).map_err(Untold::Why)?;
    if let Some(rule) = exchange.verify.iter().find(|rule| !proves(rule, args, &vars, renderer)) {
        return Err(Untold::Unproven(rule.error.clone()));
    }
    // Whose proofs have held may hear what else is wrong.
    let is_proven = !exchange.verify.is_empty();
    let lacks = |why: String| if is_proven { Untold::Why(why) } else { Untold::Absent(why) };
    if let Some(words) = told(exchange, vars.clone(), args, renderer) {
        return Err(lacks(words));
    }
    if !succeeded(exchange, &vars, renderer).map_err(lacks)? {
        return Err(lacks(NOT_DONE.to_owned()));
    }
    mapped(exchange, &vars, renderer).map_err(lacks)
}

/// How a request with effects ended. `values` are those that were put into it.
pub(super) fn settled(
    exchange: &Exchange,
    values: &Value,
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
        Err(Unanswered::WentWrong(fault)) if exchange.error_means == ErrorMeans::NotDone => {
            return Outcome::Failed { why: fault.what };
        }
        Err(Unanswered::Sent(_) | Unanswered::WentWrong(_)) => return Outcome::Unknown,
    };
    let failed = || Outcome::Failed { why: reason(exchange, &answer, values, renderer) };
    match answer.status {
        200..=299 => done(exchange, &answer, values, renderer),
        409 if *key != KeyPlace::None => Outcome::Unknown,
        307 | 308 | 400..=499 => failed(),
        status if not_done_on.contains(&status) => failed(),
        _ => Outcome::Unknown,
    }
}

fn done(exchange: &Exchange, answer: &Answer, values: &Value, renderer: &Renderer) -> Outcome {
    if exchange.map.is_empty() && exchange.success.is_none() {
        return Outcome::Done { result: Value::Object(Map::new()) };
    }
    let Ok(vars) = vars_of(exchange.answers, answer) else { return Outcome::Unknown };
    match succeeded(exchange, &vars, renderer) {
        Ok(true) => mapped(exchange, &vars, renderer)
            .map_or(Outcome::Unknown, |result| Outcome::Done { result: Value::Object(result) }),
        Ok(false) => {
            let why = told(exchange, vars, values, renderer);
            Outcome::Failed { why: why.unwrap_or_else(|| NOT_DONE.to_owned()) }
        }
        Err(_) => Outcome::Unknown,
    }
}

/// The names an expression over an answer may use: the fields of its object. What is no object is named
/// `body`, and what is read as a text, `text`.
///
/// # Errors
/// Nothing can be read in it: why, for the model.
pub(super) fn vars_of(answers: Answers, answer: &Answer) -> Result<Value, String> {
    if !answer.packed.is_empty() {
        return Err(packed(&answer.packed));
    }
    if answers == Answers::Text {
        return Ok(json!({"text": answer.text()}));
    }
    let body = match answer.body.as_slice() {
        [] => Value::Null,
        // In whatever letters it came.
        bytes => serde_json::from_slice(bytes)
            .or_else(|_| serde_json::from_str(&answer.text()))
            .map_err(|_| "the system's answer is not JSON")?,
    };
    Ok(if body.is_object() { body } else { json!({"body": body}) })
}

/// The system's name for it, where it is one.
fn packed(coding: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ',' | ' ');
    match coding.len() <= CODING_BYTES_MAX && coding.chars().all(is_name) {
        true => format!("the system's answer is packed as {coding}, which nobody asked for"),
        false => "the system's answer is packed in a way that nobody asked for".to_owned(),
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

/// What an answer that is no 2xx means: by what it says, else by its status.
fn reason(exchange: &Exchange, answer: &Answer, values: &Value, renderer: &Renderer) -> String {
    let said = vars_of(exchange.answers, answer).ok().and_then(|vars| told(exchange, vars, values, renderer));
    said.or_else(|| exchange.errors.get(&answer.status).cloned())
        .unwrap_or_else(|| format!("the system answered with status {}", answer.status))
}

/// The words of the first condition that is true of an answer. One that looks at what is not there is not.
fn told(exchange: &Exchange, mut vars: Value, values: &Value, renderer: &Renderer) -> Option<String> {
    if exchange.errors_when.is_empty() {
        return None;
    }
    vars[SENT] = values.clone();
    let is_true = |of: &&ErrorWhen| renderer.holds(&of.when, &vars).unwrap_or(false);
    exchange.errors_when.iter().find(is_true).map(|of| of.error.clone())
}

#[cfg(test)]
mod tests {
    use centralita_core::language::Language;

    use super::*;
    use crate::integrations::{Method, Rule};

    fn answer(status: u16, body: &Value) -> Answer {
        Answer::of(status, body.to_string().into_bytes())
    }

    /// An exchange that lets `state` through, with these conditions.
    fn exchange(errors_when: &[(&str, &str)]) -> Exchange {
        let errors_when = errors_when
            .iter()
            .map(|(when, error)| ErrorWhen { when: (*when).into(), error: (*error).into() });
        Exchange { errors_when: errors_when.collect(), ..plain() }
    }

    fn plain() -> Exchange {
        Exchange {
            method: Method::Get,
            path: "/".into(),
            query: [].into(),
            headers: [].into(),
            body: None,
            map: [("state".to_owned(), "state".to_owned())].into(),
            success: Some("ok".into()),
            answers: Answers::Json,
            verify: Vec::new(),
            errors: [(400, "by its status".to_owned())].into(),
            errors_when: Vec::new(),
            sample: None,
            called: None,
            error_means: ErrorMeans::Unknown,
            step: None,
        }
    }

    #[test]
    fn the_first_condition_that_is_true_says_why_whatever_the_status() {
        let renderer = Renderer::new(Language::English, "USD");
        let exchange = exchange(&[
            ("days[sent.day] | length == 0", "that day is full"),
            ("error.code == 'spent'", "it was paid back already"),
            ("ok", "never reached where a proof or a condition before it speaks"),
        ]);
        let sent = json!({"day": "2026-12-01"});
        for (status, body, want) in [
            (200, json!({"days": {"2026-12-01": []}, "ok": true}), "that day is full"),
            (400, json!({"error": {"code": "spent"}}), "it was paid back already"),
            (400, json!({"error": {"code": "other"}}), "by its status"),
            (500, json!({"ok": true}), "never reached where a proof or a condition before it speaks"),
            (502, json!("<html>"), "the system answered with status 502"),
            (200, json!({"ok": false, "state": "x"}), NOT_DONE),
        ] {
            let got = learned(&exchange, &answer(status, &body), &sent, &renderer);
            assert_eq!(got.map_err(Untold::why), Err(want.to_owned()));
        }
    }

    #[test]
    fn what_a_condition_says_changes_no_outcome() {
        let renderer = Renderer::new(Language::English, "USD");
        let exchange = exchange(&[("true", "words")]);
        let failed = || Outcome::Failed { why: "words".to_owned() };
        for (status, body, want) in [
            (200, json!({"ok": true, "state": "x"}), Outcome::Done { result: json!({"state": "x"}) }),
            (200, json!({"ok": true}), Outcome::Unknown),
            (200, json!({"ok": false}), failed()),
            (422, json!({}), failed()),
            (500, json!({}), Outcome::Unknown),
        ] {
            let got = settled(
                &exchange,
                &json!({}),
                &KeyPlace::None,
                &[].into(),
                Ok(answer(status, &body)),
                &renderer,
            );
            assert_eq!(got, want, "{status} {body}");
        }
    }

    #[test]
    fn a_proof_that_fails_speaks_before_every_condition() {
        let renderer = Renderer::new(Language::English, "USD");
        let rule = Rule {
            parameter: "pin".into(),
            compare: crate::integrations::Compare::Equals,
            held: "pin".into(),
            country: None,
            error: "that does not fit".into(),
        };
        let exchange = Exchange { verify: vec![rule], ..exchange(&[("true", "there is no such order")]) };
        let got = learned(&exchange, &answer(200, &json!({})), &json!({"pin": "1"}), &renderer);
        assert_eq!(got, Err(Untold::Unproven("that does not fit".to_owned())));
    }
}
