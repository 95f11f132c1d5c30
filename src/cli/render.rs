//! What a terminal shows. The only file that prints.
//!
//! Promises: readable without colour; results on stdout, talk and trouble on stderr.
//! Never: prints a secret; nobody hands it one.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this file is the terminal's")]

use indicatif::ProgressBar;

use crate::core::base::Fault;
use crate::demo::story::Told;

/// A result.
pub(super) fn line(text: &str) {
    println!("{text}");
}

/// A result that ends its own lines.
pub(super) fn text(text: &str) {
    print!("{text}");
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
    eprintln!("{text}");
}

pub(super) fn trouble(text: &str) {
    eprintln!("error: {text}");
}

/// What happened, whose it is, what to do.
pub(super) fn fault(fault: &Fault) {
    eprintln!("error: {}\n  hint: {}", fault.what, fault.remedy);
}

/// One line of a call, as it happens.
pub(super) fn told(told: &Told) {
    println!("{:>8}  {:<6}  {}", told.at.to_string(), told.who.word(), told.text);
}
