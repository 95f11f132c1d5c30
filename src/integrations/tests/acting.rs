//! A tool of two steps with effects, against a system that counts what it did.
//!
//! Promises: whatever becomes of the second step, the first is done once and told; nothing leaves after a step that is not
//! known to be done.
//! Never: leaves this machine.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use centralita_core::conversation::{Effects, Rest};

use super::served::Served;
use super::*;

/// What a booking's pass begins with.
const PASS: &str = "pass-canary-";

/// What reached the system, each request with its key.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

struct Desk {
    served: Served,
    seen: Seen,
}

impl Desk {
    async fn open() -> Desk {
        let seen = Seen::default();
        let router = Router::new()
            .route("/bookings", post(book))
            .route("/bookings/{id}/payments", post(pay))
            .route("/bookings/{id}/room", get(room))
            .with_state(seen.clone());
        Desk { served: Served::by(router).await, seen }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.0.lock().unwrap().clone()
    }

    fn registry(&self, tool: &ToolSpec) -> Registry {
        self.served.registry(tool)
    }
}

impl Seen {
    fn note(&self, what: &str, headers: &HeaderMap) -> usize {
        let key = headers.get("idempotency-key").map_or("-", |value| value.to_str().unwrap());
        let mut seen = self.0.lock().unwrap();
        seen.push(format!("{what} {key}"));
        seen.len()
    }
}

async fn book(State(seen): State<Seen>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let nth = seen.note("book", &headers);
    match body["order"].as_str() {
        Some("422") => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
        Some("7") => Json(json!({"id": {"odd": true}, "pass": PASS})).into_response(),
        _ => Json(json!({"id": format!("b/{nth}?x"), "pass": format!("{PASS}{nth}")})).into_response(),
    }
}

async fn pay(
    State(seen): State<Seen>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    assert!(body["pass"].as_str().unwrap().starts_with(PASS));
    let nth = seen.note(&format!("pay {} of {id}", body["amount"].as_str().unwrap()), &headers);
    match body["amount"].as_str() {
        // Refused the first time.
        Some("13.00") if nth <= 2 => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
        Some("99.00") => std::panic::resume_unwind(Box::new("the line breaks, as this test wants")),
        amount => Json(json!({"paid": amount, "with": body["pass"]})).into_response(),
    }
}

/// Of what was booked there is none the first time.
async fn room(State(seen): State<Seen>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    seen.note("room", &headers);
    let asked = seen.0.lock().unwrap().iter().filter(|line| line.starts_with("room")).count();
    match id.strip_prefix("b/") {
        Some(_) if asked == 1 => StatusCode::NOT_FOUND.into_response(),
        Some(_) | None => Json(json!({"id": "r1", "pass": PASS})).into_response(),
    }
}

fn step(id: &str, secret: &[&str], exchange: Exchange) -> Exchange {
    let secret = secret.iter().map(|name| (*name).to_owned()).collect();
    Exchange { step: Some(Step { id: id.into(), when: None, secret }), ..exchange }
}

/// Books, and pays what was booked.
fn book_and_pay(key: &KeyPlace) -> ToolSpec {
    let book = shop::exchange(Method::Post, "/bookings", &[("id", "id"), ("pass", "pass")]);
    let book = Exchange { body: Some(Body::Json(json!({"order": "{{ order }}"}))), ..book };
    let pay = shop::exchange(Method::Post, "/bookings/{{ steps.book.id }}/payments", &[("paid", "paid")]);
    let body = json!({"amount": "{{ amount }}", "pass": "{{ steps.book.pass }}"});
    let pay = Exchange { body: Some(Body::Json(body)), ..pay };
    let deed = Deed {
        exchange: step("book", &["pass"], book),
        effects: Effects::Irreversible,
        key: key.clone(),
        not_done_on: [].into(),
        probe: None,
    };
    let request = step("pay", &[], pay);
    ToolSpec { prepare: Vec::new(), before: vec![deed], request, key: key.clone(), ..refund() }
}

