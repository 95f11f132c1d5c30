//! The async shell of a call: one task that stamps, journals and carries; the only clock.
//!
//! Promises: one task per call plus what it supervises, torn down as one; no action under way is abandoned; a
//! conversation has a journal of its own, and begins nothing once its tenure is over.
//! Never: decides anything about a conversation.

mod by_hand;
mod cassette;
mod clock;
mod coder;
mod figures;
mod ports;
mod probing;
mod prompt;
mod record;
mod recordings;
mod resume;
mod task;
mod tenure;
mod tries;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

pub use by_hand::{ByHand, by_hand};
use clock::Clock;
use figures::RESUMED;
pub use figures::{TURN_LATENCY, TURN_LATENCY_BUCKETS, begin_figures};
pub use probing::{Askable, Askables, NotAsked, ask, keep_asking};
pub use prompt::{outcome_text, prompt};
pub use record::{Seen, Watcher};
pub use recordings::{Format, Recordings};
pub use tenure::Tenure;

use resume::Kept;

use crate::core::audio::Underruns;
use crate::core::base::{CallId, Fault, Owner, Private, World};
use crate::core::conversation::{Answered, EarlierAction, EarlierEnd, Event, Plan, Recorder, Resumed, Tag};
use crate::core::journal::JOURNAL_VERSION;
pub use crate::integrations::Finding;
use crate::integrations::{Toolbox, whole_key};
use crate::llm::Llm;
use crate::store::{CallHead, CallState, IntentRecord, IntentState, NotOpened, Store, now_us};
use crate::stt::{Stt, Vocabulary};
use crate::telephony::dialect::abilities;
use crate::telephony::twilio::Rest;
use crate::telephony::{MediaSocket, StreamId};
use crate::tts::Tts;

/// Who answers: one agent version and the services it speaks through.
pub struct Agent {
    pub plan: Arc<Plan>,
    /// The plan as canonical JSON, for the journal's head.
    pub plan_text: Arc<str>,
    pub toolbox: Arc<Toolbox>,
    pub llm: Arc<dyn Llm>,
    pub stt: Arc<dyn Stt>,
    pub tts: Arc<dyn Tts>,
    pub vocabulary: Arc<Vocabulary>,
    /// When a question carries its tag.
    pub tag: Tag,
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Agent({})", self.plan.agent)
    }
}

/// Who calls.
#[derive(Clone, Debug)]
pub struct Caller {
    pub call: CallId,
    /// The call's name at the carrier.
    pub carrier_call: CallId,
    /// E.164, or empty where it is withheld.
    pub from: Private,
    pub to: String,
    /// Zero for a new call; above, the stream was lost: the conversation goes on where its process was killed, else it
    /// begins anew.
    pub attempt: u8,
}

/// Ends a call at the carrier.
pub trait HangUp: Send + Sync {
    fn hang_up(&self, call: &CallId) -> BoxFuture<'_, Result<(), Fault>>;
}

/// Where the carrier hangs up by itself when its socket is closed.
#[derive(Clone, Copy, Debug)]
pub struct CloseOnly;

impl HangUp for CloseOnly {
    fn hang_up(&self, _call: &CallId) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}

/// By REST.
impl HangUp for Rest {
    fn hang_up(&self, call: &CallId) -> BoxFuture<'_, Result<(), Fault>> {
        let call = call.clone();
        Box::pin(async move { Rest::hang_up(self, &call).await.map(|_| ()) })
    }
}

/// What all calls of a gateway share.
#[derive(Clone)]
pub struct Shell {
    pub store: Store,
    /// Where recordings go; none are made without it.
    pub recordings: Option<Recordings>,
    /// Where cassettes lie; none are kept without it.
    pub cassettes: Option<PathBuf>,
    pub watcher: Option<Watcher>,
    pub hang_up: Arc<dyn HangUp>,
}

impl fmt::Debug for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shell(recordings: {:?})", self.recordings)
    }
}

/// How a call ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The id its journal has.
    pub call: CallId,
    pub end: End,
    pub underruns: Underruns,
}

/// Who or what ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    CallerHungUp,
    WeHungUp,
    /// The stream broke in the middle of the conversation: the caller may still be there.
    LineLost,
    /// We failed, before the conversation began or in the middle of it: the caller may still be there.
    Broken,
}

