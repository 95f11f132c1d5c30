//! `centralita confirm` as its user runs it: verdicts, tables, questions.
//!
//! Promises: a verdict comes with its rule; a table that disagrees is exit code 1; a question is shown without a system.
//! Never: holds a grammar; the tables in `tests/answers` do.

use std::process::Output;

use serde_json::Value;

use crate::command::{Folder, command};

async fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command(arguments).output().await.unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

async fn json(arguments: &[&str]) -> Value {
    let (code, told, trouble) = run(arguments).await;
    assert_eq!(code, Some(0), "{trouble}");
    serde_json::from_str(&told).unwrap()
}

#[tokio::test]
async fn an_answer_is_judged_as_the_gate_would_with_the_rule_that_decided() {
    for (lang, more, said, verdict, rule) in [
        ("es", &[][..], "sí, dale", "yes", "a plain yes"),
        ("es", &[], "mi marido dice que sí", "unclear", "not known"),
        ("es", &["--verb", "cancelar"], "cancelar", "yes", "a plain yes"),
        ("es", &[], "cancelar", "no", "a no anywhere"),
        ("pt-BR", &[], "peraí", "no", "not now"),
        ("de", &[], "mhm", "unclear", "a sign of listening"),
        ("fr", &[], "oui, mais demain", "change", "something else"),
        ("it", &[], "quanto?", "question", "asks back"),
        ("ca", &["--question", "Torno vint euros?"], "sí, vint euros", "unclear", "own value"),
        ("en", &["--question", "Shall I do it, yes or no?"], "shall i do it", "unclear", "echo"),
    ] {
        let mut line = vec!["confirm", "judge", "--lang", lang, "--json", said];
        line.extend(more);
        let judged = json(&line).await;
        assert_eq!(judged["verdict"], verdict, "{said}: {judged}");
        assert!(judged["rule"].as_str().unwrap().contains(rule), "{said}: {judged}");
    }
    let (code, told, _) = run(&["confirm", "judge", "--lang", "en", "no, thanks"]).await;
    assert_eq!((code, told.as_str()), (Some(0), "no: a no anywhere is a no (\"no\")\n"));
}

#[tokio::test]
async fn a_table_that_disagrees_ends_with_1_and_one_that_is_none_with_2() {
    let folder = Folder::new();
    let path = folder.file("answers.tsv");
    for (rows, code, told) in [
        ("Do it?\t\tyes\tyes\t\nDo it?\t\twait\tno\tfine\n", 0, "2 answers, 2 judged as the table says"),
        ("Do it?\t\tyes\tunclear\t\n", 1, "false yes 1, false no 0"),
        ("Do it?\t\tno\tyes\t\n", 1, "false yes 0, false no 1"),
        ("Do it?\t\tno\twait\t\n", 1, ":1: \"no\" is no, not wait"),
    ] {
        std::fs::write(&path, rows).unwrap();
        let (got, out, trouble) = run(&["confirm", "judge", "--lang", "en", "--table", &path]).await;
        assert_eq!(got, Some(code), "{rows}: {out}{trouble}");
        assert!(out.contains(told), "{out}");
    }
    std::fs::write(&path, "Do it?\t\tyes\tperhaps\t\n").unwrap();
    let (code, _, trouble) = run(&["confirm", "judge", "--lang", "en", "--table", &path]).await;
    assert_eq!(code, Some(2));
    assert!(trouble.contains("line 1: `perhaps` is no verdict"), "{trouble}");
    let (code, _, trouble) = run(&["confirm", "judge", "--table", &path]).await;
    assert_eq!(code, Some(2));
    assert!(trouble.contains("--lang"), "{trouble}");
    let scored = json(&["confirm", "judge", "--table", "tests/answers/es.tsv", "--json"]).await;
    assert_eq!(
        (&scored["answers"], scored["false_yes"].as_array().map(Vec::len)),
        (&scored["agree"], Some(0))
    );
}

#[tokio::test]
async fn a_question_is_shown_in_each_language_and_what_is_the_samples_is_said() {
    let line = ["confirm", "ask", "shop", "refund", "--arg", "order=1182", "--arg", "amount=20", "--json"];
    let shown = json(&line).await;
    let asked = shown["asked"].as_array().unwrap();
    let languages: Vec<&str> = asked.iter().map(|one| one["language"].as_str().unwrap()).collect();
    assert_eq!(languages, ["en", "es"]);
    let english = &asked[0];
    assert!(
        english["question"].as_str().unwrap().contains("twenty dollars on order one one eight two, a walnut")
    );
    assert_eq!(english["short"], "Twenty dollars: shall I do it?");
    assert_eq!(english["action"], "Refunding twenty dollars.");
    assert_eq!(english["from_sample"]["item"], "a walnut desk lamp");
    for (line, told) in [
        (&["confirm", "ask", "shop", "refund", "--arg", "order=1182"][..], "`amount` is missing"),
        (&["confirm", "ask", "shop", "refund", "--lang", "pt"], "written in: en, es"),
        (&["confirm", "ask", "shop", "nothing"], "no integration has a tool `shop.nothing`"),
        (&["confirm", "ask", "shop", "order_status", "--arg", "order=1"], "never asks"),
    ] {
        let (code, _, trouble) = run(line).await;
        assert_eq!(code, Some(2), "{line:?}");
        assert!(trouble.contains(told), "{trouble}");
    }
}
