//! Who may come in, how many, and until when.
//!
//! Promises: a stream without its own, fresh token is closed with 1008; one call too many hears a sentence.
//! Never: opens a call for whom the door stays shut: the places stay free.

use centralita::caller::{Ended, Phone};
use centralita::telephony::twilio::sign;
use futures::{StreamExt as _, stream};
use secrecy::SecretString;
use serde_json::json;

use crate::raw::Raw;
use crate::scene::{Scene, Stage, http};

fn token() -> SecretString {
    SecretString::from("0123456789abcdef0123456789abcdef".to_owned())
}

async fn signed() -> Scene {
    Scene::of(Stage { auth_token: Some(token()), ..Stage::default() }).await
}

/// A media socket with the right signature.
async fn signed_socket(scene: &Scene) -> Raw {
    let url = scene.url.join("media/twilio").unwrap().as_str().replacen("http", "ws", 1);
    Raw::open(&scene.url, Some(&sign(&token(), &url, &[]))).await.unwrap()
}

/// The token in the answer to a signed webhook for `call`.
async fn stream_token(scene: &Scene, call: &str) -> String {
    let url = scene.url.join("hooks/twilio/voice").unwrap();
    let form = [("CallSid", call), ("AccountSid", "AC1"), ("From", "+15550100001"), ("To", "+15550100002")];
    let owned: Vec<_> = form.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let signature = sign(&token(), url.as_str(), &owned);
    let request = http().post(url).form(&form).header("X-Twilio-Signature", signature);
    let twiml = request.send().await.unwrap().text().await.unwrap();
    let (_, rest) = twiml.split_once("name=\"token\" value=\"").expect("a token is in the answer");
    rest.split_once('"').unwrap().0.to_owned()
}

async fn refused(scene: &Scene, call: &str, params: serde_json::Value) {
    let mut raw = signed_socket(scene).await;
    raw.start(call, params).await;
    assert_eq!(raw.closed().await, Some(1008));
}

#[tokio::test]
async fn a_signed_call_is_taken() {
    let mut scene = signed().await;
    scene.greeted().await.finish().await;
    scene.close().await;
}

#[tokio::test]
async fn whoever_comes_to_the_wrong_place_is_told_the_right_one() {
    let scene = Scene::of(Stage::default()).await;
    for (path, status) in [("media", 404), ("", 404), ("hooks/twilio/voice", 405), ("media/twilio", 426)] {
        let answer = http().get(scene.url.join(path).unwrap()).send().await.unwrap();
        assert_eq!(answer.status(), status, "/{path}");
        let text = answer.text().await.unwrap();
        assert!(text.contains("POST /hooks/twilio/voice"), "/{path}: {text}");
    }
    scene.close().await;
}

#[tokio::test]
async fn a_token_opens_one_stream_of_its_own_call() {
    let mut scene = signed().await;
    refused(&scene, "CA1", json!({})).await;
    refused(&scene, "CA1", json!({"token": "00000000000000000000000000000000"})).await;
    let other = stream_token(&scene, "CA1").await;
    refused(&scene, "CA2", json!({"token": other})).await;
    refused(&scene, "CA1", json!({"token": other})).await;
    let good = stream_token(&scene, "CA3").await;
    let mut raw = signed_socket(&scene).await;
    raw.start("CA3", json!({"token": good})).await;
    raw.voice().await;
    refused(&scene, "CA3", json!({"token": good})).await;
    raw.stop().await;
    raw.closed().await;
    scene.line("< hung-up").await;
    assert!(scene.lines().iter().all(|line| line.starts_with("CA3 ")), "only one call ever began");
    scene.close().await;
}

#[tokio::test]
async fn a_webhook_or_handshake_without_the_right_signature_is_forbidden() {
    let scene = signed().await;
    for (path, query) in [("voice", ""), ("after-stream", "?attempt=0"), ("stream-status", "")] {
        let url = scene.url.join(&format!("hooks/twilio/{path}{query}")).unwrap();
        for signature in [None, Some("AAAAAAAAAAAAAAAAAAAAAAAAAAA="), Some("nonsense")] {
            let form = [("CallSid", "CA1"), ("AccountSid", "AC1"), ("From", "+1"), ("To", "+2")];
            let mut request = http().post(url.clone()).form(&form);
            if let Some(signature) = signature {
                request = request.header("X-Twilio-Signature", signature);
            }
            assert_eq!(request.send().await.unwrap().status(), 403, "{path} with {signature:?}");
        }
    }
    assert_eq!(Raw::open(&scene.url, None).await.err(), Some(403));
    assert_eq!(Raw::open(&scene.url, Some("AAAA")).await.err(), Some(403));
    let mut dial = scene.dialling();
    dial.auth_token = Some(SecretString::from("another token".to_owned()));
    let fault = Phone::dial(dial).await.err().unwrap();
    assert!(fault.what.contains("403"), "{fault}");
    scene.close().await;
}

