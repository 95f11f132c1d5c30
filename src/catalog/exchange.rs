//! The requests of a tool: from written to meant.
//!
//! Promises: every hole of a request has a source, and no secret stands in one as text; every proof that passes is made
//! before anything has effects.
//! Never: sends anything.

use std::collections::{BTreeMap, BTreeSet};

use centralita_core::conversation::{Effects, Parameter};
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::Value;

use super::absence::{Lands, given};
use super::errors::{read_errors, read_errors_when};
use super::hidden;
use super::place::{Place, Spanned};
use super::reader::{Hidden, RESERVED, Reader, braces, is_name, with_call};
use super::steps::{Between, Own};
use super::verify::{alike, read_rule};
use super::written::{
    AnswersWritten, MappedWritten, PrepareWritten, RequestWritten, ResponseWritten, ToolWritten, Words,
};
use crate::integrations::{Answers, Body, ErrorMeans, Exchange, PROBE_KEY, Sample};
use crate::secrets::SecretName;

/// Headers that make a request what it is: whatever stands in them is lost, or breaks it.
pub(super) const OWN_HEADERS: &[&str] = &["Connection", "Content-Length", "Host", "Transfer-Encoding"];

/// Name → text, as they are written.
type Fields = Spanned<BTreeMap<String, Spanned<String>>>;

/// All requests of a tool.
pub(super) struct Exchanges<'w> {
    pub(super) prepare: Vec<Exchange>,
    /// What is sent by leave before the last request.
    pub(super) before: Vec<Between<'w>>,
    pub(super) request: Exchange,
    /// Of a tool with steps, what its result is made of where that is not what the last one maps.
    pub(super) result: Option<BTreeMap<String, String>>,
    /// What the question may name: parameters, and what the steps map.
    pub(super) known: BTreeSet<String>,
    /// Values of steps that may be left out, which are then null.
    pub(super) optional: Vec<Parameter>,
    /// Names that land in a request.
    pub(super) used: BTreeSet<String>,
}

/// What is known while the requests of a tool are read, one after the other.
pub(super) struct Reading {
    /// All values that templates may name, for what may be absent.
    pub(super) parameters: Vec<Parameter>,
    pub(super) known: BTreeSet<String>,
    pub(super) used: BTreeSet<String>,
    /// Names of what is known only after the caller's yes.
    pub(super) holes: BTreeSet<String>,
}

impl Reading {
    pub(super) fn new(parameters: &[Parameter]) -> Reading {
        let known = parameters.iter().map(|p| p.name.clone()).collect();
        Reading { parameters: parameters.to_vec(), known, used: BTreeSet::new(), holes: BTreeSet::new() }
    }
}

/// Reads what comes before the question, the request and the proofs of a tool. `names` are those of what the model
/// supplies; `parameters` are all values that templates may name.
pub(super) fn exchanges(
    reader: &mut Reader<'_, '_>,
    tool: &ToolWritten,
    own: &Own<'_>,
    effects: Effects,
    names: &BTreeSet<String>,
    parameters: &[Parameter],
) -> Exchanges<'static> {
    let mut reading = Reading::new(parameters);
    let mut prepare: Vec<Exchange> =
        tool.prepare.iter().map(|step| read_prepare(reader, step, &mut reading)).collect();
    let (mut request, secret) = read_own(reader, own.request, own.response, &mut reading);
    useless(reader, own.response, &secret);
    let rules: Vec<_> = tool.verify.iter().filter_map(|rule| read_rule(reader, rule, names)).collect();
    alike(reader, &tool.verify, &rules);
    match (prepare.last_mut(), tool.verify.first()) {
        (Some(step), _) => step.verify = rules,
        // What decides is the tool's effects, as it is when the tool runs: not the method they were guessed by.
        (None, Some(first)) if effects != Effects::None => reader.say(
            first.place,
            "a proof over the answer to a request with effects would come too late",
            "add a `prepare` step with GET; proofs are then over its answer. Or, if this request changes nothing, \
             write `effects: none`",
        ),
        (None, _) => request.verify = rules,
    }
    let Reading { known, used, .. } = reading;
    let (before, optional) = (Vec::new(), Vec::new());
    Exchanges { prepare, before, request, result: None, known, optional, used }
}

