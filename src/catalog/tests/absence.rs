//! Tests of what an optional parameter does where a call leaves it out.
//!
//! Promises: every place a template can stand has a row, with and without what guards it.
//! Never: lets a call find what `check` could have told.

use super::*;

/// Two optional parameters, both sent, and in a question that holds with and without them.
const OPTIONAL: &[(&str, &str)] = &[
    (
        "- {name: amount",
        "- {name: note, kind: text, required: false}\n      \
         - {name: why, kind: digits, required: false}\n      - {name: amount",
    ),
    ("via: \"{{ call.id }}\"", "via: \"{note}\""),
    ("X-Source: phone", "X-Source: phone, X-Sum: \"{amount}\", X-Why: \"{why}\""),
    (
        "{{ item }}?",
        "{{ item }}{% if note is not none %}, {{ note }}{% endif %}\
         {% if why is not none %}, {{ why | digits }}{% endif %}?",
    ),
];

const QUESTION: &str = "{% if note is not none %}, {{ note }}{% endif %}";
const BODY: &str = "body: {amount: \"{amount}\"";

/// What is replaced, by what, and the words of the one problem that follows; none where it is right.
const TABLE: &[(&str, &str, &str)] = &[
    // said
    (QUESTION, ", {{ note }}", "`note` may be left out|{% if note is not none %}"),
    (QUESTION, "{% if note is defined %}, {{ note }}{% endif %}", "`note` may be left out|is not none"),
    (QUESTION, "{% if amount | minor > 2000 %}, {{ note }}{% endif %}", "`note` may be left out|is not none"),
    (
        "{{ item }}{% if note is not none %}, {{ note }}{% endif %}",
        "{{ item.name }}, {{ note }}",
        "`note` may be left out|is not none",
    ),
    (QUESTION, "", "leaves out `note`|{% if note is not none %}{{ note }}{% endif %}"),
    (
        QUESTION,
        "{% if note is none %}, {{ why }}{% endif %}",
        "`note` and `why` may be left out|{% if note is not none %}",
    ),
    ("\"Refunding {{ amount", "\"For {{ note }} {{ amount", "`note` may be left out|is not none"),
    ("    confirm:\n", "    confirm:\n      short: \"{{ note }}?\"\n", "`note` may be left out|is not none"),
    ("done: \"Done, ", "done: \"Done, {{ note }} ", "`note` may be left out|is not none"),
    ("done: \"Done, ", "done: \"Done{% if note is not none %} {{ note }}{% endif %}, ", ""),
    (QUESTION, ", {{ note | title }}", "`note` may be left out|{% if note is not none %}"),
    (QUESTION, "{% if note is not none %}, {{ note | title }}{% else %}, with none{% endif %}", ""),
    (
        QUESTION,
        "{% if note == 'gift' %}, as a gift{% endif %}",
        "names `note` and does not say it|in every case",
    ),
    // sent
    ("/orders/{order}/refunds", "/orders/{order}/refunds/{note}", "`note` may be left out|required"),
    ("X-Source: phone", "X-Source: \"by {note}\"", "`note` may be left out|is not none"),
    ("X-Source: phone", "X-Source: \"{note}\"", ""),
    (
        BODY,
        "query: {n: \"for {note}\"}\n      body: {amount: \"{amount}\"",
        "`note` may be left out|is not none",
    ),
    (BODY, "query: {n: \"{note}\"}\n      body: {amount: \"{amount}\"", ""),
    (BODY, "body: {note: \"for {note}\"", "`note` may be left out|is not none"),
    (BODY, "body: {note: \"{note}\"", ""),
    (
        BODY,
        "body: {note: \"{{ note | trim }}\"",
        "`note` may be left out|{{ note | trim if note is not none else none }}",
    ),
    (
        BODY,
        "body: {note: \"{{ why | digits }}\"",
        "`why` may be left out|{{ why | digits if why is not none else none }}",
    ),
    (BODY, "body: {note: \"{{ why | digits if why is not none else none }}\"", ""),
];

#[test]
fn a_text_holds_with_and_without_every_optional_parameter_or_check_says_so() {
    let mut wrong = Vec::new();
    for (from, to, want) in TABLE {
        let changes: Vec<(&str, &str)> = OPTIONAL.iter().copied().chain([(*from, *to)]).collect();
        let sources = table::broken(&changes);
        assert_ne!(sources, table::broken(OPTIONAL), "{from} is not in the files");
        let problems = check(&sources, &BTreeMap::new()).map_or_else(|problems| problems.all, |_| Vec::new());
        let told = |p: &Problem| {
            let words =
                want.split_once('|').map(|(what, remedy)| p.what.contains(what) && p.remedy.contains(remedy));
            words == Some(true) && p.line > 0
        };
        if problems.len() != usize::from(!want.is_empty()) || !problems.iter().all(told) {
            wrong.push(format!("{to}: wanted {want}, got\n{problems:#?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}
