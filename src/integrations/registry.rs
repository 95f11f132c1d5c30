//! The one dispatcher: prepares what a question will ask about, and runs by permit.
//!
//! Promises: a request with effects is sent only if the permit covers the very request that was prepared,
//! after its intent was taken, and again only where that is no second deed; where a tool has a probe, what
//! was not answered is asked about before it is told as unknown, within the tool's own time.
//! Never: decides whether to act; that is the gate's.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use centralita_core::base::{
    CallId, CallTime, Digest, Placeholder, ProposalId, ToolName, World, placeholders,
};
use centralita_core::call::PrivateValues;
use centralita_core::conversation::{ActionKey, Effects, Outcome, Permit, Unproven, Withheld};
use futures::future::BoxFuture;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use super::acting::{Stand, Stood, step_key, whole_key};
use super::action::ActionSecret;
use super::allowance::{NotSpent, spend};
use super::arguments::{arguments, keyed};
use super::budget::{TriesInMemory, TryLog, Unmade};
use super::cache::{Cache, Memory};
use super::far::Live;
use super::probe::{Finding, Pauses, Sent};
use super::request::{Resolved, meant};
use super::spec::{KeyPlace, PerCaller, ToolSpec};
use super::steps::{Known, Run, of_step};
use super::tap::Shown;
use super::toolbox::Toolbox;
use super::tries::Untold;

/// Stands for `call.id` where a wish is digested. No call has this id.
const ANY_CALL: &str = "⟨call.id⟩";

/// How long beyond a tool's own time its probe may be asked: half of what the conversation waits for the dispatcher then, so
/// that what it finds is the outcome and no afterthought.
pub(super) const PROBE_GRACE: Duration = Duration::from_secs(1);
/// Between two questions while the caller waits for the outcome.
const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_LONGEST: Duration = Duration::from_secs(4);

/// What every template may name of the call: `call.id`, `call.from`, `call.to`.
#[derive(Clone)]
pub struct CallFacts {
    pub id: CallId,
    /// The caller's number in E.164, or empty where it is withheld.
    pub from: String,
    /// The number that was called.
    pub to: String,
    /// The agent's id.
    pub agent: String,
    /// The clock that tools are told the time by, in microseconds since 1970.
    pub now_us: fn() -> i64,
}

/// The caller's number does not print.
impl fmt::Debug for CallFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallFacts({})", self.id)
    }
}

/// What is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    pub call: CallId,
    pub proposal: ProposalId,
    /// The place of the step among those of its tool that have effects, from zero.
    pub step: u32,
    pub tool: ToolName,
    /// Of the resolved requests, whichever call sends it: what the permit covers, and what the next call knows the same
    /// wish by.
    pub action: Digest,
    /// The idempotency key sent along, where the tool has one.
    pub key: Option<String>,
}

/// Why an intent was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotBegun {
    /// One of this call, proposal and step exists: it may have been sent, by whoever wrote it.
    Already,
    /// The record takes nothing now; `why` is for the model.
    Refused { why: String },
}

/// Takes an intent durably, and what is found out of it.
pub trait IntentLog: Send + Sync {
    /// Returns after it is on disk.
    fn begin(&self, intent: Intent) -> BoxFuture<'_, Result<(), NotBegun>>;
    /// Takes what became of one that was begun, and returns when it is on disk, or soon after.
    fn settled<'l>(&'l self, proposal: ProposalId, step: u32, outcome: &'l Outcome) -> BoxFuture<'l, ()>;
    /// What a probe says of it; of several times the last counts.
    fn found(&self, finding: &Finding);
    /// How long ago anything last left under its key, in whichever call, or was about to; nothing where that is not known.
    fn ago(&self, proposal: ProposalId, step: u32) -> BoxFuture<'_, Duration>;
    /// Takes one run of a tool from what this caller has left of it, durably.
    fn spend<'a>(&'a self, tool: &'a ToolName, limit: PerCaller) -> BoxFuture<'a, Result<(), NotSpent>>;
}

/// A request that is ready to be asked about.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// What a yes will cover.
    pub action: Digest,
    /// What the question may name: the arguments in their one form (null where not given), and what the
    /// read-only steps mapped.
    pub values: Value,
}

/// A request that cannot be made; `why` is for the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unprepared {
    pub why: String,
    /// The rule by which nothing would be sent; the caller hears of that at once.
    pub withheld: Option<Withheld>,
    /// Why who is calling is not proven.
    pub unproven: Option<Unproven>,
}

