//! Recorded calls of every released form of the journal: each build reads them all.
//!
//! `tests/journals/vN` holds whole calls as gateways of that time wrote them, their plans inside. They are never rewritten:
//! a line that is to mean something else raises the version, and gets a folder of its own.
//!
//! Promises: each is read, written back byte for byte, and folded: the very same actions leave, on the same grounds.
//! Never: asks that every word is the same; sentences may become better.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use centralita_core::conversation::Plan;
use centralita_core::journal::{CallFile, JOURNAL_VERSION, Line, fold};

#[test]
fn a_call_recorded_in_any_version_is_read_written_back_and_does_the_same() {
    for version in 1..=JOURNAL_VERSION {
        let calls = recorded(version);
        assert!(calls.len() >= 9, "version {version} has {} calls", calls.len());
        let mut ran = 0;
        for path in calls {
            let name = path.display();
            let text = fs::read_to_string(&path).expect("a listed call is readable");
            let file = CallFile::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(file.write(), text, "{name}");
            let plan = file.plan.as_deref().unwrap_or_else(|| panic!("{name} holds no plan"));
            let plan: Plan = serde_json::from_str(plan).unwrap_or_else(|e| panic!("{name}: its plan: {e}"));
            let folded = fold(&file, Arc::new(plan));
            assert_eq!(actions(&folded), actions(&file), "{name}");
            ran += actions(&file).len();
        }
        assert!(ran >= 7, "only {ran} actions left in the calls of version {version}");
    }
}

/// What left for a tool: the action, its key and on what it rests.
fn actions(file: &CallFile) -> Vec<&str> {
    let mut actions = Vec::new();
    for line in &file.lines {
        if let Line::Order { text } = line
            && text.starts_with("run ")
        {
            actions.push(text.as_str());
        }
    }
    actions
}

fn recorded(version: u32) -> Vec<PathBuf> {
    let folder = format!("../tests/journals/v{version}");
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{folder}: {e}"));
    let mut calls: Vec<PathBuf> =
        entries.map(|entry| entry.expect("the folder is readable").path()).collect();
    calls.sort();
    calls
}
