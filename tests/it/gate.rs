//! The gate over the wire: what is a yes, what is none, and the breath between a yes and its deed.
//!
//! Promises: after everything that is no yes the shop's books are empty and no intent was taken.
//! Never: trusts the journal for what happened; the books are counted.

use centralita::core::base::Millis;
use centralita::core::conversation::Tag;

use crate::scene::{REFUND, Scene, Stage, twenty};

/// Nothing was done, and nothing was about to be.
async fn nothing_happened(scene: Scene) {
    let mut scene = scene;
    assert!(!scene.has("> run t1"), "it ran");
    assert!(scene.refunds().await.is_empty());
    assert!(scene.intents().await.is_empty());
    scene.close().await;
}

#[tokio::test]
async fn a_no_leaves_everything_as_it_is_and_says_so() {
    let mut scene = Scene::plain().await;
    let caller = scene.asked().await;
    caller.say("no").await;
    scene.line("note judged t1 no").await;
    scene.line("outcome:t1 \"All right, I'll leave it as it is.\"").await;
    caller.finish().await;
    nothing_happened(scene).await;
}

#[tokio::test]
async fn a_no_over_the_question_counts_at_once() {
    let mut scene = Scene::of(Stage { pace: Millis(30), ..Stage::default() }).await;
    let caller = scene.greeted().await;
    caller.say(REFUND).await;
    scene.line("question:t1").await;
    caller.say("no").await;
    scene.line("note judged t1 no").await;
    assert!(!scene.has("note asked"), "the question was still being said");
    caller.finish().await;
    nothing_happened(scene).await;
}

#[tokio::test]
async fn a_yes_over_the_question_is_asked_about_once_more() {
    let mut scene = Scene::of(Stage { pace: Millis(25), ..Stage::default() }).await;
    let caller = scene.greeted().await;
    caller.say(REFUND).await;
    scene.line("question:t1").await;
    caller.say("yes").await;
    scene.line("\"Twenty dollars: shall I do it?\"").await;
    scene.line("note asked t1").await;
    assert!(scene.refunds().await.is_empty() && !scene.has("> run t1"), "the early yes did nothing");
    caller.say("yes").await;
    scene.line("< settled t1 done").await;
    assert_eq!(scene.refunds().await, twenty());
    caller.finish().await;
    scene.close().await;
}

#[tokio::test]
async fn a_yes_taken_back_within_the_breath_does_nothing() {
    let mut scene = Scene::plain().await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    scene.line("> say #3.0 action:t1").await;
    caller.say("no wait").await;
    scene.line("outcome:t1 \"All right").await;
    caller.finish().await;
    nothing_happened(scene).await;
}

#[tokio::test]
async fn a_yes_and_a_no_in_one_turn_are_a_no() {
    let mut scene = Scene::plain().await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    caller.say("no wait").await;
    let heard = scene.line("< heard").await;
    assert!(heard.contains("\"yes\"") && heard.contains("\"no\""), "{heard}");
    scene.line("outcome:t1").await;
    caller.finish().await;
    nothing_happened(scene).await;
}

#[tokio::test]
async fn key_one_after_a_question_that_offers_it_is_a_yes() {
    let mut scene = Scene::of(Stage { tag: Tag::Always, ..Stage::default() }).await;
    let caller = scene.asked().await;
    caller.press('1').await;
    scene.line("< settled t1 done").await;
    assert_eq!(scene.refunds().await, twenty());
    caller.finish().await;
    scene.close().await;
}

#[tokio::test]
async fn key_one_over_the_question_is_nothing_and_key_two_is_a_no() {
    let mut scene = Scene::of(Stage { pace: Millis(20), ..Stage::default() }).await;
    let caller = scene.greeted().await;
    caller.say(REFUND).await;
    scene.line("question:t1").await;
    caller.press('1').await;
    scene.line("note judged t1 key-1").await;
    scene.line("note asked t1").await;
    caller.press('2').await;
    scene.line("outcome:t1 \"All right, I'll leave it as it is.\"").await;
    caller.finish().await;
    nothing_happened(scene).await;
}

#[tokio::test]
async fn silence_is_no_yes_and_the_question_is_put_again_whole() {
    let mut stage = Stage::default();
    stage.timing.answer = Millis(100);
    let mut scene = Scene::of(stage).await;
    let caller = scene.asked().await;
    scene.line(". answer").await;
    scene.line("question:t1 \"Refund twenty dollars on order one one eight two?\"").await;
    scene.line("note asked t1").await;
    caller.finish().await;
    nothing_happened(scene).await;
}

#[tokio::test]
async fn talk_of_something_else_is_no_yes() {
    let mut scene = Scene::plain().await;
    let caller = scene.asked().await;
    caller.say("the weather is fine today").await;
    scene.line("note judged t1 unclear").await;
    scene.line("question:t1").await;
    caller.finish().await;
    nothing_happened(scene).await;
}
