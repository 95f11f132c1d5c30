//! One tool: from written to meant, as the conversation sees it and as the dispatcher does.
//!
//! Promises: what has effects is asked about unless the admin wrote otherwise, and its question names every
//! value of the model that lands in a request.
//! Never: looks at another tool.

use std::collections::{BTreeMap, BTreeSet};

use centralita_core::base::{Millis, ToolName};
use centralita_core::conversation::{
    Confirm, Effects, Idempotency, Parameter, ParameterKind, Policy, SaidBy, ToolPhrases, ToolPlan, VoiceYes,
};
use reqwest::header::HeaderName;
use serde_json::Value;

use super::condition::{compares_numbers, summed};
use super::exchange::{Exchanges, OWN_HEADERS, exchanges};
use super::parameter::{Inputs, inputs};
use super::place::{Place, Spanned};
use super::probe::{Of, probe};
use super::reader::{DONE_BEFORE, RESERVED, Reader, is_name};
use super::sparing::{Sparing, sparing};
use super::steps::{Between, Own, chained, effects_of, effects_of_step, own};
use super::verify::{budget, identity};
use super::written::{
    ConfirmWritten, IdempotencyWritten, PhrasesWritten, PolicyWritten, RequestWritten, ResponseWritten,
    ToolWritten, VoiceWritten, WordingsByLanguage, Words,
};
use crate::integrations::{Auth, Connection, Deed, Given, KeyPlace, Source, ToolSpec};

/// A caller waits about this long before it feels like an end.
const TIMEOUT_MS: u32 = 8_000;
pub(super) const TIMEOUT_MS_MIN: u32 = 100;
pub(super) const TIMEOUT_MS_MAX: u32 = 60_000;

/// Of silence before a word: less sounds hasty, and after more the caller asks whether anybody is there.
pub(super) const PATIENCE_MS_MIN: u32 = 500;
pub(super) const PATIENCE_MS_MAX: u32 = 10_000;

const KEY_IN_A_HEADER: &str = "`idempotency: {header: Idempotency-Key}`, or how this system calls it";

/// Reads one tool for one language; none where it sends nothing. Where the agent accepts a spoken yes, `spoken` is set.
pub(super) fn tool(
    reader: &mut Reader<'_, '_>,
    integration: &Connection,
    written: &Spanned<ToolWritten>,
    spoken: VoiceYes,
) -> Option<(ToolPlan, ToolSpec)> {
    let at = written.place;
    let tool = &written.value;
    let before = reader.desk.problems.len();
    reader.hidden.clear();
    named(reader, &tool.name);
    let Inputs { parameters, given, mut seen } = inputs(reader, &tool.parameters);
    let names: BTreeSet<String> = parameters.iter().map(|p| p.name.clone()).collect();
    let own = own(reader, at, tool)?;
    let effects = effects(reader, tool, &own);
    let all = match tool.steps.is_empty() {
        true => exchanges(reader, tool, &own, effects, &names, &seen),
        false => chained(reader, tool, &names, &seen)?,
    };
    seen.extend(all.optional.iter().cloned());
    let confirm = confirm(reader, at, tool, effects, (&parameters, &seen), &all, spoken);
    overwritten(reader, tool, &integration.auth);
    if confirm.policy != Policy::Never {
        let place = tool.confirm.as_ref().map_or(at, |written| written.place);
        covers_stored(reader, place, &confirm.question, &given, &all);
    }
    let result: BTreeSet<String> = all.result.as_ref().unwrap_or(&all.request.map).keys().cloned().collect();
    let after = all.known.union(&result).cloned().collect();
    let phrases = phrases(reader, &tool.phrases, effects, &all.known, &after, &seen);
    let store = store(reader, &tool.response, &result);
    let key = key(reader, &own, &integration.auth);
    let timeout = timeout(reader, tool.timeout_ms.as_ref());
    let deeds = deeds(reader, all.before, &seen, &integration.auth, timeout);
    let Sparing { per_call, per_caller, cache } = sparing(reader, tool, effects);
    let of = Of { effects, parameters: &seen, known: &all.known, key: &key, timeout };
    let probe = own.probe.map(|written| probe(reader, written, &of));
    let name = ToolName(format!("{}.{}", integration.id, tool.name.value).into());
    let budget = budget(reader, tool);
    let plan = ToolPlan {
        name: name.clone(),
        description: required(reader, tool.description.place, Some(&tool.description), "description"),
        examples: examples(reader, tool, &names),
        parameters: parameters.clone(),
        effects,
        confirm,
        phrases,
        idempotency: idempotency(&key, &deeds),
        timeout,
        identity: identity(reader, tool, budget),
        per_call,
    };
    let not_done_on = not_done_on(reader, own.not_done_on);
    // What is wrong elsewhere may be why a value is not sent.
    if plan.confirm.policy != Policy::Never && reader.desk.problems.len() == before {
        sends(reader, &plan, tool, (&all.known, &all.used));
    }
    let Exchanges { prepare, request, result, .. } = all;
    let spec = ToolSpec {
        name,
        parameters,
        given,
        effects,
        prepare,
        before: deeds,
        request,
        result,
        store,
        key,
        not_done_on,
        probe,
        budget,
        timeout,
        cache,
        per_caller,
    };
    Some((plan, spec))
}

