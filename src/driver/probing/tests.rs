//! Asking what became of actions, against a shop of samples and a record in memory.
//!
//! Promises: what is told of a finding is what stands on record.
//! Never: sends a byte.

use serde_json::{Value, json};

use super::*;
use crate::core::base::{CallTime, Millis, Private, ToolName};
use crate::core::conversation::Effects;
use crate::core::journal::{JOURNAL_VERSION, write_event};
use crate::core::language::Language;
use crate::integrations::{
    Answers, Auth, Budget, Connection, ErrorMeans, Exchange, KeyPlace, Method, PerCaller, Probe, Sample,
    ToolSpec,
};

const PLAN: &[u8] = b"plan";
const DIGEST: &[u8] = b"twenty";

pub(in crate::driver) fn exchange(path: &str, sample: Value) -> Exchange {
    Exchange {
        method: Method::Get,
        path: path.to_owned(),
        query: BTreeMap::new(),
        headers: BTreeMap::new(),
        body: None,
        map: BTreeMap::new(),
        success: None,
        answers: Answers::Json,
        verify: Vec::new(),
        errors: BTreeMap::new(),
        errors_when: Vec::new(),
        sample: Some(Sample::Answer(sample)),
        called: None,
        error_means: ErrorMeans::Unknown,
        step: None,
    }
}

/// An agent whose shop says that it has this refund, or none.
fn agents(has: Option<&str>, plan: &[u8]) -> Askables {
    agents_whose(plan, has, "/orders/{{ order }}/refunds", "has == sent.key")
}

/// One whose shop is asked so.
fn agents_whose(plan: &[u8], has: Option<&str>, path: &str, done: &str) -> Askables {
    let toolbox = toolbox(exchange(path, json!({"has": has})), done);
    [("shop".to_owned(), Askable { plan_hash: Digest::of_bytes(plan), toolbox: Arc::new(toolbox) })].into()
}

/// A shop whose refunds are asked about with that request.
pub(in crate::driver) fn toolbox(asked: Exchange, done: &str) -> Toolbox {
    toolbox_of(refund(asked, done))
}

pub(in crate::driver) fn refund(asked: Exchange, done: &str) -> ToolSpec {
    ToolSpec {
        name: ToolName("shop.refund".into()),
        parameters: Vec::new(),
        effects: Effects::Irreversible,
        prepare: Vec::new(),
        request: exchange("/refunds", json!({})),
        given: Vec::new(),
        result: None,
        before: Vec::new(),
        store: BTreeMap::new(),
        key: KeyPlace::Header("Idempotency-Key".to_owned()),
        not_done_on: [].into(),
        probe: Some(Probe {
            request: asked,
            done: done.to_owned(),
            failed: Some("has == 'nothing, for good'".to_owned()),
            absent_after: Some(Millis(60_000)),
            absent_on: [].into(),
        }),
        timeout: Millis(1_000),
        cache: None,
        per_caller: PerCaller::default(),
        budget: Budget::default(),
    }
}

pub(in crate::driver) fn toolbox_of(tool: ToolSpec) -> Toolbox {
    let base = "http://127.0.0.1:9".parse().expect("an address");
    let auth = Auth::default();
    let shop = Connection { id: "shop".to_owned(), base, allow_private: true, auth, mcp: None };
    Toolbox::mocked(Language::English, "USD", &[shop], vec![tool])
}

