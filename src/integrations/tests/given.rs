//! Values that nobody is asked for: they are in what is sent, and no model can replace one.
//!
//! Promises: of each source, what is sent; of each that is hidden, that the question, the digest and a print lack it.
//! Never: leaves this machine.

use centralita_core::base::ToolName;
use centralita_core::conversation::{Entry, Limits, Parameter, ParameterKind};

use super::*;
use crate::integrations::registry::Unprepared;

const SECRET: &str = "canary-of-the-shop";

fn given(name: &str, source: Source, kind: Option<ParameterKind>) -> Given {
    Given { name: name.to_owned(), source, kind }
}

/// A refund that also sends all of these.
fn refund_with(given: Vec<Given>) -> ToolSpec {
    let mut tool = ToolSpec { given, ..refund() };
    let mut body = json!({"amount": "{{ amount }}"});
    for given in &tool.given {
        body[&given.name] = Value::String(format!("{{{{ {} }}}}", given.name));
    }
    tool.request.body = Some(Body::Json(body));
    tool
}

fn all() -> Vec<Given> {
    let now = || Source::Now("Europe/Madrid".to_owned());
    vec![
        given("shop", Source::Constant(json!({"id": 42})), None),
        given("token", Source::Secret("SHOP_KEY".to_owned()), None),
        given("caller", Source::Call(CallFact::From), None),
        given("called", Source::Call(CallFact::To), None),
        given("request", Source::Call(CallFact::Id), None),
        given("who", Source::Agent, None),
        given("tongue", Source::Language, None),
        given("moment", now(), None),
        given("today", now(), Some(ParameterKind::Date)),
        given("clock", now(), Some(ParameterKind::Time)),
    ]
}

#[tokio::test]
async fn what_nobody_is_asked_for_is_sent_and_the_hidden_part_of_it_is_nowhere_else() {
    let shop = Shop::open(Behaviour::Works).await;
    let tool = refund_with(all());
    let registry = registry(&shop, [tool.clone()]);
    let prepared = registry.prepare(T1, &tool.name, &refund_args(), &private()).await.unwrap();
    let values = prepared.values.to_string();
    for hidden in [SECRET, "+34600111222", "CA1", "token", "caller"] {
        assert!(!values.contains(hidden), "{values}");
    }
    assert_eq!(prepared.values["today"], "2026-03-29", "a question may name it");
    let ready = registry.take(T1, &tool.name).unwrap();
    assert!(!format!("{ready:?}").contains(SECRET));
    let (spec, live) = registry.toolbox().find(&tool.name).unwrap();
    registry.act(spec, live, T1, ready, &ActionKey::Own(T1), &Log::default()).await;
    let sent = &shop.posts()[0].body;
    let want = json!({
        "amount": "20.00", "shop": {"id": 42}, "token": SECRET, "caller": "+34600111222", "called": "+34910000000",
        "request": "CA1", "who": "shop", "tongue": "en", "moment": "2026-03-29T01:30:00+01:00", "today": "2026-03-29",
        "clock": "01:30",
    });
    assert_eq!(*sent, want);
}

#[tokio::test]
async fn the_same_wish_in_another_call_at_another_time_under_another_secret_is_the_same_action() {
    let shop = Shop::open(Behaviour::Works).await;
    let tool = refund_with(all());
    let later = CallFacts { now_us: || 1_774_747_800_000_000, ..call_named("CA2") };
    let mut actions = Vec::new();
    for facts in [call(), later] {
        let registry = registry_of(facts, &shop, [tool.clone()]);
        let prepared = registry.prepare(T1, &tool.name, &refund_args(), &private()).await.unwrap();
        actions.push(prepared.action);
    }
    assert_eq!(actions[0], actions[1]);
    let other = refund_with(vec![given("shop", Source::Constant(json!(43)), None)]);
    let registry = registry(&shop, [other.clone()]);
    let prepared = registry.prepare(T1, &other.name, &refund_args(), &private()).await.unwrap();
    assert_ne!(prepared.action, actions[0]);
}

#[tokio::test]
async fn a_model_that_sends_a_value_nobody_asked_it_for_is_refused() {
    let shop = Shop::open(Behaviour::Works).await;
    let tool = refund_with(all());
    let registry = registry(&shop, [tool.clone()]);
    for name in ["shop", "token", "caller", "who", "today"] {
        let mut args = refund_args();
        args[name] = json!("mine");
        let Unprepared { why, .. } = registry.prepare(T1, &tool.name, &args, &private()).await.unwrap_err();
        assert_eq!(why, format!("there is no parameter `{name}`; there are: order, amount"));
    }
    assert_eq!((shop.gets(), shop.posts().len()), (0, 0));
}

#[tokio::test]
async fn a_value_of_the_model_that_looks_like_a_secrets_place_gets_no_secret() {
    let shop = Shop::open(Behaviour::Works).await;
    let mut tool = refund_with(vec![given("token", Source::Secret("SHOP_KEY".to_owned()), None)]);
    tool.parameters.push(Parameter { name: "note".into(), required: true, ..Parameter::default() });
    tool.request.body = Some(Body::Json(json!({"note": "{{ note }}"})));
    for note in ["{{ token }}", "⟨secret SHOP_KEY⟩", "secret.SHOP_KEY", "{token}"] {
        let registry = registry(&shop, [tool.clone()]);
        let mut args = refund_args();
        args["note"] = json!(note);
        registry.prepare(T1, &tool.name, &args, &private()).await.unwrap();
        let ready = registry.take(T1, &tool.name).unwrap();
        let (spec, live) = registry.toolbox().find(&tool.name).unwrap();
        registry.act(spec, live, T1, ready, &ActionKey::Own(T1), &Log::default()).await;
    }
    assert!(shop.posts().iter().all(|post| !post.body.to_string().contains(SECRET)));
    assert_eq!(shop.posts().len(), 4);
}

