//! The line's promises, through its public names.
//!
//! Promises: no recording, no clock; every test's name is what is promised.
//! Never: looks inside.

mod caller;
mod reply;
mod storm;

use super::{Law, Line, LineSetup};

/// A carrier like most: it buffers, sends marks back and keys as events.
const USUAL: LineSetup =
    LineSetup { law: Law::Mu, marks: true, keys_out_of_band: true, carrier_buffers: true };

fn line(setup: LineSetup) -> Line {
    Line::new(setup)
}

/// Samples as the setup's carrier sends them.
fn encoded(law: Law, samples: &[i16]) -> Vec<u8> {
    samples.iter().map(|&s| law.encode(s)).collect()
}
