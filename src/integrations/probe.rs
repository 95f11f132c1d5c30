//! Asking what became of a request with effects that left and was not answered.
//!
//! "Not there" right after a timeout proves nothing: a slow system may still do it. So it counts only after the time that
//! the admin wrote, from when the last request of that key has left for sure; without one it never counts.
//!
//! Promises: nothing is asked that could change anything; only what the system says plainly is a finding, and all else
//! leaves it open; a private value that is not known any more is asked about by nobody.
//! Never: sends a request again; prints what a caller said.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use centralita_core::base::{Fault, Millis, ToolName, placeholders};
use centralita_core::conversation::Outcome;
use centralita_core::template::Renderer;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::far::Live;
use super::given::Secrecy;
use super::registry::{CallFacts, Registry};
use super::spec::{Body, Exchange, Probe, ToolSpec};
use super::steps::{Known, Run, STEPS};
use super::toolbox::Toolbox;
use super::tries::{Untold, ask};
use super::verdict::{mapped, vars_of};
use crate::egress::Answer;

/// How long one question may take: it only reads, and a caller or a start may wait for it.
pub const PROBE_QUESTION: Duration = Duration::from_secs(5);

/// What a finding begins with in a record.
const PROBE: &str = "probe: ";

/// The name of the idempotency key in a probe's request.
pub(crate) const KEY: &str = "key";
/// What was sent, in a probe's conditions: beside the answer's own fields, which no value of ours may stand for.
pub(crate) const SENT: &str = "sent";

/// A request with effects that has left, as far as a probe may name it.
#[derive(Clone)]
pub struct Sent {
    pub tool: ToolName,
    pub call: CallFacts,
    /// The arguments in their one form, and what the read-only steps mapped.
    pub values: Map<String, Value>,
    /// The idempotency key that went along.
    pub key: Option<String>,
    /// The place of the step among those of its tool that have effects.
    pub step: u32,
}

/// What a caller said does not print.
impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sent({} of {})", self.tool, self.call.id)
    }
}

/// What a probe came to. Displayed, it can stand in a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    Done {
        result: Value,
    },
    /// The system says so.
    Failed,
    /// It is not there, so long after it was sent that it will not come.
    Absent,
    /// Nothing is known; why, without a caller's words.
    Open(String),
    /// What would have to be named, a private value or what an earlier step found, is in no memory any more: it can never be
    /// asked. What that was called, without a caller's words.
    Lost(String),
}

impl Finding {
    /// What stands on record beside an outcome once this is found: what stood there, less what a probe said before.
    #[must_use]
    pub fn beside(&self, detail: &str) -> String {
        let (own, _) = detail.split_once(PROBE).unwrap_or((detail, ""));
        let own = own.trim_end_matches(", ");
        if own.is_empty() { self.to_string() } else { format!("{own}, {self}") }
    }

    /// What was said, and why it counts for nothing.
    #[must_use]
    pub fn doubted(&self, why: &str) -> Finding {
        let said = self.to_string();
        let said = said.strip_prefix(PROBE).unwrap_or(&said);
        Finding::Open(format!("{said}, which proves nothing: {why}"))
    }

    /// What became of the action, where that is known now.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        let failed = |why: &str| Some(Outcome::Failed { why: why.to_owned() });
        match self {
            Finding::Done { result } => Some(Outcome::Done { result: result.clone() }),
            Finding::Failed => failed("the system was asked, and says that it was not done"),
            Finding::Absent => failed("the system was asked, and has not done it"),
            Finding::Open(_) | Finding::Lost(_) => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PROBE)?;
        match self {
            Finding::Done { .. } => f.write_str("it is done"),
            Finding::Failed => f.write_str("it was not done"),
            Finding::Absent => f.write_str("it is not there, so long after it was sent"),
            Finding::Open(why) => f.write_str(why),
            Finding::Lost(name) => {
                write!(f, "it cannot be asked: what {name} stood for is not known any more")
            }
        }
    }
}

/// Pauses between questions about one thing: each twice as long as the one before, up to a longest.
#[derive(Clone, Copy, Debug)]
pub struct Pauses {
    next: Duration,
    longest: Duration,
}

impl Pauses {
    #[must_use]
    pub fn new(first: Duration, longest: Duration) -> Pauses {
        Pauses { next: first, longest }
    }

    /// The pause that is due, and the next time a longer one.
    pub fn pause(&mut self) -> Duration {
        let longer = self.longest.min(self.next.saturating_mul(2));
        std::mem::replace(&mut self.next, longer)
    }
}

impl Toolbox {
    /// Asks once, until then at most. `age` is how long ago the last request of that key was about to leave. None where the
    /// tool has no probe, or is not there.
    pub async fn probe(&self, sent: &Sent, age: Duration, until: Instant) -> Option<Finding> {
        let (spec, live) = self.find(&sent.tool).ok()?;
        let probe = spec.act_at(sent.step)?.probe?;
        // The disk and a slow line are part of a tool's time: its last byte may have left at the end of that.
        let age = age.saturating_sub(Duration::from_millis(u64::from(spec.timeout.0)));
        let asked = self.asks(spec, probe, live, sent, age, until.min(Instant::now() + PROBE_QUESTION)).await;
        Some(asked.unwrap_or_else(Finding::Open))
    }

