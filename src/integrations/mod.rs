//! Tools of external systems, and the one dispatcher through which every one of them runs.
//!
//! Reading order: [`spec`] (a tool as data), [`request`] (values put in), [`auth`] (who we are), [`far`] (who answers), [`mcp`]
//! (servers that keep a session), [`verdict`] (what an answer means), [`registry`] (prepare and run), [`probe`] (ask what
//! became of it).
//!
//! Promises: promise 2 of the house: a request with effects leaves at most once, by a permit that covers
//! exactly it, after its intent is durable; once more only where the system refused who we are, under the key by which it
//! knows it again; no "done" is told of an unknown outcome.
//! Never: lets a caller's words choose host, method or shape of a request.

mod action;
mod arguments;
mod auth;
mod far;
mod limits;
pub mod mcp;
mod probe;
mod registry;
mod request;
mod spec;
#[cfg(test)]
mod tests;
mod toolbox;
mod verdict;
mod verify;

pub use action::ActionSecret;
pub use arguments::{is_same_argument, one_form, wanted};
pub use auth::{
    Algorithm, Auth, Basic, Came, ClientAuthentication, Clock, Encoding, Given, Grant, Hmac, Login, OAuth2,
    SHOWN, SIGNED, SecretHeader, SecretQuery, Signature, holes,
};
pub use limits::pattern;
pub use probe::{Finding, PROBE_QUESTION, Pauses, Sent};
pub(crate) use probe::{KEY as PROBE_KEY, SENT as PROBE_SENT};
pub use registry::{CallFacts, Intent, IntentLog, Leave, NotBegun, Prepared, Registry, Unprepared};
pub use spec::{
    Compare, Connection, Exchange, KeyPlace, McpServer, McpWay, Method, Probe, Program, Rule, Sample,
    ToolSpec, Variable,
};
pub use toolbox::{Toolbox, mcp_server};