/// Reads a request with all that its answer means, and the names of what only later requests may hold of it.
pub(super) fn read_own(
    reader: &mut Reader<'_, '_>,
    written: &Spanned<RequestWritten>,
    response: &ResponseWritten,
    reading: &mut Reading,
) -> (Exchange, BTreeSet<String>) {
    let Reading { parameters, known, used, .. } = reading;
    let mut request = read_request(reader, written, parameters, known, used);
    if request.method.is_safe() {
        let remedy = "write its fields under `query`; where the system wants a body, `method: POST`, with `effects: none` if it \
                      changes nothing";
        refuse_body(reader, written, remedy);
    }
    let ResponseWritten { answers, store: _, map, success, errors, errors_when, sample } = response;
    request.answers = read_answers(*answers);
    let secret;
    (request.map, secret) = read_mapped(reader, map);
    request.success = success.as_ref().map(|condition| reader.over_answer(condition.place, &condition.value));
    request.errors = read_errors(reader, errors);
    request.errors_when = read_errors_when(reader, errors_when, known);
    request.sample = sample.as_ref().map(|sample| read_sample(reader, sample, known, parameters, &request));
    (request, secret)
}

/// Where no request follows, nobody could use a secret.
pub(super) fn useless(reader: &mut Reader<'_, '_>, response: &ResponseWritten, secret: &BTreeSet<String>) {
    let first = secret.first().and_then(|first| response.map.get(first));
    if let Some(first) = first {
        let remedy = "leave it out; where a later request needs it, write both as `steps`";
        reader.say(
            first.place(),
            "nothing comes after this request that could use a secret of its answer",
            remedy,
        );
    }
}

fn read_prepare(
    reader: &mut Reader<'_, '_>,
    step: &Spanned<PrepareWritten>,
    reading: &mut Reading,
) -> Exchange {
    let PrepareWritten { request, answers, map, errors, errors_when, sample } = &step.value;
    let Reading { parameters, known, used, .. } = reading;
    let mut exchange = read_request(reader, request, parameters, known, used);
    let what = "a step before the question must not have effects";
    only_asks(reader, request, what, "use GET or HEAD here; the one request with effects is `request`");
    exchange.answers = read_answers(*answers);
    exchange.map = read_map(reader, map);
    exchange.errors = read_errors(reader, errors);
    exchange.errors_when = read_errors_when(reader, errors_when, known);
    exchange.sample = sample.as_ref().map(|sample| read_sample(reader, sample, known, parameters, &exchange));
    for (name, expression) in map {
        if !known.insert(name.clone()) || reader.hidden.contains_key(name) {
            let what = format!("`{name}` already has a value");
            reader.say(expression.place, what, "choose a name that no parameter and no earlier step has");
        }
    }
    exchange
}

/// A request that must change nothing is sent by GET or HEAD, and so without a body.
pub(super) fn only_asks(
    reader: &mut Reader<'_, '_>,
    written: &Spanned<RequestWritten>,
    what: &str,
    remedy: &str,
) {
    if written.value.method.is_safe() {
        refuse_body(reader, written, &format!("write its fields under `query`: {what}"));
    } else if let Some((name, _)) = bodies(&written.value).next() {
        reader.say(written.place, what, format!("{remedy}; the fields of its `{name}` go under `query`"));
    } else {
        reader.say(written.place, what, remedy);
    }
}

