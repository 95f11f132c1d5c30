//! Time around an exchange: what goes again, what is left alone, what is remembered, what is rationed.
//!
//! Promises: an action that may have arrived goes again under its key alone.
//! Never: waits for a clock of its own; pauses are those of the dispatcher.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method as HttpMethod, StatusCode, header};
use axum::response::{IntoResponse, Response};
use centralita_core::conversation::Withheld;
use tokio::time::Instant;

use super::served::Served;
use super::shop::{connection, exchange, status};
use super::*;
use crate::secrets::{SecretName, Secrets};

/// What the system answers, one after the other; then it works.
#[derive(Clone, Copy, Debug)]
enum Says {
    Status(u16),
    After(u16, &'static str),
    /// A status, a date at which to come back, and the system's own.
    AfterDate(u16, &'static str, &'static str),
    Breaks,
    Works,
}

/// Method, and the idempotency key.
type Sent = (HttpMethod, Option<String>);

#[derive(Clone)]
struct Book {
    says: Arc<Mutex<VecDeque<Says>>>,
    seen: Arc<Mutex<Vec<Sent>>>,
}

struct System {
    served: Served,
    book: Book,
}

impl System {
    async fn that(says: &[Says]) -> System {
        let says = Arc::new(Mutex::new(says.iter().copied().collect()));
        let book = Book { says, seen: Arc::default() };
        let router = Router::new().fallback(answer).with_state(book.clone());
        System { served: Served::by(router).await, book }
    }

    fn seen(&self, method: &HttpMethod) -> Vec<Option<String>> {
        let seen = self.book.seen.lock().unwrap();
        seen.iter().filter(|(sent, _)| sent == method).map(|(_, key)| key.clone()).collect()
    }

    fn registry(&self, tools: &[&ToolSpec]) -> Registry {
        self.registry_sharing(tools, &Breakers::default())
    }

