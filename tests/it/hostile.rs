//! What no carrier sends: nonsense, floods, messages at the wrong time.
//!
//! Promises: each costs its own stream at most; the next caller is served as if nothing had been.
//! Never: expects an explanation beyond the close code.

use serde_json::json;

use crate::raw::Raw;
use crate::scene::Scene;

/// A stream that has begun; the greeting sounds.
async fn greeted(scene: &Scene) -> Raw {
    let mut raw = Raw::open(&scene.url, None).await.unwrap();
    raw.start("CAraw", json!({})).await;
    raw.voice().await;
    raw
}

/// The next caller hears the greeting.
async fn the_next_is_served(mut scene: Scene) {
    scene.lines();
    scene.greeted().await.finish().await;
    scene.close().await;
}

#[tokio::test]
async fn a_second_start_changes_nothing() {
    let mut scene = Scene::plain().await;
    let mut raw = greeted(&scene).await;
    raw.start("CAother", json!({"agent": "nobody"})).await;
    raw.stop().await;
    raw.closed().await;
    scene.line("CAraw").await;
    scene.line("< hung-up").await;
    assert!(!scene.has("CAother"));
    the_next_is_served(scene).await;
}

#[tokio::test]
async fn media_before_the_start_is_passed_over() {
    let scene = Scene::plain().await;
    let mut raw = Raw::open(&scene.url, None).await.unwrap();
    for chunk in 1..4 {
        raw.media(chunk).await;
    }
    raw.start("CAraw", json!({})).await;
    raw.voice().await;
    raw.stop().await;
    raw.closed().await;
    the_next_is_served(scene).await;
}

#[tokio::test]
async fn a_stream_that_never_starts_is_closed() {
    let scene = Scene::plain().await;
    let mut raw = Raw::open(&scene.url, None).await.unwrap();
    for chunk in 1..40 {
        raw.media(chunk).await;
    }
    assert_eq!(raw.closed().await, Some(1008));
    let mut raw = Raw::open(&scene.url, None).await.unwrap();
    raw.stop().await;
    drop(raw);
    the_next_is_served(scene).await;
}

#[tokio::test]
async fn a_start_of_another_sound_or_of_no_call_is_refused() {
    let scene = Scene::plain().await;
    let mut raw = Raw::open(&scene.url, None).await.unwrap();
    let start = json!({"streamSid": "MZ1", "accountSid": "AC1", "callSid": "CA1", "tracks": ["inbound"],
        "customParameters": {}, "mediaFormat": {"encoding": "audio/opus", "sampleRate": 48000, "channels": 2}});
    raw.send(
        json!({"event": "start", "sequenceNumber": "1", "streamSid": "MZ1", "start": start}).to_string(),
    )
    .await;
    assert_eq!(raw.closed().await, Some(1008));
    let mut raw = Raw::open(&scene.url, None).await.unwrap();
    for _ in 0..20 {
        raw.start("../../etc/passwd", json!({})).await;
    }
    assert_eq!(raw.closed().await, Some(1008));
    the_next_is_served(scene).await;
}

#[tokio::test]
async fn a_flood_of_nonsense_closes_the_stream_and_ends_its_call() {
    let mut scene = Scene::plain().await;
    let mut raw = greeted(&scene).await;
    for text in ["", "{", "[]", "null", "{\"event\":\"media\"}", "\u{0}", "{\"event\":7}"].repeat(3) {
        raw.send(text).await;
    }
    assert_eq!(raw.closed().await, Some(1008));
    scene.line("< hung-up").await;
    the_next_is_served(scene).await;
}

#[tokio::test]
async fn a_few_malformed_messages_are_survived() {
    let mut scene = Scene::plain().await;
    let mut raw = greeted(&scene).await;
    for _ in 0..5 {
        raw.send("{").await;
    }
    scene.line("< synthesised #1").await;
    raw.stop().await;
    scene.line("< hung-up").await;
    raw.closed().await;
    the_next_is_served(scene).await;
}

#[tokio::test]
async fn a_frame_of_ten_megabytes_closes_the_stream() {
    let mut scene = Scene::plain().await;
    let mut raw = greeted(&scene).await;
    raw.send("x".repeat(10 << 20)).await;
    // The close frame may drown in what the gateway does not read any more.
    assert!(matches!(raw.closed().await, Some(1009) | None));
    scene.line("< hung-up").await;
    the_next_is_served(scene).await;
}

#[tokio::test]
async fn marks_and_keys_nobody_asked_for_are_nothing() {
    let mut scene = Scene::plain().await;
    let mut raw = greeted(&scene).await;
    for name in ["", "g1", "#1", "r1.0", "999999999999999999999", "⟦card 1⟧"] {
        raw.send(json!({"event": "mark", "streamSid": "MZraw", "mark": {"name": name}}).to_string()).await;
    }
    for digit in ["", "A", "12", "é", "0"] {
        let key = json!({"event": "dtmf", "streamSid": "MZraw", "dtmf": {"track": "inbound_track", "digit": digit}});
        raw.send(key.to_string()).await;
    }
    // Of a key that opens a number only that it was pressed.
    scene.line("< key •").await;
    raw.stop().await;
    scene.line("< hung-up").await;
    assert!(!scene.has("< played"), "a mark of nobody's proves nothing");
    raw.closed().await;
    the_next_is_served(scene).await;
}
