//! The table `calls`: the head of each call's journal, and where the call stands.
//!
//! Promises: the first head of an id stays; an ended call stays ended.
//! Never: decides which call is lost or taken up again.

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _, SqliteConnection, SqlitePool};

use super::fault::parsed;
use crate::core::base::{CallId, Digest, Private, World};

/// Why a call is lost whose process ended without a word: its journal may be gone on with.
pub const KILLED: &str = "its process was killed";

/// What is known of a call when it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallHead {
    pub id: CallId,
    /// The call's name in the carrier's own records.
    pub carrier_call: String,
    pub agent: String,
    pub plan_hash: Digest,
    /// Version of the journal's text form.
    pub schema_version: u32,
    /// The build that answered.
    pub build: String,
    /// Where the requests of its tools go.
    pub world: World,
    /// Who calls, as the carrier says; empty where the number is withheld.
    pub caller: Private,
    /// The number that was called.
    pub called: String,
    /// Microseconds since 1970 in UTC.
    pub answered_us: i64,
}

/// Where a call stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallState {
    /// A process carries it, or did when it was killed.
    Live,
    /// On its way to a person or to another process.
    Transferring,
    Ended {
        at_us: i64,
        reason: String,
    },
    /// What carried it is gone and nobody took it up.
    Lost {
        reason: String,
    },
}

/// A call as the table holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    pub head: CallHead,
    pub state: CallState,
    /// Processes that have carried the call, the first included.
    pub attempts: u32,
}

/// Says whether the head is new. The process that carries the call, where one does, is its first.
pub(super) async fn open(
    db: &mut SqliteConnection,
    head: &CallHead,
    process: Option<&str>,
) -> sqlx::Result<u64> {
    sqlx::query(
        "INSERT INTO calls (id, carrier_call, agent, plan_hash, schema_version, build, caller, called, \
         answered_us, effects, state, attempts, process, process_attempt) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'live', 1, $11, 1) ON CONFLICT (id) DO NOTHING",
    )
    .bind(head.id.as_str())
    .bind(&head.carrier_call)
    .bind(&head.agent)
    .bind(head.plan_hash.to_string())
    .bind(i64::from(head.schema_version))
    .bind(&head.build)
    .bind(head.caller.reveal())
    .bind(&head.called)
    .bind(head.answered_us)
    .bind(head.world.word())
    .bind(process)
    .execute(db)
    .await
    .map(|done| done.rows_affected())
}

/// Says whether there was such a call and it had not ended.
pub(super) async fn set_state(
    db: &mut SqliteConnection,
    call: &CallId,
    state: &CallState,
) -> sqlx::Result<u64> {
    let (word, ended_us, reason, taken_up) = match state {
        CallState::Live => ("live", None, None, 1_i64),
        CallState::Transferring => ("transferring", None, None, 0),
        CallState::Ended { at_us, reason } => ("ended", Some(*at_us), Some(reason), 0),
        CallState::Lost { reason } => ("lost", None, Some(reason), 0),
    };
    sqlx::query(
        "UPDATE calls SET state = $2, ended_us = $3, end_reason = $4, attempts = attempts + $5 \
         WHERE id = $1 AND state <> 'ended'",
    )
    .bind(call.as_str())
    .bind(word)
    .bind(ended_us)
    .bind(reason)
    .bind(taken_up)
    .execute(db)
    .await
    .map(|done| done.rows_affected())
}

/// Says how many calls were live, of which none is any more: what carried them is gone. Those of one process, or all.
pub(super) async fn lose(db: &mut SqliteConnection, process: Option<&str>) -> sqlx::Result<u64> {
    sqlx::query(
        "UPDATE calls SET state = 'lost', end_reason = $1 WHERE state = 'live' \
         AND ($2 IS NULL OR (process = $2 AND process_attempt = attempts))",
    )
    .bind(KILLED)
    .bind(process)
    .execute(db)
    .await
    .map(|done| done.rows_affected())
}

/// Says whether the call was still lost as its process left it, and is now this process's: of several that try, one's.
pub(super) async fn take_up(
    db: &mut SqliteConnection,
    call: &CallId,
    attempts: u32,
    process: Option<&str>,
) -> sqlx::Result<u64> {
    sqlx::query(
        "UPDATE calls SET state = 'live', end_reason = NULL, attempts = attempts + 1, \
         process = $4, process_attempt = attempts + 1 \
         WHERE id = $1 AND attempts = $2 AND state = 'lost' AND end_reason = $3",
    )
    .bind(call.as_str())
    .bind(i64::from(attempts))
    .bind(KILLED)
    .bind(process)
    .execute(db)
    .await
    .map(|done| done.rows_affected())
}

pub(super) async fn by_id(db: &SqlitePool, id: &CallId) -> sqlx::Result<Option<CallRecord>> {
    sqlx::query_as("SELECT * FROM calls WHERE id = $1").bind(id.as_str()).fetch_optional(db).await
}

/// The newest, should a carrier use one name twice.
pub(super) async fn by_carrier(db: &SqlitePool, carrier_call: &str) -> sqlx::Result<Option<CallRecord>> {
    sqlx::query_as("SELECT * FROM calls WHERE carrier_call = $1 ORDER BY answered_us DESC, id DESC LIMIT 1")
        .bind(carrier_call)
        .fetch_optional(db)
        .await
}

/// Oldest first.
pub(super) async fn ids(db: &SqlitePool) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar("SELECT id FROM calls ORDER BY answered_us, id").fetch_all(db).await
}

impl<'r> FromRow<'r, SqliteRow> for CallRecord {
    fn from_row(row: &'r SqliteRow) -> sqlx::Result<CallRecord> {
        let head = CallHead {
            id: parsed(row, "id", CallId::parse)?,
            carrier_call: row.try_get("carrier_call")?,
            agent: row.try_get("agent")?,
            plan_hash: parsed(row, "plan_hash", Digest::parse)?,
            schema_version: row.try_get("schema_version")?,
            build: row.try_get("build")?,
            world: world(row)?,
            caller: Private::new(row.try_get::<String, _>("caller")?),
            called: row.try_get("called")?,
            answered_us: row.try_get("answered_us")?,
        };
        let reason: Option<String> = row.try_get("end_reason")?;
        let ended_us: Option<i64> = row.try_get("ended_us")?;
        let state = parsed(row, "state", |word| match word {
            "live" => Some(CallState::Live),
            "transferring" => Some(CallState::Transferring),
            "ended" => ended_us.zip(reason).map(|(at_us, reason)| CallState::Ended { at_us, reason }),
            "lost" => Some(CallState::Lost { reason: reason.unwrap_or_default() }),
            _ => None,
        })?;
        Ok(CallRecord { head, state, attempts: row.try_get("attempts")? })
    }
}

/// A journal that an older build wrote and nobody opened for writing since has no such column: its calls were real.
fn world(row: &SqliteRow) -> sqlx::Result<World> {
    match parsed(row, "effects", World::parse) {
        Err(sqlx::Error::ColumnNotFound(_)) => Ok(World::Real),
        known => known,
    }
}
