//! Whole calls, from the greeting to the end.
//!
//! Promises: what is in the shop's books is what the caller asked for and heard.
//! Never: looks inside the gateway.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use base64::Engine as _;
use centralita::caller::Ended;
use centralita::core::base::{Fault, Millis, Owner, Position};
use centralita::core::conversation::Timing;
use centralita::llm::scripted::Scripted;
use centralita::llm::{LlmEvent, Message};
use centralita::standin::said;
use centralita::store::{CallState, IntentState, OutcomeKind};
use centralita::telephony::twilio::Rest;
use tokio::sync::mpsc;

use crate::agent::GREETING;
use crate::scene::{REFUND, Scene, Stage, here, http, patient, told, twenty};

#[tokio::test]
async fn a_yes_makes_one_refund_of_what_was_asked_and_the_caller_hears_that_it_is_done() {
    let mut scene = Scene::plain().await;
    let caller = scene.asked().await;
    assert!(scene.refunds().await.is_empty(), "nothing happens before the yes");
    caller.say("yes").await;
    scene.line("< played #4").await;
    assert_eq!(scene.refunds().await, twenty());
    let recording = caller.finish().await;
    let question = "Refund twenty dollars on order one one eight two?";
    assert_eq!(told(&recording)[..4], [GREETING, question, "Refunding twenty dollars.", "That's done."]);
    assert_eq!(recording.ended, Ended::CallerHungUp);
    let intents = scene.intents().await;
    assert_eq!(intents.len(), 1);
    let IntentState::Settled(outcome) = &intents[0].state else { panic!("{intents:?}") };
    assert_eq!(outcome.kind, OutcomeKind::Done);
    scene.close().await;
}

#[tokio::test]
async fn an_order_is_looked_up_without_a_question() {
    let mut scene = Scene::plain().await;
    let caller = scene.greeted().await;
    caller.say("where is my order 1182").await;
    scene.line("< settled t1 done {\"state\":\"delivered\"}").await;
    let answer = scene.line("> say #2.1 answer:@2").await;
    assert!(answer.contains("delivered"), "{answer}");
    caller.finish().await;
    assert!(!scene.has("note asked") && scene.intents().await.is_empty());
    scene.close().await;
}

#[tokio::test]
async fn who_speaks_into_the_greeting_stops_it_and_history_keeps_what_was_heard() {
    let mut scene = Scene::of(Stage { pace: Millis(60), ..Stage::default() }).await;
    let mut caller = scene.call().await;
    let began = caller.agent_after(Position::START).await;
    // So late that a word or two were heard.
    caller.pause(Millis(600)).await;
    caller.say(REFUND).await;
    let at = caller.cleared().await;
    scene.line("> generate @1").await;
    let recording = caller.finish().await;
    let spoke = said(&recording.caller)[0].span.from;
    assert!(
        at.since(spoke).millis() < Millis(600),
        "cleared {} after the caller began",
        at.since(spoke).millis()
    );
    let history = scene.history();
    let [Message::Agent { text }, Message::Caller { text: words, keyed: false }] = &history[..] else {
        panic!("{history:?}")
    };
    assert_eq!(words, REFUND);
    assert!(GREETING.starts_with(text.as_str()) && text.len() < GREETING.len(), "{text}");
    let whole = said(&recording.agent)[0].span.to.since(began).0;
    let played = at.since(began).0 as usize * GREETING.split(' ').count() / whole as usize;
    assert!(text.split(' ').count() <= played, "`{text}` is more than the {played} words that were played");
    scene.close().await;
}

#[tokio::test]
async fn a_silent_caller_is_reminded_and_then_the_gateway_says_goodbye_and_hangs_up() {
    let timing = Timing { silence: Millis(300), reminders: 1, ..Timing::default() };
    let mut scene = Scene::of(Stage { timing, ..Stage::default() }).await;
    let mut caller = scene.call().await;
    assert_eq!(caller.ended().await, Ended::AgentHungUp);
    let recording = caller.finish().await;
    assert_eq!(recording.figures.streams, 1, "a call that is over is not taken up again");
    let all = told(&recording);
    assert_eq!(all[..2], [GREETING, "Are you still there?"]);
    assert!(all[2].ends_with("Goodbye.") && all.len() == 3, "{all:?}");
    assert!(matches!(scene.states().await[..], [CallState::Ended { .. }]));
    scene.close().await;
}

