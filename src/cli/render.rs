//! What a terminal shows. The only file that prints.
//!
//! Promises: readable without colour; results on stdout, talk and trouble on stderr.
//! Never: prints a secret; nobody hands it one.

use std::fmt;
use std::io::{ErrorKind, Write as _, stderr, stdout};

use indicatif::ProgressBar;

use crate::core::base::Fault;
use crate::demo::story::Told;

/// A result.
pub(super) fn line(text: &str) {
    out(format_args!("{text}\n"));
}

/// A result that ends its own lines.
pub(super) fn text(text: &str) {
    out(format_args!("{text}"));
}

/// How far many things are; nothing where stderr is no terminal.
pub(super) fn progress(of: u64) -> ProgressBar {
    ProgressBar::new(of)
}

/// The same where nobody knows how many there will be.
pub(super) fn waiting() -> ProgressBar {
    ProgressBar::new_spinner()
}

/// A line for people, beside the result.
pub(super) fn aside(text: &str) {
    beside(format_args!("{text}\n"));
}

pub(super) fn trouble(text: &str) {
    beside(format_args!("error: {text}\n"));
}

/// What happened, whose it is, what to do.
pub(super) fn fault(fault: &Fault) {
    beside(format_args!("error: {}\n  hint: {}\n", fault.what, fault.remedy));
}

/// One line of a call, as it happens.
pub(super) fn told(told: &Told) {
    out(format_args!("{told}\n"));
}

/// Who has stopped reading (`| head`) wants no more, and nothing ends for that, least of all a call. A result that cannot
/// be written is none.
fn out(text: fmt::Arguments<'_>) {
    match stdout().write_fmt(text) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            trouble(&format!("the result cannot be written: {error}\n  hint: look at where the output goes"));
            std::process::exit(1);
        }
        Ok(()) | Err(_) => {}
    }
}

/// Where even trouble cannot be told, nobody listens.
fn beside(text: fmt::Arguments<'_>) {
    let _ = stderr().write_fmt(text);
}
