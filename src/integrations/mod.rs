//! Tools of external systems, and the one dispatcher through which every one of them runs.
//!
//! Reading order: [`spec`] (a tool as data), [`request`] (values put in), [`auth`] (who we are), [`far`] (who answers), [`mcp`]
//! (servers that keep a session), [`verdict`] (what an answer means), [`tries`] (sent, and sent again), [`breaker`] (left alone
//! for a while), [`steps`] (one request after the other), [`registry`] (prepare and run), [`acting`] (what is sent by leave),
//! [`probe`] (ask what became of it), [`tap`] (what passes, for a person who tries a tool out).
//!
//! Promises: promise 2 of the house: a request with effects leaves at most once, by a permit that covers
//! exactly it, after its intent is durable; once more only where nothing of it left, or under the key by which the system
//! knows it again; no "done" is told of an unknown outcome.
//! Never: lets a caller's words choose host, method or shape of a request.

mod acting;
mod action;
mod allowance;
mod arguments;
mod auth;
mod body;
mod breaker;
mod budget;
mod cache;
mod dry;
mod far;
mod forms;
mod given;
mod limits;
mod masks;
pub mod mcp;
mod phone;
mod probe;
mod registry;
mod request;
mod spec;
mod steps;
mod tap;
#[cfg(test)]
mod tests;
mod toolbox;
mod tries;
mod unlogged;
mod verdict;
mod verify;

pub use acting::whole_key;
pub use action::ActionSecret;
pub use allowance::NotSpent;
pub use auth::{
    Algorithm, Auth, Basic, Came, ClientAuthentication, Clock, Encoding, Grant, Hmac, Login, OAuth2, SHOWN,
    SIGNED, SecretHeader, SecretQuery, Signature, Stated, holes,
};
pub use breaker::Breakers;
pub use budget::{BUDGET_MOST, Budget, TRIES_COUNT_FOR, Trial, Tried, TriesInMemory, TryEnd, TryId, TryLog};
pub use forms::{is_same_argument, one_form};
pub(crate) use forms::{size, wanted};
pub use given::is_time_zone;
pub use limits::pattern;
pub(crate) use limits::within_written as within;
pub use phone::country_of;
pub use probe::{Finding, PROBE_QUESTION, Pauses, Sent};
pub(crate) use probe::{KEY as PROBE_KEY, SENT as PROBE_SENT};
pub use registry::{CallFacts, Intent, IntentLog, Leave, NotBegun, Prepared, Probed, Registry, Unprepared};
pub use spec::{
    Answers, Body, CallFact, Compare, Connection, Deed, ErrorMeans, ErrorWhen, Exchange, Given, KeyPlace,
    McpServer, McpWay, Method, PerCaller, Probe, Program, Rule, Sample, Source, Step, ToolSpec, Variable,
};
pub use tap::{CameBack, Passed, Proof, Shown, Tap};
pub use toolbox::{Toolbox, mcp_server};
pub(crate) use unlogged::Unlogged;
