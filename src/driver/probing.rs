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
use serde_json::{Map, Value};
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
    Process, Standing, Store, now_us,
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
        // Of a process that is gone nobody else writes down that its actions are unknown, where another carries calls.
        store.lose_gone().await?;
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
            let came = ask_and_tell(store, agents, &record).await;
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
            Ok(Finding::Done { .. } | Finding::Failed | Finding::Absent) => {}
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
    ask_and_write(store, agents, record).await.map(|(finding, _)| finding)
}

/// The same, and whoever was warned of it is told: where it is this finding that is on record. Another gateway may have
/// asked as well, or have taken the call up meanwhile; then it tells.
async fn ask_and_tell(store: &Store, agents: &Askables, record: &IntentRecord) -> Result<Finding, NotAsked> {
    let (finding, given) = ask_and_write(store, agents, record).await?;
    if let (Some(_), Some(given)) = (finding.outcome(), given)
        && is_on_record(store, &record.intent.key, given).await?
    {
        tell_known(&record.intent.key, &finding);
    }
    Ok(finding)
}

async fn is_on_record(store: &Store, action: &IntentKey, given: store::Outcome) -> Result<bool, Fault> {
    store.flush().await?;
    let settled = IntentState::Settled(given);
    let records = store.intents(&action.call).await?;
    Ok(records.iter().any(|record| record.intent.key == *action && record.state == settled))
}

/// What was found, and what of it was given to the record.
async fn ask_and_write(
    store: &Store,
    agents: &Askables,
    record: &IntentRecord,
) -> Result<(Finding, Option<store::Outcome>), NotAsked> {
    let nobody = |why: &str| NotAsked::Nobody(why.to_owned());
    let intent = &record.intent;
    let call = store.call(&intent.key.call).await?;
    let CallRecord { head, state, .. } = call.ok_or_else(|| nobody("its call is not on record"))?;
    if state == CallState::Live {
        return Err(NotAsked::Nobody(carried(&record.process)));
    }
    let Some(now) = agents.get(&head.agent) else {
        return Err(NotAsked::Nobody(format!("there is no agent `{}` any more", head.agent)));
    };
    if !now.toolbox.has_probe(&intent.tool, intent.key.step) {
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
    if is_changed
        && finding.outcome().is_some()
        && !now.toolbox.is_proved_by_key(&intent.tool, intent.key.step, &finding)
    {
        // Perhaps another system is asked than the one it was sent to, or for something else that is like it.
        finding = finding.doubted("the agent is another version");
    }
    let given = write(store, record, &finding, Store::settle_left);
    Ok((finding, given))
}

/// Why nobody else asks about an action of a call that is live.
fn carried(process: &Process) -> String {
    match process {
        Process::Lives(name) => format!("the gateway of process {name} carries its call, and asks by itself"),
        // Gone since it was read: the next look finds its call lost.
        Process::NotKnown | Process::Gone => {
            "its call is on record as live, and not which process carries it: one that was killed leaves that to the next \
             gateway which starts while no other runs on the journal"
                .to_owned()
        }
    }
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
    let is_worth_asking = |record: &&IntentRecord| {
        let (tool, step) = (&record.intent.tool, record.intent.key.step);
        // The words of a part that is done are not those of the whole.
        toolbox.has_probe(tool, step) && !(record.is_done() && toolbox.is_followed(tool, step))
    };
    for record in open.filter(is_worth_asking) {
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
                known.insert(proposal, toolbox.whole(&sent, outcome));
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

/// The requests that a call's journal says were resolved, and what became of them.
async fn prepared_of(store: &Store, call: &CallId) -> Result<Vec<Event>, Fault> {
    let lines = store.journal(call).await?;
    let event = |line: &store::Line| {
        let line = line.text.reveal().strip_prefix("< ")?;
        ["prepared ", "settled "]
            .iter()
            .any(|word| line.starts_with(word))
            .then(|| parse_event(line).ok())
            .flatten()
    };
    Ok(lines.iter().filter_map(event).collect())
}

/// What was sent, as the journal and the intent have it: of the last request that was resolved to that very action.
pub(super) fn sent<'e>(
    head: &CallHead,
    intent: &Intent,
    events: impl Iterator<Item = &'e Event>,
) -> Option<Sent> {
    let mut values: Option<Map<String, Value>> = None;
    let own = |proposal: &ProposalId| *proposal == intent.key.proposal;
    for event in events {
        if let Event::Prepared { proposal, action, values: prepared } = event
            && own(proposal)
            && *action == intent.digest
        {
            values = prepared.as_object().cloned();
        } else if let Event::Settled { proposal, outcome: Outcome::Partly { result, .. } } = event
            && own(proposal)
            && let (Some(values), Some(found)) = (&mut values, result["steps"].as_object())
            && let Value::Object(steps) = values.entry("steps").or_insert_with(|| Map::new().into())
        {
            // What the steps before it have found.
            steps.extend(found.clone());
        }
    }
    Some(Sent {
        tool: intent.tool.clone(),
        call: CallFacts {
            id: head.id.clone(),
            from: head.caller.reveal().to_owned(),
            to: head.called.clone(),
            agent: head.agent.clone(),
            now_us,
        },
        values: values?,
        key: intent.idempotency_key.clone(),
        step: intent.key.step,
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

/// Puts on record what is found, where that is news: what was given.
fn write(store: &Store, record: &IntentRecord, finding: &Finding, settle: Settle) -> Option<store::Outcome> {
    count_probe(finding);
    let kind = kind(finding.outcome().as_ref());
    let old = record.detail().unwrap_or_default();
    let detail = finding.beside(old);
    if kind == OutcomeKind::Unknown && detail == old && record.state != IntentState::Begun {
        return None;
    }
    let outcome = store::Outcome { kind, at_us: now_us(), detail };
    if settle(store, record.intent.key.clone(), outcome.clone()).is_err() {
        tracing::error!(action = %record.intent.key, "what a probe found could not be written; look at the disk");
        return None;
    }
    Some(outcome)
}

/// The outcome as the record has it; none is unknown.
pub(super) fn kind(outcome: Option<&Outcome>) -> OutcomeKind {
    match outcome {
        Some(Outcome::Done { .. }) => OutcomeKind::Done,
        Some(Outcome::Failed { .. } | Outcome::Withheld(_)) => OutcomeKind::Failed,
        // Of one step nothing is known but all of it.
        Some(Outcome::Partly { .. } | Outcome::Unknown) | None => OutcomeKind::Unknown,
    }
}

#[cfg(test)]
pub(super) mod tests;