/// A body that does not belong there.
fn refuse_body(reader: &mut Reader<'_, '_>, written: &Spanned<RequestWritten>, remedy: &str) {
    let Some((_, place)) = bodies(&written.value).next() else { return };
    let what =
        "a GET or HEAD has no body that every system reads: what is written here may be lost on the way";
    reader.say(place, what, remedy);
}

pub(super) fn read_request(
    reader: &mut Reader<'_, '_>,
    written: &Spanned<RequestWritten>,
    parameters: &[Parameter],
    known: &BTreeSet<String>,
    used: &mut BTreeSet<String>,
) -> Exchange {
    let RequestWritten { method, path, query, headers, body: _, form: _, multipart: _ } = &written.value;
    let known = &reader.in_requests(known);
    let mut hole = |reader: &mut Reader<'_, '_>, at: Place, lands: Lands, text: &str| {
        if SecretName::reference(text).is_some() {
            let remedy = "for all tools: `auth: {header: {name: .., value: secret.NAME}}` by `base_url`; for this one: a \
                          parameter with `from: {secret: NAME}`";
            reader.say(at, "this would be sent as it stands, not as the secret", remedy);
        }
        let source = braces(text);
        used.extend(reader.template(at, &source, known).into_iter().flatten());
        reader.holds_without(at, lands, &source, parameters);
        source
    };
    if !path.value.starts_with('/')
        || path.value.contains(['?', '#'])
        || path.value.split('/').any(|s| s == "..")
    {
        reader.say(
            path.place,
            "this is no path under the base URL",
            "begin with `/`; write parameters under `query`",
        );
    }
    one_body(reader, &written.value);
    unquoted(reader, &written.value, known);
    secret_in_path(reader, path);
    let path = hole(reader, path.place, Lands::Path, &path.value);
    let query = query
        .iter()
        .map(|(name, text)| (name.clone(), hole(reader, text.place, Lands::Field, &text.value)))
        .collect();
    for (name, text) in headers {
        check_header(reader, name, text);
    }
    let headers = headers
        .iter()
        .map(|(name, text)| (name.clone(), hole(reader, text.place, Lands::Field, &text.value)))
        .collect();
    let body =
        read_body(&written.value, &mut |place: Place, text: &str| hole(reader, place, Lands::Field, text));
    Exchange {
        method: *method,
        path,
        query,
        headers,
        body,
        map: BTreeMap::new(),
        success: None,
        answers: Answers::Json,
        verify: Vec::new(),
        errors: BTreeMap::new(),
        errors_when: Vec::new(),
        sample: None,
        called: None,
        error_means: ErrorMeans::Unknown,
        step: None,
    }
}

/// `{amount: {amount}}`: YAML reads braces without quotes as a map of its own, and a null would be sent.
fn unquoted(reader: &mut Reader<'_, '_>, request: &RequestWritten, known: &BTreeSet<String>) {
    let Some(body) = &request.body else { return };
    let Some(name) = name_in_braces(&body.value, known) else { return };
    let what = format!("`{{{name}}}` without quotes is a map of YAML's, and a null would be sent");
    reader.say(body.place, what, format!("put it in quotes: \"{{{name}}}\""));
}

