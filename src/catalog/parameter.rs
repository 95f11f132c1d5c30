//! The values of a tool: those the model supplies, and those nobody is asked for.
//!
//! Promises: a value that is not the caller's is not among those the model is told of; a default is one that the model
//! could have supplied.
//! Never: resolves a secret, reads a clock.

use std::collections::BTreeSet;

use centralita_core::conversation::{Parameter, ParameterKind, SaidBy};
use serde_json::Value;

use super::hidden;
use super::limits::{limits, one};
use super::place::{Place, Spanned};
use super::reader::{Hidden, RESERVED, Reader, is_name};
use super::tool::required;
use super::written::{CallFactWritten, ParameterWritten, SourceWritten};
use crate::integrations::{CallFact, Given, Source, is_time_zone};
use crate::secrets::SecretName;

/// A longer list no caller dictates, and no question says.
pub(super) const LIST_MAX: u8 = 20;

const KINDS: &str = "text, integer, number, digits, money, boolean, email, phone, date, time";

/// All values of a tool.
pub(super) struct Inputs {
    /// What the model supplies.
    pub(super) parameters: Vec<Parameter>,
    pub(super) given: Vec<Given>,
    /// Both, as far as templates that are said may name them.
    pub(super) seen: Vec<Parameter>,
}

/// Reads the values of a tool; what only requests may name, the reader keeps.
pub(super) fn inputs(reader: &mut Reader<'_, '_>, written: &[ParameterWritten]) -> Inputs {
    let mut names = BTreeSet::new();
    let mut inputs = Inputs { parameters: Vec::new(), given: Vec::new(), seen: Vec::new() };
    for parameter in written {
        let name = &parameter.name.value;
        let at = parameter.name.place;
        if !is_name(name) || name == RESERVED {
            let what = format!("`{name}` cannot be a parameter's name");
            reader.say(at, what, "small letters, digits and `_`; not `call`");
        }
        if !names.insert(name) {
            reader.say(at, format!("there are two parameters `{name}`"), "give each a name of its own");
        }
        match parameter.from.as_ref().map(|from| (&from.value, from.place)) {
            None | Some((SourceWritten::Caller, _)) => {
                inputs.parameters.push(asked_for(reader, parameter, SaidBy::Voice));
            }
            Some((SourceWritten::Keypad, place)) => {
                let asked = asked_for(reader, parameter, SaidBy::Keypad);
                can_be_keyed(reader, place, &asked);
                inputs.parameters.push(asked);
            }
            Some((source, place)) => {
                let given = given(reader, parameter, source, place);
                match &given.source {
                    Source::Secret(_) => reader.hide(name, Hidden::Secret),
                    Source::Call(_) => reader.hide(name, Hidden::OfTheCall),
                    Source::Constant(_)
                    | Source::Agent
                    | Source::Language
                    | Source::Now(_)
                    | Source::Variable { .. } => inputs.seen.push(as_seen(&given)),
                }
                inputs.given.push(given);
            }
        }
    }
    inputs.seen.extend(inputs.parameters.iter().cloned());
    inputs
}

fn asked_for(reader: &mut Reader<'_, '_>, written: &ParameterWritten, said_by: SaidBy) -> Parameter {
    let at = written.name.place;
    let kind = written.kind.as_ref().map(|kind| kind.value);
    if kind.is_none() {
        reader.say(at, format!("`kind` is missing of `{}`", written.name.value), format!("one of: {KINDS}"));
    }
    let kind = kind.unwrap_or_default();
    let ask = match written.required {
        true => required(reader, at, written.ask.as_ref(), "ask"),
        false => reader.words(written.ask.as_ref()),
    };
    let mut parameter = Parameter {
        name: written.name.value.clone(),
        kind,
        description: reader.words(written.description.as_ref()),
        required: written.required,
        ask,
        limits: limits(reader, written, kind),
        list: written.list.as_ref().map(|list| list.value),
        default: None,
        country: reader.country.filter(|_| kind == ParameterKind::Phone).map(str::to_owned),
        said_by,
    };
    if let Some(list) = written.list.as_ref().filter(|list| !(1..=LIST_MAX).contains(&list.value)) {
        let remedy = format!("1 to {LIST_MAX}: `list` is the most values that a caller may name");
        reader.say(list.place, format!("a list of {} is none", list.value), remedy);
    }
    if let Some(list) = written.list.as_ref().filter(|_| kind == ParameterKind::Boolean) {
        reader.say(
            list.place,
            "a list of yes and no is none",
            "write a parameter for each, or a list of texts",
        );
    }
    parameter.default = written.default.as_ref().and_then(|default| default_of(reader, &parameter, default));
    parameter
}

/// The default in its one form.
fn default_of(reader: &mut Reader<'_, '_>, parameter: &Parameter, default: &Spanned<Value>) -> Option<Value> {
    if parameter.required {
        let remedy = "write `required: false` beside it, or take the default away";
        reader.say(default.place, "a value that must be there needs no default", remedy);
    }
    one(reader, parameter, default)
}

fn can_be_keyed(reader: &mut Reader<'_, '_>, at: Place, parameter: &Parameter) {
    let by_keys = matches!(
        parameter.kind,
        ParameterKind::Digits | ParameterKind::Integer | ParameterKind::Money | ParameterKind::Phone
    );
    if !by_keys || parameter.list.is_some() {
        let remedy = "a `kind` of digits, integer, money or phone, and no list";
        reader.say(at, "a keypad has digits alone, and gives one value", remedy);
    }
    if parameter.default.is_some() {
        reader.say(at, "what must be keyed has no default", "take one of the two away");
    }
}