/// The tools of one call.
#[derive(Debug)]
pub struct Registry {
    pub(super) toolbox: Arc<Toolbox>,
    pub(super) call: CallFacts,
    pub(super) action_key: ActionSecret,
    /// Where failed proofs are counted.
    pub(super) tries: Arc<dyn TryLog>,
    ready: Mutex<BTreeMap<ProposalId, Ready>>,
    /// What has left and has no outcome yet.
    open: Mutex<BTreeMap<ProposalId, Open>>,
    /// What its tools have stored.
    variables: Mutex<Map<String, Value>>,
    /// What became of the steps of tools that have several.
    stood: Mutex<Stood>,
    /// What systems have just said.
    pub(super) cache: Mutex<Cache>,
}

/// A request that has left, and when.
#[derive(Clone, Debug)]
struct Open {
    sent: Sent,
    at: Instant,
    /// The name under which the whole is sent, where that is known.
    name: Option<String>,
}

/// One tool that may run.
#[derive(Debug)]
pub struct Leave {
    pub tool: ToolName,
    /// With placeholders for private values.
    pub args: Value,
    pub key: ActionKey,
    pub permit: Permit,
}

/// A prepared request, waiting for leave.
pub(super) struct Ready {
    pub(super) tool: ToolName,
    pub(super) action: Digest,
    /// The first request, where nothing comes before it; those after it may have holes, which earlier answers fill.
    pub(super) first: Option<Resolved>,
    /// Which acts of the tool are to be done, by their conditions.
    pub(super) due: Vec<usize>,
    /// What was put in, for whoever asks what became of it, and what is put into the others.
    pub(super) known: Known,
}

/// What a tool with effects is about to do.
struct Plan {
    known: Known,
    due: Vec<usize>,
    first: Option<Resolved>,
}

/// What came of asking about a step.
#[derive(Debug, PartialEq)]
pub struct Probed {
    pub step: u32,
    pub finding: Finding,
    /// What became of the whole, where that of the step is known now.
    pub whole: Option<Outcome>,
}

/// What a caller said does not print.
impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ready({} {:?})", self.tool, self.first)
    }
}

impl Registry {
    #[must_use]
    pub fn new(toolbox: Arc<Toolbox>, call: CallFacts, action_key: ActionSecret) -> Registry {
        let (ready, open, variables, stood, cache) = Default::default();
        let tries = Arc::new(TriesInMemory::default());
        Registry { toolbox, call, action_key, tries, ready, open, variables, stood, cache }
    }

    /// The same, with failed proofs counted there, and not for this call alone.
    #[must_use]
    pub fn counting(self, tries: Arc<dyn TryLog>) -> Registry {
        Registry { tries, ..self }
    }

    /// The call whose tools these are.
    #[must_use]
    pub fn call_id(&self) -> &CallId {
        &self.call.id
    }

    /// Resolves what exactly a tool with effects would send, read-only steps included, and keeps it.
    ///
    /// The digest is keyed, and of the same request with the call's id left open: who asks for the same thing in another
    /// call asks for what may have been sent already. What is kept is the request itself, and nothing replaces it: leave for this
    /// proposal sends the one that was prepared, or nothing.
    ///
    /// `args` may hold placeholders; `private` is what they stand for, and goes into the requests alone. What the question
    /// may name keeps the placeholders.
    pub async fn prepare(
        &self,
        proposal: ProposalId,
        tool: &ToolName,
        args: &Value,
        private: &PrivateValues,
    ) -> Result<Prepared, Unprepared> {
        let (spec, live) = self.toolbox.find(tool)?;
        // Nobody is asked about what could not be sent.
        if live.breaker.as_ref().is_some_and(|breaker| breaker.is_open()) {
            return Err(Untold::OutOfReach.into());
        }
        let real = real_args(spec, args, private)?;
        let run = self.of(spec, live);
        let (known, until) = (self.begun(spec, &real)?, until(spec));
        let values = known.values.clone();
        let Plan { known, due, first } =
            self.tried(spec, &values, until, self.resolve(run, known, until)).await?;
        // The same wish in whichever call, at whichever time, under whichever secret.
        let requests = run.meant(&due, &known, ANY_CALL)?;
        let action = self.action_key.digest(&meant(tool, &requests));
        let mut values = known.values.clone();
        for parameter in &spec.parameters {
            let hidden = args.get(&parameter.name).filter(|value| has_placeholder(value));
            values.extend(hidden.map(|value| (parameter.name.clone(), value.clone())));
        }
        match self.ready().entry(proposal) {
            Entry::Vacant(free) => free.insert(Ready { tool: tool.clone(), action, first, due, known }),
            Entry::Occupied(_) => {
                return Err("this is being asked about already".to_owned().into());
            }
        };
        Ok(Prepared { action, values: Value::Object(values) })
    }

