//! Going on with a call whose process was killed: its journal is folded and compared, and only then gone on with.
//!
//! Promises: one process goes on with a call; its journal stays one, and folds as a whole; an order that the journal lacks
//! is written down and never carried out; what the store knows of an action is told first.
//! Never: goes on where anything differs: the plan, the build, a line.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::{Agent, Caller};
use crate::core::base::{CallId, CallTime, Fault, ProposalId};
use crate::core::conversation::{Conversation, Event, Outcome};
use crate::core::journal::{CallFile, Folded, JOURNAL_VERSION, Line, file_line, fold_up};
use crate::store::{CallRecord, CallState, IntentRecord, KILLED, Store};

/// A call that this process goes on with.
pub(super) struct Kept {
    /// Its own id, under which its journal goes on.
    pub(super) call: CallId,
    pub(super) conversation: Conversation,
    pub(super) answered_us: i64,
    /// The last time of which there is a record.
    pub(super) since: CallTime,
    /// Lines that its journal has, and those that follow from them and are missing.
    pub(super) lines: u32,
    pub(super) missing: Vec<Line>,
    /// Processes that have carried it, this one included.
    pub(super) attempts: u32,
}

/// Why a killed call is not gone on with.
enum Not {
    /// There is none.
    None,
    /// There is one, and it differs in this.
    Differs(&'static str),
    Unread(Fault),
}

impl From<Fault> for Not {
    fn from(fault: Fault) -> Not {
        Not::Unread(fault)
    }
}

/// The killed call of a caller who is on a new line, if it can be gone on with; else the conversation begins anew.
pub(super) async fn take_up(store: &Store, agent: &Agent, caller: &Caller, until: Instant) -> Option<Kept> {
    let call = &caller.carrier_call;
    match timeout_at(until, try_to(store, agent, caller)).await {
        Ok(Ok(kept)) => {
            let (journal, lines, missing) = (&kept.call, kept.lines, kept.missing.len());
            tracing::info!(%call, %journal, lines, missing, attempts = kept.attempts, since = %kept.since, "a call is gone on with");
            Some(kept)
        }
        Ok(Err(Not::None)) => None,
        Ok(Err(Not::Differs(what))) => {
            tracing::warn!(%call, what, "a call of a killed process is not gone on with: its conversation begins anew");
            None
        }
        Ok(Err(Not::Unread(fault))) => {
            let owner = fault.owner;
            tracing::error!(%call, ?owner, %fault, "a call of a killed process could not be read: it begins anew");
            None
        }
        Err(_) => {
            tracing::error!(%call, "a call of a killed process was not read in time: it begins anew");
            None
        }
    }
}

async fn try_to(store: &Store, agent: &Agent, caller: &Caller) -> Result<Kept, Not> {
    let record = store.call_by_carrier(caller.carrier_call.as_str()).await?.ok_or(Not::None)?;
    if !matches!(&record.state, CallState::Lost { reason } if reason == KILLED) {
        return Err(Not::None);
    }
    same_build_and_plan(store, agent, &record).await?;
    let call = record.head.id.clone();
    let file = read(store, &call).await?;
    let intents = store.intents(&call).await?;
    let (plan, mut told) = (Arc::clone(&agent.plan), file.clone());
    // Folding a long call takes a while, and may fall over as its process did.
    let folded = tokio::task::spawn_blocking(move || -> Result<(Folded, CallTime), Not> {
        let first = fold_up(&told, Arc::clone(&plan));
        if !first.file.lines.starts_with(&told.lines) {
            return Err(Not::Differs("the journal does not fold to what was ordered"));
        }
        let left = told.events().any(|(_, event)| *event == Event::HungUp);
        let begun = told.events().any(|(_, event)| matches!(event, Event::Answered(_)));
        if left || !begun || first.conversation.is_ended() {
            return Err(Not::None);
        }
        let since = last_time(&told);
        let events = outcomes(&told, &first.conversation, &intents);
        if events.is_empty() {
            return Ok((first, since));
        }
        told.lines.extend(events.into_iter().map(|event| Line::Event { at: since, event }));
        Ok((fold_up(&told, plan), since))
    });
    let (folded, since) = folded.await.unwrap_or(Err(Not::Differs("the heart fell over its journal")))?;
    if !store.take_up(&record).await? {
        return Err(Not::Differs("another process has taken it up"));
    }
    let lines = u32::try_from(file.lines.len()).unwrap_or(u32::MAX);
    Ok(Kept {
        call,
        conversation: folded.conversation,
        answered_us: record.head.answered_us,
        since,
        lines,
        missing: folded.file.lines[file.lines.len()..].to_vec(),
        attempts: record.attempts + 1,
    })
}

/// What was said under one plan and by one build is gone on with by no other.
async fn same_build_and_plan(store: &Store, agent: &Agent, record: &CallRecord) -> Result<(), Not> {
    let head = &record.head;
    if head.schema_version != JOURNAL_VERSION || head.build != env!("CARGO_PKG_VERSION") {
        return Err(Not::Differs("another build wrote it"));
    }
    let text = store.plan(head.plan_hash).await?;
    if head.plan_hash != agent.plan.hash || text.as_deref() != Some(&*agent.plan_text) {
        return Err(Not::Differs("the agent is another version"));
    }
    Ok(())
}

/// The journal, of which no line is missing before its last.
async fn read(store: &Store, call: &CallId) -> Result<CallFile, Not> {
    let lines = store.journal(call).await?;
    if lines.iter().zip(0_u32..).any(|(line, n)| line.seq != n) {
        return Err(Not::Differs("the journal has a hole"));
    }
    let text: String = lines.iter().map(|line| file_line(line.at, line.text.reveal())).collect();
    CallFile::parse(&text).map_err(|_| Not::Differs("the journal cannot be read"))
}

fn last_time(file: &CallFile) -> CallTime {
    let time = |line: &Line| match line {
        Line::Event { at, .. } => Some(*at),
        Line::Timer { due, .. } => Some(*due),
        Line::Order { .. } => None,
    };
    file.lines.iter().filter_map(time).max().unwrap_or_default()
}

/// What the store knows of the call's actions and its journal does not: an outcome, or that nothing had left, since the
/// intent is on disk before the first byte leaves.
fn outcomes(file: &CallFile, conversation: &Conversation, intents: &[IntentRecord]) -> Vec<Event> {
    let told = |proposal: ProposalId| {
        let known = |event: &Event| matches!(event, Event::Settled { proposal: of, outcome } if *of == proposal && *outcome != Outcome::Unknown);
        file.events().any(|(_, event)| known(event))
    };
    let mut events = Vec::new();
    for proposal in conversation.acting() {
        if intents.iter().all(|record| record.intent.key.proposal != proposal) {
            let why = "it was not sent: the call was cut off before".to_owned();
            events.push(Event::Settled { proposal, outcome: Outcome::Failed { why } });
        }
    }
    for record in intents.iter().filter(|record| !told(record.intent.key.proposal)) {
        let proposal = record.intent.key.proposal;
        let outcome = if record.is_done() {
            // What the answer held is gone; that it was done is not.
            Outcome::Done { result: serde_json::json!({}) }
        } else if record.has_failed() {
            Outcome::Failed { why: "it is on record as failed".to_owned() }
        } else {
            continue;
        };
        events.push(Event::Settled { proposal, outcome });
    }
    events
}
