//! Tools of several steps, against a system that wants a login first and gives another token each time.
//!
//! Promises: a token is in the requests that name it and nowhere else; a step that fails names itself, and nothing after it
//! leaves.
//! Never: leaves this machine.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use centralita_core::conversation::{Parameter, ParameterKind};
use tokio::time::Instant;

use super::served::Served;
use super::*;

/// What every token begins with.
const TOKEN: &str = "token-canary-";

/// What reached the system: each request with its token, if it had one.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

struct Office {
    served: Served,
    seen: Seen,
}

impl Office {
    async fn open() -> Office {
        let seen = Seen::default();
        let router = Router::new()
            .route("/login", post(login))
            .route("/orders/{order}", get(order))
            .route("/payments/{id}/refunds", get(made).post(pay_back))
            .with_state(seen.clone());
        Office { served: Served::by(router).await, seen }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.0.lock().unwrap().clone()
    }

    fn registry(&self, tool: &ToolSpec) -> Registry {
        self.served.registry(tool)
    }
}

impl Seen {
    fn note(&self, what: &str, headers: &HeaderMap) -> Option<String> {
        let token = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        self.0.lock().unwrap().push(format!("{what} {}", token.as_deref().unwrap_or("-")));
        token
    }
}

async fn login(State(seen): State<Seen>, headers: HeaderMap) -> Json<Value> {
    seen.note("login", &headers);
    let nth = seen.0.lock().unwrap().iter().filter(|line| line.starts_with("login")).count();
    Json(json!({"access_token": format!("{TOKEN}{nth}"), "desk": "phone"}))
}

