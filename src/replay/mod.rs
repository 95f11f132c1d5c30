//! Recorded calls as tests: where they lie, whether this build gives the orders they hold, and how that is told.
//!
//! For tests in Rust: [`Recorded::load`], [`Recorded::run`], and what [`Run`] can be asked. That part is stable, see
//! docs/compat.md.
//!
//! Reading order: `source` (databases and call files), `expect` (what is written down), `compare` (one call through
//! today's heart), `report` and `junit` (many of them, for people and for programs), `lean` (a test made from a
//! call), `facts` (what a test asks about), `load` and `run` (tests in Rust); the same with sound: `sound`,
//! `sound_report`; against a gateway that runs: `live`. What tools were used, of all calls: `uses`, and whether that is as
//! usual: `usual`.
//!
//! Promises: a call that cannot be read is told as such and the others are compared all the same.
//! Never: carries out an order; writes to a journal.

mod compare;
mod expect;
pub(crate) mod facts;
pub(crate) mod junit;
mod lean;
mod live;
mod load;
mod report;
mod run;
mod sound;
mod sound_report;
mod source;
#[cfg(test)]
pub(crate) mod tests;
mod uses;
mod usual;

pub use compare::{Difference, Finding, compare};
pub use lean::{Test, as_test};
pub use live::{Lived, is_mocked};
pub use report::{Replayed, Report};
pub use run::{Confirmation, Latency, Run, Tool, Turns, Words};
pub use sound::{Compared, Files, Sounding, are_folders, sounding};
pub use sound_report::{SoundReplayed, SoundReport};
pub use source::{Found, Recorded, find, read_all};
pub use uses::{Came, Proof, Use, uses};
pub use usual::{Count, PAST_DAYS, Span, Unusual, unusual};
