//! A draft of an integration, before it is text.
//!
//! Promises: a question says every value that the model supplies, an action is named before it is done.
//! Never: knows where it comes from.

use std::collections::{BTreeMap, BTreeSet};

use centralita_core::conversation::{Limits, ParameterKind};
use serde_json::Value;

use super::words::{label, plain, sentence, snake, unique};
use crate::integrations::Method;

/// More values than that nobody says on the phone; what a document demands is brought all the same.
pub(super) const PARAMETERS_MAX: usize = 24;
/// Of a description for the model, in characters: it is read with every generation.
pub(super) const DESCRIPTION_CHARS_MAX: usize = 400;
/// The longest description that becomes a question, in characters.
const ASKED_CHARS_MAX: usize = 60;
/// Of a list that a question names, how many are said.
const NAMED_MAX: usize = 6;

#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) base: Base,
    pub(super) auth: Option<Auth>,
    /// About all of it.
    pub(super) reviews: Vec<String>,
}

/// Where requests go.
#[derive(Debug, Default)]
pub(super) struct Base {
    pub(super) url: String,
    pub(super) allow_private: bool,
    pub(super) reviews: Vec<String>,
}

/// What proves to the system who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Auth {
    pub(super) kind: AuthKind,
    /// Without `secret.`.
    pub(super) secret: String,
    pub(super) reviews: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AuthKind {
    Bearer,
    Header(String),
}

#[derive(Debug)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) description: String,
    /// As it goes on after "Shall I".
    pub(super) doing: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: BTreeMap<String, String>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<Value>,
    /// In its place the fields of a form.
    pub(super) form: Option<Form>,
    pub(super) map: BTreeMap<String, String>,
    pub(super) errors: BTreeMap<u16, String>,
    pub(super) sample: Option<Value>,
    /// The header for the key.
    pub(super) key: Option<String>,
    pub(super) reviews: Vec<String>,
    taken: BTreeSet<String>,
}

/// Name → text.
#[derive(Debug)]
pub(super) enum Form {
    Encoded(BTreeMap<String, String>),
    Parts(BTreeMap<String, String>),
}

#[derive(Debug)]
pub(in crate::catalog) struct Parameter {
    pub(in crate::catalog) name: String,
    pub(in crate::catalog) kind: ParameterKind,
    pub(in crate::catalog) required: bool,
    pub(in crate::catalog) description: String,
    pub(in crate::catalog) limits: Limits,
    pub(in crate::catalog) list: Option<u8>,
    pub(super) reviews: Vec<String>,
}

impl Tool {
    pub(super) fn new(name: String, method: Method, path: String) -> Tool {
        Tool {
            name,
            description: String::new(),
            doing: String::new(),
            parameters: Vec::new(),
            method,
            path,
            query: BTreeMap::new(),
            headers: BTreeMap::new(),
            body: None,
            form: None,
            map: BTreeMap::new(),
            errors: BTreeMap::new(),
            sample: None,
            key: None,
            reviews: Vec::new(),
            taken: BTreeSet::new(),
        }
    }

    /// A parameter under this name, or one like it that is free; its name.
    pub(super) fn parameter(&mut self, name: &str, parameter: Parameter) -> String {
        let name = unique(&snake(name), &mut self.taken);
        let description = plain(&parameter.description, DESCRIPTION_CHARS_MAX);
        let description =
            if description.is_empty() { sentence(&format!("The {}", label(&name))) } else { description };
        self.parameters.push(Parameter { name: name.clone(), description, ..parameter });
        name
    }

    pub(super) fn has_effects(&self) -> bool {
        !self.method.is_safe()
    }

    /// "Shall I cancel a booking, with order id …?"
    pub(super) fn question(&self) -> String {
        let mut text = format!("Shall I {}", self.doing);
        for parameter in &self.parameters {
            let Parameter { name, kind, required, list, .. } = parameter;
            let label = label(name);
            let said = match kind {
                ParameterKind::Text | ParameterKind::Integer | ParameterKind::Boolean if list.is_some() => {
                    format!(", {label}: {{{{ {name} | join(', ') }}}}")
                }
                ParameterKind::Money => format!(", {label}: {{{{ {name} | money }}}}"),
                ParameterKind::Digits => format!(", {label}: {{{{ {name} | digits }}}}"),
                ParameterKind::Boolean => format!(", {label}: {{{{ 'yes' if {name} else 'no' }}}}"),
                ParameterKind::Number => format!(", {label}: {{{{ {name} | number }}}}"),
                ParameterKind::Email => format!(", {label}: {{{{ {name} | email }}}}"),
                ParameterKind::Phone => format!(", {label}: {{{{ {name} | phone }}}}"),
                ParameterKind::Date => format!(", {label}: {{{{ {name} | date }}}}"),
                ParameterKind::Time => format!(", {label}: {{{{ {name} | time }}}}"),
                ParameterKind::Text | ParameterKind::Integer => format!(", {label}: {{{{ {name} }}}}"),
            };
            match required {
                true => text.push_str(&said),
                false => text.push_str(&format!("{{% if {name} is not none %}}{said}{{% endif %}}")),
            }
        }
        text + "?"
    }

    pub(super) fn action(&self) -> String {
        format!("I will now {}.", self.doing)
    }
}

impl Parameter {
    /// What the agent asks where it is missing.
    pub(super) fn ask(&self) -> String {
        let label = label(&self.name);
        let described = self.description.strip_prefix("The ").and_then(|rest| rest.strip_suffix('.'));
        let described = described
            .filter(|rest| rest.chars().count() <= ASKED_CHARS_MAX && !rest.contains(['.', ':', ';']));
        let list = &self.limits.one_of;
        match (self.kind, list.len()) {
            (ParameterKind::Boolean, _) => format!("Yes or no: {label}?"),
            (ParameterKind::Money, _) => format!("How much is the {label}?"),
            (_, 2..=NAMED_MAX) => format!("Which {label}: {}?", list.join(", ")),
            (_, _) => format!("What is the {}?", described.unwrap_or(&label)),
        }
    }
}
