//! Agents and integrations as they are written in YAML. docs/definitions.md is the reference for who writes
//! them.
//!
//! Promises: every value that can be wrong carries its place; a field nobody knows is an error.
//! Never: fills in a default; that is the meaning's.

use std::collections::BTreeMap;

use centralita_core::conversation::{Effects, ParameterKind};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::VERSION;
use super::auth::AuthWritten;
use super::limits::ONE_OF_MAX;
use super::parameter::LIST_MAX;
use super::place::{Place, Spanned};
use super::probe::ABSENT_AFTER_S_MAX;
use super::schema::{
    AbsentStatus, Currency, ErrorStatus, LanguageTag, MenuKey, Name, PrivateWord, Waits, Word,
};
use super::sparing::{CACHE_S_MAX, RUNS_MAX};
use super::steps::STEPS_MAX;
use super::tested::WAIT_MS_MAX;
use super::tool::{PATIENCE_MS_MAX, PATIENCE_MS_MIN, TIMEOUT_MS_MAX, TIMEOUT_MS_MIN};
use crate::integrations::{BUDGET_MOST, Method};

/// Words for every language, or for each its own: `text`, or `{en: text, es: texto}`.
pub(super) type Words = Spanned<ByLanguage<String>>;
pub(super) type WordLists = Spanned<ByLanguage<Vec<String>>>;
pub(super) type WordingsByLanguage = Spanned<ByLanguage<WordingsWritten>>;

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

/// `integrations/ID.yaml`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IntegrationFile {
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
    /// Every request goes to this host, under this path.
    pub(super) base_url: Spanned<String>,
    /// Its host may be an address inside our own network, and may be reached by `http:`.
    #[serde(default)]
    pub(super) allow_private: bool,
    pub(super) auth: Option<Spanned<AuthWritten>>,
    pub(super) tools: Vec<Spanned<ToolWritten>>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Http,
    Mcp,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolWritten {
    #[schemars(with = "Name")]
    pub(super) name: Spanned<String>,
    /// What it does and when to use it, for the model.
    pub(super) description: Words,
    /// Sentences of callers that mean this tool; `{parameter}` stands for a value.
    pub(super) examples: Option<WordLists>,
    #[serde(default)]
    pub(super) parameters: Vec<ParameterWritten>,
    /// Read-only requests before the question; what they map, the question and the request may name.
    #[serde(default)]
    pub(super) prepare: Vec<Spanned<PrepareWritten>>,
    /// Proofs over the answer of the last step of `prepare`, or of the request itself where there is none.
    #[serde(default)]
    pub(super) verify: Vec<Spanned<RuleWritten>>,
    /// How many of its proofs may fail.
    pub(super) tries: Option<Spanned<TriesWritten>>,
    /// The name of what is proven for the rest of the call once every proof of `verify` has held.
    #[schemars(with = "Option<Name>")]
    pub(super) proves: Option<Spanned<String>>,
    /// What must be proven in the call before this tool is offered.
    #[schemars(with = "Option<Name>")]
    pub(super) requires: Option<Spanned<String>>,
    /// The tool's own request; or else `steps`.
    pub(super) request: Option<Spanned<RequestWritten>>,
    /// Requests one after the other, in the place of one.
    #[serde(default)]
    #[schemars(length(max = STEPS_MAX))]
    pub(super) steps: Vec<Spanned<StepWritten>>,
    #[serde(default)]
    pub(super) response: ResponseWritten,
    /// Unwritten: `none` for GET and HEAD, `irreversible` for all else.
    #[schemars(with = "Option<Word<Effects>>")]
    pub(super) effects: Option<Spanned<Effects>>,
    pub(super) idempotency: Option<IdempotencyWritten>,
    /// Statuses of 500 and above by which this system says that it has done nothing.
    #[serde(default)]
    #[schemars(inner(range(min = 500, max = 599)))]
    pub(super) not_done_on: Vec<Spanned<u16>>,
    /// How the system is asked what became of a request that was not answered. One with nothing under it is no probe that
    /// was left out: it is told.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "Spanned<ProbeWritten>")]
    pub(super) probe: Option<Spanned<ProbeWritten>>,
    pub(super) confirm: Option<Spanned<ConfirmWritten>>,
    #[serde(default)]
    pub(super) phrases: PhrasesWritten,
    #[schemars(range(min = TIMEOUT_MS_MIN, max = TIMEOUT_MS_MAX))]
    pub(super) timeout_ms: Option<Spanned<u32>>,
    #[serde(default)]
    pub(super) limits: LimitsWritten,
    /// For how many seconds an answer counts within a call.
    #[schemars(range(min = 1, max = CACHE_S_MAX))]
    pub(super) cache_s: Option<Spanned<u32>>,
}

