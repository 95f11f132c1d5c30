//! Streams that break and callers who leave, at any moment.
//!
//! Promises: a caller whose line broke is taken up again, three times; one who left is not; what was under way is
//! finished and on record.
//! Never: counts a deed by what was said; the books are counted.

use centralita::caller::Ended;
use centralita::core::base::{Millis, Position};
use centralita::store::{CallState, IntentState, OutcomeKind};

use crate::agent::GREETING;
use crate::cable::Cable;
use crate::scene::{REFUND, Scene, Stage, told, twenty};

const LOST: &str =
    "I'm so sorry, we had a problem on our side and I lost where we were. Could we start over?";

async fn cabled() -> (Cable, Scene) {
    let (cable, way) = Cable::new().await;
    (cable, Scene::of(Stage { by_way_of: Some(way), ..Stage::default() }).await)
}

#[tokio::test]
async fn a_caller_whose_stream_broke_is_connected_again_and_told_that_the_thread_is_lost() {
    let (cable, mut scene) = cabled().await;
    let caller = scene.greeted().await;
    cable.cut();
    scene.line("< hung-up").await;
    scene.line("< played #1").await;
    let recording = caller.finish().await;
    assert_eq!(
        (told(&recording), recording.figures.streams),
        (vec![GREETING.to_owned(), LOST.to_owned()], 2)
    );
    let states = scene.states().await;
    assert!(matches!(states[..], [CallState::Lost { .. }, CallState::Ended { .. }]), "{states:?}");
    drop(cable);
    scene.close().await;
}

#[tokio::test]
async fn after_the_third_time_the_caller_hears_an_apology_and_the_call_ends() {
    let (cable, mut scene) = cabled().await;
    let mut caller = scene.call().await;
    for _ in 0..4 {
        scene.line("< synthesised #1").await;
        cable.cut();
    }
    let (_, apology) = caller.announced().await;
    assert!(apology.starts_with("I'm sorry") && apology.ends_with("Goodbye."), "{apology}");
    assert_eq!(caller.ended().await, Ended::AgentHungUp);
    assert_eq!(caller.finish().await.figures.streams, 4);
    drop(cable);
    scene.close().await;
}

#[tokio::test]
async fn a_question_that_was_open_when_the_stream_broke_is_void() {
    let (cable, mut scene) = cabled().await;
    let caller = scene.asked().await;
    cable.cut();
    scene.line("note withdrawn t1").await;
    scene.line("< played #1").await;
    caller.say("yes").await;
    scene.line("> generate @1").await;
    caller.finish().await;
    assert!(!scene.has("> run"), "a yes to another call's question is none");
    assert!(scene.refunds().await.is_empty() && scene.intents().await.is_empty());
    drop(cable);
    scene.close().await;
}

#[tokio::test]
async fn a_refund_that_was_made_while_nobody_could_be_told_is_not_made_again() {
    let (cable, mut scene) = cabled().await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    scene.line("> run t1").await;
    cable.cut();
    scene.line("< played #1").await;
    caller.say(REFUND).await;
    scene.line("note asked t1").await;
    caller.say("yes").await;
    scene.line("< settled t1 done").await;
    caller.finish().await;
    assert_eq!(scene.refunds().await, twenty(), "the second request went out under the first one's key");
    drop(cable);
    scene.close().await;
}

#[tokio::test]
async fn nothing_is_synthesised_for_a_caller_who_has_left() {
    let mut scene = Scene::of(Stage { pace: Millis(60), ..Stage::default() }).await;
    let mut caller = scene.call().await;
    caller.agent_after(Position::START).await;
    caller.finish().await;
    scene.line("< hung-up").await;
    scene.line("> cut #1").await;
    scene.close().await;
}

#[tokio::test]
async fn the_question_what_is_next_is_answered_with_a_hang_up_once_the_caller_has_left() {
    let mut scene = Scene::plain().await;
    let caller = scene.greeted().await;
    let line = scene.lines().last().unwrap().clone();
    let call = line.split(' ').next().unwrap().to_owned();
    caller.finish().await;
    scene.quiet().await;
    let form = [
        ("CallSid", call.as_str()),
        ("AccountSid", "AC1"),
        ("From", "+1"),
        ("To", "+2"),
        ("CallStatus", "in-progress"),
    ];
    let url = scene.url.join("hooks/twilio/after-stream?attempt=0").unwrap();
    let answer = crate::scene::http().post(url).form(&form).send().await.unwrap().text().await.unwrap();
    assert!(answer.contains("<Hangup/>") && !answer.contains("<Connect"), "{answer}");
    scene.close().await;
}

/// A caller who would refund leaves when a line of the journal holds `moment`.
async fn leaves_at(moment: &str) {
    let mut scene = Scene::plain().await;
    let caller = scene.call().await;
    let mut script = [("< played #1", REFUND), ("note asked t1", "yes")].into_iter().peekable();
    loop {
        let line = scene.line("").await;
        if let Some((_, words)) = script.next_if(|(cue, _)| line.contains(cue)) {
            caller.say(words).await;
        }
        if line.contains(moment) {
            break;
        }
    }
    let recording = caller.finish().await;
    assert_eq!((recording.ended, recording.figures.streams), (Ended::CallerHungUp, 1));
    scene.quiet().await;
    let ran = scene.has("> run t1");
    assert_eq!(scene.refunds().await, if ran { twenty() } else { Vec::new() }, "left at {moment}");
    for intent in scene.intents().await {
        let IntentState::Settled(outcome) = &intent.state else { panic!("{intent:?}") };
        assert_eq!(outcome.kind, OutcomeKind::Done, "what was begun is finished and on record");
    }
    assert!(matches!(scene.states().await[..], [CallState::Ended { .. }]));
    scene.close().await;
}

macro_rules! who_leaves {
    ($($name:ident at $moment:literal;)*) => {
        $(#[tokio::test]
        async fn $name() {
            leaves_at($moment).await;
        })*
    };
}

who_leaves! {
    a_caller_may_leave_at_once at "> say #1";
    a_caller_may_leave_after_the_greeting at "< played #1";
    a_caller_may_leave_while_speaking at "< speech";
    a_caller_may_leave_while_the_model_thinks at "> generate";
    a_caller_may_leave_while_an_order_is_looked_up at "> prepare";
    a_caller_may_leave_in_the_question at "< synthesised #2";
    a_caller_may_leave_after_the_question at "note asked";
    a_caller_may_leave_in_the_breath at "note judged t1 yes";
    a_caller_may_leave_as_the_refund_leaves at "> run t1";
    a_caller_may_leave_as_it_is_done at "< settled t1";
}
