//! Text with holes: one way to fill them in, for what is said, sent and decided.
//!
//! Promises: a name without a value is a fault, never an empty place; the same source and values give the
//! same text on any machine; a template that never ends runs out of fuel; a value cannot change the shape
//! around it.
//! Never: reads a clock, a file or the environment; prints a value in a fault.

mod done;
mod names;
mod words;
mod zones;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use minijinja::machinery::{parse, parse_expr};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value as Held, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, context};
use serde_json::Value;

use crate::base::{Fault, Owner};
use crate::language::Language;

use done::Done;
use names::Names;
pub use words::{money_minor, money_text};

/// Steps a template may take: some hundred times the longest prompt, and less than ten milliseconds.
const FUEL: u64 = 50_000;
/// How deep expressions and blocks may nest.
const DEPTH_MAX: usize = 50;
/// A template of this name writes its values as one path segment of a URL each.
const SEGMENT: &str = "segment";

/// Fills in templates for one language and currency. A clone shares the machinery.
#[derive(Clone)]
pub struct Renderer {
    env: Arc<Environment<'static>>,
    currency: Arc<str>,
}

impl Renderer {
    /// `currency`: ISO 4217, what the filter `money` speaks.
    ///
    /// Filters beside minijinja's own, each of one value or of a list: `money` (decimal text or a number → "twenty
    /// dollars"), `digits` ("1182" → "one one eight two"), `number`, `date`, `time`, `email`, `phone`. Of one value: `minor`,
    /// and `local(zone)` and `utc(zone)` between the hours of a place and of the world.
    #[must_use]
    pub fn new(language: Language, currency: &str) -> Renderer {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_fuel(Some(FUEL));
        env.set_recursion_limit(DEPTH_MAX);
        env.set_auto_escape_callback(|name| match name {
            SEGMENT => AutoEscape::Custom(SEGMENT.into()),
            _ => AutoEscape::None,
        });
        env.set_formatter(write_value);
        words::add_filters(&mut env, language, currency);
        zones::add_filters(&mut env);
        Renderer { env: Arc::new(env), currency: currency.into() }
    }

    /// ISO 4217.
    #[must_use]
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// The text with its holes filled in.
    pub fn render(&self, source: &str, vars: &Value) -> Result<String, Fault> {
        self.render_as("text", source, vars)
    }

    /// The same for a path of a URL: every value is percent-encoded, so that it stays inside its segment.
    pub fn path(&self, source: &str, vars: &Value) -> Result<String, Fault> {
        self.render_as(SEGMENT, source, vars)
    }

    /// Fills in the texts of a JSON tree: its shape stays. A text that is one hole and nothing else (`"{{
    /// amount }}"`) becomes the value itself, with its type; a field whose only hole is null is left out.
    pub fn json(&self, tree: &Value, vars: &Value) -> Result<Value, Fault> {
        match tree {
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(tree.clone()),
            Value::String(source) => match lone_hole(source) {
                Some(expression) => self.eval(expression, vars),
                None => self.render(source, vars).map(Value::String),
            },
            Value::Array(items) => {
                items.iter().map(|item| self.json(item, vars)).collect::<Result<_, _>>().map(Value::Array)
            }
            Value::Object(fields) => {
                let mut filled = serde_json::Map::new();
                for (name, field) in fields {
                    let value = self.json(field, vars)?;
                    if field.is_null() || !value.is_null() {
                        filled.insert(name.clone(), value);
                    }
                }
                Ok(Value::Object(filled))
            }
        }
    }

    /// Whether a condition is true of these values.
    pub fn holds(&self, expression: &str, vars: &Value) -> Result<bool, Fault> {
        is_true(self.eval(expression, vars)?)
    }

    /// The same where the condition may ask what was done before: `call.count`, and `call.sum('amount')` over these values,
    /// of amounts in minor units.
    pub fn holds_after(&self, expression: &str, vars: &Value, done: Vec<Value>) -> Result<bool, Fault> {
        let done = Held::from_object(Done { values: done, currency: Arc::clone(&self.currency) });
        is_true(self.value(expression, context! { call => done, ..Held::from(Serde(vars)) })?)
    }

    /// The value of an expression: `billing.email`, `items | length`.
    pub fn eval(&self, expression: &str, vars: &Value) -> Result<Value, Fault> {
        self.value(expression, Held::from(Serde(vars)))
    }

    fn value(&self, expression: &str, vars: Held) -> Result<Value, Fault> {
        let compiled = self.env.compile_expression(expression).map_err(|e| told(&e))?;
        let value = compiled.eval(vars).map_err(|e| told(&e))?;
        if value.is_undefined() {
            return Err(fault(format!("`{expression}` has no value"), ABSENT));
        }
        serde_json::to_value(&value)
            .map_err(|_| fault(format!("`{expression}` is not plain data"), "end it with a plain value"))
    }

