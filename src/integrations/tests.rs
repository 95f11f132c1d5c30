//! Tests of the dispatcher against a shop on loopback that counts what it did.
//!
//! Promises: every way a system can fail is tried, for a tool with effects and for one without.
//! Never: leaves this machine.

mod acting;
mod auth;
mod bodies;
mod bookings;
mod escaping;
mod given;
mod inside;
mod mcp;
mod mocked;
mod oauth2;
mod probing;
mod proofs;
mod served;
mod shop;
mod steps;
mod tapped;
mod time;
mod tls;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use centralita_core::base::{CallTime, Digest, Fault, Millis, ProposalId, ToolName};
use centralita_core::call::PrivateValues;
use centralita_core::conversation::{ActionKey, Outcome, Permit, SaidBy, Unproven};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::budget::{Trial, Tried, TryEnd, TryId};
use super::registry::{Intent, IntentLog, NotBegun};
use super::*;
use shop::{Behaviour, Shop, call, call_named, refund, registry, registry_of, status};

const T1: ProposalId = ProposalId(1);

/// Remembers what was begun, and answers as told.
#[derive(Debug, Default)]
struct Log {
    begun: Mutex<Vec<Intent>>,
    /// What became of which step.
    settled: Mutex<Vec<(u32, Outcome)>>,
    found: Mutex<Vec<String>>,
    /// What the record says of when it last left, the next answer last; long ago, where it says nothing else.
    ago: Mutex<Vec<Duration>>,
    refuses: Option<NotBegun>,
    /// Runs of limited tools.
    spent: Mutex<u32>,
}

impl IntentLog for Log {
    fn begin(&self, intent: Intent) -> BoxFuture<'_, Result<(), NotBegun>> {
        self.begun.lock().unwrap().push(intent);
        let answer = self.refuses.clone().map_or(Ok(()), Err);
        Box::pin(async move { answer })
    }

    fn settled<'l>(&'l self, _: ProposalId, step: u32, outcome: &'l Outcome) -> BoxFuture<'l, ()> {
        self.settled.lock().unwrap().push((step, outcome.clone()));
        Box::pin(std::future::ready(()))
    }

    fn found(&self, finding: &Finding) {
        self.found.lock().unwrap().push(finding.to_string());
    }

    fn ago(&self, _: ProposalId, _: u32) -> BoxFuture<'_, Duration> {
        let ago = self.ago.lock().unwrap().pop().unwrap_or(Duration::MAX);
        Box::pin(std::future::ready(ago))
    }

    fn spend<'a>(&'a self, _tool: &'a ToolName, limit: PerCaller) -> BoxFuture<'a, Result<(), NotSpent>> {
        let mut spent = self.spent.lock().unwrap();
        let is_left = limit.per_day.is_none_or(|most| *spent < most);
        *spent += u32::from(is_left);
        Box::pin(std::future::ready(if is_left { Ok(()) } else { Err(NotSpent::Spent) }))
    }
}

/// Whose tries are nobody's business.
#[derive(Debug)]
struct Uncounted;

impl TryLog for Uncounted {
    fn count<'a>(&'a self, _: &'a Trial) -> BoxFuture<'a, Result<(TryId, Tried), Fault>> {
        Box::pin(std::future::ready(Ok((TryId(0), Tried::default()))))
    }

    fn ended(&self, _: TryId, _: TryEnd) {}
}

/// No private values.
fn private() -> PrivateValues {
    PrivateValues::default()
}

fn refund_args() -> Value {
    json!({"order": "1182", "amount": "20"})
}

/// Prepares and acts as after a yes.
async fn act(registry: &Registry, spec: &ToolSpec, key: ActionKey, log: &Log) -> Outcome {
    act_as(T1, registry, spec, key, log).await
}

/// The same of another wish.
async fn act_as(
    wish: ProposalId,
    registry: &Registry,
    spec: &ToolSpec,
    key: ActionKey,
    log: &Log,
) -> Outcome {
    registry.prepare(wish, &spec.name, &refund_args(), &private()).await.unwrap();
    let ready = registry.take(wish, &spec.name).unwrap();
    let (spec, live) = registry.toolbox().find(&spec.name).unwrap();
    registry.act(spec, live, wish, ready, &key, log).await
}

