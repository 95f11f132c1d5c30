//! The client against a server on loopback that answers well, badly, slowly and not at all.
//!
//! Promises: every wait of the client is met by a server that keeps it waiting.
//! Never: leaves loopback, or waits itself: the deadlines under test are milliseconds.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures::{Stream, StreamExt as _, stream};
use secrecy::SecretString;
use tokio::sync::mpsc;

use super::client::{Deadlines, OpenAi};
use crate::core::base::Owner;
use crate::llm::builtin::tests::plan;
use crate::llm::{Llm as _, LlmEvent, Message, Prompt};

/// What the server does with every request.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Well,
    Status(u16),
    JsonInstead,
    Moved,
    NoAnswer,
    Stalls,
    CutInTheMiddle,
    Garbage,
}

#[derive(Clone)]
struct Server {
    manner: Manner,
    /// The bearer header and body of each request.
    seen: mpsc::Sender<(String, serde_json::Value)>,
    let_go: mpsc::Sender<()>,
}

/// Held by a stalled answer; tells when the connection drops it.
struct Held(mpsc::Sender<()>);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.try_send(());
    }
}

const HELLO: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Hello there. \"}}]}\n\n";
const REST: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Bye.\"},\"finish_reason\":\"stop\"}]}\n\n\
    data: [DONE]\n\n";