fn named(reader: &mut Reader<'_, '_>, name: &Spanned<String>) {
    if !is_name(&name.value) {
        let what = format!("`{}` cannot be a tool's name", name.value);
        reader.say(name.place, what, "small letters, digits and `_`");
    }
}

/// What is sent by leave before the last request.
fn deeds(
    reader: &mut Reader<'_, '_>,
    between: Vec<Between<'_>>,
    parameters: &[Parameter],
    auth: &Auth,
    timeout: Millis,
) -> Vec<Deed> {
    let deed = |Between { exchange, effects, own, known }| {
        let key = key(reader, &own, auth);
        let of = Of { effects, parameters, known: &known, key: &key, timeout };
        let probe = own.probe.map(|written| probe(reader, written, &of));
        let not_done_on = not_done_on(reader, own.not_done_on);
        Deed { exchange, effects, key, not_done_on, probe }
    };
    between.into_iter().map(deed).collect()
}

/// A system knows the whole again only where it knows each of its steps.
fn idempotency(own: &KeyPlace, before: &[Deed]) -> Idempotency {
    let with_effects = before.iter().filter(|deed| deed.effects != Effects::None);
    let is_keyed = with_effects.map(|deed| &deed.key).chain([own]).all(|key| *key != KeyPlace::None);
    if is_keyed { Idempotency::Keyed } else { Idempotency::None }
}

/// Words that must be there.
pub(super) fn required(
    reader: &mut Reader<'_, '_>,
    at: Place,
    written: Option<&Words>,
    field: &str,
) -> String {
    let text = reader.words(written);
    if written.is_none() || (text.is_empty() && is_plain(written)) {
        reader.say(
            at,
            format!("`{field}` is missing"),
            format!("write `{field}:` with words of the agent's language"),
        );
    }
    text
}

/// Words for all languages: of those by language, the one that is missing was noted already.
fn is_plain(written: Option<&Words>) -> bool {
    written.is_some_and(|words| matches!(words.value, super::written::ByLanguage::All(_)))
}

fn examples(reader: &mut Reader<'_, '_>, tool: &ToolWritten, names: &BTreeSet<String>) -> Vec<String> {
    let Some(written) = &tool.examples else { return Vec::new() };
    let examples = reader.choose(written);
    for example in &examples {
        let holes = example.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
        for hole in holes.filter(|hole| !names.contains(*hole)) {
            let what = format!("the example \"{example}\" names `{hole}`, which is no parameter");
            reader.say(written.place, what, "a hole of an example is a parameter in single braces: {order}");
        }
    }
    examples
}