async fn read(registry: &Registry, spec: &ToolSpec, args: Value) -> Outcome {
    let (spec, live) = registry.toolbox().find(&spec.name).unwrap();
    registry.read(spec, live, &args).await.unwrap_or_else(failed)
}

/// A proof that did not hold, as what the model is told of it.
fn failed(unproven: Unproven) -> Outcome {
    match unproven {
        Unproven::Failed { why } => Outcome::Failed { why },
        Unproven::Locked(lock) => panic!("{lock:?}"),
    }
}

/// What the model is told of a request that could not be made.
fn unprepared(prepared: Result<Prepared, Unprepared>) -> String {
    prepared.unwrap_err().why
}

fn why(outcome: Outcome) -> String {
    match outcome {
        Outcome::Failed { why } => why,
        other @ (Outcome::Done { .. } | Outcome::Partly { .. } | Outcome::Withheld(_) | Outcome::Unknown) => {
            panic!("{other:?}")
        }
    }
}

#[tokio::test]
async fn an_action_is_done_once_under_its_key_after_its_intent() {
    let shop = Shop::open(Behaviour::Works).await;
    let registry = registry(&shop, [refund()]);
    let log = Log::default();
    let outcome = act(&registry, &refund(), ActionKey::Own(T1), &log).await;
    assert_eq!(outcome, Outcome::Done { result: json!({"refunded": "20.00"}) });
    let seen = shop.posts();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].body, json!({"amount": "20.00"}));
    assert_eq!(seen[0].key.as_deref(), Some("CA1-t1"));
    assert_eq!(seen[0].token.as_deref(), Some("Bearer shop-token"));
    let begun = log.begun.lock().unwrap();
    assert_eq!((begun.len(), begun[0].key.as_deref()), (1, Some("CA1-t1")));
    assert!(registry.take(T1, &refund().name).is_none(), "a prepared request is used up");
}

#[tokio::test]
async fn a_permit_is_leave_for_what_it_covers_and_for_nothing_else() {
    let (now, late) = (CallTime::ANSWER, CallTime::ANSWER + Millis(3_600_000));
    for (proposal, amount, at, goes) in [
        (T1, "20", now, true),
        (T1, "20", late, false),
        (T1, "21", now, false),
        (ProposalId(2), "20", now, false),
    ] {
        let shop = Shop::open(Behaviour::Works).await;
        let registry = registry(&shop, [refund()]);
        let name = refund().name;
        let asked = registry
            .prepare(T1, &name, &json!({"order": "1182", "amount": amount}), &private())
            .await
            .unwrap();
        let said_yes = registry.prepare(ProposalId(9), &name, &refund_args(), &private()).await.unwrap();
        assert_eq!(asked.action == said_yes.action, amount == "20");
        let permit = Permit::by_admin(proposal, said_yes.action, "ada".into(), "a test".into());
        let key = ActionKey::Own(proposal);
        let outcome = registry
            .run(
                Leave { tool: name.clone(), args: refund_args(), key, permit },
                &private(),
                at,
                &Log::default(),
            )
            .await;
        assert_eq!(
            matches!(outcome, Ok(Outcome::Done { .. })),
            goes,
            "{proposal} {amount} {at}: {outcome:?}"
        );
        assert_eq!(shop.posts().len(), usize::from(goes));
    }
}

#[tokio::test]
async fn leave_for_a_tool_without_effects_covers_its_arguments() {
    let shop = Shop::open(Behaviour::Works).await;
    let registry = registry(&shop, [status()]);
    let args = json!({"order": "1182", "postcode": "AB1"});
    let other = json!({"order": "1183", "postcode": "AB1"});
    for (covered, goes) in [(&args, true), (&other, false)] {
        let permit = Permit::by_admin(T1, Digest::of_json(covered), "ada".into(), "a test".into());
        let (key, log) = (ActionKey::Own(T1), Log::default());
        let outcome = registry
            .run(
                Leave { tool: status().name, args: args.clone(), key, permit },
                &private(),
                CallTime::ANSWER,
                &log,
            )
            .await;
        assert_eq!(matches!(outcome, Ok(Outcome::Done { .. })), goes);
        assert!(log.begun.lock().unwrap().is_empty(), "what has no effects needs no intent");
    }
}

