//! Recorded calls where they lie: in a journal, in a file, in a folder.
//!
//! Promises: every test leaves no file behind.
//! Never: plays a call; what is compared was written down.

mod sound;

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::core::base::{CallId, CallTime, Digest, Private, World};
use crate::core::journal::{CallFile, JOURNAL_VERSION, Line};
use crate::core::sim::script_plan;
use crate::driver::End;
use crate::store::{CallHead, CallState, Store};

/// A folder that goes with its test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("centralita-replay-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&path).expect("a temporary folder can be made");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A journal with the calls of these ids, each as the script has it; the last one lives, the others ended.
async fn journal(path: &std::path::Path, ids: &[&str]) -> CallFile {
    let script = CallFile::parse(&fs::read_to_string("tests/calls/gate/retracts.call").unwrap()).unwrap();
    let store = Store::open(path).await.unwrap();
    let plan = serde_json::to_string(&script_plan("en").unwrap()).unwrap();
    for id in ids {
        let id = CallId::parse(id).unwrap();
        let head = CallHead {
            id: id.clone(),
            carrier_call: format!("carrier-{id}"),
            agent: "shop".into(),
            plan_hash: Digest::of_bytes(b"plan"),
            schema_version: JOURNAL_VERSION,
            build: "0.1.0".into(),
            world: World::Real,
            caller: Private::new("+34600111222"),
            called: String::new(),
            answered_us: 1,
        };
        store.open_call(head, plan.as_str().into()).unwrap();
        let mut at = CallTime(0);
        for (seq, line) in (0..).zip(&script.lines) {
            match line {
                Line::Event { at: time, .. } | Line::Timer { due: time, .. } => at = *time,
                Line::Order { .. } => {}
            }
            let file = CallFile { lines: vec![line.clone()], ..CallFile::default() };
            let written = file.write();
            let text = written.trim().trim_start_matches(&at.to_string()).trim_start();
            store.append(&id, seq, at, text.to_owned()).unwrap();
        }
        if Some(&id.as_str()) != ids.last() {
            store.set_state(&id, CallState::Ended { at_us: 2, reason: "hung-up".into() }).unwrap();
        }
    }
    store.flush().await.unwrap();
    store.close().await.unwrap();
    script
}

fn names(found: &[Found]) -> Vec<String> {
    found.iter().map(Found::name).collect()
}

#[tokio::test]
async fn the_calls_of_a_journal_are_found_and_so_is_the_one_that_is_named() {
    let folder = Folder::new();
    let path = folder.0.join("calls.db");
    let script = journal(&path, &["CA1", "CA2"]).await;
    assert_eq!(names(&find(&path, &[]).await), ["CA1", "CA2"]);
    let found = find(&path, &["CA2".to_owned()]).await;
    assert_eq!(names(&found), ["CA2"]);
    let recorded = found[0].read().await.unwrap();
    assert_eq!(recorded.file.lines, script.lines);
    assert_eq!(compare(&recorded), Finding::Same);
}

#[tokio::test]
async fn a_test_loads_one_call_of_a_journal_also_inside_a_runtime() {
    let folder = Folder::new();
    let path = folder.0.join("calls.db");
    journal(&path, &["CA1", "CA2"]).await;
    let run = Recorded::of_journal(&path, "CA2").unwrap().run();
    run.expect_as_recorded();
    run.tool("shop.refund").expect_not_run();
    let fault = Recorded::of_journal(&path, "CA3").unwrap_err();
    assert!(fault.what.starts_with("there is no call `CA3` in "), "{fault}");
}

#[tokio::test]
async fn an_exported_call_stands_alone_and_is_the_same_record() {
    let folder = Folder::new();
    let path = folder.0.join("calls.db");
    journal(&path, &["CA1", "CA2"]).await;
    for (call, whole) in [("CA1", true), ("CA2", false)] {
        let recorded = find(&path, &[call.to_owned()]).await[0].read().await.unwrap();
        let file = folder.0.join(format!("{call}.call"));
        fs::write(&file, recorded.standalone().write()).unwrap();
        let again = find(&file, &[]).await[0].read().await.unwrap();
        assert_eq!((again.file, &*again.plan), (recorded.standalone(), &*recorded.plan));
        assert_eq!(recorded.is_whole(), whole, "{call}");
    }
    let text = fs::read_to_string(folder.0.join("CA1.call")).unwrap();
    assert!(!text.contains("600111222"), "nobody's number is in an exported call\n{text}");
}

