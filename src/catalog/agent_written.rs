//! Agents as they are written in YAML. docs/definitions.md is the reference for who writes them.
//!
//! Promises: every value that can be wrong carries its place; a field nobody knows is an error.
//! Never: fills in a default; that is the meaning's.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::VERSION;
use super::place::Spanned;
use super::schema::{Currency, LanguageTag, MenuKey, Name, PrivateWord, Waits};
use super::tested::WAIT_MS_MAX;

/// `agents/ID.yaml`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentFile {
    #[schemars(extend("const" = VERSION))]
    pub(super) version: Spanned<u32>,
    #[schemars(with = "Name")]
    pub(super) id: Spanned<String>,
    /// For people: what this agent is called in the console.
    pub(super) title: String,
    /// A BCP 47 tag: `en`, `es-ES`.
    #[schemars(with = "LanguageTag")]
    pub(super) language: Spanned<String>,
    /// ISO 4217.
    #[schemars(with = "Currency")]
    pub(super) currency: Spanned<String>,
    /// The first thing a caller hears.
    pub(super) greeting: Spanned<String>,
    /// Instructions for the model.
    pub(super) prompt: Spanned<String>,
    /// `integration.tool`, each.
    #[serde(default)]
    pub(super) tools: Vec<Spanned<String>>,
    /// Key → tool: a menu for callers who cannot be heard.
    #[serde(default)]
    #[schemars(with = "BTreeMap<MenuKey, Spanned<String>>")]
    pub(super) keys: BTreeMap<u8, Spanned<String>>,
    /// Short answers a model that only looks up can give.
    #[serde(default)]
    pub(super) answers: Vec<Spanned<AnswerWritten>>,
    /// Waits in milliseconds (`reminders` is a count), over the measured defaults.
    #[serde(default)]
    #[schemars(with = "Waits")]
    pub(super) timing: BTreeMap<String, Spanned<u32>>,
    /// Names of the engines of this gateway; unwritten, its own.
    #[schemars(extend("enum" = ["none", null]))]
    pub(super) stt: Option<Spanned<String>>,
    #[schemars(extend("enum" = [null]))]
    pub(super) tts: Option<Spanned<String>>,
    #[schemars(extend("enum" = [null]))]
    pub(super) llm: Option<Spanned<String>>,
    /// Leave to take a spoken yes alone for an action with effects.
    pub(super) spoken_yes: Option<SpokenYes>,
    /// Whether its calls are recorded, where the gateway has a folder for that.
    pub(super) recording: Option<Spanned<RecordingWritten>>,
    /// In place of the gateway's own question for leave to record.
    pub(super) recording_question: Option<Spanned<String>>,
    /// Kinds of private words, beside those that are private for every agent.
    #[schemars(with = "Option<Vec<PrivateWord>>")]
    pub(super) private: Option<Spanned<Vec<Spanned<String>>>>,
    /// Leave to record the voices of callers who say such words.
    pub(super) private_in_recording: Option<PrivateInRecording>,
    /// Calls that `centralita test` plays.
    #[serde(default)]
    pub(super) tests: Vec<Spanned<TestWritten>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TestWritten {
    pub(super) name: Spanned<String>,
    /// Tool → what answers it here; unwritten, its sample.
    #[serde(default)]
    pub(super) tools: BTreeMap<String, Spanned<MockWritten>>,
    pub(super) call: Vec<Spanned<MoveWritten>>,
}

/// `{answers: JSON}`, `{refuses: STATUS}` or `silent`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum MockWritten {
    Answers(Value),
    Refuses(u16),
    /// It was sent, and nobody knows.
    Silent,
}

/// One line of a test's call: what the caller does, or what is expected of the agent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum MoveWritten {
    Caller(String),
    Keys(#[schemars(regex(pattern = "^[0-9*#]+$"))] String),
    /// Milliseconds in which nobody does anything.
    Waits(#[schemars(range(max = WAIT_MS_MAX))] u32),
    Agent(String),
    Confirms(Value),
    Runs(Value),
    RunsNot(String),
    HangsUp,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PrivateInRecording {
    /// Why a recording may hold them, in words somebody will answer for.
    pub(super) accepted_because: Spanned<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RecordingWritten {
    Off,
    On,
    AfterConsent,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerWritten {
    /// Wordings of the question.
    pub(super) when: Vec<String>,
    pub(super) say: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SpokenYes {
    /// Why a misheard yes does no harm here, in words somebody will answer for.
    pub(super) accepted_because: Spanned<String>,
}