#[tokio::test]
async fn the_question_may_name_what_was_looked_up_and_the_digest_covers_the_request() {
    let shop = Shop::open(Behaviour::Works).await;
    let registry = registry(&shop, [refund()]);
    let name = refund().name;
    let one =
        registry.prepare(T1, &name, &json!({"order": "1182", "amount": "20"}), &private()).await.unwrap();
    let want = json!({"order": "1182", "amount": "20.00", "item": "a lamp", "total": "49.90"});
    assert_eq!(one.values, want);
    let same = registry
        .prepare(ProposalId(2), &name, &json!({"amount": 20.0, "order": "11-82"}), &private())
        .await
        .unwrap();
    let other = registry
        .prepare(ProposalId(3), &name, &json!({"order": "1182", "amount": "21"}), &private())
        .await
        .unwrap();
    assert_eq!(one.action, same.action, "one wish, one digest");
    assert_ne!(one.action, other.action);
    assert_eq!(shop.posts().len(), 0, "preparing sends nothing with effects");
}

#[tokio::test]
async fn one_wish_has_one_digest_in_every_call_and_each_call_sends_its_own_id() {
    let shop = Shop::open(Behaviour::Works).await;
    let mut tool = refund();
    tool.request.query = [("via".to_owned(), "{{ call.id }}".to_owned())].into();
    tool.request.headers = [("X-Call".to_owned(), "call {{ call.id }}".to_owned())].into();
    tool.request.body = Some(Body::Json(json!({"amount": "{{ amount }}", "via": "{{ call.id }}"})));
    let mut actions = Vec::new();
    for id in ["CA1", "CA2"] {
        let registry = registry_of(call_named(id), &shop, [tool.clone()]);
        let action = registry.prepare(T1, &tool.name, &refund_args(), &private()).await.unwrap().action;
        let permit = Permit::by_admin(T1, action, "ada".into(), "a test".into());
        let (key, log) = (ActionKey::Own(T1), Log::default());
        let ended = registry
            .run(
                Leave { tool: tool.name.clone(), args: refund_args(), key, permit },
                &private(),
                CallTime::ANSWER,
                &log,
            )
            .await;
        assert!(matches!(ended, Ok(Outcome::Done { .. })), "{ended:?}");
        assert_eq!(log.begun.lock().unwrap()[0].action, action, "what the next call will compare with");
        actions.push(action);
    }
    assert_eq!(actions[0], actions[1]);
    let sent: Vec<Value> = shop.posts().into_iter().map(|post| post.body).collect();
    assert_eq!(sent, ["CA1", "CA2"].map(|id| json!({"amount": "20.00", "via": id})));
}

