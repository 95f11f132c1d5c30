//! OAuth 2 against a host of tokens and a system on loopback: each counts, and takes note of what it was sent.
//!
//! Promises: a refresh token is good for one use there, as strict hosts have it.
//! Never: waits for a time.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;
use url::Url;

use super::auth::{opened_with, secrets};
use super::*;
use crate::secrets::Secrets;

/// What the client is called where it is asked for on the wire.
const CANARY: &str = "hunter2canary";

#[derive(Default)]
struct Book {
    /// The forms that asked for a token, and their `Authorization`.
    asked: Vec<(BTreeMap<String, String>, Option<String>)>,
    /// How many tokens were given.
    given: usize,
    /// The system takes these.
    good: BTreeSet<String>,
    refresh: BTreeSet<String>,
    /// `Authorization` and the key of each request to the system.
    seen: Vec<(String, Option<String>)>,
    /// What is answered in place of a token.
    instead: Option<(u16, String)>,
    lasts: Option<Value>,
    /// Tokens that are given are not good.
    sells_air: bool,
}

struct Host {
    url: Url,
    book: Arc<Mutex<Book>>,
}

impl Host {
    async fn open() -> Host {
        let book = Arc::new(Mutex::new(Book { lasts: Some(json!(3600)), ..Book::default() }));
        let router = Router::new()
            .route("/token", post(token))
            .route("/v1/orders/{order}", get(order))
            .route("/v1/orders/{order}/refunds", post(pay))
            .with_state(Arc::clone(&book));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Host { url, book }
    }

    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    fn oauth2(&self, grant: Grant) -> OAuth2 {
        OAuth2 {
            token_url: self.url.join("token").unwrap(),
            allow_private: true,
            client_id: Stated::Text("lamps & co".into()),
            client_secret: Some("CLIENT".into()),
            client_authentication: ClientAuthentication::Basic,
            scopes: Vec::new(),
            audience: None,
            header: None,
            grant,
        }
    }

    fn registry(&self, oauth2: OAuth2, secrets: &Secrets) -> Result<Registry, Vec<Fault>> {
        let auth = Auth { oauth2: Some(Box::new(oauth2)), ..Auth::default() };
        let base = self.url.join("v1").unwrap();
        let connection = Connection { id: "shop".into(), base, allow_private: true, auth, mcp: None };
        opened_with(connection, vec![status(), refund()], secrets)
    }

    fn credentials(&self) -> Registry {
        self.registry(self.oauth2(Grant::ClientCredentials), &secrets(&[("CLIENT", CANARY)])).unwrap()
    }

    fn tokens_sent(&self) -> Vec<String> {
        self.book().seen.iter().map(|(token, _)| token.clone()).collect()
    }
}

async fn token(State(book): State<Arc<Mutex<Book>>>, headers: HeaderMap, body: Bytes) -> Response {
    let mut book = book.lock().unwrap();
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    book.asked.push((form.clone(), authorization));
    if let Some((status, body)) = book.instead.clone() {
        return (StatusCode::from_u16(status).unwrap(), body).into_response();
    }
    if form["grant_type"] == "refresh_token" && !book.refresh.remove(&form["refresh_token"]) {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    }
    book.given += 1;
    let token = format!("at-{}", book.given);
    book.good.clear();
    if !book.sells_air {
        book.good.extend([format!("Bearer {token}"), format!("bare {token}")]);
    }
    let mut answer = json!({"access_token": token, "token_type": "bearer"});
    if let Some(lasts) = &book.lasts {
        answer["expires_in"] = lasts.clone();
    }
    if form["grant_type"] == "refresh_token" {
        let next = format!("rt-{}", book.given);
        book.refresh.insert(next.clone());
        answer["refresh_token"] = next.into();
    }
    Json(answer).into_response()
}

fn let_in(book: &Mutex<Book>, headers: &HeaderMap) -> Option<Response> {
    let mut book = book.lock().unwrap();
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let bare = text("x-access-token").map(|token| format!("bare {token}"));
    let token = text("authorization").or(bare).unwrap_or_default();
    book.seen.push((token.clone(), text("idempotency-key")));
    (!book.good.contains(&token)).then(|| StatusCode::UNAUTHORIZED.into_response())
}