impl End {
    /// For log and record.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            End::CallerHungUp => "the caller hung up",
            End::WeHungUp => "we hung up",
            End::LineLost => "the line was lost",
            End::Broken => "a fault of ours broke it off",
        }
    }

    /// Where the call now stands: over, or waiting to be taken up again.
    fn state(self) -> CallState {
        let reason = self.reason().to_owned();
        match self {
            End::CallerHungUp | End::WeHungUp => CallState::Ended { at_us: now_us(), reason },
            End::LineLost | End::Broken => CallState::Lost { reason },
        }
    }
}

/// Whether it is known what this caller's earlier calls left open. Where it is not, no action begins: it could be the
/// second of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Past {
    Read,
    Unread,
}

/// What a conversation needs to begin an action.
#[derive(Clone, Debug)]
struct Acting {
    world: World,
    past: Past,
    tenure: Tenure,
}

/// Drives one call from the start of its stream to its end, or to the end of its tenure. However it ends, its end is on
/// record where its beginning is, and so is what became of every action under way.
///
/// # Errors
/// A fault that keeps the call from beginning (the recogniser or the recording is not there, or the journal does not
/// take its head: then there is no record of it), or a panic that broke it off: of this call alone.
pub async fn drive(
    socket: MediaSocket,
    stream: StreamId,
    agent: Arc<Agent>,
    caller: Caller,
    shell: Shell,
    tenure: Tenure,
) -> Result<Ended, Fault> {
    // The caller's audio comes from here on, whenever somebody listens.
    let clock = Clock::start();
    let until = Instant::now() + RECORD_DEADLINE;
    let (begun, opened) = begin(&shell.store, &agent, caller, clock, until).await?;
    let world = agent.toolbox.world();
    let (store, call) = (shell.store.clone(), begun.caller.call.clone());
    if world == World::Mocked {
        tracing::warn!(%call, "effects are mocked: nothing that this call does is done");
    }
    let runs = TaskTracker::new();
    let running = runs.clone();
    // In a task of its own, where a panic is no more than this call's fault.
    let driven = tokio::spawn(async move {
        let open = match opened {
            Ok(()) => open_actions(&shell.store, &agent.toolbox, &begun, until).await,
            Err(fault) => Err(fault),
        };
        let (earlier, past) = match open {
            Ok(open) => (open, Past::Read),
            Err(fault) => {
                let owner = fault.owner;
                tracing::error!(call = %begun.caller.call, ?owner, %fault, "a call begins that may not act");
                // What it knew before it broke off, it goes on knowing.
                let known = begun.kept.as_ref().map(|kept| kept.conversation.earlier().to_vec());
                (known.unwrap_or_default(), Past::Unread)
            }
        };
        let acting = Acting { world, past, tenure };
        let line = abilities(MediaSocket::DIALECT);
        let (engine, tag) = (agent.stt.yes_figure(), agent.tag);
        let recorder = if shell.recordings.is_some() { Recorder::Ready } else { Recorder::None };
        let attempt = begun.caller.attempt;
        let first = match &begun.kept {
            None => Event::Answered(Answered { line, engine, tag, recorder, attempt, earlier }),
            Some(kept) => Event::Resumed(Resumed { since: kept.since, line, engine, tag, earlier }),
        };
        let task = task::Task::new(socket, stream, agent, begun, shell, acting, running)?;
        Ok(task.run(first).await)
    });
    let driven = driven.await.unwrap_or_else(|_| Err(panicked()));
    write_end(&store, &call, driven.as_ref().map_or(End::Broken, |ended| ended.end));
    // What was begun is never broken off: each has a deadline, and then its outcome is on record.
    runs.close();
    runs.wait().await;
    driven
}

/// A conversation that begins, or goes on.
struct Begun {
    caller: Caller,
    kept: Option<Kept>,
    clock: Clock,
}

/// Takes up the killed call of a caller who is on a new line, or opens one: then the inner fault is that of [`open`].
async fn begin(
    store: &Store,
    agent: &Agent,
    caller: Caller,
    clock: Clock,
    until: Instant,
) -> Result<(Begun, Result<(), Fault>), Fault> {
    // A new call has none.
    if caller.attempt > 0
        && let Some(kept) = resume::take_up(store, resume::Now::of(agent), &caller.carrier_call, until).await
    {
        metrics::counter!(RESUMED).increment(1);
        let caller = Caller { call: kept.call.clone(), ..caller };
        return Ok((Begun { caller, kept: Some(kept), clock }, Ok(())));
    }
    let (caller, opened) = open(store, agent, caller, until).await?;
    Ok((Begun { caller, kept: None, clock }, opened))
}

