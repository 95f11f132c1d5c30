//! The heart: a conversation as several small machines side by side, told facts, answering with orders.
//!
//! Promises: 1 to 6 of the house, each watched from outside by `sim`.
//! Never: hears audio, reads a clock, speaks to a service.

mod event;
mod gate;
mod order;
mod plan;
mod timer;

pub use event::{
    Affirmation, Answered, By, EngineYes, Event, LineAbilities, Outcome, Transcript, TranscriptEnd,
    UnknownAction, Word,
};
pub use gate::{Basis, Permit};
pub use order::{ActionKey, Expect, Note, Order, Refusal, Role, Verdict, Watch, Why};
pub use plan::{
    CannedAnswer, Confirm, Effects, Idempotency, Parameter, ParameterKind, Plan, Policy, Timing, ToolPhrases,
    ToolPlan, VoiceYes,
};
