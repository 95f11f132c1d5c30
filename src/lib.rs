//! centralita: a gateway that answers the phone with an agent that can act.
//!
//! The map of the rooms that touch the world, in reading order. Everything pure is in `centralita-core`.
//!
//! Promises: imports go down only; the house test holds the table.
//! Never: decides anything about a conversation; that is the heart's.

pub use centralita_core as core;

pub mod bench;
pub mod caller;
pub mod catalog;
pub mod cli;
mod crash;
pub mod demo;
pub mod driver;
pub mod egress;
pub mod gateway;
pub mod integrations;
pub mod llm;
pub mod media;
pub mod rehearsal;
pub mod replay;
pub mod secrets;
pub mod speech;
pub mod standin;
pub mod store;
pub mod stt;
pub mod telephony;
pub mod tts;
