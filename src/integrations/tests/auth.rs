//! Who we are, as a system on loopback sees it.
//!
//! Promises: what it was sent is looked at byte for byte; nothing of it prints.
//! Never: asks a system outside of this machine.

use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use centralita_core::language::Language;
use serde_json::json;
use tokio::net::TcpListener;

use super::shop::{call, refund, status};
use super::*;
use crate::secrets::{SecretName, Secrets};

/// What was sent: the address with its query, the headers, and the body.
type Seen = Arc<Mutex<Vec<(String, axum::http::HeaderMap, Bytes)>>>;

/// A system that takes note and finds every order.
async fn system() -> (url::Url, Seen) {
    let seen = Seen::default();
    let router = Router::new().fallback(note).with_state(Arc::clone(&seen));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (base, seen)
}

async fn note(State(seen): State<Seen>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    seen.lock().unwrap().push((format!("{} {}", head.method, head.uri), head.headers, body));
    let order =
        json!({"item": "a lamp", "total": "49.90", "state": "shipped", "customer": {"postcode": "AB1"}});
    let mut answer = json!({"ok": true, "refunded": "20.00"});
    answer.as_object_mut().unwrap().extend(order.as_object().unwrap().clone());
    axum::Json(answer).into_response()
}

pub(super) fn secrets(given: &[(&str, &str)]) -> Secrets {
    given.iter().fold(Secrets::from_env(), |secrets, (name, value)| {
        let name = SecretName::reference(&format!("secret.{name}")).unwrap();
        secrets.with(name, (*value).to_owned().into())
    })
}

pub(super) fn opened(base: url::Url, auth: Auth, secrets: &Secrets) -> Result<Registry, Vec<Fault>> {
    let connection = Connection { id: "shop".into(), base, allow_private: true, auth, mcp: None };
    opened_with(connection, vec![status(), refund()], secrets)
}

/// With tools that wait for a machine that has much to do: nothing here is about time.
pub(super) fn opened_with(
    connection: Connection,
    tools: Vec<ToolSpec>,
    secrets: &Secrets,
) -> Result<Registry, Vec<Fault>> {
    let tools = tools.into_iter().map(|tool| ToolSpec { timeout: Millis(20_000), ..tool }).collect();
    let toolbox = Toolbox::new(Language::English, "USD", &[connection], tools, secrets)?;
    Ok(Registry::new(Arc::new(toolbox), call(), ActionSecret::new(&[7; 32])))
}

/// One look-up with this; what the system saw, and how the registry prints.
async fn sent(auth: Auth, given: &[(&str, &str)]) -> (String, axum::http::HeaderMap, String) {
    let (base, seen) = system().await;
    let registry = opened(base, auth, &secrets(given)).unwrap();
    let done = read(&registry, &status(), json!({"order": "1182", "postcode": "AB1"})).await;
    assert!(matches!(done, Outcome::Done { .. }), "{done:?}");
    let (uri, headers, _) = seen.lock().unwrap().pop().unwrap();
    (uri, headers, format!("{registry:?}"))
}

fn header(header: &str, prefix: &str, secret: &str) -> SecretHeader {
    SecretHeader { header: header.into(), prefix: prefix.into(), secret: secret.into() }
}

const CANARY: &str = "hunter2canary";

#[tokio::test]
async fn each_way_to_say_who_we_are_arrives_as_it_is_meant_and_prints_nowhere() {
    let headers = Auth {
        headers: vec![header("X-Key", "", "A"), header("Authorization", "Token ", "A")],
        texts: [("X-Shop".to_owned(), "lamps".to_owned())].into(),
        ..Auth::default()
    };
    let basic = Basic { user: Stated::Text("shop".into()), password: "A".into() };
    let basic = Auth { basic: Some(basic), ..Auth::default() };
    let pair = format!("Basic {}", STANDARD.encode("shop:hunter2canary"));
    for (auth, want) in [
        (Auth::default(), &[][..]),
        (headers, &[("x-key", CANARY), ("authorization", "Token hunter2canary"), ("x-shop", "lamps")]),
        (basic, &[("authorization", pair.as_str())]),
    ] {
        let (uri, got, printed) = sent(auth, &[("A", CANARY)]).await;
        assert_eq!(uri, "GET /v1/orders/1182");
        for (name, value) in want {
            assert_eq!(got[*name], *value);
        }
        assert!(!want.is_empty() || got.get("authorization").is_none());
        assert!(!printed.contains("hunter2") && !printed.contains(&pair), "{printed}");
    }
}