/// The effects of a tool are the gravest of its requests.
fn effects(reader: &mut Reader<'_, '_>, tool: &ToolWritten, own: &Own<'_>) -> Effects {
    let of_steps = tool.steps.iter().map(effects_of_step);
    let all: Vec<Effects> = of_steps.chain([effects_of(&own.request.value, own.effects)]).collect();
    let gravest =
        [Effects::Irreversible, Effects::Reversible].into_iter().find(|effects| all.contains(effects));
    let effects = gravest.unwrap_or(Effects::None);
    let is_told =
        tool.response.map.len() + own.response.map.values().filter(|mapped| !mapped.is_secret()).count();
    if effects == Effects::None && is_told == 0 {
        let at = own.request.place;
        reader.say(
            at,
            "nothing of the answer would be let through",
            "name what the model may know under `response: map:`",
        );
    }
    effects
}

fn confirm(
    reader: &mut Reader<'_, '_>,
    at: Place,
    tool: &ToolWritten,
    effects: Effects,
    (parameters, seen): (&[Parameter], &[Parameter]),
    all: &Exchanges,
    spoken: VoiceYes,
) -> Confirm {
    let unwritten = ConfirmWritten::default();
    let (written, at) = tool.confirm.as_ref().map_or((&unwritten, at), |c| (&c.value, c.place));
    let policy = policy(reader, written, effects, seen, &all.known);
    let question = reader.spoken(written.question.as_ref(), &all.known, seen);
    let action = reader.spoken(written.action.as_ref(), &all.known, seen);
    if policy != Policy::Never {
        for (text, words, field) in
            [(&question, &written.question, "question"), (&action, &written.action, "action")]
        {
            if words.is_none() || (text.is_empty() && is_plain(words.as_ref())) {
                let what = format!("a tool with effects needs `confirm: {field}:`");
                reader.say(
                    at,
                    what,
                    "what the caller hears before it is done: a question, then the action named",
                );
            }
        }
        if let Some(words) = written.question.as_ref().filter(|_| !question.is_empty()) {
            covers(reader, words.place, &question, parameters, all);
        }
    }
    Confirm {
        policy,
        question,
        short: reader.spoken(written.short.as_ref(), &all.known, seen),
        action,
        verbs: written.verbs.as_ref().map_or_else(Vec::new, |verbs| reader.choose(verbs)),
        voice: match written.voice {
            VoiceWritten::ByEngine => spoken,
            VoiceWritten::KeypadOnly => VoiceYes::KeypadOnly,
        },
        demands_mark: written.demands_mark,
    }
}

/// A value that only a proof looks at changes nothing of what is sent, and may be one nobody should say
/// aloud: it need not be in the question. Nor need digits that the caller keyed himself. Every other one must.
fn covers(reader: &mut Reader<'_, '_>, at: Place, question: &str, parameters: &[Parameter], all: &Exchanges) {
    let Some(asked) = reader.template(at, question, &all.known) else { return };
    let is_keyed = |p: &Parameter| p.said_by == SaidBy::Keypad && p.kind == ParameterKind::Digits;
    let left_out = |p: &&Parameter| !is_keyed(p) && all.used.contains(&p.name) && !asked.contains(&p.name);
    for parameter in parameters.iter().filter(left_out) {
        let name = &parameter.name;
        let what = format!("the question leaves out `{name}`, which the model supplies");
        let said = said(parameter);
        let hole = match parameter.may_be_absent() {
            false => format!("{{{{ {said} }}}}"),
            true => format!("{{% if {name} is not none %}}{{{{ {said} }}}}{{% endif %}}"),
        };
        reader.say(at, what, format!("say it: {hole}"));
    }
    reader.swallows_none(at, question, parameters);
}

