//! Values that nobody is asked for: constants, what the call knows of itself, the time, what earlier tools have stored,
//! secrets.
//!
//! Promises: the model supplies none of them and cannot replace one; a secret and the caller's number are in what is sent
//! alone: no question, record or model sees them.
//! Never: reads a clock of its own; prints a secret.

use centralita_core::base::{ToolName, placeholders};
use centralita_core::conversation::{Entry, Outcome, ParameterKind};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::forms::{scalar, wanted_of};
use super::registry::{CallFacts, Registry};
use super::spec::{CallFact, Given, Source, ToolSpec};
use super::toolbox::Toolbox;
use crate::secrets::ExposeSecret as _;

/// Variables of one call: far more than its tools store.
const VARIABLES_MAX: usize = 200;

/// Whether a request's secrets are put in, or their names: what a yes covers is the same for every secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrecy {
    Open,
    Named,
}

impl Registry {
    /// What the question may name and the record holds; or for the model what is missing.
    pub(super) fn given(&self, spec: &ToolSpec) -> Result<Map<String, Value>, String> {
        let mut values = Map::new();
        for given in &spec.given {
            if let Some(value) = self.given_value(given)? {
                values.insert(given.name.clone(), value);
            }
        }
        Ok(values)
    }

    fn given_value(&self, given: &Given) -> Result<Option<Value>, String> {
        let value = match &given.source {
            Source::Secret(_) | Source::Call(_) => return Ok(None),
            Source::Constant(value) => value.clone(),
            Source::Agent => self.call.agent.as_str().into(),
            Source::Language => self.toolbox.language().code().into(),
            Source::Now(zone) => self.now(zone, given.kind)?,
            Source::Variable { name, otherwise } => {
                return self.stored(given, name, otherwise.as_ref()).map(Some);
            }
        };
        Ok(Some(value))
    }

    fn stored(&self, given: &Given, variable: &str, otherwise: Option<&Value>) -> Result<Value, String> {
        let Some(value) = self.variables().get(variable).cloned() else {
            return otherwise
                .cloned()
                .ok_or_else(|| format!("`{}` is not known yet{}", given.name, self.who(variable)));
        };
        let Some(kind) = given.kind else { return Ok(value) };
        let form = scalar(kind, &value, &self.toolbox.currency, None);
        form.ok_or_else(|| {
            format!("`{}`, as another tool has found it, is not {}", given.name, wanted_of(kind, None))
        })
    }

    /// Which tools would find a variable.
    fn who(&self, variable: &str) -> String {
        let tools: Vec<&str> = self.toolbox.storing(variable).map(|tool| &*tool.0).collect();
        if tools.is_empty() { String::new() } else { format!(": run {} first", tools.join(" or ")) }
    }

    fn now(&self, zone: &str, kind: Option<ParameterKind>) -> Result<Value, String> {
        let now = Timestamp::from_microsecond((self.call.now_us)()).unwrap_or(Timestamp::UNIX_EPOCH);
        written(now, zone, kind)
            .map(Value::String)
            .ok_or_else(|| format!("the time zone {zone} is not known here"))
    }

    /// Takes note of what a tool's result is to be remembered for.
    ///
    /// What it stored before does not outlive a run that found nothing: the next action is about what was asked last.
    pub(super) fn keep(&self, spec: &ToolSpec, outcome: &Outcome) {
        match outcome {
            Outcome::Done { result } => self.keep_result(spec, result),
            Outcome::Partly { .. } | Outcome::Failed { .. } | Outcome::Withheld(_) | Outcome::Unknown => {
                self.forget(spec);
            }
        }
    }

    pub(super) fn forget(&self, spec: &ToolSpec) {
        let mut variables = self.variables();
        spec.store.keys().for_each(|name| drop(variables.remove(name)));
    }

    fn keep_result(&self, spec: &ToolSpec, result: &Value) {
        for (name, expression) in &spec.store {
            let value = self.toolbox.renderer.eval(expression, result);
            let mut variables = self.variables();
            let Ok(value) = value else {
                variables.remove(name);
                continue;
            };
            if variables.len() < VARIABLES_MAX || variables.contains_key(name) {
                variables.insert(name.clone(), value);
            }
        }
    }

    /// With variables as if other tools had stored them, for who tries one out.
    #[must_use]
    pub fn with_variables(self, variables: Map<String, Value>) -> Registry {
        self.variables().extend(variables);
        self
    }

    /// What the call's tools have stored so far.
    #[must_use]
    pub fn stored_variables(&self) -> Map<String, Value> {
        self.variables().clone()
    }

    /// What the tools of a conversation that goes on elsewhere have stored: their results are in its history.
    pub fn remember(&self, history: &[Entry]) {
        for entry in history {
            let Entry::Tool { tool, outcome, .. } = entry else { continue };
            let Ok((spec, _)) = self.toolbox.find(tool) else { continue };
            let is_done = outcome["status"] == "done";
            // What was private is in no memory any more, nor what follows from it: the tool has to be asked again.
            if is_done && placeholders(&outcome["result"].to_string()).is_empty() {
                self.keep_result(spec, &outcome["result"]);
            } else {
                self.forget(spec);
            }
        }
    }
}

impl Toolbox {
    /// The tools that store a variable.
    fn storing(&self, variable: &str) -> impl Iterator<Item = &ToolName> {
        self.specs().filter(move |spec| spec.store.contains_key(variable)).map(|spec| &spec.name)
    }

    /// Puts in what only a request may hold. `call_id` may be left open.
    pub(super) fn put_in_hidden(
        &self,
        spec: &ToolSpec,
        call: &CallFacts,
        call_id: &str,
        secrecy: Secrecy,
        vars: &mut Value,
    ) {
        for given in &spec.given {
            let value = match (&given.source, secrecy) {
                (Source::Secret(name), Secrecy::Open) => {
                    self.secret(name).map_or_else(|| named(name), |secret| secret.expose_secret().to_owned())
                }
                (Source::Secret(name), Secrecy::Named) => named(name),
                (Source::Call(CallFact::Id), _) => call_id.to_owned(),
                (Source::Call(CallFact::From), _) => call.from.clone(),
                (Source::Call(CallFact::To), _) => call.to.clone(),
                // The same wish a minute later is the same wish.
                (Source::Now(zone), Secrecy::Named) => {
                    written(Timestamp::UNIX_EPOCH, zone, given.kind).unwrap_or_default()
                }
                (Source::Now(_), Secrecy::Open)
                | (Source::Constant(_) | Source::Agent | Source::Language | Source::Variable { .. }, _) => {
                    continue;
                }
            };
            vars[&given.name] = Value::String(value);
        }
    }
}

/// What stands for a secret where it must not be.
fn named(secret: &str) -> String {
    format!("⟨secret {secret}⟩")
}

/// A moment as RFC 3339 with the zone's offset, or its date or its time of day there.
fn written(now: Timestamp, zone: &str, kind: Option<ParameterKind>) -> Option<String> {
    let there = now.to_zoned(TimeZone::get(zone).ok()?);
    Some(match kind {
        Some(ParameterKind::Date) => there.strftime("%Y-%m-%d").to_string(),
        Some(ParameterKind::Time) => there.strftime("%H:%M").to_string(),
        Some(_) | None => there.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    })
}

/// Whether a time zone is known here.
#[must_use]
pub fn is_time_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}
