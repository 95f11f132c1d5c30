//! Asking what became of a request that left and was not answered.
//!
//! Promises: every answer a probe can get is tried, before the time after which absence counts and after it; the request
//! itself leaves once.
//! Never: waits for that time; a registry is told how long ago it was.

use centralita_core::language::Language;
use tokio::time::Instant;

use super::shop::TIMEOUT_MS;
use super::*;

const KEY: &str = "CA1-t1";
/// After which absence counts: a minute, and the tool's own time.
const LATE: Duration = Duration::from_millis(60_000 + TIMEOUT_MS as u64);
const YOUNG: Duration = LATE.saturating_sub(Duration::from_secs(1));

/// The refund, with a probe.
fn probed() -> ToolSpec {
    let mut request = shop::exchange(Method::Get, "/orders/{{ order }}/refunds", &[("refunded", "total")]);
    request.query = [("key".to_owned(), "{{ key }}".to_owned())].into();
    let probe = Probe {
        request,
        done: "refunds | selectattr('key', 'equalto', sent.key) | list | length > 0".into(),
        failed: Some("state is defined and state == 'rejected'".into()),
        absent_after: Some(Millis(60_000)),
        absent_on: [404].into(),
    };
    ToolSpec { probe: Some(probe), ..refund() }
}

fn sent() -> Sent {
    let values = json!({"order": "1182", "amount": "20.00", "item": "a lamp"});
    let Value::Object(values) = values else { unreachable!("it is an object") };
    Sent { tool: refund().name, call: call(), values, key: Some(KEY.to_owned()), step: 0 }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(u64::from(TIMEOUT_MS))
}

/// What a system that answers so is found to say of a refund that left so long ago.
async fn asked(probes: Behaviour, tool: ToolSpec, sent: Sent, ago: Duration) -> Finding {
    let shop = Shop::open_for_probes(probes).await;
    let registry = registry(&shop, [tool]);
    registry.left(T1, sent, ago);
    let finding = registry.probe(T1, soon(), &Log::default()).await.unwrap().finding;
    assert!(shop.posts().is_empty(), "a probe only asks");
    finding
}

/// What its system says of the first action now.
async fn found(registry: &Registry) -> Option<Finding> {
    registry.probe(T1, soon(), &Log::default()).await.map(|probed| probed.finding)
}

fn why_open(finding: &Finding) -> &str {
    match finding {
        Finding::Open(why) => why,
        Finding::Done { .. } | Finding::Failed | Finding::Absent | Finding::Lost(_) => panic!("{finding}"),
    }
}