/// Puts the head of a call on disk, under an id that no other has: where the carrier's call has a conversation on
/// record by that name, the next. A disk that takes nothing now is the inner fault: the head is kept and the call may
/// begin, though not act.
async fn open(
    store: &Store,
    agent: &Agent,
    caller: Caller,
    until: Instant,
) -> Result<(Caller, Result<(), Fault>), Fault> {
    for attempt in caller.attempt..=u8::MAX {
        let Some(id) = call_id(&caller.carrier_call, attempt) else { break };
        // Asked first: a disk that is full reads all the same, and says nothing of ids when it does not write.
        if let Ok(Ok(Some(_))) = timeout_at(until, store.call(&id)).await {
            continue;
        }
        let opening = store.open_call(head(&id, agent, &caller), Arc::clone(&agent.plan_text))?;
        let opened = match timeout_at(until, opening.written()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(NotOpened::Taken)) => continue,
            Ok(Err(NotOpened::Waits(fault))) => Err(fault),
            Ok(Err(NotOpened::Refused(fault))) => return Err(fault),
            Err(_) => Err(silent("that the call is on record")),
        };
        if attempt != caller.attempt {
            let what = "the carrier's call has a conversation of that name on record";
            let fault =
                Fault::new(Owner::Provider, what, "nothing is to be done: this one has a journal of its own");
            let (call, owner) = (&caller.carrier_call, fault.owner);
            tracing::warn!(%call, journal = %id, ?owner, %fault, "a call goes on under another name");
        }
        return Ok((Caller { call: id, attempt, ..caller }, opened));
    }
    let what = format!("the carrier's call {} has no name left in the record", caller.carrier_call);
    Err(Fault::new(Owner::Provider, what, "see why the carrier opens streams of one call again and again"))
}

fn head(id: &CallId, agent: &Agent, caller: &Caller) -> CallHead {
    CallHead {
        id: id.clone(),
        carrier_call: caller.carrier_call.to_string(),
        agent: agent.plan.agent.clone(),
        plan_hash: agent.plan.hash,
        schema_version: JOURNAL_VERSION,
        build: env!("CARGO_PKG_VERSION").to_owned(),
        world: agent.toolbox.world(),
        caller: caller.from.clone(),
        called: caller.to.clone(),
        answered_us: now_us(),
    }
}

fn panicked() -> Fault {
    Fault::new(Owner::Gateway, "the call's task panicked", "this is a mistake of ours, please report it")
}

fn silent(of: &str) -> Fault {
    let what = format!("the disk did not say in time {of}");
    Fault::new(Owner::Admin, what, "give the database a faster disk, or this gateway fewer calls")
}

/// Queues where a call stands after its end. Of several, the first that says it is over stays.
fn write_end(store: &Store, call: &CallId, end: End) {
    if store.set_state(call, end.state()).is_err() {
        tracing::error!(%call, "the end of a call could not be written; look at the disk");
    }
}

/// The id under which a carrier's call is journalled: the carrier's own, and a further one for every time the
/// conversation was lost and began anew.
#[must_use]
pub fn call_id(carrier: &CallId, attempt: u8) -> Option<CallId> {
    if attempt == 0 { Some(carrier.clone()) } else { CallId::parse(&format!("{carrier}-{attempt}")) }
}

/// How long the record may take in all when a call begins, while its caller hears nothing: longer than an intent waits
/// for it, so that each that was given before is by then on disk or given up.
const RECORD_DEADLINE: Duration = ports::BEGIN_DEADLINE.saturating_add(Duration::from_secs(1));

/// For how long it may be news to a caller, in microseconds, what was done in a call of theirs that broke off, or just before
/// its end or after it: a day.
const UNTOLD_MAX_US: i64 = 24 * 60 * 60 * 1_000_000;

/// For how long systems know a key, in microseconds: many forget theirs after a day, and then do anew what comes under it.
const KEYS_LAST_US: i64 = 24 * 60 * 60 * 1_000_000;

