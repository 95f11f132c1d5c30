//! The table `intents`: what was about to be sent, and what came of it.
//!
//! Promises: one row for each call, proposal and step, ever; done and failed stay as they are; what is done under a
//! key is unknown nowhere.
//! Never: decides whether an action is sent again.

use std::fmt;

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _, SqliteConnection, SqlitePool};

use super::calls::KILLED;
use super::fault::parsed;
use super::standing::Process;
use crate::core::base::{CallId, Digest, Private, ProposalId, ToolName, World};

/// The one place of an intent: a step with effects, of a proposal, of a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IntentKey {
    pub call: CallId,
    pub proposal: ProposalId,
    /// The step's place in its tool, from zero.
    pub step: u32,
}

impl IntentKey {
    /// Reads what `Display` writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<IntentKey> {
        let mut parts = text.split('/');
        let (call, proposal) = (CallId::parse(parts.next()?)?, ProposalId::parse(parts.next()?)?);
        let step = parts.next().map_or(Some(0), |step| step.parse().ok())?;
        parts.next().is_none().then_some(IntentKey { call, proposal, step })
    }
}

/// `CA12/t1`; of a later step `CA12/t1/2`.
impl fmt::Display for IntentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.call, self.proposal)?;
        if self.step > 0 { write!(f, "/{}", self.step) } else { Ok(()) }
    }
}

/// What is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    pub key: IntentKey,
    pub tool: ToolName,
    /// Of the resolved plan of the action, the one the caller's yes covers.
    pub digest: Digest,
    /// The key sent along, where the tool has one.
    pub idempotency_key: Option<String>,
    /// As in the call's head; empty where the number is withheld.
    pub caller: Private,
    /// Microseconds since 1970 in UTC.
    pub begun_us: i64,
    /// Who answers for it, where no caller was asked.
    pub admin: Option<Admin>,
}

/// A person who has an action done outside any call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    pub user: String,
    /// Why, in the person's own words.
    pub reason: String,
}

/// What came of an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub kind: OutcomeKind,
    /// Microseconds since 1970 in UTC.
    pub at_us: i64,
    /// Why, in a few words and without private ones.
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeKind {
    Done,
    Failed,
    /// Sent, perhaps, and without an answer. The only outcome that a later one replaces.
    Unknown,
}

/// Who gives an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settler {
    /// Whoever carries the call, or a person.
    Owner,
    /// Who asks about actions of calls that nobody carries: what they find counts for those alone.
    Bystander,
}

/// Where an intent stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntentState {
    Begun,
    Settled(Outcome),
}

/// An intent as the table holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntentRecord {
    pub intent: Intent,
    pub state: IntentState,
    /// Of its call: what was mocked is done nowhere.
    pub world: World,
    /// That carries its call; of one that is done or failed nobody looks.
    pub process: Process,
}

/// A row of the table, with the name of the process that carries its call, where that is on record.
pub(super) struct Row(pub(super) IntentRecord, pub(super) Option<String>);

/// The records of intents of which that holds. A journal that only an older build has opened to write has no such columns:
/// the names then mean the nulls beside it.
macro_rules! records {
    ($which:literal) => {
        concat!(
            "SELECT intents.*, effects, (SELECT process FROM calls AS its WHERE its.id = intents.call \
             AND process_attempt = its.attempts) AS its_process FROM intents JOIN calls ON calls.id = intents.call, \
             (SELECT NULL AS process, NULL AS process_attempt) AS unsaid ",
            $which
        )
    };
}

impl IntentRecord {
    /// Whether it is known that nothing was done.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.is_settled(OutcomeKind::Failed)
    }

    #[must_use]
    pub fn is_done(&self) -> bool {
        self.is_settled(OutcomeKind::Done)
    }

    fn is_settled(&self, kind: OutcomeKind) -> bool {
        matches!(&self.state, IntentState::Settled(outcome) if outcome.kind == kind)
    }
}

/// Says whether the intent is new; an older one of its key stays as it is.
pub(super) async fn begin(db: &mut SqliteConnection, intent: &Intent) -> sqlx::Result<u64> {
    sqlx::query(
        "INSERT INTO intents (call, proposal, step, tool, digest, idempotency_key, caller, begun_us, admin, reason, \
         state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'begun') \
         ON CONFLICT (call, proposal, step) DO NOTHING",
    )
    .bind(intent.key.call.as_str())
    .bind(i64::from(intent.key.proposal.0))
    .bind(i64::from(intent.key.step))
    .bind(&*intent.tool.0)
    .bind(intent.digest.to_string())
    .bind(&intent.idempotency_key)
    .bind(intent.caller.reveal())
    .bind(intent.begun_us)
    .bind(intent.admin.as_ref().map(|admin| &admin.user))
    .bind(intent.admin.as_ref().map(|admin| &admin.reason))
    .execute(db)
    .await
    .map(|done| done.rows_affected())
}

