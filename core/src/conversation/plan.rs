//! The plan: everything an agent version means to a conversation, compiled and checked, as plain data.
//!
//! Promises: plain data, so one plan means the same call on any machine; who makes one (the catalog) has
//! checked that its templates compile and that every question names every value the model supplies.
//! Never: holds a URL, a header or a secret; those are the integration's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::phrases::ToolPhrases;
use crate::base::{Digest, Millis, PrivateKind, ToolName};
use crate::language::Language;

/// One agent version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub agent: String,
    pub language: Language,
    /// ISO 4217 code of the money this agent speaks of.
    pub currency: String,
    /// The first thing a caller hears.
    pub greeting: String,
    /// Instructions for the model.
    pub prompt: String,
    pub tools: Vec<ToolPlan>,
    /// Key → tool, for callers who cannot be heard.
    pub keys: BTreeMap<char, ToolName>,
    /// The agent's own short answers, for a model that only looks up.
    pub answers: Vec<CannedAnswer>,
    pub timing: Timing,
    /// What callers say that the record and the model see only as a placeholder.
    #[serde(default, skip_serializing_if = "PrivateList::is_default")]
    pub private: PrivateList,
    #[serde(default, skip_serializing_if = "Recording::is_on")]
    pub recording: Recording,
    /// Digest over all that this version means, the integrations' part included.
    pub hash: Digest,
}

/// The kinds of private words of an agent: a card's number and what is keyed instead of said are secret whoever answers;
/// a list adds to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PrivateList(BTreeSet<PrivateKind>);

impl PrivateList {
    #[must_use]
    pub fn new(kinds: impl IntoIterator<Item = PrivateKind>) -> PrivateList {
        PrivateList(kinds.into_iter().chain([PrivateKind::Card, PrivateKind::Keys]).collect())
    }

    #[must_use]
    pub fn kinds(&self) -> &BTreeSet<PrivateKind> {
        &self.0
    }

    /// Whether it adds nothing.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == PrivateList::default()
    }
}

impl Default for PrivateList {
    fn default() -> PrivateList {
        PrivateList::new([])
    }
}

/// Whether calls are recorded, where the gateway has a place for recordings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recording {
    Off,
    /// From the first sample on.
    #[default]
    On,
    /// Only from the caller's own yes on. Empty text means the gateway's own question.
    AfterConsent {
        question: String,
    },
}

/// A question callers ask, in some of its wordings, and what to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CannedAnswer {
    pub when: Vec<String>,
    pub say: String,
}

/// One tool as the conversation and the model see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolPlan {
    pub name: ToolName,
    /// What it does and when to use it, for the model.
    pub description: String,
    /// Sentences of callers that mean this tool; `{parameter}` stands for a value.
    pub examples: Vec<String>,
    pub parameters: Vec<Parameter>,
    pub effects: Effects,
    pub confirm: Confirm,
    pub phrases: ToolPhrases,
    pub idempotency: Idempotency,
    /// How long the request may take in all.
    pub timeout: Millis,
    #[serde(default, skip_serializing_if = "Identity::is_none")]
    pub identity: Identity,
    /// How often it may run in one call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_call: Option<u32>,
}

/// What a tool has to do with who is calling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Parameters that the tool compares with what the system holds: only the caller's own word proves anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<String>,
    /// What is proven for the rest of the call once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proves: Option<String>,
    /// What must be proven in this call before it is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<String>,
    /// After how many failed proofs of a call this tool tries none; unwritten, [`PROOFS_PER_CALL`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_call: Option<u8>,
}

/// Failed proofs of a call, whichever tools tried them, after which no more are tried. Who knows what is asked needs one
/// try, and one or two more where a word is misheard; who guesses gets no further by calling longer.
pub const PROOFS_PER_CALL: u8 = 5;

impl Identity {
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Identity::default()
    }

    /// Whether a run of it is a try to prove who is calling.
    #[must_use]
    pub fn tries(&self) -> bool {
        !self.proofs.is_empty()
    }

    /// Failed proofs of the call after which it tries no more.
    #[must_use]
    pub fn most_per_call(&self) -> usize {
        usize::from(self.per_call.unwrap_or(PROOFS_PER_CALL))
    }
}

/// A value the model supplies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    pub name: String,
    pub kind: ParameterKind,
    pub description: String,
    pub required: bool,
    /// What the agent asks when the value is missing.
    pub ask: String,
    #[serde(default, skip_serializing_if = "Limits::are_none")]
    pub limits: Limits,
    /// A list of up to so many values of the kind, instead of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<u8>,
    /// What counts where the model gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// ISO 3166 code of the country in which a phone number without a `+` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    #[serde(default, skip_serializing_if = "SaidBy::is_voice")]
    pub said_by: SaidBy,
}

impl Parameter {
    /// Whether it may have no value.
    #[must_use]
    pub fn may_be_absent(&self) -> bool {
        !self.required && self.default.is_none()
    }
}

/// How the caller gives a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaidBy {
    /// In words or keys, as the model understands them.
    #[default]
    Voice,
    /// By keys alone: what the model passes on is the placeholder of what was keyed.
    Keypad,
}

impl SaidBy {
    fn is_voice(&self) -> bool {
        *self == SaidBy::Voice
    }
}