#[tokio::test]
async fn a_key_in_the_address_is_one_parameter_whatever_it_holds_and_is_in_no_digest() {
    let query = |secret: &str| Auth {
        query: Some(SecretQuery { name: "api key".into(), secret: secret.into() }),
        ..Auth::default()
    };
    let (uri, _, printed) = sent(query("A"), &[("A", "a&b=c d#ñ")]).await;
    assert_eq!(uri, "GET /v1/orders/1182?api+key=a%26b%3Dc+d%23%C3%B1");
    assert!(!printed.contains("a&b"), "{printed}");
    let mut actions = Vec::new();
    for value in ["one", "another"] {
        let (base, seen) = system().await;
        let mut tool = refund();
        tool.prepare.clear();
        let connection =
            Connection { id: "shop".into(), base, allow_private: true, auth: query("A"), mcp: None };
        let given = secrets(&[("A", value)]);
        let toolbox =
            Toolbox::new(Language::English, "USD", &[connection], vec![tool.clone()], &given).unwrap();
        let registry = Registry::new(Arc::new(toolbox), call(), ActionSecret::new(&[7; 32]));
        let args = json!({"order": "1182", "amount": "20"});
        let prepared = registry.prepare(T1, &tool.name, &args, &private()).await.unwrap();
        actions.push((prepared.values, seen.lock().unwrap().len()));
    }
    assert_eq!(actions[0], actions[1]);
}

#[tokio::test]
async fn every_secret_that_is_missing_is_named_at_once() {
    let auth = Auth {
        headers: vec![header("X-Key", "", "MISSING_A")],
        query: Some(SecretQuery { name: "k".into(), secret: "MISSING_B".into() }),
        basic: Some(Basic { user: Stated::Secret("MISSING_C".into()), password: "MISSING_D".into() }),
        ..Auth::default()
    };
    let (base, _) = system().await;
    let faults = opened(base, auth, &secrets(&[])).unwrap_err();
    let told: Vec<&str> = faults.iter().map(|fault| fault.what.as_str()).collect();
    assert_eq!(
        told,
        ["MISSING_A", "MISSING_C", "MISSING_B"].map(|name| format!("the secret `{name}` is missing"))
    );
}

#[tokio::test]
async fn a_secret_that_cannot_be_sent_is_named_and_not_shown() {
    let with_basic =
        |user: Stated| Auth { basic: Some(Basic { user, password: "A".into() }), ..Auth::default() };
    for (auth, odd, want) in [
        (
            Auth { headers: vec![header("X-Key", "", "A")], ..Auth::default() },
            "hunter2\r\nX-More: 1",
            "`A` holds what",
        ),
        (with_basic(Stated::Secret("A".into())), "hunter2:x", "has a `:`"),
    ] {
        let (base, _) = system().await;
        let faults = opened(base, auth, &secrets(&[("A", odd)])).unwrap_err();
        assert!(faults[0].what.contains(want), "{faults:?}");
        assert!(!format!("{faults:?}").contains("hunter2"), "{faults:?}");
    }
}

#[tokio::test]
async fn a_signature_is_over_what_arrives_key_and_all() {
    let signature = Signature::Hmac(Hmac {
        secret: "A".into(),
        header: "X-Signature".into(),
        algorithm: Algorithm::Sha256,
        encoding: Encoding::Base64,
        over: "{method} {target}\n{timestamp}\n{body}".into(),
        value: "v1={signature}".into(),
        clock: Clock::Seconds,
        timestamp_header: Some("X-Time".into()),
    });
    let query = Some(SecretQuery { name: "key".into(), secret: "A".into() });
    let (base, seen) = system().await;
    let auth = Auth { signature: Some(signature), query, ..Auth::default() };
    let registry = opened(base, auth, &secrets(&[("A", CANARY)])).unwrap();
    let outcome = act(&registry, &refund(), ActionKey::Own(T1), &Log::default()).await;
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    assert!(!format!("{registry:?}").contains(CANARY));
    let sent = seen.lock().unwrap().clone();
    assert_eq!(sent.len(), 2, "the look-up and the refund");
    for (line, headers, body) in sent {
        let time = headers["x-time"].to_str().unwrap();
        let over = [format!("{line}\n{time}\n").as_bytes(), &body].concat();
        let tag = headers["x-signature"].to_str().unwrap().strip_prefix("v1=").unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, CANARY.as_bytes());
        hmac::verify(&key, &over, &STANDARD.decode(tag).unwrap()).unwrap();
        let apart = jiff::Timestamp::now().as_second() - time.parse::<i64>().unwrap();
        assert!((0..60).contains(&apart), "{apart} seconds");
    }
}

#[tokio::test]
async fn a_standard_webhook_has_the_key_of_its_deed_as_its_id() {
    let signature = Signature::StandardWebhooks { secret: "A".into() };
    let (base, seen) = system().await;
    let tool = ToolSpec { key: KeyPlace::Header("webhook-id".into()), prepare: Vec::new(), ..refund() };
    let auth = Auth { signature: Some(signature), ..Auth::default() };
    let connection = Connection { id: "shop".into(), base, allow_private: true, auth, mcp: None };
    let given = secrets(&[("A", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]);
    let registry = opened_with(connection, vec![tool.clone()], &given).unwrap();
    act(&registry, &tool, ActionKey::Own(T1), &Log::default()).await;
    let (_, headers, body) = seen.lock().unwrap().pop().unwrap();
    assert_eq!(headers["webhook-id"], "CA1-t1");
    let over = [b"CA1-t1.", headers["webhook-timestamp"].as_bytes(), b".", &body].concat();
    let key =
        hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
    let tag = headers["webhook-signature"].to_str().unwrap().strip_prefix("v1,").unwrap();
    hmac::verify(&key, &over, &STANDARD.decode(tag).unwrap()).unwrap();
}
