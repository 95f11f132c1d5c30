//! The carrier's side of the wire: phones a gateway as a carrier would, for tests, demos and load.
//!
//! Reading order: [`Phone`] (what a scripted caller does and hears), `call` (follows the gateway's TwiML),
//! `stream` (one media stream in real time), `webhook`, `twiml`, `wire` (what is said), `playback`, `ear`,
//! [`Recording`] (what the caller heard, measured), `script` and [`follow`] (a caller who does what a file says).
//!
//! Promises: strict where a carrier is: what a carrier would refuse ends the call with a fault that says why;
//! the agent's audio is played at 1x, and a mark comes back only when it was.
//! Never: knows what the gateway is made of; it sees URLs, TwiML and media-stream messages.

mod call;
mod ear;
mod follow;
mod phone;
mod playback;
mod recording;
mod script;
mod stream;
mod twiml;
mod webhook;
pub(crate) mod wire;

#[cfg(test)]
mod tests;

pub use follow::{Doing, Turn, follow};
pub use phone::{Dial, Ended, Heard, Phone};
pub use recording::{Figures, Lateness, Record, Recording, RecordingFile};
pub use script::{Act, Moment, SILENCE_LEAST, Step, no_keys, open_script, read_script, row_of_keys};
