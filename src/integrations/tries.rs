//! One request on its way, and the same request again where that does no harm.
//!
//! What only reads goes again where the line broke, or where the system says that it is away for a moment. An action goes
//! again where nothing of it left; after that only under its key, by which a second sending is no second deed. A call of an MCP
//! server's tool that has left is never said again, whatever it does. All of it happens within the tool's
//! own time, after pauses that grow, or that the system asks for.
//!
//! Promises: no request is sent to a system that is left alone; an action without a key never leaves twice; once a sending
//! may have been done, a later refusal under the same key is no proof that it was not; how often one went again is counted
//! and logged.
//! Never: decides whether to act.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use centralita_core::base::{Fault, Owner};
use centralita_core::conversation::{Outcome, Withheld};
use centralita_core::template::Renderer;
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::breaker::{Health, OutOfReach};
use super::far::{Far, Live, Outgoing};
use super::probe::Pauses;
use super::request::Resolved;
use super::spec::{Exchange, KeyPlace};
use super::steps::of_step;
use super::verdict::settled;
use crate::crash::{self, Point};
use crate::egress::{Answer, Purpose, Unanswered};

/// How often one request leaves at most: what has not worked by then is no matter of moments.
const TRIES_MAX: u32 = 5;
/// The same of a call of an MCP server's tool: whoever keeps its session begins it anew, and that takes longer.
const SESSION_TRIES_MAX: u32 = 2;
/// Pauses between tries, each twice as long as the one before.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_LONGEST: Duration = Duration::from_secs(2);

/// How often requests went again.
const RETRIES: &str = "centralita_integration_retries_total";

/// Why a request that only reads has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Untold {
    /// In words for the model.
    Why(String),
    /// What the caller said is not what the system holds.
    Unproven(String),
    /// The system has answered: it has no such thing, or nothing that was looked for.
    Absent(String),
    /// Its system is left alone: nothing was sent.
    OutOfReach,
}

impl Untold {
    /// For the model, and for a record.
    pub(super) fn why(self) -> String {
        match self {
            Untold::Why(why) | Untold::Unproven(why) | Untold::Absent(why) => why,
            Untold::OutOfReach => OUT_OF_REACH.to_owned(),
        }
    }

    /// The same of a step, which says its name.
    pub(super) fn of_step(self, exchange: &Exchange) -> Untold {
        match self {
            Untold::Why(why) => Untold::Why(of_step(exchange, why)),
            Untold::Unproven(why) => Untold::Unproven(why),
            Untold::Absent(why) => Untold::Absent(of_step(exchange, why)),
            Untold::OutOfReach => Untold::OutOfReach,
        }
    }

    /// Of a request that is to prove something: that there is no such record is the same as another one's.
    pub(super) fn into_unproven(self, words: &str) -> Untold {
        match self {
            Untold::Unproven(_) | Untold::Absent(_) => Untold::Unproven(words.to_owned()),
            Untold::Why(_) | Untold::OutOfReach => self,
        }
    }

    /// Of a tool without effects.
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Untold::Why(why) | Untold::Unproven(why) | Untold::Absent(why) => Outcome::Failed { why },
            Untold::OutOfReach => Outcome::Withheld(Withheld::OutOfReach),
        }
    }
}

const OUT_OF_REACH: &str = "its system failed again and again just now, and is left alone for a while";

impl From<String> for Untold {
    fn from(why: String) -> Untold {
        Untold::Why(why)
    }
}

impl From<OutOfReach> for Untold {
    fn from(_: OutOfReach) -> Untold {
        Untold::OutOfReach
    }
}

/// Asks what changes nothing, until then at most.
pub(super) async fn ask(
    live: &Live,
    request: &Resolved,
    exchange: &Exchange,
    renderer: &Renderer,
    until: Instant,
) -> Result<Answer, Untold> {
    let passing = live.enter()?;
    let mut tries = Tries::new(live, until);
    let answer = loop {
        let answer = match live.outgoing(request, None, until).await {
            Ok(outgoing) => live.send(outgoing, (exchange, renderer), Purpose::Read, until).await,
            Err(fault) => Err(Unanswered::NotSent(fault)),
        };
        if !tries.again(&answer, Repeats::Freely).await {
            break answer;
        }
    };
    if let Some((passing, health)) = passing.zip(health(&answer, &exchange.errors)) {
        passing.ended(health);
    }
    answer.map_err(|unanswered| match unanswered {
        Unanswered::Refused(fault) => Untold::Absent(fault.what),
        Unanswered::NotSent(fault) | Unanswered::Sent(fault) | Unanswered::WentWrong(fault) => {
            Untold::Why(fault.what)
        }
    })
}

/// An action with leave to be sent.
pub(super) struct Deed<'a> {
    pub(super) live: &'a Live,
    pub(super) request: &'a Resolved,
    pub(super) exchange: &'a Exchange,
    /// What was put into it.
    pub(super) values: &'a Value,
    /// Where the key goes, and the key.
    pub(super) key: Option<(&'a KeyPlace, &'a str)>,
    pub(super) not_done_on: &'a BTreeSet<u16>,
    pub(super) renderer: &'a Renderer,
}

