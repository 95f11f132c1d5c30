//! The agent of every scene, and its two tools at the sample shop: an order looked up, an order refunded.
//!
//! Promises: the refund always asks, by mark, and carries a key by which the shop knows a repeated one.
//! Never: reads a file; the definitions' own tests do.

use std::collections::BTreeMap;

use centralita::core::base::{Digest, Millis, PrivateKind, ToolName};
use centralita::core::conversation::{
    Confirm, Effects, Idempotency, Identity, Parameter, ParameterKind, Plan, Policy, PrivateList, Recording,
    Timing, ToolPhrases, ToolPlan, VoiceYes,
};
use centralita::core::language::Language;
use centralita::integrations::{
    Answers, Auth, Body, Budget, Connection, ErrorMeans, Exchange, KeyPlace, Method, PerCaller, Probe,
    SecretHeader, ToolSpec, Toolbox,
};
use centralita::secrets::{SecretName, Secrets};
use secrecy::SecretString;
use serde_json::json;
use url::Url;

pub(crate) const GREETING: &str = "Hello, how can I help you?";

/// The agent, with these waits.
pub(crate) fn plan(timing: Timing, timeout: Millis) -> Plan {
    let tool = |name, effects, question: &str, examples: &[&str], parameters| ToolPlan {
        name,
        description: String::new(),
        examples: examples.iter().map(|e| (*e).to_owned()).collect(),
        parameters,
        effects,
        confirm: Confirm {
            policy: Policy::Always,
            question: question.to_owned(),
            short: "{{ amount | money }}".to_owned(),
            action: "Refunding {{ amount | money }}.".to_owned(),
            verbs: vec!["refund it".to_owned()],
            voice: VoiceYes::ByEngine,
            demands_mark: true,
        },
        phrases: ToolPhrases::default(),
        idempotency: Idempotency::Keyed,
        timeout,
        identity: Identity::default(),
        per_call: None,
    };
    let question = "Refund {{ amount | money }} on order {{ order | digits }}?";
    let examples = ["refund {amount} on order {order}", "I want a refund"];
    Plan {
        agent: "shop".to_owned(),
        language: Language::English,
        currency: "USD".to_owned(),
        greeting: GREETING.to_owned(),
        prompt: String::new(),
        tools: vec![
            tool(status(), Effects::None, "", &["where is my order {order}"], vec![order()]),
            tool(refund(), Effects::Irreversible, question, &examples, vec![order(), amount()]),
        ],
        keys: BTreeMap::new(),
        answers: Vec::new(),
        timing,
        private: PrivateList::new(PrivateKind::ALL),
        recording: Recording::On,
        hash: Digest::of_bytes(b"wire"),
    }
}

/// Its tools, at that shop; with `probe`, it is asked what became of a refund that it did not answer;
/// `per_caller` is how often it refunds.
pub(crate) fn toolbox(
    shop: &Url,
    token: SecretString,
    timeout: Millis,
    probe: bool,
    per_caller: PerCaller,
) -> Toolbox {
    let look_up = |map| exchange(Method::Get, "/orders/{{ order }}", map);
    let tool = |name, effects, parameters, prepare, request| ToolSpec {
        name,
        parameters,
        effects,
        prepare,
        request,
        given: Vec::new(),
        result: None,
        before: Vec::new(),
        store: BTreeMap::new(),
        key: KeyPlace::Header("Idempotency-Key".to_owned()),
        not_done_on: [].into(),
        probe: None,
        budget: Budget::default(),
        timeout,
        cache: None,
        per_caller: PerCaller::default(),
    };
    let pay_back = Exchange {
        body: Some(Body::Json(json!({"amount": "{{ amount }}"}))),
        ..exchange(Method::Post, "/orders/{{ order }}/refunds", &[("refunded", "amount")])
    };
    let first = vec![look_up(&[("item", "item"), ("total", "total")])];
    let tools = vec![
        tool(status(), Effects::None, vec![order()], Vec::new(), look_up(&[("state", "status")])),
        ToolSpec {
            probe: probe.then(by_key),
            per_caller,
            ..tool(refund(), Effects::Irreversible, vec![order(), amount()], first, pay_back)
        },
    ];
    let bearer = SecretHeader {
        header: "Authorization".to_owned(),
        prefix: "Bearer ".to_owned(),
        secret: "WIRE_SHOP_TOKEN".to_owned(),
    };
    let auth = Auth { headers: vec![bearer], ..Auth::default() };
    let (id, base) = ("shop".to_owned(), shop.clone());
    let connection = Connection { id, base, allow_private: true, auth, mcp: None };
    let name = SecretName::reference("secret.WIRE_SHOP_TOKEN").unwrap();
    let secrets = Secrets::from_env().with(name, token);
    Toolbox::new(Language::English, "USD", &[connection], tools, &secrets).unwrap()
}

/// The shop knows refunds by their key.
fn by_key() -> Probe {
    let made = exchange(Method::Get, "/orders/{{ order }}/refunds", &[("refunded", "refunds[0].amount")]);
    Probe {
        request: Exchange { query: [("key".to_owned(), "{{ key }}".to_owned())].into(), ..made },
        done: "refunds | selectattr('key', 'equalto', sent.key) | list | length > 0".to_owned(),
        failed: None,
        absent_after: None,
        absent_on: [].into(),
    }
}

fn status() -> ToolName {
    ToolName("shop.order".into())
}

fn refund() -> ToolName {
    ToolName("shop.refund".into())
}

fn order() -> Parameter {
    parameter("order", ParameterKind::Digits, "Which order number?")
}

fn amount() -> Parameter {
    parameter("amount", ParameterKind::Money, "How much?")
}

fn parameter(name: &str, kind: ParameterKind, ask: &str) -> Parameter {
    Parameter {
        name: name.to_owned(),
        kind,
        description: String::new(),
        required: true,
        ask: ask.to_owned(),
        ..Parameter::default()
    }
}

fn exchange(method: Method, path: &str, map: &[(&str, &str)]) -> Exchange {
    Exchange {
        method,
        path: path.to_owned(),
        query: BTreeMap::new(),
        headers: BTreeMap::new(),
        body: None,
        map: map.iter().map(|(name, held)| ((*name).to_owned(), (*held).to_owned())).collect(),
        success: None,
        answers: Answers::Json,
        verify: Vec::new(),
        errors: BTreeMap::new(),
        errors_when: Vec::new(),
        sample: None,
        called: None,
        error_means: ErrorMeans::Unknown,
        step: None,
    }
}