    /// Whether this step of a tool can be asked about at all.
    #[must_use]
    pub fn has_probe(&self, tool: &ToolName, step: u32) -> bool {
        self.find(tool).is_ok_and(|(spec, _)| spec.act_at(step).is_some_and(|act| act.probe.is_some()))
    }

    /// Whether more steps with effects come after this one.
    #[must_use]
    pub fn is_followed(&self, tool: &ToolName, step: u32) -> bool {
        self.find(tool).is_ok_and(|(spec, _)| step < spec.last_place())
    }

    /// What became of the whole, by what became of the step that was sent last.
    #[must_use]
    pub fn whole(&self, sent: &Sent, outcome: Outcome) -> Outcome {
        match self.find(&sent.tool) {
            Ok((spec, live)) => Run { toolbox: self, spec, live, call: &sent.call, memory: None }.whole(
                sent.step,
                &sent.values,
                outcome,
            ),
            Err(_) => outcome,
        }
    }

    /// Whether a finding is of the very request that had the key, whatever else has changed: the probe asks for it, or the
    /// condition that decided compares it. That something is not there is no such finding: it may be sought elsewhere.
    #[must_use]
    pub fn is_proved_by_key(&self, tool: &ToolName, step: u32, finding: &Finding) -> bool {
        let act = self.find(tool).ok().and_then(|(spec, _)| spec.act_at(step));
        let Some(probe) = act.and_then(|act| act.probe) else { return false };
        let condition = match finding {
            Finding::Done { .. } => Some(&probe.done),
            Finding::Failed => probe.failed.as_ref(),
            Finding::Absent | Finding::Open(_) | Finding::Lost(_) => None,
        };
        let Some(condition) = condition else { return false };
        [asked_by(&probe.request, &self.renderer), compared_by(condition, &self.renderer)]
            .into_iter()
            .any(|names| names.is_ok_and(|names| names.contains(KEY)))
    }

    async fn asks(
        &self,
        spec: &ToolSpec,
        probe: &Probe,
        live: &Live,
        sent: &Sent,
        age: Duration,
        until: Instant,
    ) -> Result<Finding, String> {
        let told = |fault: Fault| fault.what;
        let named = names(probe, &self.renderer).map_err(told)?;
        if let Some(name) = lost(&named, &sent.values) {
            return Ok(Finding::Lost(name));
        }
        let run = Run { toolbox: self, spec, live, call: &sent.call, memory: None };
        let mut known = Known::new(values(sent));
        // A request that cannot be read names nothing, and is told below.
        let named = |request: &Exchange| named_in(request, &self.renderer).unwrap_or_default();
        run.secrets_for(&probe.request, named, &mut known, until).await.map_err(Untold::why)?;
        let request = run.request(&probe.request, &known)?;
        let asked = ask(live, &request, &probe.request, &self.renderer, until).await;
        let answer = asked.map_err(Untold::why)?;
        let mut sent = Value::Object(known.values);
        self.put_in_hidden(spec, run.call, run.call.id.as_str(), Secrecy::Open, &mut sent);
        finding(probe, &answer, &sent, age, &self.renderer)
    }
}

impl Registry {
    /// Whether more steps with effects come after this one.
    #[must_use]
    pub fn is_followed(&self, tool: &ToolName, step: u32) -> bool {
        self.toolbox.is_followed(tool, step)
    }
}

/// All that a probe may name of what was sent, secrets apart.
fn values(sent: &Sent) -> Map<String, Value> {
    let mut values = sent.values.clone();
    values.insert("call".to_owned(), sent.call.vars(sent.call.id.as_str()));
    if let Some(key) = &sent.key {
        values.insert(KEY.to_owned(), Value::String(key.clone()));
    }
    values
}

/// Which of these names nothing is known of any more: a private value, or a step whose answer went with its process.
fn lost(named: &BTreeSet<String>, values: &Map<String, Value>) -> Option<String> {
    let private = |(name, value): (&String, &Value)| {
        let is_named = named.iter().any(|full| first(full) == *name);
        is_named.then(|| placeholders(&value.to_string()).into_iter().next()).flatten()
    };
    if let Some((_, placeholder, _)) = values.iter().find_map(private) {
        return Some(placeholder.to_string());
    }
    let known = values.get(STEPS);
    let step = |full: &String| full.strip_prefix(STEPS)?.strip_prefix('.').map(first);
    let mut steps = named.iter().filter_map(step);
    let step = steps.find(|step| known.and_then(|known| known.get(step)).is_none())?;
    Some(format!("`{STEPS}.{step}`"))
}

/// The names of ours that a probe takes, with their fields.
fn names(probe: &Probe, renderer: &Renderer) -> Result<BTreeSet<String>, Fault> {
    let mut found = named_in(&probe.request, renderer)?;
    for condition in [Some(&probe.done), probe.failed.as_ref()].into_iter().flatten() {
        found.extend(compared_with(condition, renderer)?);
    }
    Ok(found)
}