/// What must not be sent anew as if it had never been: what this caller's earlier calls left open, what was done in one
/// that broke off, or just before its end or after it, and whatever was begun in another conversation of this very call, for
/// nobody may have been told how it ended. An intent that still waits for the disk is one of them. Those of a conversation
/// that goes on are its own, and it knows of them.
async fn open_actions(
    store: &Store,
    toolbox: &Toolbox,
    begun: &Begun,
    until: Instant,
) -> Result<Vec<EarlierAction>, Fault> {
    let (caller, world) = (&begun.caller, toolbox.world());
    let is_part = |record: &IntentRecord| {
        record.is_done() && toolbox.is_followed(&record.intent.tool, record.intent.key.step)
    };
    let read = async {
        store.flush().await?;
        let mut open = store.unknown_intents(&caller.from, world).await?;
        let since = now_us().saturating_sub(UNTOLD_MAX_US);
        let mut done = store.untold_intents(&caller.from, world, since).await?;
        done.extend(store.intents_by_carrier(caller.carrier_call.as_str(), world).await?);
        let unfollowed = store.unfollowed_intents(&caller.from, world, since).await?;
        done.extend(unfollowed.into_iter().filter(is_part));
        let new = |record: &IntentRecord, open: &[IntentRecord]| {
            !record.has_failed() && open.iter().all(|known| known.intent.key != record.intent.key)
        };
        for record in done {
            if new(&record, &open) {
                open.push(record);
            }
        }
        drop_whole(&mut open);
        let own = begun.kept.as_ref().map(|kept| &kept.call);
        open.retain(|record| own != Some(&record.intent.key.call));
        let mut known = Vec::new();
        for record in open {
            let is_part = is_part(&record);
            let is_quiet = record.is_done()
                && (is_stale(&record) || (!is_part && is_perhaps_heard(store, &record).await?));
            known.push((record, is_quiet, is_part));
        }
        Ok(known)
    };
    let late = || Err(silent("which actions of the caller are open"));
    let open = timeout_at(until, read).await.unwrap_or_else(|_| late())?;
    let action = |(record, is_quiet, is_part): (IntentRecord, bool, bool)| {
        let end = match (record.is_done(), is_part) {
            (true, true) => EarlierEnd::Partly,
            (true, false) => EarlierEnd::Done,
            (false, _) => EarlierEnd::Unknown,
        };
        let intent = record.intent;
        let key = intent.idempotency_key.filter(|_| !is_quiet).unwrap_or_default();
        let key = whole_key(&key, intent.key.step).to_owned();
        EarlierAction { tool: intent.tool, action: intent.digest, key, end }
    };
    Ok(open.into_iter().map(action).collect())
}

/// What was done as a whole is not open in its parts: a step is followed by a later one that is done, of the same wish.
fn drop_whole(open: &mut Vec<IntentRecord>) {
    let all = open.clone();
    open.retain(|record| {
        let of = &record.intent;
        let follows = |other: &IntentRecord| {
            let later = &other.intent;
            let is_same = (&later.tool, later.digest) == (&of.tool, of.digest);
            is_same && later.key.step > of.key.step && later.begun_us >= of.begun_us && other.is_done()
        };
        !(record.is_done() && all.iter().any(follows))
    });
}

/// Whether its system may know its key no more: what is known to be done is then not sent again.
fn is_stale(record: &IntentRecord) -> bool {
    now_us().saturating_sub(record.intent.begun_us) > KEYS_LAST_US
}

/// Whether its caller was still on the line when it was known. Such a one is told in words that it is done, and sent again
/// under no key: a *done* of that would be taken for a second one.
async fn is_perhaps_heard(store: &Store, record: &IntentRecord) -> Result<bool, Fault> {
    let IntentState::Settled(outcome) = &record.state else { return Ok(false) };
    let call = store.call(&record.intent.key.call).await?;
    Ok(call
        .is_some_and(|call| matches!(call.state, CallState::Ended { at_us, .. } if outcome.at_us <= at_us)))
}

#[cfg(test)]
mod tests {
    use sqlx::ConnectOptions as _;
    use sqlx::sqlite::SqliteConnectOptions;

    use super::*;
    use crate::core::base::{Digest, ProposalId, ToolName};
    use crate::core::language::Language;
    use crate::store::{Intent, IntentKey, Outcome, OutcomeKind};

    fn caller(attempt: u8) -> Caller {
        let carrier_call = CallId::parse("CA1").expect("a call id");
        let call = call_id(&carrier_call, attempt).expect("a call id with its attempt");
        Caller { call, carrier_call, from: Private::new("+34600111222"), to: String::new(), attempt }
    }

