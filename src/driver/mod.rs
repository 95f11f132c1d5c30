//! The async shell of a call: one task that stamps, journals and carries; the only clock.
//!
//! Promises: one task per call plus what it supervises, torn down as one; no action under way is abandoned.
//! Never: decides anything about a conversation.

mod clock;
mod ports;
mod prompt;
mod record;
mod task;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio_util::task::TaskTracker;

pub use record::{Seen, Watcher};

use crate::core::audio::Underruns;
use crate::core::base::{CallId, Fault, Owner, Private};
use crate::core::conversation::{Answered, Event, LineAbilities, Plan, Tag, UnknownAction};
use crate::integrations::Toolbox;
use crate::llm::Llm;
use crate::store::{CallHead, CallState, Store, now_us};
use crate::stt::{Stt, Vocabulary};
use crate::telephony::twilio::Rest;
use crate::telephony::{MediaSocket, StreamId};
use crate::tts::Tts;

/// Version of the journal's text form.
pub const JOURNAL_VERSION: u32 = 1;

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
    /// Zero for a new call; above, the conversation was lost and begins anew.
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
    /// Where recordings lie; none are made without it.
    pub recordings: Option<PathBuf>,
    pub watcher: Option<Watcher>,
    pub hang_up: Arc<dyn HangUp>,
}

impl fmt::Debug for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shell(recordings: {:?})", self.recordings)
    }
}

impl Shell {
    fn recording(&self, call: &CallId) -> Option<PathBuf> {
        self.recordings.as_ref().map(|folder| folder.join(format!("{call}.wav")))
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
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

/// Drives one call from the start of its stream to its end. However it ends, its end is on record, and so is what
/// became of every action under way.
///
/// # Errors
/// A fault that keeps the call from beginning (the recogniser, the recording or the journal is not there), or a
/// panic that broke it off: of this call alone.
pub async fn drive(
    socket: MediaSocket,
    stream: StreamId,
    agent: Arc<Agent>,
    caller: Caller,
    shell: Shell,
) -> Result<Ended, Fault> {
    let head = CallHead {
        id: caller.call.clone(),
        carrier_call: caller.carrier_call.to_string(),
        agent: agent.plan.agent.clone(),
        plan_hash: agent.plan.hash,
        schema_version: JOURNAL_VERSION,
        build: env!("CARGO_PKG_VERSION").to_owned(),
        caller: caller.from.clone(),
        called: caller.to.clone(),
        answered_us: now_us(),
    };
    let unknown = open_actions(&shell.store, &caller).await?;
    shell.store.open_call(head, Arc::clone(&agent.plan_text))?;
    let line = LineAbilities { marks: true, keys: true };
    let engine = agent.stt.yes_figure();
    let answered = Answered { line, engine, tag: agent.tag, attempt: caller.attempt, unknown };
    let (store, call) = (shell.store.clone(), caller.call.clone());
    let runs = TaskTracker::new();
    let running = runs.clone();
    // In a task of its own, where a panic is no more than this call's fault.
    let driven = tokio::spawn(async move {
        let task = task::Task::new(socket, stream, agent, caller, shell, running)?;
        Ok(task.run(Event::Answered(answered)).await)
    });
    let driven = driven.await.unwrap_or_else(|_| Err(panicked()));
    write_end(&store, &call, driven.as_ref().map_or(End::Broken, |ended| ended.end));
    // What was begun is never broken off: each has a deadline, and then its outcome is on record.
    runs.close();
    runs.wait().await;
    driven
}

fn panicked() -> Fault {
    Fault::new(Owner::Gateway, "the call's task panicked", "this is a mistake of ours, please report it")
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

/// What must not be sent anew as if it had never been: what this caller's earlier calls left open, and whatever was
/// begun in this very call before its conversation was lost, for nobody was told how it ended.
async fn open_actions(store: &Store, caller: &Caller) -> Result<Vec<UnknownAction>, Fault> {
    let mut open = store.unknown_intents(&caller.from).await?;
    for attempt in 0..caller.attempt {
        if let Some(earlier) = call_id(&caller.carrier_call, attempt) {
            open.extend(store.intents(&earlier).await?.into_iter().filter(|record| !record.has_failed()));
        }
    }
    let action = |record: crate::store::IntentRecord| {
        let intent = record.intent;
        let key = intent.idempotency_key.unwrap_or_default();
        UnknownAction { tool: intent.tool, action: intent.digest, key }
    };
    Ok(open.into_iter().map(action).collect())
}