    /// Forgets a prepared request.
    pub fn discard(&self, proposal: ProposalId) {
        self.ready().remove(&proposal);
    }

    /// What was prepared, as it would leave now, for a person who watches its toolbox; nothing of it is sent, but a token may
    /// be fetched for it.
    ///
    /// # Errors
    /// In words, why it cannot leave.
    pub async fn preview(&self, proposal: ProposalId) -> Result<Shown, String> {
        let of = |ready: &Ready| {
            let Ready { tool, first, due, known, .. } = ready;
            (tool.clone(), first.clone(), due.clone(), known.clone())
        };
        let (tool, request, due, known) = self.ready().get(&proposal).map(of).ok_or("nothing is prepared")?;
        let (spec, live) = self.toolbox.find(&tool)?;
        let request = match request {
            Some(request) => request,
            // What a step before it will find stands as a hole.
            None => {
                let meant = self.of(spec, live).meant(&due, &known, self.call.id.as_str())?;
                meant.into_iter().next().ok_or("nothing is to be done")?
            }
        };
        let acts = spec.acts();
        let first = due.iter().filter_map(|at| acts.get(*at)).find_map(|act| Some((act, act.place?)));
        let keyed = first.filter(|(act, _)| *act.key != KeyPlace::None);
        let key = keyed.map(|(act, place)| (act.key, self.step_key(&ActionKey::Own(proposal), place)));
        let placed = key.as_ref().map(|(place, text)| (*place, text.as_str()));
        let outgoing = live.outgoing(&request, placed, until(spec)).await.map_err(|fault| fault.what)?;
        live.shown(&outgoing).ok_or_else(|| "nobody watches".to_owned())
    }

    /// Runs a tool by leave, and uses the leave up. For a tool without effects the permit covers the
    /// arguments, for all others the request that was prepared.
    ///
    /// # Errors
    /// A tool without effects has found nothing, for who is calling is not proven.
    pub async fn run(
        &self,
        leave: Leave,
        private: &PrivateValues,
        now: CallTime,
        log: &dyn IntentLog,
    ) -> Result<Outcome, Unproven> {
        let Leave { tool, args, key, permit } = leave;
        let proposal = permit.proposal();
        let (spec, live) = match self.toolbox.find(&tool) {
            Ok(found) => found,
            Err(why) => return Ok(Outcome::Failed { why }),
        };
        match spec.effects {
            Effects::None if permit.covers(proposal, Digest::of_json(&args), now) => {
                match real_args(spec, &args, private) {
                    Ok(real) => match spend(spec, log).await {
                        Ok(()) => self.read(spec, live, &real).await,
                        Err(not) => Ok(not.outcome()),
                    },
                    Err(why) => Ok(Outcome::Failed { why }),
                }
            }
            Effects::None => Ok(no_leave()),
            Effects::Reversible | Effects::Irreversible => match self.take(proposal, &tool) {
                Some(ready) if permit.covers(proposal, ready.action, now) => {
                    Ok(self.act(spec, live, proposal, ready, &key, log).await)
                }
                Some(_) | None => Ok(no_leave()),
            },
        }
    }

    /// A tool without effects: steps, request, mapping.
    pub(super) async fn read(&self, spec: &ToolSpec, live: &Live, args: &Value) -> Result<Outcome, Unproven> {
        let (run, until) = (self.of(spec, live), until(spec));
        let result = async {
            let mut known = self.begun(spec, args)?;
            let values = known.values.clone();
            let found = async {
                let mut own = Map::new();
                for step in spec.prepare.iter().chain([&spec.request]) {
                    own = run.look(step, &mut known, until).await?;
                }
                Ok(run.result(&known, own)?)
            };
            self.tried(spec, &values, until, found).await
        };
        let outcome = match result.await {
            Ok(result) => Outcome::Done { result: Value::Object(result) },
            Err(Unmade::Untold(untold)) => Untold::outcome(untold),
            Err(Unmade::Unproven(unproven)) => {
                self.forget(spec);
                return Err(unproven);
            }
        };
        self.keep(spec, &outcome);
        Ok(outcome)
    }

