//! A tool's probe: from written to meant.
//!
//! Promises: it only reads; every name of its request and every `sent.name` of its conditions has a source; what says done
//! of every answer, an absence that counts too soon, and one that counts though nothing shows that what is there would be
//! found, are refused.
//! Never: sends anything.

use std::collections::{BTreeMap, BTreeSet};

use centralita_core::base::Millis;
use centralita_core::conversation::{Effects, Parameter};
use serde_json::Value;

use super::absence::given;
use super::condition::{is_of_sent, names_sent};
use super::exchange::{only_asks, read_answers, read_map, read_request, read_sample};
use super::place::{Place, Spanned};
use super::reader::{Reader, Unfit, with_call};
use super::written::{ProbeWritten, Words};
use crate::integrations::{Exchange, KeyPlace, Method, PROBE_KEY, PROBE_SENT, Probe, Sample};

/// The longest time after which a system may still do what it was sent: a day.
pub(super) const ABSENT_AFTER_S_MAX: u32 = 86_400;

/// The statuses that say that something is not there. Others of their kind (401, 403, 408, 429) are about the question.
pub(super) const ABSENT_ON: [u16; 2] = [404, 410];

/// What is known of the tool that a probe belongs to.
pub(super) struct Of<'t> {
    pub(super) effects: Effects,
    pub(super) parameters: &'t [Parameter],
    /// Parameters, and what the steps map.
    pub(super) known: &'t BTreeSet<String>,
    pub(super) key: &'t KeyPlace,
    pub(super) timeout: Millis,
}

/// Reads a probe.
pub(super) fn probe(reader: &mut Reader<'_, '_>, written: &Spanned<ProbeWritten>, of: &Of<'_>) -> Probe {
    let ProbeWritten { request, is_call, done, failed, absent_after_s, absent_on, answers, map, sample } =
        &written.value;
    if of.effects == Effects::None {
        let remedy = "take it away; or write `effects: reversible` or `irreversible`, if the request changes something";
        reader.say(
            written.place,
            "a probe asks what became of an action, and this tool has no effects",
            remedy,
        );
    }
    let (mut known, mut used) = (of.known.clone(), BTreeSet::new());
    let is_taken = !known.insert(PROBE_KEY.to_owned()) || reader.hidden.contains_key(PROBE_KEY);
    let mut exchange = read_request(reader, request, of.parameters, &known, &mut used);
    if !is_call {
        only_asks(reader, request, "a probe only asks", "use GET or HEAD here: it must change nothing");
    }
    exchange.answers = read_answers(*answers);
    exchange.map = read_map(reader, map);
    exchange.sample = sample.as_ref().map(|s| read_sample(reader, s, &known, of.parameters, &exchange));
    let mut sound = Vec::new();
    let looks = read_condition(reader, done, &known, &mut used);
    if looks == Looks::Nowhere && absent_on.is_empty() {
        let remedy = match is_call {
            true => "compare a field of the answer: `state == 'paid'`",
            false => {
                "compare a field of the answer: `state == 'paid'`; where the status alone tells, write `absent_on: [404]` \
                 beside it"
            }
        };
        let what = "this condition looks at nothing of the answer: each would mean that it is done";
        reader.say(done.place, what, remedy);
    } else if looks != Looks::Unreadable {
        sound.push(("done", done));
    }
    if let Some(failed) = failed {
        match read_condition(reader, failed, &known, &mut used) {
            Looks::AtTheAnswer => sound.push(("failed", failed)),
            Looks::Nowhere => {
                let what = "this condition looks at nothing of the answer";
                reader.say(failed.place, what, "compare a field of the answer: `state == 'rejected'`");
            }
            Looks::Unreadable => {}
        }
    }
    check_key(reader, written.place, of, is_taken, used.contains(PROBE_KEY));
    if exchange.method == Method::Head {
        refuse_looks(reader, map, &sound, looks);
    } else if try_out(reader, sample.as_ref(), &exchange, &sound, of, &known) == Found::Unshown
        && looks == Looks::AtTheAnswer
        && let Some(after) = absent_after_s
    {
        let what =
            "what is not found counts as not done, and no sample shows that `done` finds what was done";
        let remedy = "write `sample:` with the answer as the system gives it when it was done, with {key}, or what else the \
                      condition compares, in its place; ours are named `sent.key`, `sent.order`";
        reader.say(after.place, what, remedy);
    }
    Probe {
        request: exchange,
        done: done.value.clone(),
        failed: failed.as_ref().map(|failed| failed.value.clone()),
        absent_after: read_absence(reader, absent_after_s.as_ref(), absent_on, of.timeout),
        absent_on: absent_on.iter().map(|status| status.value).collect(),
    }
}

/// What a condition looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looks {
    AtTheAnswer,
    Nowhere,
    /// That was told.
    Unreadable,
}

/// Checks a condition. Names of ours are added to `used`.
fn read_condition(
    reader: &mut Reader<'_, '_>,
    written: &Spanned<String>,
    known: &BTreeSet<String>,
    used: &mut BTreeSet<String>,
) -> Looks {
    let Some(names) = reader.names_of(written.place, &written.value) else { return Looks::Unreadable };
    let looks = if names.iter().all(|name| is_of_sent(name)) { Looks::Nowhere } else { Looks::AtTheAnswer };
    match names_sent(reader, written, names, &with_call(known)) {
        Some(ours) => used.extend(ours),
        None => return Looks::Unreadable,
    }
    looks
}