fn given(
    reader: &mut Reader<'_, '_>,
    written: &ParameterWritten,
    source: &SourceWritten,
    at: Place,
) -> Given {
    asks_nobody(reader, written, source);
    let kind = written.kind.as_ref().map(|kind| kind.value);
    let source = match source {
        // Told apart by who calls this.
        SourceWritten::Caller | SourceWritten::Keypad | SourceWritten::Agent => Source::Agent,
        SourceWritten::Language => Source::Language,
        SourceWritten::Constant(value) => {
            Source::Constant(constant(reader, &written.name.value, at, kind, value))
        }
        SourceWritten::Secret(name) => Source::Secret(secret(reader, at, name)),
        SourceWritten::Call(fact) => Source::Call(match fact {
            CallFactWritten::Id => CallFact::Id,
            CallFactWritten::From => CallFact::From,
            CallFactWritten::To => CallFact::To,
        }),
        SourceWritten::Now(zone) => {
            if !is_time_zone(zone) {
                let remedy = "a name of the IANA time zone database: `now: Europe/Madrid`, `now: UTC`";
                reader.say(at, format!("`{zone}` is no time zone"), remedy);
            }
            Source::Now(zone.clone())
        }
        SourceWritten::Variable(name) => {
            let otherwise = written.default.as_ref().map(|default| default.value.clone());
            let otherwise = otherwise.or((!written.required).then_some(Value::Null));
            Source::Variable { name: name.clone(), otherwise }
        }
    };
    Given { name: written.name.value.clone(), source, kind }
}

/// Fields that only say how a caller is asked have no sense here.
fn asks_nobody(reader: &mut Reader<'_, '_>, written: &ParameterWritten, source: &SourceWritten) {
    let ParameterWritten { name, ask, min, max, one_of, pattern, list, default, kind, required, .. } =
        written;
    let is_variable = matches!(source, SourceWritten::Variable(_));
    let fields = [
        ("ask", ask.as_ref().map(|field| field.place)),
        ("min", min.as_ref().map(|field| field.place)),
        ("max", max.as_ref().map(|field| field.place)),
        ("one_of", one_of.as_ref().map(|field| field.place)),
        ("pattern", pattern.as_ref().map(|field| field.place)),
        ("list", list.as_ref().map(|field| field.place)),
        ("default", default.as_ref().map(|field| field.place).filter(|_| !is_variable)),
    ];
    for (field, place) in fields.into_iter().filter_map(|(field, place)| Some((field, place?))) {
        let what = format!("nobody is asked for `{}`, so `{field}` says nothing", name.value);
        reader.say(place, what, format!("take `{field}` away, or `from`"));
    }
    if !*required && !is_variable {
        let what = format!("`{}` always has its value", name.value);
        reader.say(name.place, what, "take `required: false` away");
    }
    let fits = match source {
        SourceWritten::Now(_) => &[ParameterKind::Date, ParameterKind::Time] as &[ParameterKind],
        SourceWritten::Constant(_) | SourceWritten::Variable(_) => return,
        SourceWritten::Caller
        | SourceWritten::Keypad
        | SourceWritten::Agent
        | SourceWritten::Language
        | SourceWritten::Secret(_)
        | SourceWritten::Call(_) => &[],
    };
    if let Some(kind) = kind.as_ref().filter(|kind| !fits.contains(&kind.value)) {
        let remedy = match fits {
            [] => "take `kind` away: it is a text",
            _ => "`date` or `time`; without `kind` it is both, as 2026-07-27T14:05:00+02:00",
        };
        reader.say(kind.place, format!("`{}` is not of this kind", name.value), remedy);
    }
}

fn constant(
    reader: &mut Reader<'_, '_>,
    name: &str,
    at: Place,
    kind: Option<ParameterKind>,
    value: &Value,
) -> Value {
    if value.is_null() {
        reader.say(at, "a constant needs a value", "write `from: {constant: VALUE}`");
    }
    if value.as_str().is_some_and(|text| SecretName::reference(text).is_some()) {
        let remedy = "write `from: {secret: NAME}`";
        reader.say(at, "this would be sent as it stands, not as the secret", remedy);
    }
    if value.as_str().is_some_and(hidden::begins_like_one)
        || value.is_string() && hidden::is_name_of_one(name)
    {
        let remedy = "keep it out of the file: write `from: {secret: NAME}`";
        reader.say(at, format!("the constant `{name}` looks like a secret"), remedy);
    }
    let Some(kind) = kind else { return value.clone() };
    let parameter = Parameter { kind, country: reader.country.map(str::to_owned), ..Parameter::default() };
    let written = Spanned { place: at, value: value.clone() };
    one(reader, &parameter, &written).unwrap_or_else(|| value.clone())
}

/// A name, with or without `secret.` before it.
fn secret(reader: &mut Reader<'_, '_>, at: Place, name: &str) -> String {
    let name = name.strip_prefix("secret.").unwrap_or(name);
    if SecretName::reference(&format!("secret.{name}")).is_none() {
        let remedy = "keep it out of the file: `from: {secret: NAME}`, and set the environment variable CENTRALITA_SECRET_NAME";
        reader.say(at, "a secret stands here by its name only", remedy);
    }
    name.to_owned()
}

/// As a template sees it that is said.
fn as_seen(given: &Given) -> Parameter {
    let may_be_absent = matches!(given.source, Source::Variable { otherwise: Some(Value::Null), .. });
    Parameter {
        name: given.name.clone(),
        kind: given.kind.unwrap_or_default(),
        required: !may_be_absent,
        ..Parameter::default()
    }
}
