//! The line: the call's audio, both ways, on one sample clock.
//!
//! Reading order: [`line`](Line) (what the call sees), `fact` (what it says), `intake` → `ear` → `dtmf`,
//! `tone`, `vad` → `speech` (the caller's way in), `playout` → `reply` (the agent's way out), `g711`,
//! `widen`; beside them `vowels` (a voice of a kind).
//!
//! Promises: the same frames, orders and times give the same facts and bytes; one reply at a time; in doubt,
//! less was heard.
//! Never: reads a clock, knows a carrier's messages, decides what a sound means.

mod dtmf;
mod ear;
mod fact;
mod g711;
mod intake;
mod line;
mod playout;
mod reply;
#[cfg(test)]
mod signals;
mod speech;
#[cfg(test)]
mod tests;
mod tone;
mod vad;
mod vowels;
mod widen;

pub use fact::{By, Key, LineFact, LineOutputs, MarkName, Watch, WireItem};
pub use g711::Law;
pub use intake::{FRAME_BYTES_MAX, GAP_FILL_MAX, STALL};
pub use line::{Line, LineSetup};
pub use playout::{
    CLOCK_MARGIN, GRID, HEARD_DOUBT, LEAD_LEAST, LEAD_MOST, MARK_EARLY, MARK_PATIENCE, PACED_LEAD_LEAST,
    PACED_LEAD_MOST, UNDERRUN_LEAST, Underruns,
};
pub use reply::{AUDIO_HELD_MAX, PIECES_MAX, Refused};
pub use vowels::Vowels;