/// Which values of its kind a parameter may have; where nothing is said, all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The least of a whole number or an amount, written as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// The greatest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
    /// The only values, where there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<String>,
    /// The variable of the call whose values are the only ones: another tool has found them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_of_variable: Option<String>,
    /// A regular expression that a text or digits must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

impl Limits {
    #[must_use]
    pub fn are_none(&self) -> bool {
        *self == Limits::default()
    }
}

/// What is allowed, for the model: "one of: small, large".
impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Limits { min, max, one_of, one_of_variable, pattern } = self;
        let span = match (min, max) {
            (Some(min), Some(max)) => Some(format!("from {min} to {max}")),
            (Some(min), None) => Some(format!("at least {min}")),
            (None, Some(max)) => Some(format!("at most {max}")),
            (None, None) => None,
        };
        let list = (!one_of.is_empty()).then(|| format!("one of: {}", one_of.join(", ")));
        let found = one_of_variable.as_ref().map(|_| "one of those that another tool has found".to_owned());
        let form = pattern.as_ref().map(|pattern| format!("in the form {pattern} (a regular expression)"));
        let all: Vec<String> = [span, list, found, form].into_iter().flatten().collect();
        f.write_str(&all.join("; "))
    }
}

/// What kind of value a parameter is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// Free text.
    #[default]
    Text,
    /// A whole number.
    Integer,
    /// A decimal number (`3.5`).
    Number,
    /// A string of digits, like an order number; leading zeros count.
    Digits,
    /// An amount of the agent's currency, as decimal text (`20.50`).
    Money,
    Boolean,
    /// An address, in small letters.
    Email,
    /// A number in E.164 (`+34600111222`).
    Phone,
    /// A day (`2026-07-27`).
    Date,
    /// A time of day (`14:05`).
    Time,
}

/// What running a tool does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effects {
    None,
    Reversible,
    Irreversible,
}

/// When and how a tool is confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirm {
    pub policy: Policy,
    /// The question, with the arguments: "Refund twenty dollars on order 1182?"
    pub question: String,
    /// The short form that follows an early yes: "Twenty dollars".
    pub short: String,
    /// What the agent says while the request is about to leave: "Refunding twenty dollars."
    pub action: String,
    /// The tool's own verb, as a caller would answer with it: "refund it".
    pub verbs: Vec<String>,
    /// Whether a spoken yes is enough.
    pub voice: VoiceYes,
    /// Whether the question's end must be known by mark.
    pub demands_mark: bool,
}

/// Whether a tool is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    Never,
    Always,
    /// Where the expression over arguments and prepared values is true; where it fails, too.
    When(String),
}

/// Whether a spoken yes is enough for a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoiceYes {
    /// As the recogniser's measured rate of false yeses allows.
    ByEngine,
    /// The admin has said in words that a spoken yes is enough.
    Accepted,
    /// Only a key.
    KeypadOnly,
}

/// How the system behind a tool recognises a repeated request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Idempotency {
    /// It does not: nothing is sent twice.
    None,
    /// It honours a key: the same key may be sent again.
    Keyed,
}

/// Every wait of a conversation. Defaults are the measured ones of a phone line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timing {
    /// Speech that counts as speech while the agent is silent.
    pub speech: Millis,
    /// Speech that interrupts the agent.
    pub barge_in: Millis,
    /// Silence that ends a turn.
    pub end_of_turn: Millis,
    /// Silence that ends the answer to a question.
    pub end_of_answer: Millis,
    /// Silence that ends a turn while digits are dictated.
    pub end_of_digits: Millis,
    /// How long a recogniser may take after the caller fell silent.
    pub transcript: Millis,
    /// How long the model may think before the agent says a word.
    pub first_word: Millis,
    /// How long the model may take in all, and how long between pieces.
    pub generation: Millis,
    /// How long the synthesiser may take for a piece.
    pub synthesis: Millis,
    /// How long a mark may be late.
    pub mark: Millis,
    /// How long the caller may think about a question.
    pub answer: Millis,
    /// How long nobody may say anything.
    pub silence: Millis,
    /// How many reminders before the goodbye.
    pub reminders: u8,
    /// Between two keys of one number.
    pub keys: Millis,
    /// The longest turn.
    pub turn: Millis,
    /// The longest stretch of speech of which the recogniser has told no word: more is a room full of voices, or
    /// nobody who is understood.
    pub wordless: Millis,
    /// The longest call; a minute before it the caller is told.
    pub call: Millis,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            speech: Millis(60),
            barge_in: Millis(200),
            end_of_turn: Millis(700),
            end_of_answer: Millis(500),
            end_of_digits: Millis(1_000),
            transcript: Millis(2_500),
            first_word: Millis(1_500),
            generation: Millis(12_000),
            synthesis: Millis(4_000),
            mark: Millis(3_000),
            answer: Millis(7_000),
            silence: Millis(8_000),
            reminders: 3,
            keys: Millis(2_500),
            turn: Millis(60_000),
            wordless: Millis(15_000),
            call: Millis(15 * 60_000),
        }
    }
}

impl Recording {
    fn is_on(&self) -> bool {
        *self == Recording::On
    }
}

impl Plan {
    #[must_use]
    pub fn tool(&self, name: &ToolName) -> Option<&ToolPlan> {
        self.tools.iter().find(|tool| tool.name == *name)
    }
}
