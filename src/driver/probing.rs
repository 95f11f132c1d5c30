//! Asking the systems what became of actions that nobody knows the end of, whoever began them.
//!
//! What a running call needs to know its own ports ask. Here are the others: those of a process that was killed, from its
//! journal, and those whose call is over.
//!
//! Promises: nothing is sent that could change anything; what is found is on record, with the probe's own words; each
//! action is asked about ever more rarely, and not for good; of an agent that has changed since only what a key proves.
//! Never: touches a call that somebody carries, or settles an action of one that was taken up while its system was asked;
//! asks where what was sent is not on record.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Agent;
use super::figures::count_probe;
use super::resume::is_told;
use crate::core::base::{CallId, Digest, Fault, ProposalId, World};
use crate::core::conversation::{Event, Outcome};
use crate::core::journal::parse_event;
use crate::integrations::{CallFacts, Finding, PROBE_QUESTION, Pauses, Sent, Toolbox};
use crate::store::{
    self, CallHead, CallRecord, CallState, Intent, IntentKey, IntentRecord, IntentState, OutcomeKind,
    Standing, Store, now_us,
};

/// How often it is seen what is left open. A call that ends leaves its actions to the next look.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Between two questions about one action: soon at first, when a caller may call again, and then once an hour.
const PAUSE_FIRST: Duration = Duration::from_secs(30);
const PAUSE_LONGEST: Duration = Duration::from_secs(3_600);
/// For how long an action is asked about, in microseconds: three days, a weekend with a system that is down. What is older
/// is a person's: many systems forget their keys after a day.
const YOUNG_MAX_US: i64 = 3 * 24 * 60 * 60 * 1_000_000;
/// Questions at a time: a system that has just come back is not to be overrun by them.
const AT_ONCE: usize = 4;
/// How long a question may take while the caller of a killed call waits on the line: a part of what the record may take
/// when a call begins.
const QUESTION_AT_RESUME: Duration = Duration::from_secs(1);

/// An agent's tools as they are now.
#[derive(Clone, Debug)]
pub struct Askable {
    pub plan_hash: Digest,
    pub toolbox: Arc<Toolbox>,
}

impl Askable {
    #[must_use]
    pub fn of(agent: &Agent) -> Askable {
        Askable { plan_hash: agent.plan.hash, toolbox: Arc::clone(&agent.toolbox) }
    }
}

/// Agents by id.
pub type Askables = BTreeMap<String, Askable>;

/// Why nobody was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAsked {
    /// There is nobody to be asked, today and tomorrow.
    Nobody(String),
    /// The record could not be read.
    Unread(Fault),
}

impl From<Fault> for NotAsked {
    fn from(fault: Fault) -> NotAsked {
        NotAsked::Unread(fault)
    }
}

/// An action of a killed process that has no outcome yet, for its call that goes on.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) proposal: ProposalId,
    pub(super) sent: Sent,
    pub(super) ago: Duration,
    /// What is on record beside it.
    pub(super) detail: String,
}