impl ToolWritten {
    /// Every request of the tool but its probes', in order.
    pub(super) fn requests(&self) -> impl Iterator<Item = &Spanned<RequestWritten>> {
        let prepare = self.prepare.iter().map(|step| &step.value.request);
        prepare.chain(&self.request).chain(self.steps.iter().map(|step| &step.value.request))
    }

    pub(super) fn probes(&self) -> impl Iterator<Item = &Spanned<ProbeWritten>> {
        self.probe.iter().chain(self.steps.iter().filter_map(|step| step.value.probe.as_ref()))
    }

    /// Its proofs, whichever answer they look at.
    pub(super) fn rules(&self) -> impl Iterator<Item = &Spanned<RuleWritten>> {
        self.verify.iter().chain(self.steps.iter().flat_map(|step| &step.value.verify))
    }
}

/// A field that is read wherever its name is written, be there nothing under it.
pub(super) fn there<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ParameterWritten {
    #[schemars(with = "Name")]
    pub(super) name: Spanned<String>,
    /// Of a value that is not asked for, it may be left out.
    #[schemars(with = "Option<Word<ParameterKind>>")]
    pub(super) kind: Option<Spanned<ParameterKind>>,
    /// Unwritten: the caller, through the model.
    pub(super) from: Option<Spanned<SourceWritten>>,
    /// A list of up to so many values.
    #[schemars(range(min = 1, max = LIST_MAX))]
    pub(super) list: Option<Spanned<u8>>,
    /// What counts where there is no value.
    pub(super) default: Option<Spanned<Value>>,
    /// Unwritten: yes.
    #[serde(default = "yes")]
    pub(super) required: bool,
    /// For the model.
    pub(super) description: Option<Words>,
    /// What the agent asks when it is missing.
    pub(super) ask: Option<Words>,
    /// The least and the greatest of an integer or of money.
    pub(super) min: Option<Spanned<Value>>,
    pub(super) max: Option<Spanned<Value>>,
    /// The only values.
    pub(super) one_of: Option<Spanned<OneOf>>,
    /// A regular expression that a text or digits must match.
    pub(super) pattern: Option<Spanned<String>>,
}

fn yes() -> bool {
    true
}

