//! Plays every script of `tests/calls`: what the world did stands there, what we do must come out again.
//!
//! Promises: a difference is shown with its lines; `UPDATE=1` rewrites the orders, and the diff is reviewed.
//! Never: changes what the world did.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use centralita_core::base::CallTime;
use centralita_core::conversation::{
    Conversation, EarlierAction, EngineYes, Entry, Event, LineAbilities, Outputs, Plan, Resumed, Tag,
};
use centralita_core::journal::{CallFile, Play, fold};
use centralita_core::sim::script_plan;

#[test]
fn every_call_script_is_answered_as_written() {
    let scripts = scripts(Path::new("../tests/calls"));
    assert!(scripts.len() >= 190, "only {} scripts were found", scripts.len());
    let mut wrong = Vec::new();
    for path in scripts {
        let text = fs::read_to_string(&path).expect("a listed script is readable");
        let file = CallFile::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let folded = fold(&file, Arc::new(plan_of(&file)));
        if folded.write() == text {
            // As written.
        } else if std::env::var_os("UPDATE").is_some() {
            // In one step: the other test reads scripts at the same time.
            let new = path.with_extension("new");
            fs::write(&new, folded.write()).expect("a script can be rewritten");
            fs::rename(&new, &path).expect("a script can be replaced");
        } else {
            wrong.push(format!("{}\n{}", path.display(), first_difference(&text, &folded.write())));
        }
        let again = CallFile::parse(&folded.write()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(
            fold(&again, Arc::new(plan_of(&again))).write(),
            folded.write(),
            "{} folds the same",
            path.display()
        );
    }
    assert!(wrong.is_empty(), "\n{}\nUPDATE=1 rewrites the orders; review the diff", wrong.join("\n"));
}

/// A process that goes on with a call and cannot read the record has this in its place.
#[test]
fn what_an_earlier_call_left_open_stays_known_to_the_conversation() {
    for (script, open) in [("gate/unknown-from-an-earlier-call", 1), ("gate/refund-yes", 0)] {
        let text = fs::read_to_string(format!("../tests/calls/{script}.call")).expect("the script is there");
        let file = CallFile::parse(&text).expect("the script is well formed");
        let mut conversation = Conversation::new(Arc::new(plan_of(&file)));
        let mut out = Outputs::default();
        let resumed = |earlier: &[EarlierAction]| {
            Event::Resumed(Resumed {
                since: CallTime(0),
                line: LineAbilities { marks: true, keys: true },
                engine: EngineYes::Trusted,
                tag: Tag::WhenAskedAgain,
                earlier: earlier.to_vec(),
            })
        };
        file.events().take(3).for_each(|(at, event)| conversation.handle(at, event, &mut out));
        for _ in 0..2 {
            assert_eq!(conversation.earlier().len(), open, "{script}");
            let again = resumed(conversation.earlier());
            conversation.handle(CallTime(5_000), &again, &mut out);
        }
    }
}

/// Promise 6, on the scripts in which a reply was cut.
#[test]
fn history_keeps_the_words_that_were_heard_and_no_others() {
    let greeting = "Hello, how can I help you?";
    let question = "Refund twenty dollars on order one one eight two?";
    for (script, said) in [
        (
            "barge_in/interrupts-an-answer",
            &[greeting, "It left the warehouse on Monday. It should be", "I am sorry to hear that."][..],
        ),
        ("barge_in/interrupts-the-greeting", &["Hello, how", "It comes tomorrow."]),
        ("barge_in/unheard", &[greeting, "Hello."]),
        ("barge_in/while-the-model-writes", &[greeting, "It left", "All right."]),
        ("lifecycle/mark-lost", &[greeting, "Hello."]),
        (
            "gate/retracts",
            &[greeting, question, "Refunding", "All right, I have not done it.", "Anything else I can do?"],
        ),
        (
            "gate/refund-no-over-the-question",
            &[
                greeting,
                "Refund twenty dollars",
                "All right, I'll leave it as it is.",
                "Anything else I can do?",
            ],
        ),
    ] {
        let text = fs::read_to_string(format!("../tests/calls/{script}.call")).expect("the script is there");
        let file = CallFile::parse(&text).expect("the script is well formed");
        let mut conversation = Conversation::new(Arc::new(plan_of(&file)));
        let mut out = Outputs::default();
        for (at, event) in file.events() {
            conversation.handle(at, event, &mut out);
        }
        let entries = conversation.history().entries().iter();
        let heard: Vec<&str> = entries
            .filter_map(|entry| match entry {
                Entry::Agent { text } => Some(text.as_str()),
                Entry::Caller { .. } | Entry::Keys { .. } | Entry::Tool { .. } => None,
            })
            .collect();
        assert_eq!(heard, said, "{script}");
    }
}

/// The page is written from the scripts: its headings say which, and in what order.
#[test]
fn the_page_of_plays_tells_its_scripts_as_they_are() {
    let path = Path::new("../docs/plays.md");
    let page = fs::read_to_string(path).expect("the page is there");
    let begins = page.find("\n## ").expect("the page has parts");
    let (mut written, mut plays) = (page[..begins].to_owned(), 0);
    for heading in page[begins..].lines().filter(|line| line.starts_with("##")) {
        written.push_str(&format!("\n{heading}\n"));
        if let Some((name, _)) = heading.strip_prefix("### [").and_then(|link| link.split_once(']')) {
            written.push_str(&format!("\n{}", told(name)));
            plays += 1;
        }
    }
    assert!(plays >= 24, "only {plays} plays");
    if written != page && std::env::var_os("UPDATE").is_some() {
        fs::write(path, &written).expect("the page can be rewritten");
    } else {
        let difference = first_difference(&page, &written);
        assert!(written == page, "{difference}\nUPDATE=1 rewrites the page; review the diff");
    }
}

/// One play: what the script's head says of it, and what a reader would hear or see.
fn told(script: &str) -> String {
    let text = fs::read_to_string(format!("../tests/calls/{script}.call")).expect("the script is there");
    let file = CallFile::parse(&text).expect("the script is well formed");
    let about: Vec<&str> = file
        .head
        .iter()
        .map(|line| line.trim_start_matches("# "))
        .filter(|line| !line.starts_with("plan:"))
        .collect();
    let lines: Vec<String> = Play::of(&file).iter().map(ToString::to_string).collect();
    format!("{}\n\n```text\n{}\n```\n", about.join(" "), lines.join("\n"))
}

/// The plan the head names: `# plan: en`, with variations after it.
fn plan_of(file: &CallFile) -> Plan {
    script_plan(file.head_value("plan").unwrap_or("en"))
        .unwrap_or_else(|word| panic!("there is no plan variation `{word}`"))
}

fn first_difference(want: &str, got: &str) -> String {
    let (want, got): (Vec<&str>, Vec<&str>) = (want.lines().collect(), got.lines().collect());
    let n = want.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let before = want[n.saturating_sub(4)..n].iter().map(|l| format!("  {l}\n")).collect::<String>();
    let line = |lines: &[&str]| lines.get(n).map_or("(the end)".to_owned(), |l| (*l).to_owned());
    format!("line {}:\n{before}- {}\n+ {}", n + 1, line(&want), line(&got))
}

/// Every call file below a folder, in order.
pub(super) fn scripts(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).expect("the folder of the call scripts is there");
    let mut found = Vec::new();
    for path in entries.filter_map(Result::ok).map(|e| e.path()) {
        if path.is_dir() {
            found.extend(scripts(&path));
        } else if path.extension().is_some_and(|e| e == "call") {
            found.push(path);
        }
    }
    found.sort();
    found
}
