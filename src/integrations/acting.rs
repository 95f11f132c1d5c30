//! A tool with effects on its way, by leave: one request after the other, each with an intent and a key of its own.
//!
//! Promises: promise 2 of the house, for each step: its intent is durable before its first byte leaves, it leaves once, and
//! nothing leaves after a step that is not known to be done; what was done is told also where the rest was not.
//! Never: sends what is not part of what the permit covers: after the yes an answer fills holes, and nothing else.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use centralita_core::base::{Digest, ProposalId, ToolName};
use centralita_core::conversation::{ActionKey, Outcome, Withheld};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::allowance::spend;
use super::breaker::OutOfReach;
use super::far::Live;
use super::probe::Sent;
use super::registry::{Intent, IntentLog, NotBegun, PROBE_GRACE, Ready, Registry, until};
use super::request::Resolved;
use super::spec::{Act, KeyPlace, ToolSpec};
use super::steps::{Known, Run, of_step};
use super::tries::{Deed, Untold};
use crate::crash::{self, Point};

/// What this process knows of the steps that went out under a key, by the key and the step's place.
pub(super) type Stood = BTreeMap<(String, u32), Stand>;

/// What became of a step.
#[derive(Clone)]
pub(super) enum Stand {
    /// With all that its answer let through, secrets too.
    Done(Map<String, Value>),
    NotDone,
    Unknown,
}

/// What an answer held does not print.
impl fmt::Debug for Stand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stand::Done(_) => "Done",
            Stand::NotDone => "NotDone",
            Stand::Unknown => "Unknown",
        })
    }
}

/// One run by leave.
struct Way<'w> {
    registry: &'w Registry,
    run: Run<'w>,
    log: &'w dyn IntentLog,
    proposal: ProposalId,
    tool: ToolName,
    action: Digest,
    /// The name under which the whole is sent.
    name: String,
    /// Something may have been sent under it before.
    is_again: bool,
    until: Instant,
    known: Known,
    /// All that is to be done of it, in order.
    due: &'w [Act<'w>],
    /// Whether anything of it went out.
    has_begun: bool,
}

impl Registry {
    /// A tool with effects, with leave: for each step its intent, then its request.
    pub(super) async fn act(
        &self,
        spec: &ToolSpec,
        live: &Live,
        proposal: ProposalId,
        ready: Ready,
        key: &ActionKey,
        log: &dyn IntentLog,
    ) -> Outcome {
        let run = self.of(spec, live);
        let Ready { tool, action, mut first, due, known } = ready;
        let acts = spec.acts();
        let due: Vec<Act<'_>> = due.iter().filter_map(|at| acts.get(*at).copied()).collect();
        let mut way = Way {
            registry: self,
            run,
            log,
            proposal,
            tool,
            action,
            name: self.key_text(key),
            is_again: *key != ActionKey::Own(proposal),
            // Waiting for a token and for the journal is part of the tool's time.
            until: until(spec),
            known,
            due: &due,
            has_begun: false,
        };
        way.begin();
        let mut own = Map::new();
        for (at, act) in due.iter().enumerate() {
            let ready = act.place.and_then(|_| first.take());
            match way.step(act, ready).await {
                Ok(told) => own = told,
                Err(outcome) => return way.ended(at, outcome),
            }
        }
        // It is done, whatever can be said of it.
        let result = run.result(&way.known, own.clone()).unwrap_or(own);
        let outcome = Outcome::Done { result: Value::Object(result) };
        self.keep(spec, &outcome);
        outcome
    }
}

