//! What passes between us and a system, for a person who tries a tool out.
//!
//! Promises: what is shown is what was sent and what came back, by the same code as in a call, with our secrets as stars;
//! nothing that is sent is other for being watched.
//! Never: is there in a call; prints what it holds.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use centralita_core::template::Renderer;
use reqwest::Request;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::far::Live;
use super::masks::{Masks, STARS};
use super::request::Called;
use super::spec::{Compare, Exchange};
use super::tries::Untold;
use super::verdict::{learned, vars_of};
use super::verify::proves;
use crate::egress::{Answer, Purpose, Unanswered};

/// Watches the connections of a toolbox. A clone watches the same.
#[derive(Clone, Default)]
pub struct Tap(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    passed: Vec<Passed>,
    masks: Masks,
}

/// One request, and what came of it.
#[derive(Clone)]
pub struct Passed {
    pub request: Shown,
    pub purpose: Purpose,
    /// What came back, or why nothing.
    pub answer: Result<CameBack, String>,
    pub took: Duration,
    /// What its answer proves of who is asking.
    pub proofs: Vec<Proof>,
    /// What of a read-only answer was let through, or for the model why nothing.
    pub learned: Option<Result<Map<String, Value>, String>>,
}

/// A request as it goes out, secrets as stars.
#[derive(Clone, Default)]
pub struct Shown {
    /// `GET`; of an MCP server's tool `tools/call NAME`.
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// What came back, secrets as stars.
#[derive(Clone)]
pub struct CameBack {
    pub status: u16,
    pub content_type: String,
    pub bytes: usize,
    pub body: String,
}

/// One proof over an answer.
#[derive(Clone)]
pub struct Proof {
    pub parameter: String,
    pub compare: &'static str,
    /// The expression that finds what the system holds.
    pub held: String,
    pub holds: bool,
}

macro_rules! unprinted {
    ($($name:ident),*) => {$(
        /// A caller's words, or somebody's data, are in it.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}
unprinted!(Tap, Passed, Shown, CameBack, Proof);

impl Tap {
    /// Hides these wherever they are shown.
    pub(super) fn hiding<'v>(values: impl Iterator<Item = &'v str>) -> Tap {
        Tap(Arc::new(Mutex::new(Held { passed: Vec::new(), masks: Masks::new(values) })))
    }

    /// What has passed so far, in order.
    #[must_use]
    pub fn passed(&self) -> Vec<Passed> {
        self.held().passed.clone()
    }

    /// The text with our secrets as stars.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        self.held().masks.hide(text)
    }

    /// The same for a JSON tree.
    #[must_use]
    pub fn hide_in(&self, tree: Value) -> Value {
        self.held().masks.hide_in(tree)
    }

    /// A request on its way out.
    pub(super) fn request(&self, request: &Request) -> Shown {
        let mut held = self.held();
        let sensitive = request.headers().values().filter(|value| value.is_sensitive());
        sensitive.filter_map(|value| value.to_str().ok()).for_each(|value| held.masks.add(value));
        let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
            let text = String::from_utf8_lossy(value.as_bytes());
            let text = if value.is_sensitive() { STARS.to_owned() } else { held.masks.hide(&text) };
            (name.to_string(), text)
        };
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        Shown {
            method: request.method().to_string(),
            url: held.masks.hide(request.url().as_str()),
            headers: request.headers().iter().map(header).collect(),
            body: held.masks.hide(&String::from_utf8_lossy(body)),
        }
    }

    /// A call of an MCP server's tool on its way out; what stands around it is the protocol's.
    pub(super) fn call(&self, called: &Called, live: &Live) -> Shown {
        let masks = &self.held().masks;
        Shown {
            method: format!("tools/call {}", called.tool),
            url: masks.hide(live.base.as_str()),
            headers: Vec::new(),
            body: masks.hide(&Value::Object(called.arguments.clone()).to_string()),
        }
    }

    /// What came of a request. `secrets`: what of its answer only later requests may hold.
    pub(super) fn came(
        &self,
        (request, purpose): (Shown, Purpose),
        began: Instant,
        answered: &Result<Answer, Unanswered>,
        secrets: &[String],
    ) {
        let mut held = self.held();
        secrets.iter().for_each(|secret| held.masks.add(secret));
        let answer = match answered {
            Ok(answer) => Ok(CameBack {
                status: answer.status,
                content_type: answer.content_type.clone(),
                bytes: answer.body.len(),
                body: held.masks.hide_answer(answer.clone()).text(),
            }),
            Err(unanswered) => Err(held.masks.hide(&unanswered.fault().what)),
        };
        let took = began.elapsed();
        held.passed.push(Passed { request, purpose, answer, took, proofs: Vec::new(), learned: None });
    }

    fn learned(&self, proofs: Vec<Proof>, result: &Result<Map<String, Value>, Untold>) {
        let mut held = self.held();
        let result = match result {
            Ok(map) => Ok(map
                .iter()
                .map(|(name, value)| (name.clone(), held.masks.hide_in(value.clone())))
                .collect()),
            Err(untold) => Err(held.masks.hide(&untold.clone().why())),
        };
        if let Some(last) = held.passed.last_mut() {
            last.proofs = proofs;
            last.learned = Some(result);
        }
    }

    // A list of finished values is whole even if a holder panicked.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    /// What a read-only answer lets through, noted where somebody watches.
    pub(super) fn learned(
        &self,
        exchange: &Exchange,
        answer: &Answer,
        known: &Value,
        renderer: &Renderer,
    ) -> Result<Map<String, Value>, Untold> {
        let result = learned(exchange, answer, known, renderer);
        if let Some(tap) = &self.tap {
            tap.learned(proofs(exchange, answer, known, renderer), &result);
        }
        result
    }
}

/// What each proof comes to, where there is an answer to look at.
fn proofs(exchange: &Exchange, answer: &Answer, known: &Value, renderer: &Renderer) -> Vec<Proof> {
    let vars = vars_of(exchange.answers, answer).ok().filter(|_| (200..300).contains(&answer.status));
    let Some(vars) = vars else { return Vec::new() };
    let proof = |rule: &super::spec::Rule| Proof {
        parameter: rule.parameter.clone(),
        compare: word(&rule.compare),
        held: rule.held.clone(),
        holds: proves(rule, known, &vars, renderer),
    };
    exchange.verify.iter().map(proof).collect()
}

/// As a definition writes it.
fn word(compare: &Compare) -> &'static str {
    match compare {
        Compare::Equals => "equals",
        Compare::EqualsIgnoreCase => "equals_ignore_case",
        Compare::EqualsDigits => "equals_digits",
        Compare::EqualsPhone => "equals_phone",
        Compare::Contains => "contains",
        Compare::Matches(_) => "matches",
        Compare::OneOf => "one_of",
    }
}