/// Says whether there was such an intent with an open or unknown outcome. What is done is done also where this caller
/// sent it under the same key before: the key makes the two one action.
pub(super) async fn settle(
    db: &mut SqliteConnection,
    key: &IntentKey,
    outcome: &Outcome,
    by: Settler,
) -> sqlx::Result<u64> {
    let settled = sqlx::query(
        "UPDATE intents SET state = $4, outcome_us = $5, detail = $6 \
         WHERE call = $1 AND proposal = $2 AND step = $3 AND state IN ('begun', 'unknown') \
         AND ($7 OR (SELECT state FROM calls WHERE id = $1) <> 'live')",
    )
    .bind(key.call.as_str())
    .bind(i64::from(key.proposal.0))
    .bind(i64::from(key.step))
    .bind(outcome.kind.word())
    .bind(outcome.at_us)
    .bind(&outcome.detail)
    .bind(by == Settler::Owner)
    .execute(&mut *db)
    .await?
    .rows_affected();
    if settled > 0 && outcome.kind == OutcomeKind::Done {
        settle_earlier(db, key, outcome).await?;
    }
    Ok(settled)
}

/// Of the rows that went out under the key of one that is done: those open or unknown. An empty key is none.
async fn settle_earlier(db: &mut SqliteConnection, done: &IntentKey, outcome: &Outcome) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE intents SET state = 'done', outcome_us = $4, detail = $5 \
         WHERE state IN ('begun', 'unknown') AND (caller, tool, idempotency_key) = \
         (SELECT caller, tool, NULLIF(idempotency_key, '') FROM intents \
          WHERE call = $1 AND proposal = $2 AND step = $3) \
         AND (SELECT effects FROM calls WHERE id = intents.call) = (SELECT effects FROM calls WHERE id = $1)",
    )
    .bind(done.call.as_str())
    .bind(i64::from(done.proposal.0))
    .bind(i64::from(done.step))
    .bind(outcome.at_us)
    .bind(&outcome.detail)
    .execute(db)
    .await
    .map(drop)
}

/// What was begun and not settled has no known outcome: what had begun it is gone, one process or all.
pub(super) async fn lose_begun(
    db: &mut SqliteConnection,
    at_us: i64,
    process: Option<&str>,
) -> sqlx::Result<u64> {
    sqlx::query(
        "UPDATE intents SET state = 'unknown', outcome_us = $1, detail = $2 || CASE WHEN (SELECT effects FROM calls \
         WHERE id = intents.call) = $3 THEN ', ' || $3 ELSE '' END WHERE state = 'begun' AND ($4 IS NULL OR EXISTS \
         (SELECT 1 FROM calls WHERE id = intents.call AND process = $4 AND process_attempt = attempts))",
    )
    .bind(at_us)
    .bind(KILLED)
    .bind(World::Mocked.word())
    .bind(process)
    .execute(db)
    .await
    .map(|done| done.rows_affected())
}

pub(super) async fn of_call(db: &SqlitePool, call: &CallId) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as(records!("WHERE call = $1 ORDER BY proposal, step"))
        .bind(call.as_str())
        .fetch_all(db)
        .await
}

pub(super) async fn of_carrier_call(
    db: &SqlitePool,
    carrier_call: &str,
    world: World,
) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as(records!(
        "WHERE calls.carrier_call = $1 \
         AND calls.effects = $2 ORDER BY calls.answered_us, intents.call, proposal, step"
    ))
    .bind(carrier_call)
    .bind(world.word())
    .fetch_all(db)
    .await
}

/// Oldest first.
pub(super) async fn all(db: &SqlitePool) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as(records!("ORDER BY begun_us, call, proposal, step")).fetch_all(db).await
}

/// How long before its call's end an outcome may have come and still be heard by nobody, in microseconds: it waits behind
/// what is being said, or its caller is gone before the sentence is over. Told twice is harmless, done twice is not.
const UNHEARD_US: i64 = 30 * 1_000_000;

/// Done since then, and perhaps heard by nobody: in calls that did not end as calls do, or found out just before the call's
/// end or after it, and not done again since: that has told it, or is itself the news. What failed later tells nothing, and
/// what is unknown is open by itself. Oldest first.
pub(super) async fn untold_of(
    db: &SqlitePool,
    caller: &str,
    world: World,
    since_us: i64,
) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as(records!(
        "WHERE intents.caller = $1 AND intents.state = 'done' AND intents.outcome_us >= $2 AND calls.effects = $3 \
         AND (calls.state <> 'ended' OR intents.outcome_us > calls.ended_us - $4) AND NOT EXISTS \
         (SELECT 1 FROM intents AS later JOIN calls AS its ON its.id = later.call \
         WHERE later.caller = intents.caller AND later.tool = intents.tool AND later.digest = intents.digest \
         AND later.begun_us > intents.begun_us AND later.state = 'done' AND its.effects = calls.effects) \
         ORDER BY begun_us, intents.call, proposal, step"
    ))
    .bind(caller)
    .bind(since_us)
    .bind(world.word())
    .bind(UNHEARD_US)
    .fetch_all(db)
    .await
}

