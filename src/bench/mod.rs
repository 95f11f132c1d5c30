//! Measurements: how well what is configured hears and answers, in figures an admin can compare.
//!
//! Promises: a figure comes with what it was counted over.
//! Never: decides whether a figure is good enough.

pub mod eval;
