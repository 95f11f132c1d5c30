//! Templates tried out before any call: parameters a caller may leave out are null, and null is no word; a question may
//! name a value and still swallow it.
//!
//! What nobody knows before a call, samples stand for. A template that no sample fills in is not judged.
//!
//! Promises: a template that a sample fills in is found where the same sample without an optional parameter does not, or
//! makes a word of the null; so is a question that does not say a sample.
//! Never: sends or says anything.

use centralita_core::base::Fault;
use centralita_core::conversation::{Parameter, ParameterKind, unsaid};
use centralita_core::language::Language;
use centralita_core::template::{Renderer, lone_hole};
use serde_json::{Map, Value};

/// What stands for a value: digits, since every filter of ours takes them, and what stands for a boolean. Small and
/// large, so that a condition on the one or the other lets its text through.
const SAMPLES: &[(&str, bool)] = &[("1", true), ("90000", false)];

/// What minijinja's own filters of texts take a null for.
const NULL_AS_A_WORD: &str = "None";
const ANOTHER_WORD: &str = "Nobody";

/// Where the text of a template lands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lands {
    Spoken,
    /// Of a URL: a value is one segment.
    Path,
    /// A query, a header, a text of the body: one that is a null alone is left out.
    Field,
}

/// What is missing where, and what to write.
pub(super) struct Absent<'p> {
    pub(super) names: Vec<&'p str>,
    pub(super) remedy: String,
}

/// The optional parameters without which this template has no text, though it has one with them.
pub(super) fn absent<'p>(
    renderer: &Renderer,
    lands: Lands,
    source: &str,
    parameters: &'p [Parameter],
) -> Option<Absent<'p>> {
    let taken = renderer.variables(source).ok()?;
    let optional: Vec<&str> = parameters
        .iter()
        .filter(|p| p.may_be_absent() && taken.contains(&p.name))
        .map(|p| p.name.as_str())
        .collect();
    let alone = optional.iter().map(|name| vec![*name]);
    let left_out: Vec<Vec<&str>> = alone.chain([optional.clone()]).collect();
    SAMPLES.iter().find_map(|(text, truth)| {
        let given = given(&taken, parameters, |_| (*text).to_owned(), *truth);
        let filled = |names: &[&str], value: &Value| {
            let mut vars = given.clone();
            names.iter().for_each(|name| *field(&mut vars, name) = value.clone());
            fill(renderer, lands, source, &Value::Object(vars)).ok()
        };
        let whole = filled(&[], &Value::Null)?;
        // Another word in its place gives another text, and that word gives this one.
        let is_a_word = |less: &Value, names: &[&str]| {
            filled(names, &NULL_AS_A_WORD.into()).as_ref() == Some(less)
                && filled(names, &ANOTHER_WORD.into()).as_ref() != Some(less)
        };
        let holds = |names: &[&str]| {
            filled(names, &Value::Null).is_some_and(|less| less == whole || !is_a_word(&less, names))
        };
        let names = left_out.iter().find(|names| !holds(names))?.clone();
        let remedy = remedy(lands, source, names.first()?);
        Some(Absent { names, remedy })
    })
}

/// The first parameter that a question names and does not say, for one sample at least: for such a value it is never put.
pub(super) fn swallowed<'p>(
    renderer: &Renderer,
    language: Language,
    question: &str,
    parameters: &'p [Parameter],
) -> Option<&'p str> {
    let taken = renderer.variables(question).ok()?;
    // Each another number: one that is swallowed must not be taken for its neighbour.
    let small = |nth: usize| (31 + 17 * nth).to_string();
    let large = |nth: usize| (40_213 + 1_019 * nth).to_string();
    let one = |_: usize| "1".to_owned();
    let date = |nth: usize| format!("2026-07-{}", 11 + nth);
    let samples: [(&dyn Fn(usize) -> String, bool); 4] =
        [(&small, true), (&large, false), (&one, true), (&date, false)];
    samples.into_iter().find_map(|(text, truth)| {
        let values = Value::Object(given(&taken, parameters, text, truth));
        let asked = renderer.render(question, &values).ok()?;
        unsaid(renderer, language, parameters, question, &values, &asked)
    })
}

fn fill(renderer: &Renderer, lands: Lands, source: &str, vars: &Value) -> Result<Value, Fault> {
    match lands {
        Lands::Spoken => renderer.render(source, vars).map(Value::String),
        Lands::Path => renderer.path(source, vars).map(Value::String),
        Lands::Field => renderer.json(&Value::String(source.to_owned()), vars),
    }
}

/// A value for every name; `order.item` is a field of one.
pub(super) fn given<'n>(
    taken: impl IntoIterator<Item = &'n String>,
    parameters: &[Parameter],
    text: impl Fn(usize) -> String,
    truth: bool,
) -> Map<String, Value> {
    let mut vars = Map::new();
    for (nth, name) in taken.into_iter().enumerate() {
        let text = text(nth);
        let parameter = parameters.iter().find(|p| p.name == *name);
        let sample = sample(parameter.map(|p| p.kind), nth, text, truth);
        let is_list = parameter.is_some_and(|p| p.list.is_some());
        let sample = if is_list && !sample.is_null() { Value::Array(vec![sample]) } else { sample };
        let at = field(&mut vars, name);
        if at.is_null() {
            *at = sample;
        }
    }
    vars
}

/// The value of `order.item`, which is null until it has one.
fn field<'v>(vars: &'v mut Map<String, Value>, name: &str) -> &'v mut Value {
    let mut fields = name.split('.');
    let mut at = vars.entry(fields.next().unwrap_or(name)).or_insert(Value::Null);
    for field in fields {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = &mut at[field];
    }
    at
}

/// What stands for a value of its kind: that text, where the kind has it; each name another.
fn sample(kind: Option<ParameterKind>, nth: usize, text: String, truth: bool) -> Value {
    match kind {
        Some(ParameterKind::Boolean) => truth.into(),
        Some(ParameterKind::Integer | ParameterKind::Number) => {
            text.parse::<i64>().map_or(Value::Null, Value::from)
        }
        Some(ParameterKind::Date) => format!("2026-07-{:02}", 1 + nth % 28).into(),
        Some(ParameterKind::Time) => format!("14:{:02}", nth % 60).into(),
        Some(ParameterKind::Email) => format!("ana{nth}@example.com").into(),
        Some(ParameterKind::Phone) => format!("+3460011122{}", nth % 10).into(),
        Some(ParameterKind::Text | ParameterKind::Digits | ParameterKind::Money) | None => text.into(),
    }
}

fn remedy(lands: Lands, source: &str, name: &str) -> String {
    match (lands, lone_hole(source)) {
        (Lands::Field, Some(expression)) => {
            format!("to leave the field out then: {{{{ {expression} if {name} is not none else none }}}}")
        }
        (Lands::Path, _) => format!(
            "make `{name}` required, or put what names it into {{% if {name} is not none %}}…{{% endif %}}"
        ),
        (Lands::Spoken | Lands::Field, _) => {
            format!("put what names it into {{% if {name} is not none %}}…{{% endif %}}")
        }
    }
}