#[tokio::test]
async fn what_the_system_says_plainly_is_a_finding_and_all_else_leaves_it_open() {
    use Behaviour::{Answers, Closes, Garbage, Slow};
    let there = r#"{"refunds": [{"key": "CA0-t9"}, {"key": "CA1-t1"}], "total": "20.00"}"#;
    let elsewhere = r#"{"refunds": [{"key": "CA0-t9"}], "total": "5.00"}"#;
    let both = r#"{"refunds": [{"key": "CA1-t1"}], "total": "20.00", "state": "rejected"}"#;
    let done = || Finding::Done { result: json!({"refunded": "20.00"}) };
    for (behaviour, young, late) in [
        (Answers(200, there), Ok(done()), Ok(done())),
        (Answers(200, r#"{"refunds": [], "state": "rejected"}"#), Ok(Finding::Failed), Ok(Finding::Failed)),
        (Answers(200, r#"{"refunds": []}"#), Err("proves nothing"), Ok(Finding::Absent)),
        (Answers(200, elsewhere), Err("proves nothing"), Ok(Finding::Absent)),
        (Answers(404, "no such thing"), Err("proves nothing"), Ok(Finding::Absent)),
        (Answers(200, both), Err("both done and failed"), Err("both done and failed")),
        (Answers(200, r#"{"refunds": [{"key": "CA1-t1"}]}"#), Err("no `refunded`"), Err("no `refunded`")),
        (Answers(200, "{}"), Err("do not fit"), Err("do not fit")),
        (Answers(200, "[]"), Err("do not fit"), Err("do not fit")),
        (Answers(403, "{}"), Err("status 403"), Err("status 403")),
        (Answers(500, "<html>"), Err("status 500"), Err("status 500")),
        (Answers(303, "{}"), Err("status 303"), Err("status 303")),
        (Garbage, Err("not JSON"), Err("not JSON")),
        (Slow, Err("in time"), Err("in time")),
        (Closes, Err("without an answer"), Err("without an answer")),
    ] {
        for (ago, want) in [(YOUNG, young), (LATE, late)] {
            let finding = asked(behaviour, probed(), sent(), ago).await;
            match want {
                Ok(want) => assert_eq!(finding, want, "{behaviour:?} {ago:?}"),
                Err(part) => assert!(why_open(&finding).contains(part), "{behaviour:?} {ago:?}: {finding}"),
            }
        }
    }
}

#[tokio::test]
async fn without_a_time_absence_never_counts() {
    let mut tool = probed();
    tool.probe.as_mut().unwrap().absent_after = None;
    let day = Duration::from_secs(86_400);
    let finding = asked(Behaviour::Answers(200, r#"{"refunds": []}"#), tool, sent(), day).await;
    assert!(why_open(&finding).contains("proves nothing"), "{finding}");
}

#[tokio::test]
async fn an_answer_cannot_stand_for_what_was_sent() {
    // The system names fields as we do, and another key.
    let posing =
        r#"{"refunds": [{"key": "CA0-t9"}], "key": "CA0-t9", "sent": {"key": "CA0-t9"}, "total": "1"}"#;
    let finding = asked(Behaviour::Answers(200, posing), probed(), sent(), YOUNG).await;
    assert!(why_open(&finding).contains("proves nothing"), "{finding}");
}

#[tokio::test]
async fn a_probe_without_a_key_asks_by_what_was_sent() {
    let mut tool = ToolSpec { key: KeyPlace::None, ..probed() };
    let probe = tool.probe.as_mut().unwrap();
    probe.request.query = [("note".to_owned(), "{{ item }} for {{ call.from }}".to_owned())].into();
    probe.done = "total == sent.amount".into();
    let shop = Shop::open_for_probes(Behaviour::Answers(200, r#"{"total": "20.00"}"#)).await;
    let registry = registry(&shop, [tool]);
    registry.left(T1, Sent { key: None, ..sent() }, YOUNG);
    let found = registry.probe(T1, soon(), &Log::default()).await.unwrap().finding;
    assert_eq!(found, Finding::Done { result: json!({"refunded": "20.00"}) });
    assert_eq!(shop.get_uris(), ["/v1/orders/1182/refunds?note=a+lamp+for+%2B34600111222"]);
    // And where it names the key, nobody is asked.
    registry.left(T1, Sent { key: None, ..sent() }, YOUNG);
    let keyed = shop::registry(&shop, [probed()]);
    keyed.left(T1, Sent { key: None, ..sent() }, YOUNG);
    let finding = keyed.probe(T1, soon(), &Log::default()).await.unwrap().finding;
    assert_eq!(why_open(&finding), "`key` has no value");
    assert_eq!(shop.gets(), 1);
}

#[tokio::test]
async fn what_a_placeholder_stood_for_is_asked_about_by_nobody() {
    let shop = Shop::open_for_probes(Behaviour::Answers(404, "")).await;
    let hidden = |name: &str| {
        let mut lost = sent();
        lost.values.insert(name.to_owned(), json!("⟦card 1⟧"));
        lost
    };
    let registry = registry(&shop, [probed()]);
    registry.left(T1, hidden("order"), LATE);
    let finding = registry.probe(T1, soon(), &Log::default()).await.unwrap().finding;
    assert!(matches!(finding, Finding::Lost(_)) && finding.outcome().is_none(), "{finding}");
    assert_eq!(shop.gets(), 0);
    // One that the probe does not name is no matter.
    registry.left(T1, hidden("item"), LATE);
    assert_eq!(found(&registry).await, Some(Finding::Absent));
}

#[tokio::test]
async fn within_a_tools_time_what_its_probe_finds_is_its_outcome() {
    let there = r#"{"refunds": [{"key": "CA1-t1"}], "total": "20.00"}"#;
    let rejected = r#"{"refunds": [], "state": "rejected"}"#;
    let not_yet = "probe: it is not there, which proves nothing yet";
    for (writes, probes, want, said) in [
        (Behaviour::Closes, Behaviour::Answers(200, there), "done", "probe: it is done"),
        // All of its time is over then, but for the grace.
        (Behaviour::Slow, Behaviour::Answers(200, there), "done", "probe: it is done"),
        (Behaviour::Closes, Behaviour::Answers(200, rejected), "failed", "probe: it was not done"),
        (Behaviour::Closes, Behaviour::Answers(404, "{}"), "unknown", not_yet),
    ] {
        let shop = Shop::open_with(writes, probes).await;
        let (registry, log) = (registry(&shop, [probed()]), Log::default());
        let got = match act(&registry, &probed(), ActionKey::Own(T1), &log).await {
            Outcome::Done { result } => {
                assert_eq!(result, json!({"refunded": "20.00"}));
                "done"
            }
            Outcome::Failed { .. } => "failed",
            Outcome::Withheld(_) => "withheld",
            Outcome::Partly { .. } | Outcome::Unknown => "unknown",
        };
        let found = log.found.lock().unwrap().clone();
        assert_eq!((got, found.last().map(String::as_str)), (want, Some(said)), "{writes:?}");
        assert!(
            shop.posts().iter().all(|post| post.key.as_deref() == Some(KEY)),
            "it goes again under its key alone"
        );
        let is_open = registry.probe(T1, soon(), &Log::default()).await.is_some();
        assert_eq!(is_open, want == "unknown", "what is known is not asked about again");
        assert_eq!(found.len() > 1, is_open, "asked again and again while the caller waits: {found:?}");
    }
}

#[tokio::test]
async fn a_probe_is_asked_only_where_the_answer_leaves_it_unknown() {
    for writes in [Behaviour::Works, Behaviour::Answers(422, "{}")] {
        let shop = Shop::open_with(writes, Behaviour::Garbage).await;
        let (registry, log) = (registry(&shop, [probed()]), Log::default());
        let outcome = act(&registry, &probed(), ActionKey::Own(T1), &log).await;
        assert_ne!(outcome, Outcome::Unknown);
        assert!(
            log.found.lock().unwrap().is_empty()
                && registry.probe(T1, soon(), &Log::default()).await.is_none()
        );
    }
    let shop = Shop::open(Behaviour::Closes).await;
    let registry = registry(&shop, [refund()]);
    assert_eq!(act(&registry, &refund(), ActionKey::Own(T1), &Log::default()).await, Outcome::Unknown);
    assert_eq!(registry.probe(T1, soon(), &Log::default()).await, None, "a tool without a probe");
    assert_eq!(shop.gets(), 1, "only the order was looked up");
}

#[tokio::test]
async fn absence_counts_from_the_last_request_under_the_key() {
    let shop = Shop::open_for_probes(Behaviour::Answers(404, "")).await;
    let registry = registry(&shop, [probed()]);
    let again = ProposalId(2);
    registry.left(T1, sent(), LATE);
    registry.left(again, sent(), YOUNG);
    assert!(
        why_open(&registry.probe(T1, soon(), &Log::default()).await.unwrap().finding)
            .contains("proves nothing")
    );
    registry.left(again, Sent { key: Some("CA1-t2".into()), ..sent() }, YOUNG);
    assert_eq!(found(&registry).await, Some(Finding::Absent), "that was another key");
}

#[tokio::test]
async fn absence_counts_from_when_the_last_byte_may_have_left() {
    let gone = Behaviour::Answers(404, "");
    let slow = || ToolSpec { timeout: Millis(60_000), ..probed() };
    let finding = asked(gone, slow(), sent(), Duration::from_secs(119)).await;
    assert!(why_open(&finding).contains("proves nothing"), "{finding}");
    assert_eq!(asked(gone, slow(), sent(), Duration::from_secs(120)).await, Finding::Absent);
}

#[tokio::test]
async fn absence_counts_from_the_last_request_of_any_call() {
    let shop = Shop::open_for_probes(Behaviour::Answers(404, "")).await;
    for (before, after, want) in [
        (LATE, LATE, None),
        (YOUNG, YOUNG, Some("which proves nothing yet")),
        (LATE, Duration::ZERO, Some("was sent once more meanwhile")),
    ] {
        let registry = registry(&shop, [probed()]);
        registry.left(T1, sent(), LATE);
        let log = Log { ago: Mutex::new(vec![after, before]), ..Log::default() };
        let finding = registry.probe(T1, soon(), &log).await.unwrap().finding;
        match want {
            None => assert_eq!(finding, Finding::Absent),
            Some(why) => assert!(why_open(&finding).contains(why), "{finding}"),
        }
    }
}

#[tokio::test]
async fn what_is_done_under_a_key_is_asked_about_no_more_wherever_it_had_left() {
    let there = r#"{"refunds": [{"key": "CA1-t1"}], "total": "20.00"}"#;
    let shop = Shop::open_for_probes(Behaviour::Answers(200, there)).await;
    let registry = registry(&shop, [probed()]);
    for proposal in [T1, ProposalId(2)] {
        registry.left(proposal, sent(), YOUNG);
    }
    assert!(registry.probe(T1, soon(), &Log::default()).await.is_some());
    assert_eq!(registry.probe(ProposalId(2), soon(), &Log::default()).await, None);
}

#[tokio::test]
async fn where_effects_are_mocked_the_sample_answers_the_probe_and_without_one_it_stays_unknown() {
    let there = json!({"refunds": [{"key": "{{ key }}"}], "total": "{{ amount }}"});
    for (sample, done) in [(Some(Sample::Answer(there)), true), (None, false)] {
        let mut tool = probed();
        tool.prepare[0].sample = Some(Sample::Answer(json!({"item": "a lamp", "total": "49.90"})));
        tool.request.sample = Some(Sample::Silence);
        tool.probe.as_mut().unwrap().request.sample = sample;
        let shop = Shop::open(Behaviour::Works).await;
        let connections = [shop::connection(shop.base())];
        let toolbox = Toolbox::mocked(Language::English, "USD", &connections, vec![tool.clone()]);
        let registry = Registry::new(std::sync::Arc::new(toolbox), call(), ActionSecret::new(&[7; 32]));
        let log = Log::default();
        let outcome = act(&registry, &tool, ActionKey::Own(T1), &log).await;
        assert_eq!(outcome != Outcome::Unknown, done, "{outcome:?}");
        assert_eq!(log.found.lock().unwrap().len(), 1, "a sample is asked once");
        assert_eq!(shop.gets() + shop.posts().len(), 0);
    }
}

#[tokio::test]
async fn nothing_of_what_was_sent_prints() {
    let shop = Shop::open(Behaviour::Works).await;
    let registry = registry(&shop, [probed()]);
    registry.left(T1, sent(), YOUNG);
    let printed = format!("{registry:?} {:?}", sent());
    assert!(
        !printed.contains("1182") && !printed.contains("+34600") && !printed.contains("lamp"),
        "{printed}"
    );
}
