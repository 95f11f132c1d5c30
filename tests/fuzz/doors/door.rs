//! One program for all doors: `DOOR=carrier-message` names the one that is tried.
//!
//! Promises: what falls over is what a door did with bytes; a name that is none ends it before the first.
//! Never: knows a door by itself.

#![no_main]

use std::sync::LazyLock;

use centralita_fuzz::{Door, door};

static DOOR: LazyLock<Door> = LazyLock::new(|| {
    let name = std::env::var("DOOR").expect("DOOR names a door");
    door(&name).expect("DOOR is one of the list in tests/fuzz/src/lib.rs")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (DOOR.enter)(bytes));