/// Those in a request.
pub(super) fn asked_by(request: &Exchange, renderer: &Renderer) -> Result<BTreeSet<String>, Fault> {
    Ok(named_in(request, renderer)?.iter().map(|name| first(name)).collect())
}

/// The same with their fields.
pub(super) fn named_in(request: &Exchange, renderer: &Renderer) -> Result<BTreeSet<String>, Fault> {
    let Exchange { path, query, headers, body, .. } = request;
    let mut found = BTreeSet::new();
    let mut texts: Vec<&str> = vec![path];
    texts.extend(query.values().chain(headers.values()).map(String::as_str));
    match body {
        Some(Body::Json(tree)) => gather(tree, &mut texts),
        Some(Body::Form(fields) | Body::Multipart(fields)) => {
            texts.extend(fields.values().map(String::as_str))
        }
        None => {}
    }
    for text in texts {
        found.extend(renderer.variables(text)?);
    }
    Ok(found)
}

/// Those in a condition, each without its fields.
fn compared_by(condition: &str, renderer: &Renderer) -> Result<BTreeSet<String>, Fault> {
    Ok(compared_with(condition, renderer)?.iter().map(|name| first(name)).collect())
}

/// The same with their fields.
fn compared_with(condition: &str, renderer: &Renderer) -> Result<BTreeSet<String>, Fault> {
    let ours = |name: &String| name.strip_prefix(SENT)?.strip_prefix('.').map(str::to_owned);
    Ok(renderer.names(condition)?.iter().filter_map(ours).collect())
}

fn first(name: &str) -> String {
    name.split('.').next().unwrap_or_default().to_owned()
}

/// The texts of a tree.
fn gather<'t>(tree: &'t Value, texts: &mut Vec<&'t str>) {
    match tree {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| gather(item, texts)),
        Value::Object(fields) => fields.values().for_each(|field| gather(field, texts)),
    }
}

/// What an answer says, or why it says nothing.
fn finding(
    probe: &Probe,
    answer: &Answer,
    sent: &Value,
    age: Duration,
    renderer: &Renderer,
) -> Result<Finding, String> {
    if probe.absent_on.contains(&answer.status) {
        return absent(probe, age);
    }
    if !(200..300).contains(&answer.status) {
        return Err(format!("the system answered with status {}", answer.status));
    }
    let told = vars_of(probe.request.answers, answer)?;
    let mut vars = told.clone();
    vars[SENT] = sent.clone();
    let holds = |condition: &str| {
        let unfit = |_| "its conditions do not fit the system's answer".to_owned();
        renderer.holds(condition, &vars).map_err(unfit)
    };
    let failed = probe.failed.as_deref().map_or(Ok(false), holds)?;
    match (holds(&probe.done)?, failed) {
        (true, false) => {
            mapped(&probe.request, &told, renderer).map(|map| Finding::Done { result: Value::Object(map) })
        }
        (false, true) => Ok(Finding::Failed),
        (false, false) => absent(probe, age),
        (true, true) => Err("by its conditions it is both done and failed".to_owned()),
    }
}

fn absent(probe: &Probe, age: Duration) -> Result<Finding, String> {
    let is_late = |after: Millis| age >= Duration::from_millis(u64::from(after.0));
    match probe.absent_after {
        Some(after) if is_late(after) => Ok(Finding::Absent),
        Some(_) | None => Err("it is not there, which proves nothing yet".to_owned()),
    }
}

impl CallFacts {
    /// As templates name it; `id` may be left open.
    pub(super) fn vars(&self, id: &str) -> Value {
        json!({"id": id, "from": self.from, "to": self.to})
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn what_a_probe_says_stands_beside_what_was_on_record_and_in_place_of_what_it_said_before() {
        let open = Finding::Open("it is not there".to_owned());
        let once = open.beside("its process was killed");
        assert_eq!(once, "its process was killed, probe: it is not there");
        assert_eq!(Finding::Failed.beside(&once), "its process was killed, probe: it was not done");
        assert_eq!(Finding::Absent.beside(&open.beside("")), Finding::Absent.to_string());
    }

    #[test]
    fn what_a_step_found_that_is_in_no_record_is_lost() {
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let values = |tree: Value| tree.as_object().cloned().expect("it is written as a map");
        let known = values(json!({"order": "1182", "steps": {"login": {}, "book": {"id": "b1"}}}));
        assert_eq!(lost(&named(&["order", "steps.book.id", "steps.login.token"]), &known), None);
        let wanted = named(&["order", "steps.book.id"]);
        assert_eq!(lost(&wanted, &values(json!({"order": "1182"}))), Some("`steps.book`".to_owned()));
        let other = values(json!({"steps": {"login": {}}}));
        assert_eq!(lost(&wanted, &other), Some("`steps.book`".to_owned()));
    }

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let mut pauses = Pauses::new(Duration::from_secs(2), Duration::from_secs(7));
        let four: Vec<u64> = (0..4).map(|_| pauses.pause().as_secs()).collect();
        assert_eq!(four, [2, 4, 7, 7]);
    }
}
