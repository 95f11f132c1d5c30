//! A shop that does what it is asked and does not say so, and is asked again what became of it.
//!
//! Promises: what a probe finds within the tool's time is the outcome, what it finds later in the call is told, what it
//! finds after the call is known to the next; whatever it finds, nothing is sent twice.
//! Never: waits for a call longer than for its actions.

use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use centralita::core::base::{Millis, World};
use centralita::demo::shop::Faults;
use centralita::driver::keep_asking;
use centralita::store::{IntentRecord, OutcomeKind};
use serde_json::json;
use tokio::sync::watch;

use crate::scene::{REFUND, Scene, Stage, here, patient, told, twenty};

const UNKNOWN: &str = "couldn't find out whether it went through";

/// A shop's look-alike that books refunds and never answers them; what it booked it tells when it may.
#[derive(Clone)]
pub(crate) struct Mute {
    keys: Arc<Mutex<Vec<String>>>,
    tells: watch::Receiver<bool>,
}

#[derive(serde::Deserialize)]
struct Under {
    key: String,
}

impl Mute {
    /// The shop, and what lets it tell.
    pub(crate) async fn open() -> (Mute, watch::Sender<bool>, Stage) {
        let (tell, tells) = watch::channel(false);
        let (mute, way) = (Mute { keys: Arc::default(), tells }, here().await);
        let order =
            || async { Json(json!({"item": "lamp", "total": "45.00", "status": "sent", "currency": "USD"})) };
        let router = Router::new()
            .route("/orders/{id}", get(order))
            .route("/orders/{id}/refunds", get(Mute::made).post(Mute::refund))
            .with_state(mute.clone());
        let helper = tokio::spawn(async move { axum::serve(way.listener, router).await.unwrap() });
        let stage = Stage {
            tools_at: Some(way.public),
            helper: Some(helper),
            tool_timeout: Millis(500),
            probe: true,
            ..Stage::default()
        };
        (mute, tell, stage)
    }

    async fn refund(State(mute): State<Mute>, headers: HeaderMap) -> Response {
        let key = headers["idempotency-key"].to_str().unwrap().to_owned();
        let is_known = {
            let mut keys = mute.keys.lock().unwrap();
            keys.push(key.clone());
            keys.iter().filter(|known| **known == key).count() > 1
        };
        if is_known {
            return Json(json!({"amount": "20.00"})).into_response();
        }
        std::future::pending().await
    }

    async fn made(State(mute): State<Mute>, Query(Under { key }): Query<Under>) -> Response {
        if !*mute.tells.borrow() {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        let made: Vec<_> = mute.requests().into_iter().filter(|known| *known == key).collect();
        let made: Vec<_> = made.iter().map(|key| json!({"key": key, "amount": "20.00"})).collect();
        Json(json!({"refunds": made, "refunded": "20.00"})).into_response()
    }

    /// The keys of all requests for a refund.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.keys.lock().unwrap().clone()
    }
}

fn is_found(record: &IntentRecord) -> bool {
    record.is_done() && record.detail() == Some("probe: it is done")
}