/// The first known name that stands alone in braces without quotes.
fn name_in_braces<'v>(tree: &'v Value, known: &BTreeSet<String>) -> Option<&'v str> {
    match tree {
        Value::Object(fields) => {
            let alone = fields
                .iter()
                .next()
                .filter(|(name, value)| fields.len() == 1 && value.is_null() && known.contains(*name));
            alone
                .map(|(name, _)| name.as_str())
                .or_else(|| fields.values().find_map(|value| name_in_braces(value, known)))
        }
        Value::Array(items) => items.iter().find_map(|item| name_in_braces(item, known)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// A request has one body.
fn one_body(reader: &mut Reader<'_, '_>, request: &RequestWritten) {
    let mut bodies = bodies(request);
    let Some((first, place)) = bodies.next() else { return };
    if let Some((second, at)) = bodies.next() {
        let what =
            format!("a request has one body, and here are `{first}` (line {}) and `{second}`", place.line);
        reader.say(at, what, "keep the one that the system reads");
    }
}

/// What bodies a request has, each with its place.
fn bodies(request: &RequestWritten) -> impl Iterator<Item = (&'static str, Place)> {
    let RequestWritten { body, form, multipart, .. } = request;
    let bodies = [
        ("body", body.as_ref().map(|body| body.place)),
        ("form", form.as_ref().map(|form| form.place)),
        ("multipart", multipart.as_ref().map(|parts| parts.place)),
    ];
    bodies.into_iter().filter_map(|(name, place)| Some((name, place?)))
}

fn read_body(request: &RequestWritten, hole: &mut impl FnMut(Place, &str) -> String) -> Option<Body> {
    let mut fields = |fields: &Fields| {
        let field = |(name, text): (&String, &Spanned<String>)| (name.clone(), hole(text.place, &text.value));
        fields.value.iter().map(field).collect()
    };
    let form = request.form.as_ref().map(|form| Body::Form(fields(form)));
    let parts = request.multipart.as_ref().map(|parts| Body::Multipart(fields(parts)));
    let json = |tree: &Spanned<Value>| Body::Json(fill(&tree.value, &mut |text| hole(tree.place, text)));
    request.body.as_ref().map(json).or(form).or(parts)
}

/// What stands for what a caller said while a sample is tried out: a number, and a day.
const STAND_INS: [&str; 2] = ["1", "2026-07-11"];

/// An answer as the system could give it. It is tried out, with stand-ins where it names what is of a known kind: what the
/// caller said, the call and its key.
pub(super) fn read_sample(
    reader: &mut Reader<'_, '_>,
    written: &Spanned<Value>,
    known: &BTreeSet<String>,
    parameters: &[Parameter],
    exchange: &Exchange,
) -> Sample {
    let known = with_call(known);
    if exchange.answers == Answers::Text {
        return read_text_sample(reader, written, &known, parameters);
    }
    let mut named = Some(BTreeSet::new());
    let tree = fill(&written.value, &mut |text| {
        let source = braces(text);
        let names = reader.template(written.place, &source, &known);
        named = named.take().zip(names).map(|(named, names)| &named | &names);
        reader.holds_without(written.place, Lands::Field, &source, parameters);
        source
    });
    let has_kind = |name: &String| {
        name == RESERVED || name == PROBE_KEY || parameters.iter().any(|parameter| parameter.name == *name)
    };
    if named.is_some_and(|names| names.iter().all(has_kind))
        && let Some(name) = lacks_with_any(reader, &tree, &known, parameters, exchange)
    {
        let what = format!("of this sample {name} has no value");
        reader.say(
            written.place,
            what,
            "write the answer as the system gives it, with all that the map names",
        );
    }
    Sample::Answer(tree)
}

/// An answer that is read as a text is written as one.
fn read_text_sample(
    reader: &mut Reader<'_, '_>,
    written: &Spanned<Value>,
    known: &BTreeSet<String>,
    parameters: &[Parameter],
) -> Sample {
    let Value::String(text) = &written.value else {
        let remedy = "write the text as the system gives it: `sample: \"<state>fine</state>\"`";
        reader.say(written.place, "this answer is read `as: text`, and its sample is none", remedy);
        return Sample::Text(String::new());
    };
    let source = braces(text);
    reader.template(written.place, &source, known);
    reader.holds_without(written.place, Lands::Spoken, &source, parameters);
    Sample::Text(source)
}

/// A URL is written into logs by everybody on its way.
fn secret_in_path(reader: &mut Reader<'_, '_>, path: &Spanned<String>) {
    let named = reader.names_in(&braces(&path.value));
    let secret = named.into_iter().find(|name| reader.hidden.get(name) == Some(&Hidden::Secret));
    if let Some(name) = secret {
        let what =
            format!("the secret `{name}` would be part of the URL, which everybody on its way writes down");
        reader.say(path.place, what, "send it in a header, or in a field of the body");
    }
}

pub(super) fn read_answers(written: AnswersWritten) -> Answers {
    match written {
        AnswersWritten::Json => Answers::Json,
        AnswersWritten::Text => Answers::Text,
    }
}

/// What this answer lacks, whatever stands in its holes.
fn lacks_with_any(
    reader: &Reader<'_, '_>,
    tree: &Value,
    known: &BTreeSet<String>,
    parameters: &[Parameter],
    exchange: &Exchange,
) -> Option<String> {
    let lacks = |text: &str| {
        let values = Value::Object(given(known, parameters, |_| text.to_owned(), true));
        reader.filled(tree, &values).and_then(|answer| reader.lacks(&answer, exchange))
    };
    STAND_INS.map(lacks).into_iter().collect::<Option<Vec<String>>>()?.into_iter().next()
}

/// The same tree with every text passed through.
pub(super) fn fill(tree: &Value, hole: &mut impl FnMut(&str) -> String) -> Value {
    match tree {
        Value::Null | Value::Bool(_) | Value::Number(_) => tree.clone(),
        Value::String(text) => Value::String(hole(text)),
        Value::Array(items) => Value::Array(items.iter().map(|item| fill(item, hole)).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), fill(v, hole))).collect()),
    }
}