/// The same, with a look at the room between the two.
fn book_look_and_pay(key: &KeyPlace) -> ToolSpec {
    let mut tool = book_and_pay(key);
    let room = shop::exchange(Method::Get, "/bookings/{{ steps.book.id }}/room", &[("id", "id")]);
    tool.before.push(looks(step("room", &[], room)));
    tool
}

fn looks(exchange: Exchange) -> Deed {
    let (effects, key, not_done_on) = (Effects::None, KeyPlace::None, [].into());
    Deed { exchange, effects, key, not_done_on, probe: None }
}

/// Whose condition is never true.
fn left_out(mut deed: Deed, id: &str) -> Deed {
    deed.exchange.step = Some(Step { id: id.into(), when: Some("order == '0'".into()), secret: [].into() });
    deed
}

/// From here on its system is left alone.
fn is_left_alone(registry: &Registry) {
    let (_, live) = registry.toolbox().find(&refund().name).unwrap();
    let breaker = live.breaker.as_ref().unwrap();
    while let Ok(passing) = breaker.enter() {
        passing.ended(crate::integrations::breaker::Health::Ill);
    }
}

/// What reached the system, without the keys.
fn whats(desk: &Desk) -> Vec<String> {
    desk.seen().iter().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

fn header() -> KeyPlace {
    KeyPlace::Header("Idempotency-Key".into())
}

/// Prepares and acts as after a yes.
async fn done(
    registry: &Registry,
    (order, amount): (&str, &str),
    proposal: u32,
    key: ActionKey,
    log: &Log,
) -> Outcome {
    let (name, proposal) = (refund().name, ProposalId(proposal));
    let args = json!({"order": order, "amount": amount});
    let asked = registry.prepare(proposal, &name, &args, &private()).await.unwrap();
    assert!(!asked.values.to_string().contains("book"), "nothing is booked yet: {}", asked.values);
    let ready = registry.take(proposal, &name).unwrap();
    let (spec, live) = registry.toolbox().find(&name).unwrap();
    registry.act(spec, live, proposal, ready, &key, log).await
}

fn partly(outcome: Outcome) -> (Value, Rest, String) {
    match outcome {
        Outcome::Partly { result, rest, why } => (result, rest, why),
        other @ (Outcome::Done { .. } | Outcome::Failed { .. } | Outcome::Withheld(_) | Outcome::Unknown) => {
            panic!("{other:?}")
        }
    }
}

#[tokio::test]
async fn two_steps_are_done_by_one_leave_each_with_an_intent_and_a_key_of_its_own() {
    let desk = Desk::open().await;
    let tool = book_and_pay(&header());
    let (registry, log) = (desk.registry(&tool), Log::default());
    let outcome = done(&registry, ("1182", "20"), 1, ActionKey::Own(T1), &log).await;
    assert_eq!(outcome, Outcome::Done { result: json!({"paid": "20.00"}) });
    assert_eq!(desk.seen(), ["book CA1-t1", "pay 20.00 of b/1?x CA1-t1-1"], "the hole is one segment");
    let begun = log.begun.lock().unwrap();
    let places: Vec<(u32, Option<&str>)> = begun.iter().map(|i| (i.step, i.key.as_deref())).collect();
    assert_eq!(places, [(0, Some("CA1-t1")), (1, Some("CA1-t1-1"))]);
    assert_eq!(begun[0].action, begun[1].action, "one wish");
    let settled = log.settled.lock().unwrap();
    assert!(settled.iter().map(|(step, _)| *step).eq([0, 1]), "{settled:?}");
    assert!(!format!("{registry:?}").contains(PASS));
}

#[tokio::test]
async fn what_will_be_answered_is_no_part_of_the_wish() {
    let desk = Desk::open().await;
    let tool = book_and_pay(&header());
    let registry = desk.registry(&tool);
    let mut actions = Vec::new();
    for (proposal, amount) in [(1, "20"), (2, "20.00"), (3, "21")] {
        let args = json!({"order": "1182", "amount": amount});
        actions.push(
            registry.prepare(ProposalId(proposal), &tool.name, &args, &private()).await.unwrap().action,
        );
    }
    assert_eq!(actions[0], actions[1]);
    assert_ne!(actions[0], actions[2], "what the second step sends is confirmed too");
    assert!(desk.seen().is_empty());
}

#[tokio::test]
async fn a_first_step_that_fails_is_the_end_and_nothing_was_done() {
    let desk = Desk::open().await;
    let tool = book_and_pay(&header());
    let outcome = done(&desk.registry(&tool), ("422", "20"), 1, ActionKey::Own(T1), &Log::default()).await;
    assert_eq!(why(outcome), "step `book`: the system answered with status 422");
    assert_eq!(desk.seen().len(), 1);
}

#[tokio::test]
async fn where_the_second_step_fails_the_first_is_told_and_the_next_wish_does_the_rest_alone() {
    for key in [header(), KeyPlace::None] {
        let desk = Desk::open().await;
        let tool = book_and_pay(&key);
        let (registry, log) = (desk.registry(&tool), Log::default());
        let (result, rest, told) = partly(done(&registry, ("1182", "13"), 1, ActionKey::Own(T1), &log).await);
        assert_eq!((result, rest), (json!({"steps": {"book": {"id": "b/1?x"}}}), Rest::NotDone));
        assert_eq!(told, "step `pay`: the system answered with status 422");
        let outcome = done(&registry, ("1182", "13"), 2, ActionKey::Own(T1), &log).await;
        assert_eq!(outcome, Outcome::Done { result: json!({"paid": "13.00"}) });
        let whats: Vec<String> =
            desk.seen().iter().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect();
        assert_eq!(whats, ["book", "pay 13.00 of b/1?x", "pay 13.00 of b/1?x"], "{key:?}: booked once");
        let begun = log.begun.lock().unwrap();
        let places: Vec<(u32, u32)> = begun.iter().map(|i| (i.proposal.0, i.step)).collect();
        assert_eq!(places, [(1, 0), (1, 1), (2, 1)]);
    }
}

#[tokio::test]
async fn where_nobody_knows_of_the_second_step_it_is_told_so_and_sent_again_under_its_key_alone() {
    for key in [header(), KeyPlace::None] {
        let desk = Desk::open().await;
        let tool = book_and_pay(&key);
        let (registry, log) = (desk.registry(&tool), Log::default());
        for proposal in [1, 2] {
            let outcome = done(&registry, ("1182", "99"), proposal, ActionKey::Own(T1), &log).await;
            let (result, rest, told) = partly(outcome);
            assert_eq!((result, rest), (json!({"steps": {"book": {"id": "b/1?x"}}}), Rest::Unknown));
            assert_eq!(told, "step `pay` was sent, and no answer came");
        }
        let seen = desk.seen();
        assert!(seen.len() > 2 || key == KeyPlace::None, "{seen:?}");
        assert!(seen.len() == 2 || key != KeyPlace::None, "{seen:?}");
        assert!(seen.iter().filter(|line| line.starts_with("book")).count() == 1, "{seen:?}");
        assert!(seen.iter().skip(2).all(|line| line.ends_with(" CA1-t1-1")), "{seen:?}");
    }
}

#[tokio::test]
async fn in_another_process_a_part_that_was_done_is_done_again_under_its_key_alone() {
    for (key, sent) in [(header(), 2), (KeyPlace::None, 0)] {
        let desk = Desk::open().await;
        let tool = book_and_pay(&key);
        let earlier = ActionKey::Earlier("CA0-t3".to_owned());
        let outcome = done(&desk.registry(&tool), ("1182", "20"), 1, earlier, &Log::default()).await;
        let seen = desk.seen();
        assert_eq!(seen.len(), sent, "{seen:?}");
        match key {
            KeyPlace::None => assert_eq!(outcome, Outcome::Unknown),
            KeyPlace::Header(_) | KeyPlace::Body(_) => {
                assert_eq!(seen, ["book CA0-t3", "pay 20.00 of b/1?x CA0-t3-1"]);
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_plain_value_fills_no_hole() {
    let desk = Desk::open().await;
    let tool = book_and_pay(&header());
    let outcome = done(&desk.registry(&tool), ("7", "20"), 1, ActionKey::Own(T1), &Log::default()).await;
    let (_, rest, told) = partly(outcome);
    assert_eq!(
        (rest, told.as_str()),
        (Rest::NotDone, "step `pay`: `steps.book.id` is no plain value: it was not sent")
    );
    assert_eq!(desk.seen().len(), 1);
}

#[tokio::test]
async fn a_step_of_which_nobody_knew_stays_unknown_where_it_is_not_sent_the_second_time() {
    let desk = Desk::open().await;
    let tool = book_and_pay(&header());
    let (registry, log) = (desk.registry(&tool), Log::default());
    let (_, rest, _) = partly(done(&registry, ("1182", "99"), 1, ActionKey::Own(T1), &log).await);
    assert_eq!(rest, Rest::Unknown);
    let (args, again) = (json!({"order": "1182", "amount": "99"}), ProposalId(2));
    registry.prepare(again, &tool.name, &args, &private()).await.unwrap();
    let ready = registry.take(again, &tool.name).unwrap();
    let sent = desk.seen().len();
    is_left_alone(&registry);
    let (spec, live) = registry.toolbox().find(&tool.name).unwrap();
    let (_, rest, told) = partly(registry.act(spec, live, again, ready, &ActionKey::Own(T1), &log).await);
    assert_eq!((rest, told.as_str()), (Rest::Unknown, "step `pay` was sent, and no answer came"));
    assert_eq!(desk.seen().len(), sent, "it is left alone");
}

#[tokio::test]
async fn what_an_earlier_call_may_have_sent_stays_unknown_where_this_one_does_not_come_to_it() {
    let desk = Desk::open().await;
    let registry = desk.registry(&book_look_and_pay(&header()));
    let earlier = ActionKey::Earlier("CA0-t3".to_owned());
    let (result, rest, _) =
        partly(done(&registry, ("1182", "20"), 1, earlier.clone(), &Log::default()).await);
    assert_eq!((result, rest), (json!({"steps": {"book": {"id": "b/1?x"}}}), Rest::Unknown));
    assert_eq!(desk.seen(), ["book CA0-t3", "room -"]);
    let outcome = done(&registry, ("1182", "20"), 2, earlier, &Log::default()).await;
    assert_eq!(outcome, Outcome::Done { result: json!({"paid": "20.00"}) });
    assert_eq!(desk.seen()[2..], ["room -", "pay 20.00 of b/1?x CA0-t3-1"]);
}

#[tokio::test]
async fn a_step_that_never_left_is_sent_when_it_is_wished_for_again() {
    for key in [header(), KeyPlace::None] {
        let desk = Desk::open().await;
        let (registry, log) = (desk.registry(&book_look_and_pay(&key)), Log::default());
        let (_, rest, told) = partly(done(&registry, ("1182", "20"), 1, ActionKey::Own(T1), &log).await);
        assert_eq!(rest, Rest::NotDone, "{told}");
        let outcome = done(&registry, ("1182", "20"), 2, ActionKey::Own(T1), &log).await;
        assert_eq!(outcome, Outcome::Done { result: json!({"paid": "20.00"}) });
        assert_eq!(whats(&desk), ["book", "room", "room", "pay 20.00 of b/1?x"], "{key:?}");
    }
}

#[tokio::test]
async fn a_step_that_is_found_not_done_is_sent_again_also_without_a_key_and_one_found_done_is_not() {
    let failed = Outcome::Failed { why: "it was not done".into() };
    let paid = Outcome::Done { result: json!({"paid": "99.00"}) };
    for (found, sent) in [(failed, 3), (paid.clone(), 2)] {
        let desk = Desk::open().await;
        let (registry, log) = (desk.registry(&book_and_pay(&KeyPlace::None)), Log::default());
        let (_, rest, _) = partly(done(&registry, ("1182", "99"), 1, ActionKey::Own(T1), &log).await);
        assert_eq!(rest, Rest::Unknown);
        registry.stands_now(T1, &found, false);
        let outcome = done(&registry, ("1182", "99"), 2, ActionKey::Own(T1), &log).await;
        assert_eq!(desk.seen().len(), sent, "{:?}", desk.seen());
        assert_eq!(outcome == paid, sent == 2, "{outcome:?}");
    }
}

#[tokio::test]
async fn what_has_begun_goes_on_where_its_system_would_be_left_alone() {
    let desk = Desk::open().await;
    let tool = book_and_pay(&header());
    let registry = desk.registry(&tool);
    let log = Closing(&registry, Log::default());
    let args = json!({"order": "1182", "amount": "20"});
    registry.prepare(T1, &tool.name, &args, &private()).await.unwrap();
    let ready = registry.take(T1, &tool.name).unwrap();
    let (spec, live) = registry.toolbox().find(&tool.name).unwrap();
    let outcome = registry.act(spec, live, T1, ready, &ActionKey::Own(T1), &log).await;
    assert_eq!(outcome, Outcome::Done { result: json!({"paid": "20.00"}) });
    assert_eq!(desk.seen().len(), 2);
}

/// A record after whose first outcome the system is left alone.
struct Closing<'r>(&'r Registry, Log);

impl IntentLog for Closing<'_> {
    fn begin(&self, intent: Intent) -> BoxFuture<'_, Result<(), NotBegun>> {
        self.1.begin(intent)
    }

    fn settled<'l>(&'l self, proposal: ProposalId, step: u32, outcome: &'l Outcome) -> BoxFuture<'l, ()> {
        is_left_alone(self.0);
        self.1.settled(proposal, step, outcome)
    }

    fn found(&self, finding: &Finding) {
        self.1.found(finding);
    }

    fn ago(&self, proposal: ProposalId, step: u32) -> BoxFuture<'_, Duration> {
        self.1.ago(proposal, step)
    }

    fn spend<'a>(&'a self, tool: &'a ToolName, limit: PerCaller) -> BoxFuture<'a, Result<(), NotSpent>> {
        self.1.spend(tool, limit)
    }
}

#[tokio::test]
async fn what_a_left_out_step_would_have_found_leaves_its_place_empty_after_the_yes_as_before_it() {
    let desk = Desk::open().await;
    let mut tool = book_and_pay(&header());
    let card = shop::exchange(Method::Post, "/bookings", &[("id", "id")]);
    let card = Deed { exchange: card, ..tool.before[0].clone() };
    tool.before.push(left_out(card, "card"));
    let body =
        json!({"amount": "{{ amount }}", "pass": "{{ steps.book.pass }}", "card": "{{ steps.card.id }}"});
    tool.request.body = Some(Body::Json(body));
    let outcome = done(&desk.registry(&tool), ("1182", "20"), 1, ActionKey::Own(T1), &Log::default()).await;
    assert_eq!(outcome, Outcome::Done { result: json!({"paid": "20.00"}) });
    assert_eq!(desk.seen(), ["book CA1-t1", "pay 20.00 of b/1?x CA1-t1-2"]);
}

#[tokio::test]
async fn where_the_first_deed_is_left_out_a_look_after_the_yes_fills_the_next_one() {
    let desk = Desk::open().await;
    let mut tool = book_and_pay(&header());
    let hold = left_out(tool.before.remove(0), "hold");
    let map = [("id", "id"), ("pass", "pass")];
    let room = shop::exchange(Method::Get, "/bookings/{{ order }}/room", &map);
    tool.before = vec![hold, looks(step("room", &["pass"], room))];
    tool.request.path = "/bookings/{{ steps.room.id }}/payments".into();
    let body = json!({"amount": "{{ amount }}", "pass": "{{ steps.room.pass }}"});
    tool.request.body = Some(Body::Json(body));
    let outcome = done(&desk.registry(&tool), ("1182", "20"), 1, ActionKey::Own(T1), &Log::default()).await;
    assert_eq!(outcome, Outcome::Done { result: json!({"paid": "20.00"}) });
    assert_eq!(desk.seen(), ["room -", "pay 20.00 of r1 CA1-t1-1"]);
}