#[tokio::test]
async fn when_the_agent_hangs_up_the_carrier_is_asked_by_rest_to_complete_this_very_call() {
    let (asked, mut requests) = mpsc::channel(4);
    let way = here().await;
    let complete = |State(asked): State<mpsc::Sender<(String, HeaderMap, String)>>,
                    uri: Uri,
                    headers: HeaderMap,
                    form: String| async move {
        asked.send((uri.path().to_owned(), headers, form)).await.unwrap();
    };
    let router = Router::new().fallback(complete).with_state(asked);
    let carrier = tokio::spawn(async move { axum::serve(way.listener, router).await.unwrap() });
    let rest = Rest {
        client: http(),
        base: way.public,
        account: "AC7".to_owned(),
        user: "AC7".to_owned(),
        password: "s3cret".to_owned().into(),
    };
    let timing = Timing { silence: Millis(300), reminders: 0, ..Timing::default() };
    let stage = Stage { timing, hang_up: Arc::new(rest), helper: Some(carrier), ..Stage::default() };
    let mut scene = Scene::of(stage).await;
    let mut caller = scene.call().await;
    let order = scene.line("> hang-up").await;
    let call = order.split(' ').next().unwrap();
    let (path, headers, form) = patient("the carrier's REST", requests.recv()).await.unwrap();
    assert_eq!(path, format!("/2010-04-01/Accounts/AC7/Calls/{call}.json"));
    let credentials = base64::engine::general_purpose::STANDARD.encode("AC7:s3cret");
    assert_eq!(
        (headers["authorization"].to_str().unwrap(), form.as_str()),
        (format!("Basic {credentials}").as_str(), "Status=completed")
    );
    assert_eq!(caller.ended().await, Ended::AgentHungUp);
    caller.finish().await;
    scene.quiet().await;
    assert!(requests.try_recv().is_err(), "asked once");
    scene.close().await;
}

#[tokio::test]
async fn an_answer_comes_soon_after_the_caller_has_fallen_silent() {
    let stage = Stage::default();
    let silence = stage.timing.end_of_turn.samples();
    let mut scene = Scene::of(stage).await;
    let mut caller = scene.greeted().await;
    caller.say(REFUND).await;
    let said = caller.said().await;
    let answered = caller.agent_after(said).await;
    let latency = answered.since(said + silence).millis();
    // A machine that runs thirty calls and a compiler at once is allowed ten times what a quiet one needs.
    assert!(latency < Millis(1_000), "{latency} from the end of the turn to the first sound");
    caller.finish().await;
    scene.close().await;
}

#[tokio::test]
async fn a_model_that_fails_costs_an_apology_and_not_the_call() {
    let hi = vec![LlmEvent::Wrote("Hi there.".to_owned()), LlmEvent::Finished { usage: None }];
    let model = Scripted::new([vec![LlmEvent::Failed(Fault::new(Owner::Gateway, "gone", "wait"))], hi]);
    let mut scene = Scene::of(Stage { llm: Arc::new(model), ..Stage::default() }).await;
    let caller = scene.greeted().await;
    caller.say("hello").await;
    scene.line("< generation-failed @1").await;
    scene.line("> say #2.0 notice \"Sorry, something went wrong").await;
    caller.say("hello").await;
    scene.line("> say #3.0 answer:@2 \"Hi there.\"").await;
    caller.finish().await;
    scene.close().await;
}

#[tokio::test]
async fn a_model_that_claims_a_deed_nobody_did_is_not_heard() {
    let claim = LlmEvent::Wrote("I have refunded twenty dollars.".to_owned());
    let model = Scripted::new([vec![claim, LlmEvent::Finished { usage: None }]]);
    let mut scene = Scene::of(Stage { llm: Arc::new(model), ..Stage::default() }).await;
    let caller = scene.greeted().await;
    caller.say(REFUND).await;
    scene.line("note screened @1").await;
    scene.line("> say #2.0").await;
    scene.line("< played #2").await;
    let all = told(&caller.finish().await);
    assert!(!all.iter().any(|text| text.contains("refunded")), "{all:?}");
    assert!(scene.refunds().await.is_empty());
    scene.close().await;
}