/// A journal with a refund that was sent two minutes ago, by a process that was killed.
async fn left(order: &str, key: Option<&str>) -> (Store, IntentRecord) {
    let store = Store::in_memory().await.expect("memory takes a database");
    let call = CallId::parse("CA1").expect("a call id");
    let head = CallHead {
        id: call.clone(),
        carrier_call: call.to_string(),
        agent: "shop".to_owned(),
        plan_hash: Digest::of_bytes(PLAN),
        schema_version: JOURNAL_VERSION,
        build: String::new(),
        world: World::Mocked,
        caller: Private::new("+34600111222"),
        called: String::new(),
        answered_us: 1,
    };
    store.open_call(head, "the plan".into()).expect("the queue has room");
    let proposal = ProposalId(1);
    for (n, (action, order)) in (0..).zip([(DIGEST, order), (b"thirty", "9999")]) {
        let (action, values) = (Digest::of_bytes(action), json!({"order": order}));
        let line = format!("< {}", write_event(&Event::Prepared { proposal, action, values }));
        store.append(&call, n, CallTime(n), line).expect("the queue has room");
    }
    let intent = Intent {
        key: IntentKey { call: call.clone(), proposal, step: 0 },
        tool: ToolName("shop.refund".into()),
        digest: Digest::of_bytes(DIGEST),
        idempotency_key: key.map(ToOwned::to_owned),
        caller: Private::new("+34600111222"),
        begun_us: now_us() - 120_000_000,
        admin: None,
    };
    store.begin(intent).await.expect("it is new");
    store.lose_live().await.expect("memory takes it");
    let record = store.intents(&call).await.expect("it reads").remove(0);
    (store, record)
}