/// A value that is read out and neither sent nor looked at: the yes would be for something else than what happens.
fn sends(
    reader: &mut Reader<'_, '_>,
    plan: &ToolPlan,
    tool: &ToolWritten,
    (known, used): (&BTreeSet<String>, &BTreeSet<String>),
) {
    let Some(Spanned { value: confirm, .. }) = &tool.confirm else { return };
    let Some(Spanned { place: at, .. }) = confirm.question else { return };
    let Some(asked) = reader.template(at, &plan.confirm.question, known) else { return };
    let is_proved = |name: &String| tool.verify.iter().any(|rule| rule.value.parameter.value == *name);
    let idle = |p: &&Parameter| asked.contains(&p.name) && !used.contains(&p.name) && !is_proved(&p.name);
    for Parameter { name, .. } in plan.parameters.iter().filter(idle) {
        let what = format!(
            "the question says `{name}`, and no request holds it: the yes would be for what is not sent"
        );
        reader.say(
            at,
            what,
            format!("put \"{{{{ {name} }}}}\" into the request, in quotes; or take the parameter away"),
        );
    }
}

/// A header that proves who we are would be put over the tool's own, after the yes.
fn overwritten(reader: &mut Reader<'_, '_>, tool: &ToolWritten, auth: &Auth) {
    for (name, text) in tool.requests().flat_map(|request| &request.value.headers) {
        if auth.header_names().any(|own| own.eq_ignore_ascii_case(name)) {
            let what = format!("`{name}` is written by `auth` too, which would overwrite it");
            reader.say(text.place, what, "take one of the two away");
        }
    }
}

/// What another tool has stored is what the model looked up last, which need not be what the caller means.
fn covers_stored(reader: &mut Reader<'_, '_>, at: Place, question: &str, given: &[Given], all: &Exchanges) {
    let Some(asked) = reader.template(at, question, &all.known) else { return };
    let stored =
        |given: &&Given| matches!(given.source, Source::Variable { .. }) && all.used.contains(&given.name);
    for left_out in given.iter().filter(stored).filter(|given| !asked.contains(&given.name)) {
        let name = &left_out.name;
        let what = format!("the question leaves out `{name}`, which another tool has stored");
        let remedy = format!(
            "say it: {{{{ {name} }}}}; or let the caller name it, by a parameter with `one_of: {{variable: ..}}`"
        );
        reader.say(at, what, remedy);
    }
}

/// A parameter in a question, with the filter that says its kind.
fn said(parameter: &Parameter) -> String {
    let Parameter { name, kind, list, .. } = parameter;
    match (kind, list) {
        (ParameterKind::Money, _) => format!("{name} | money"),
        (ParameterKind::Digits, _) => format!("{name} | digits"),
        (ParameterKind::Number, _) => format!("{name} | number"),
        (ParameterKind::Date, _) => format!("{name} | date"),
        (ParameterKind::Time, _) => format!("{name} | time"),
        (ParameterKind::Email, _) => format!("{name} | email"),
        (ParameterKind::Phone, _) => format!("{name} | phone"),
        (ParameterKind::Text | ParameterKind::Integer | ParameterKind::Boolean, Some(_)) => {
            format!("{name} | join(', ')")
        }
        (ParameterKind::Text | ParameterKind::Integer | ParameterKind::Boolean, None) => name.clone(),
    }
}

fn policy(
    reader: &mut Reader<'_, '_>,
    written: &ConfirmWritten,
    effects: Effects,
    parameters: &[Parameter],
    known: &BTreeSet<String>,
) -> Policy {
    let default = if effects == Effects::None { Policy::Never } else { Policy::Always };
    let Some(policy) = &written.policy else { return default };
    let meant = match &policy.value {
        PolicyWritten::Never => Policy::Never,
        PolicyWritten::Always => Policy::Always,
        PolicyWritten::When(condition) => {
            let before = DONE_BEFORE.map(str::to_owned);
            reader.expression(policy.place, condition, &known.iter().cloned().chain(before).collect());
            sums(reader, policy.place, condition, parameters);
            reader.depends(policy.place, condition);
            compares_numbers(reader, policy.place, condition, known, parameters);
            Policy::When(condition.clone())
        }
    };
    if effects == Effects::None && meant != Policy::Never {
        let remedy =
            "write `effects: reversible` or `irreversible` if it changes something, or drop the policy";
        reader.say(policy.place, "a tool without effects is not asked about", remedy);
        return Policy::Never;
    }
    meant
}

