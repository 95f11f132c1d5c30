//! The one dispatcher: prepares what a question will ask about, and runs by permit.
//!
//! Promises: a request with effects is sent only if the permit covers the very request that was prepared,
//! once, after its intent was taken; only requests without effects are tried again, once; where a tool has a probe, what
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
use centralita_core::conversation::{ActionKey, Effects, Event, Outcome, Permit, Unproven};
use futures::future::BoxFuture;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use super::action::ActionSecret;
use super::arguments::{arguments, keyed};
use super::far::Live;
use super::given::Secrecy;
use super::probe::{Finding, Pauses, Sent};
use super::request::Resolved;
use super::spec::{Exchange, KeyPlace, ToolSpec};
use super::toolbox::Toolbox;
use super::tries::{TriesInMemory, TryLog, Unmade};
use super::verdict::{Unlearned, learned, settled};
use crate::crash::{self, Point};
use crate::egress::{Answer, Purpose, Unanswered};

/// Stands for `call.id` where a wish is digested. No call has this id.
const ANY_CALL: &str = "⟨call.id⟩";

/// How long beyond a tool's own time its probe may be asked: half of what the conversation waits for the dispatcher then, so
/// that what it finds is the outcome and no afterthought.
const PROBE_GRACE: Duration = Duration::from_secs(1);
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
    pub tool: ToolName,
    /// Of the resolved request, whichever call sends it: what the permit covers, and what the next call knows the same
    /// wish by.
    pub action: Digest,
    /// The idempotency key sent along, where the tool has one.
    pub key: Option<String>,
}

/// Why an intent was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotBegun {
    /// One of this call and proposal exists: it may have been sent, by whoever wrote it.
    Already,
    /// The record takes nothing now; `why` is for the model.
    Refused { why: String },
}

/// Takes an intent durably, and what is found out of it.
pub trait IntentLog: Send + Sync {
    /// Returns after it is on disk.
    fn begin(&self, intent: Intent) -> BoxFuture<'_, Result<(), NotBegun>>;
    /// What a probe says of it; of several times the last counts.
    fn found(&self, finding: &Finding);
    /// How long ago anything last left under its key, in whichever call, or was about to; nothing where that is not known.
    fn ago(&self, proposal: ProposalId) -> BoxFuture<'_, Duration>;
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

/// Why there is no request to be asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unprepared {
    /// It cannot be made; for the model.
    Why(String),
    /// Who is calling is not proven.
    Unproven(Unproven),
}

impl Unprepared {
    /// In words.
    #[must_use]
    pub fn why(self) -> String {
        match self {
            Unprepared::Why(why) | Unprepared::Unproven(Unproven::Failed { why }) => why,
            Unprepared::Unproven(Unproven::Locked(_)) => "too many proofs have failed".to_owned(),
        }
    }

    /// As the conversation is told it.
    #[must_use]
    pub fn event(self, proposal: ProposalId) -> Event {
        match self {
            Unprepared::Why(why) => Event::Unprepared { proposal, why },
            Unprepared::Unproven(unproven) => Event::Unproven { proposal, unproven },
        }
    }
}

impl From<Unmade> for Unprepared {
    fn from(unmade: Unmade) -> Unprepared {
        match unmade {
            Unmade::Why(why) => Unprepared::Why(why),
            Unmade::Unproven(unproven) => Unprepared::Unproven(unproven),
        }
    }
}

impl From<String> for Unprepared {
    fn from(why: String) -> Unprepared {
        Unprepared::Why(why)
    }
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
}

/// A request that has left, and when.
#[derive(Clone, Debug)]
struct Open {
    sent: Sent,
    at: Instant,
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
    tool: ToolName,
    action: Digest,
    request: Resolved,
    /// What was put into it, for whoever asks what became of it.
    values: Map<String, Value>,
}

/// What a caller said does not print.
impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ready({} {:?})", self.tool, self.request)
    }
}