fn check_header(reader: &mut Reader<'_, '_>, name: &str, text: &Spanned<String>) {
    if HeaderName::from_bytes(name.as_bytes()).is_err() || HeaderValue::from_str(&text.value).is_err() {
        reader.say(
            text.place,
            format!("`{name}` is no header"),
            "a name of letters and `-`, a value on one line",
        );
    }
    if OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name)) {
        let what = format!("`{name}` is a header that the gateway writes itself");
        reader.say(text.place, what, "leave it out");
    }
    let is_named = hidden::is_name_of_one(name) && !text.value.contains('{');
    if is_named || hidden::begins_like_one(&text.value) || text.value.starts_with("secret.") {
        reader.say(
            text.place,
            format!("the header `{name}` looks like a secret"),
            "keep it out of the file: `auth: {header: {name: .., value: secret.NAME}}` by `base_url`",
        );
    }
}

pub(super) fn read_map(
    reader: &mut Reader<'_, '_>,
    map: &BTreeMap<String, Words>,
) -> BTreeMap<String, String> {
    let mut meant = BTreeMap::new();
    for (name, words) in map {
        let source = reader.choose(words);
        meant.extend(read_value(reader, name, words.place, &source));
    }
    meant
}

/// The same, and the names of those that are secret.
fn read_mapped(
    reader: &mut Reader<'_, '_>,
    map: &BTreeMap<String, MappedWritten>,
) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let (mut meant, mut secret) = (BTreeMap::new(), BTreeSet::new());
    for (name, mapped) in map {
        let source = match mapped {
            MappedWritten::Open(words) => reader.choose(words),
            MappedWritten::Marked(marked) => {
                secret.extend(marked.secret.then(|| name.clone()));
                marked.value.value.clone()
            }
        };
        meant.extend(read_value(reader, name, mapped.place(), &source));
    }
    (meant, secret)
}

/// One value of an answer; none where this language has no words for it, which was noted.
fn read_value(reader: &mut Reader<'_, '_>, name: &str, at: Place, source: &str) -> Option<(String, String)> {
    check_value_name(reader, name, at);
    (!source.is_empty()).then(|| (name.to_owned(), reader.over_answer(at, source)))
}

pub(super) fn check_value_name(reader: &mut Reader<'_, '_>, name: &str, at: Place) {
    if !is_name(name) || name == RESERVED {
        let what = format!("`{name}` cannot be the name of a value");
        reader.say(at, what, "small letters, digits and `_`; not `call`");
    }
}
