//! What works for a call beside its own task: the model, the synthesiser, the tools. Each reports as an event.
//!
//! Promises: at most one generation and one synthesis at a time; what is dropped is cancelled at once; a tool that
//! runs is never cancelled, and who holds the tracker of the runs can await them; what ended unknown is asked about for as
//! long as the call lives, and no longer.
//! Never: decides anything.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};
use tokio_util::task::TaskTracker;

use super::figures::count_probe;
use super::probing::{Left, ago_of, kind, tell_known};
use super::{Acting, Agent, Past};
use crate::core::base::{
    CallId, CallTime, GenerationId, PieceNo, Private, ProposalId, ReplyId, Samples, ToolName, World,
};
use crate::core::call::PrivateValues;
use crate::core::conversation::{Effects, Event, Outcome};
use crate::integrations::{
    Finding, Intent, IntentLog, Leave, NotBegun, NotSpent, PROBE_QUESTION, Pauses, PerCaller, Probed,
    Registry, Unprepared,
};
use crate::llm::Prompt;
use crate::store::{self, Admin, BeginRefused, IntentKey, Store, ToolRun};
use crate::tts::TtsEvent;

/// Reports that may wait for the call's task: a second of audio in small pieces. A full queue makes the worker wait.
pub(super) const INBOX: usize = 64;

/// Pieces that may wait for the synthesiser; a reply has a handful.
const PIECES: usize = 256;

/// How long an intent may take to reach the disk before the action is not begun.
pub(super) const BEGIN_DEADLINE: Duration = Duration::from_secs(3);

/// How long an outcome may take to reach the disk before the caller is told all the same.
const SETTLE_DEADLINE: Duration = Duration::from_millis(250);

/// Between two questions about an action that was told as unknown: while the caller is still on the line, it is news.
const PROBE_PAUSE_FIRST: Duration = Duration::from_secs(2);
const PROBE_PAUSE_LONGEST: Duration = Duration::from_secs(30);

/// From the goodbye's mark to the hang-up: the last syllable is still on its way through the carrier.
const HANG_UP_AFTER: Duration = Duration::from_millis(500);

/// What a worker reports.
pub(super) enum Report {
    Event(Event),
    Audio {
        reply: ReplyId,
        piece: PieceNo,
        samples: Vec<i16>,
    },
    PieceEnd {
        reply: ReplyId,
        piece: PieceNo,
        length: Samples,
    },
    /// The goodbye is over: hang up now.
    HangUp,
}

/// The workers of one call.
pub(super) struct Ports {
    agent: Arc<Agent>,
    inbox: mpsc::Sender<Report>,
    registry: Arc<Registry>,
    log: StoreLog,
    /// Tools that run. They outlive the call's own task.
    runs: TaskTracker,
    generation: Option<JoinHandle<()>>,
    speaker: Option<Speaker>,
    /// Small things that end with the call: requests being prepared, reports that wait.
    errands: JoinSet<()>,
}

struct Speaker {
    pieces: mpsc::Sender<Piece>,
    task: JoinHandle<()>,
}

struct Piece {
    reply: ReplyId,
    piece: PieceNo,
    text: String,
}

impl Ports {
    pub(super) fn new(
        agent: Arc<Agent>,
        registry: Registry,
        log: StoreLog,
        runs: TaskTracker,
        inbox: mpsc::Sender<Report>,
    ) -> Ports {
        let (registry, errands) = (Arc::new(registry), JoinSet::new());
        Ports { agent, inbox, registry, log, runs, generation: None, speaker: None, errands }
    }

    pub(super) fn generate(&mut self, generation: GenerationId, prompt: Prompt) {
        self.drop_generation();
        let mut events = self.agent.llm.generate(prompt);
        let inbox = self.inbox.clone();
        self.generation = Some(tokio::spawn(async move {
            while let Some(event) = events.next().await {
                let (event, fault) = event.told(generation);
                if let Some(fault) = fault {
                    tracing::warn!(owner = ?fault.owner, %fault, "the language model failed");
                }
                if inbox.send(Report::Event(event)).await.is_err() {
                    return;
                }
            }
        }));
    }

    pub(super) fn drop_generation(&mut self) {
        if let Some(task) = self.generation.take() {
            task.abort();
        }
    }