impl Deed<'_> {
    /// As it will go out, for the first time.
    pub(super) async fn outgoing(&self, until: Instant) -> Result<Outgoing, Fault> {
        self.live.outgoing(self.request, self.key, until).await
    }

    /// Sends it, its intent being on disk, until then at most; and how the system did.
    pub(super) async fn done(&self, first: Outgoing, until: Instant) -> (Outcome, Option<Health>) {
        let repeats = if self.key.is_some() { Repeats::Freely } else { Repeats::Unsent };
        let place = self.key.map_or(&KeyPlace::None, |(place, _)| place);
        let mut tries = Tries::new(self.live, until);
        let (mut outgoing, mut may_be_done) = (first, false);
        loop {
            let answer = self.live.send(outgoing, (self.exchange, self.renderer), Purpose::Act, until).await;
            crash::pass(Point::Answered);
            let health = health(&answer, &self.exchange.errors);
            let again = tries.wants_again(&answer, repeats);
            let (exchange, values) = (self.exchange, self.values);
            let outcome = match settled(exchange, values, place, self.not_done_on, answer, self.renderer) {
                Outcome::Failed { .. } if may_be_done => Outcome::Unknown,
                outcome @ (Outcome::Done { .. }
                | Outcome::Partly { .. }
                | Outcome::Failed { .. }
                | Outcome::Withheld(_)
                | Outcome::Unknown) => outcome,
            };
            may_be_done |= outcome == Outcome::Unknown;
            let is_done = matches!(outcome, Outcome::Done { .. });
            if is_done || !tries.waits(again).await {
                return (outcome, health);
            }
            outgoing = match self.outgoing(until).await {
                Ok(outgoing) => outgoing,
                Err(_) => return (outcome, health),
            };
        }
    }
}

/// What may be sent once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeats {
    Freely,
    /// Only where nothing left.
    Unsent,
}

/// The tries of one request.
struct Tries<'a> {
    live: &'a Live,
    made: u32,
    pauses: Pauses,
    until: Instant,
}

impl<'a> Tries<'a> {
    fn new(live: &'a Live, until: Instant) -> Tries<'a> {
        Tries { live, made: 0, pauses: Pauses::new(PAUSE_FIRST, PAUSE_LONGEST), until }
    }

    async fn again(&mut self, answer: &Result<Answer, Unanswered>, repeats: Repeats) -> bool {
        let again = self.wants_again(answer, repeats);
        self.waits(again).await
    }

    /// After which pause it goes again at the earliest, if it does.
    fn wants_again(&self, answer: &Result<Answer, Unanswered>, repeats: Repeats) -> Option<Duration> {
        let repeats = match self.live.far {
            Far::System { .. } => repeats,
            Far::Mcp(_) => Repeats::Unsent,
            Far::Samples => return None,
        };
        let is_ours = |fault: &Fault| fault.owner != Owner::Provider;
        match (answer, repeats) {
            (Err(Unanswered::NotSent(fault)), _) if is_ours(fault) => None,
            (Err(Unanswered::NotSent(_)), _) | (Err(Unanswered::Sent(_)), Repeats::Freely) => {
                Some(Duration::ZERO)
            }
            (Ok(answer), Repeats::Freely) if is_passing(answer.status) => {
                Some(answer.retry_after.unwrap_or_default())
            }
            (Ok(_) | Err(Unanswered::Sent(_) | Unanswered::Refused(_) | Unanswered::WentWrong(_)), _) => None,
        }
    }

    /// Waits until it may go again; false where it does not, as the tool's time would be over.
    async fn waits(&mut self, again: Option<Duration>) -> bool {
        self.made += 1;
        let most = match self.live.far {
            Far::System { .. } => TRIES_MAX,
            Far::Mcp(_) | Far::Samples => SESSION_TRIES_MAX,
        };
        let Some(asked_for) = again.filter(|_| self.made < most) else { return false };
        let at = Instant::now() + spread(self.pauses.pause()).max(asked_for);
        if at >= self.until {
            return false;
        }
        tokio::time::sleep_until(at).await;
        metrics::counter!(RETRIES, "integration" => self.live.id.clone()).increment(1);
        true
    }
}

impl Drop for Tries<'_> {
    fn drop(&mut self) {
        if self.made > 1 {
            tracing::info!(integration = %self.live.id, tries = self.made, "a request went more than once");
        }
    }
}

/// Statuses by which a system says that the same request may go better in a moment.
fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 502..=504)
}

/// Half of a pause to all of it: those whom one failure hit do not come back together.
fn spread(pause: Duration) -> Duration {
    let [lot, ..] = Uuid::new_v4().into_bytes();
    pause.mul_f64(0.5 + f64::from(lot) / 512.0)
}

/// How the system did; nothing, where it is not to blame.
fn health(answer: &Result<Answer, Unanswered>, errors: &BTreeMap<u16, String>) -> Option<Health> {
    match answer {
        Ok(answer) if answer.status >= 500 && !errors.contains_key(&answer.status) => Some(Health::Ill),
        Ok(_) | Err(Unanswered::Refused(_) | Unanswered::WentWrong(_)) => Some(Health::Well),
        Err(Unanswered::NotSent(fault) | Unanswered::Sent(fault)) => {
            (fault.owner == Owner::Provider).then_some(Health::Ill)
        }
    }
}

/// Names the figure of one integration and begins it at zero.
pub(super) fn begin_figures(integration: &str) {
    metrics::describe_counter!(RETRIES, "How often requests to an integration's system went again");
    metrics::counter!(RETRIES, "integration" => integration.to_owned()).absolute(0);
}
