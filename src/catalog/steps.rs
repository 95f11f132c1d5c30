//! A tool of several steps: from written to meant, each step one request.
//!
//! Promises: a step names only what earlier ones have found; a secret of an answer is named by requests alone; what is known
//! only after the caller's yes is one whole value of a request and nothing else; what proves who is asking does so before
//! anything has effects, and is never left out.
//! Never: sends anything.

use std::collections::{BTreeMap, BTreeSet};

use centralita_core::conversation::{Effects, Parameter};
use centralita_core::template::lone_hole;

use super::condition::compares_numbers;
use super::exchange::{Exchanges, Reading, check_value_name, fill, read_own, useless};
use super::hidden;
use super::place::{Place, Spanned};
use super::reader::{Hidden, Reader, STEPS, braces, is_name};
use super::verify::read_rule;
use super::written::{
    IdempotencyWritten, MappedWritten, ProbeWritten, RequestWritten, ResponseWritten, StepWritten,
    ToolWritten,
};
use crate::integrations::{Exchange, Step};

/// A caller waits for each of them.
pub(super) const STEPS_MAX: usize = 8;

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
    Some(own_of(&last.value))
}

fn own_of(step: &StepWritten) -> Own<'_> {
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
    } = step;
    let (effects, idempotency, probe) = (effects.as_ref(), idempotency.as_ref(), probe.as_ref());
    Own { request, response, effects, idempotency, not_done_on, probe }
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

/// A step that is sent by leave, before the last one.
pub(super) struct Between<'w> {
    pub(super) exchange: Exchange,
    pub(super) effects: Effects,
    pub(super) own: Own<'w>,
    /// What is known before it.
    pub(super) known: BTreeSet<String>,
}

/// Where a step stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    BeforeTheQuestion,
    /// The first with effects, or after it.
    AfterTheYes,
    Last,
    /// And it is the only one with effects.
    LastAlone,
}

/// Reads all steps of a tool. `names` are those of what the model supplies; `parameters` are all values that templates may
/// name.
pub(super) fn chained<'w>(
    reader: &mut Reader<'_, '_>,
    tool: &'w ToolWritten,
    names: &BTreeSet<String>,
    parameters: &[Parameter],
) -> Option<Exchanges<'w>> {
    let mut reading = Reading::new(parameters);
    named_soundly(reader, tool, &reading.known);
    let with_effects = |step: &Spanned<StepWritten>| effects_of_step(step) != Effects::None;
    let count = tool.steps.iter().filter(|step| with_effects(step)).count();
    let last = tool.steps.len() - 1;
    let first = tool.steps.iter().position(with_effects).unwrap_or(last);
    let (mut prepare, mut before, mut request) = (Vec::new(), Vec::new(), None);
    // What the question may name: what is known before the first step with effects.
    let mut known = BTreeSet::new();
    for (nth, step) in tool.steps.iter().enumerate() {
        if nth == first {
            known = reading.known.clone();
        }
        let stands = match (nth < first, nth == last) {
            (true, _) => Stands::BeforeTheQuestion,
            (false, false) => Stands::AfterTheYes,
            (false, true) if count > 1 => Stands::Last,
            (false, true) => Stands::LastAlone,
        };
        let before_it = reading.known.clone();
        let exchange = read_step(reader, step, stands, names, &mut reading);
        match stands {
            Stands::BeforeTheQuestion => prepare.push(exchange),
            Stands::AfterTheYes => before.push(Between {
                exchange,
                effects: effects_of_step(step),
                own: own_of(&step.value),
                known: before_it,
            }),
            Stands::Last | Stands::LastAlone => request = Some(exchange),
        }
    }
    if let Some(end) = tool.steps.last().filter(|end| count > 0 && !with_effects(end)) {
        let remedy = "let the step with effects be the last; what the caller is to hear of it, map from its own answer";
        reader.say(
            end.place,
            "nothing is asked after the last step with effects: it would be done, and seem not to be",
            remedy,
        );
    }
    let result = result(reader, &tool.response, &reading.known);
    let optional = reading.parameters.split_off(parameters.len());
    Some(Exchanges { prepare, before, request: request?, result, known, optional, used: reading.used })
}

/// Checks the names of steps, and how many there are.
fn named_soundly(reader: &mut Reader<'_, '_>, tool: &ToolWritten, known: &BTreeSet<String>) {
    if let Some(over) = tool.steps.get(STEPS_MAX) {
        let what = format!("a tool of more than {STEPS_MAX} steps");
        reader.say(over.place, what, "nobody waits for so many on the phone: make two tools of it");
    }
    if known.contains(STEPS) {
        let at = tool.steps.first().map_or(Place::default(), |step| step.place);
        reader.say(at, "a parameter is called `steps`, as the values of steps are", "call it otherwise");
    }
    let mut ids = BTreeSet::new();
    for id in tool.steps.iter().map(|step| &step.value.id) {
        if !is_name(&id.value) {
            let what = format!("`{}` cannot be a step's id", id.value);
            reader.say(id.place, what, "small letters, digits and `_`");
        }
        if !ids.insert(&id.value) {
            reader.say(id.place, format!("there are two steps `{}`", id.value), "give each an id of its own");
        }
    }
}

