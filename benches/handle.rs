//! `cargo bench --bench handle`: `centralita bench handle` with a counting allocator under it.
//!
//! Promises: allocations of each step of the heart, over the call scripts. Its times hold the counting too: those of
//! the command are the ones to quote.
//! Never: is part of the command, which allocates without being watched.

use std::alloc::System;
use std::path::Path;

use centralita::bench::handle::measure;
use centralita::replay::read_all;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Folds of each journal: allocations are the same in every one, times are not what this is for.
const ROUNDS: usize = 50;

#[expect(clippy::print_stdout, reason = "a bench is its own terminal")]
fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let journals = runtime.block_on(read_all(Path::new("tests/calls")));
    let report = journals.and_then(|journals| measure(&journals, ROUNDS, Some(allocations)));
    match report {
        Ok(report) => println!("{report}"),
        Err(fault) => panic!("{fault}: {}", fault.remedy),
    }
}

fn allocations() -> u64 {
    let counted = ALLOCATOR.stats();
    u64::try_from(counted.allocations + counted.reallocations).unwrap_or(u64::MAX)
}
