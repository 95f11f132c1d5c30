//! The requests of one run of a tool, one after the other, and what they have found so far.
//!
//! A tool with one request is a run of one step. Steps that are named keep what they map under `steps.ID`; what is unnamed
//! (`prepare`, and a tool's only request) stands beside the arguments.
//!
//! Promises: what a step keeps secret is in later requests alone, and comes back from the system as stars; a step that fails
//! says which one it is.
//! Never: decides whether to act.

use std::collections::BTreeSet;
use std::fmt;

use centralita_core::conversation::{Outcome, Rest};
use centralita_core::template::Renderer;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::cache::Memory;
use super::far::Live;
use super::given::Secrecy;
use super::masks::Masks;
use super::probe::named_in;
use super::registry::CallFacts;
use super::request::Resolved;
use super::spec::{Act, Exchange, Step, ToolSpec};
use super::toolbox::Toolbox;
use super::tries::Untold;
use super::verdict::vars_of;
use crate::egress::Answer;

/// The name under which the values of named steps are.
pub(super) const STEPS: &str = "steps";

/// What a run knows.
#[derive(Clone, Default)]
pub(super) struct Known {
    /// What may be said and recorded: the arguments in their one form, and what the steps have mapped.
    pub(super) values: Map<String, Value>,
    secret: Vec<Secret>,
}

/// A value that only later requests may hold.
#[derive(Clone)]
struct Secret {
    step: String,
    name: String,
    value: Value,
}

/// What a caller said, and secrets, do not print.
impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Known({} values, {} secrets)", self.values.len(), self.secret.len())
    }
}

impl Known {
    pub(super) fn new(values: Map<String, Value>) -> Known {
        Known { values, secret: Vec::new() }
    }

    /// Takes what a step has mapped, and gives back what of it may be told.
    pub(super) fn take(&mut self, exchange: &Exchange, mut mapped: Map<String, Value>) -> Map<String, Value> {
        let Some(step) = &exchange.step else {
            self.values.extend(mapped.clone());
            return mapped;
        };
        for name in &step.secret {
            let value = mapped.remove(name).unwrap_or(Value::Null);
            self.secret.push(Secret { step: step.id.clone(), name: name.clone(), value });
        }
        let masks = self.masks();
        let told: Map<String, Value> =
            mapped.into_iter().map(|(name, value)| (name, masks.hide_in(value))).collect();
        let steps = self.values.entry(STEPS).or_insert_with(|| Map::new().into());
        steps[&step.id] = Value::Object(told.clone());
        told
    }

    /// A step that is left out has found nothing.
    pub(super) fn leave_out(&mut self, exchange: &Exchange) -> Map<String, Value> {
        self.take(exchange, exchange.map.keys().map(|name| (name.clone(), Value::Null)).collect())
    }

    fn masks(&self) -> Masks {
        let texts: Vec<String> = self.secret.iter().flat_map(|secret| texts(&secret.value)).collect();
        Masks::new(texts.iter().map(String::as_str))
    }

    /// Puts in what only requests may hold, or its name: what a yes covers is the same for every token.
    fn put_in_secrets(&self, secrecy: Secrecy, vars: &mut Value) {
        for Secret { step, name, value } in &self.secret {
            vars[STEPS][step][name] = match secrecy {
                Secrecy::Open => value.clone(),
                Secrecy::Named if value.is_null() => Value::Null,
                Secrecy::Named => hole(step, name).into(),
            };
        }
    }
}

/// Of an answer, whatever else is wrong with it, what only later requests may hold.
pub(super) fn secrets_in(exchange: &Exchange, answer: &Answer, renderer: &Renderer) -> Vec<String> {
    let Some(step) = exchange.step.as_ref().filter(|step| !step.secret.is_empty()) else { return Vec::new() };
    let Ok(vars) = vars_of(exchange.answers, answer) else { return Vec::new() };
    let value = |name: &String| renderer.eval(exchange.map.get(name)?, &vars).ok();
    step.secret.iter().filter_map(value).flat_map(|value| texts(&value)).collect()
}

/// All texts and numbers in a value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

/// One tool in one call, on its way through its requests.
#[derive(Clone, Copy)]
pub(super) struct Run<'r> {
    pub(super) toolbox: &'r Toolbox,
    pub(super) spec: &'r ToolSpec,
    pub(super) live: &'r Live,
    pub(super) call: &'r CallFacts,
    /// What systems have just said in this call.
    pub(super) memory: Option<Memory<'r>>,
}

