//! One carrier's call, more than one stream: each conversation has its own journal, and only the last may act.
//!
//! Promises: whoever is turned away is in the log, with an owner and a remedy.
//! Never: trusts a socket to know that it is over.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::raw::Raw;
use crate::scene::{Scene, Stage, http};

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
    let call = scene.lines().last().unwrap().split(' ').next().unwrap().to_owned();
    let twiml = after_stream(&scene, &call).await;
    assert!(twiml.contains("<Connect"), "{twiml}");
    caller.say("yes").await;
    scene.line("note withdrawn t1").await;
    caller.finish().await;
    scene.quiet().await;
    assert!(!scene.has("> run"), "nothing of it may begin");
    assert!(scene.refunds().await.is_empty() && scene.intents().await.is_empty());
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
    let kept = Kept::default();
    let writer = kept.clone();
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _here = tracing::subscriber::set_default(log);
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
    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    let said: Vec<&str> = text.lines().filter(|line| line.contains("a media stream did not begin")).collect();
    assert_eq!(said.len(), 3, "{text}");
    let causes = ["no `message` that we can read", "16 messages came", "`callSid` is no id"];
    for (line, cause) in said.iter().zip(causes) {
        assert!(line.contains(cause) && line.contains("owner=Provider"), "{line}");
        assert!(line.contains("see in the carrier's debugger"), "{line}");
    }
    assert!(!text.contains("private words") && !text.contains("CCCC"), "{text}");
}
