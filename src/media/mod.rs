//! Sound as data: other sample rates, files, recordings.
//!
//! Promises: what leaves this room for the line is 8 kHz mono, 16 bit.
//! Never: knows a carrier, a provider or a conversation.

mod double;
mod opus;
mod recorder;
mod resample;
mod silences;
mod wav;

pub use double::double;
pub use opus::{remove_parts, to_opus};
pub use recorder::Recorder;
pub use resample::ToLine;
pub use silences::Silences;
pub use wav::{TwoVoices, line_samples, read_line_wav, read_recording, write_line_wav};