    /// Speaks pieces one after the other, the next while the last is still playing.
    pub(super) fn say(&mut self, reply: ReplyId, piece: PieceNo, text: String) {
        let speaker = self.speaker.get_or_insert_with(|| Speaker::start(&self.agent, &self.inbox));
        if speaker.pieces.try_send(Piece { reply, piece, text }).is_err() {
            self.report(std::future::ready(Report::Event(Event::TtsFailed { reply })));
        }
    }

    /// Nothing that waits to be spoken is wanted any more.
    pub(super) fn cut(&mut self) {
        if let Some(speaker) = self.speaker.take() {
            speaker.task.abort();
        }
    }

    pub(super) fn prepare(
        &mut self,
        proposal: ProposalId,
        tool: ToolName,
        args: Value,
        private: PrivateValues,
    ) {
        let (registry, log) = (Arc::clone(&self.registry), self.log.for_one_run());
        let limit = self.agent.toolbox.per_caller(&tool);
        self.report(async move {
            // Nobody is asked about what he has no run left for.
            if log.is_spent(&tool, limit).await {
                return Report::Event(Unprepared::spent().told(proposal));
            }
            Report::Event(match registry.prepare(proposal, &tool, &args, &private).await {
                Ok(ready) => Event::Prepared { proposal, action: ready.action, values: ready.values },
                Err(not) => not.told(proposal),
            })
        });
    }

    pub(super) fn discard(&self, proposal: ProposalId) {
        self.registry.discard(proposal);
    }

    /// Runs a tool to its end, whatever becomes of the call: an outcome that comes too late to be told is still
    /// written.
    pub(super) fn run(&self, at: CallTime, leave: Leave, private: PrivateValues) {
        let (registry, inbox) = (Arc::clone(&self.registry), self.inbox.clone());
        let effects = self.agent.plan.tool(&leave.tool).map_or(Effects::Irreversible, |tool| tool.effects);
        let log = self.log.for_one_run();
        self.runs.spawn(async move {
            let proposal = leave.permit.proposal();
            let ran = AssertUnwindSafe(registry.run(leave, &private, at, &log)).catch_unwind().await;
            let outcome = match ran {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(unproven)) => {
                    let _ = inbox.send(Report::Event(Event::Unproven { proposal, unproven })).await;
                    return;
                }
                Err(_) => log.fell_over(proposal).await,
            };
            let is_open = effects != Effects::None && outcome.is_open();
            let _ = inbox.send(Report::Event(Event::Settled { proposal, outcome })).await;
            if is_open {
                find_out(&registry, &log, proposal, &inbox).await;
            }
        });
    }

    /// Goes on asking about what a killed process has sent and nobody knows the end of.
    pub(super) fn find_out_of(&self, left: Left) {
        let Left { proposal, sent, ago, detail } = left;
        let (registry, inbox, log) =
            (Arc::clone(&self.registry), self.inbox.clone(), self.log.of_left(detail));
        registry.left(proposal, sent, ago);
        self.runs.spawn(async move { find_out(&registry, &log, proposal, &inbox).await });
    }

    pub(super) fn hang_up_soon(&mut self) {
        self.report(async {
            tokio::time::sleep(HANG_UP_AFTER).await;
            Report::HangUp
        });
    }

    /// Reports what comes of `errand`, if the call is still there then.
    fn report(&mut self, errand: impl Future<Output = Report> + Send + 'static) {
        while self.errands.try_join_next().is_some() {}
        let inbox = self.inbox.clone();
        self.errands.spawn(async move {
            // A call that is gone wants no report.
            let _ = inbox.send(errand.await).await;
        });
    }
}

impl Drop for Ports {
    fn drop(&mut self) {
        self.drop_generation();
        self.cut();
    }
}

impl Speaker {
    fn start(agent: &Arc<Agent>, inbox: &mpsc::Sender<Report>) -> Speaker {
        let (pieces, mut waiting) = mpsc::channel::<Piece>(PIECES);
        let (agent, inbox) = (Arc::clone(agent), inbox.clone());
        let task = tokio::spawn(async move {
            while let Some(piece) = waiting.recv().await {
                if speak(&agent, piece, &inbox).await.is_none() {
                    return;
                }
            }
        });
        Speaker { pieces, task }
    }
}