impl Registry {
    #[must_use]
    pub fn new(toolbox: Arc<Toolbox>, call: CallFacts, action_key: ActionSecret) -> Registry {
        let (ready, open, variables) = (Mutex::default(), Mutex::default(), Mutex::default());
        let tries = Arc::new(TriesInMemory::default());
        Registry { toolbox, call, action_key, tries, ready, open, variables }
    }

    /// The same, with failed proofs counted there, and not for this call alone.
    #[must_use]
    pub fn counting(self, tries: Arc<dyn TryLog>) -> Registry {
        Registry { tries, ..self }
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
        let real = real_args(spec, args, private)?;
        let (values, until) = (self.values(spec, &real)?, until(spec));
        let resolved = self.tried(spec, &values, until, self.resolve(spec, live, values.clone(), until));
        let (mut values, request) = resolved.await?;
        let action = self.meant(spec, live, &values)?;
        let action = self.action_key.digest(&action.meant(tool));
        let real = values.clone();
        for parameter in &spec.parameters {
            let hidden = args.get(&parameter.name).filter(|value| has_placeholder(value));
            values.extend(hidden.map(|value| (parameter.name.clone(), value.clone())));
        }
        match self.ready().entry(proposal) {
            Entry::Vacant(free) => free.insert(Ready { tool: tool.clone(), action, request, values: real }),
            Entry::Occupied(_) => {
                return Err(Unprepared::Why("this is being asked about already".to_owned()));
            }
        };
        Ok(Prepared { action, values: Value::Object(values) })
    }

    /// Forgets a prepared request.
    pub fn discard(&self, proposal: ProposalId) {
        self.ready().remove(&proposal);
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
                    Ok(real) => self.read(spec, live, &real).await,
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
        let until = until(spec);
        let result = async {
            let values = self.values(spec, args)?;
            let found = async {
                let (values, request) = self.resolve(spec, live, values.clone(), until).await?;
                let answer = ask(live, &request, until).await;
                let renderer = &self.toolbox.renderer;
                let found = answer
                    .and_then(|answer| learned(&spec.request, &answer, &Value::Object(values), renderer));
                let proves = !spec.request.verify.is_empty();
                found.map_err(|not| if proves { not.as_unproven(spec.unproven()) } else { not })
            };
            self.tried(spec, &values, until, found).await
        };
        let outcome = match result.await {
            Ok(result) => Ok(Outcome::Done { result: Value::Object(result) }),
            Err(Unmade::Why(why)) => Ok(Outcome::Failed { why }),
            Err(Unmade::Unproven(unproven)) => Err(unproven),
        };
        match &outcome {
            Ok(outcome) => self.keep(spec, outcome),
            Err(_) => self.forget(spec),
        }
        outcome
    }

    /// A tool with effects, with leave: intent, then one request.
    pub(super) async fn act(
        &self,
        spec: &ToolSpec,
        live: &Live,
        proposal: ProposalId,
        ready: Ready,
        key: &ActionKey,
        log: &dyn IntentLog,
    ) -> Outcome {
        let again = *key != ActionKey::Own(proposal);
        if again && spec.key == KeyPlace::None {
            // It was sent before, and this system cannot tell a second one from the first.
            return Outcome::Unknown;
        }
        let key = (spec.key != KeyPlace::None).then(|| self.key_text(key));
        let placed = key.as_deref().map(|text| (&spec.key, text));
        // Waiting for a token and for the journal is part of the tool's time.
        let until = until(spec);
        let outgoing = match live.outgoing(&ready.request, placed, until).await {
            Ok(outgoing) => outgoing,
            Err(fault) => return Outcome::Failed { why: fault.what },
        };
        crash::pass(Point::Permitted);
        let (call, tool) = (self.call.id.clone(), ready.tool.clone());
        match log.begin(Intent { call, proposal, tool, action: ready.action, key: key.clone() }).await {
            Ok(()) => {}
            Err(NotBegun::Already) => return Outcome::Unknown,
            Err(NotBegun::Refused { why }) => return Outcome::Failed { why },
        }
        crash::pass(Point::IntentOnDisk);
        if until <= Instant::now() {
            return Outcome::Failed { why: "the journal took too long: nothing was sent".to_owned() };
        }
        let sent = Sent { tool: ready.tool, call: self.call.clone(), values: ready.values, key };
        self.left(proposal, sent, Duration::ZERO);
        let answer = live.send(outgoing, Purpose::Act, until).await;
        crash::pass(Point::Answered);
        match settled(&spec.request, &spec.key, &spec.not_done_on, answer, &self.toolbox.renderer) {
            Outcome::Unknown => self.find_out(proposal, live.world(), until + PROBE_GRACE, log).await,
            known @ (Outcome::Done { .. } | Outcome::Failed { .. }) => {
                self.keep(spec, &known);
                self.is_known(proposal, &known);
                known
            }
        }
    }

