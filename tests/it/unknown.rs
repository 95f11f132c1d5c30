//! An outcome nobody knows: the shop makes the refund, and its answer never comes.
//!
//! Promises: whoever asks again, in this call or the next, there is one refund in the books; nobody hears that it is
//! done before that is known.
//! Never: waits for the shop; it never answers.

use centralita::caller::Recording;
use centralita::core::base::Millis;
use centralita::demo::shop::Faults;
use centralita::store::{IntentState, OutcomeKind};

use crate::cable::Cable;
use crate::scene::{REFUND, Scene, Stage, told, twenty};

const UNKNOWN: &str = "I'm sorry, I couldn't find out whether it went through";

fn lost_answers() -> Stage {
    Stage { faults: Faults::LostAnswer, tool_timeout: Millis(1_000), ..Stage::default() }
}

/// What was heard of its outcomes: unknown first, and *done* only after that.
fn unknown_and_then_done(recording: &Recording) {
    let all = told(recording);
    let unknown = all.iter().position(|text| text.starts_with(UNKNOWN));
    let done = all.iter().position(|text| text.contains("done"));
    assert!(unknown.is_some() && (done.is_none() || done > unknown), "{all:?}");
}

#[tokio::test]
async fn asked_again_in_the_same_call_it_is_the_same_refund() {
    let mut scene = Scene::of(lost_answers()).await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    scene.line("< settled t1 unknown").await;
    assert_eq!(scene.refunds().await, twenty(), "the shop has made it");
    scene.line("> say #4.0 outcome:t1").await;
    caller.say(REFUND).await;
    scene.line("note asked t2").await;
    caller.say("yes").await;
    scene.line("< settled t2 done").await;
    scene.line("outcome:t2 \"That's done.\"").await;
    unknown_and_then_done(&caller.finish().await);
    assert_eq!(scene.refunds().await, twenty());
    scene.close().await;
}

#[tokio::test]
async fn asked_again_in_the_next_call_of_the_same_number_it_is_the_same_refund() {
    let mut scene = Scene::of(lost_answers()).await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    scene.line("< settled t1 unknown").await;
    let first = caller.finish().await;
    assert!(!told(&first).iter().any(|text| text.contains("done")), "{:?}", told(&first));
    let intents = scene.intents().await;
    let IntentState::Settled(outcome) = &intents[0].state else { panic!("{intents:?}") };
    assert_eq!((outcome.kind, intents.len()), (OutcomeKind::Unknown, 1));

    let caller = scene.asked().await;
    caller.say("yes").await;
    scene.line("< settled t1 done").await;
    caller.finish().await;
    scene.quiet().await;
    assert_eq!(scene.refunds().await, twenty());

    // Who was gone as it became known may not have heard it; who has heard it and wishes the same wishes another.
    let caller = scene.greeted().await;
    caller.say(REFUND).await;
    scene.line("note refused t1 already-done").await;
    scene.line("< played #3").await;
    caller.say(REFUND).await;
    scene.line("note asked t2").await;
    caller.say("yes").await;
    scene.line("< settled t2 unknown").await;
    caller.finish().await;
    assert_eq!(scene.refunds().await, [twenty(), twenty()].concat());
    let keys: Vec<_> =
        scene.intents().await.into_iter().map(|record| record.intent.idempotency_key).collect();
    assert!(keys.len() == 3 && keys[0] == keys[1] && keys[1] != keys[2], "{keys:?}");
    scene.close().await;
}

#[tokio::test]
async fn asked_again_after_the_stream_broke_it_is_the_same_refund() {
    let (cable, way) = Cable::new().await;
    let mut scene = Scene::of(Stage { by_way_of: Some(way), ..lost_answers() }).await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    scene.line("> run t1").await;
    cable.cut();
    scene.line("-1 0.").await;
    scene.line("< played #1").await;
    caller.say(REFUND).await;
    scene.line("note asked t1").await;
    caller.say("yes").await;
    scene.line("< settled t1 done").await;
    caller.finish().await;
    drop(cable);
    assert_eq!(scene.refunds().await, twenty());
    scene.close().await;
}

#[tokio::test]
async fn who_leaves_before_the_outcome_is_known_leaves_it_on_record_as_unknown() {
    let mut scene = Scene::of(lost_answers()).await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    scene.line("> run t1").await;
    caller.finish().await;
    scene.line("< settled t1 unknown").await;
    scene.quiet().await;
    let intents = scene.intents().await;
    let IntentState::Settled(outcome) = &intents[0].state else { panic!("{intents:?}") };
    assert_eq!((outcome.kind, scene.refunds().await), (OutcomeKind::Unknown, twenty()));
    scene.close().await;
}

#[tokio::test]
async fn a_call_is_over_only_when_its_actions_are_even_those_it_waits_for_no_more() {
    // The agent gives a tool up 2 s after its patience, this one before the shop's time is over.
    let patience = Some(Millis(1));
    let stage = Stage { tool_timeout: Millis(2_500), tool_patience: patience, ..lost_answers() };
    let mut scene = Scene::of(stage).await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    scene.line("> run t1").await;
    caller.finish().await;
    scene.line(". tool").await;
    scene.stop.cancel();
    scene.quiet().await;
    let intents = scene.intents().await;
    let IntentState::Settled(outcome) = &intents[0].state else { panic!("{intents:?}") };
    assert_eq!((outcome.kind, scene.refunds().await), (OutcomeKind::Unknown, twenty()));
    scene.close().await;
}