    /// The names a template takes from outside; nested ones as `a.b`. A template that does not compile is a
    /// fault.
    pub fn variables(&self, source: &str) -> Result<BTreeSet<String>, Fault> {
        self.env.template_from_named_str("text", source).map_err(|e| told(&e))?;
        let template = parse(source, "text", SyntaxConfig::default()).map_err(|e| told(&e))?;
        self.known(Names::of_template(&template))
    }

    /// The same of an expression.
    pub fn names(&self, expression: &str) -> Result<BTreeSet<String>, Fault> {
        self.env.compile_expression(expression).map_err(|e| told(&e))?;
        self.known(Names::of_expression(&parse_expr(expression).map_err(|e| told(&e))?))
    }

    /// minijinja looks a filter up when it runs; a misspelt one shall be known before.
    fn known(&self, names: Names<'_>) -> Result<BTreeSet<String>, Fault> {
        for name in names.filters {
            let tried = self.env.empty_state().apply_filter(name, &[]);
            if tried.is_err_and(|e| e.kind() == ErrorKind::UnknownFilter) {
                return Err(fault(format!("a template: unknown filter `{name}`"), FILTERS));
            }
        }
        Ok(names.values)
    }

    fn render_as(&self, place: &str, source: &str, vars: &Value) -> Result<String, Fault> {
        self.env.render_named_str(place, source, Serde(vars)).map_err(|e| told(&e))
    }
}

impl fmt::Debug for Renderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Renderer")
    }
}

/// The expression of a text that is one hole and nothing else.
#[must_use]
pub fn lone_hole(source: &str) -> Option<&str> {
    let inside = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inside.contains("{{") && !inside.contains("}}")).then(|| inside.trim())
}

fn is_true(value: Value) -> Result<bool, Fault> {
    match value {
        Value::Bool(truth) => Ok(truth),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            Err(fault("a condition is neither true nor false", "compare: `amount > 20`, `name is defined`"))
        }
    }
}

const ABSENT: &str =
    "give it a value, or write for its absence: `{% if name is defined and name is not none %}`";

const FILTERS: &str =
    "filters: money, minor, digits, number, date, time, email, phone, local, utc, and those of minijinja";

/// Null is no word, and `true` is written as JSON writes it.
fn write_value(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Held) -> Result<(), Error> {
    let text = if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    } else if value.is_none() {
        return Err(Error::new(ErrorKind::UndefinedError, "a value is null"));
    } else if value.kind() == ValueKind::Bool {
        value.is_true().to_string()
    } else {
        words::plain(value).ok_or_else(|| Error::from(ErrorKind::BadSerialization))?
    };
    let is_segment = matches!(state.auto_escape(), AutoEscape::Custom(_));
    let text = if is_segment { words::segment(&text)? } else { text };
    out.write_str(&text).map_err(Error::from)
}

fn fault(what: impl Into<String>, remedy: &str) -> Fault {
    Fault::new(Owner::Admin, what, remedy)
}

/// What went wrong. The engine's own detail is told only of kinds whose detail quotes the template, never a
/// value.
fn told(error: &Error) -> Fault {
    let (has_detail, remedy) = KINDS
        .iter()
        .find(|(kind, ..)| *kind == error.kind())
        .map_or((false, "see the syntax of minijinja templates"), |(_, detail, remedy)| (*detail, *remedy));
    let detail = error.detail().filter(|_| has_detail).map_or(String::new(), |detail| format!(": {detail}"));
    let line = error.line().map_or(String::new(), |line| format!(", line {line}"));
    fault(format!("a template: {}{detail}{line}", error.kind()), remedy)
}

/// Kind of error, whether its detail may be told, and what to do.
const KINDS: &[(ErrorKind, bool, &str)] = &[
    (ErrorKind::SyntaxError, true, "see the syntax of minijinja templates"),
    (ErrorKind::UndefinedError, true, ABSENT),
    (ErrorKind::UnknownFilter, true, FILTERS),
    (ErrorKind::UnknownFunction, true, "only functions of minijinja itself; none knows the time"),
    (
        ErrorKind::InvalidOperation,
        false,
        "money wants a decimal amount, digits a text, number a number, date 2026-07-27, time 14:05; local a time with its \
         offset, utc one without, each the name of a time zone",
    ),
    (ErrorKind::BadSerialization, false, "a list or an object is no text: name one value of it"),
    (ErrorKind::OutOfFuel, false, "make it shorter: a template may take 50,000 steps"),
];
