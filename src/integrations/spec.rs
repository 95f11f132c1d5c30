//! A tool as data: what it sends, what of the answer is let through, and what proves who is asking.
//!
//! Promises: serialises to the same bytes for the same meaning, so it is part of a plan's hash.
//! Never: holds the value of a secret.

use std::collections::{BTreeMap, BTreeSet};

use centralita_core::base::{Millis, ToolName};
use centralita_core::conversation::{Effects, Parameter, ParameterKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::auth::Auth;
use super::budget::Budget;
use super::mcp::Pins;

/// One connection to an external system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// The integration's id: the part of a tool's name before the dot.
    pub id: String,
    #[serde(serialize_with = "as_text")]
    pub base: Url,
    /// The host of `base` may be an address inside our own network.
    pub allow_private: bool,
    #[serde(flatten)]
    pub auth: Auth,
    /// What speaks there, where that is an MCP server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcp: Option<McpServer>,
}

/// An MCP server behind a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct McpServer {
    pub way: McpWay,
    /// The tools an admin has picked, as they were reviewed, by the server's own names.
    pub pins: Pins,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum McpWay {
    /// Streamable HTTP at the connection's address.
    Http,
    /// A child process; the connection's address is only a name then.
    Child(Program),
}

/// A program that speaks MCP over its pipes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Program {
    pub command: String,
    pub args: Vec<String>,
    pub env: BTreeMap<String, Variable>,
}

/// The value of a variable of a program's environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Variable {
    Text(String),
    /// The secret's name, without `secret.`.
    Secret(String),
}

/// One tool, compiled for one language.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ToolSpec {
    pub name: ToolName,
    pub parameters: Vec<Parameter>,
    /// Values that nobody is asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<Given>,
    pub effects: Effects,
    /// Read-only exchanges, in order; what they map, the later ones and the question may use.
    pub prepare: Vec<Exchange>,
    /// What is sent by leave before the tool's own request, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Deed>,
    /// The tool's own request, which is the last one.
    pub request: Exchange,
    /// What its result is made of, over all that is known in the end: name → expression. Unwritten, what `request` maps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<BTreeMap<String, String>>,
    /// What of its result later tools of the call may use: variable → expression over what the map lets through.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub store: BTreeMap<String, String>,
    pub key: KeyPlace,
    /// Statuses of 500 and above that this system sends only where it has done nothing.
    pub not_done_on: BTreeSet<u16>,
    /// How the system is asked what became of a request that was not answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<Probe>,
    /// How many of its proofs may fail.
    #[serde(skip_serializing_if = "Budget::is_default")]
    pub budget: Budget,
    /// For the read-only part in all, and again for a request with effects.
    pub timeout: Millis,
    /// For how long an answer counts within a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<Millis>,
    #[serde(skip_serializing_if = "PerCaller::is_none")]
    pub per_caller: PerCaller,
}

/// How often a tool may run for one caller, in whichever calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PerCaller {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_day: Option<u32>,
}

impl PerCaller {
    /// As often as anybody likes.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == PerCaller::default()
    }
}

impl ToolSpec {
    /// The read-only exchanges by which it is found out whether its proofs hold, the last one deciding; none where it has no
    /// proofs.
    pub(super) fn proving(&self) -> &[Exchange] {
        let has_proofs = |exchange: &Exchange| !exchange.verify.is_empty();
        match self.prepare.last() {
            Some(last) if has_proofs(last) => &self.prepare,
            Some(_) | None if has_proofs(&self.request) => std::slice::from_ref(&self.request),
            Some(_) | None => &[],
        }
    }

    /// What the model is told where they do not, whatever was wrong.
    pub(super) fn unproven(&self) -> &str {
        let rules = self.proving().last().map_or(&[][..], |exchange| &exchange.verify);
        rules.first().map_or("", |rule| &rule.error)
    }
}

/// A request that is sent by leave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Deed {
    pub exchange: Exchange,
    /// One without reads what a later one needs of an earlier one's deed.
    pub effects: Effects,
    pub key: KeyPlace,
    pub not_done_on: BTreeSet<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<Probe>,
}

/// A request that is sent by leave, wherever it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Act<'s> {
    pub(super) exchange: &'s Exchange,
    /// Its place among those with effects, from zero; none of one that only reads.
    pub(super) place: Option<u32>,
    pub(super) key: &'s KeyPlace,
    pub(super) not_done_on: &'s BTreeSet<u16>,
    pub(super) probe: Option<&'s Probe>,
}

impl ToolSpec {
    /// All that is sent by leave, in order.
    pub(super) fn acts(&self) -> Vec<Act<'_>> {
        let mut places = 0..;
        let mut place = |effects| if effects == Effects::None { None } else { places.next() };
        let mut acts: Vec<Act<'_>> = Vec::new();
        for Deed { exchange, effects, key, not_done_on, probe } in &self.before {
            acts.push(Act { exchange, place: place(*effects), key, not_done_on, probe: probe.as_ref() });
        }
        let ToolSpec { request: exchange, key, not_done_on, probe, .. } = self;
        acts.push(Act { exchange, place: place(self.effects), key, not_done_on, probe: probe.as_ref() });
        acts
    }

    /// The act with effects that has this place.
    pub(super) fn act_at(&self, place: u32) -> Option<Act<'_>> {
        self.acts().into_iter().find(|act| act.place == Some(place))
    }

    /// The place of the tool's own request.
    pub(super) fn last_place(&self) -> u32 {
        self.acts().iter().filter_map(|act| act.place).max().unwrap_or_default()
    }
}