impl Way<'_> {
    /// What was never sent under this name is known as not done, until just before it leaves.
    fn begin(&self) {
        let mut stood = self.registry.stood();
        for place in self.due.iter().filter_map(|act| act.place).filter(|_| !self.is_again) {
            stood.entry((self.name.clone(), place)).or_insert(Stand::NotDone);
        }
    }

    fn stand(&self, place: u32) -> Option<Stand> {
        self.registry.stood().get(&(self.name.clone(), place)).cloned()
    }

    /// Takes note of what became of a step. What is done stays done.
    fn stands(&self, place: u32, stand: Stand) {
        let mut stood = self.registry.stood();
        let known = stood.entry((self.name.clone(), place)).or_insert(Stand::Unknown);
        if !matches!(known, Stand::Done(_)) {
            *known = stand;
        }
    }

    /// One step: what of its answer may be told, or how it ended otherwise.
    async fn step(&mut self, act: &Act<'_>, ready: Option<Resolved>) -> Result<Map<String, Value>, Outcome> {
        let failed = |why| Outcome::Failed { why };
        let Some(place) = act.place else {
            return self.run.look(act.exchange, &mut self.known, self.until).await.map_err(Untold::outcome);
        };
        let may_have_left = match self.stand(place) {
            Some(Stand::Done(mapped)) => return Ok(self.known.take(act.exchange, mapped)),
            Some(Stand::NotDone) => false,
            Some(Stand::Unknown) | None => true,
        };
        if may_have_left && *act.key == KeyPlace::None {
            // It was sent before, and this system cannot tell a second one from the first.
            return Err(Outcome::Unknown);
        }
        let request = match ready {
            Some(request) => request,
            None => self.run.with_holes(act.exchange, self.due, &self.known).map_err(failed)?,
        };
        let outcome = self.send(act, place, &request).await;
        self.has_begun = true;
        match outcome {
            Outcome::Done { result: Value::Object(mapped) } => {
                self.stands(place, Stand::Done(mapped.clone()));
                Ok(self.known.take(act.exchange, mapped))
            }
            Outcome::Failed { why } => {
                // Refused the second time, the first may have gone through all the same.
                let stand = if may_have_left { Stand::Unknown } else { Stand::NotDone };
                self.stands(place, stand);
                Err(Outcome::Failed { why: of_step(act.exchange, why) })
            }
            Outcome::Withheld(why) => Err(Outcome::Withheld(why)),
            Outcome::Done { .. } | Outcome::Partly { .. } | Outcome::Unknown => {
                self.stands(place, Stand::Unknown);
                Err(Outcome::Unknown)
            }
        }
    }

    /// Takes the intent, sends, and says what became of it; where it was begun, the record does too.
    async fn send(&self, act: &Act<'_>, place: u32, request: &Resolved) -> Outcome {
        let Way { registry, run, log, proposal, until, .. } = self;
        let failed = |why: &str| Outcome::Failed { why: why.to_owned() };
        let key = (*act.key != KeyPlace::None).then(|| step_key(&self.name, place));
        let values = Value::Object(self.known.values.clone());
        let deed = Deed {
            live: run.live,
            request,
            exchange: act.exchange,
            values: &values,
            key: key.as_deref().map(|text| (act.key, text)),
            not_done_on: act.not_done_on,
            renderer: &run.toolbox.renderer,
        };
        // A system that is left alone is left alone before anything is begun: this has failed, and is no unknown. What is
        // begun goes on: half a deed is worse than a wait.
        let passing = match run.live.enter() {
            Ok(passing) => passing,
            Err(OutOfReach) if self.has_begun => None,
            Err(OutOfReach) => return Outcome::Withheld(Withheld::OutOfReach),
        };
        let outgoing = match deed.outgoing(*until).await {
            Ok(outgoing) => outgoing,
            Err(fault) => return failed(&fault.what),
        };
        // The whole is one run.
        let spent = if self.has_begun { Ok(()) } else { spend(run.spec, *log).await };
        if let Err(not) = spent {
            return not.outcome();
        }
        crash::pass(Point::Permitted);
        let (call, tool, action) = (run.call.id.clone(), self.tool.clone(), self.action);
        let intent = Intent { call, proposal: *proposal, step: place, tool, action, key: key.clone() };
        match log.begin(intent).await {
            Ok(()) => {}
            Err(NotBegun::Already) => {
                // Whoever wrote it may have gone on.
                let rest = self.due.iter().filter_map(|act| act.place).filter(|at| *at >= place);
                rest.for_each(|at| self.stands(at, Stand::Unknown));
                return Outcome::Unknown;
            }
            Err(NotBegun::Refused { why }) => return failed(&why),
        }
        crash::pass(Point::IntentOnDisk);
        let outcome = if *until <= Instant::now() {
            failed("the journal took too long: nothing was sent")
        } else {
            let (tool, call, values) = (self.tool.clone(), run.call.clone(), self.known.values.clone());
            let sent = Sent { tool, call, values, key: key.clone(), step: place };
            self.stands(place, Stand::Unknown);
            registry.left_as(*proposal, Some(self.name.clone()), sent, Duration::ZERO);
            registry.cache().forget(&run.live.id);
            let (outcome, health) = deed.done(outgoing, *until).await;
            registry.cache().forget(&run.live.id);
            if let Some((passing, health)) = passing.zip(health) {
                passing.ended(health);
            }
            if outcome.is_open() {
                registry.find_out(*proposal, run.live.world(), *until + PROBE_GRACE, *log).await
            } else {
                outcome
            }
        };
        if !outcome.is_open() {
            registry.is_known(*proposal, &outcome);
        }
        log.settled(*proposal, place, &outcome).await;
        outcome
    }

    /// How the whole ended, where this one of what is due did not do its part.
    fn ended(&mut self, at: usize, outcome: Outcome) -> Outcome {
        let mut before = self.run.spec.last_place();
        for act in &self.due[at..] {
            let Some(place) = act.place else { continue };
            before = place;
            // Where a step that only reads has failed, what comes after it may be done already.
            let Some(Stand::Done(mapped)) = self.stand(place) else { break };
            self.known.take(act.exchange, mapped);
        }
        let is_not_done = matches!(self.stand(before), Some(Stand::NotDone));
        let outcome = match outcome {
            // What was not sent now may have gone through when it was sent before.
            Outcome::Failed { .. } | Outcome::Withheld(_) if before > 0 && self.is_again && !is_not_done => {
                Outcome::Unknown
            }
            other @ (Outcome::Done { .. }
            | Outcome::Partly { .. }
            | Outcome::Failed { .. }
            | Outcome::Withheld(_)
            | Outcome::Unknown) => other,
        };
        let whole = self.run.whole(before, &self.known.values, outcome);
        self.registry.keep(self.run.spec, &whole);
        whole
    }
}

/// The key of a step: that of the whole for the first, and for each one after a name of its own.
pub(super) fn step_key(name: &str, place: u32) -> String {
    if place == 0 { name.to_owned() } else { format!("{name}-{place}") }
}

/// The name of the whole, by the key of a step.
#[must_use]
pub fn whole_key(key: &str, place: u32) -> &str {
    if place == 0 { key } else { key.strip_suffix(&format!("-{place}")).unwrap_or(key) }
}
