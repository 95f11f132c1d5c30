//! What an admin gets wrong in the YAML itself, and all that is then told of it.
//!
//! Promises: every row names all problems of the change it makes, with place, words and remedy.
//! Never: leaves a problem that follows from another one unseen.

use std::fs;

use super::table::broken;
use super::*;

/// `FILE:LINE:COLUMN WHAT | REMEDY` of each problem; `a` is the agent's file, `i` the integration's.
fn told(sources: &[Source]) -> Vec<String> {
    let Err(problems) = check(sources, &BTreeMap::new()) else { return Vec::new() };
    let line = |p: &Problem| format!("{}:{}:{} {} | {}", &p.file[..1], p.line, p.column, p.what, p.remedy);
    problems.all.iter().map(line).collect()
}

fn told_of(text: &str) -> Vec<String> {
    told(&[Source::new(Kind::Agent, "agents/x.yaml".to_owned(), text.to_owned())])
}

/// What is replaced, by what, and the problems that follow, one a line.
const CHANGES: &[(&str, &str, &str)] = &[
    ("language: en", "language: [en]", ""),
    ("id: shop\ntitle: The shop", "id: ~\ntitle: The shop", ""),
    ("greeting: Hello.", "greeting:", ""),
    ("version: 1\nid: shop\ntitle: The", "version: \"1\"\nid: shop\ntitle: The", ""),
    ("version: 1\nid: shop\ntitle: The", "version: 01\nid: shop\ntitle: The", ""),
    ("title: The shop", "titel: The shop", ""),
    ("title: The shop\n", "title: The shop\ncolour: red\n", ""),
    ("title: The shop\n", "title: The shop\nid: other\n", ""),
    ("greeting: Hello.", "greeting: {{ name }}", ""),
    ("greeting: Hello.", "greeting: {{ name }}, hello", ""),
    ("greeting: Hello.", "greeting: {name}", ""),
    ("greeting: Hello.", "greeting: *hello*", ""),
    ("greeting: Hello.", "greeting: *hello", ""),
    ("greeting: Hello.", "greeting: &hello you", ""),
    ("greeting: Hello.", "greeting: @hello", ""),
    ("greeting: Hello.", "greeting: %hello", ""),
    ("greeting: Hello.", "greeting: !hello you", ""),
    ("greeting: Hello.", "greeting: `hello`", ""),
    ("greeting: Hello.", "greeting: Hello: you", ""),
    ("greeting: Hello.", "greeting: \"Hello", ""),
    ("greeting: Hello.", "greeting: 'It's me'", ""),
    ("greeting: Hello.", "greeting: \"Hello\" you", ""),
    ("prompt: Be brief.", "prompt: | Be brief.", ""),
    ("  - shop.refund\n", "\t- shop.refund\n", ""),
    ("title: The shop", "  title: The shop", ""),
    ("title: The shop", "title The shop", ""),
    ("title: The shop", "title:The shop", ""),
    ("greeting: Hello.", "---\ngreeting: Hello.", ""),
    ("tools:\n  - shop.refund", "tools: shop.refund", ""),
    ("keys:\n  1: shop.refund", "keys: shop.refund", ""),
    ("  1: shop.refund", "  one: shop.refund\n  \"2\": shop.refund", ""),
    ("  1: shop.refund", "  300: shop.refund", ""),
    ("{when: [are you open], say: Always.}", "{when: are you open, say: [x]}", ""),
    ("{when: [are you open], say: Always.}", "{say: Always.}", ""),
    ("{when: [are you open], say: Always.}", "Always.", ""),
    ("end_of_turn: 800", "end_of_turn: 1e3", ""),
    ("end_of_turn: 800", "end_of_turn: 1_000", ""),
    ("end_of_turn: 800", "end_of_turn: 0.8 s", ""),
    ("end_of_turn: 800", "end_of_turn: -5", ""),
    ("spoken_yes:\n  accepted_because: toy data only here", "spoken_yes: yes", ""),
    ("kind: http\n", "", ""),
    ("kind: http", "kind: HTTP", ""),
    ("bearer: secret.SHOP_TOKEN", "bearer: secret.A\n  header: {name: X, value: secret.B}", ""),
    ("auth:\n  bearer: secret.SHOP_TOKEN", "auth: bearer", ""),
    ("bearer: secret.SHOP_TOKEN", "header: {name: X-Key}", ""),
    ("auth:\n  bearer: secret.SHOP_TOKEN", "auth: {bearer: secret.SHOP_TOKEN", ""),
    ("kind: http\n", "kind: http\nallow_private: yes\n", ""),
    ("kind: http\n", "kind: http\nallow_private: \"false\"\n", ""),
    ("name: status", "nam: status", ""),
    ("method: POST", "method: post", ""),
    ("kind: money", "kind: cash", ""),
    ("- {name: pin, kind: digits", "- {name: pin, kind: [digits]", ""),
    ("path: /orders/{order}/refunds", "path: {order}/refunds", ""),
    ("      method: POST\n      path: /orders/{order}/refunds\n", "      path: [a]\n", ""),
    ("via: \"{{ call.id }}\"", "via: yes", ""),
    ("via: \"{{ call.id }}\"", "via: 010", ""),
    ("via: \"{{ call.id }}\"", "via: 0x1F", ""),
    ("via: \"{{ call.id }}\"", "via: {{ call.id }}", ""),
    (
        "response: {map: {id: id}, success: \"ok\"}",
        "response: {map: {id: id}, errors: {\"404\": none, 4xx: none}}",
        "",
    ),
    ("{header: Idempotency-Key}", "header", ""),
    ("{header: Idempotency-Key}", "{none: x}", ""),
    ("not_done_on: [503]", "not_done_on: [503, 70000]", ""),
    ("not_done_on: [503]", "not_done_on: 503", ""),
    ("    confirm:\n", "    confirm:\n      policy: when\n", ""),
    ("    confirm:\n", "    confirm:\n      policy: allways\n", ""),
    ("description: Refund money.", "description: {en: [Refund]}", ""),
    ("phrases: {done: \"Done, {{ id }}.\"}", "phrases: {done: {{ id }}}", ""),
    ("auth:\n  bearer", "auth:\n  <<: *common\n  bearer", ""),
];

