//! Recorded calls as tests: where they lie, whether this build gives the orders they hold, and how that is told.
//!
//! Reading order: `source` (databases and call files), `compare` (one call through today's heart), `report` (many
//! of them, for people and for programs); the same with sound: `sound`, `sound_report`.
//!
//! Promises: a call that cannot be read is told as such and the others are compared all the same.
//! Never: carries out an order; writes to a journal.

mod compare;
mod report;
mod sound;
mod sound_report;
mod source;
#[cfg(test)]
pub(crate) mod tests;

pub use compare::{Difference, Finding, compare};
pub use report::{Replayed, Report};
pub use sound::{Compared, Sounding, sounding};
pub use sound_report::{SoundReplayed, SoundReport};
pub use source::{Found, Recorded, find, read_all};
