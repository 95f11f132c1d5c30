//! Integrations of kind `mcp` as they are written in YAML.
//!
//! Promises: every value that can be wrong carries its place; a field nobody knows is an error.
//! Never: fills in a default; that is the meaning's.

use std::collections::BTreeMap;

use centralita_core::conversation::{Effects, ParameterKind};
use serde::Deserialize;
use serde_json::Value;

use super::auth::AuthWritten;
use super::place::Spanned;
use super::written::{
    ConfirmWritten, Kind, LimitsWritten, OneOf, PhrasesWritten, ResponseWritten, RuleWritten, TriesWritten,
    WordLists, Words, there,
};
use crate::integrations::ErrorMeans;

/// `integrations/ID.yaml`, with `kind: mcp`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct McpFile {
    pub(super) version: Spanned<u32>,
    pub(super) id: Spanned<String>,
    /// For people.
    #[serde(rename = "title")]
    pub(super) _title: String,
    #[serde(default, rename = "description")]
    pub(super) _description: String,
    #[serde(rename = "kind")]
    pub(super) _kind: Kind,
    pub(super) connection: Spanned<ConnectionWritten>,
    /// Its address may be inside our own network, and may be reached by `http:`.
    #[serde(default)]
    pub(super) allow_private: bool,
    pub(super) auth: Option<Spanned<AuthWritten>>,
    pub(super) tools: Vec<Spanned<McpToolWritten>>,
}

/// `{url: …}`, or `{command: …, args: […], env: {NAME: secret.X}}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectionWritten {
    pub(super) url: Option<Spanned<String>>,
    pub(super) command: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) args: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) env: BTreeMap<String, Spanned<String>>,
}

/// One tool that an admin has picked, and what is written on top of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct McpToolWritten {
    pub(super) name: Spanned<String>,
    /// The server's own name; unwritten, the same.
    pub(super) tool: Option<Spanned<String>>,
    /// For the model; unwritten, the server's as it was reviewed.
    pub(super) description: Option<Words>,
    pub(super) examples: Option<WordLists>,
    /// What is written on top of the server's parameters, each by its name here.
    #[serde(default)]
    pub(super) parameters: Vec<OnTopWritten>,
    /// Arguments that no model supplies, by the server's names.
    #[serde(default)]
    pub(super) arguments: BTreeMap<String, Spanned<Value>>,
    /// Proofs over the result of a tool without effects.
    #[serde(default)]
    pub(super) verify: Vec<Spanned<RuleWritten>>,
    pub(super) tries: Option<Spanned<TriesWritten>>,
    /// The name of what is proven for the rest of the call once every proof of `verify` has held.
    pub(super) proves: Option<Spanned<String>>,
    /// What must be proven in the call before this tool is offered.
    pub(super) requires: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) response: ResponseWritten,
    /// Unwritten: `irreversible`, whatever the server says.
    pub(super) effects: Option<Spanned<Effects>>,
    pub(super) idempotency: Option<KeyWritten>,
    /// Unwritten: `unknown`.
    pub(super) error_means: Option<Spanned<ErrorMeans>>,
    /// How the server is asked what became of a call that was not answered.
    #[serde(default, deserialize_with = "there")]
    pub(super) probe: Option<Spanned<McpProbeWritten>>,
    pub(super) confirm: Option<Spanned<ConfirmWritten>>,
    #[serde(default)]
    pub(super) phrases: PhrasesWritten,
    pub(super) timeout_ms: Option<Spanned<u32>>,
    #[serde(default)]
    pub(super) limits: LimitsWritten,
    /// For how many seconds a result counts within a call.
    pub(super) cache_s: Option<Spanned<u32>>,
}

impl McpToolWritten {
    /// The server's own name of it.
    pub(super) fn called(&self) -> String {
        self.tool.as_ref().unwrap_or(&self.name).value.clone()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct McpProbeWritten {
    /// A tool of the same file, without effects.
    pub(super) tool: Spanned<String>,
    /// By the server's names.
    #[serde(default)]
    pub(super) arguments: BTreeMap<String, Spanned<Value>>,
    /// A condition over the answer, and `sent`.
    pub(super) done: Spanned<String>,
    pub(super) failed: Option<Spanned<String>>,
    pub(super) absent_after_s: Option<Spanned<u32>>,
    #[serde(default)]
    pub(super) map: BTreeMap<String, Words>,
    pub(super) sample: Option<Spanned<Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OnTopWritten {
    pub(super) name: Spanned<String>,
    /// Unwritten: by the server's schema.
    pub(super) kind: Option<Spanned<ParameterKind>>,
    pub(super) description: Option<Words>,
    pub(super) ask: Option<Words>,
    pub(super) min: Option<Spanned<Value>>,
    pub(super) max: Option<Spanned<Value>>,
    pub(super) one_of: Option<Spanned<OneOf>>,
    pub(super) pattern: Option<Spanned<String>>,
}

/// `none`, or `{argument: NAME}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeyWritten {
    None,
    Argument(Spanned<String>),
}