/// What is summed up is an amount or a whole number that the tool itself takes.
fn sums(reader: &mut Reader<'_, '_>, at: Place, condition: &str, parameters: &[Parameter]) {
    let is_sum = |name: &str| {
        let of = parameters.iter().find(|p| p.name == name && p.list.is_none());
        of.is_some_and(|p| matches!(p.kind, ParameterKind::Money | ParameterKind::Integer))
    };
    for part in summed(condition).filter(|part| !part.as_ref().is_some_and(|name| is_sum(name))) {
        let what = match part {
            Some(name) => {
                format!("`call.sum('{name}')` sums up what is no amount and no whole number of this tool")
            }
            None => "`call.sum` wants one name in quotes".to_owned(),
        };
        reader.say(
            at,
            what,
            "a parameter of kind `money` or `integer`: `call.sum('amount') + (amount | minor) > 5000`",
        );
    }
}

/// Only `done` is said when there is a result. What a tool without effects found is the model's to tell.
fn phrases(
    reader: &mut Reader<'_, '_>,
    written: &PhrasesWritten,
    effects: Effects,
    before: &BTreeSet<String>,
    after: &BTreeSet<String>,
    parameters: &[Parameter],
) -> ToolPhrases {
    let PhrasesWritten { done, partly, failed, unknown, declined, .. } = written;
    let of_effects = [
        ("done", done),
        ("partly", partly),
        ("failed", failed),
        ("unknown", unknown),
        ("declined", declined),
    ];
    for (name, words) in of_effects.into_iter().filter_map(|(name, words)| Some((name, words.as_ref()?))) {
        if effects == Effects::None {
            let remedy =
                "the model tells what was found; for a sentence of yours write `response: map: say:`";
            reader.say(words.place, format!("`{name}` is never said of a tool without effects"), remedy);
        }
    }
    let delay_after = patience(reader, written.delay_after_ms.as_ref());
    let delay_again_after = patience(reader, written.delay_again_after_ms.as_ref());
    let mut said =
        |words: &Option<WordingsByLanguage>, known| reader.wordings(words.as_ref(), known, parameters);
    ToolPhrases {
        start: said(&written.start, before),
        delay: said(&written.delay, before),
        delay_again: said(&written.delay_again, before),
        delay_after,
        delay_again_after,
        done: said(done, after),
        partly: said(partly, before),
        failed: said(failed, before),
        unknown: said(unknown, before),
        declined: said(declined, before),
        out_of_reach: said(&written.out_of_reach, before),
        spent: said(&written.spent, before),
    }
}

fn patience(reader: &mut Reader<'_, '_>, written: Option<&Spanned<u32>>) -> Option<Millis> {
    let written = written?;
    if !(PATIENCE_MS_MIN..=PATIENCE_MS_MAX).contains(&written.value) {
        let what = format!("{} ms of silence is too short or too long before a word", written.value);
        reader.say(written.place, what, format!("{PATIENCE_MS_MIN} to {PATIENCE_MS_MAX}"));
    }
    Some(Millis(written.value))
}

/// Where the key goes. Its place must be free: what stands there is part of what the caller confirmed, or is put there
/// after the key.
fn key(reader: &mut Reader<'_, '_>, own: &Own<'_>, auth: &Auth) -> KeyPlace {
    let request = &own.request.value;
    match own.idempotency {
        None | Some(IdempotencyWritten::None) => KeyPlace::None,
        Some(IdempotencyWritten::Header(name)) => {
            if let Some(why) = header_unfit(&name.value, request, auth) {
                let remedy = format!("a header which the request does not have: {KEY_IN_A_HEADER}");
                reader.say(name.place, format!("`{}` {why}", name.value), remedy);
            }
            KeyPlace::Header(name.value.clone())
        }
        Some(IdempotencyWritten::Body(field)) => {
            if let Some((what, remedy)) = body_unfit(&field.value, request) {
                reader.say(field.place, what, remedy);
            }
            KeyPlace::Body(field.value.clone())
        }
    }
}

