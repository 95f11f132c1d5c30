//! Recorded calls, and every event there is: what a journal holds, and what the heart is given.
//!
//! Promises: a call file that reads is written and read as the same; no row of events makes the heart fall over.
//! Never: carries out an order.

use std::sync::{Arc, LazyLock};

use centralita::core::conversation::Plan;
use centralita::core::journal::{CallFile, fold, parse_event, write_event};
use centralita::core::language::Language;
use centralita::core::sim::{script_plan, shop_plan};

static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(|| Arc::new(shop_plan(Language::English)));

/// Lines: each an event by itself, also behind the time it has in a call file.
pub(super) fn journal_event(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for line in text.lines() {
        let line = line.split_once("< ").map_or(line, |(_, event)| event);
        let Ok(event) = parse_event(line) else { continue };
        let written = write_event(&event);
        assert_eq!(parse_event(&written).as_ref(), Ok(&event), "{written}");
    }
}

/// A call file: read, written, folded by its own plan.
pub(super) fn call_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(file) = CallFile::parse(text) else { return };
    assert_eq!(CallFile::parse(&file.write()).as_ref(), Ok(&file), "a call file reads back");
    let folded = fold(&file, plan_of(&file));
    // A call's time never goes back; a file in which it does is no call's.
    if file.events().map(|(at, _)| at).is_sorted() {
        let again = fold(&folded, plan_of(&folded));
        assert_eq!(again.write(), folded.write(), "what was folded folds to itself");
    }
}

fn plan_of(file: &CallFile) -> Arc<Plan> {
    let inside = file.plan.as_deref().and_then(|plan| serde_json::from_str(plan).ok());
    let named = || file.head_value("plan").and_then(|words| script_plan(words).ok());
    inside.or_else(named).map_or_else(|| Arc::clone(&PLAN), Arc::new)
}
