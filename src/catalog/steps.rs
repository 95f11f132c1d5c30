//! A tool of several steps: from written to meant, each step one request.
//!
//! Promises: a step names only what earlier ones have found; a secret of an answer is named by requests alone; what proves
//! who is asking does so before anything has effects, and is never left out.
//! Never: sends anything.

use std::collections::{BTreeMap, BTreeSet};

use centralita_core::conversation::{Effects, Parameter};

use super::condition::compares_numbers;
use super::exchange::{Exchanges, Reading, check_value_name, read_own, useless};
use super::hidden;
use super::place::{Place, Spanned};
use super::reader::{Hidden, Reader, STEPS, is_name};
use super::verify::read_rule;
use super::written::{
    IdempotencyWritten, MappedWritten, ProbeWritten, RequestWritten, ResponseWritten, StepWritten,
    ToolWritten,
};
use crate::integrations::{Exchange, Step};

/// A caller waits for each of them.
const STEPS_MAX: usize = 8;

/// What is written about a tool's own request: its `request`, or its last step.
#[derive(Clone, Copy)]
pub(super) struct Own<'w> {
    pub(super) request: &'w Spanned<RequestWritten>,
    pub(super) response: &'w ResponseWritten,
    pub(super) effects: Option<&'w Spanned<Effects>>,
    pub(super) idempotency: Option<&'w IdempotencyWritten>,
    pub(super) not_done_on: &'w [Spanned<u16>],
    pub(super) probe: Option<&'w Spanned<ProbeWritten>>,
}

/// A tool's own request, in whichever of the two ways it is written; none where it is written in neither.
pub(super) fn own<'w>(reader: &mut Reader<'_, '_>, at: Place, tool: &'w ToolWritten) -> Option<Own<'w>> {
    let Some(last) = tool.steps.last() else {
        if tool.request.is_none() {
            let remedy = "add `request: {method: GET, path: \"/orders/{order}\"}`; or `steps`, where one follows another";
            reader.say(at, "`request` is missing in this item of `tools`", remedy);
        }
        return tool.request.as_ref().map(|request| Own {
            request,
            response: &tool.response,
            effects: tool.effects.as_ref(),
            idempotency: tool.idempotency.as_ref(),
            not_done_on: &tool.not_done_on,
            probe: tool.probe.as_ref(),
        });
    };
    at_the_steps(reader, tool);
    let StepWritten {
        id: _,
        when: _,
        request,
        response,
        verify: _,
        effects,
        idempotency,
        not_done_on,
        probe,
    } = &last.value;
    let (effects, idempotency, probe) = (effects.as_ref(), idempotency.as_ref(), probe.as_ref());
    Some(Own { request, response, effects, idempotency, not_done_on, probe })
}

/// What is of one request stands by its step.
fn at_the_steps(reader: &mut Reader<'_, '_>, tool: &ToolWritten) {
    let ToolWritten { request, prepare, verify, effects, idempotency, not_done_on, probe, response, .. } =
        tool;
    let key = idempotency.as_ref().and_then(|key| match key {
        IdempotencyWritten::None => None,
        IdempotencyWritten::Header(name) | IdempotencyWritten::Body(name) => Some(name.place),
    });
    let of_one = [
        ("request", request.as_ref().map(|request| request.place)),
        ("prepare", prepare.first().map(|step| step.place)),
        ("verify", verify.first().map(|rule| rule.place)),
        ("effects", effects.as_ref().map(|effects| effects.place)),
        ("idempotency", key),
        ("not_done_on", not_done_on.first().map(|status| status.place)),
        ("probe", probe.as_ref().map(|probe| probe.place)),
        ("success", response.success.as_ref().map(|success| success.place)),
        ("errors", response.errors.values().next().map(|words| words.place)),
        ("sample", response.sample.as_ref().map(|sample| sample.place)),
    ];
    for (name, place) in of_one {
        if let Some(place) = place {
            let what = format!("this tool has `steps`, and `{name}` is of one request");
            reader.say(place, what, "write it by the step it belongs to");
        }
    }
}

/// The effects of a request as written, or by its method.
pub(super) fn effects_of(request: &RequestWritten, written: Option<&Spanned<Effects>>) -> Effects {
    let by_method = if request.method.is_safe() { Effects::None } else { Effects::Irreversible };
    written.map_or(by_method, |written| written.value)
}

