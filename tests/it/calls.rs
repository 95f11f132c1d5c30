//! Whole calls, from the greeting to the end.
//!
//! Promises: what is in the shop's books is what the caller asked for and heard.
//! Never: looks inside the gateway.

use centralita::caller::{Ended, Heard};
use centralita::store::CallState;

use crate::scene::{GREETING, REFUND, Scene, told};

fn twenty() -> Vec<(String, String)> {
    vec![("1182".to_owned(), "20.00".to_owned())]
}

#[tokio::test]
async fn a_yes_makes_one_refund_of_what_was_asked_and_the_caller_hears_that_it_is_done() {
    let mut scene = Scene::plain().await;
    let caller = scene.asked().await;
    assert!(scene.refunds().await.is_empty(), "nothing happens before the yes");
    caller.say("yes").await;
    scene.line("> say #4.0 outcome:t1").await;
    assert_eq!(scene.refunds().await, twenty());
    scene.line("< played #4").await;
    let recording = caller.finish().await;
    let all = told(&recording);
    let question = "Refund twenty dollars on order one one eight two?";
    assert_eq!(all[..4], [GREETING, question, "Refunding twenty dollars.", "That's done."]);
    assert_eq!(recording.ended, Ended::CallerHungUp);
    assert_eq!(scene.intents().await.len(), 1);
    scene.close().await;
}