#[tokio::test]
async fn how_an_action_with_effects_ends() {
    use Behaviour::{Answers, Closes, Garbage, Slow, Works};
    let (failed, unknown) = ("failed", "unknown");
    for (behaviour, want, goes_again) in [
        (Answers(400, "{}"), failed, false),
        (Answers(404, "{}"), failed, false),
        (Answers(409, "{}"), unknown, false),
        (Answers(429, "{}"), failed, true),
        (Answers(303, "{}"), unknown, false),
        (Answers(307, "{}"), failed, false),
        (Answers(500, "{}"), unknown, false),
        (Answers(502, "{}"), unknown, true),
        (Answers(503, "{}"), failed, true), // the definition says: not done on 503
        (Answers(200, "{}"), unknown, false),
        (Answers(200, r#"{"ok": false, "refunded": "20.00"}"#), failed, false),
        (Garbage, unknown, false),
        (Slow, unknown, false),
        (Closes, unknown, true),
        (Works, "done", false),
    ] {
        let shop = Shop::open(behaviour).await;
        // Only what never answers takes all of it.
        let timeout = Millis(if behaviour == Slow { shop::TIMEOUT_MS } else { 20_000 });
        let tool = ToolSpec { timeout, ..refund() };
        let registry = registry(&shop, [tool.clone()]);
        let got = match act(&registry, &tool, ActionKey::Own(T1), &Log::default()).await {
            Outcome::Done { .. } => "done",
            Outcome::Failed { .. } => failed,
            Outcome::Partly { .. } | Outcome::Unknown => unknown,
            Outcome::Withheld(why) => panic!("{why:?}"),
        };
        assert_eq!((got, shop.posts().len() > 1), (want, goes_again), "{behaviour:?}");
    }
}

#[tokio::test]
async fn a_system_that_is_down_was_sent_nothing() {
    let shop = Shop::open(Behaviour::Works).await;
    let registry = registry(&shop, [refund()]);
    registry.prepare(T1, &refund().name, &refund_args(), &private()).await.unwrap();
    let ready = registry.take(T1, &refund().name).unwrap();
    shop.close().await;
    let name = refund().name;
    let (spec, live) = registry.toolbox().find(&name).unwrap();
    let outcome = registry.act(spec, live, T1, ready, &ActionKey::Own(T1), &Log::default()).await;
    assert!(why(outcome).contains("cannot be reached"));
}

#[tokio::test]
async fn without_an_intent_nothing_is_sent() {
    for (refusal, want) in [
        (
            NotBegun::Refused { why: "the record is full".into() },
            Outcome::Failed { why: "the record is full".into() },
        ),
        (NotBegun::Already, Outcome::Unknown),
    ] {
        let shop = Shop::open(Behaviour::Works).await;
        let registry = registry(&shop, [refund()]);
        let log = Log { refuses: Some(refusal), ..Log::default() };
        assert_eq!(act(&registry, &refund(), ActionKey::Own(T1), &log).await, want);
        assert_eq!(shop.posts().len(), 0);
    }
}

/// A journal whose disk takes five seconds.
struct SlowLog;

impl IntentLog for SlowLog {
    fn begin(&self, _intent: Intent) -> BoxFuture<'_, Result<(), NotBegun>> {
        Box::pin(async {
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(5)).await;
            tokio::time::resume();
            Ok(())
        })
    }

    fn settled<'l>(&'l self, _: ProposalId, _: u32, _: &'l Outcome) -> BoxFuture<'l, ()> {
        Box::pin(std::future::ready(()))
    }

    fn found(&self, finding: &Finding) {
        panic!("nothing left: {finding}");
    }

    fn ago(&self, _: ProposalId, _: u32) -> BoxFuture<'_, Duration> {
        panic!("nothing left");
    }

    fn spend<'a>(&'a self, _: &'a ToolName, _: PerCaller) -> BoxFuture<'a, Result<(), NotSpent>> {
        panic!("it has no limit");
    }
}

#[tokio::test]
async fn waiting_for_the_journal_is_part_of_a_tools_time_and_what_is_too_late_is_not_sent() {
    let shop = Shop::open(Behaviour::Works).await;
    let registry = registry(&shop, [refund()]);
    registry.prepare(T1, &refund().name, &refund_args(), &private()).await.unwrap();
    let ready = registry.take(T1, &refund().name).unwrap();
    let name = refund().name;
    let (spec, live) = registry.toolbox().find(&name).unwrap();
    assert!(spec.timeout < Millis(5_000), "the disk is slower than the tool may be");
    let outcome = registry.act(spec, live, T1, ready, &ActionKey::Own(T1), &SlowLog).await;
    assert!(why(outcome).contains("nothing was sent"));
    assert_eq!(shop.posts().len(), 0);
}

#[tokio::test]
async fn an_earlier_key_is_sent_word_for_word_and_without_keys_nothing_is_sent_twice() {
    let shop = Shop::open(Behaviour::Works).await;
    let registry = registry(&shop, [refund()]);
    act(&registry, &refund(), ActionKey::Earlier("CA0-t7".into()), &Log::default()).await;
    act(&registry, &refund(), ActionKey::Own(ProposalId(9)), &Log::default()).await;
    let keys: Vec<_> = shop.posts().into_iter().map(|post| post.key.unwrap()).collect();
    assert_eq!(keys, ["CA0-t7", "CA1-t9"]);

    let keyless = ToolSpec { key: KeyPlace::None, ..refund() };
    let registry = shop::registry(&shop, [keyless.clone()]);
    let log = Log::default();
    assert_eq!(act(&registry, &keyless, ActionKey::Earlier("CA0-t7".into()), &log).await, Outcome::Unknown);
    assert_eq!((shop.posts().len(), log.begun.lock().unwrap().len()), (2, 0));
}