/// `[small, large]`, or `{variable: NAME}`.
// `shape` chooses by whether a map is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(untagged)]
pub(super) enum OneOf {
    Listed(#[schemars(length(min = 1, max = ONE_OF_MAX))] Vec<Spanned<Value>>),
    Found(FoundIn),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FoundIn {
    /// What another tool has stored.
    pub(super) variable: Spanned<String>,
}

/// `caller`, `keypad`, `agent`, `language`; or one of the others with what it names.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SourceWritten {
    Caller,
    Keypad,
    Agent,
    Language,
    Constant(Value),
    Secret(String),
    Call(CallFactWritten),
    /// A time zone.
    Now(String),
    Variable(String),
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CallFactWritten {
    Id,
    From,
    To,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StepWritten {
    /// By which later requests name its values: `steps.ID.value`.
    #[schemars(with = "Name")]
    pub(super) id: Spanned<String>,
    /// A condition; where it is false the step is left out.
    #[serde(rename = "if")]
    pub(super) when: Option<Spanned<String>>,
    pub(super) request: Spanned<RequestWritten>,
    #[serde(default)]
    pub(super) response: ResponseWritten,
    /// Proofs over its answer.
    #[serde(default)]
    pub(super) verify: Vec<Spanned<RuleWritten>>,
    /// Unwritten: `none` for GET and HEAD, `irreversible` for all else.
    #[schemars(with = "Option<Word<Effects>>")]
    pub(super) effects: Option<Spanned<Effects>>,
    pub(super) idempotency: Option<IdempotencyWritten>,
    #[serde(default)]
    #[schemars(inner(range(min = 500, max = 599)))]
    pub(super) not_done_on: Vec<Spanned<u16>>,
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "Spanned<ProbeWritten>")]
    pub(super) probe: Option<Spanned<ProbeWritten>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PrepareWritten {
    pub(super) request: Spanned<RequestWritten>,
    #[serde(default, rename = "as")]
    pub(super) answers: AnswersWritten,
    #[serde(default)]
    #[schemars(with = "BTreeMap<Name, Words>")]
    pub(super) map: BTreeMap<String, Words>,
    #[serde(default)]
    #[schemars(with = "BTreeMap<ErrorStatus, Words>")]
    pub(super) errors: BTreeMap<u16, Words>,
    #[serde(default)]
    pub(super) errors_when: Vec<Spanned<ErrorWhenWritten>>,
    /// What answers where effects are mocked.
    pub(super) sample: Option<Spanned<Value>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestWritten {
    #[schemars(with = "Word<Method>")]
    pub(super) method: Method,
    /// Under the base URL; `{parameter}` or `{{ expression }}` is one segment.
    #[schemars(regex(pattern = "^/"))]
    pub(super) path: Spanned<String>,
    #[serde(default)]
    pub(super) query: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Spanned<String>>,
    /// JSON as YAML; its texts may hold `{parameter}` and `{{ expression }}`.
    pub(super) body: Option<Spanned<Value>>,
    /// In place of it, the fields of a form.
    pub(super) form: Option<Spanned<BTreeMap<String, Spanned<String>>>>,
    /// The same, each as a part of its own.
    pub(super) multipart: Option<Spanned<BTreeMap<String, Spanned<String>>>>,
}

/// As what an answer is read.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum AnswersWritten {
    #[default]
    Json,
    Text,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResponseWritten {
    #[serde(default, rename = "as")]
    pub(super) answers: AnswersWritten,
    /// Variable of the call → expression over what `map` lets through.
    #[serde(default)]
    #[schemars(with = "BTreeMap<Name, Spanned<String>>")]
    pub(super) store: BTreeMap<String, Spanned<String>>,
    /// Name → expression over the answer, for each language its own where it makes a sentence: all that is
    /// let through. Of a tool with steps, over their values.
    #[serde(default)]
    #[schemars(with = "BTreeMap<Name, MappedWritten>")]
    pub(super) map: BTreeMap<String, MappedWritten>,
    /// A condition over the answer, where a 2xx is not enough.
    pub(super) success: Option<Spanned<String>>,
    /// Status → what the model is told.
    #[serde(default)]
    #[schemars(with = "BTreeMap<ErrorStatus, Words>")]
    pub(super) errors: BTreeMap<u16, Words>,
    #[serde(default)]
    pub(super) errors_when: Vec<Spanned<ErrorWhenWritten>>,
    /// What answers where effects are mocked: JSON as YAML; its texts may hold what those of a request may.
    pub(super) sample: Option<Spanned<Value>>,
}

/// What the model is told of an answer of which a condition is true.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorWhenWritten {
    /// Over the answer, and `sent`.
    pub(super) when: Spanned<String>,
    pub(super) error: Words,
}

/// An expression; or one with what is to be known of its value.
// `shape` chooses by whether a map with such fields is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(untagged)]
pub(super) enum MappedWritten {
    Open(Words),
    Marked(MarkedWritten),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MarkedWritten {
    pub(super) value: Spanned<String>,
    /// Only later requests may hold it.
    pub(super) secret: bool,
}

impl MappedWritten {
    pub(super) fn place(&self) -> Place {
        match self {
            MappedWritten::Open(words) => words.place,
            MappedWritten::Marked(marked) => marked.value.place,
        }
    }

    pub(super) fn is_secret(&self) -> bool {
        match self {
            MappedWritten::Open(_) => false,
            MappedWritten::Marked(marked) => marked.secret,
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProbeWritten {
    pub(super) request: Spanned<RequestWritten>,
    /// The request is only the arguments of a call of an MCP server's tool, of which the admin says that it reads.
    #[serde(skip)]
    pub(super) is_call: bool,
    /// A condition over the answer, and `sent`.
    pub(super) done: Spanned<String>,
    pub(super) failed: Option<Spanned<String>>,
    #[schemars(range(max = ABSENT_AFTER_S_MAX))]
    pub(super) absent_after_s: Option<Spanned<u32>>,
    #[serde(default)]
    #[schemars(with = "Vec<AbsentStatus>")]
    pub(super) absent_on: Vec<Spanned<u16>>,
    #[serde(default, rename = "as")]
    pub(super) answers: AnswersWritten,
    #[serde(default)]
    #[schemars(with = "BTreeMap<Name, Words>")]
    pub(super) map: BTreeMap<String, Words>,
    /// What answers where effects are mocked.
    pub(super) sample: Option<Spanned<Value>>,
}

/// One parameter, compared in exactly one way.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleWritten {
    pub(super) parameter: Spanned<String>,
    pub(super) equals: Option<Spanned<String>>,
    pub(super) equals_ignore_case: Option<Spanned<String>>,
    pub(super) equals_digits: Option<Spanned<String>>,
    pub(super) equals_phone: Option<Spanned<String>>,
    pub(super) contains: Option<Spanned<String>>,
    pub(super) one_of: Option<Spanned<String>>,
    pub(super) matches: Option<MatchesWritten>,
    pub(super) error: Words,
}

/// How many proofs may fail: of a call, of the number that calls, of what is looked up.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TriesWritten {
    #[schemars(range(min = 1, max = BUDGET_MOST.per_call))]
    pub(super) per_call: Option<Spanned<u8>>,
    #[schemars(range(min = 1, max = BUDGET_MOST.per_caller))]
    pub(super) per_caller: Option<Spanned<u8>>,
    #[schemars(range(min = 1, max = BUDGET_MOST.per_record))]
    pub(super) per_record: Option<Spanned<u8>>,
}

/// A part of what the system holds, like the last four digits of a number.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MatchesWritten {
    pub(super) held: Spanned<String>,
    /// A regular expression; its first group, or all that it matches, is what the caller must know.
    pub(super) pattern: Spanned<String>,
}

/// `none`, `{header: NAME}` or `{body: FIELD}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum IdempotencyWritten {
    None,
    Header(Spanned<String>),
    Body(Spanned<String>),
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmWritten {
    /// `always` where unwritten, `never`, or `{when: condition}`.
    pub(super) policy: Option<Spanned<PolicyWritten>>,
    pub(super) question: Option<Words>,
    pub(super) short: Option<Words>,
    pub(super) action: Option<Words>,
    pub(super) verbs: Option<WordLists>,
    #[serde(default)]
    pub(super) voice: VoiceWritten,
    #[serde(default)]
    pub(super) demands_mark: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PolicyWritten {
    Never,
    Always,
    When(String),
}

/// Accepting a spoken yes is the agent's to say (`spoken_yes`).
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum VoiceWritten {
    #[default]
    ByEngine,
    KeypadOnly,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PhrasesWritten {
    pub(super) start: Option<WordingsByLanguage>,
    pub(super) delay: Option<WordingsByLanguage>,
    #[schemars(range(min = PATIENCE_MS_MIN, max = PATIENCE_MS_MAX))]
    pub(super) delay_after_ms: Option<Spanned<u32>>,
    pub(super) delay_again: Option<WordingsByLanguage>,
    #[schemars(range(min = PATIENCE_MS_MIN, max = PATIENCE_MS_MAX))]
    pub(super) delay_again_after_ms: Option<Spanned<u32>>,
    pub(super) done: Option<WordingsByLanguage>,
    pub(super) partly: Option<WordingsByLanguage>,
    pub(super) failed: Option<WordingsByLanguage>,
    pub(super) unknown: Option<WordingsByLanguage>,
    pub(super) declined: Option<WordingsByLanguage>,
    pub(super) out_of_reach: Option<WordingsByLanguage>,
    pub(super) spent: Option<WordingsByLanguage>,
}

/// One wording, or several that take turns.
// `shape` chooses by whether a list is written.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(untagged)]
pub(super) enum WordingsWritten {
    One(String),
    Several(Vec<String>),
}

impl Default for WordingsWritten {
    fn default() -> WordingsWritten {
        WordingsWritten::Several(Vec::new())
    }
}

/// How often a tool may run.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsWritten {
    #[schemars(range(min = 1, max = RUNS_MAX))]
    pub(super) per_call: Option<Spanned<u32>>,
    #[serde(default)]
    pub(super) per_caller: PerCallerWritten,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PerCallerWritten {
    #[schemars(range(min = 1, max = RUNS_MAX))]
    pub(super) per_hour: Option<Spanned<u32>>,
    #[schemars(range(min = 1, max = RUNS_MAX))]
    pub(super) per_day: Option<Spanned<u32>>,
}

/// One value for all languages, or one for each, by its code. `shape` chooses by whether a map is written.
#[derive(Clone, Debug, Deserialize)]
pub(super) enum ByLanguage<T> {
    All(T),
    Each(BTreeMap<String, T>),
}
