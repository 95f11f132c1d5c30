//! A call as text: one line for every fact, timer and order; the call file; and folding one through the heart.
//!
//! Promises: what is written of an event reads back as the same event; the same events give the same lines.
//! Never: carries out an order; a permit made while folding dies with it.

mod event;
mod file;
mod fold;
mod form;
mod order;
mod ordered;
mod play;
mod scan;

pub use event::{parse_event, write_event};
pub use file::{CallFile, JOURNAL_VERSION, Line, file_line};
pub use fold::{Folded, Folds, fold, fold_up, folds};
pub use order::{write_order, write_timer};
pub use ordered::{Ordered, read_piece};
pub use play::{Play, Told, Who};
