//! The play of the call that a scenario makes, as it happens.
//!
//! Promises: whoever comes late still has all that was told.
//! Never: mixes the lines of two calls: a stage watches one.

pub use crate::core::journal::{Told, Who};

use crate::core::base::CallId;
use crate::core::journal::Play;
use crate::driver::Seen;

/// Follows one call.
#[derive(Debug, Default)]
pub struct Story {
    play: Play,
    /// Everything told so far.
    pub told: Vec<Told>,
    /// Whose lines these are, once there was one.
    pub call: Option<CallId>,
}

impl Story {
    /// Takes one line of the journal; what it tells a reader, if anything.
    pub fn take(&mut self, seen: &Seen) -> Option<Told> {
        self.call.get_or_insert_with(|| seen.call.clone());
        let told = self.play.take(seen.at, &seen.line)?;
        self.told.push(told.clone());
        Some(told)
    }
}