#[tokio::test]
async fn a_script_that_names_no_version_is_of_version_1_and_is_exported_as_such() {
    let folder = Folder::new();
    let script = folder.0.join("by-hand.call");
    fs::write(&script, "# Who calls.\n# plan: en\n    0.000 < answered\n").unwrap();
    let exported = find(&script, &[]).await[0].read().await.unwrap().standalone().write();
    assert!(exported.starts_with("# version: 1\n# Who calls.\n# plan: en\n"), "{exported}");
    fs::write(&script, &exported).unwrap();
    let again = find(&script, &[]).await[0].read().await.unwrap().standalone().write();
    assert_eq!(again, exported);
}

#[tokio::test]
async fn a_record_is_whole_where_its_conversation_was_led_to_the_end_and_its_head_says_how() {
    let folder = Folder::new();
    let path = folder.0.join("calls.db");
    journal(&path, &["CA1"]).await;
    let lost = |end: End| CallState::Lost { reason: end.reason().to_owned() };
    let ended = CallState::Ended { at_us: 2, reason: End::WeHungUp.reason().to_owned() };
    for (state, name, why) in [
        (CallState::Transferring, "not-ended", "carries it still"),
        (lost(End::Broken), "not-ended", "a fault of ours"),
        (lost(End::LineLost), "end", "the line was lost"),
        (ended, "end", "we hung up"),
    ] {
        let store = Store::open(&path).await.unwrap();
        store.set_state(&CallId::parse("CA1").unwrap(), state).unwrap();
        store.close().await.unwrap();
        let recorded = find(&path, &[]).await[0].read().await.unwrap();
        let said =
            recorded.file.head_value(name).unwrap_or_else(|| panic!("{name}: {:?}", recorded.file.head));
        assert!(said.contains(why), "{said}");
        assert_eq!(recorded.is_whole(), name == "end", "{said}");
    }
}

#[tokio::test]
async fn the_call_files_below_a_folder_are_found_in_the_order_of_their_names() {
    let folder = Folder::new();
    fs::create_dir_all(folder.0.join("b")).unwrap();
    for name in ["c.call", "b/a.call", "a.call", "notes.txt"] {
        fs::write(folder.0.join(name), "# plan: en\n    0.000 < answered\n").unwrap();
    }
    let found = find(&folder.0, &[]).await;
    let below: Vec<String> =
        found.iter().map(|call| call.name().replace(&folder.0.display().to_string(), "")).collect();
    assert_eq!(below, ["/a.call", "/b/a.call", "/c.call"]);
    let places: Vec<PathBuf> = found.iter().map(Found::place).collect();
    assert_eq!(places, ["a.call", "b/a.call", "c.call"].map(PathBuf::from));
    assert_eq!(find(&folder.0.join("b/a.call"), &[]).await[0].place(), PathBuf::from("a.call"));
}

#[tokio::test]
async fn the_journals_below_a_folder_are_found_beside_its_call_files_and_other_databases_are_passed_over() {
    let folder = Folder::new();
    fs::create_dir_all(folder.0.join("day")).unwrap();
    journal(&folder.0.join("day/journal.sqlite"), &["CA1", "CA2"]).await;
    let shop = sqlx::sqlite::SqliteConnectOptions::new();
    let shop = shop.filename(folder.0.join("day/shop.sqlite")).create_if_missing(true);
    let mut shop = sqlx::ConnectOptions::connect(&shop).await.unwrap();
    sqlx::query("CREATE TABLE orders (id TEXT)").execute(&mut shop).await.unwrap();
    sqlx::Connection::close(shop).await.unwrap();
    fs::write(folder.0.join("day/line.wav"), "RIFF").unwrap();
    fs::write(folder.0.join("a.call"), "# plan: en\n    0.000 < answered\n").unwrap();
    let found = find(&folder.0, &[]).await;
    let places: Vec<PathBuf> = found.iter().map(Found::place).collect();
    assert_eq!(places, ["a.call", "day/CA1.call", "day/CA2.call"].map(PathBuf::from));
    let found = find(&folder.0.join("day"), &["CA2".to_owned()]).await;
    assert_eq!(names(&found), ["CA2"]);
    assert_eq!(found[0].place(), PathBuf::from("CA2.call"));
}

