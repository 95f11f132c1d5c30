//! Stand-in speech: a voice that carries its words, and an ear that finds them.
//!
//! With both, a whole call runs over the wire with real frames, marks, voice detection and barge-in, and without a
//! recogniser, a model file or a network. Reading order: `burst` (a text as samples), `voice` (what is said),
//! `ear` (what is heard).
//!
//! Promises: what was said whole is heard word for word, where it lay on the track, at once; what was torn is not
//! heard at all.
//! Never: is mistaken for a recogniser's accuracy: nothing measured with it tells how well people are understood.

mod burst;
mod ear;
mod voice;

#[cfg(test)]
mod tests;

pub use burst::Said;
pub use ear::{Ear, said};
pub use voice::{PACE, Voice, utter, utter_at};
