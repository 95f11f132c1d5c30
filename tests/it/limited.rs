//! A tool that may run so often for one caller, over several calls.
//!
//! Promises: beyond the limit the caller is not asked, hears why, and nothing is in the books; another caller has his own.
//! Never: waits for a day to pass.

use centralita::integrations::PerCaller;

use crate::scene::{REFUND, Scene, Stage, told, twenty};

const SPENT: &str = "I'm sorry, I can't do that again for now.";

#[tokio::test]
async fn a_caller_who_has_no_run_left_in_the_next_call_hears_so_and_is_not_asked() {
    let per_caller = PerCaller { per_hour: None, per_day: Some(1) };
    let mut scene = Scene::of(Stage { per_caller, ..Stage::default() }).await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    scene.line("< settled t1 done").await;
    caller.finish().await;
    scene.quiet().await;

    let caller = scene.greeted().await;
    caller.say(REFUND).await;
    scene.line("< settled t1 withheld spent").await;
    scene.line("outcome:t1").await;
    scene.line("< played #2").await;
    let heard = told(&caller.finish().await);
    assert!(heard.iter().any(|text| text == SPENT), "{heard:?}");
    assert_eq!(scene.refunds().await, twenty());
    assert_eq!(scene.intents().await.len(), 1, "what is withheld was never begun");
    scene.close().await;
}
