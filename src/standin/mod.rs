//! Stand-ins for speech services, for tests and load: instant, free, and sure of what was said.
//!
//! Promises: speak the ports of `stt` and `tts` and nothing else, so whatever runs on them runs on a provider.
//! Never: are chosen by a configuration of real calls.

mod speech;

pub use speech::{Lines, ScriptedStt, ToneTts};
