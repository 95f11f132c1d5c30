//! A small shop on loopback that can misbehave, and the two tools that speak to it.
//!
//! Promises: it counts every request that reached it, whatever it answers.
//! Never: waits longer than a test's deadline.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use centralita_core::base::{CallId, Millis, ToolName};
use centralita_core::conversation::{Effects, Parameter, ParameterKind};
use centralita_core::language::Language;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::secrets::{SecretName, Secrets};

/// Longest run of a tool in these tests.
pub(super) const TIMEOUT_MS: u32 = 700;

/// An order that the shop does not have.
pub(super) const NO_SUCH_ORDER: &str = "0000";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    Works,
    Answers(u16, &'static str),
    Garbage,
    /// Commits, and answers too late.
    Slow,
    /// Commits, and the line breaks.
    Closes,
}

#[derive(Clone, Debug)]
pub(super) struct Post {
    pub(super) body: Value,
    pub(super) key: Option<String>,
    pub(super) token: Option<String>,
}

#[derive(Clone)]
struct Ledger {
    reads: Behaviour,
    writes: Behaviour,
    probes: Behaviour,
    gets: Arc<Mutex<Vec<String>>>,
    posts: Arc<Mutex<Vec<Post>>>,
}

pub(super) struct Shop {
    port: u16,
    ledger: Ledger,
    server: JoinHandle<()>,
}

impl Shop {
    /// Reads work; writes behave as told.
    pub(super) async fn open(writes: Behaviour) -> Shop {
        Shop::start(Behaviour::Works, writes, Behaviour::Works).await
    }

    pub(super) async fn open_for_probes(probes: Behaviour) -> Shop {
        Shop::open_with(Behaviour::Works, probes).await
    }

    /// Writes and questions about them behave as told.
    pub(super) async fn open_with(writes: Behaviour, probes: Behaviour) -> Shop {
        Shop::start(Behaviour::Works, writes, probes).await
    }

    pub(super) async fn open_for_reads(reads: Behaviour) -> Shop {
        Shop::start(reads, Behaviour::Works, Behaviour::Works).await
    }

