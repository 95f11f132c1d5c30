//! One phone call as a pure state machine: facts and the time in, orders out.
//!
//! Reading order: [`base`] (ids, times, faults), [`language`] (what words mean), [`template`] (text with
//! holes), [`audio`] (the line), [`conversation`] (the heart, with the gate), [`call`] (line and conversation
//! as one machine), [`journal`] (a call as text), [`cassette`] (a call with its sound, over again), [`sim`]
//! (calls that never were, and the promises).
//!
//! Promises: the same events give the same orders, byte for byte, on any machine.
//! Never: reads a clock, draws a random number, opens a file or a socket, starts a thread, iterates a hashed map.

#![forbid(unsafe_code)]

pub mod audio;
pub mod base;
pub mod call;
pub mod cassette;
pub mod conversation;
pub mod journal;
pub mod language;
pub mod sim;
pub mod template;