#[tokio::test]
async fn one_call_too_many_hears_a_sentence_and_a_place_given_back_is_taken() {
    let mut scene = Scene::of(Stage { calls_max: 1, ..Stage::default() }).await;
    let first = scene.greeted().await;
    let mut second = scene.call().await;
    let (language, text) = second.announced().await;
    assert!(language.starts_with("en") && text.contains("busy"), "{language}: {text}");
    assert_eq!(second.ended().await, Ended::AgentHungUp);
    assert_eq!(second.finish().await.figures.streams, 0);
    first.finish().await;
    scene.line("< hung-up").await;
    scene.quiet().await;
    scene.greeted().await.finish().await;
    scene.close().await;
}

/// As many as `Tokens` holds of streams that never come.
const TOKENS_MAX: usize = 4_096;

#[tokio::test]
async fn a_call_that_finds_no_token_hears_a_sentence_and_not_the_carriers_error() {
    let scene = Scene::plain().await;
    let (url, client) = (scene.url.join("hooks/twilio/voice").unwrap(), http());
    let hook = |n: usize| {
        let form = [
            ("CallSid", format!("CA{n}")),
            ("AccountSid", "AC1".to_owned()),
            ("From", "+15550100001".to_owned()),
            ("To", "+15550100002".to_owned()),
        ];
        let request = client.post(url.clone()).form(&form);
        async move { request.send().await.unwrap() }
    };
    let mut answers = stream::iter(0..TOKENS_MAX).map(hook).buffer_unordered(16);
    while let Some(answer) = answers.next().await {
        assert_eq!(answer.status(), 200);
    }
    drop(answers);
    let one_more = hook(TOKENS_MAX).await;
    assert_eq!(one_more.status(), 200);
    let twiml = one_more.text().await.unwrap();
    assert!(twiml.contains("busy") && twiml.contains("<Hangup/>") && !twiml.contains("<Connect"), "{twiml}");
    scene.close().await;
}

#[tokio::test]
async fn a_gateway_that_is_stopped_takes_nobody_and_lets_a_call_finish() {
    let mut scene = Scene::plain().await;
    let caller = scene.asked().await;
    scene.stop.cancel();
    let health = scene.url.join("health").unwrap();
    while !http().get(health.clone()).send().await.unwrap().text().await.unwrap().contains("draining") {}
    let mut late = scene.call().await;
    late.announced().await;
    late.finish().await;
    caller.say("yes").await;
    scene.line("< settled t1 done").await;
    caller.finish().await;
    scene.close().await;
}

/// What the carrier is answered after the stream of CA1, once that call has ended in a gateway that shuts down.
async fn after_the_last_stream(scene: &Scene, hangs_up: bool, status: &str) -> String {
    let mut raw = Raw::open(&scene.url, None).await.unwrap();
    raw.start("CA1", json!({})).await;
    raw.voice().await;
    scene.stop.cancel();
    let health = scene.url.join("health").unwrap();
    while !http().get(health.clone()).send().await.unwrap().text().await.unwrap().contains("draining") {}
    if hangs_up {
        raw.stop().await;
        raw.closed().await;
    }
    drop(raw);
    scene.quiet().await;
    // Whoever would close the listener has had every chance to.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let url = scene.url.join("hooks/twilio/after-stream?attempt=0").unwrap();
    let form = [("CallSid", "CA1"), ("AccountSid", "AC1"), ("From", "+15550100001"), ("To", "+15550100002")];
    let form = form.into_iter().chain([("CallStatus", status)]).collect::<Vec<_>>();
    http().post(url).form(&form).send().await.expect("answered").text().await.unwrap()
}

#[tokio::test]
async fn a_gateway_that_is_stopped_answers_the_last_webhook_of_a_live_call_and_ends_as_soon_as_it_came() {
    for (hangs_up, status, answer) in [(true, "completed", "<Hangup"), (false, "in-progress", "<Say")] {
        let scene = Scene::plain().await;
        let twiml = after_the_last_stream(&scene, hangs_up, status).await;
        assert!(twiml.contains(answer) && !twiml.contains("<Connect"), "{status}: {twiml}");
        scene.close().await;
    }
}

#[tokio::test]
async fn a_stream_for_an_agent_that_does_not_exist_is_closed() {
    let scene = Scene::plain().await;
    let mut raw = Raw::open(&scene.url, None).await.unwrap();
    raw.start("CA1", json!({"agent": "nobody"})).await;
    assert_eq!(raw.closed().await, Some(1008));
    let mut raw = Raw::open(&scene.url, None).await.unwrap();
    raw.start("CA1", json!({"agent": "shop"})).await;
    raw.voice().await;
    raw.stop().await;
    raw.closed().await;
    scene.close().await;
}

#[tokio::test]
async fn a_webhook_that_is_no_form_of_a_call_is_a_bad_request() {
    let scene = Scene::plain().await;
    let url = scene.url.join("hooks/twilio/voice").unwrap();
    for body in ["", "CallSid=CA1", "CallSid=../x&AccountSid=AC1&From=%2B1&To=%2B2", "%%%", "\u{0}"] {
        let status = http().post(url.clone()).body(body).send().await.unwrap().status();
        assert_eq!(status, 400, "{body:?}");
    }
    let huge = http().post(url).body("a=1&".repeat(100_000)).send().await;
    assert!(huge.is_err() || huge.is_ok_and(|answer| answer.status() == 413));
    scene.close().await;
}
