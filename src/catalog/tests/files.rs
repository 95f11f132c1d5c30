//! Whole files that are no definition, too large, in another encoding or not to be read at all.
//!
//! Promises: each is told as what it is, with its place, and hides no other.
//! Never: looks at a field of a definition.

use std::fs;

use super::shapes::{told, told_of};
use super::table::broken;
use super::*;

/// Whole texts, and what is told of each.
const TEXTS: &[(&str, &str)] = &[
    ("", "a:1:1 this file is empty | begin with `version: 1` and `id: NAME`, or take the file away"),
    (
        "\u{feff}",
        "a:1:1 nothing is defined in this file | begin with `version: 1` and `id: NAME`, or take the file \
         away",
    ),
    (
        "# only\n# this\n",
        "a:1:1 nothing is defined in this file | begin with `version: 1` and `id: NAME`, or take the file \
         away",
    ),
    (
        "---\n",
        "a:1:1 nothing is defined in this file | begin with `version: 1` and `id: NAME`, or take the file \
         away",
    ),
    (
        "- a\n- b\n",
        "a:1:1 a definition must be a map of fields, here it is a list | begin with `version: 1` and `id: \
         NAME`; docs/definitions.md lists every field",
    ),
    (
        "hello",
        "a:1:1 a definition must be a map of fields, here it is the text `hello` | begin with `version: 1` \
         and `id: NAME`; docs/definitions.md lists every field",
    ),
    ("{{ x }}", "a:1:1 a text that begins with `{` or `[` must be in quotes | write it like \"{{ name }}\""),
    ("\t", "a:1:1 this file is empty | begin with `version: 1` and `id: NAME`, or take the file away"),
    ("version: \0", "a:1:10 a sign that cannot stand here | take it away, or put the text in quotes"),
    (
        "a: &a [x]\nversion: *a\n",
        "a:1:1 `currency` is missing in this file | add `currency: EUR`\n\
         a:1:1 `greeting` is missing in this file | add `greeting: Thank you for calling. How can I \
         help?`\n\
         a:1:1 `id` is missing in this file | add `id: shop`\n\
         a:1:1 `language` is missing in this file | add `language: en`\n\
         a:1:1 `prompt` is missing in this file | add `prompt: Be brief and friendly.`\n\
         a:1:1 `title` is missing in this file | add `title: The shop`\n\
         a:1:1 there is no field `a` here | fields here: version, id, title, language, currency, greeting, \
         prompt, tools, keys, answers, timing, stt, tts, llm, spoken_yes, recording, recording_question, \
         private, private_in_recording, tests\n\
         a:1:4 what begins with `&` names a part of the file, which is not read here | a text: put it in \
         quotes; a name for a part: leave it out\n\
         a:2:10 what begins with `*` repeats another part of the file, which is not read here | a text: \
         put it in quotes; a part that comes twice: write it twice",
    ),
    (
        "version: !!binary x",
        "a:1:1 `currency` is missing in this file | add `currency: EUR`\n\
         a:1:1 `greeting` is missing in this file | add `greeting: Thank you for calling. How can I \
         help?`\n\
         a:1:1 `id` is missing in this file | add `id: shop`\n\
         a:1:1 `language` is missing in this file | add `language: en`\n\
         a:1:1 `prompt` is missing in this file | add `prompt: Be brief and friendly.`\n\
         a:1:1 `title` is missing in this file | add `title: The shop`\n\
         a:1:11 what begins with `!` says a type, which is not read here | a text: put it in quotes; a \
         type: leave it out",
    ),
    (
        "? [a]: b\n",
        "a:1:1 `currency` is missing in this file | add `currency: EUR`\n\
         a:1:1 `greeting` is missing in this file | add `greeting: Thank you for calling. How can I \
         help?`\n\
         a:1:1 `id` is missing in this file | add `id: shop`\n\
         a:1:1 `language` is missing in this file | add `language: en`\n\
         a:1:1 `prompt` is missing in this file | add `prompt: Be brief and friendly.`\n\
         a:1:1 `title` is missing in this file | add `title: The shop`\n\
         a:1:1 `version` is missing in this file | add `version: 1`\n\
         a:1:3 a text that begins with `{` or `[` must be in quotes | write it like \"{{ name }}\"",
    ),
    (
        "version: 1\n  id: x\n",
        "a:2:5 this line does not stand in one column with the fields or items it belongs to | begin it \
         with as many spaces as the line of its neighbour",
    ),
    (
        "}",
        "a:1:1 a closing bracket that nothing opened | take it away; inside a text, put the text in quotes",
    ),
    (
        "tools: [a\nid: b\n",
        "a:1:8 a `[` is opened here and not closed | close it on the same line; if it begins a text, put \
         the text in quotes",
    ),
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
        (format!("tools: [{}]", "a,".repeat(200_000)), "more than 200000 values"),
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
    fs::write(agents.join("c.yaml"), "x".repeat(4 << 20) + "x").unwrap();
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
            "agents/c.yaml:1:1 this file is larger than 4194304 bytes",
            "agents/d.yaml:1:1 this is a link to a file that does not exist",
            "agents/e.YML:1:1 a definition must be a map of fields, here it is the text `hello`",
        ]
    );
}