    fn registry_sharing(&self, tools: &[&ToolSpec], breakers: &Breakers) -> Registry {
        let token = SecretName::reference("secret.SHOP_STANDIN_TOKEN").unwrap();
        let secrets = Secrets::from_env().with(token, "shop-token".to_owned().into());
        let tools = tools.iter().map(|tool| (*tool).clone()).collect();
        let language = centralita_core::language::Language::English;
        let connections = [connection(self.served.base.join("v1").unwrap())];
        let toolbox = Toolbox::new(language, "USD", &connections, tools, &secrets).unwrap().sharing(breakers);
        Registry::new(Arc::new(toolbox), call(), ActionSecret::new(&[7; 32]))
    }
}

async fn answer(State(book): State<Book>, request: Request) -> Response {
    let key = request.headers().get("idempotency-key").map(|key| key.to_str().unwrap().to_owned());
    book.seen.lock().unwrap().push((request.method().clone(), key));
    let says = book.says.lock().unwrap().pop_front().unwrap_or(Says::Works);
    let status = |code: u16| StatusCode::from_u16(code).unwrap();
    match says {
        Says::Status(code) => (status(code), "{}").into_response(),
        Says::After(code, wait) => (status(code), [(header::RETRY_AFTER, wait)], "{}").into_response(),
        Says::AfterDate(code, at, now) => {
            (status(code), [(header::RETRY_AFTER, at), (header::DATE, now)], "{}").into_response()
        }
        // axum ends the connection of a handler that panics, without a byte.
        Says::Breaks => std::panic::resume_unwind(Box::new("the line breaks, as this test wants")),
        Says::Works => axum::Json(json!({"state": "fine"})).into_response(),
    }
}

fn look_up() -> ToolSpec {
    let request = exchange(Method::Get, "/orders/{{ order }}", &[("state", "state")]);
    ToolSpec { request, timeout: Millis(3_000), ..status() }
}

fn pay(key: KeyPlace) -> ToolSpec {
    let request = exchange(Method::Post, "/orders/{{ order }}/refunds", &[("state", "state")]);
    ToolSpec { key, prepare: Vec::new(), request, timeout: Millis(3_000), ..refund() }
}

fn keyed() -> KeyPlace {
    KeyPlace::Header("Idempotency-Key".into())
}

fn found() -> Outcome {
    Outcome::Done { result: json!({"state": "fine"}) }
}

async fn looked_up(registry: &Registry, order: &str) -> Outcome {
    read(registry, &look_up(), json!({"order": order, "postcode": "AB1"})).await
}

#[tokio::test]
async fn what_only_reads_goes_again_where_the_line_broke_or_the_system_is_away_for_a_moment() {
    use Says::{Breaks, Status};
    for (says, sent, works) in [
        (&[Breaks] as &[Says], 2, true),
        (&[Status(429), Status(503)], 3, true),
        (&[Status(408), Status(425), Status(502), Status(504)], 5, true),
        (&[Status(503); 9], 5, false),
        (&[Status(500)], 1, false),
        (&[Status(404)], 1, false),
    ] {
        let system = System::that(says).await;
        let outcome = looked_up(&system.registry(&[&look_up()]), "1").await;
        assert_eq!(outcome == found(), works, "{says:?}: {outcome:?}");
        assert_eq!(system.seen(&HttpMethod::GET).len(), sent, "{says:?}");
    }
}

#[tokio::test]
async fn a_pause_that_the_system_asks_for_is_kept_and_one_beyond_the_tools_time_ends_it() {
    let (one_second, date) = (Duration::from_secs(1), "Sun, 06 Nov 1994 08:49:37 GMT");
    for (says, sent, waits) in [
        (Says::After(503, "1"), 2, true),
        // Its own clock, wherever that stands.
        (Says::AfterDate(429, "Sun, 06 Nov 1994 08:49:38 GMT", date), 2, true),
        (Says::AfterDate(429, "Sun, 06 Nov 1994 08:49:07 GMT", date), 2, false),
        (Says::After(503, "30"), 1, false),
        (Says::AfterDate(503, "Sun, 06 Nov 1994 08:51:00 GMT", date), 1, false),
        (Says::After(503, "soon"), 2, false),
    ] {
        let system = System::that(&[says]).await;
        let began = Instant::now();
        looked_up(&system.registry(&[&look_up()]), "1").await;
        assert_eq!(system.seen(&HttpMethod::GET).len(), sent, "{says:?}");
        assert!(!waits || began.elapsed() >= one_second, "{says:?}: {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn an_action_goes_again_under_its_key_and_without_one_never_once_it_left() {
    use Says::{Breaks, Status};
    let (done, failed) = (found(), "with status");
    let why = |outcome: &Outcome| matches!(outcome, Outcome::Failed { why } if why.contains(failed));
    for (key, says, sent) in [
        (keyed(), &[Breaks] as &[Says], 2),
        (keyed(), &[Status(503), Status(429)], 3),
        (KeyPlace::None, &[Breaks], 1),
        (KeyPlace::None, &[Status(503)], 1),
        (KeyPlace::None, &[Status(429)], 1),
    ] {
        let has_key = key != KeyPlace::None;
        let (tool, system) = (pay(key), System::that(says).await);
        let log = Log::default();
        let outcome = act(&system.registry(&[&tool]), &tool, ActionKey::Own(T1), &log).await;
        let posts = system.seen(&HttpMethod::POST);
        assert_eq!(posts.len(), sent, "{says:?}");
        assert!(posts.iter().all(|key| *key == has_key.then(|| "CA1-t1".to_owned())), "{posts:?}");
        assert_eq!(log.begun.lock().unwrap().len(), 1, "all under one intent");
        assert_eq!(outcome == done, has_key, "{says:?}: {outcome:?}");
        assert!(has_key || outcome == Outcome::Unknown || why(&outcome), "{says:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_refusal_after_a_sending_that_may_have_been_done_proves_nothing() {
    use Says::{Breaks, Status};
    for (says, want_unknown) in [
        (&[Breaks, Status(400)] as &[Says], true),
        (&[Status(504), Status(422)], true),
        (&[Status(429), Status(422)], false),
    ] {
        let (tool, system) = (pay(keyed()), System::that(says).await);
        let outcome = act(&system.registry(&[&tool]), &tool, ActionKey::Own(T1), &Log::default()).await;
        assert_eq!(outcome == Outcome::Unknown, want_unknown, "{says:?}: {outcome:?}");
        assert_eq!(system.seen(&HttpMethod::POST).len(), 2);
    }
}

#[tokio::test]
async fn a_system_that_fails_again_and_again_is_left_alone_by_all_calls_and_nothing_is_begun() {
    let system = System::that(&[Says::Status(500); 5]).await;
    let breakers = Breakers::default();
    let tools = [&look_up(), &pay(keyed())];
    let (one, other) =
        (system.registry_sharing(&tools, &breakers), system.registry_sharing(&tools, &breakers));
    let early = other.prepare(T1, &pay(keyed()).name, &refund_args(), &private()).await;
    assert!(early.is_ok());
    for order in 0..5 {
        why(looked_up(&one, &order.to_string()).await);
    }
    let out_of_reach = Outcome::Withheld(Withheld::OutOfReach);
    assert_eq!(looked_up(&other, "1").await, out_of_reach, "another call of the same process");
    let refused =
        other.prepare(ProposalId(2), &pay(keyed()).name, &refund_args(), &private()).await.unwrap_err();
    assert_eq!(refused.withheld, Some(Withheld::OutOfReach));
    let (log, ready) = (Log::default(), other.take(T1, &pay(keyed()).name).unwrap());
    let name = pay(keyed()).name;
    let (spec, live) = other.toolbox().find(&name).unwrap();
    assert_eq!(other.act(spec, live, T1, ready, &ActionKey::Own(T1), &log).await, out_of_reach);
    assert!(log.begun.lock().unwrap().is_empty(), "what had its yes has failed and is no unknown");
    assert_eq!(system.book.seen.lock().unwrap().len(), 5);
    assert_eq!(other.toolbox().out_of_reach().collect::<Vec<_>>(), ["shop"]);
}

#[tokio::test]
async fn what_a_system_refuses_or_has_words_for_is_no_failure_of_it() {
    let mut tool = look_up();
    tool.request.errors = [(503, "We are closed.".to_owned())].into();
    let system = System::that(&[Says::After(503, "9"); 6]).await;
    let registry = system.registry(&[&tool]);
    for order in 0..6 {
        let outcome = read(&registry, &tool, json!({"order": order.to_string(), "postcode": "AB1"})).await;
        assert_eq!(why(outcome), "We are closed.");
    }
    let system = System::that(&[Says::Status(404); 9]).await;
    let registry = system.registry(&[&look_up()]);
    for order in 0..9 {
        why(looked_up(&registry, &order.to_string()).await);
    }
    assert_eq!(looked_up(&registry, "1").await, found());
}

#[tokio::test]
async fn a_system_that_is_not_there_costs_the_sixth_caller_nothing() {
    let tool = ToolSpec { timeout: Millis(150), ..look_up() };
    let mut system = System::that(&[]).await;
    let registry = system.registry(&[&tool]);
    system.served.stop().await;
    let args = || json!({"order": "1", "postcode": "AB1"});
    for _ in 0..5 {
        why(read(&registry, &tool, args()).await);
    }
    let outcome = read(&registry, &tool, args()).await;
    assert_eq!(outcome, Outcome::Withheld(Withheld::OutOfReach));
}

#[tokio::test]
async fn an_answer_counts_for_the_same_request_of_the_call_until_an_action_begins() {
    let tool = ToolSpec { cache: Some(Millis(60_000)), ..look_up() };
    let system = System::that(&[]).await;
    let registry = system.registry(&[&tool, &pay(keyed())]);
    let again = |order: &'static str| read(&registry, &tool, json!({"order": order, "postcode": "AB1"}));
    for (order, sent) in [("1", 1), ("1", 1), ("2", 2), ("1", 2)] {
        assert_eq!(again(order).await, found());
        assert_eq!(system.seen(&HttpMethod::GET).len(), sent, "{order}");
    }
    act(&registry, &pay(keyed()), ActionKey::Own(T1), &Log::default()).await;
    again("1").await;
    assert_eq!(system.seen(&HttpMethod::GET).len(), 3, "the action may have changed it");
    let other = system.registry(&[&tool]);
    read(&other, &tool, json!({"order": "1", "postcode": "AB1"})).await;
    assert_eq!(system.seen(&HttpMethod::GET).len(), 4, "another call asks for itself");
}

#[tokio::test]
async fn a_proof_is_made_anew_of_an_answer_that_is_remembered() {
    let mut tool = ToolSpec { cache: Some(Millis(60_000)), ..look_up() };
    tool.request.verify = vec![Rule {
        parameter: "postcode".into(),
        compare: Compare::Equals,
        held: "state".into(),
        country: None,
        error: "That does not fit.".into(),
    }];
    let system = System::that(&[]).await;
    let registry = system.registry(&[&tool]);
    let says = |postcode: &'static str| read(&registry, &tool, json!({"order": "1", "postcode": postcode}));
    assert_eq!(says("fine").await, found());
    assert_eq!(why(says("AB1").await), "That does not fit.");
    assert_eq!(system.seen(&HttpMethod::GET).len(), 1);
}

#[tokio::test]
async fn a_limited_action_takes_its_run_before_its_intent_and_has_none_beyond() {
    let per_caller = PerCaller { per_hour: None, per_day: Some(1) };
    let tool = ToolSpec { per_caller, ..pay(keyed()) };
    let (system, log) = (System::that(&[]).await, Log::default());
    let registry = system.registry(&[&tool]);
    assert_eq!(act(&registry, &tool, ActionKey::Own(T1), &log).await, found());
    let next = ProposalId(2);
    let second = act_as(next, &registry, &tool, ActionKey::Own(next), &log).await;
    assert_eq!(second, Outcome::Withheld(Withheld::Spent));
    assert_eq!((system.seen(&HttpMethod::POST).len(), log.begun.lock().unwrap().len()), (1, 1));
}