    /// Asks what became of it, again and again until then: a system that is still at work may know in a moment.
    pub(super) async fn find_out(
        &self,
        proposal: ProposalId,
        world: World,
        until: Instant,
        log: &dyn IntentLog,
    ) -> Outcome {
        let mut pauses = Pauses::new(PAUSE_FIRST, PAUSE_LONGEST);
        loop {
            let Some(probed) = self.probe(proposal, until, log).await else { return Outcome::Unknown };
            log.found(&probed.finding);
            if let Some(outcome) = probed.finding.outcome() {
                return outcome;
            }
            let next = Instant::now() + pauses.pause();
            // A sample says the same however often it is asked.
            if next >= until || world == World::Mocked {
                return Outcome::Unknown;
            }
            tokio::time::sleep_until(next).await;
        }
    }

    /// Asks once what became of an action of this call that has no outcome yet, until then at most. None where nobody can
    /// be asked.
    pub async fn probe(&self, proposal: ProposalId, until: Instant, log: &dyn IntentLog) -> Option<Probed> {
        let (sent, last) = self.last_sent(proposal)?;
        let step = sent.step;
        let began = Instant::now();
        // Another call of the same caller may have sent it once more.
        let on_record = || on_record(log, (proposal, step), until);
        let age = last.elapsed().min(on_record().await);
        let finding = self.toolbox.probe(&sent, age, until).await?;
        // Sent once more while it was asked, it may be on its way.
        let is_outdated = self.last_sent(proposal).is_none_or(|(_, now)| now > last);
        if finding == Finding::Absent && (is_outdated || on_record().await <= began.elapsed()) {
            let finding = Finding::Open("it was not there, and was sent once more meanwhile".to_owned());
            return Some(Probed { step, finding, whole: None });
        }
        let known = finding.outcome();
        if let Some(known) = &known {
            self.stands_now(proposal, known, is_outdated);
            self.is_known(proposal, known);
        }
        let whole = known.map(|known| self.toolbox.whole(&sent, known));
        if let (Some(whole), Ok((spec, _))) = (&whole, self.toolbox.find(&sent.tool)) {
            self.keep(spec, whole);
        }
        Some(Probed { step, finding, whole })
    }

    /// What was sent, and when it or whatever else of this call had its key last left.
    fn last_sent(&self, proposal: ProposalId) -> Option<(Sent, Instant)> {
        let open = self.open();
        let Open { sent, at, .. } = open.get(&proposal)?.clone();
        let same = open.values().filter(|other| sent.key.is_some() && other.sent.key == sent.key);
        let last = same.map(|other| other.at).fold(at, Instant::max);
        Some((sent, last))
    }

    /// Takes note of what a probe has found of a step. One that was sent once more meanwhile may be done by that.
    pub(super) fn stands_now(&self, proposal: ProposalId, known: &Outcome, is_outdated: bool) {
        let of = |open: &Open| Some((open.name.clone()?, open.sent.step));
        let Some(key) = self.open().get(&proposal).and_then(of) else { return };
        let mut stood = self.stood();
        match known {
            Outcome::Done { result: Value::Object(mapped) } => {
                stood.insert(key, Stand::Done(mapped.clone()));
            }
            Outcome::Failed { .. } if !is_outdated && !matches!(stood.get(&key), Some(Stand::Done(_))) => {
                stood.insert(key, Stand::NotDone);
            }
            Outcome::Done { .. }
            | Outcome::Partly { .. }
            | Outcome::Failed { .. }
            | Outcome::Withheld(_)
            | Outcome::Unknown => {}
        }
    }

    /// Nobody needs to be asked about it any more, nor, where it is done, about what went out under the same key.
    pub(super) fn is_known(&self, proposal: ProposalId, outcome: &Outcome) {
        let mut open = self.open();
        let key = open.remove(&proposal).and_then(|known| known.sent.key);
        if let (Outcome::Done { .. }, Some(_)) = (outcome, &key) {
            open.retain(|_, other| other.sent.key != key);
        }
    }

    /// Takes note of a request that left so long ago: by this process, or by one that is gone.
    pub fn left(&self, proposal: ProposalId, sent: Sent, ago: Duration) {
        let name = sent.key.as_deref().map(|key| whole_key(key, sent.step).to_owned());
        self.left_as(proposal, name, sent, ago);
    }