pub(super) fn effects_of_step(step: &Spanned<StepWritten>) -> Effects {
    effects_of(&step.value.request.value, step.value.effects.as_ref())
}

fn read_step(
    reader: &mut Reader<'_, '_>,
    step: &Spanned<StepWritten>,
    stands: Stands,
    names: &BTreeSet<String>,
    reading: &mut Reading,
) -> Exchange {
    let StepWritten { id, when, request, response, verify, .. } = &step.value;
    if let Some(condition) = when {
        read_if(reader, condition, stands, reading);
    }
    let (mut exchange, secret) = read_own(reader, request, response, reading);
    if effects_of_step(step) != Effects::None {
        holes(reader, &request.value, &reading.holes);
    }
    exchange.verify = verify.iter().filter_map(|rule| read_rule(reader, rule, names)).collect();
    let is_late = effects_of_step(step) != Effects::None || stands == Stands::AfterTheYes;
    match (verify.first(), when) {
        (Some(first), _) if is_late => reader.say(
            first.place,
            "a proof over the answer to a request with effects, or after it, would come too late",
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
    if matches!(stands, Stands::Last | Stands::LastAlone) {
        useless(reader, response, &secret);
    }
    values(reader, step, &secret, stands, reading);
    let when = when.as_ref().map(|condition| condition.value.clone());
    exchange.step = Some(Step { id: id.value.clone(), when, secret });
    exchange
}

/// What an earlier step with effects will answer is not known when the question is put: it stands in a request as one whole
/// value, so that whatever comes changes nothing else.
fn holes(reader: &mut Reader<'_, '_>, request: &RequestWritten, holes: &BTreeSet<String>) {
    let mut odd: Option<(Place, String)> = None;
    let mut look = |place: Place, parts: &[String]| {
        for name in holes {
            let count = |part: &String| part.matches(name.as_str()).count();
            let is_named = |part: &&String| reader.names_in(part).contains(name);
            let is_whole = |part: &&String| lone_hole(part) == Some(name.as_str());
            let named = parts.iter().map(count).sum::<usize>().max(parts.iter().filter(is_named).count());
            if named > parts.iter().filter(is_whole).count() {
                odd.get_or_insert((place, name.clone()));
            }
        }
    };
    let RequestWritten { method: _, path, query, headers, body, form, multipart } = request;
    let segments: Vec<String> = path.value.split('/').map(braces).collect();
    look(path.place, &segments);
    let fields = form.iter().chain(multipart).flat_map(|fields| fields.value.values());
    query.values().chain(fields).for_each(|text| look(text.place, &[braces(&text.value)]));
    if let Some(body) = body {
        fill(&body.value, &mut |text| {
            look(body.place, &[braces(text)]);
            String::new()
        });
    }
    for text in headers.values() {
        let named = holes.iter().find(|name| text.value.contains(name.as_str()));
        odd = odd.or(named.map(|name| (text.place, name.clone())));
    }
    if let Some((at, name)) = odd {
        let what = format!(
            "`{name}` is known only after the caller's yes, and would change more here than one value"
        );
        let remedy = format!(
            "as a whole segment of the path, value of the query or value of the body: {{{{ {name} }}}}"
        );
        reader.say(at, what, remedy);
    }
}

/// A condition over what is known before its step.
fn read_if(reader: &mut Reader<'_, '_>, condition: &Spanned<String>, stands: Stands, reading: &mut Reading) {
    let Reading { parameters, known, used, holes } = reading;
    let names = reader.expression(condition.place, &condition.value, known);
    if names.as_ref().is_some_and(|names| !names.is_disjoint(holes)) {
        let what = "whether a step is done must be known before the question";
        reader.say(
            condition.place,
            what,
            "compare what the caller said, or what a step before the question found",
        );
    }
    if stands == Stands::Last {
        let what =
            "of several steps with effects the last one is always done: by it the whole is known to be";
        reader.say(condition.place, what, "take its `if` away, or let a step come last that has none");
    }
    used.extend(names.into_iter().flatten());
    reader.depends(condition.place, &condition.value);
    compares_numbers(reader, condition.place, &condition.value, known, parameters);
}

/// Takes note of what a step finds, for those after it.
fn values(
    reader: &mut Reader<'_, '_>,
    step: &Spanned<StepWritten>,
    secret: &BTreeSet<String>,
    stands: Stands,
    reading: &mut Reading,
) {
    let StepWritten { id, when, response, .. } = &step.value;
    for (name, mapped) in &response.map {
        let full = format!("{STEPS}.{}.{name}", id.value);
        if stands != Stands::BeforeTheQuestion {
            reading.holes.insert(full.clone());
        }
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
