//! Integrations of kind `mcp` as they are written in YAML.
//!
//! Promises: every value that can be wrong carries its place; a field nobody knows is an error.
//! Never: fills in a default; that is the meaning's.

use std::collections::BTreeMap;

use centralita_core::conversation::{Effects, ParameterKind};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::VERSION;
use super::auth::AuthWritten;
use super::place::Spanned;
use super::probe::ABSENT_AFTER_S_MAX;
use super::schema::{Name, Word};
use super::sparing::CACHE_S_MAX;
use super::tool::{TIMEOUT_MS_MAX, TIMEOUT_MS_MIN};
use super::written::{
    ConfirmWritten, Kind, LimitsWritten, OneOf, PhrasesWritten, ResponseWritten, RuleWritten, TriesWritten,
    WordLists, Words, there,
};
use crate::integrations::ErrorMeans;

/// `integrations/ID.yaml`, with `kind: mcp`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct McpFile {
    #[schemars(extend("const" = VERSION))]
    pub(super) version: Spanned<u32>,
    #[schemars(with = "Name")]
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
#[derive(Debug, Deserialize, JsonSchema)]
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
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct McpToolWritten {
    #[schemars(with = "Name")]
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
    #[schemars(with = "Option<Name>")]
    pub(super) proves: Option<Spanned<String>>,
    /// What must be proven in the call before this tool is offered.
    #[schemars(with = "Option<Name>")]
    pub(super) requires: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) response: ResponseWritten,
    /// Unwritten: `irreversible`, whatever the server says.
    #[schemars(with = "Option<Word<Effects>>")]
    pub(super) effects: Option<Spanned<Effects>>,
    pub(super) idempotency: Option<KeyWritten>,
    /// Unwritten: `unknown`.
    #[schemars(with = "Option<Word<ErrorMeans>>")]
    pub(super) error_means: Option<Spanned<ErrorMeans>>,
    /// How the server is asked what became of a call that was not answered.
    #[serde(default, deserialize_with = "there")]
    pub(super) probe: Option<Spanned<McpProbeWritten>>,
    pub(super) confirm: Option<Spanned<ConfirmWritten>>,
    #[serde(default)]
    pub(super) phrases: PhrasesWritten,
    #[schemars(range(min = TIMEOUT_MS_MIN, max = TIMEOUT_MS_MAX))]
    pub(super) timeout_ms: Option<Spanned<u32>>,
    #[serde(default)]
    pub(super) limits: LimitsWritten,
    /// For how many seconds a result counts within a call.
    #[schemars(range(min = 1, max = CACHE_S_MAX))]
    pub(super) cache_s: Option<Spanned<u32>>,
}

impl McpToolWritten {
    /// The server's own name of it.
    pub(super) fn called(&self) -> String {
        self.tool.as_ref().unwrap_or(&self.name).value.clone()
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
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
    #[schemars(range(max = ABSENT_AFTER_S_MAX))]
    pub(super) absent_after_s: Option<Spanned<u32>>,
    #[serde(default)]
    pub(super) map: BTreeMap<String, Words>,
    pub(super) sample: Option<Spanned<Value>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OnTopWritten {
    pub(super) name: Spanned<String>,
    /// Unwritten: by the server's schema.
    #[schemars(with = "Option<Word<ParameterKind>>")]
    pub(super) kind: Option<Spanned<ParameterKind>>,
    pub(super) description: Option<Words>,
    pub(super) ask: Option<Words>,
    pub(super) min: Option<Spanned<Value>>,
    pub(super) max: Option<Spanned<Value>>,
    pub(super) one_of: Option<Spanned<OneOf>>,
    pub(super) pattern: Option<Spanned<String>>,
}

/// `none`, or `{argument: NAME}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeyWritten {
    None,
    Argument(Spanned<String>),
}