#[tokio::test]
async fn what_the_shop_did_without_a_word_is_found_in_time_and_the_caller_hears_that_it_is_done() {
    let lost =
        Stage { faults: Faults::LostAnswer, tool_timeout: Millis(1_000), probe: true, ..Stage::default() };
    let mut scene = Scene::of(lost).await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    let settled = scene.line("< settled t1 ").await;
    assert!(settled.ends_with(r#"done {"refunded":"20.00"}"#), "{settled}");
    scene.line("outcome:t1 \"That's done.\"").await;
    let all = told(&caller.finish().await);
    assert!(!all.iter().any(|text| text.contains(UNKNOWN)), "{all:?}");
    let intents = scene.intents().await;
    assert!(intents.len() == 1 && is_found(&intents[0]), "{intents:?}");
    assert_eq!(scene.refunds().await, twenty());
    scene.close().await;
}

#[tokio::test]
async fn what_is_found_later_in_the_call_is_told_and_nothing_is_sent_again() {
    let (mute, tell, stage) = Mute::open().await;
    let mut scene = Scene::of(stage).await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    scene.line("< settled t1 unknown").await;
    let outcome = scene.line("outcome:t1").await;
    assert!(outcome.contains(UNKNOWN), "{outcome}");
    let intents = scene.intents().await;
    assert_eq!(intents[0].detail(), Some("probe: the system answered with status 503"), "{intents:?}");
    tell.send(true).unwrap();
    scene.line("< settled t1 done").await;
    scene.line("outcome:t1 \"That's done.\"").await;
    caller.finish().await;
    scene.quiet().await;
    let intents = scene.intents().await;
    assert!(intents.len() == 1 && is_found(&intents[0]), "{intents:?}");
    assert_eq!(mute.requests().len(), 1);
    scene.close().await;
}

#[tokio::test]
async fn what_is_found_after_the_call_is_known_to_the_next_and_the_same_wish_is_not_a_new_one() {
    let (mute, tell, stage) = Mute::open().await;
    let mut scene = Scene::of(stage).await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    scene.line("< settled t1 unknown").await;
    caller.finish().await;
    // The call does not wait for what may never be known.
    scene.quiet().await;
    tell.send(true).unwrap();
    let (store, agents, stop) = (scene.store.clone(), scene.askable.clone(), scene.stop.child_token());
    let asking = tokio::spawn(keep_asking(store, agents, World::Real, stop.clone()));
    let found = async {
        while !scene.intents().await.iter().all(is_found) {
            tokio::task::yield_now().await;
        }
    };
    patient("the finding", found).await;
    stop.cancel();
    asking.await.unwrap();

    let caller = scene.greeted().await;
    caller.say(REFUND).await;
    scene.line("note asked t1").await;
    caller.say("yes").await;
    scene.line("< settled t1 done").await;
    caller.finish().await;
    scene.quiet().await;
    let keys = mute.requests();
    assert!(keys.len() == 2 && keys[0] == keys[1], "it went out under the first key: {keys:?}");
    let intents = scene.intents().await;
    let is_done = |record: &IntentRecord| record.standing(0).to_string() == "done";
    assert!(intents.len() == 2 && intents.iter().all(is_done), "{intents:?}");
    scene.close().await;
}

#[tokio::test]
async fn what_is_done_after_its_caller_has_hung_up_is_no_new_wish_in_the_next_call() {
    let (mute, tell, stage) = Mute::open().await;
    let mut scene = Scene::of(stage).await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    let left = async {
        while mute.requests().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    patient("the request", left).await;
    caller.finish().await;
    tell.send(true).unwrap();
    // The conversation waits for its action, and hears that it is done.
    scene.quiet().await;
    let intents = scene.intents().await;
    assert!(intents.len() == 1 && is_found(&intents[0]), "{intents:?}");

    let caller = scene.greeted().await;
    caller.say(REFUND).await;
    scene.line("note asked t1").await;
    caller.say("yes").await;
    scene.line("< settled t1 done").await;
    caller.finish().await;
    scene.quiet().await;
    let keys = mute.requests();
    assert!(keys.len() == 2 && keys[0] == keys[1], "it went out under the first key: {keys:?}");
    scene.close().await;
}

#[tokio::test]
async fn what_was_done_as_its_caller_hung_up_is_told_in_the_next_call_and_not_done_again() {
    let (_, tell, stage) = Mute::open().await;
    let mut scene = Scene::of(stage).await;
    let caller = scene.asked().await;
    tell.send(true).unwrap();
    caller.say("yes").await;
    scene.line("< settled t1 done").await;
    caller.finish().await;
    scene.quiet().await;
    let caller = scene.greeted().await;
    caller.say(REFUND).await;
    scene.line("note refused t1 already-done").await;
    scene.line("outcome:t1").await;
    caller.finish().await;
    scene.quiet().await;
    assert_eq!(scene.intents().await.len(), 1);
    scene.close().await;
}

#[tokio::test]
async fn what_nobody_can_ask_about_stays_unknown() {
    let (mute, tell, stage) = Mute::open().await;
    let mut scene = Scene::of(Stage { probe: false, ..stage }).await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    scene.line("< settled t1 unknown").await;
    caller.finish().await;
    scene.quiet().await;
    tell.send(true).unwrap();
    let asked = centralita::driver::ask(&scene.store, &scene.askable, &scene.intents().await[0]).await;
    assert!(format!("{asked:?}").contains("its tool has no probe"), "{asked:?}");
    let outcome = scene.intents().await.remove(0);
    assert!(format!("{:?}", outcome.state).contains(&format!("{:?}", OutcomeKind::Unknown)));
    assert_eq!(mute.requests().len(), 1);
    scene.close().await;
}
