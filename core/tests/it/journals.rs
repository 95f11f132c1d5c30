//! Calls that earlier builds recorded: every release reads them all.
//!
//! Promises: a journal of any version reads, writes back as it was, and leads to the same actions; the wording around
//! them may change from release to release.
//! Never: rewrites one; they are what callers had.

use std::fs;
use std::sync::Arc;

use centralita_core::conversation::Plan;
use centralita_core::journal::{CallFile, JOURNAL_VERSION, Line, fold};

/// The actions that left, as they were ordered.
fn actions(file: &CallFile) -> Vec<&Line> {
    let run = |line: &'_ Line| matches!(line, Line::Order { text } if text.starts_with("run "));
    file.lines.iter().filter(|line| run(line)).collect()
}

#[test]
fn recorded_calls_of_every_version_are_read_and_act_as_they_did() {
    let mut acted = 0;
    for version in 1..=JOURNAL_VERSION {
        let folder = format!("../tests/journals/v{version}");
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{folder}: {e}")) {
            let path = entry.expect("the folder can be listed").path();
            let name = path.display();
            let text = fs::read_to_string(&path).expect("a listed journal is readable");
            let file = CallFile::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(file.write(), text, "{name} writes back as it was");
            let plan = file.plan.as_deref().unwrap_or_else(|| panic!("{name} holds no plan"));
            let plan: Plan = serde_json::from_str(plan).unwrap_or_else(|e| panic!("{name}: {e}"));
            let folded = fold(&file, Arc::new(plan));
            assert!(file.events().eq(folded.events()), "{name}");
            assert_eq!(actions(&file), actions(&folded), "{name}");
            acted += actions(&file).len();
        }
    }
    assert!(acted > 0, "no recorded call acts");
}
