//! One carrier's call, more than one stream: each conversation has its own journal, and only the last may act.
//!
//! Promises: whoever is turned away is in the log, with an owner and a remedy.
//! Never: trusts a socket to know that it is over.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use centralita::core::base::Millis;
use centralita::store::{IntentState, OutcomeKind};
use serde_json::json;
use tokio::sync::Semaphore;
use tracing::subscriber::DefaultGuard;

use crate::raw::Raw;
use crate::scene::{REFUND, Scene, Stage, here, http, patient, told, twenty};

/// What the log says.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Kept {
    /// Keeps what this thread logs, as long as the guard lives.
    fn here() -> (Kept, DefaultGuard) {
        let kept = Kept::default();
        let writer = kept.clone();
        let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        (kept, tracing::subscriber::set_default(log))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// A shop's look-alike that books a refund once for each key, and answers when it is told to.
struct Till {
    keys: Mutex<Vec<String>>,
    /// A permit for each request that came.
    asked: Semaphore,
    /// Closed when it may answer.
    held: Semaphore,
}

impl Till {
    async fn open() -> (Arc<Till>, Stage) {
        let till =
            Arc::new(Till { keys: Mutex::default(), asked: Semaphore::new(0), held: Semaphore::new(0) });
        let way = here().await;
        let order = || async { axum::Json(json!({"item": "lamp", "total": "45.00", "status": "sent"})) };
        let router = Router::new()
            .route("/orders/{id}", get(order))
            .route("/orders/{id}/refunds", post(Till::refund))
            .with_state(Arc::clone(&till));
        let helper = tokio::spawn(async move { axum::serve(way.listener, router).await.unwrap() });
        // Longer than a second conversation takes until it sends.
        let tool_timeout = Millis(60_000);
        let stage =
            Stage { tools_at: Some(way.public), helper: Some(helper), tool_timeout, ..Stage::default() };
        (till, stage)
    }

    async fn refund(State(till): State<Arc<Till>>, headers: HeaderMap) -> axum::Json<serde_json::Value> {
        let key = headers["idempotency-key"].to_str().unwrap().to_owned();
        till.book(key);
        till.asked.add_permits(1);
        assert!(till.held.acquire().await.is_err(), "nobody gives a permit");
        axum::Json(json!({"amount": "20.00"}))
    }

    fn book(&self, key: String) {
        let mut keys = self.keys.lock().unwrap();
        if !keys.contains(&key) {
            keys.push(key);
        }
    }

    /// Waits until one more request has come.
    async fn asked(&self) {
        patient("a request to the shop", self.asked.acquire()).await.unwrap().forget();
    }

    fn refunds(&self) -> usize {
        self.keys.lock().unwrap().len()
    }
}

/// The name of the call a journal's line is of.
fn call_of(line: &str) -> String {
    line.split(' ').next().unwrap().to_owned()
}

/// What the carrier is answered that asks what comes after the first stream of `call`.
async fn after_stream(scene: &Scene, call: &str) -> String {
    let url = scene.url.join("hooks/twilio/after-stream?attempt=0").unwrap();
    let form = [
        ("CallSid", call),
        ("AccountSid", "AC1"),
        ("From", "+15550100001"),
        ("To", "+15550100002"),
        ("CallStatus", "in-progress"),
    ];
    http().post(url).form(&form).send().await.unwrap().text().await.unwrap()
}

async fn nothing_began(scene: &mut Scene) {
    assert!(!scene.has("> run"), "nothing of it may begin");
    assert!(scene.refunds().await.is_empty() && scene.intents().await.is_empty());
}

async fn stream(scene: &Scene, call: &str) -> Raw {
    let mut raw = Raw::open(&scene.url, None).await.unwrap();
    raw.start(call, json!({})).await;
    raw
}

#[tokio::test]
async fn a_second_stream_of_a_call_ends_the_first_conversation_and_has_a_journal_of_its_own() {
    let mut scene = Scene::plain().await;
    let mut first = stream(&scene, "CA1").await;
    first.voice().await;
    let mut second = stream(&scene, "CA1").await;
    second.voice().await;
    assert_eq!(first.closed().await, Some(1001));
    second.stop().await;
    second.closed().await;
    scene.quiet().await;
    assert!(scene.has("CA1 ") && scene.has("CA1-1 "));
    assert_eq!(scene.store.call_ids().await.unwrap(), ["CA1", "CA1-1"]);
    // A name is not free again once its call is over.
    let mut third = stream(&scene, "CA1").await;
    third.voice().await;
    third.stop().await;
    third.closed().await;
    scene.quiet().await;
    assert!(scene.has("CA1-2 "));
    scene.close().await;
}

#[tokio::test]
async fn a_question_is_void_once_the_carrier_asks_what_comes_after_its_stream() {
    let mut scene = Scene::plain().await;
    let caller = scene.asked().await;
    let call = call_of(scene.lines().last().unwrap());
    let twiml = after_stream(&scene, &call).await;
    assert!(twiml.contains("<Connect"), "{twiml}");
    caller.say("yes").await;
    scene.line("note withdrawn t1").await;
    caller.finish().await;
    scene.quiet().await;
    nothing_began(&mut scene).await;
    scene.close().await;
}

#[tokio::test]
async fn a_stream_that_found_no_place_ends_with_the_sentence_that_all_is_busy() {
    let mut scene = Scene::of(Stage { calls_max: 1, ..Stage::default() }).await;
    let first = scene.greeted().await;
    let mut raw = stream(&scene, "CA2").await;
    assert_eq!(raw.closed().await, Some(1008));
    let twiml = after_stream(&scene, "CA2").await;
    assert!(twiml.contains("busy") && twiml.contains("<Hangup") && !twiml.contains("<Connect"), "{twiml}");
    first.finish().await;
    scene.close().await;
}

#[tokio::test]
async fn a_stream_that_does_not_begin_is_logged_once_with_its_owner_and_a_remedy() {
    let (kept, _here) = Kept::here();
    let scene = Scene::plain().await;
    let mut nonsense = Raw::open(&scene.url, None).await.unwrap();
    for _ in 0..20 {
        nonsense.send("{private words").await;
    }
    nonsense.closed().await;
    let mut flood = Raw::open(&scene.url, None).await.unwrap();
    for chunk in 1..40 {
        flood.media(chunk).await;
    }
    flood.closed().await;
    let mut long = Raw::open(&scene.url, None).await.unwrap();
    for _ in 0..20 {
        long.start(&"C".repeat(500), json!({})).await;
    }
    long.closed().await;
    scene.quiet().await;
    scene.close().await;
    let text = kept.text();
    let said: Vec<&str> = text.lines().filter(|line| line.contains("a media stream did not begin")).collect();
    assert_eq!(said.len(), 3, "{text}");
    let causes = ["no `message` that we can read", "16 messages came", "`callSid` is no id"];
    for (line, cause) in said.iter().zip(causes) {
        assert!(line.contains(cause) && line.contains("owner=Provider"), "{line}");
        assert!(line.contains("see in the carrier's debugger"), "{line}");
    }
    assert!(!text.contains("private words") && !text.contains("CCCC"), "{text}");
}

#[tokio::test]
async fn a_stream_whose_start_never_comes_is_closed_at_its_limit_and_logged() {
    let (kept, _here) = Kept::here();
    let scene = Scene::plain().await;
    let mut mute = Raw::open(&scene.url, None).await.unwrap();
    mute.is_read().await;
    // Nothing is under way but the wait.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(5)).await;
    tokio::time::resume();
    assert_eq!(mute.closed().await, Some(1008));
    scene.quiet().await;
    scene.close().await;
    let text = kept.text();
    let said: Vec<&str> = text.lines().filter(|line| line.contains("a media stream did not begin")).collect();
    let wanted = ["owner=Provider", "5s went by before a `start` message", "see in the carrier's debugger"];
    assert!(said.len() == 1 && wanted.iter().all(|part| said[0].contains(part)), "{text}");
}

#[tokio::test]
async fn a_yes_is_void_when_a_second_stream_comes_within_the_breath_after_it() {
    // The action is named for so long that the breath lasts.
    let mut scene = Scene::of(Stage { pace: Millis(40), ..Stage::default() }).await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    let call = call_of(&scene.line("> say #3.0 action:t1").await);
    let mut second = stream(&scene, &call).await;
    scene.line("note withdrawn t1").await;
    // The carrier asks what comes after the first stream, and connects its caller anew.
    scene.line("-2 0.").await;
    assert_eq!(second.closed().await, Some(1001));
    caller.finish().await;
    scene.quiet().await;
    nothing_began(&mut scene).await;
    scene.close().await;
}

#[tokio::test]
async fn a_second_stream_while_the_shop_has_the_request_leaves_one_refund_and_its_outcome() {
    let (till, stage) = Till::open().await;
    let mut scene = Scene::of(stage).await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    let call = call_of(&scene.line("> run t1").await);
    till.asked().await;
    let mut second = stream(&scene, &call).await;
    scene.line("-2 0.").await;
    assert_eq!(second.closed().await, Some(1001));
    scene.line("< played #1").await;
    caller.say(REFUND).await;
    scene.line("note asked t1").await;
    caller.say("yes").await;
    scene.line("> run t1").await;
    till.asked().await;
    assert!(!scene.has("settled") && !scene.has("outcome:"), "nobody knows yet");
    till.held.close();
    scene.line("< settled t1 done").await;
    let outcome = scene.line("outcome:t1").await;
    assert!(outcome.starts_with(&format!("{call}-2 ")) && outcome.contains("That's done."), "{outcome}");
    caller.finish().await;
    scene.quiet().await;
    let intents = scene.intents().await;
    let keys: Vec<_> = intents.iter().map(|record| &record.intent.idempotency_key).collect();
    let done = |state: &IntentState| matches!(state, IntentState::Settled(o) if o.kind == OutcomeKind::Done);
    assert!(intents.iter().all(|record| done(&record.state)), "{intents:?}");
    assert!(keys.len() == 2 && keys[0] == keys[1] && till.refunds() == 1, "{keys:?}");
    scene.close().await;
}

#[tokio::test]
async fn what_an_earlier_conversation_of_the_call_has_done_is_asked_about_and_not_done_twice() {
    let mut scene = Scene::plain().await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    let call = call_of(&scene.line("< settled t1 done").await);
    let mut second = stream(&scene, &call).await;
    scene.line("-2 0.").await;
    second.closed().await;
    scene.line("< played #1").await;
    caller.say(REFUND).await;
    scene.line("note asked t1").await;
    caller.say("yes").await;
    scene.line("< settled t1 done").await;
    scene.line("outcome:t1 \"That's done.\"").await;
    let all = told(&caller.finish().await);
    assert!(!all.iter().any(|text| text.contains("find out")), "{all:?}");
    assert_eq!(scene.refunds().await, twenty());
    scene.close().await;
}