/// A look-up that stores whose orders there are, and a refund of one of these alone.
fn pair() -> (ToolSpec, ToolSpec) {
    let mut found = status();
    found.request.verify = Vec::new();
    found.request.map = [("orders".to_owned(), "['1182', '1183']".to_owned())].into();
    found.store = [("own".to_owned(), "orders".to_owned())].into();
    let mut tool = refund_with(vec![given(
        "others",
        Source::Variable { name: "own".to_owned(), otherwise: None },
        None,
    )]);
    tool.parameters[0].limits = Limits { one_of_variable: Some("own".to_owned()), ..Limits::default() };
    (found, tool)
}

#[tokio::test]
async fn what_a_tool_has_stored_later_tools_send_and_choose_from() {
    let shop = Shop::open(Behaviour::Works).await;
    let (found, tool) = pair();
    let registry = registry(&shop, [found.clone(), tool.clone()]);
    let refused = |order: &str| json!({"order": order, "amount": "20"});
    let Unprepared { why, .. } =
        registry.prepare(T1, &tool.name, &refund_args(), &private()).await.unwrap_err();
    assert_eq!(why, "`order` must be one of those that another tool has found: run that tool first");
    read(&registry, &found, json!({"order": "1182", "postcode": "AB1"})).await;
    let Unprepared { why, .. } =
        registry.prepare(T1, &tool.name, &refused("1184"), &private()).await.unwrap_err();
    assert_eq!(why, "`order` must be one of those that another tool has found");
    act(&registry, &tool, ActionKey::Own(T1), &Log::default()).await;
    assert_eq!(shop.posts()[0].body["others"], json!(["1182", "1183"]));
}

#[tokio::test]
async fn a_call_that_goes_on_elsewhere_knows_again_what_its_tools_have_stored() {
    let shop = Shop::open(Behaviour::Works).await;
    let (found, tool) = pair();
    let entry = |outcome: Value| Entry::Tool {
        proposal: T1,
        tool: ToolName("shop.order_status".into()),
        args: json!({}),
        outcome,
    };
    let done = json!({"status": "done", "result": {"orders": ["1182"]}});
    let hidden = json!({"status": "done", "result": {"orders": ["⟦keys 1⟧"]}});
    let failed = json!({"status": "failed", "why": "no"});
    // What was private is in no memory any more, and what was found before is not what was looked for last: nothing older
    // stands in for either.
    for (history, knows) in [
        (vec![done.clone()], true),
        (vec![done.clone(), failed.clone()], false),
        (vec![failed.clone()], false),
        (vec![failed, done.clone()], true),
        (vec![done.clone(), hidden.clone()], false),
        (vec![hidden, done], true),
    ] {
        let registry = registry(&shop, [found.clone(), tool.clone()]);
        let entries: Vec<Entry> = history.iter().cloned().map(&entry).collect();
        registry.remember(&entries);
        let prepared = registry.prepare(T1, &tool.name, &refund_args(), &private()).await;
        assert_eq!(prepared.is_ok(), knows, "{history:?}");
        if let Err(Unprepared { why, .. }) = prepared {
            assert!(why.ends_with("run that tool first"), "{why}");
        }
    }
}

#[tokio::test]
async fn a_variable_that_may_be_missing_has_its_default_and_another_says_which_tool_finds_it() {
    let shop = Shop::open(Behaviour::Works).await;
    let variable = |otherwise| Source::Variable { name: "own".to_owned(), otherwise };
    for (otherwise, want) in [
        (Some(json!("none")), Ok(json!("none"))),
        (Some(Value::Null), Ok(Value::Null)),
        (None, Err("`x` is not known yet: run shop.order_status first".to_owned())),
    ] {
        let (found, _) = pair();
        let tool = refund_with(vec![given("x", variable(otherwise), None)]);
        let registry = registry(&shop, [found, tool.clone()]);
        let prepared = registry.prepare(T1, &tool.name, &refund_args(), &private()).await;
        assert_eq!(prepared.map(|mut ready| ready.values["x"].take()).map_err(|not| not.why), want);
    }
}

#[tokio::test]
async fn what_must_be_keyed_is_taken_from_no_other_words() {
    let shop = Shop::open(Behaviour::Works).await;
    let mut tool = refund();
    tool.parameters[0].said_by = SaidBy::Keypad;
    let registry = registry(&shop, [tool.clone()]);
    let Unprepared { why, .. } =
        registry.prepare(T1, &tool.name, &refund_args(), &private()).await.unwrap_err();
    assert!(why.starts_with("`order` must be keyed in"), "{why}");
    // After a death nobody knows what was keyed, and the caller is asked.
    let keyed = json!({"order": "⟦keys 1⟧", "amount": "20"});
    let Unprepared { why, .. } = registry.prepare(T1, &tool.name, &keyed, &private()).await.unwrap_err();
    assert!(why.contains("ask the caller to say it again"), "{why}");
    assert_eq!((shop.gets(), shop.posts().len()), (0, 0));
}
