//! The `centralita` command: parse, run, exit code.
//!
//! Promises: everything it can do is a file of `cli`.
//! Never: holds logic of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
<<<<<<< HEAD
    centralita::cli::main()
=======
    match std::env::args().nth(1).as_deref() {
        Some("speech-worker") => centralita::speech::main(),
        _ => ExitCode::SUCCESS,
    }
>>>>>>> speech
}
