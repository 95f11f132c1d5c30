//! Tools whose effects are mocked: everything runs but the requests.
//!
//! Promises: a shop that would count a request counts none; leave is needed all the same.
//! Never: needs a secret.

use super::*;
use centralita_core::base::World;
use centralita_core::language::Language;
use std::sync::Arc;

/// The refund with samples for both its requests.
fn sampled(own: Option<Sample>) -> ToolSpec {
    let mut tool = refund();
    tool.prepare[0].sample = Some(Sample::Answer(json!({"item": "a lamp", "total": "49.90"})));
    tool.request.sample = own;
    tool
}

fn refunded() -> Sample {
    Sample::Answer(json!({"ok": true, "refunded": "{{ amount }}"}))
}

/// The shop is there, and would answer.
async fn scene(tool: ToolSpec) -> (Shop, Registry) {
    let shop = Shop::open(Behaviour::Works).await;
    let toolbox = Toolbox::mocked(Language::English, "USD", &[shop::connection(shop.base())], vec![tool]);
    assert_eq!(toolbox.world(), World::Mocked);
    (shop, Registry::new(Arc::new(toolbox), call(), ActionSecret::new(&[7; 32])))
}

#[tokio::test]
async fn a_sample_answers_in_the_systems_place_and_no_request_leaves() {
    let (shop, registry) = scene(sampled(Some(refunded()))).await;
    let name = refund().name;
    let asked = registry.prepare(T1, &name, &refund_args(), &private()).await.unwrap();
    let want = json!({"order": "1182", "amount": "20.00", "item": "a lamp", "total": "49.90"});
    assert_eq!(asked.values, want);
    let permit = Permit::by_admin(T1, asked.action, "ada".into(), "a test".into());
    let (key, log) = (ActionKey::Own(T1), Log::default());
    let outcome = registry
        .run(
            Leave { tool: name.clone(), args: refund_args(), key, permit },
            &private(),
            CallTime::ANSWER,
            &log,
        )
        .await
        .unwrap();
    assert_eq!(outcome, Outcome::Done { result: json!({"refunded": "20.00"}) });
    assert_eq!(log.begun.lock().unwrap().len(), 1, "its intent is on record as in life");
    assert_eq!(shop.gets() + shop.posts().len(), 0);
}

#[tokio::test]
async fn a_mocked_action_needs_leave_for_the_very_request_that_was_asked_about() {
    let (_shop, registry) = scene(sampled(Some(refunded()))).await;
    let name = refund().name;
    registry.prepare(T1, &name, &refund_args(), &private()).await.unwrap();
    let other = Permit::by_admin(T1, Digest::of_bytes(b"another"), "ada".into(), "a test".into());
    let (key, log) = (ActionKey::Own(T1), Log::default());
    let outcome = registry
        .run(
            Leave { tool: name.clone(), args: refund_args(), key, permit: other },
            &private(),
            CallTime::ANSWER,
            &log,
        )
        .await
        .unwrap();
    assert!(why(outcome).contains("no leave"));
    assert!(log.begun.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_digest_of_a_wish_is_the_same_mocked_or_not() {
    let (shop, mocked) = scene(sampled(Some(refunded()))).await;
    let real = registry(&shop, [sampled(None)]);
    let (name, args, private) = (refund().name, refund_args(), private());
    let mocked = mocked.prepare(T1, &name, &args, &private).await;
    let real = real.prepare(T1, &name, &args, &private).await;
    assert_eq!(mocked.unwrap().action, real.unwrap().action);
}

#[tokio::test]
async fn a_request_without_a_sample_is_refused_before_the_caller_is_asked() {
    let (shop, registry) = scene(sampled(None)).await;
    let told = unprepared(registry.prepare(T1, &refund().name, &refund_args(), &private()).await);
    assert!(told.contains("has no sample to answer with"), "{told}");
    let lacking: Vec<String> = registry.toolbox().without_samples().map(ToString::to_string).collect();
    assert_eq!(lacking, ["shop.refund"]);
    assert_eq!(shop.gets() + shop.posts().len(), 0);
}

#[tokio::test]
async fn a_sample_may_be_a_refusal_or_a_silence() {
    for (sample, want) in [(Sample::Status(422), "failed"), (Sample::Silence, "unknown")] {
        let (_shop, registry) = scene(sampled(Some(sample))).await;
        let got = match act(&registry, &refund(), ActionKey::Own(T1), &Log::default()).await {
            Outcome::Done { .. } => "done",
            Outcome::Failed { .. } => "failed",
            Outcome::Withheld(_) => "withheld",
            Outcome::Partly { .. } | Outcome::Unknown => "unknown",
        };
        assert_eq!(got, want);
    }
}
