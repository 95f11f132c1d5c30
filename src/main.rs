//! The `centralita` command: parse, run, exit code.
//!
//! Promises: everything it can do is a file of `cli`.
//! Never: holds logic of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A worker does one thing and must start at once: it is not parsed.
    match std::env::args().nth(1).as_deref() {
        Some("speech-worker") => centralita::speech::main(),
        _ => centralita::cli::main(),
    }
}
