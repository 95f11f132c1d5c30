//! Folding: whatever call it is, its journal gives the same orders again, in any process, as often as one likes.
//!
//! Promises: facts, their journal as text, read back and folded, are the same text to the byte.
//! Never: trusts one process alone: this binary starts itself again.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::sync::Arc;

use centralita_core::base::Digest;
use centralita_core::conversation::Plan;
use centralita_core::journal::{CallFile, fold};
use centralita_core::sim::{Cast, Played};

/// How often one journal is folded.
const FOLDS: usize = 100;

/// Processes that fold the same journals.
const PROCESSES: usize = 3;

/// Tells this binary, started by itself, that its digest is wanted.
const WANTED: &str = "FOLDS_DIGEST";

#[test]
fn any_simulated_call_replays_without_a_difference() {
    for seed in 0..2_000 {
        replays(seed, &Cast::new(seed).recorded().play());
    }
}

#[test]
fn any_simulated_call_with_frames_replays_without_a_difference() {
    for seed in 0..60 {
        replays(seed, &Cast::new(seed).short().recorded().play_whole());
    }
}

/// The journal of a call, as text and back, folds to itself.
fn replays(seed: u64, played: &Played) {
    let text = text(played);
    let read = CallFile::parse(&text).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{text}"));
    assert_eq!(read.lines, played.journal, "seed {seed} reads back otherwise");
    let folded = fold(&read, Arc::clone(&played.plan)).write();
    assert_eq!(folded, text, "seed {seed} folds otherwise");
}

fn text(played: &Played) -> String {
    let head = vec!["# version: 1".to_owned(), format!("# plan: {}", played.head)];
    CallFile { head, lines: played.journal.clone(), plan: None }.write()
}

#[test]
fn a_journal_folded_a_hundred_times_gives_the_same_bytes() {
    for (file, plan) in journals() {
        let once = fold(&file, Arc::clone(&plan)).write();
        for _ in 1..FOLDS {
            assert_eq!(fold(&file, Arc::clone(&plan)).write(), once);
        }
    }
}

#[test]
fn other_processes_fold_the_same_journals_to_the_same_bytes() {
    let ours = digest();
    if env::var_os(WANTED).is_some() {
        // Read by the process that started this one.
        panic!("{ours}");
    }
    let this = env::current_exe().expect("a test knows its own binary");
    for _ in 0..PROCESSES {
        let run = Command::new(&this)
            .args(["--exact", "folds::other_processes_fold_the_same_journals_to_the_same_bytes"])
            .env(WANTED, "1")
            .output()
            .expect("the binary that runs can be started again");
        let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
        assert!(said.contains(&ours.to_string()), "another process folds otherwise:\n{said}");
    }
}

/// Over the texts of all recorded calls and some simulated ones, folded.
fn digest() -> Digest {
    let mut all = String::new();
    for (file, plan) in journals() {
        all.push_str(&fold(&file, plan).write());
    }
    for seed in 0..50 {
        // Writing to a string cannot fail.
        let _ = writeln!(all, "{}", text(&Cast::new(seed).recorded().play()));
        let _ = writeln!(all, "{}", text(&Cast::new(seed).short().recorded().play_whole()));
    }
    Digest::of_bytes(all.as_bytes())
}

fn journals() -> Vec<(CallFile, Arc<Plan>)> {
    let folder = "../tests/journals/v1";
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{folder}: {e}"));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("the folder is readable").path()).collect();
    paths.sort();
    let read = |path| {
        let text = fs::read_to_string(path).expect("a listed call is readable");
        let file = CallFile::parse(&text).expect("a recorded call is read by every build");
        let plan = file.plan.as_deref().expect("a recorded call holds its plan");
        let plan = serde_json::from_str(plan).expect("a recorded plan is read by every build");
        (file, Arc::new(plan))
    };
    paths.iter().map(read).collect()
}
