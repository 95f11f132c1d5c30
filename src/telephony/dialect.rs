//! What a carrier's media-stream protocol can do; the driver asks this, never the carrier's name.
//!
//! Promises: every difference that changes behaviour is a named value here; the line and the conversation are told the
//! same.
//! Never: parses or writes a message.

use crate::core::audio::{Law, LineSetup};
use crate::core::conversation::LineAbilities;

/// Twilio Media Streams, bidirectional (`<Connect><Stream>`). Marks that a clear overtakes come back at once, like any
/// other.
pub const TWILIO: LineSetup =
    LineSetup { law: Law::Mu, marks: true, keys_out_of_band: true, carrier_buffers: true };

/// What the conversation may count on. Keys reach it either way: where no message brings them, the line hears the tones.
#[must_use]
pub fn abilities(dialect: LineSetup) -> LineAbilities {
    LineAbilities { marks: dialect.marks, keys: true }
}
