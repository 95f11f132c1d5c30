//! Cassettes of small calls.
//!
//! Promises: tones and vowels in place of people.
//! Never: a clock.