#[tokio::test]
async fn a_database_in_a_folder_that_does_not_even_tell_whether_it_is_a_journal_is_told_of() {
    let folder = Folder::new();
    let (whole, cut) = (folder.0.join("a.sqlite"), folder.0.join("b.sqlite"));
    journal(&whole, &["CA1"]).await;
    let bytes = fs::read(&whole).unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    std::os::unix::fs::symlink(folder.0.join("nowhere"), folder.0.join("c.txt")).unwrap();
    let found = find(&folder.0, &[]).await;
    assert_eq!(names(&found), ["CA1".to_owned(), cut.display().to_string()]);
    assert!(found[0].read().await.is_ok());
    let fault = found[1].read().await.unwrap_err();
    assert!(fault.what.contains("b.sqlite"), "{fault}");
}

#[tokio::test]
async fn what_cannot_be_replayed_says_why_and_what_to_do() {
    let folder = Folder::new();
    for (text, what, remedy) in [
        ("", "it holds no event", "docs/replay.md says what a call file holds"),
        ("    0.000 < answered\n", "it holds no plan", "export it with"),
        (
            "# plan: en nonsense\n    0.000 < answered\n",
            "there is no plan variation `nonsense`",
            "tests/calls",
        ),
        ("# version: 9\n    0.000 < answered\n", "it is of version 9", "docs/replay.md"),
        ("    0.000 < answered\n= {}\n", "the plan of", "the build that recorded it"),
        ("    0.000 < dances\n", "line 1: there is no event `dances`", "docs/replay.md"),
    ] {
        let path = folder.0.join("x.call");
        fs::write(&path, text).unwrap();
        let fault = find(&path, &[]).await[0].read().await.unwrap_err();
        assert!(fault.what.contains(what) && fault.remedy.contains(remedy), "{text:?}: {fault}");
        assert!(fault.what.contains("x.call"), "{fault}");
    }
    let path = folder.0.join("x.call");
    fs::write(&path, [0xFF, 0xFE]).unwrap();
    let fault = find(&path, &[]).await[0].read().await.unwrap_err();
    assert!(fault.what.contains("neither a journal's database nor a call file"), "{fault}");
    let missing = find(&folder.0.join("nowhere"), &[]).await[0].read().await.unwrap_err();
    assert!(missing.what.starts_with("there is no file or folder /"), "{missing}");
    assert!(
        missing.what.ends_with("nowhere") && missing.remedy.contains("calls/journal.sqlite"),
        "{missing}"
    );
}

#[tokio::test]
async fn a_link_back_to_a_folder_it_lies_in_ends_the_search_there_and_each_call_is_found_once() {
    let folder = Folder::new();
    let inner = folder.0.join("a/b");
    fs::create_dir_all(&inner).unwrap();
    fs::write(inner.join("x.call"), "# plan: en\n0.000 < answered\n").unwrap();
    for (link, to) in [("a/b/up", "a"), ("a/b/here", "a/b"), ("a/again", "")] {
        std::os::unix::fs::symlink(folder.0.join(to), folder.0.join(link)).unwrap();
    }
    let names: Vec<String> = find(&folder.0, &[]).await.iter().map(Found::name).collect();
    assert_eq!(names, [inner.join("x.call").display().to_string()]);
}

#[tokio::test]
async fn a_difference_is_told_by_the_line_an_editor_shows() {
    let folder = Folder::new();
    let path = folder.0.join("x.call");
    let text = "# plan: en\n# Of a test.\n\n    0.000 < answered\n# what is said\n          > say #1.0 greeting \"Hi\"\n";
    fs::write(&path, text).unwrap();
    let found = find(&path, &[]).await;
    let Finding::Differs(difference) = compare(&found[0].read().await.unwrap()) else {
        panic!("it is the same")
    };
    assert_eq!(difference.line, 6);
    // Of a journal's call: the line of the file that is exported.
    let database = folder.0.join("journal.sqlite");
    journal(&database, &["CA1"]).await;
    let found = find(&database, &[]).await;
    let mut recorded = found[0].read().await.unwrap();
    let exported = recorded.standalone().write();
    let nth = recorded.file.lines.iter().position(|line| matches!(line, Line::Order { .. })).unwrap();
    recorded.file.lines.remove(nth);
    let Finding::Differs(difference) = compare(&recorded) else { panic!("it is the same") };
    let missing = exported.lines().nth(difference.line - 1).unwrap();
    assert!(missing.contains("> say") && difference.today[0] == missing, "{missing}");
}

#[test]
fn an_expected_order_with_a_word_that_there_is_not_is_no_call_file() {
    let text = "# plan: en\n# expect: written\n0.000 < answered\n> sya … greeting …\n";
    let fault = Recorded::parse(text).unwrap_err();
    assert!(
        fault.what.contains("line 4: `sya` is no order: did you mean `say`? there are watch, say"),
        "{fault}"
    );
}