#[test]
fn each_fault_of_shape_is_told_with_its_place_and_nothing_that_follows_from_it() {
    let mut wrong = Vec::new();
    for (from, to, want) in CHANGES {
        let sources = broken(&[(from, to)]);
        assert_ne!(sources, broken(&[]), "{from} is not in the files");
        let got = told(&sources).join("\n");
        if got != *want {
            wrong.push(format!("{from:?} -> {to:?}\n{got}\nEND"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn five_faults_in_one_file_are_five_problems_in_the_order_of_lines() {
    let changes = [
        ("version: 1\nid: shop\ntitle: The shop", "version: one\nid: shop\ntitel: The shop"),
        ("greeting: Hello.", "greeting: @hello"),
        ("prompt: Be brief.\n", ""),
        ("end_of_turn: 800", "end_of_turn: 0.8 s"),
    ];
    let sources = broken(&changes);
    let problems = check(&sources, &BTreeMap::new()).unwrap_err();
    let lines: Vec<u64> = problems.all.iter().map(|p| p.line).collect();
    assert_eq!(lines, [1, 1, 3, 6, 14], "{problems}");
}

#[test]
fn faults_of_all_files_are_told_in_one_run() {
    let sources = broken(&[("language: en", "language: [en]"), ("kind: http", "kind: fax")]);
    let files: Vec<String> = told(&sources).iter().map(|line| line[..1].to_owned()).collect();
    assert_eq!(files, ["a", "i"]);
}

/// Whole texts, and what is told of each.
const TEXTS: &[(&str, &str)] = &[
    ("", ""),
    ("\u{feff}", ""),
    ("# only\n# this\n", ""),
    ("---\n", ""),
    ("- a\n- b\n", ""),
    ("hello", ""),
    ("{{ x }}", ""),
    ("\t", ""),
    ("version: \0", ""),
    ("a: &a [x]\nversion: *a\n", ""),
    ("version: !!binary x", ""),
    ("? [a]: b\n", ""),
    ("version: 1\n  id: x\n", ""),
    ("}", ""),
    ("tools: [a\nid: b\n", ""),
];

#[test]
fn a_text_that_is_no_definition_is_told_as_what_it_is() {
    let mut wrong = Vec::new();
    for (text, want) in TEXTS {
        let got = told_of(text).join("\n");
        if got != *want {
            wrong.push(format!("{text:?}\n{got}\nEND"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_file_is_bounded_in_what_it_may_hold_and_in_what_is_told_of_it() {
    for (text, want) in [
        ("[".repeat(5000), "too deep inside one another"),
        (format!("tools: [{}]", "a,".repeat(30_000)), "more than 20000 values"),
        ("- *a\n".repeat(5000), "more problems than are told"),
        ("x: @\n".repeat(5000), "more problems than are told"),
        ((0..5000).map(|n| format!("x{n}: 1\n")).collect(), "more problems than are told"),
    ] {
        let all = told_of(&text);
        assert!(all.len() < 110 && all.iter().any(|line| line.contains(want)), "{want}: {}", all.len());
    }
}

#[test]
fn windows_lines_and_a_mark_of_byte_order_are_no_fault() {
    let mut sources = broken(&[]);
    for source in &mut sources {
        source.text = format!("\u{feff}{}", source.text.replace('\n', "\r\n"));
    }
    assert_eq!(told(&sources), [""; 0]);
    sources[0].text = sources[0].text.replace("language: en", "language: [en]");
    assert!(told(&sources)[0].starts_with("a:4:11 "), "{:?}", told(&sources));
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_hides_no_other() {
    let root = std::env::temp_dir().join(format!("centralita-shapes-{}", std::process::id()));
    let agents = root.join("agents");
    fs::create_dir_all(agents.join("b.yaml")).unwrap();
    fs::write(agents.join("a.yaml"), b"version: 1\ntitle: ca\xf1\xf3n\n").unwrap();
    fs::write(agents.join("c.yaml"), "x".repeat(1 << 20) + "x").unwrap();
    fs::write(agents.join("e.YML"), "hello").unwrap();
    fs::write(agents.join(".#f.yaml"), "an editor's").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", agents.join("d.yaml")).unwrap();
    let sources = find(&root).unwrap();
    fs::remove_dir_all(&root).unwrap();
    let problems = check(&sources, &BTreeMap::new()).unwrap_err();
    let all: Vec<String> =
        problems.all.iter().map(|p| format!("{}:{}:{} {}", p.file, p.line, p.column, p.what)).collect();
    assert_eq!(
        all,
        [
            "agents/a.yaml:2:10 this file is not written in UTF-8",
            "agents/b.yaml:1:1 this is a folder with the name of a file",
            "agents/c.yaml:1:1 this file is larger than 1048576 bytes",
            "agents/d.yaml:1:1 this is a link to a file that does not exist",
            "agents/e.YML:1:1 a definition must be a map of fields, here it is the text `hello`",
        ]
    );
}
