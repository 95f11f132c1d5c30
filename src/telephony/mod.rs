//! The carrier's side of the house: what a carrier says and what it is told, and who may say it.
//!
//! Reading order: [`dialect`] (what differs between carriers), [`event`] (what a carrier says), [`twilio`]
//! (the first dialect, pure but for its REST call), [`socket`] (the one socket loop around it).
//!
//! Promises: everything that comes from outside is bounded before it is believed.
//! Never: decides anything about a conversation, reads a clock, prints a key, a token or a caller's number.

pub mod dialect;
pub mod event;
pub mod socket;
pub mod twilio;

pub use event::{CarrierEvent, Key, MediaFormat, Start, StreamId};
pub use socket::{MediaSocket, Outbox, SocketEvent};