/// Done since then, and not followed by a later step of the same action that is done too. Oldest first.
pub(super) async fn unfollowed_of(
    db: &SqlitePool,
    caller: &str,
    world: World,
    since_us: i64,
) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as(records!(
        "WHERE intents.caller = $1 AND intents.state = 'done' AND intents.outcome_us >= $2 AND calls.effects = $3 \
         AND NOT EXISTS (SELECT 1 FROM intents AS later JOIN calls AS its ON its.id = later.call \
         WHERE later.caller = intents.caller AND later.tool = intents.tool AND later.digest = intents.digest \
         AND later.step > intents.step AND later.begun_us >= intents.begun_us AND later.state = 'done' \
         AND its.effects = calls.effects) ORDER BY begun_us, intents.call, proposal, step"
    ))
    .bind(caller)
    .bind(since_us)
    .bind(world.word())
    .fetch_all(db)
    .await
}

/// Begun since then and open or unknown, in calls that nobody carries now. The newest first.
pub(super) async fn left_open(db: &SqlitePool, world: World, since_us: i64) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as(records!(
        "WHERE intents.state IN ('begun', 'unknown') AND begun_us >= $1 AND calls.effects = $2 \
         AND calls.state <> 'live' ORDER BY begun_us DESC, intents.call, proposal, step"
    ))
    .bind(since_us)
    .bind(world.word())
    .fetch_all(db)
    .await
}

/// When a request last left, or was about to, of that caller under that key.
pub(super) async fn last_under_key(
    db: &SqlitePool,
    caller: &str,
    tool: &ToolName,
    key: &str,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar(
        "SELECT max(begun_us) FROM intents WHERE caller = $1 AND tool = $2 AND idempotency_key = $3",
    )
    .bind(caller)
    .bind(&*tool.0)
    .bind(key)
    .fetch_one(db)
    .await
}

/// Unknown, or begun and not settled yet: to another call that is the same. Oldest first. Only of calls of that world:
/// what was mocked was never sent.
pub(super) async fn unknown_of(db: &SqlitePool, caller: &str, world: World) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as(records!(
        "WHERE intents.caller = $1 AND intents.state IN ('begun', 'unknown') AND calls.effects = $2 \
         ORDER BY begun_us, call, proposal, step"
    ))
    .bind(caller)
    .bind(world.word())
    .fetch_all(db)
    .await
}

/// Begun or unknown, of all callers, oldest first; none that was mocked.
pub(super) async fn open(db: &SqlitePool) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as(records!(
        "WHERE intents.state IN ('begun', 'unknown') AND calls.effects = 'real' \
         ORDER BY begun_us, call, proposal, step"
    ))
    .fetch_all(db)
    .await
}

impl OutcomeKind {
    fn word(self) -> &'static str {
        match self {
            OutcomeKind::Done => "done",
            OutcomeKind::Failed => "failed",
            OutcomeKind::Unknown => "unknown",
        }
    }
}

impl<'r> FromRow<'r, SqliteRow> for Row {
    fn from_row(row: &'r SqliteRow) -> sqlx::Result<Row> {
        let key = IntentKey {
            call: parsed(row, "call", CallId::parse)?,
            proposal: ProposalId(row.try_get("proposal")?),
            step: row.try_get("step")?,
        };
        let intent = Intent {
            key,
            tool: ToolName(row.try_get::<&str, _>("tool")?.into()),
            digest: parsed(row, "digest", Digest::parse)?,
            idempotency_key: row.try_get("idempotency_key")?,
            caller: Private::new(row.try_get::<String, _>("caller")?),
            begun_us: row.try_get("begun_us")?,
            admin: admin(row)?,
        };
        let kind = parsed(row, "state", |word| match word {
            "begun" => Some(None),
            "done" => Some(Some(OutcomeKind::Done)),
            "failed" => Some(Some(OutcomeKind::Failed)),
            "unknown" => Some(Some(OutcomeKind::Unknown)),
            _ => None,
        })?;
        let state = match kind {
            None => IntentState::Begun,
            Some(kind) => IntentState::Settled(Outcome {
                kind,
                at_us: row.try_get("outcome_us")?,
                detail: row.try_get("detail")?,
            }),
        };
        let world = parsed(row, "effects", World::parse)?;
        let record = IntentRecord { intent, state, world, process: Process::NotKnown };
        Ok(Row(record, row.try_get("its_process")?))
    }
}

/// A journal that an older build wrote and nobody opened for writing since has no such columns: only callers acted.
fn admin(row: &SqliteRow) -> sqlx::Result<Option<Admin>> {
    let user: Option<String> = match row.try_get("admin") {
        Err(sqlx::Error::ColumnNotFound(_)) => return Ok(None),
        known => known?,
    };
    let Some(user) = user else { return Ok(None) };
    let reason: Option<String> = row.try_get("reason")?;
    Ok(Some(Admin { user, reason: reason.unwrap_or_default() }))
}