/// A value that neither the caller nor the model supplies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Given {
    pub name: String,
    pub source: Source,
    /// What it must be, and whose one form it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ParameterKind>,
}

/// Where such a value comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Constant(Value),
    /// A secret of this name: put into what is sent, and nowhere else.
    Secret(String),
    Call(CallFact),
    /// The agent's id.
    Agent,
    /// The code of the agent's language.
    Language,
    /// The time of the request in this zone.
    Now(String),
    /// What another tool of this call has stored.
    Variable {
        name: String,
        /// What counts until it has; none where it must have.
        otherwise: Option<Value>,
    },
}

/// What the call knows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallFact {
    Id,
    From,
    To,
}

/// A read-only question to the system: what became of a request with effects that left and was not answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Probe {
    /// Its map is what the model may know of what was done.
    pub request: Exchange,
    /// A condition over the answer and what was sent: it was done.
    pub done: String,
    /// Another: it was not done, and will not be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// What the system does not show so long after it was sent was not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent_after: Option<Millis>,
    /// Statuses by which the system says that it has no such thing.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub absent_on: BTreeSet<u16>,
}

/// One request and what its answer means.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exchange {
    pub method: Method,
    /// Under the base URL, beginning with `/`; every value lands in one segment.
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
    pub body: Option<Body>,
    /// What is let through: name → expression over the answer.
    pub map: BTreeMap<String, String>,
    /// A condition over the answer; false means it was not done.
    pub success: Option<String>,
    #[serde(skip_serializing_if = "Answers::are_json")]
    pub answers: Answers,
    pub verify: Vec<Rule>,
    /// Status → what the model is told, in the agent's language.
    pub errors: BTreeMap<u16, String>,
    /// What the model is told of an answer, whatever its status, that one of these conditions is true of; the first one
    /// counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors_when: Vec<ErrorWhen>,
    /// What answers where effects are mocked; no part of what the request means.
    #[serde(skip)]
    pub sample: Option<Sample>,
    /// Of an MCP server its own name of the tool, which is called with `body` as arguments; method, path, query and headers
    /// are none's then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
    /// What it means where that server says that the tool went wrong.
    #[serde(skip_serializing_if = "ErrorMeans::is_unknown")]
    pub error_means: ErrorMeans,
    /// What it is among others of its tool, where it is one of `steps`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
}

/// What an MCP server's own error says of an action. Its words alone do not tell: many servers turn every exception into
/// one, also one after they acted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorMeans {
    #[default]
    Unknown,
    /// This server gives one only where it has done nothing.
    NotDone,
}

impl ErrorMeans {
    fn is_unknown(&self) -> bool {
        *self == ErrorMeans::Unknown
    }
}

/// One request of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What it maps is named `steps.ID.value`.
    pub id: String,
    /// A condition over what is known before it; where it is false the step is left out, and its values are null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Of what it maps, what only later requests may hold.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub secret: BTreeSet<String>,
}

/// An answer that means that there is nothing to tell, or that it was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorWhen {
    /// A condition over the answer and what was sent.
    pub when: String,
    /// In the agent's language.
    pub error: String,
}

/// What a request holds beside its address and headers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// A JSON tree whose texts are templates.
    Json(Value),
    /// Name → template, as `application/x-www-form-urlencoded`.
    Form(BTreeMap<String, String>),
    /// Name → template, as text parts of `multipart/form-data`.
    Multipart(BTreeMap<String, String>),
}

/// As what an answer is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answers {
    #[default]
    Json,
    /// Whatever it is, it is one text, named `text`.
    Text,
}

impl Answers {
    fn are_json(&self) -> bool {
        *self == Answers::Json
    }
}

/// The answer of a system that is not asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Sample {
    /// 200, with a JSON tree whose texts are templates, as in a request's body.
    Answer(Value),
    /// 200, with this template's text.
    Text(String),
    /// This status, and no body.
    Status(u16),
    /// The request went out and nothing came back.
    Silence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// Safe by RFC 9110 §9.2.1: asking changes nothing.
    #[must_use]
    pub fn is_safe(self) -> bool {
        matches!(self, Method::Get | Method::Head)
    }
}

/// One proof of who is asking: what the caller said must be what the system holds. Where it fails, nothing of
/// the answer is passed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    pub parameter: String,
    pub compare: Compare,
    /// Where the answer holds the value: an expression.
    pub held: String,
    /// Of phone numbers: ISO 3166 code of the country in which one without a `+` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// What the model is told when it fails, in the agent's language.
    pub error: String,
}

/// How two values are compared; an empty one is never equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// Character by character.
    Equals,
    /// Whatever the case, and without spaces around.
    EqualsIgnoreCase,
    /// Only the digits count: `+34 600-11` is `3460011`.
    EqualsDigits,
    /// The same number, with or without its country.
    EqualsPhone,
    /// Words in a row of what is held: a surname of a whole name. Case and accents do not count.
    Contains,
    /// The first group of a regular expression, or all that it matches, in what is held.
    Matches(String),
    /// One of a list, whatever the case and the accents.
    OneOf,
}

/// Where the system looks for the key by which it knows a repeated request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    None,
    Header(String),
    /// A field of the body: of its object, or of its form.
    Body(String),
}

/// A URL as its text.
pub(super) fn as_text<S: serde::Serializer>(url: &Url, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(url)
}
