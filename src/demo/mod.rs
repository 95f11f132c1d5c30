//! A whole call to watch: the sample shop, a gateway, and a caller who phones it over loopback.
//!
//! Reading order: [`shop`] (the system behind the tools), [`scenario`] (what a caller does), `caller` (who does it),
//! [`story`] (a journal told to a reader), `verdict` (whether it went as demanded), [`stage`] (all of it together),
//! [`folder`] (where its files go), [`runs`] (many of them), [`vary`] (calls drawn from a seed).
//!
//! Promises: everything here runs on loopback, without an account anywhere; a scenario succeeds only if
//! the shop's own database holds what it demands.
//! Never: is needed by a gateway in service; prints.

mod caller;
pub mod folder;
pub mod runs;
pub mod scenario;
pub mod shop;
pub mod stage;
pub mod story;
pub mod vary;
mod verdict;

/// The caller's English voice: another than the agent's, so that a listener tells them apart, and one the embedded
/// recogniser's yes recipe accepts.
pub const CALLER_VOICE: &str = "rms";
