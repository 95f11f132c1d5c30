//! The house rules that the compiler does not hold: which room may import which, and the shape of files.
//!
//! Promises: an import that goes up, a file too long or without a header, a leftover marker: each named with
//! file and line.
//! Never: needs the other package to be built; it reads text.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms of `core/src` and what each may import, in reading order.
const CORE: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("language", &["base"]),
    ("template", &["base", "language"]),
    ("audio", &["base"]),
    ("conversation", &["base", "language", "template"]),
    ("call", &["base", "language", "template", "audio", "conversation"]),
    ("journal", &["base", "language", "conversation"]),
    ("cassette", &["base", "audio", "conversation", "call", "journal"]),
    ("sim", &["base", "language", "audio", "conversation", "call", "journal", "cassette"]),
];

/// Rooms of `src` and what each may import; every one may import core.
const ROOT: &[(&str, &[&str])] = &[
    ("crash", &[]),
    ("secrets", &[]),
    ("egress", &["crash", "secrets"]),
    ("media", &[]),
    ("telephony", &["egress", "secrets"]),
    ("speech", &["media"]),
    ("stt", &["egress", "secrets", "media", "speech"]),
    ("tts", &["egress", "secrets", "media", "speech"]),
    ("llm", &["egress", "secrets"]),
    ("integrations", &["crash", "egress", "secrets"]),
    ("store", &["crash"]),
    ("catalog", &["secrets", "integrations"]),
    ("driver", &["media", "telephony", "stt", "tts", "llm", "integrations", "store", "catalog"]),
    ("caller", &["media", "telephony"]),
    ("replay", &["telephony", "media", "store", "catalog", "driver", "caller"]),
    ("rehearsal", &["llm", "integrations", "catalog", "driver", "replay"]),
    ("standin", &["media", "stt", "tts", "llm"]),
    ("gateway", &["telephony", "driver", "store", "catalog", "secrets"]),
    (
        "demo",
        &[
            "media",
            "telephony",
            "catalog",
            "driver",
            "gateway",
            "caller",
            "standin",
            "store",
            "replay",
            "stt",
            "tts",
            "llm",
        ],
    ),
    (
        "bench",
        &[
            "egress",
            "secrets",
            "media",
            "telephony",
            "speech",
            "stt",
            "tts",
            "llm",
            "integrations",
            "store",
            "catalog",
            "driver",
            "replay",
            "caller",
            "standin",
            "gateway",
        ],
    ),
    ("console", &["catalog", "store"]),
];

const FILE_LINES_MAX: usize = 600;
const LINE_COLUMNS_MAX: usize = 130;

#[test]
fn imports_go_down_only() {
    let mut wrong = Vec::new();
    for (root, table) in [("src", CORE), ("../src", ROOT)] {
        for file in sources(Path::new(root)) {
            let Some(room) = room_of(&file, Path::new(root)) else { continue };
            let rule = table.iter().find(|(name, _)| *name == room);
            let text = fs::read_to_string(&file).expect("a listed source file is readable");
            for (n, line) in text.lines().enumerate() {
                for target in crate_paths(line) {
                    let is_room = table.iter().any(|(name, _)| *name == target);
                    let allowed =
                        target == room || rule.is_some_and(|(_, may)| may.contains(&target.as_str()));
                    if is_room && !allowed && room != "cli" {
                        wrong.push(format!(
                            "{}:{}: `{room}` may not import `{target}`",
                            file.display(),
                            n + 1
                        ));
                    }
                }
            }
            if rule.is_none() && room != "cli" {
                wrong.push(format!("{}: the room `{room}` is not in the table", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_file_is_short_opens_with_its_promise_and_leaves_nothing_behind() {
    let mut wrong = Vec::new();
    for root in ["src", "tests", "../src", "../tests", "../benches"] {
        for file in sources(Path::new(root)) {
            let text = fs::read_to_string(&file).expect("a listed source file is readable");
            wrong.extend(untidy(&text).into_iter().map(|what| format!("{}{what}", file.display())));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn untidy(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let header: Vec<&str> = text.lines().take_while(|l| l.starts_with("//!")).collect();
    for word in ["Promises:", "Never:"] {
        if !header.iter().any(|l| l.contains(word)) {
            wrong.push(format!(":1: the header does not say `{word}`"));
        }
    }
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX {
        wrong.push(format!(": {lines} lines, the limit is {FILE_LINES_MAX}: split the room"));
    }
    for (n, line) in text.lines().enumerate() {
        if line.chars().count() > LINE_COLUMNS_MAX {
            wrong.push(format!(":{}: longer than {LINE_COLUMNS_MAX} columns", n + 1));
        }
        // Put together here so that this file does not find itself.
        for mark in
            [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("#[ig", "nore"), concat!("thread::", "sleep")]
        {
            if line.contains(mark) {
                wrong.push(format!(":{}: `{mark}` left behind", n + 1));
            }
        }
    }
    wrong
}

#[test]
fn tidy_sees_what_it_looks_for() {
    assert!(untidy("//! What.\n//! Promises: a.\n//! Never: b.\n").is_empty());
    assert_eq!(untidy("fn main() {}\n").len(), 2, "a missing header is seen");
    assert_eq!(untidy(&format!("//! Promises: Never:\n// {}\n", concat!("FIX", "ME"))).len(), 1);
    assert_eq!(untidy(&format!("//! Promises: Never:\n{}", "//\n".repeat(FILE_LINES_MAX))).len(), 1);
}

/// The rooms a line names by `crate::room`, also inside a `use crate::{a, b}` on one line.
fn crate_paths(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or("");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let list = rest.strip_prefix('{').map_or(rest, |inner| inner.split('}').next().unwrap_or(""));
        let count = if rest.starts_with('{') { usize::MAX } else { 1 };
        for part in list.split(',').take(count) {
            let name: String = part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            found.push(name);
        }
    }
    found
}

fn room_of(file: &Path, root: &Path) -> Option<String> {
    let inside = file.strip_prefix(root).ok()?;
    let mut parts = inside.iter();
    let first = parts.next()?.to_str()?;
    parts.next().map(|_| first.to_owned())
}

fn sources(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(root) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.filter_map(Result::ok).map(|e| e.path()) {
        if entry.is_dir() {
            found.extend(sources(&entry));
        } else if entry.extension().is_some_and(|e| e == "rs") {
            found.push(entry);
        }
    }
    found.sort();
    found
}