#[tokio::test]
async fn a_key_may_stand_in_the_body_outside_the_digest() {
    let shop = Shop::open(Behaviour::Works).await;
    let in_body = ToolSpec { key: KeyPlace::Body("request_id".into()), ..refund() };
    let registry = registry(&shop, [in_body.clone()]);
    act(&registry, &in_body, ActionKey::Own(T1), &Log::default()).await;
    assert_eq!(shop.posts()[0].body, json!({"amount": "20.00", "request_id": "CA1-t1"}));
}

#[tokio::test]
async fn a_key_makes_the_body_where_there_is_none_and_overwrites_nothing() {
    let in_body = |field: &str| KeyPlace::Body(field.into());
    for (key, body, sent) in [
        (in_body("request_id"), None, Some(json!({"request_id": "CA1-t1"}))),
        (in_body("amount"), Some(json!({"amount": "{{ amount }}"})), None),
        (KeyPlace::Header("x-source".into()), Some(json!({})), None),
    ] {
        let shop = Shop::open(Behaviour::Works).await;
        let mut tool = ToolSpec { key, ..refund() };
        tool.request.body = body.map(Body::Json);
        tool.request.headers = [("X-Source".to_owned(), "phone".to_owned())].into();
        let registry = registry(&shop, [tool.clone()]);
        let log = Log::default();
        let outcome = act(&registry, &tool, ActionKey::Own(T1), &log).await;
        let posts: Vec<Value> = shop.posts().into_iter().map(|post| post.body).collect();
        assert_eq!(posts, Vec::from_iter(sent.clone()), "{outcome:?}");
        assert_eq!(log.begun.lock().unwrap().len(), posts.len());
        if sent.is_none() {
            assert!(why(outcome).contains("has a value"));
        }
    }
}

#[tokio::test]
async fn what_has_no_effects_is_tried_again_where_that_may_help() {
    for (behaviour, goes_again) in [
        (Behaviour::Answers(503, "{}"), true),
        (Behaviour::Closes, true),
        (Behaviour::Answers(500, "{}"), false),
    ] {
        let shop = Shop::open_for_reads(behaviour).await;
        let registry = registry(&shop, [status()]);
        why(read(&registry, &status(), json!({"order": "1182", "postcode": "ab1"})).await);
        assert_eq!(shop.gets() > 1, goes_again, "{behaviour:?}");
    }
}

#[tokio::test]
async fn a_reading_tool_fails_in_words_and_in_time() {
    use Behaviour::{Answers, Garbage, Slow};
    for (behaviour, want) in [
        // That there is no such order is told to nobody who has not proven that it is theirs.
        (Answers(404, "{}"), "does not fit"),
        (Answers(500, "<html>secret stack trace"), "status 500"),
        (Answers(200, "{}"), "does not fit"),
        (Garbage, "not JSON"),
        (Slow, "in time"),
    ] {
        let shop = Shop::open_for_reads(behaviour).await;
        let registry = registry(&shop, [status()]);
        let outcome = read(&registry, &status(), json!({"order": "1182", "postcode": "AB1"})).await;
        let why = why(outcome);
        assert!(why.contains(want) && !why.contains("stack"), "{behaviour:?}: {why}");
    }
    let shop = Shop::open_for_reads(Answers(404, "{}")).await;
    let mut open_to_all = status();
    open_to_all.request.verify.clear();
    let registry = registry(&shop, [open_to_all.clone()]);
    let outcome = read(&registry, &open_to_all, json!({"order": "1182", "postcode": "AB1"})).await;
    assert_eq!(why(outcome), "no order with that number");
}