/// Looks for what is left open and asks, until `stop`. The first look is at once.
pub async fn keep_asking(store: Store, agents: Askables, world: World, stop: CancellationToken) {
    let mut asked = Asked::default();
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let asking = async {
        loop {
            looks.tick().await;
            if let Err(fault) = asked.look(&store, &agents, world).await {
                tracing::warn!(owner = ?fault.owner, %fault, "actions of unknown outcome could not be asked about");
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = asking => {}
    }
}

/// What was asked about, and when it is to be asked about again.
#[derive(Debug, Default)]
struct Asked(BTreeMap<IntentKey, Again>);

#[derive(Clone, Copy, Debug)]
enum Again {
    At(Instant, Pauses),
    Never,
}

impl Asked {
    async fn look(&mut self, store: &Store, agents: &Askables, world: World) -> Result<(), Fault> {
        let now = now_us();
        let mut open = store.left_open(world, now.saturating_sub(YOUNG_MAX_US)).await?;
        open.retain(|record| record.standing(now) == Standing::Unknown);
        self.0.retain(|key, _| open.iter().any(|record| record.intent.key == *key));
        open.retain(|record| match self.0.get(&record.intent.key) {
            None => true,
            Some(Again::At(due, _)) => *due <= Instant::now(),
            Some(Again::Never) => false,
        });
        let questions = open.into_iter().map(|record| async move {
            let came = ask(store, agents, &record).await;
            (record, came)
        });
        let mut answers = stream::iter(questions).buffer_unordered(AT_ONCE);
        while let Some((record, came)) = answers.next().await {
            let again = self.again(&record, came)?;
            self.0.insert(record.intent.key, again);
        }
        Ok(())
    }

    /// Whether and when it is asked about again, by what came of it this time.
    fn again(&self, record: &IntentRecord, came: Result<Finding, NotAsked>) -> Result<Again, Fault> {
        let (action, tool) = (&record.intent.key, &record.intent.tool);
        match came {
            Ok(Finding::Open(why)) => {
                tracing::info!(%action, %tool, why, "a probe could not settle an action");
            }
            Ok(lost @ Finding::Lost(_)) => {
                tracing::warn!(%action, %tool, why = %lost, "an action stays unknown");
                return Ok(Again::Never);
            }
            Ok(found) => tell_known(action, &found),
            Err(NotAsked::Nobody(why)) => {
                tracing::info!(%action, %tool, why, "nobody can be asked about an action");
                return Ok(Again::Never);
            }
            Err(NotAsked::Unread(fault)) => return Err(fault),
        }
        let mut pauses = match self.0.get(action) {
            Some(Again::At(_, pauses)) => *pauses,
            Some(Again::Never) | None => Pauses::new(PAUSE_FIRST, PAUSE_LONGEST),
        };
        Ok(Again::At(Instant::now() + pauses.pause(), pauses))
    }
}

/// Asks about one action, from its record alone, and writes down what is found.
///
/// # Errors
/// Nobody could be asked.
pub async fn ask(store: &Store, agents: &Askables, record: &IntentRecord) -> Result<Finding, NotAsked> {
    let nobody = |why: &str| NotAsked::Nobody(why.to_owned());
    let intent = &record.intent;
    let call = store.call(&intent.key.call).await?;
    let CallRecord { head, state, .. } = call.ok_or_else(|| nobody("its call is not on record"))?;
    if state == CallState::Live {
        return Err(nobody(
            "a gateway carries its call, and asks by itself; one that was killed has to be started again first",
        ));
    }
    let Some(now) = agents.get(&head.agent) else {
        return Err(NotAsked::Nobody(format!("there is no agent `{}` any more", head.agent)));
    };
    if !now.toolbox.has_probe(&intent.tool) {
        return Err(nobody("its tool has no probe"));
    }
    if head.world != now.toolbox.world() {
        return Err(nobody("its effects went elsewhere"));
    }
    let is_changed = head.plan_hash != now.plan_hash;
    if is_changed && intent.idempotency_key.is_none() {
        return Err(nobody(
            "the agent is another version, and without a key nothing proves which action is meant",
        ));
    }
    let events = prepared_of(store, &intent.key.call).await?;
    let sent = sent(&head, intent, events.iter()).ok_or_else(|| nobody("what was sent is not on record"))?;
    let ago = ago(store, intent).await?;
    let finding = now.toolbox.probe(&sent, ago, Instant::now() + PROBE_QUESTION).await;
    let mut finding = finding.ok_or_else(|| nobody("its tool has no probe"))?;
    if is_changed && finding.outcome().is_some() && !now.toolbox.is_proved_by_key(&intent.tool, &finding) {
        // Perhaps another system is asked than the one it was sent to, or for something else that is like it.
        finding = finding.doubted("the agent is another version");
    }
    write(store, record, &finding, Store::settle_left);
    Ok(finding)
}

/// What the actions of a killed call came to, for its caller who is on a new line: what its systems say now, and what its
/// next process goes on asking about. What is done and was not told is asked about too: for the words of it alone.
pub(super) async fn at_resume(
    store: &Store,
    toolbox: &Toolbox,
    head: &CallHead,
    told: &[Event],
    intents: &[IntentRecord],
) -> Result<(BTreeMap<ProposalId, Outcome>, Vec<Left>), Fault> {
    let (mut known, mut left) = (BTreeMap::new(), Vec::new());
    let until = Instant::now() + QUESTION_AT_RESUME;
    let open =
        intents.iter().filter(|record| !record.has_failed() && !is_told(told, record.intent.key.proposal));
    for record in open.filter(|record| toolbox.has_probe(&record.intent.tool)) {
        let Some(sent) = sent(head, &record.intent, told.iter()) else { continue };
        let ago = ago(store, &record.intent).await?;
        let Some(finding) = toolbox.probe(&sent, ago, until).await else { continue };
        let (call, proposal) = (&head.id, record.intent.key.proposal);
        if record.is_done() {
            count_probe(&finding);
            // Whatever else is said now, it is done.
            let done = finding.outcome().filter(|outcome| matches!(outcome, Outcome::Done { .. }));
            known.extend(done.map(|done| (proposal, done)));
            continue;
        }
        write(store, record, &finding, Store::settle);
        match (finding.outcome(), &finding) {
            (Some(outcome), _) => {
                tell_known(&record.intent.key, &finding);
                known.insert(proposal, outcome);
            }
            (None, Finding::Lost(_)) => {
                tracing::warn!(%call, %proposal, why = %finding, "an action stays unknown");
            }
            (None, _) => {
                let detail = finding.beside(record.detail().unwrap_or_default());
                left.push(Left { proposal, sent, ago, detail });
            }
        }
    }
    Ok((known, left))
}

/// The requests that a call's journal says were resolved.
async fn prepared_of(store: &Store, call: &CallId) -> Result<Vec<Event>, Fault> {
    let lines = store.journal(call).await?;
    let event = |line: &store::Line| {
        let line = line.text.reveal().strip_prefix("< ")?;
        line.starts_with("prepared ").then(|| parse_event(line).ok()).flatten()
    };
    Ok(lines.iter().filter_map(event).collect())
}

/// What was sent, as the journal and the intent have it: of the last request that was resolved to that very action.
fn sent<'e>(head: &CallHead, intent: &Intent, events: impl Iterator<Item = &'e Event>) -> Option<Sent> {
    let values = events.filter_map(|event| {
        let Event::Prepared { proposal, action, values } = event else { return None };
        let is_it = (*proposal, *action) == (intent.key.proposal, intent.digest);
        values.as_object().filter(|_| is_it)
    });
    Some(Sent {
        tool: intent.tool.clone(),
        call: CallFacts {
            id: head.id.clone(),
            from: head.caller.reveal().to_owned(),
            to: head.called.clone(),
            agent: head.agent.clone(),
            now_us,
        },
        values: values.last()?.clone(),
        key: intent.idempotency_key.clone(),
    })
}

/// How long ago it left, or whatever else had its key: by calendar time, which is all that two processes share. Where that
/// has gone back, it is now.
async fn ago(store: &Store, intent: &Intent) -> Result<Duration, Fault> {
    let gone = now_us().saturating_sub(store.last_sent(intent).await?);
    Ok(Duration::from_micros(u64::try_from(gone).unwrap_or(0)))
}

/// The same of one that is on record.
pub(super) async fn ago_of(store: &Store, key: &IntentKey) -> Result<Duration, Fault> {
    let records = store.intents(&key.call).await?;
    match records.iter().find(|record| record.intent.key == *key) {
        Some(record) => ago(store, &record.intent).await,
        None => Ok(Duration::ZERO),
    }
}

/// Whoever was warned of actions of unknown outcome is told as loudly when one is known.
pub(super) fn tell_known(action: &IntentKey, found: &Finding) {
    tracing::warn!(%action, %found, "an action of unknown outcome is known now");
}

/// Gives an outcome to the store: as who carries the call, or as who does not.
type Settle = fn(&Store, IntentKey, store::Outcome) -> Result<(), store::QueueFull>;

/// Puts on record what is found, where that is news.
fn write(store: &Store, record: &IntentRecord, finding: &Finding, settle: Settle) {
    count_probe(finding);
    let kind = kind(finding.outcome().as_ref());
    let old = record.detail().unwrap_or_default();
    let detail = finding.beside(old);
    if kind == OutcomeKind::Unknown && detail == old && record.state != IntentState::Begun {
        return;
    }
    let outcome = store::Outcome { kind, at_us: now_us(), detail };
    if settle(store, record.intent.key.clone(), outcome).is_err() {
        tracing::error!(action = %record.intent.key, "what a probe found could not be written; look at the disk");
    }
}

/// The outcome as the record has it; none is unknown.
pub(super) fn kind(outcome: Option<&Outcome>) -> OutcomeKind {
    match outcome {
        Some(Outcome::Done { .. }) => OutcomeKind::Done,
        Some(Outcome::Failed { .. } | Outcome::Withheld(_)) => OutcomeKind::Failed,
        Some(Outcome::Unknown) | None => OutcomeKind::Unknown,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::core::base::{CallTime, Millis, Private, ToolName};
    use crate::core::conversation::Effects;
    use crate::core::journal::{JOURNAL_VERSION, write_event};
    use crate::core::language::Language;
    use crate::integrations::{
        Answers, Auth, Budget, Connection, Exchange, KeyPlace, Method, PerCaller, Probe, Sample, ToolSpec,
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
        [("shop".to_owned(), Askable { plan_hash: Digest::of_bytes(plan), toolbox: Arc::new(toolbox) })]
            .into()
    }

    /// A shop whose refunds are asked about with that request.
    pub(in crate::driver) fn toolbox(asked: Exchange, done: &str) -> Toolbox {
        let tool = ToolSpec {
            name: ToolName("shop.refund".into()),
            parameters: Vec::new(),
            effects: Effects::Irreversible,
            prepare: Vec::new(),
            request: exchange("/refunds", json!({})),
            given: Vec::new(),
            result: None,
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
            budget: Budget::default(),
            timeout: Millis(1_000),
            cache: None,
            per_caller: PerCaller::default(),
        };
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
        assert!(nobody(agents(Some("k"), PLAN)).await.contains("a gateway carries its call"));
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
}
