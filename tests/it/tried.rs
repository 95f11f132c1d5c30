//! `centralita tool test` as its user runs it, against a system that counts.
//!
//! Promises: what has effects is sent by --execute alone, once, and is on record with who and why; no secret is printed,
//! not even where the system sends it back.
//! Never: leaves loopback.

use std::process::Stdio;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::task::JoinHandle;

use crate::command::{Folder, command};
use crate::scene::here;

const KEY: &str = "club-key-canary";
const PASS: &str = "club pass~canary";

const AGENT: &str = "version: 1
id: desk
title: The club's desk
language: en
currency: EUR
greeting: Hello.
prompt: Be brief.
tools: [club.find_member, club.add_note]
";

const INTEGRATION: &str = r#"version: 1
id: club
title: The club
kind: http
base_url: BASE
allow_private: true
auth: {header: {name: X-Key, prefix: "Key ", value: secret.CLUB_KEY}}
tools:
  - name: find_member
    description: Look a member up.
    parameters:
      - {name: member, kind: digits, ask: Which number?}
      - {name: email, kind: email, ask: Which address?}
      - {name: pass, from: {secret: CLUB_PASS}}
    verify: [{parameter: email, equals_ignore_case: email, error: That does not fit.}]
    proves: identified
    request: {method: GET, path: "/members/{member}", query: {pass: "{pass}"}}
    response:
      map: {status: status, echo: echo}
      store: {level: status}
    phrases: {start: Let me look.}
  - name: add_note
    description: Write a note.
    parameters:
      - {name: member, kind: digits, ask: Which number?}
      - {name: text, kind: text, ask: Which words?}
    request: {method: POST, path: "/members/{member}/notes", body: {text: "{text}"}}
    response:
      map: {note: note}
      sample: {note: "7"}
    idempotency: {header: Idempotency-Key}
    confirm: {question: "Write {{ text }} for {{ member | digits }}?", action: Writing it.}
    phrases: {done: "It is written as number {{ note }}.", unknown: I do not know whether it is written.}
"#;

/// A club in a folder of its own, and its system.
struct Club {
    folder: Folder,
    notes: Arc<Mutex<Vec<Value>>>,
    _serving: JoinHandle<()>,
}

