//! The tests of the pure package, one binary: the house rules, and the calls.
//!
//! Promises: no clock, no sleep, no network; every test's name is what is promised.
//! Never: looks inside a machine; it speaks to the rooms by their public names.

mod answers;
mod calls;
mod canaries;
mod cassette;
mod folds;
mod house;
mod journals;
mod limits;
mod permits;
mod retractions;
mod sim;
mod wordings;