    /// The same, of a whole that is sent under this name.
    pub(super) fn left_as(&self, proposal: ProposalId, name: Option<String>, sent: Sent, ago: Duration) {
        let now = Instant::now();
        // A clock that does not reach back so far makes it younger, and nothing is missed too early.
        let at = now.checked_sub(ago).unwrap_or(now);
        self.open().insert(proposal, Open { sent, at, name });
    }

    pub(super) fn of<'r>(&'r self, spec: &'r ToolSpec, live: &'r Live) -> Run<'r> {
        let memory = Some(Memory { cache: &self.cache, key: &self.action_key });
        Run { toolbox: &self.toolbox, spec, live, call: &self.call, memory }
    }

    /// What is known before anything was asked.
    pub(super) fn begun(&self, spec: &ToolSpec, args: &Value) -> Result<Known, String> {
        let variables = self.variables().clone();
        let mut values = arguments(&spec.parameters, args, &self.toolbox.currency, &variables)?;
        values.extend(self.given(spec)?);
        Ok(Known::new(values))
    }

    /// Runs the read-only steps, sees which others are due, and puts all values into the first of them, where that has effects.
    async fn resolve(&self, run: Run<'_>, mut known: Known, until: Instant) -> Result<Plan, Untold> {
        for step in &run.spec.prepare {
            run.look(step, &mut known, until).await?;
        }
        let acts = run.spec.acts();
        let mut due = Vec::new();
        for (at, act) in acts.iter().enumerate() {
            if run.is_due(act.exchange, &known)? {
                due.push(at);
            } else {
                known.leave_out(act.exchange);
            }
        }
        let mut all = due.iter().filter_map(|at| acts.get(*at));
        let first = all.clone().next().filter(|act| act.place.is_some());
        if all.all(|act| act.place.is_none()) {
            let why = "its `if` is not true: there is nothing to be done".to_owned();
            return Err(of_step(&run.spec.request, why).into());
        }
        let first = first.map(|act| run.request(act.exchange, &known)).transpose()?;
        Ok(Plan { known, due, first })
    }

    fn step_key(&self, key: &ActionKey, place: u32) -> String {
        step_key(&self.key_text(key), place)
    }

    /// The name under which an action is sent: the same for the same call and proposal, whoever asks and
    /// when.
    pub(super) fn key_text(&self, key: &ActionKey) -> String {
        match key {
            ActionKey::Own(first) => format!("{}-{first}", self.call.id),
            ActionKey::Earlier(text) => text.clone(),
        }
    }

    pub(super) fn take(&self, proposal: ProposalId, tool: &ToolName) -> Option<Ready> {
        self.ready().remove(&proposal).filter(|ready| ready.tool == *tool)
    }

    #[cfg(test)]
    pub(super) fn toolbox(&self) -> &Toolbox {
        &self.toolbox
    }

    // Maps of finished values are whole even if a holder panicked.
    fn ready(&self) -> MutexGuard<'_, BTreeMap<ProposalId, Ready>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn variables(&self) -> MutexGuard<'_, Map<String, Value>> {
        self.variables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stood(&self) -> MutexGuard<'_, Stood> {
        self.stood.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<ProposalId, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long ago it last left by the record; nothing, where that does not say in time.
async fn on_record(log: &dyn IntentLog, (proposal, step): (ProposalId, u32), until: Instant) -> Duration {
    timeout_at(until, log.ago(proposal, step)).await.unwrap_or_default()
}

pub(super) fn until(spec: &ToolSpec) -> Instant {
    Instant::now() + Duration::from_millis(u64::from(spec.timeout.0))
}

/// For the model: a value of an earlier part of the call, which is in no memory any more.
fn forgotten(lost: Placeholder) -> String {
    format!("what {lost} stands for is not known any more: ask the caller to say it again")
}

/// The arguments with what their placeholders stand for; or for the model why that cannot be.
fn real_args(spec: &ToolSpec, args: &Value, private: &PrivateValues) -> Result<Value, String> {
    keyed(&spec.parameters, args, private)?;
    private.in_json(args).map_err(forgotten)
}

pub(super) fn has_placeholder(value: &Value) -> bool {
    match value {
        Value::String(text) => !placeholders(text).is_empty(),
        Value::Array(items) => items.iter().any(has_placeholder),
        Value::Object(fields) => fields.values().any(has_placeholder),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn no_leave() -> Outcome {
    Outcome::Failed { why: "there is no leave for this action".to_owned() }
}