    async fn start(reads: Behaviour, writes: Behaviour, probes: Behaviour) -> Shop {
        let ledger = Ledger { reads, writes, probes, gets: Arc::default(), posts: Arc::default() };
        let router = Router::new()
            .route("/v1/orders/{order}", get(order))
            .route("/v1/orders/{order}/refunds", get(made).post(refunds))
            .with_state(ledger.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Shop { port, ledger, server }
    }

    pub(super) async fn close(self) {
        self.server.abort();
        let _ = self.server.await;
    }

    pub(super) fn base(&self) -> url::Url {
        format!("http://127.0.0.1:{}/v1", self.port).parse().unwrap()
    }

    pub(super) fn gets(&self) -> usize {
        self.ledger.gets.lock().unwrap().len()
    }

    pub(super) fn get_uris(&self) -> Vec<String> {
        self.ledger.gets.lock().unwrap().clone()
    }

    pub(super) fn posts(&self) -> Vec<Post> {
        self.ledger.posts.lock().unwrap().clone()
    }
}

async fn order(
    State(ledger): State<Ledger>,
    Path(order): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    ledger.gets.lock().unwrap().push(uri.to_string());
    if order == NO_SUCH_ORDER {
        return behave(Behaviour::Answers(404, "{}"), Value::Null).await;
    }
    // Systems that are to be mended say what they were sent.
    let sent = format!("{} {uri}", headers.get("authorization").map_or("", |value| value.to_str().unwrap()));
    let works = json!({"item": "a lamp", "total": "49.90", "state": "shipped", "customer": {"postcode": "AB1"}, "sent": sent});
    behave(ledger.reads, works).await
}

/// What a probe asks.
async fn made(State(ledger): State<Ledger>, Path(_): Path<String>, uri: Uri) -> Response {
    ledger.gets.lock().unwrap().push(uri.to_string());
    behave(ledger.probes, json!({"refunds": []})).await
}

async fn refunds(State(ledger): State<Ledger>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let body: Value = serde_json::from_slice(&body).unwrap();
    let works = json!({"ok": true, "refunded": body["amount"]});
    let (key, token) = (text("idempotency-key"), text("authorization"));
    ledger.posts.lock().unwrap().push(Post { body, key, token });
    behave(ledger.writes, works).await
}

async fn behave(behaviour: Behaviour, works: Value) -> Response {
    match behaviour {
        Behaviour::Works => axum::Json(works).into_response(),
        Behaviour::Answers(status, body) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
        Behaviour::Garbage => "<html>hello".into_response(),
        Behaviour::Slow => std::future::pending().await,
        // axum ends the connection of a handler that panics, without a byte.
        Behaviour::Closes => std::panic::resume_unwind(Box::new("the line breaks, as this test wants")),
    }
}

fn parameter(name: &str, kind: ParameterKind) -> Parameter {
    Parameter {
        name: name.into(),
        kind,
        description: String::new(),
        required: true,
        ask: String::new(),
        ..Parameter::default()
    }
}

pub(super) fn exchange(method: Method, path: &str, map: &[(&str, &str)]) -> Exchange {
    Exchange {
        method,
        path: path.into(),
        query: BTreeMap::new(),
        headers: BTreeMap::new(),
        body: None,
        map: map.iter().map(|(name, expression)| ((*name).into(), (*expression).into())).collect(),
        success: None,
        answers: Answers::Json,
        verify: Vec::new(),
        errors: [(404, "no order with that number".to_owned())].into(),
        errors_when: Vec::new(),
        sample: None,
        called: None,
        error_means: ErrorMeans::Unknown,
        step: None,
    }
}

pub(super) fn status() -> ToolSpec {
    let proof = Rule {
        parameter: "postcode".into(),
        compare: Compare::EqualsIgnoreCase,
        held: "customer.postcode".into(),
        country: None,
        error: "that postcode does not fit".into(),
    };
    ToolSpec {
        name: ToolName("shop.order_status".into()),
        parameters: vec![parameter("order", ParameterKind::Text), parameter("postcode", ParameterKind::Text)],
        effects: Effects::None,
        prepare: Vec::new(),
        request: Exchange {
            verify: vec![proof],
            ..exchange(Method::Get, "/orders/{{ order }}", &[("state", "state")])
        },
        given: Vec::new(),
        result: None,
        before: Vec::new(),
        store: BTreeMap::new(),
        key: KeyPlace::None,
        not_done_on: [].into(),
        probe: None,
        budget: Budget::default(),
        timeout: Millis(TIMEOUT_MS),
        cache: None,
        per_caller: PerCaller::default(),
    }
}

pub(super) fn refund() -> ToolSpec {
    let look_up = exchange(Method::Get, "/orders/{{ order }}", &[("item", "item"), ("total", "total")]);
    ToolSpec {
        name: ToolName("shop.refund".into()),
        parameters: vec![
            parameter("order", ParameterKind::Digits),
            parameter("amount", ParameterKind::Money),
        ],
        effects: Effects::Irreversible,
        prepare: vec![look_up],
        request: Exchange {
            body: Some(Body::Json(json!({"amount": "{{ amount }}"}))),
            success: Some("ok".into()),
            ..exchange(Method::Post, "/orders/{{ order }}/refunds", &[("refunded", "refunded")])
        },
        given: Vec::new(),
        result: None,
        before: Vec::new(),
        store: BTreeMap::new(),
        key: KeyPlace::Header("Idempotency-Key".into()),
        not_done_on: [503].into(),
        probe: None,
        budget: Budget::default(),
        timeout: Millis(TIMEOUT_MS),
        cache: None,
        per_caller: PerCaller::default(),
    }
}

pub(super) fn connection(base: url::Url) -> Connection {
    let bearer = SecretHeader {
        header: "Authorization".into(),
        prefix: "Bearer ".into(),
        secret: "SHOP_STANDIN_TOKEN".into(),
    };
    let auth = Auth { headers: vec![bearer], ..Auth::default() };
    Connection { id: "shop".into(), base, allow_private: true, auth, mcp: None }
}

/// 2026-03-29 00:30 in UTC, half an hour before the clocks of Madrid go forward.
const NOW_US: i64 = 1_774_744_200_000_000;

pub(super) fn call() -> CallFacts {
    call_named("CA1")
}

pub(super) fn call_named(id: &str) -> CallFacts {
    CallFacts {
        id: CallId::parse(id).unwrap(),
        from: "+34600111222".into(),
        to: "+34910000000".into(),
        agent: "shop".into(),
        now_us: || NOW_US,
    }
}

pub(super) fn registry(shop: &Shop, tools: impl IntoIterator<Item = ToolSpec>) -> Registry {
    registry_of(call(), shop, tools)
}

pub(super) fn registry_of(
    call: CallFacts,
    shop: &Shop,
    tools: impl IntoIterator<Item = ToolSpec>,
) -> Registry {
    let token = SecretName::reference("secret.SHOP_STANDIN_TOKEN").unwrap();
    let secrets = Secrets::from_env().with(token, "shop-token".to_owned().into());
    let key = SecretName::reference("secret.SHOP_KEY").unwrap();
    let secrets = secrets.with(key, "canary-of-the-shop".to_owned().into());
    let tools = tools.into_iter().collect();
    let toolbox =
        Toolbox::new(Language::English, "USD", &[connection(shop.base())], tools, &secrets).unwrap();
    Registry::new(Arc::new(toolbox), call, ActionSecret::new(&[7; 32]))
}