async fn order(State(book): State<Arc<Mutex<Book>>>, headers: HeaderMap) -> Response {
    let found = json!({"state": "sent", "item": "a lamp", "total": "49.90", "customer": {"postcode": "AB1"}});
    let_in(&book, &headers).unwrap_or_else(|| Json(found).into_response())
}

async fn pay(State(book): State<Arc<Mutex<Book>>>, headers: HeaderMap) -> Response {
    let paid = json!({"ok": true, "refunded": "20.00"});
    let_in(&book, &headers).unwrap_or_else(|| Json(paid).into_response())
}

async fn look_up(registry: &Registry) -> Outcome {
    read(registry, &status(), json!({"order": "1182", "postcode": "AB1"})).await
}

fn is_done(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Done { .. })
}

/// A folder for tokens, of one test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        Folder(std::env::temp_dir().join(format!("centralita-tokens-{}", uuid::Uuid::new_v4())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A refresh grant, with its first token from a secret.
fn seeded() -> Grant {
    Grant::Refresh { seed: Some("SEED".into()), authorization_url: None }
}

/// What a gateway knows that was just started.
fn started(folder: &Folder, seed: &str) -> Secrets {
    secrets(&[("CLIENT", CANARY), ("SEED", seed)]).with_kept(&folder.0)
}