async fn completions(State(server): State<Server>, headers: HeaderMap, body: Bytes) -> Response {
    let key = headers.get("authorization").map_or("", |v| v.to_str().unwrap()).to_owned();
    server.seen.send((key, serde_json::from_slice(&body).unwrap())).await.unwrap();
    match server.manner {
        Manner::Well => events(stream::iter([HELLO, REST]).map(Ok)),
        Manner::Status(code) => {
            let error = r#"{"error":{"code":"some_code","message":"prose that quotes the caller"}}"#;
            (StatusCode::from_u16(code).unwrap(), [("content-type", "application/json")], error)
                .into_response()
        }
        Manner::JsonInstead => {
            ([("content-type", "application/json")], r#"{"error":{"code":"odd"}}"#).into_response()
        }
        Manner::Moved => (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")]).into_response(),
        Manner::NoAnswer => std::future::pending().await,
        Manner::Stalls => {
            let held = Held(server.let_go.clone());
            let stalled = stream::once(async move {
                std::future::pending::<()>().await;
                drop(held);
                Ok("")
            });
            events(stream::iter([Ok(HELLO)]).chain(stalled))
        }
        Manner::CutInTheMiddle => {
            let broken = std::io::Error::other("the server fell over");
            events(stream::iter([Ok(HELLO), Err(broken)]))
        }
        Manner::Garbage => events(stream::iter([Ok(HELLO), Ok("data: <html>\n\n")])),
    }
}

fn events(parts: impl Stream<Item = Result<&'static str, std::io::Error>> + Send + 'static) -> Response {
    ([("content-type", "text/event-stream")], Body::from_stream(parts)).into_response()
}

struct Stage {
    model: OpenAi,
    seen: mpsc::Receiver<(String, serde_json::Value)>,
    let_go: mpsc::Receiver<()>,
}

async fn stage(manner: Manner, deadlines: Deadlines) -> Stage {
    let (seen_in, seen) = mpsc::channel(8);
    let (let_go_in, let_go) = mpsc::channel(1);
    let state = Server { manner, seen: seen_in, let_go: let_go_in };
    let app = Router::new().route("/v1/chat/completions", post(completions)).with_state(state);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let key = Some(SecretString::from("sk-canary"));
    Stage { model: OpenAi::new("m", Some(&base), key, deadlines).unwrap(), seen, let_go }
}

fn prompt() -> Prompt {
    let history = vec![Message::Caller { text: "hello, my pin is 7777".into(), keyed: false }];
    Prompt { plan: Arc::clone(&plan()), withheld: BTreeSet::new(), history }
}

fn wrote(text: &str) -> LlmEvent {
    LlmEvent::Wrote(text.to_owned())
}

#[tokio::test]
async fn an_answer_is_streamed_and_the_request_carries_key_and_model() {
    let mut stage = stage(Manner::Well, Deadlines::default()).await;
    let events: Vec<_> = stage.model.generate(prompt()).collect().await;
    assert_eq!(events, [wrote("Hello there."), wrote("Bye."), LlmEvent::Finished { usage: None }]);
    let (key, body) = stage.seen.recv().await.unwrap();
    assert_eq!(key, "Bearer sk-canary");
    assert_eq!(body["model"], "m");
    assert_eq!(body["messages"][1]["content"], "hello, my pin is 7777");
}

#[tokio::test]
async fn every_refusal_and_break_is_one_fault_with_its_owner_and_no_private_word() {
    let table = [
        (Manner::Status(401), Owner::Admin, "401"),
        (Manner::Status(404), Owner::Admin, "404"),
        (Manner::Status(400), Owner::Admin, "some_code"),
        (Manner::Status(429), Owner::Provider, "429"),
        (Manner::Status(500), Owner::Provider, "500"),
        (Manner::JsonInstead, Owner::Provider, "odd"),
        (Manner::Moved, Owner::Provider, "307"),
        (Manner::CutInTheMiddle, Owner::Provider, "broke"),
        (Manner::Garbage, Owner::Provider, "no chunk"),
    ];
    for (manner, owner, told) in table {
        let stage = stage(manner, Deadlines::default()).await;
        let events: Vec<_> = stage.model.generate(prompt()).collect().await;
        let Some((LlmEvent::Failed(fault), before)) = events.split_last() else {
            panic!("{manner:?}: {events:?}");
        };
        assert!(before.iter().all(|e| *e == wrote("Hello there.")), "{manner:?}: {events:?}");
        assert_eq!(fault.owner, owner, "{manner:?}");
        assert!(fault.what.contains(told), "{manner:?}: {fault}");
        for private in ["sk-canary", "7777", "prose"] {
            assert!(!format!("{fault:?} {:?} {:?}", stage.model, prompt()).contains(private), "{manner:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_keeps_silent_meets_the_deadline_of_its_step() {
    let short = Duration::from_millis(50);
    let hour = Duration::from_secs(3_600);
    let first = Deadlines { connect: hour, first_byte: short, idle: hour };
    let idle = Deadlines { connect: hour, first_byte: hour, idle: short };
    for (manner, deadlines, pieces) in [(Manner::NoAnswer, first, 0), (Manner::Stalls, idle, 1)] {
        let stage = stage(manner, deadlines).await;
        let events: Vec<_> = stage.model.generate(prompt()).collect().await;
        assert_eq!(events.len(), pieces + 1, "{manner:?}");
        let last = events.last();
        assert!(matches!(last, Some(LlmEvent::Failed(f)) if f.what.contains("said nothing")), "{last:?}");
    }
}

#[tokio::test]
async fn nobody_listening_is_a_fault_at_once() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let model = OpenAi::new("m", Some(&base), None, Deadlines::default()).unwrap();
    let events: Vec<_> = model.generate(prompt()).collect().await;
    assert!(
        matches!(&events[..], [LlmEvent::Failed(f)] if f.what.contains("cannot be reached")),
        "{events:?}"
    );
}

#[tokio::test]
async fn dropping_the_stream_lets_go_of_the_server_at_once() {
    let mut stage = stage(Manner::Stalls, Deadlines::default()).await;
    let mut events = stage.model.generate(prompt());
    assert_eq!(events.next().await, Some(wrote("Hello there.")));
    drop(events);
    let told = tokio::time::timeout(Duration::from_secs(5), stage.let_go.recv()).await;
    assert_eq!(told, Ok(Some(())), "the connection dropped the answer");
}

#[test]
fn a_base_that_is_no_http_address_is_the_admins_fault() {
    for base in ["", "localhost:8080/v1", "ftp://a/v1", "http://"] {
        let refused = OpenAi::new("m", Some(base), None, Deadlines::default()).err();
        assert_eq!(refused.map(|f| f.owner), Some(Owner::Admin), "{base}");
    }
}