    /// Asks what became of it, again and again until then: a system that is still at work may know in a moment.
    async fn find_out(
        &self,
        proposal: ProposalId,
        world: World,
        until: Instant,
        log: &dyn IntentLog,
    ) -> Outcome {
        let mut pauses = Pauses::new(PAUSE_FIRST, PAUSE_LONGEST);
        loop {
            let Some(finding) = self.probe(proposal, until, log).await else { return Outcome::Unknown };
            log.found(&finding);
            if let Some(outcome) = finding.outcome() {
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
    pub async fn probe(&self, proposal: ProposalId, until: Instant, log: &dyn IntentLog) -> Option<Finding> {
        let (sent, last) = self.last_sent(proposal)?;
        let began = Instant::now();
        // Another call of the same caller may have sent it once more.
        let on_record = || on_record(log, proposal, until);
        let age = last.elapsed().min(on_record().await);
        let finding = self.toolbox.probe(&sent, age, until).await?;
        // Sent once more while it was asked, it may be on its way.
        let is_outdated = self.last_sent(proposal).is_none_or(|(_, now)| now > last);
        if finding == Finding::Absent && (is_outdated || on_record().await <= began.elapsed()) {
            return Some(Finding::Open("it was not there, and was sent once more meanwhile".to_owned()));
        }
        if let Some(known) = finding.outcome() {
            if let Ok((spec, _)) = self.toolbox.find(&sent.tool) {
                self.keep(spec, &known);
            }
            self.is_known(proposal, &known);
        }
        Some(finding)
    }

    /// What was sent, and when it or whatever else of this call had its key last left.
    fn last_sent(&self, proposal: ProposalId) -> Option<(Sent, Instant)> {
        let open = self.open();
        let Open { sent, at } = open.get(&proposal)?.clone();
        let same = open.values().filter(|other| sent.key.is_some() && other.sent.key == sent.key);
        let last = same.map(|other| other.at).fold(at, Instant::max);
        Some((sent, last))
    }

    /// Nobody needs to be asked about it any more, nor, where it is done, about what went out under the same key.
    fn is_known(&self, proposal: ProposalId, outcome: &Outcome) {
        let mut open = self.open();
        let key = open.remove(&proposal).and_then(|known| known.sent.key);
        if let (Outcome::Done { .. }, Some(_)) = (outcome, &key) {
            open.retain(|_, other| other.sent.key != key);
        }
    }

    /// Takes note of a request that left so long ago: by this process, or by one that is gone.
    pub fn left(&self, proposal: ProposalId, sent: Sent, ago: Duration) {
        let now = Instant::now();
        // A clock that does not reach back so far makes it younger, and nothing is missed too early.
        let at = now.checked_sub(ago).unwrap_or(now);
        self.open().insert(proposal, Open { sent, at });
    }

    /// The arguments in their one form, and what nobody is asked for.
    fn values(&self, spec: &ToolSpec, args: &Value) -> Result<Map<String, Value>, String> {
        let variables = self.variables().clone();
        let mut values = arguments(&spec.parameters, args, &self.toolbox.currency, &variables)?;
        values.extend(self.given(spec)?);
        Ok(values)
    }

    /// Runs the read-only steps and puts all values into the tool's own request.
    async fn resolve(
        &self,
        spec: &ToolSpec,
        live: &Live,
        mut values: Map<String, Value>,
        until: Instant,
    ) -> Result<(Map<String, Value>, Resolved), Unlearned> {
        let proves = spec.prepare.last().is_some_and(|step| !step.verify.is_empty());
        for step in &spec.prepare {
            let request = self.put_in(spec, step, live, &values).map_err(Unlearned::Broken)?;
            let answer = ask(live, &request, until).await;
            let known = Value::Object(values.clone());
            let found = answer.and_then(|answer| learned(step, &answer, &known, &self.toolbox.renderer));
            let told = |not: Unlearned| if proves { not.as_unproven(spec.unproven()) } else { not };
            values.extend(found.map_err(told)?);
        }
        let request = self.put_in(spec, &spec.request, live, &values).map_err(Unlearned::Broken)?;
        Ok((values, request))
    }

    fn put_in(
        &self,
        spec: &ToolSpec,
        exchange: &Exchange,
        live: &Live,
        values: &Map<String, Value>,
    ) -> Result<Resolved, String> {
        self.filled(spec, exchange, live, values, (self.call.id.as_str(), Secrecy::Open))
    }

    /// The same wish in whichever call, at whichever time, under whichever secret.
    fn meant(&self, spec: &ToolSpec, live: &Live, values: &Map<String, Value>) -> Result<Resolved, String> {
        self.filled(spec, &spec.request, live, values, (ANY_CALL, Secrecy::Named))
    }

    fn filled(
        &self,
        spec: &ToolSpec,
        exchange: &Exchange,
        live: &Live,
        values: &Map<String, Value>,
        (call_id, secrecy): (&str, Secrecy),
    ) -> Result<Resolved, String> {
        let mut vars = values.clone();
        vars.insert("call".to_owned(), self.call.vars(call_id));
        let (renderer, mut vars) = (&self.toolbox.renderer, Value::Object(vars));
        self.toolbox.put_in_hidden(spec, &self.call, call_id, secrecy, &mut vars);
        let request = Resolved::new(exchange, &live.base, live.world(), renderer, &vars);
        let request = request.map_err(|fault| fault.what)?;
        Ok(Resolved { masks: self.toolbox.masks(spec), ..request })
    }

    /// The name under which an action is sent: the same for the same call and proposal, whoever asks and
    /// when.
    fn key_text(&self, key: &ActionKey) -> String {
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

    fn open(&self) -> MutexGuard<'_, BTreeMap<ProposalId, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One read-only request, tried again once where the first try broke off or the system was briefly away.
pub(super) async fn ask(live: &Live, request: &Resolved, until: Instant) -> Result<Answer, Unlearned> {
    let once = || async {
        let outgoing = live.outgoing(request, None, until).await.map_err(Unanswered::NotSent)?;
        live.send(outgoing, Purpose::Read, until).await
    };
    let answer = match once().await {
        Ok(answer) if !matches!(answer.status, 502..=504) => Ok(answer),
        Err(told @ (Unanswered::Refused(_) | Unanswered::WentWrong(_))) => Err(told),
        Ok(_) | Err(Unanswered::NotSent(_) | Unanswered::Sent(_)) => once().await,
    };
    answer.map_err(|unanswered| match unanswered {
        Unanswered::Refused(fault) => Unlearned::Absent(fault.what),
        Unanswered::NotSent(fault) | Unanswered::Sent(fault) | Unanswered::WentWrong(fault) => {
            Unlearned::Broken(fault.what)
        }
    })
}

/// How long ago it last left by the record; nothing, where that does not say in time.
async fn on_record(log: &dyn IntentLog, proposal: ProposalId, until: Instant) -> Duration {
    timeout_at(until, log.ago(proposal)).await.unwrap_or_default()
}

fn until(spec: &ToolSpec) -> Instant {
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