#[tokio::test]
async fn where_the_proof_fails_nothing_of_the_answer_is_passed_on() {
    let shop = Shop::open(Behaviour::Works).await;
    for (compare, said, passes) in [
        (Compare::EqualsIgnoreCase, "ab1 ", true),
        (Compare::Equals, "AB1", true),
        (Compare::Equals, "ab1", false),
        (Compare::EqualsDigits, "x1", true),
        (Compare::EqualsDigits, "none", false),
        (Compare::EqualsIgnoreCase, "zz9", false),
    ] {
        let mut tool = status();
        tool.request.verify[0].compare = compare;
        let registry = registry(&shop, [tool.clone()]);
        match read(&registry, &tool, json!({"order": "1182", "postcode": said})).await {
            Outcome::Done { result } => assert!(passes && result == json!({"state": "shipped"}), "{said}"),
            Outcome::Failed { why } => {
                assert!(!passes && why == "that postcode does not fit", "{said}: {why}")
            }
            Outcome::Partly { .. } | Outcome::Withheld(_) | Outcome::Unknown => {
                panic!("a reading tool always ends")
            }
        }
    }
}

#[tokio::test]
async fn a_proof_guards_an_action_before_it_is_asked_about() {
    let shop = Shop::open(Behaviour::Works).await;
    let mut tool = refund();
    tool.prepare[0].verify.push(Rule {
        parameter: "order".into(),
        compare: Compare::Equals,
        held: "customer.postcode".into(),
        country: None,
        error: "not yours".into(),
    });
    let registry = registry(&shop, [tool.clone()]);
    let refused = registry.prepare(T1, &tool.name, &refund_args(), &private()).await.unwrap_err();
    assert_eq!(refused.unproven, Some(Unproven::Failed { why: "not yours".into() }));
    assert!(registry.take(T1, &tool.name).is_none());
}

#[tokio::test]
async fn what_was_discarded_or_never_prepared_is_not_there_to_run() {
    let shop = Shop::open(Behaviour::Works).await;
    let registry = registry(&shop, [refund(), status()]);
    registry.prepare(T1, &refund().name, &refund_args(), &private()).await.unwrap();
    registry.discard(T1);
    assert!(registry.take(T1, &refund().name).is_none());
    registry.prepare(T1, &refund().name, &refund_args(), &private()).await.unwrap();
    assert!(registry.take(T1, &status().name).is_none(), "leave for one tool is no leave for another");
}

#[tokio::test]
async fn what_is_being_asked_about_is_not_replaced() {
    let shop = Shop::open(Behaviour::Works).await;
    let mut tool = refund();
    tool.request.body =
        Some(Body::Json(json!({"amount": "{% if call.id == 'CA1' %}{{ amount }}{% endif %}"})));
    let registry = registry(&shop, [tool.clone()]);
    let asked = registry.prepare(T1, &tool.name, &refund_args(), &private()).await.unwrap();
    let other = json!({"order": "1182", "amount": "99"});
    assert!(unprepared(registry.prepare(T1, &tool.name, &other, &private()).await).contains("already"));
    let permit = Permit::by_admin(T1, asked.action, "ada".into(), "a test".into());
    let (key, log) = (ActionKey::Own(T1), Log::default());
    let ended = registry
        .run(
            Leave { tool: tool.name.clone(), args: refund_args(), key, permit },
            &private(),
            CallTime::ANSWER,
            &log,
        )
        .await;
    assert!(matches!(ended, Ok(Outcome::Done { .. })), "{ended:?}");
    assert_eq!(shop.posts()[0].body, json!({"amount": "20.00"}));
}

#[tokio::test]
async fn a_missing_secret_is_known_before_the_first_call() {
    let connection = shop::connection("http://127.0.0.1:9".parse().unwrap());
    let secrets = crate::secrets::Secrets::from_env();
    let language = centralita_core::language::Language::English;
    let faults = Toolbox::new(language, "USD", &[connection], vec![refund()], &secrets).unwrap_err();
    assert!(faults[0].remedy.contains("CENTRALITA_SECRET_SHOP_STANDIN_TOKEN"), "{faults:?}");
}

#[tokio::test]
async fn nothing_of_a_caller_or_a_secret_prints() {
    let shop = Shop::open(Behaviour::Works).await;
    let registry = registry(&shop, [refund()]);
    registry
        .prepare(T1, &refund().name, &json!({"order": "8675309", "amount": "20"}), &private())
        .await
        .unwrap();
    let printed = format!("{registry:?} {:?}", call());
    for private in ["shop-token", "+34600", "8675309"] {
        assert!(!printed.contains(private), "{printed}");
    }
}