async fn member(Path(id): Path<String>, Query(query): Query<Value>, headers: HeaderMap) -> Json<Value> {
    let key = headers.get("x-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
    Json(json!({
        "id": id, "email": "Ana@example.com", "status": "gold", "brace": "a {b}", "card": "4111111111111111",
        "echo": format!("{key} {}", query["pass"].as_str().unwrap_or_default()),
    }))
}

async fn note(
    State(notes): State<Arc<Mutex<Vec<Value>>>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Json<Value> {
    let mut notes = notes.lock().unwrap();
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
    notes.push(json!({"key": key, "text": body["text"]}));
    Json(json!({"note": notes.len().to_string()}))
}

impl Club {
    async fn open() -> Club {
        let (folder, way, notes) = (Folder::new(), here().await, Arc::new(Mutex::new(Vec::new())));
        let router = Router::new()
            .route("/members/{id}", get(member))
            .route("/members/{id}/notes", post(note))
            .with_state(Arc::clone(&notes));
        let serving = tokio::spawn(async move { axum::serve(way.listener, router).await.unwrap() });
        for place in ["agents", "integrations"] {
            std::fs::create_dir(folder.file(place)).unwrap();
        }
        std::fs::write(folder.file("agents/desk.yaml"), AGENT).unwrap();
        let base = way.public.as_str().trim_end_matches('/');
        std::fs::write(folder.file("integrations/club.yaml"), INTEGRATION.replace("BASE", base)).unwrap();
        Club { folder, notes, _serving: serving }
    }

    fn line(&self, arguments: &[&str]) -> Command {
        let mut line = command(arguments);
        line.env("CENTRALITA_SECRET_CLUB_KEY", KEY).env("CENTRALITA_SECRET_CLUB_PASS", PASS);
        line
    }

    /// `tool test club` with these; what it says, and beside it.
    async fn tries(&self, arguments: &[&str], code: i32) -> (String, String) {
        self.answers(arguments, "", code).await
    }

    /// The same, with that at the terminal.
    async fn answers(&self, arguments: &[&str], said: &str, code: i32) -> (String, String) {
        let (root, journal) = (self.folder.file(""), self.folder.file("journal.sqlite"));
        let mut line = self.line(&["tool", "test", "club"]);
        line.args(arguments).args(["--root", &root, "--journal", &journal]).stdin(Stdio::piped());
        let mut child = line.spawn().unwrap();
        let mut terminal = child.stdin.take().unwrap();
        // One that asks nobody may be gone already.
        let _ = terminal.write_all(said.as_bytes()).await;
        drop(terminal);
        let output = child.wait_with_output().await.unwrap();
        let [told, beside] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}{beside}");
        for secret in [KEY, PASS, "club+pass", "club%20pass"] {
            assert!(!told.contains(secret) && !beside.contains(secret), "{secret}: {told}{beside}");
        }
        (told, beside)
    }

    async fn json(&self, arguments: &[&str], code: i32) -> Value {
        let (told, _) = self.tries(&[arguments, &["--json-out"]].concat(), code).await;
        serde_json::from_str(&told).unwrap()
    }

    fn notes(&self) -> Vec<Value> {
        self.notes.lock().unwrap().clone()
    }
}

const ANA: [&str; 5] = ["find_member", "--arg", "member=42", "--arg", "email=ana@example.com"];
const NOTE: [&str; 5] = ["add_note", "--arg", "member=42", "--arg", "text=call back"];

#[tokio::test]
async fn a_read_is_sent_and_shown_whole_with_secrets_as_stars() {
    let club = Club::open().await;
    let tried = club.json(&ANA, 0).await;
    let passed = &tried["exchanges"][0];
    assert_eq!(passed["request"]["method"], "GET");
    assert!(passed["request"]["url"].as_str().unwrap().ends_with("/members/42?pass=***"), "{passed}");
    assert_eq!(passed["request"]["headers"]["x-key"], "***");
    assert_eq!(
        (&passed["answer"]["status"], &passed["answer"]["body"]["email"]),
        (&json!(200), &json!("Ana@example.com"))
    );
    assert_eq!(passed["answer"]["body"]["echo"], "*** ***");
    assert_eq!(
        passed["proofs"],
        json!([{"parameter": "email", "compare": "equals_ignore_case", "held": "email", "holds": true}])
    );
    assert_eq!((&tried["outcome"], &tried["mapped"]["status"]), (&json!("done"), &json!("gold")));
    assert_eq!((&tried["stored"], &tried["agent"]), (&json!({"level": "gold"}), &json!("desk")));
    assert_eq!(tried["spoken"]["at_start"], "Let me look.");
    assert!(tried["model_sees"].as_str().unwrap().contains("\"status\":\"gold\""), "{tried}");
    let (told, _) = club.tries(&ANA, 0).await;
    for part in [
        "request     GET http://",
        "x-key: ***",
        "answer      200, application/json, ",
        "holds",
        "stored      level = \"gold\"",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[tokio::test]
async fn a_proof_that_fails_is_named_and_the_model_gets_nothing_of_the_answer() {
    let club = Club::open().await;
    let tried =
        club.json(&["find_member", "--json", r#"{"member": "42", "email": "eve@example.com"}"#], 1).await;
    assert_eq!(tried["exchanges"][0]["proofs"][0]["holds"], false);
    assert_eq!((&tried["mapped"], &tried["stored"]), (&Value::Null, &json!({})));
    assert_eq!(tried["model_sees"], "failed: That does not fit.");
}

#[tokio::test]
async fn an_action_is_not_sent_without_leave_and_then_once_and_on_record() {
    let club = Club::open().await;
    let looked = club.json(&NOTE, 1).await;
    assert_eq!(
        (&looked["outcome"], &looked["asks"]["question"]),
        (&json!("not sent"), &json!("Write call back for four two?"))
    );
    assert_eq!(looked["would_send"]["body"], json!({"text": "call back"}));
    assert!(
        looked["would_send"]["headers"]["idempotency-key"].as_str().unwrap().starts_with("hand-"),
        "{looked}"
    );
    let leave = ["--execute", "--reason", "a member rang twice", "--user", "ana"];
    let nobody = ["--execute", "--reason", "a member rang twice", "--user", " "];
    let (_, beside) = club.answers(&[&NOTE[..], &nobody].concat(), "", 2).await;
    assert!(beside.contains("write --user NAME") && !beside.contains("Write call back"), "{beside}");
    let (told, beside) = club.answers(&[&NOTE[..], &leave].concat(), "no, wait\n", 1).await;
    assert!(beside.contains("Write call back for four two?"), "{beside}");
    assert!(told.contains("not sent: that was no yes") && !told.contains("--execute"), "{told}");
    assert!(club.notes().is_empty());
    let (told, _) = club.answers(&[&NOTE[..], &leave].concat(), "yes\n", 0).await;
    assert!(told.contains("after: It is written as number 1."), "{told}");
    let notes = club.notes();
    assert_eq!((notes.len(), &notes[0]["text"]), (1, &json!("call back")));
    let journal = club.folder.file("journal.sqlite");
    let listed = club.line(&["effects", "list", "--journal", &journal, "--json"]).output().await.unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    let (action, by) = (&listed[0], json!({"user": "ana", "reason": "a member rang twice"}));
    assert_eq!(
        (&action["state"], &action["tool"], &action["by"]),
        (&json!("done"), &json!("club.add_note"), &by)
    );
    assert_eq!(action["key"], notes[0]["key"]);
    let row = club.line(&["effects", "list", "--journal", &journal]).output().await.unwrap();
    assert!(String::from_utf8(row.stdout).unwrap().contains("by ana: a member rang twice"));
    let logged = club.line(&["log", "tools", "--journal", &journal, "--json"]).output().await.unwrap();
    let logged: Value = serde_json::from_slice(&logged.stdout).unwrap();
    let used = &logged["uses"][0];
    assert_eq!(
        (&used["tool"], &used["outcome"], &used["by"]),
        (&json!("club.add_note"), &json!("done"), &json!("ana"))
    );
    assert_eq!((&logged["tools"][0]["uses"], &logged["tools"][0]["warnings"]), (&json!(1), &json!([])));
    assert!(!logged.to_string().contains("call back") && !logged.to_string().contains("rang"), "{logged}");
    let again = club.line(&["replay", &journal]).output().await.unwrap();
    assert_eq!(again.status.code(), Some(0), "{again:?}");
}

#[tokio::test]
async fn what_is_simulated_is_heard_and_not_sent() {
    let club = Club::open().await;
    for (what, outcome, says) in [
        ("timeout", "unknown", "I do not know whether it is written."),
        ("500", "unknown", "I do not know whether it is written."),
        ("garbage", "unknown", "I do not know whether it is written."),
    ] {
        let tried = club.json(&[&NOTE[..], &["--simulate", what]].concat(), 0).await;
        assert_eq!(
            (&tried["outcome"], &tried["spoken"]["after"]),
            (&json!(outcome), &json!(says)),
            "{what}: {tried}"
        );
    }
    assert!(club.notes().is_empty());
    for (what, sees) in [
        ("timeout", "failed: the sample is that nothing answers"),
        ("500", "failed: the system answered with status 500"),
        ("garbage", "failed: the system's answer is not JSON"),
        ("mismatch", "failed: That does not fit."),
    ] {
        let tried = club.json(&[&ANA[..], &["--simulate", what]].concat(), 0).await;
        assert_eq!(tried["model_sees"], sees, "{what}: {tried}");
    }
    let (_, beside) = club.tries(&[&NOTE[..], &["--simulate", "mismatch"]].concat(), 2).await;
    assert!(beside.contains("`club.add_note` has no `verify`"), "{beside}");
}

#[tokio::test]
async fn what_is_asked_wrongly_says_what_it_takes() {
    let club = Club::open().await;
    for (arguments, what, remedy) in [
        (&["find_member"][..], "`member` is missing", "--arg member=… --arg email=…"),
        (
            &["find_member", "--arg", "member=x", "--arg", "email=a@b.example"],
            "`member` is not",
            "--arg member=…",
        ),
        (
            &["find_member", "--arg", "pass=1", "--arg", "member=1", "--arg", "email=a@b.example"],
            "no parameter `pass`",
            "--arg",
        ),
        (&["find", "--arg", "a=1"], "no integration has a tool `club.find`", "there are: club."),
        (&["find_member", "--agent", "shop"], "there is no agent `shop`", "agents: desk"),
        (&["find_member", "--json", "[1]"], "the arguments are no JSON object", "--json '{"),
        (&["add_note", "--execute"], "--reason", "--reason"),
    ] {
        let (_, beside) = club.tries(arguments, 2).await;
        assert!(beside.contains(what) && beside.contains(remedy), "{arguments:?}: {beside}");
    }
}

#[tokio::test]
async fn an_answer_becomes_a_sample_without_what_is_private_and_nothing_is_written_over() {
    let club = Club::open().await;
    let file = club.folder.file("member.yaml");
    let (_, beside) = club.tries(&[&ANA[..], &["--save", &file]].concat(), 0).await;
    for part in ["replaced at sample.card: card", "replaced at sample.email: email", "saved to "] {
        assert!(beside.contains(part), "{beside}");
    }
    let saved = std::fs::read_to_string(&file).unwrap();
    for part in ["sample:\n", "status: gold", "email: \"someone@example.com\"", "brace: a b"] {
        assert!(saved.contains(part), "{part}: {saved}");
    }
    assert!(!saved.contains("Ana@") && !saved.contains("4111111111111111"), "{saved}");
    let (_, beside) = club.tries(&[&ANA[..], &["--save", &file]].concat(), 2).await;
    assert!(beside.contains("nothing was tried") && beside.contains("name a new file"), "{beside}");
}
