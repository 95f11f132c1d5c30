//! A value of a request that the model supplies, and the text by which it lands there.
//!
//! Promises: what a document has only one value for is no parameter; a value keeps the type that the system wants.
//! Never: knows a style of OpenAPI.

use serde_json::Value;

use super::Notes;
use super::draft::{PARAMETERS_MAX, Parameter, Tool};
use super::schema::Scalar;
use super::words::{literal, quoted};

/// What stands in one place of a request.
#[derive(Debug)]
pub(super) enum Supplied {
    /// The only value there is.
    Fixed(Value),
    Named(Named),
}

/// A parameter of the tool.
#[derive(Debug)]
pub(super) struct Named {
    name: String,
    required: bool,
    as_number: bool,
    in_list: bool,
    /// It is a list itself.
    many: Many,
    /// As an expression.
    default: Option<String>,
}

/// Whether a parameter is one value or a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Many {
    One,
    List,
}

/// Makes a parameter of a value, unless there is only one.
pub(super) fn supply(
    tool: &mut Tool,
    name: &str,
    scalar: Scalar,
    required: bool,
) -> Result<Supplied, String> {
    let Scalar { kind, limits, as_number, in_list, list, fixed, default, description, reviews } = scalar;
    if let Some(fixed) = fixed {
        return Ok(Supplied::Fixed(if in_list || list.is_some() { vec![fixed].into() } else { fixed }));
    }
    if !required && tool.parameters.len() >= PARAMETERS_MAX {
        return Err(format!("the tool has {PARAMETERS_MAX} parameters already"));
    }
    let default = default.and_then(|value| expression(&value));
    let description = match &default {
        Some(value) => format!("{description} Unsaid: {value}."),
        None => description,
    };
    // Of what is not demanded the system knows it too.
    let default = default.filter(|_| required);
    let required = required && default.is_none();
    let parameter = Parameter { name: String::new(), kind, required, description, limits, list, reviews };
    let name = tool.parameter(name, parameter);
    let many = if list.is_some() { Many::List } else { Many::One };
    Ok(Supplied::Named(Named { name, required, as_number, in_list, many, default }))
}

impl Supplied {
    /// For a query, a header, a text of the body: left out where nothing was said.
    pub(super) fn field(&self) -> Result<Value, String> {
        match self {
            Supplied::Fixed(value) => still(value),
            Supplied::Named(named) => Ok(named.field().into()),
        }
    }

    /// The same as text.
    pub(super) fn text(&self) -> Result<String, String> {
        match self {
            Supplied::Fixed(Value::Array(items)) if items.len() == 1 => plain(&items[0]),
            Supplied::Fixed(value) => plain(value),
            Supplied::Named(Named { name, default: Some(default), .. }) => {
                Ok(format!("{{{{ {name} if {name} is not none else {default} }}}}"))
            }
            Supplied::Named(Named { name, .. }) => Ok(format!("{{{name}}}")),
        }
    }

    /// The same, of a list one value after the other.
    pub(super) fn joined(&self, sign: &str) -> Result<String, String> {
        match self {
            Supplied::Named(Named { name, many: Many::List, required: true, .. }) => {
                Ok(format!("{{{{ {name} | join('{sign}') }}}}"))
            }
            Supplied::Named(Named { name, many: Many::List, .. }) => {
                Ok(format!("{{{{ {name} | join('{sign}') if {name} is not none else none }}}}"))
            }
            Supplied::Fixed(_) | Supplied::Named(_) => self.text(),
        }
    }

    /// As part of an expression: null where nothing was said.
    pub(super) fn part(&self) -> Option<String> {
        match self {
            Supplied::Fixed(value) => expression(value),
            Supplied::Named(named) => Some(named.part()),
        }
    }

    /// What it is called, where it is a parameter.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Supplied::Fixed(_) => None,
            Supplied::Named(named) => Some(&named.name),
        }
    }

    /// What it is called, where it may be left out.
    pub(super) fn may_lack(&self) -> Option<&str> {
        match self {
            Supplied::Fixed(_) => None,
            Supplied::Named(named) => {
                Some(named.name.as_str()).filter(|_| !named.required && named.default.is_none())
            }
        }
    }
}

impl Named {
    fn value(&self) -> String {
        let number = if self.as_number { format!("{} | float", self.name) } else { self.name.clone() };
        if self.in_list { format!("[{number}]") } else { number }
    }

    fn part(&self) -> String {
        let (name, value) = (&self.name, self.value());
        if value == *name { value } else { format!("({value} if {name} is not none else none)") }
    }

    fn field(&self) -> String {
        let (Named { name, required, default, .. }, value) = (self, self.value());
        match default {
            Some(default) => format!("{{{{ {value} if {name} is not none else {default} }}}}"),
            None if value == *name => format!("{{{name}}}"),
            None if *required => format!("{{{{ {value} }}}}"),
            None => format!("{{{{ {value} if {name} is not none else none }}}}"),
        }
    }
}

fn plain(value: &Value) -> Result<String, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    };
    literal(&text).ok_or_else(|| ODD.to_owned())
}

const ODD: &str = "its only value has signs that a template would take for its own";

/// A value as it stands in a body, where texts are templates.
pub(super) fn still(value: &Value) -> Result<Value, String> {
    Ok(match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::String(text) => literal(text).ok_or(ODD)?.into(),
        Value::Array(items) => items.iter().map(still).collect::<Result<Vec<_>, _>>()?.into(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| Ok((name.clone(), still(value)?)));
            Value::Object(fields.collect::<Result<_, String>>()?)
        }
    })
}

/// A default as an expression; a list or a map is none.
fn expression(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() && !text.contains(['{', '}']) => quoted(text),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::String(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What could not be brought: of what is demanded the operation falls, the rest is told and left out.
pub(super) fn left_out(notes: &mut Notes<'_>, what: &str, required: bool, why: &str) -> Result<(), String> {
    if required {
        return Err(format!("{what}: {why}"));
    }
    notes.say(format!("{what} is left out: {why}"));
    Ok(())
}