async fn standing(store: &Store) -> (Standing, String) {
    store.flush().await.expect("memory takes it");
    let record = store.all_intents().await.expect("it reads").remove(0);
    (record.standing(now_us()), record.detail().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn what_is_found_is_on_record_and_of_a_changed_agent_only_what_its_key_proves() {
    let absent = "killed, mocked, probe: it is not there, so long after it was sent";
    let proves_nothing = format!("{absent}, which proves nothing: the agent is another version");
    for (has, plan, want, said) in [
        (Some("k"), PLAN, Standing::Done, "killed, mocked, probe: it is done"),
        (Some("k"), b"other", Standing::Done, "killed, mocked, probe: it is done"),
        (None, PLAN, Standing::Failed, absent),
        (None, b"other", Standing::Unknown, proves_nothing.as_str()),
    ] {
        let (store, record) = left("1182", Some("k")).await;
        ask(&store, &agents(has, plan), &record).await.expect("it can be asked");
        let (standing, detail) = standing(&store).await;
        assert!(standing == want && detail.ends_with(said), "{has:?}: {standing} {detail}");
    }
}

#[tokio::test]
async fn a_finding_is_on_record_only_where_no_other_was_there_first() {
    let (store, record) = left("1182", Some("k")).await;
    let agents = agents(Some("k"), PLAN);
    let asked = async || ask_and_write(&store, &agents, &record).await.expect("it can be asked");
    // Two gateways ask at the same time, and find the same.
    let ((_, first), (_, second)) = (asked().await, asked().await);
    let key = &record.intent.key;
    let is_on_record = async |given: Option<store::Outcome>| {
        is_on_record(&store, key, given.expect("it was given")).await.expect("it reads")
    };
    assert_ne!(first, second, "each says when");
    assert!(is_on_record(first).await && !is_on_record(second).await);
}

#[tokio::test]
async fn of_a_changed_agent_what_its_probe_does_not_find_by_the_key_stays_open() {
    let (by_order, by_key) = ("/orders/{{ order }}/refunds", "/refunds/{{ key }}");
    for (has, path, done, want) in [
        ("k", by_order, "has == sent.key", Standing::Done),
        ("k", by_key, "has == 'k'", Standing::Done),
        ("k", by_order, "has == 'k'", Standing::Unknown),
        ("1182", by_order, "has == sent.order", Standing::Unknown),
        ("nothing, for good", by_order, "has == sent.key", Standing::Unknown),
        ("nothing, for good", by_key, "has == sent.key", Standing::Failed),
    ] {
        let (store, record) = left("1182", Some("k")).await;
        let agents = agents_whose(b"other", Some(has), path, done);
        ask(&store, &agents, &record).await.expect("it can be asked");
        let (standing, detail) = standing(&store).await;
        assert_eq!(standing, want, "{has} {path} {done}: {detail}");
        let is_told = detail.ends_with("which proves nothing: the agent is another version");
        assert_eq!(is_told, want == Standing::Unknown, "{detail}");
    }
}

#[tokio::test]
async fn an_action_that_another_call_sent_once_more_is_young_again() {
    let (store, record) = left("1182", Some("k")).await;
    let ago = async || ago_of(&store, &record.intent.key).await.expect("it reads").as_secs();
    assert!((120..180).contains(&ago().await));
    let head = store.call(&record.intent.key.call).await.expect("it reads").expect("it is there").head;
    let call = CallId::parse("CA2").expect("a call id");
    let head = CallHead { id: call.clone(), carrier_call: call.to_string(), ..head };
    store.open_call(head, "the plan".into()).expect("the queue has room");
    let key = IntentKey { call, ..record.intent.key.clone() };
    let again = Intent { key, begun_us: now_us() - 1_000_000, ..record.intent.clone() };
    store.begin(again).await.expect("it is new");
    assert!((1..60).contains(&ago().await));
}

#[tokio::test]
async fn who_cannot_be_asked_is_not_and_why_is_said() {
    let (store, record) = left("1182", None).await;
    let nobody = async |agents: Askables| match ask(&store, &agents, &record).await {
        Err(NotAsked::Nobody(why)) => why,
        other => panic!("{other:?}"),
    };
    assert!(nobody(Askables::new()).await.contains("no agent `shop`"));
    assert!(nobody(agents(Some("k"), b"other")).await.contains("another version, and without a key"));
    store.set_state(&record.intent.key.call, CallState::Live).expect("the queue has room");
    store.flush().await.expect("memory takes it");
    assert!(nobody(agents(Some("k"), PLAN)).await.contains("not which process carries it"));
    let lost = CallState::Lost { reason: String::new() };
    store.set_state(&record.intent.key.call, lost).expect("the queue has room");
    store.flush().await.expect("memory takes it");
    let mut unprepared = record.clone();
    unprepared.intent.digest = Digest::of_bytes(b"forty");
    let none = ask(&store, &agents(None, PLAN), &unprepared).await;
    assert_eq!(none, Err(NotAsked::Nobody("what was sent is not on record".to_owned())));
    assert_eq!(standing(&store).await.0, Standing::Unknown);
}

#[tokio::test]
async fn an_action_whose_private_value_is_lost_stays_unknown_and_is_asked_about_once() {
    let (store, record) = left("⟦card 1⟧", Some("k")).await;
    let (agents, mut asked) = (agents(Some("k"), PLAN), Asked::default());
    for _ in 0..2 {
        asked.look(&store, &agents, World::Mocked).await.expect("it reads");
    }
    assert!(matches!(asked.0.get(&record.intent.key), Some(Again::Never)), "{asked:?}");
    let (standing, detail) = standing(&store).await;
    assert!(standing == Standing::Unknown && detail.contains("what ⟦card 1⟧ stood for"), "{detail}");
}

#[tokio::test]
async fn what_stays_open_is_asked_about_ever_more_rarely_and_what_is_settled_no_more() {
    let (store, record) = left("1182", Some("k")).await;
    let mut asked = Asked::default();
    let mut pauses = Vec::new();
    for _ in 0..9 {
        let open = Finding::Open("it is not there".to_owned());
        let again = asked.again(&record, Ok(open)).expect("it reads");
        let Again::At(due, _) = again else { panic!("{again:?}") };
        pauses.push((due - Instant::now()).as_secs_f64().round() as u64);
        asked.0.insert(record.intent.key.clone(), again);
    }
    assert_eq!(pauses, [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
    let agents = agents(Some("k"), PLAN);
    asked.look(&store, &agents, World::Mocked).await.expect("it reads");
    assert_eq!(standing(&store).await.0, Standing::Unknown, "it is not due yet");
    Asked::default().look(&store, &agents, World::Mocked).await.expect("it reads");
    assert_eq!(standing(&store).await.0, Standing::Done);
    asked.look(&store, &agents, World::Mocked).await.expect("it reads");
    assert!(asked.0.is_empty(), "{asked:?}");
}
