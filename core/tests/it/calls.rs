//! Plays every script of `tests/calls`: what the world did stands there, what we do must come out again.
//!
//! Promises: a difference is shown with its lines; `UPDATE=1` rewrites the orders, and the diff is reviewed.
//! Never: changes what the world did.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use centralita_core::base::Millis;
use centralita_core::conversation::{Idempotency, Plan, Policy, VoiceYes};
use centralita_core::journal::{CallFile, fold};
use centralita_core::language::Language;
use centralita_core::sim::shop_plan;

#[test]
fn every_call_script_is_answered_as_written() {
    let scripts = scripts(Path::new("../tests/calls"));
    assert!(scripts.len() >= 1, "only {} scripts were found", scripts.len());
    let mut wrong = Vec::new();
    for path in scripts {
        let text = fs::read_to_string(&path).expect("a listed script is readable");
        let file = CallFile::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let folded = fold(&file, Arc::new(plan_of(&file)));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, folded.write()).expect("a script can be rewritten");
        } else if folded.write() != text {
            wrong.push(format!("{}\n{}", path.display(), first_difference(&text, &folded.write())));
        }
        let again = CallFile::parse(&folded.write()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(fold(&again, Arc::new(plan_of(&again))).write(), folded.write(), "{} folds the same", path.display());
    }
    assert!(wrong.is_empty(), "\n{}\nUPDATE=1 rewrites the orders; review the diff", wrong.join("\n"));
}

/// The plan the head names: `# plan: en`, with variations after it.
fn plan_of(file: &CallFile) -> Plan {
    let words: Vec<&str> = file.head_value("plan").unwrap_or("en").split_whitespace().collect();
    let mut plan = shop_plan(if words.contains(&"es") { Language::Spanish } else { Language::English });
    for word in words {
        match word {
            "en" | "es" => {}
            "keyed" => plan.tools[1].idempotency = Idempotency::Keyed,
            "unasked" => plan.tools[1].confirm.policy = Policy::Never,
            "over-fifty" => plan.tools[1].confirm.policy = Policy::When("amount | int > 50".to_owned()),
            "accepted" => plan.tools[1].confirm.voice = VoiceYes::Accepted,
            "short-call" => plan.timing.call = Millis(90_000),
            other => panic!("there is no plan variation `{other}`"),
        }
    }
    plan
}

fn first_difference(want: &str, got: &str) -> String {
    let (want, got): (Vec<&str>, Vec<&str>) = (want.lines().collect(), got.lines().collect());
    let n = want.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let before = want[n.saturating_sub(4)..n].iter().map(|l| format!("  {l}\n")).collect::<String>();
    let line = |lines: &[&str]| lines.get(n).map_or("(the end)".to_owned(), |l| (*l).to_owned());
    format!("line {}:\n{before}- {}\n+ {}", n + 1, line(&want), line(&got))
}

fn scripts(root: &Path) -> Vec<PathBuf> {
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