#[tokio::test]
async fn a_token_is_asked_for_once_as_the_rfc_has_it_and_serves_all_requests() {
    let pair = format!("Basic {}", STANDARD.encode("lamps+%26+co:hunter2canary"));
    for (how, authorization, in_body) in [
        (ClientAuthentication::Basic, Some(pair), vec![]),
        (ClientAuthentication::Body, None, vec![("client_id", "lamps & co"), ("client_secret", CANARY)]),
    ] {
        let host = Host::open().await;
        let oauth2 = OAuth2 {
            client_authentication: how,
            scopes: vec!["orders".into(), "refunds".into()],
            audience: Some("https://shop.example".into()),
            ..host.oauth2(Grant::ClientCredentials)
        };
        let registry = host.registry(oauth2, &secrets(&[("CLIENT", CANARY)])).unwrap();
        for _ in 0..3 {
            assert!(is_done(&look_up(&registry).await));
        }
        let mut form: BTreeMap<String, String> = [
            ("grant_type", "client_credentials"),
            ("scope", "orders refunds"),
            ("audience", "https://shop.example"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        form.extend(in_body.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        assert_eq!(host.book().asked, [(form, authorization)]);
        assert_eq!(host.tokens_sent(), ["Bearer at-1"; 3]);
        let printed = format!("{registry:?}");
        assert!(!printed.contains(CANARY) && !printed.contains("at-1"), "{printed}");
    }
}

#[tokio::test]
async fn a_token_goes_bare_in_the_header_that_the_system_wants_and_is_renewed_there() {
    let host = Host::open().await;
    let header = Some("X-Access-Token".to_owned());
    let oauth2 = OAuth2 { header, ..host.oauth2(Grant::ClientCredentials) };
    let registry = host.registry(oauth2, &secrets(&[("CLIENT", CANARY)])).unwrap();
    assert!(is_done(&look_up(&registry).await));
    host.book().good.clear();
    assert!(is_done(&look_up(&registry).await));
    assert_eq!(host.tokens_sent(), ["bare at-1", "bare at-1", "bare at-2"]);
}

#[tokio::test]
async fn fifty_calls_at_once_and_two_agents_make_one_request_for_a_token() {
    let host = Host::open().await;
    let shared = secrets(&[("CLIENT", CANARY)]);
    let open = || host.registry(host.oauth2(Grant::ClientCredentials), &shared).unwrap();
    let uncounted = || open().counting(Arc::new(Uncounted));
    let agents = [uncounted(), uncounted()];
    let calls = (0..50).map(|n| look_up(&agents[n % 2]));
    assert!(futures::future::join_all(calls).await.iter().all(is_done));
    assert_eq!(host.book().asked.len(), 1);
}

#[tokio::test]
async fn a_token_that_has_ended_is_not_sent_and_one_whose_end_nobody_knows_is_kept() {
    for (lasts, asked) in [(Some(json!(0)), 2), (Some(json!("4")), 2), (Some(json!("3600")), 1), (None, 1)] {
        let host = Host::open().await;
        host.book().lasts = lasts.clone();
        let registry = host.credentials();
        for _ in 0..2 {
            assert!(is_done(&look_up(&registry).await));
        }
        assert_eq!(host.book().asked.len(), asked, "{lasts:?}");
    }
}

#[tokio::test]
async fn what_only_reads_goes_again_once_with_a_new_token_where_the_old_one_is_refused() {
    let host = Host::open().await;
    let registry = host.credentials();
    assert!(is_done(&look_up(&registry).await));
    host.book().good.clear();
    assert!(is_done(&look_up(&registry).await));
    assert_eq!(host.tokens_sent(), ["Bearer at-1", "Bearer at-1", "Bearer at-2"]);

    host.book().sells_air = true;
    host.book().good.clear();
    assert!(why(look_up(&registry).await).contains("status 401"));
    assert_eq!(host.tokens_sent()[3..], ["Bearer at-2", "Bearer at-3"], "once, and no more");
}

#[tokio::test]
async fn a_refused_action_goes_again_only_under_its_key_and_without_one_it_has_failed() {
    for (key, ends, sent) in [
        (KeyPlace::None, false, vec!["Bearer at-1"]),
        (KeyPlace::Header("Idempotency-Key".into()), true, vec!["Bearer at-1", "Bearer at-2"]),
    ] {
        let host = Host::open().await;
        let tool = ToolSpec { key, prepare: Vec::new(), ..refund() };
        let auth = Auth { oauth2: Some(Box::new(host.oauth2(Grant::ClientCredentials))), ..Auth::default() };
        let base = host.url.join("v1").unwrap();
        let connection = Connection { id: "shop".into(), base, allow_private: true, auth, mcp: None };
        let given = secrets(&[("CLIENT", CANARY)]);
        let registry = opened_with(connection, vec![status(), tool.clone()], &given).unwrap();
        assert!(is_done(&look_up(&registry).await));
        host.book().good.clear();
        host.book().seen.clear();
        let log = Log::default();
        let outcome = act(&registry, &tool, ActionKey::Own(T1), &log).await;
        assert_eq!(is_done(&outcome), ends, "{outcome:?}");
        assert_eq!(host.tokens_sent(), sent);
        let keys: BTreeSet<Option<String>> = host.book().seen.iter().map(|(_, key)| key.clone()).collect();
        assert_eq!(keys.len(), 1, "one deed has one key, or none");
        assert_eq!(log.begun.lock().unwrap().len(), 1, "one intent");
        // Whoever asks again finds a new token, and one request is enough.
        host.book().seen.clear();
        let next = ProposalId(2);
        assert!(is_done(&act_as(next, &registry, &tool, ActionKey::Own(next), &Log::default()).await));
        assert_eq!(host.tokens_sent(), ["Bearer at-2"]);
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_begun() {
    let host = Host::open().await;
    host.book().instead = Some((503, String::new()));
    let tool = ToolSpec { prepare: Vec::new(), ..refund() };
    let auth = Auth { oauth2: Some(Box::new(host.oauth2(Grant::ClientCredentials))), ..Auth::default() };
    let base = host.url.join("v1").unwrap();
    let connection = Connection { id: "shop".into(), base, allow_private: true, auth, mcp: None };
    let registry = opened_with(connection, vec![tool.clone()], &secrets(&[("CLIENT", CANARY)])).unwrap();
    let log = Log::default();
    assert!(why(act(&registry, &tool, ActionKey::Own(T1), &log).await).contains("status 503"));
    assert_eq!((log.begun.lock().unwrap().len(), host.book().seen.len()), (0, 0));
}

#[tokio::test]
async fn a_rotated_refresh_token_survives_a_restart_and_a_new_secret_is_newer() {
    let (host, folder) = (Host::open().await, Folder::new());
    host.book().refresh.extend(["rt-0".to_owned(), "rt-new".to_owned()]);
    host.book().lasts = Some(json!(0));
    let open = |seed: &str| host.registry(host.oauth2(seeded()), &started(&folder, seed)).unwrap();
    let registry = open("rt-0");
    for _ in 0..2 {
        assert!(is_done(&look_up(&registry).await));
    }
    drop(registry);
    assert!(is_done(&look_up(&open("rt-0")).await), "a restart");
    assert!(is_done(&look_up(&open("rt-new")).await), "an admin has set another one");
    assert!(is_done(&look_up(&open("rt-new")).await), "a restart after that");
    let used: Vec<String> = host.book().asked.iter().map(|(form, _)| form["refresh_token"].clone()).collect();
    assert_eq!(used, ["rt-0", "rt-1", "rt-2", "rt-new", "rt-4"], "each is used once");
}

#[tokio::test]
async fn two_processes_with_one_folder_never_use_one_refresh_token_twice() {
    let (host, folder) = (Host::open().await, Folder::new());
    host.book().refresh.insert("rt-0".to_owned());
    host.book().lasts = Some(json!(0));
    // Each has slots and a lock of its own, as another process has.
    let processes: Vec<Registry> =
        (0..4).map(|_| host.registry(host.oauth2(seeded()), &started(&folder, "rt-0")).unwrap()).collect();
    let calls = processes.iter().flat_map(|registry| [look_up(registry), look_up(registry)]);
    for outcome in futures::future::join_all(calls).await {
        // Another process's token replaces ours at this host; what matters is that no refresh token was spent twice.
        assert!(!format!("{outcome:?}").contains("invalid_grant"), "{outcome:?}");
    }
    let used: BTreeSet<String> =
        host.book().asked.iter().map(|(form, _)| form["refresh_token"].clone()).collect();
    assert_eq!(used.len(), host.book().asked.len());
}

#[tokio::test]
async fn without_a_folder_or_a_login_it_is_known_before_the_first_call_what_to_do() {
    let (host, folder) = (Host::open().await, Folder::new());
    let login = Grant::Refresh { seed: None, authorization_url: Some("https://login.example/".into()) };
    let client = secrets(&[("CLIENT", CANARY)]);
    for (grant, given, want) in [
        (seeded(), secrets(&[("CLIENT", CANARY), ("SEED", "rt-0")]), "name one with --tokens"),
        (login, client.clone().with_kept(&folder.0), "centralita auth login shop"),
        (seeded(), client.with_kept(&folder.0), "CENTRALITA_SECRET_SEED"),
    ] {
        let faults = host.registry(host.oauth2(grant), &given).unwrap_err();
        assert!(faults.iter().any(|fault| fault.remedy.contains(want)), "{faults:?}");
    }
    assert!(!folder.0.exists() && host.book().asked.is_empty());
}

#[tokio::test]
async fn the_host_of_the_token_is_vetted_by_its_own_leave_however_it_is_written() {
    let host = Host::open().await;
    let port = host.url.port().unwrap();
    let ways =
        ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"];
    // The leave of the integration's own host, 127.0.0.1, is none for this one.
    let refused = ways.into_iter().map(|way| (way, false));
    for (way, allowed) in refused.chain([("localhost", true)]) {
        let token_url = format!("http://{way}:{port}/token").parse().unwrap();
        let oauth2 = OAuth2 { token_url, allow_private: allowed, ..host.oauth2(Grant::ClientCredentials) };
        let registry = host.registry(oauth2, &secrets(&[("CLIENT", CANARY)])).unwrap();
        let outcome = look_up(&registry).await;
        assert_eq!(is_done(&outcome), allowed, "{way}: {outcome:?}");
        assert_eq!(host.book().asked.len(), usize::from(allowed), "{way}");
    }
}

#[tokio::test]
async fn what_a_host_says_instead_of_a_token_is_told_by_its_name_and_nothing_else_of_it() {
    for (status, body, want) in [
        (401, r#"{"error": "invalid_client", "error_description": "hunter2canary"}"#, "invalid_client"),
        (400, r#"{"error": "hunter2canary is wrong"}"#, "an error"),
        (200, r#"{"error": "invalid_scope"}"#, "invalid_scope"),
        (200, "<html>hunter2canary", "gave for a token is none"),
        (200, r#"{"token_type": "bearer"}"#, "is not in what its host gave"),
        (200, r#"{"access_token": "hunter2canary", "token_type": "mac"}"#, "only `Bearer`"),
        (200, r#"{"access_token": "hunter2canary\r\nX: 1"}"#, "what a header cannot"),
        (302, "hunter2canary", "status 302"),
        (500, "hunter2canary", "status 500"),
    ] {
        let host = Host::open().await;
        host.book().instead = Some((status, body.to_owned()));
        let told = why(look_up(&host.credentials()).await);
        assert!(told.contains(want) && !told.contains("hunter2"), "{body}: {told}");
        assert!(host.book().seen.is_empty(), "without a token nothing is sent");
    }
}