impl Run<'_> {
    /// Sends a request that changes nothing, and takes what its answer lets through; a step whose condition is false is left
    /// out.
    pub(super) async fn look(
        &self,
        exchange: &Exchange,
        known: &mut Known,
        until: Instant,
    ) -> Result<Map<String, Value>, Untold> {
        if !self.is_due(exchange, known)? {
            return Ok(known.leave_out(exchange));
        }
        let request = self.request(exchange, known)?;
        let learned = async {
            let answer = self.asked(exchange, &request, until).await?;
            let vars = Value::Object(known.values.clone());
            self.live.learned(exchange, &answer, &vars, &self.toolbox.renderer)
        };
        let is_to_prove = self.spec.proving().iter().any(|proving| std::ptr::eq(proving, exchange));
        let told = |untold: Untold| match is_to_prove {
            true => untold.into_unproven(self.spec.unproven()),
            false => untold,
        };
        let mapped = learned.await.map_err(|untold: Untold| told(untold.of_step(exchange)))?;
        Ok(known.take(exchange, mapped))
    }

    /// Whether a step's condition is true.
    pub(super) fn is_due(&self, exchange: &Exchange, known: &Known) -> Result<bool, String> {
        let Some(condition) = exchange.step.as_ref().and_then(|step| step.when.as_ref()) else {
            return Ok(true);
        };
        let holds = self.toolbox.renderer.holds(condition, &Value::Object(known.values.clone()));
        holds.map_err(|fault| of_step(exchange, format!("its `if`: {}", fault.what)))
    }

    /// A request with all values put in, secrets too.
    pub(super) fn request(&self, exchange: &Exchange, known: &Known) -> Result<Resolved, String> {
        self.filled(exchange, known, (self.call.id.as_str(), Secrecy::Open))
    }

    /// The same, with this in the place of the call's id, and with secrets put in or named.
    pub(super) fn filled(
        &self,
        exchange: &Exchange,
        known: &Known,
        (call_id, secrecy): (&str, Secrecy),
    ) -> Result<Resolved, String> {
        let mut vars = known.values.clone();
        vars.insert("call".to_owned(), self.call.vars(call_id));
        let mut vars = Value::Object(vars);
        self.toolbox.put_in_hidden(self.spec, self.call, call_id, secrecy, &mut vars);
        known.put_in_secrets(secrecy, &mut vars);
        let (renderer, world) = (&self.toolbox.renderer, self.live.world());
        let request = Resolved::new(exchange, &self.live.base, world, renderer, &vars);
        let request = request.map_err(|fault| of_step(exchange, fault.what))?;
        Ok(Resolved { masks: self.toolbox.masks(self.spec), ..request })
    }

    /// What the tool has found in the end: what its own request maps, or what it makes of all that is known.
    pub(super) fn result(
        &self,
        known: &Known,
        own: Map<String, Value>,
    ) -> Result<Map<String, Value>, String> {
        let Some(map) = &self.spec.result else { return Ok(own) };
        let vars = Value::Object(known.values.clone());
        let value = |(name, expression): (&String, &String)| {
            let value = self.toolbox.renderer.eval(expression, &vars);
            value.map(|value| (name.clone(), value)).map_err(|_| format!("its result has no `{name}`"))
        };
        map.iter().map(value).collect()
    }

    /// The requests that a yes covers, with this in the place of the call's id: secrets are named, and what earlier ones will
    /// answer stands as a hole.
    pub(super) fn meant(
        &self,
        due: &[usize],
        known: &Known,
        any_call: &str,
    ) -> Result<Vec<Resolved>, String> {
        let (acts, mut known, mut requests) = (self.spec.acts(), known.clone(), Vec::new());
        for act in due.iter().filter_map(|at| acts.get(*at)) {
            if act.place.is_some() {
                requests.push(self.filled(act.exchange, &known, (any_call, Secrecy::Named))?);
            }
            if let Some(step) = &act.exchange.step {
                let hole = |name: &String| (name.clone(), hole(&step.id, name).into());
                known.take(act.exchange, act.exchange.map.keys().map(hole).collect());
            }
        }
        Ok(requests)
    }

    /// A request with all values put in, those of earlier answers too: of what is due each of these is one plain value, and
    /// what a step that is left out would have found is null here as it was before the question.
    pub(super) fn with_holes(
        &self,
        exchange: &Exchange,
        due: &[Act<'_>],
        known: &Known,
    ) -> Result<Resolved, String> {
        let names =
            named_in(exchange, &self.toolbox.renderer).map_err(|fault| of_step(exchange, fault.what))?;
        let steps = due.iter().filter_map(|act| act.exchange.step.as_ref());
        let mut holes = steps.flat_map(|step| names.iter().filter(move |name| is_of(name, &step.id)));
        let mut vars = Value::Object(known.values.clone());
        known.put_in_secrets(Secrecy::Open, &mut vars);
        let is_plain = |name: &&String| {
            let value = name.split('.').fold(&vars, |value, field| &value[field]);
            value.is_string() || value.is_number() || value.is_boolean()
        };
        match holes.find(|name| !is_plain(name)) {
            Some(name) => Err(of_step(exchange, format!("`{name}` is no plain value: it was not sent"))),
            None => self.request(exchange, known),
        }
    }

    /// What became of the whole, by what became of the step at this place. `values` hold what those before it have found.
    pub(super) fn whole(&self, place: u32, values: &Map<String, Value>, outcome: Outcome) -> Outcome {
        let known = Known::new(values.clone());
        let acts = self.spec.acts();
        let is_done = |act: &&Act<'_>| {
            act.place.is_some_and(|at| at < place) && self.is_due(act.exchange, &known).unwrap_or(true)
        };
        let found = |step: &Step| values.get(STEPS).and_then(|steps| steps.get(&step.id)).cloned();
        let steps = acts.iter().filter(is_done).filter_map(|act| act.exchange.step.as_ref());
        let mut done: Map<String, Value> =
            steps.map(|step| (step.id.clone(), found(step).unwrap_or_else(|| Map::new().into()))).collect();
        let own = self.spec.act_at(place).and_then(|act| act.exchange.step.as_ref());
        let name = own.map_or("", |step| step.id.as_str());
        let (rest, why) = match outcome {
            Outcome::Done { result } if place < self.spec.last_place() => {
                done.insert(name.to_owned(), result);
                (Rest::NotDone, format!("nothing after step `{name}` was sent"))
            }
            Outcome::Failed { why } if !done.is_empty() => (Rest::NotDone, why),
            Outcome::Withheld(_) if !done.is_empty() => {
                (Rest::NotDone, format!("step `{name}` was withheld: nothing of it was sent"))
            }
            Outcome::Unknown if !done.is_empty() => {
                (Rest::Unknown, format!("step `{name}` was sent, and no answer came"))
            }
            Outcome::Done { .. }
            | Outcome::Partly { .. }
            | Outcome::Failed { .. }
            | Outcome::Withheld(_)
            | Outcome::Unknown => return outcome,
        };
        Outcome::Partly { result: json!({ STEPS: done }), rest, why }
    }

    /// Finds anew the secrets that a request names: they are in no record, and no token lasts for ever.
    pub(super) async fn secrets_for(
        &self,
        asked: &Exchange,
        named: impl Fn(&Exchange) -> BTreeSet<String>,
        known: &mut Known,
        until: Instant,
    ) -> Result<(), Untold> {
        let names_secret_of = |exchange: &Exchange, step: &Exchange| {
            let names = named(exchange);
            secret_names(step).iter().any(|full| names.iter().any(|name| is_within(name, full)))
        };
        let mut wanted = vec![asked];
        for step in self.spec.prepare.iter().rev() {
            if wanted.iter().any(|exchange| names_secret_of(exchange, step)) {
                wanted.push(step);
            }
        }
        for step in wanted.into_iter().skip(1).rev() {
            let before = known.values.clone();
            self.look(step, known, until).await?;
            // What was sent stays what it was.
            known.values = before;
        }
        Ok(())
    }
}

/// The names of what later requests alone may hold of a step.
fn secret_names(exchange: &Exchange) -> Vec<String> {
    let Some(step) = &exchange.step else { return Vec::new() };
    step.secret.iter().map(|name| format!("{STEPS}.{}.{name}", step.id)).collect()
}

/// Whether a name is that one or a field of it.
fn is_within(name: &str, of: &str) -> bool {
    name.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What stands for a value of a step in what a yes covers.
fn hole(step: &str, name: &str) -> String {
    format!("⟨{step}.{name}⟩")
}

/// Whether a name is that of a value of this step.
fn is_of(name: &str, step: &str) -> bool {
    let rest = name.strip_prefix(STEPS).and_then(|rest| rest.strip_prefix('.'));
    rest.and_then(|rest| rest.strip_prefix(step)).is_some_and(|rest| rest.starts_with('.'))
}

/// A step says its name where it fails.
pub(super) fn of_step(exchange: &Exchange, why: String) -> String {
    match &exchange.step {
        Some(step) => format!("step `{}`: {why}", step.id),
        None => why,
    }
}
