//! What a panic of a gateway in service leaves in its log.
//!
//! Promises: where it happened, and its words only where they stand in the source as they are: what is put together from
//! values may hold a caller's (promise 8); it is counted.
//! Never: ends the process; a panic ends the call it befell.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic;

/// Tasks and threads that panicked.
const PANICS: &str = "centralita_panics_total";

/// From here on, panics of this process are told so.
pub fn tell_panics() {
    metrics::describe_counter!(PANICS, "Tasks and threads that panicked: each is a mistake of the program");
    metrics::counter!(PANICS).absolute(0);
    panic::set_hook(Box::new(|panic| {
        metrics::counter!(PANICS).increment(1);
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        let words = literal(panic.payload());
        // Functions and lines, no value; only where RUST_BACKTRACE asks for it.
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            tracing::error!(%place, words, "a panic, please report it\n{trace}");
        } else {
            tracing::error!(%place, words, "a panic, please report it");
        }
    }));
}

fn literal(payload: &(dyn Any + Send)) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("made of values: not shown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_made_of_values_are_not_shown() {
        let of = |panics: fn()| literal(&*panic::catch_unwind(panics).unwrap_err());
        assert_eq!(of(|| panic::resume_unwind(Box::new("a mistake"))), "a mistake");
        assert_eq!(
            of(|| panic::resume_unwind(Box::new(format!("no order {}", 4_539)))),
            "made of values: not shown"
        );
    }
}
