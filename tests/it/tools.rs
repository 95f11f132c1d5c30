//! A shop that is down, slow, broken or talks nonsense, before the question and after the yes.
//!
//! Promises: the caller hears something either way; what failed before it was sent is *failed*, what failed after is
//! *unknown*; nobody hears *done*.
//! Never: needs the shop to be honest.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use centralita::core::base::Millis;
use centralita::demo::shop::Faults;
use serde_json::json;

use crate::scene::{REFUND, Scene, Stage, here, told};

type Answer = fn() -> Response;

/// A shop's look-alike: orders are right, refunds are answered as told.
async fn lookalike(refund: Answer) -> Stage {
    let way = here().await;
    let order = || async { axum::Json(json!({"item": "lamp", "total": "45.00", "status": "sent"})) };
    let refunds = |State(answer): State<Answer>| async move { answer() };
    let router = Router::new()
        .route("/orders/{id}", get(order))
        .route("/orders/{id}/refunds", post(refunds))
        .with_state(refund);
    let server = tokio::spawn(async move { axum::serve(way.listener, router).await.unwrap() });
    Stage { tools_at: Some(way.public), helper: Some(server), ..Stage::default() }
}

/// The question is never put: the order cannot be read.
async fn the_order_cannot_be_read(stage: Stage) {
    let mut scene = Scene::of(stage).await;
    let caller = scene.greeted().await;
    caller.say(REFUND).await;
    scene.line("< unprepared t1").await;
    scene.line("> say #2.0").await;
    scene.line("< played #2").await;
    let all = told(&caller.finish().await);
    assert!(all.len() >= 2 && !all.iter().any(|text| text.contains("done")), "{all:?}");
    assert!(!scene.has("note asked") && scene.intents().await.is_empty());
    scene.close().await;
}

/// The yes was given; how it was settled, and what the caller was told.
async fn settled_after_a_yes(stage: Stage, settled: &str, says: &str) {
    let mut scene = Scene::of(stage).await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    scene.line(&format!("< settled t1 {settled}")).await;
    let outcome = scene.line("outcome:t1").await;
    assert!(outcome.contains(says), "{outcome}");
    let all = told(&caller.finish().await);
    assert!(!all.iter().any(|text| text.contains("done")), "{all:?}");
    scene.close().await;
}

#[tokio::test]
async fn a_shop_that_is_down_is_no_question() {
    let way = here().await;
    drop(way.listener);
    the_order_cannot_be_read(Stage { tools_at: Some(way.public), ..Stage::default() }).await;
}

#[tokio::test]
async fn a_slow_shop_is_no_question() {
    let faults = Faults::Slow(std::time::Duration::from_secs(30));
    the_order_cannot_be_read(Stage { faults, tool_timeout: Millis(200), ..Stage::default() }).await;
}

#[tokio::test]
async fn a_shop_that_talks_nonsense_is_no_question() {
    let way = here().await;
    let router = Router::new().fallback(|| async { "<html>\u{0}{{}}" });
    let server = tokio::spawn(async move { axum::serve(way.listener, router).await.unwrap() });
    let stage = Stage { tools_at: Some(way.public), helper: Some(server), ..Stage::default() };
    the_order_cannot_be_read(stage).await;
}

#[tokio::test]
async fn a_refund_answered_with_nonsense_is_unknown() {
    let nonsense: Answer = || "<html>hello".into_response();
    settled_after_a_yes(lookalike(nonsense).await, "unknown", "couldn't find out").await;
}

#[tokio::test]
async fn a_refund_answered_with_an_error_of_the_shop_is_unknown() {
    let error: Answer = || StatusCode::INTERNAL_SERVER_ERROR.into_response();
    settled_after_a_yes(lookalike(error).await, "unknown", "couldn't find out").await;
}

#[tokio::test]
async fn a_refund_the_shop_refuses_has_failed() {
    let refused: Answer = || (StatusCode::UNPROCESSABLE_ENTITY, "too much").into_response();
    settled_after_a_yes(lookalike(refused).await, "failed", "Nothing has been changed").await;
}

#[tokio::test]
async fn a_refund_that_could_not_be_sent_has_failed() {
    let mut scene = Scene::of(lookalike(|| panic!("it is not reached")).await).await;
    let caller = scene.asked().await;
    scene.stop_helper().await;
    caller.say("yes").await;
    scene.line("< settled t1").await;
    let outcome = scene.line("outcome:t1").await;
    // The connection the order was read through may take the request and then break: then nobody knows.
    assert!(
        outcome.contains("Nothing has been changed") || outcome.contains("couldn't find out"),
        "{outcome}"
    );
    caller.finish().await;
    scene.close().await;
}
