//! Tools of external systems, and the one dispatcher through which every one of them runs.
//!
//! Reading order: [`spec`] (a tool as data), [`request`] (values put in), [`far`] (who answers), [`verdict`] (what an
//! answer means), [`registry`] (prepare and run), [`probe`] (ask what became of it).
//!
//! Promises: promise 2 of the house: a request with effects leaves at most once, by a permit that covers
//! exactly it, after its intent is durable; no "done" is told of an unknown outcome.
//! Never: lets a caller's words choose host, method or shape of a request.

mod action;
mod arguments;
mod far;
mod limits;
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
pub use limits::pattern;
pub use probe::{Finding, PROBE_QUESTION, Pauses, Sent};
pub(crate) use probe::{KEY as PROBE_KEY, SENT as PROBE_SENT};
pub use registry::{CallFacts, Intent, IntentLog, Leave, NotBegun, Prepared, Registry, Unprepared};
pub use spec::{
    Compare, Connection, Exchange, KeyPlace, Method, Probe, Rule, Sample, SecretHeader, ToolSpec,
};
pub use toolbox::Toolbox;
