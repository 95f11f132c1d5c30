//! What a person is shown who tries a tool out, of tools whose effects are mocked.
//!
//! Promises: what a step keeps secret is in nothing that is shown, however the step ends.
//! Never: sends a byte.

use std::sync::Arc;

use centralita_core::conversation::Effects;
use centralita_core::language::Language;

use super::*;

const CANARY: &str = "token-canary/1";

/// A step whose `token` is secret, with the sample that answers it.
fn step(id: &str, exchange: Exchange, sample: Value) -> Exchange {
    let step = Step { id: id.into(), when: None, secret: ["token".to_owned()].into() };
    Exchange { step: Some(step), sample: Some(Sample::Answer(sample)), ..exchange }
}

fn tapped(tool: &ToolSpec) -> (Registry, Tap) {
    let base = "http://127.0.0.1:9".parse().unwrap();
    let toolbox = Toolbox::mocked(Language::English, "USD", &[shop::connection(base)], vec![tool.clone()]);
    let (toolbox, tap) = toolbox.tapped();
    (Registry::new(Arc::new(toolbox), call(), ActionSecret::new(&[7; 32])), tap)
}

/// All that is shown of what passed.
fn shown(tap: &Tap) -> String {
    let passed = tap.passed();
    let of = |passed: &Passed| {
        let Shown { url, headers, body, .. } = &passed.request;
        let answer = passed.answer.as_ref().map_or_else(Clone::clone, |came| came.body.clone());
        format!("{url} {headers:?} {body} -> {answer}\n")
    };
    passed.iter().map(of).collect()
}

#[tokio::test]
async fn the_secret_of_a_step_with_effects_is_stars_in_its_answer_and_in_the_next_request() {
    let map = [("id", "id"), ("token", "token")];
    let book = shop::exchange(Method::Post, "/bookings", &map);
    let deed = Deed {
        exchange: step("book", book, json!({"id": "b1", "token": CANARY})),
        effects: Effects::Irreversible,
        key: KeyPlace::None,
        not_done_on: [].into(),
        probe: None,
    };
    let pay = shop::exchange(Method::Post, "/bookings/{{ steps.book.id }}/payments", &[("paid", "paid")]);
    let headers = [("X-Pass".to_owned(), "{{ steps.book.token }}".to_owned())].into();
    let body = Some(Body::Json(json!({"pass": "{{ steps.book.token }}"})));
    let pay = Exchange { headers, body, ..pay };
    let pay = Exchange { step: None, ..step("pay", pay, json!({"paid": 20, "with": CANARY})) };
    let tool = ToolSpec { prepare: Vec::new(), before: vec![deed], request: pay, ..refund() };
    let (registry, tap) = tapped(&tool);
    let outcome = act(&registry, &tool, ActionKey::Own(T1), &Log::default()).await;
    assert_eq!(outcome, Outcome::Done { result: json!({"paid": 20}) });
    let shown = shown(&tap);
    assert!(!shown.contains("canary") && shown.matches("***").count() >= 4, "{shown}");
}

#[tokio::test]
async fn the_token_of_a_login_is_stars_where_its_answer_is_refused_too() {
    let map = [("token", "access.token"), ("user", "user.id")];
    let login = shop::exchange(Method::Post, "/login", &map);
    let (succeeds, fails) = (Some("true".to_owned()), Some("ok".to_owned()));
    for (success, user) in [(succeeds, json!(null)), (fails, json!({"id": 1}))] {
        let sample = json!({"ok": false, "access": {"token": CANARY}, "user": user});
        let login = Exchange { success, ..step("login", login.clone(), sample) };
        let tool = ToolSpec { prepare: vec![login], ..status() };
        let (registry, tap) = tapped(&tool);
        why(read(&registry, &tool, json!({"order": "1182", "postcode": "1"})).await);
        let shown = shown(&tap);
        assert!(!shown.contains("canary") && shown.contains("***"), "{shown}");
        assert!(!tap.hide(CANARY).contains("canary"));
    }
}