async fn order(State(seen): State<Seen>, Path(order): Path<String>, headers: HeaderMap) -> Response {
    match seen.note(&format!("order {order}"), &headers) {
        _ if order == "404" => StatusCode::NOT_FOUND.into_response(),
        Some(token) => {
            Json(json!({"item": "a lamp", "payment": {"id": "p/7"}, "you": token, "paid": order == "1182"}))
                .into_response()
        }
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn pay_back(
    State(seen): State<Seen>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let token = seen.note(&format!("refund of {id}: {body}"), &headers);
    match body["amount"].as_str() {
        Some("13.00") => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
        Some("99.00") => std::panic::resume_unwind(Box::new("the line breaks, as this test wants")),
        _ => Json(json!({"amount": body["amount"], "by": token})).into_response(),
    }
}

async fn made(State(seen): State<Seen>, uri: Uri, headers: HeaderMap) -> Json<Value> {
    seen.note(&format!("made? {}", uri.query().unwrap_or_default()), &headers);
    Json(json!({"refunds": [{"key": "CA1-t1"}], "amount": "99.00"}))
}

fn step(id: &str, when: Option<&str>, secret: &[&str], exchange: Exchange) -> Exchange {
    let secret = secret.iter().map(|name| (*name).to_owned()).collect();
    Exchange { step: Some(Step { id: id.into(), when: when.map(str::to_owned), secret }), ..exchange }
}

fn as_logged_in(exchange: Exchange) -> Exchange {
    let header = ("Authorization".to_owned(), "Bearer {{ steps.login.token }}".to_owned());
    Exchange { headers: [header].into(), ..exchange }
}

fn log_in() -> Exchange {
    let map = [("token", "access_token"), ("desk", "desk")];
    step("login", None, &["token"], shop::exchange(Method::Post, "/login", &map))
}

fn look_up() -> Exchange {
    let map = [("item", "item"), ("payment", "payment.id"), ("you", "you"), ("paid", "paid")];
    step("order", None, &[], as_logged_in(shop::exchange(Method::Get, "/orders/{{ order }}", &map)))
}

/// Login, and then a look-up.
fn status_by_token() -> ToolSpec {
    let order = Parameter {
        name: "order".into(),
        kind: ParameterKind::Digits,
        required: true,
        ..Parameter::default()
    };
    ToolSpec { parameters: vec![order], prepare: vec![log_in()], request: look_up(), ..status() }
}

/// Login, look-up, and then the refund.
fn refund_by_token() -> ToolSpec {
    let path = "/payments/{{ steps.order.payment }}/refunds";
    let pay_back = shop::exchange(Method::Post, path, &[("refunded", "amount"), ("by", "by")]);
    let pay_back =
        Exchange { body: Some(Body::Json(json!({"amount": "{{ amount }}"}))), ..as_logged_in(pay_back) };
    let request = step("refund", Some("steps.order.paid"), &[], pay_back);
    ToolSpec { prepare: vec![log_in(), look_up()], request, ..refund() }
}

async fn done(registry: &Registry, spec: &ToolSpec, amount: &str, log: &Log) -> Outcome {
    let args = json!({"order": "1182", "amount": amount});
    registry.prepare(T1, &spec.name, &args, &private()).await.unwrap();
    let ready = registry.take(T1, &spec.name).unwrap();
    assert!(!format!("{ready:?} {:?}", ready.known).contains(TOKEN));
    let (spec, live) = registry.toolbox().find(&spec.name).unwrap();
    registry.act(spec, live, T1, ready, &ActionKey::Own(T1), log).await
}

#[tokio::test]
async fn a_token_of_one_step_is_in_the_next_request_and_where_it_comes_back_there_are_stars() {
    let office = Office::open().await;
    let tool = status_by_token();
    let registry = office.registry(&tool);
    let outcome = read(&registry, &tool, json!({"order": "1182"})).await;
    let result = json!({"item": "a lamp", "payment": "p/7", "you": "Bearer ***", "paid": true});
    assert_eq!(outcome, Outcome::Done { result });
    assert_eq!(office.seen(), ["login -", "order 1182 Bearer token-canary-1"]);
    assert!(!format!("{registry:?}").contains(TOKEN));
}

#[tokio::test]
async fn a_tool_may_say_what_its_result_is_made_of() {
    let office = Office::open().await;
    let made_of = [("who", "steps.login.desk ~ ': ' ~ steps.order.item"), ("order", "order")];
    let result = made_of.map(|(name, expression)| (name.to_owned(), expression.to_owned())).into();
    let tool = ToolSpec { result: Some(result), ..status_by_token() };
    let outcome = read(&office.registry(&tool), &tool, json!({"order": "1182"})).await;
    assert_eq!(outcome, Outcome::Done { result: json!({"who": "phone: a lamp", "order": "1182"}) });
}

#[tokio::test]
async fn a_step_that_fails_names_itself_and_nothing_after_it_is_sent() {
    let office = Office::open().await;
    let tool = refund_by_token();
    let registry = office.registry(&tool);
    let args = json!({"order": "404", "amount": "20"});
    let told = registry.prepare(T1, &tool.name, &args, &private()).await.unwrap_err().why;
    assert_eq!(told, "step `order`: no order with that number");
    assert_eq!(office.seen().len(), 2, "a login and a look-up");
    let log = Log::default();
    let told = why(done(&registry, &tool, "13", &log).await);
    assert_eq!(told, "step `refund`: the system answered with status 422");
    let mut tool = status_by_token();
    tool.prepare[0].map.insert("user".into(), "user.id".into());
    let told = why(read(&office.registry(&tool), &tool, json!({"order": "1182"})).await);
    assert_eq!(told, "step `login`: the system's answer holds no `user`");
}

#[tokio::test]
async fn what_earlier_steps_found_is_in_the_question_and_the_token_is_no_part_of_the_wish() {
    let office = Office::open().await;
    let tool = refund_by_token();
    let registry = office.registry(&tool);
    let mut actions = Vec::new();
    for (proposal, amount) in [(2, "20"), (3, "20.00"), (4, "21")] {
        let args = json!({"order": "1182", "amount": amount});
        let asked = registry.prepare(ProposalId(proposal), &tool.name, &args, &private()).await.unwrap();
        assert_eq!(asked.values["steps"]["order"]["item"], "a lamp");
        assert_eq!(asked.values["steps"]["login"], json!({"desk": "phone"}));
        assert!(!asked.values.to_string().contains(TOKEN), "{}", asked.values);
        actions.push(asked.action);
    }
    assert_eq!(actions[0], actions[1], "another token, the same wish");
    assert_ne!(actions[0], actions[2]);
    let log = Log::default();
    let outcome = done(&registry, &tool, "20", &log).await;
    assert_eq!(outcome, Outcome::Done { result: json!({"refunded": "20.00", "by": "Bearer ***"}) });
    let last = office.seen().pop().unwrap();
    assert_eq!(last, "refund of p/7: {\"amount\":\"20.00\"} Bearer token-canary-4");
    let begun = log.begun.lock().unwrap();
    assert_eq!(begun.len(), 1, "what only reads has no intent");
    assert_eq!(begun[0].key.as_deref(), Some("CA1-t1"));
}

#[tokio::test]
async fn a_step_is_left_out_by_its_condition_and_what_it_would_have_found_is_null() {
    let office = Office::open().await;
    let mut tool = status_by_token();
    let condition = "order != '1183'";
    tool.prepare.push(step("more", Some(condition), &["by"], {
        let exchange =
            as_logged_in(shop::exchange(Method::Get, "/orders/7", &[("item", "item"), ("by", "you")]));
        Exchange { query: [("item".to_owned(), "{{ order }}".to_owned())].into(), ..exchange }
    }));
    tool.request.query = [("by", "{{ steps.more.by }}"), ("item", "{{ steps.more.item }}")]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into();
    let result = [("more".to_owned(), "steps.more.item".to_owned())].into();
    let tool = ToolSpec { result: Some(result), ..tool };
    for (order, sent, more) in [("1182", 3, json!("a lamp")), ("1183", 2, Value::Null)] {
        let before = office.seen().len();
        let outcome = read(&office.registry(&tool), &tool, json!({"order": order})).await;
        assert_eq!(outcome, Outcome::Done { result: json!({"more": more}) });
        assert_eq!(office.seen().len() - before, sent);
    }
}

#[tokio::test]
async fn of_an_action_whose_condition_is_false_nobody_is_asked() {
    let office = Office::open().await;
    let tool = refund_by_token();
    let args = json!({"order": "1183", "amount": "20"});
    let told = office.registry(&tool).prepare(T1, &tool.name, &args, &private()).await.unwrap_err().why;
    assert_eq!(told, "step `refund`: its `if` is not true: there is nothing to be done");
}

#[tokio::test]
async fn a_probe_finds_the_token_that_it_names_anew() {
    let office = Office::open().await;
    let path = "/payments/{{ steps.order.payment }}/refunds";
    let mut request = as_logged_in(shop::exchange(Method::Get, path, &[("refunded", "amount")]));
    request.query = [("key".to_owned(), "{{ key }}".to_owned())].into();
    let probe = Probe {
        request,
        done: "refunds | selectattr('key', 'equalto', sent.key) | list | length > 0".into(),
        failed: None,
        absent_after: None,
        absent_on: [].into(),
    };
    let tool = ToolSpec { probe: Some(probe), ..refund_by_token() };
    let registry = office.registry(&tool);
    let outcome = done(&registry, &tool, "99", &Log::default()).await;
    assert_eq!(outcome, Outcome::Done { result: json!({"refunded": "99.00"}) });
    let seen = office.seen();
    // Under its key the refund may have gone more than once.
    let asked = &seen[seen.len() - 2..];
    assert_eq!(asked, ["login -", "made? key=CA1-t1 Bearer token-canary-2"], "and no look-up");
    // What the record has of it is enough, without any secret.
    let values =
        json!({"order": "1182", "amount": "99.00", "steps": {"order": {"payment": "p/7"}, "login": {}}});
    let Value::Object(values) = values else { unreachable!("it is an object") };
    let sent = Sent { tool: tool.name.clone(), call: call(), values, key: Some("CA1-t1".into()), step: 0 };
    let soon = Instant::now() + Duration::from_secs(5);
    let found = registry.toolbox().probe(&sent, Duration::ZERO, soon).await.unwrap();
    assert!(matches!(found, Finding::Done { .. }), "{found}");
}