/// Why the key cannot be in this header.
fn header_unfit(name: &str, request: &RequestWritten, auth: &Auth) -> Option<&'static str> {
    let is = |other: &str| other.eq_ignore_ascii_case(name);
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Some("is no header");
    }
    if request.headers.keys().any(|other| is(other)) {
        return Some("stands under `headers` already, and the key would overwrite it");
    }
    if auth.header_names().any(is) {
        return Some("is written by `auth`, which would overwrite the key");
    }
    let own = OWN_HEADERS.iter().chain([&"Content-Type"]);
    own.into_iter().any(|own| is(own)).then_some("is one that the gateway writes itself")
}

/// Why the key cannot be in this field of the body, and what to do. A request without a body gets one of the key alone.
fn body_unfit(field: &str, request: &RequestWritten) -> Option<(String, String)> {
    let taken = || {
        let what = format!("the body has a field `{field}` already, and the key would overwrite it");
        (what, "name a field which the body does not have".to_owned())
    };
    let form = request.form.as_ref().or(request.multipart.as_ref());
    if let Some(fields) = form {
        return fields.value.contains_key(field).then(taken);
    }
    match request.body.as_ref().map(|body| &body.value) {
        None if request.method.is_safe() => {
            let what = "no system looks for the key in the body of a GET or HEAD";
            Some((what.to_owned(), KEY_IN_A_HEADER.to_owned()))
        }
        Some(Value::Object(fields)) if fields.contains_key(field) => Some(taken()),
        None | Some(Value::Object(_)) => None,
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            let remedy = format!("{KEY_IN_A_HEADER}; or write the body as `name: value`");
            Some(("the body is no map that could hold the key".to_owned(), remedy))
        }
    }
}

/// Variables of the call, each an expression over what is let through: so they come back from a record of the call.
fn store(
    reader: &mut Reader<'_, '_>,
    response: &ResponseWritten,
    mapped: &BTreeSet<String>,
) -> BTreeMap<String, String> {
    for (name, expression) in &response.store {
        if !is_name(name) || name == RESERVED {
            let what = format!("`{name}` cannot be the name of a variable");
            reader.say(expression.place, what, "small letters, digits and `_`; not `call`");
        }
        if mapped.is_empty() {
            let remedy = "name under `map` what is let through; `store` keeps values of the map";
            reader.say(expression.place, "there is nothing to store: `map` lets nothing through", remedy);
        } else {
            reader.expression(expression.place, &expression.value, mapped);
        }
    }
    response.store.iter().map(|(name, expression)| (name.clone(), expression.value.clone())).collect()
}

fn not_done_on(reader: &mut Reader<'_, '_>, written: &[Spanned<u16>]) -> BTreeSet<u16> {
    for status in written.iter().filter(|status| !(500..600).contains(&status.value)) {
        let what = format!("{} is no status of a server's error", status.value);
        reader.say(status.place, what, "500 to 599; a 4xx always means that nothing was done");
    }
    written.iter().map(|status| status.value).collect()
}

fn timeout(reader: &mut Reader<'_, '_>, written: Option<&Spanned<u32>>) -> Millis {
    let Some(written) = written else { return Millis(TIMEOUT_MS) };
    if !(TIMEOUT_MS_MIN..=TIMEOUT_MS_MAX).contains(&written.value) {
        let what = format!("{} ms is no time a caller can wait", written.value);
        reader.say(written.place, what, format!("{TIMEOUT_MS_MIN} to {TIMEOUT_MS_MAX}"));
    }
    Millis(written.value)
}
