//! `auth login`, as its user runs it: a host that lets people in, and a browser, both on loopback.
//!
//! Promises: the host checks the proof of the code as RFC 7636 has it, by its own means; what was brought is on the disk, for
//! this user alone, and nowhere in what the program said.
//! Never: waits for a time.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Child;
use url::Url;

use crate::command::{Folder, command};
use crate::scene::{here, http};

const CODE: &str = "code-hunter2canary";
const REFRESH: &str = "refresh-hunter2canary";

type Said = BTreeMap<String, String>;

/// What was asked of the page, and of the tokens.
#[derive(Default)]
struct Asked {
    page: Said,
    token: Said,
    /// The person says no.
    denies: bool,
}

struct Host {
    url: Url,
    asked: Arc<Mutex<Asked>>,
}

impl Host {
    async fn open(denies: bool) -> Host {
        let (way, asked) = (here().await, Arc::new(Mutex::new(Asked { denies, ..Asked::default() })));
        let router = Router::new()
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(Arc::clone(&asked));
        tokio::spawn(async move { axum::serve(way.listener, router).await.unwrap() });
        Host { url: way.public, asked }
    }

    /// A folder with one integration that wants a login here.
    fn definitions(&self) -> Folder {
        let folder = Folder::new();
        let at = |path: &str| self.url.join(path).unwrap();
        let text = format!(
            "version: 1\nid: crm\ntitle: Customers\nkind: http\nbase_url: https://crm.example\nauth:\n  oauth2:\n    \
             authorization_url: {}\n    token_url: {}\n    allow_private: true\n    client_id: gateway\n    \
             client_secret: secret.CRM_CLIENT\n    scopes: [contacts, offline_access]\ntools:\n  - name: find\n    \
             description: Find a customer.\n    request: {{method: GET, path: /customers}}\n    \
             response: {{map: {{name: name}}}}\n",
            at("authorize?prompt=consent"),
            at("token")
        );
        std::fs::create_dir(folder.file("integrations")).unwrap();
        std::fs::create_dir(folder.file("agents")).unwrap();
        std::fs::write(folder.file("integrations/crm.yaml"), text).unwrap();
        folder
    }
}

async fn authorize(State(asked): State<Arc<Mutex<Asked>>>, Query(said): Query<Said>) -> Redirect {
    let mut asked = asked.lock().unwrap();
    asked.page = said.clone();
    let mut back = Url::parse(&said["redirect_uri"]).unwrap();
    let outcome = if asked.denies { ("error", "access_denied") } else { ("code", CODE) };
    back.query_pairs_mut().append_pair("state", &said["state"]).append_pair(outcome.0, outcome.1);
    Redirect::to(back.as_str())
}

async fn token(State(asked): State<Arc<Mutex<Asked>>>, Form(form): Form<Said>) -> Response {
    let mut asked = asked.lock().unwrap();
    let proof = digest::digest(&digest::SHA256, form["code_verifier"].as_bytes());
    let is_proved = URL_SAFE_NO_PAD.encode(proof.as_ref()) == asked.page["code_challenge"];
    let is_same = form["redirect_uri"] == asked.page["redirect_uri"] && form["code"] == CODE;
    asked.token = form;
    if !(is_proved && is_same) {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    }
    let token = json!({"access_token": "at", "token_type": "Bearer", "refresh_token": REFRESH});
    Json(token).into_response()
}

/// The program, and the address that it asks to be opened.
async fn started(folder: &Folder, more: &[&str]) -> (Child, Url, BufReader<tokio::process::ChildStdout>) {
    let mut line = command(&["auth", "login", "crm", "--root", &folder.file("")]);
    line.args(more);
    line.args(["--tokens", &folder.file("tokens")]).env("CRM_CLIENT", "client-hunter2canary");
    let mut child = line.spawn().unwrap();
    let mut told = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.starts_with("http") {
        text.clear();
        assert!(told.read_line(&mut text).await.unwrap() > 0, "it ended without an address");
    }
    (child, Url::parse(text.trim()).unwrap(), told)
}

