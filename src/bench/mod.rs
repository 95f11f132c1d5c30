//! Measurements: how well what is configured hears and answers, and how fast; in figures an admin can compare.
//!
//! Reading order: [`eval`] (what is heard), [`distribution`] (what is told of many times), [`handle`] (the heart),
//! [`audio`] (the line's way in), [`sim`] and [`replay`] (calls that never were, and calls that were); then over the
//! wire: `stage` (the gateway that is measured), `talker`, `buffer`, `carrier` (who calls it, and what is felt there),
//! [`turn`], [`load`], [`recording`]; and of tools, [`registry`].
//!
//! Promises: a figure comes with what it was counted over and how.
//! Never: decides whether a figure is good enough.

pub mod audio;
mod buffer;
mod carrier;
pub mod distribution;
pub mod eval;
pub mod handle;
pub mod load;
mod machine;
pub mod recording;
pub mod registry;
pub mod replay;
pub mod server;
pub mod sim;
pub mod stage;
mod talker;
pub mod turn;