    fn head(caller: &Caller) -> CallHead {
        CallHead {
            id: caller.call.clone(),
            carrier_call: caller.carrier_call.to_string(),
            agent: "shop".into(),
            plan_hash: Digest::of_bytes(b"plan"),
            schema_version: JOURNAL_VERSION,
            build: String::new(),
            world: World::Mocked,
            caller: caller.from.clone(),
            called: String::new(),
            answered_us: 1,
        }
    }

    fn refund(caller_number: &str) -> Intent {
        Intent {
            key: IntentKey { call: caller(0).call, proposal: ProposalId(1), step: 0 },
            tool: ToolName("shop.refund".into()),
            digest: Digest::of_bytes(b"twenty"),
            idempotency_key: Some("CA1-t1".into()),
            caller: Private::new(caller_number),
            begun_us: 2,
            admin: None,
        }
    }

    fn begun(caller: Caller) -> Begun {
        Begun { caller, kept: None, clock: Clock::start() }
    }

    fn soon() -> Instant {
        Instant::now() + RECORD_DEADLINE
    }

    /// No tools, with nobody behind them.
    fn nothing() -> Toolbox {
        Toolbox::mocked(Language::English, "USD", &[], Vec::new())
    }

    #[tokio::test]
    async fn an_intent_that_still_waits_for_the_disk_is_open_when_its_caller_is_taken_up_again() {
        let store = Store::in_memory().await.expect("memory takes a database");
        store.open_call(head(&caller(0)), "the plan".into()).expect("the queue has room");
        store.flush().await.expect("the disk takes it");
        let begin = store.begin(refund(""));
        let (again, toolbox) = (begun(caller(1)), nothing());
        // The first is asked first, and its answer waits for a commit.
        let (first, open) = tokio::join!(biased; begin, open_actions(&store, &toolbox, &again, soon()));
        assert!(first.is_ok());
        let keys: Vec<String> =
            open.expect("the record answers").into_iter().map(|action| action.key).collect();
        assert_eq!(keys, ["CA1-t1"]);
    }

    #[tokio::test]
    async fn what_is_done_is_sent_under_its_key_while_that_is_young_and_its_caller_was_gone() {
        const HOUR_US: i64 = 3_600_000_000;
        let ended_us = now_us() - HOUR_US;
        for (begun_us, done_us, key) in [
            (ended_us - HOUR_US, ended_us + 1, "CA1-t1"),
            (ended_us - HOUR_US, ended_us - 1, ""),
            (ended_us - 24 * HOUR_US, ended_us + 1, ""),
        ] {
            let store = Store::in_memory().await.expect("memory takes a database");
            store.open_call(head(&caller(0)), "the plan".into()).expect("the queue has room");
            let begin = store.begin(Intent { begun_us, ..refund("+34600111222") });
            begin.await.expect("it is new");
            let done = Outcome { kind: OutcomeKind::Done, at_us: done_us, detail: String::new() };
            store.settle(refund("").key, done).expect("the queue has room");
            let ended = CallState::Ended { at_us: ended_us, reason: String::new() };
            store.set_state(&caller(0).call, ended).expect("the queue has room");
            let carrier_call = CallId::parse("CA2").expect("a call id");
            let next = Caller { call: carrier_call.clone(), carrier_call, ..caller(0) };
            let next = begun(next);
            let open = open_actions(&store, &nothing(), &next, soon()).await.expect("the record answers");
            let keys: Vec<&str> = open.iter().map(|action| action.key.as_str()).collect();
            assert_eq!((keys, open[0].end), (vec![key], EarlierEnd::Done), "{begun_us} {done_us}");
        }
    }

    #[tokio::test]
    async fn a_disk_that_does_not_answer_is_waited_for_no_longer_than_a_caller_can_be() {
        let path = std::env::temp_dir().join(format!("centralita-driver-{}.db", uuid::Uuid::new_v4()));
        let store = Store::open(&path).await.expect("a temporary folder can be written");
        let mut other = SqliteConnectOptions::new().filename(&path).connect().await.expect("it listens");
        sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.expect("the database takes it");
        store.open_call(head(&caller(0)), "the plan".into()).expect("the queue has room");
        // From here on a wait for the disk lasts as long as all deadlines.
        tokio::time::pause();
        let open = open_actions(&store, &nothing(), &begun(caller(0)), soon()).await;
        assert!(open.unwrap_err().what.contains("did not say in time"));
        tokio::time::resume();
        sqlx::query("COMMIT").execute(&mut other).await.expect("the database takes it");
        store.close().await.expect("the disk takes it");
        for tail in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{tail}", path.display()));
        }
    }
}