/// Reads all steps of a tool. `names` are those of what the model supplies; `parameters` are all values that templates may
/// name.
pub(super) fn chained(
    reader: &mut Reader<'_, '_>,
    tool: &ToolWritten,
    names: &BTreeSet<String>,
    parameters: &[Parameter],
) -> Option<Exchanges> {
    let mut reading = Reading::new(parameters);
    if let Some(over) = tool.steps.get(STEPS_MAX) {
        let what = format!("a tool of more than {STEPS_MAX} steps");
        reader.say(over.place, what, "nobody waits for so many on the phone: make two tools of it");
    }
    if reading.known.contains(STEPS) {
        let at = tool.steps.first().map_or(Place::default(), |step| step.place);
        reader.say(at, "a parameter is called `steps`, as the values of steps are", "call it otherwise");
    }
    let mut ids = BTreeSet::new();
    let mut all: Vec<Exchange> = Vec::new();
    // What the question may name: what is known before the last step.
    let mut before = reading.known.clone();
    for (nth, step) in tool.steps.iter().enumerate() {
        let id = &step.value.id;
        if !is_name(&id.value) {
            let what = format!("`{}` cannot be a step's id", id.value);
            reader.say(id.place, what, "small letters, digits and `_`");
        }
        if !ids.insert(&id.value) {
            reader.say(id.place, format!("there are two steps `{}`", id.value), "give each an id of its own");
        }
        before = reading.known.clone();
        all.push(read_step(reader, step, nth + 1 == tool.steps.len(), names, &mut reading));
    }
    let request = all.pop()?;
    let result = result(reader, &tool.response, &reading.known);
    let optional = reading.parameters.split_off(parameters.len());
    Some(Exchanges { prepare: all, request, result, known: before, optional, used: reading.used })
}

fn read_step(
    reader: &mut Reader<'_, '_>,
    step: &Spanned<StepWritten>,
    is_last: bool,
    names: &BTreeSet<String>,
    reading: &mut Reading,
) -> Exchange {
    let StepWritten { id, when, request, response, verify, effects, .. } = &step.value;
    let effects = effects_of(&request.value, effects.as_ref());
    if effects != Effects::None && !is_last {
        let remedy = "make it the last step; or, if this request changes nothing (a login), write `effects: none` by it";
        reader.say(step.place, "only the last step of a tool may have effects", remedy);
    }
    if let Some(condition) = when {
        read_if(reader, condition, reading);
    }
    let (mut exchange, secret) = read_own(reader, request, response, reading);
    exchange.verify = verify.iter().filter_map(|rule| read_rule(reader, rule, names)).collect();
    match (verify.first(), when) {
        (Some(first), _) if effects != Effects::None => reader.say(
            first.place,
            "a proof over the answer to a request with effects would come too late",
            "write it by an earlier step, one without effects",
        ),
        (Some(first), Some(_)) => reader.say(
            first.place,
            "a step that may be left out proves nothing then",
            "take its `if` away, or write the proof by a step without one",
        ),
        (Some(_) | None, Some(_) | None) => {}
    }
    if let Some(store) = response.store.values().next() {
        let remedy = "write `response: {store: ..}` by the tool itself: variables are made of its result";
        reader.say(store.place, "a step stores nothing", remedy);
    }
    if is_last {
        useless(reader, response, &secret);
    }
    values(reader, step, &secret, reading);
    let when = when.as_ref().map(|condition| condition.value.clone());
    exchange.step = Some(Step { id: id.value.clone(), when, secret });
    exchange
}

/// A condition over what is known before its step.
fn read_if(reader: &mut Reader<'_, '_>, condition: &Spanned<String>, reading: &mut Reading) {
    let Reading { parameters, known, used } = reading;
    let names = reader.expression(condition.place, &condition.value, known);
    used.extend(names.into_iter().flatten());
    reader.depends(condition.place, &condition.value);
    compares_numbers(reader, condition.place, &condition.value, known, parameters);
}

/// Takes note of what a step finds, for those after it.
fn values(
    reader: &mut Reader<'_, '_>,
    step: &Spanned<StepWritten>,
    secret: &BTreeSet<String>,
    reading: &mut Reading,
) {
    let StepWritten { id, when, response, .. } = &step.value;
    for (name, mapped) in &response.map {
        let full = format!("{STEPS}.{}.{name}", id.value);
        if when.is_some() {
            let absent = Parameter { name: full.clone(), required: false, ..Parameter::default() };
            reading.parameters.push(absent);
        }
        if secret.contains(name) {
            reader.hide(&full, Hidden::Secret);
            continue;
        }
        if hidden::is_name_of_one(name) && matches!(mapped, MappedWritten::Open(_)) {
            let what = format!("`{name}` looks like a secret, and would be told and written down");
            let remedy = format!(
                "`{name}: {{value: .., secret: true}}`; or `secret: false`, if everybody may know it"
            );
            reader.say(mapped.place(), what, remedy);
        }
        reading.known.insert(full);
    }
}

/// What a tool says that its result is: expressions over the values of its steps.
fn result(
    reader: &mut Reader<'_, '_>,
    response: &ResponseWritten,
    known: &BTreeSet<String>,
) -> Option<BTreeMap<String, String>> {
    let mut meant = BTreeMap::new();
    for (name, mapped) in &response.map {
        let at = mapped.place();
        check_value_name(reader, name, at);
        let source = match mapped {
            MappedWritten::Open(words) => reader.choose(words),
            MappedWritten::Marked(marked) => {
                let what = "this is the tool's result, and nobody comes after it who could use a secret";
                reader.say(at, what, "leave it out; a secret stands by the step that finds it");
                marked.value.value.clone()
            }
        };
        if !source.is_empty() {
            reader.expression(at, &source, known);
            meant.insert(name.clone(), source);
        }
    }
    (!response.map.is_empty()).then_some(meant)
}