/// One piece; `None` when the call is gone.
async fn speak(
    agent: &Agent,
    Piece { reply, piece, text }: Piece,
    inbox: &mpsc::Sender<Report>,
) -> Option<()> {
    let mut length = Samples(0);
    let mut speech = agent.tts.speak(&text, None, agent.plan.language);
    loop {
        match speech.next().await {
            TtsEvent::Audio(samples) => {
                length = Samples(length.0.saturating_add(u32::try_from(samples.len()).unwrap_or(u32::MAX)));
                inbox.send(Report::Audio { reply, piece, samples }).await.ok()?;
            }
            TtsEvent::Done => break,
            TtsEvent::Failed(fault) => {
                tracing::warn!(owner = ?fault.owner, %fault, "the synthesiser failed");
                return inbox.send(Report::Event(Event::TtsFailed { reply })).await.ok();
            }
        }
    }
    inbox.send(Report::PieceEnd { reply, piece, length }).await.ok()
}

/// Asks what became of an action until it is known, or the call is over: then it is on record as unknown, and whoever
/// looks after those asks on.
async fn find_out(registry: &Registry, log: &StoreLog, proposal: ProposalId, inbox: &mpsc::Sender<Report>) {
    let mut pauses = Pauses::new(PROBE_PAUSE_FIRST, PROBE_PAUSE_LONGEST);
    let found = async {
        loop {
            tokio::time::sleep(pauses.pause()).await;
            let probed = registry.probe(proposal, Instant::now() + PROBE_QUESTION, log).await?;
            let Probed { step, finding, whole } = probed;
            let is_news = log.notes(&finding);
            if let Some(known) = finding.outcome() {
                tell_known(&log.key(proposal, step), &finding);
                log.settle(proposal, step, &known).await;
                return whole;
            }
            if is_news {
                log.settle(proposal, step, &Outcome::Unknown).await;
            }
        }
    };
    tokio::select! {
        () = inbox.closed() => {}
        outcome = found => {
            if let Some(outcome) = outcome {
                // A call that is gone wants no report.
                let _ = inbox.send(Report::Event(Event::Settled { proposal, outcome })).await;
            }
        }
    }
}

/// The store as the dispatcher's log of intents.
#[derive(Debug)]
pub(super) struct StoreLog {
    pub(super) store: Store,
    pub(super) call: CallId,
    pub(super) caller: Private,
    acting: Acting,
    /// The step that was begun last.
    begun: Mutex<Option<u32>>,
    /// What is to stand beside the outcome.
    detail: Mutex<String>,
    /// Who has it done, outside any call.
    admin: Option<Admin>,
}

impl StoreLog {
    pub(super) fn new(store: Store, call: CallId, caller: Private, acting: Acting) -> StoreLog {
        let detail = match acting.world {
            World::Real => String::new(),
            World::Mocked => World::Mocked.word().to_owned(),
        };
        let (begun, detail) = (Mutex::new(None), Mutex::new(detail));
        StoreLog { store, call, caller, acting, begun, detail, admin: None }
    }

    /// Of an action that an admin has done.
    pub(super) fn by(self, admin: Admin) -> StoreLog {
        StoreLog { admin: Some(admin), ..self }
    }

    fn for_one_run(&self) -> StoreLog {
        StoreLog::new(self.store.clone(), self.call.clone(), self.caller.clone(), self.acting.clone())
    }

    /// Of an intent that another process has begun.
    fn of_left(&self, detail: String) -> StoreLog {
        StoreLog { detail: Mutex::new(detail), ..self.for_one_run() }
    }

    /// Takes note of what a probe says; whether it says something else than the last time.
    fn notes(&self, finding: &Finding) -> bool {
        count_probe(finding);
        // A text is whole even if a holder panicked.
        let mut detail = self.detail.lock().unwrap_or_else(PoisonError::into_inner);
        let new = finding.beside(&detail);
        std::mem::replace(&mut *detail, new.clone()) != new
    }

    /// What is known of a tool at which the program itself fell over: a request that may have left is not taken back by that.
    async fn fell_over(&self, proposal: ProposalId) -> Outcome {
        // A number is whole even if a holder panicked.
        let begun = *self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(step) = begun else {
            return Outcome::Failed { why: "this gateway fell over it; nothing was done".to_owned() };
        };
        // Where its outcome is on record already, that stays.
        self.settle(proposal, step, &Outcome::Unknown).await;
        Outcome::Unknown
    }

    fn run_of(&self, tool: &ToolName, limit: PerCaller) -> ToolRun {
        let PerCaller { per_hour, per_day } = limit;
        let (tool, caller, world) = (tool.clone(), self.caller.clone(), self.acting.world);
        ToolRun { tool, caller, world, at_us: store::now_us(), per_hour, per_day }
    }