/// `key` is one thing in a probe, and is there only where it is sent.
fn check_key(reader: &mut Reader<'_, '_>, at: Place, of: &Of<'_>, is_taken: bool, is_used: bool) {
    match (of.key == &KeyPlace::None, is_taken) {
        (true, false) if is_used => reader.say(
            at,
            "the probe names `key`, and this tool sends no idempotency key",
            "write `idempotency: {header: NAME}` at the tool, or `{argument: NAME}` of an MCP server's; or ask by what was \
             sent: {order}",
        ),
        (false, true) => reader.say(
            at,
            "in a probe `key` is the idempotency key, and here it is something else too",
            "call the parameter, or what a step maps, otherwise",
        ),
        (true | false, true | false) => {}
    }
}

/// After what time absence counts; before it nothing is known of a system that may still be at work.
fn read_absence(
    reader: &mut Reader<'_, '_>,
    after: Option<&Spanned<u32>>,
    on: &[Spanned<u16>],
    timeout: Millis,
) -> Option<Millis> {
    for status in on.iter().filter(|status| !ABSENT_ON.contains(&status.value)) {
        let what = format!("{} does not say that there is no such thing", status.value);
        let remedy = "404 or 410: `absent_on: [404]`; every other says that the question was not answered, be it for want of a \
                      right or of time";
        reader.say(status.place, what, remedy);
    }
    if let (Some(status), None) = (on.first(), after) {
        let remedy =
            "write `absent_after_s: 60` beside it: after how many seconds the system surely does it no more";
        reader.say(status.place, "that it is not there proves nothing without a time", remedy);
    }
    let after = after?;
    let millis = Millis(after.value.saturating_mul(1_000));
    if after.value > ABSENT_AFTER_S_MAX || millis < timeout {
        let least = timeout.0.div_ceil(1_000);
        let what = format!("{} s is no time after which a system surely does it no more", after.value);
        let remedy = format!("{least} (the tool's own time) to {ABSENT_AFTER_S_MAX}");
        reader.say(after.place, what, remedy);
    }
    Some(millis)
}

/// Whether a sample shows an action that is found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Shown,
    Unshown,
    /// Something is wrong that was told.
    Untold,
}

/// The conditions over the sample: what they look at should be in it. A name inside a filter's arguments that nobody has is
/// no error of the template's and finds nothing; so `done` is to be true of a sample.
fn try_out(
    reader: &mut Reader<'_, '_>,
    sample: Option<&Spanned<Value>>,
    exchange: &Exchange,
    conditions: &[(&str, &Spanned<String>)],
    of: &Of<'_>,
    known: &BTreeSet<String>,
) -> Found {
    let (Some(written), Some(Sample::Answer(tree))) = (sample, &exchange.sample) else {
        return Found::Unshown;
    };
    let sent = Value::Object(given(&with_call(known), of.parameters, |_| "1".to_owned(), true));
    let mut true_ones = Vec::new();
    for (name, condition) in conditions {
        let (at, what, remedy) = match reader.holds_over(tree, &sent, PROBE_SENT, &condition.value) {
            Ok(true) => {
                true_ones.push((*name, condition.place));
                continue;
            }
            Ok(false) => continue,
            Err(Unfit::Answer) => return Found::Untold,
            Err(Unfit::Lacking) => {
                let remedy = "write a condition, like `… > 0`, and the answer as the system gives it, with all that the \
                              condition looks at";
                (written.place, "neither true nor false", remedy)
            }
            Err(Unfit::Instead(kind)) => {
                let remedy = "a condition is true or false: compare it, a list by `… | length > 0`, another value by \
                              `… == 'paid'`";
                (condition.place, kind, remedy)
            }
        };
        reader.say(at, format!("over this sample `{name}` is {what}"), remedy);
        return Found::Untold;
    }
    match true_ones.as_slice() {
        [] | [("failed", _)] => Found::Unshown,
        [_] => Found::Shown,
        [_, (_, failed), ..] => {
            let remedy = "let no answer be both: one that is leaves it open what became of the action";
            reader.say(*failed, "over this sample both `done` and `failed` are true", remedy);
            Found::Untold
        }
    }
}

/// Nothing is compared with, or taken from, an answer that has no body.
fn refuse_looks(
    reader: &mut Reader<'_, '_>,
    map: &BTreeMap<String, Words>,
    conditions: &[(&str, &Spanned<String>)],
    done: Looks,
) {
    const NO_BODY: &str = "the answer to HEAD has no body: there is nothing to";
    if let Some(first) = map.values().next() {
        reader.say(first.place, format!("{NO_BODY} map"), "use GET, or take `map` away");
    }
    for (name, condition) in
        conditions.iter().filter(|(name, _)| *name != "done" || done == Looks::AtTheAnswer)
    {
        let remedy = if *name == "done" {
            "use GET; or, where the status alone tells, write `done: \"true\"` and `absent_on: [404]`"
        } else {
            "use GET, or take `failed` away"
        };
        reader.say(condition.place, format!("{NO_BODY} look at"), remedy);
    }
}