/// All that it said after that, and its end.
async fn ended(child: Child, mut told: BufReader<tokio::process::ChildStdout>) -> (Option<i32>, String) {
    let mut text = String::new();
    told.read_to_string(&mut text).await.unwrap();
    let Output { status, stderr, .. } = child.wait_with_output().await.unwrap();
    (status.code(), text + &String::from_utf8(stderr).unwrap())
}

#[tokio::test]
async fn a_login_brings_a_token_that_is_kept_for_this_user_alone_and_told_to_nobody() {
    let host = Host::open(false).await;
    let folder = host.definitions();
    let (child, address, told) = started(&folder, &[]).await;
    let asked: Said = address.query_pairs().into_owned().collect();
    assert_eq!((asked["code_challenge_method"].as_str(), asked["prompt"].as_str()), ("S256", "consent"));
    assert_eq!(
        (asked["client_id"].as_str(), asked["scope"].as_str()),
        ("gateway", "contacts offline_access")
    );

    // Somebody else's answer is sent away, and the login goes on.
    let mut forged = Url::parse(&asked["redirect_uri"]).unwrap();
    forged.query_pairs_mut().append_pair("state", "another").append_pair("code", "stolen");
    assert_eq!(http().get(forged).send().await.unwrap().status(), StatusCode::BAD_REQUEST);

    let page = http().get(address).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.text().await.unwrap().starts_with("Thank you"));
    let (code, said) = ended(child, told).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("logged in for `crm`") && !said.contains("hunter2"), "{said}");
    assert_eq!(host.asked.lock().unwrap().token["grant_type"], "authorization_code");

    let kept = folder.file("tokens/crm");
    assert!(std::fs::read_to_string(&kept).unwrap().contains(REFRESH));
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_redirect_address_goes_out_as_it_is_written() {
    let host = Host::open(true).await;
    let folder = host.definitions();
    let (mut child, address, _) = started(&folder, &["--redirect", "http://localhost:8765"]).await;
    let asked: Said = address.query_pairs().into_owned().collect();
    assert_eq!(asked["redirect_uri"], "http://localhost:8765");
    child.kill().await.unwrap();
}

#[tokio::test]
async fn a_login_that_is_denied_or_not_wanted_brings_nothing() {
    let host = Host::open(true).await;
    let folder = host.definitions();
    let (child, address, told) = started(&folder, &[]).await;
    http().get(address).send().await.unwrap();
    let (code, said) = ended(child, told).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("access was denied") && !std::path::Path::new(&folder.file("tokens/crm")).exists());

    for (integration, want) in [("nobody", "there is no integration `nobody`"), ("shop", "needs no login")] {
        let output = command(&["auth", "login", integration]).output().await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(want), "{said}");
    }
}

#[tokio::test]
async fn check_says_that_nobody_has_logged_in_yet_and_how() {
    let host = Host::open(false).await;
    let folder = host.definitions();
    let agent = "version: 1\nid: desk\ntitle: Desk\nlanguage: en\ncurrency: USD\ngreeting: Hello.\nprompt: Be brief.\n\
                 tools: [crm.find]\n";
    std::fs::write(folder.file("agents/desk.yaml"), agent).unwrap();
    let check = || async {
        let mut line = command(&["check", "--speech", "stand-in", "--root", &folder.file("")]);
        line.args(["--tokens", &folder.file("tokens")]).env("CRM_CLIENT", "client-hunter2canary");
        let output = line.output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stderr).unwrap()
    };
    let told = check().await;
    assert!(told.contains("nobody has logged in for `crm` yet: run `centralita auth login crm`"), "{told}");
    let (child, address, stdout) = started(&folder, &[]).await;
    http().get(address).send().await.unwrap();
    assert_eq!(ended(child, stdout).await.0, Some(0));
    assert!(!check().await.contains("logged in"));
}