    /// Whether the record says that nothing is left; where it says nothing, that shows when a run is taken.
    async fn is_spent(&self, tool: &ToolName, limit: PerCaller) -> bool {
        if limit.is_none() {
            return false;
        }
        let left = timeout(BEGIN_DEADLINE, async { self.store.is_run_left(&self.run_of(tool, limit)).await });
        matches!(left.await, Ok(Ok(false)))
    }

    fn key(&self, proposal: ProposalId, step: u32) -> IntentKey {
        IntentKey { call: self.call.clone(), proposal, step }
    }

    /// Writes what became of it, and waits a moment for the disk: what a caller is told is on record, also of a process that
    /// is killed in the middle of the sentence.
    async fn settle(&self, proposal: ProposalId, step: u32, outcome: &Outcome) {
        let kind = kind(Some(outcome));
        let detail = self.detail.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let outcome = store::Outcome { kind, at_us: store::now_us(), detail };
        if self.store.settle(self.key(proposal, step), outcome).is_err() {
            // It stays begun, which every later call reads as unknown.
            tracing::error!(call = %self.call, "an outcome could not be written: it stays unknown; look at the disk");
            return;
        }
        // A disk that fails is told by its writer.
        let _ = timeout(SETTLE_DEADLINE, self.store.flush()).await;
    }
}

impl IntentLog for StoreLog {
    fn begin(&self, intent: Intent) -> BoxFuture<'_, Result<(), NotBegun>> {
        let refused = |why: &str| NotBegun::Refused { why: why.to_owned() };
        if self.acting.past == Past::Unread {
            let why = refused("what this caller's earlier calls left open is not known; nothing was done");
            return Box::pin(std::future::ready(Err(why)));
        }
        let step = intent.step;
        let intent = store::Intent {
            key: self.key(intent.proposal, step),
            tool: intent.tool,
            digest: intent.action,
            idempotency_key: intent.key,
            caller: self.caller.clone(),
            begun_us: store::now_us(),
            admin: self.admin.clone(),
        };
        let Some(begin) = self.acting.tenure.while_held(|| self.store.begin(intent)) else {
            let why = refused("the carrier has connected the caller anew; nothing was done");
            return Box::pin(std::future::ready(Err(why)));
        };
        Box::pin(async move {
            match timeout(BEGIN_DEADLINE, begin).await {
                Ok(Ok(_)) => {
                    *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(step);
                    Ok(())
                }
                Ok(Err(BeginRefused::AlreadyBegun)) => Err(NotBegun::Already),
                Ok(Err(BeginRefused::RecordUnavailable(fault))) => {
                    let owner = fault.owner;
                    tracing::error!(call = %self.call, ?owner, %fault, "an action was not begun: it could not be recorded");
                    Err(refused("the record of actions is not available; nothing was done"))
                }
                Err(_) => {
                    tracing::error!(call = %self.call, "an action was not begun: the disk did not answer in time");
                    Err(refused("the record of actions did not answer; nothing was done"))
                }
            }
        })
    }

    fn settled<'l>(&'l self, proposal: ProposalId, step: u32, outcome: &'l Outcome) -> BoxFuture<'l, ()> {
        Box::pin(self.settle(proposal, step, outcome))
    }

    fn found(&self, finding: &Finding) {
        self.notes(finding);
    }

    fn spend<'a>(&'a self, tool: &'a ToolName, limit: PerCaller) -> BoxFuture<'a, Result<(), NotSpent>> {
        Box::pin(async move {
            let spent = timeout(BEGIN_DEADLINE, self.store.spend_run(self.run_of(tool, limit))).await;
            match spent {
                Ok(Ok(true)) => Ok(()),
                Ok(Ok(false)) => Err(NotSpent::Spent),
                Ok(Err(_)) | Err(_) => {
                    tracing::error!(call = %self.call, %tool, "a limited tool did not run: the record takes nothing now");
                    let why = "the record of limits is not available; nothing was done".to_owned();
                    Err(NotSpent::Refused { why })
                }
            }
        })
    }

    fn ago(&self, proposal: ProposalId, step: u32) -> BoxFuture<'_, Duration> {
        Box::pin(async move {
            ago_of(&self.store, &self.key(proposal, step)).await.unwrap_or_else(|fault| {
                let owner = fault.owner;
                tracing::warn!(call = %self.call, ?owner, %fault, "it is not known when an action last left");
                Duration::ZERO
            })
        })
    }
}
