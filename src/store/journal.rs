//! The table `journal`: every event and order of a call, a line each.
//!
//! Promises: a line is read back as it was given; the first line under a number stays.
//! Never: reads what a line says, or prints it.

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, QueryBuilder, Row as _, Sqlite, SqliteConnection, SqlitePool};

use super::fault::parsed;
use crate::core::base::{CallId, CallTime, Digest, Private, World};

/// One line of a call's journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number in the call, as the driver counts them.
    pub seq: u32,
    pub at: CallTime,
    /// The event or order as text. It may hold what the caller said.
    pub text: Private,
}

/// A line about a tool, and what is to be known of its call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolLine {
    pub call: CallId,
    pub agent: String,
    pub plan_hash: Digest,
    pub world: World,
    /// Microseconds since 1970 in UTC.
    pub at_us: i64,
    /// The event or order as text. It may hold what the caller said.
    pub text: Private,
}

/// Lines in one statement: a commit of a busy gateway holds thousands, and each statement costs a round trip
/// to SQLite's thread. 64 lines are 256 bound values, far below SQLite's limit of 32766.
pub(super) const LINES_PER_INSERT: usize = 64;

/// Writes up to [`LINES_PER_INSERT`] lines, or none of them when one breaks a constraint.
pub(super) async fn add(db: &mut SqliteConnection, lines: &[(&CallId, &Line)]) -> sqlx::Result<u64> {
    let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO journal (call, seq, at_ms, line) ");
    insert.push_values(lines, |mut row, (call, line)| {
        row.push_bind(call.as_str())
            .push_bind(i64::from(line.seq))
            .push_bind(i64::from(line.at.0))
            .push_bind(line.text.reveal());
    });
    // Only the two common sizes are kept prepared; the others would push every statement out of the cache.
    let common = lines.len() == LINES_PER_INSERT || lines.len() == 1;
    insert.build().persistent(common).execute(db).await.map(|done| done.rows_affected())
}

pub(super) async fn of_call(db: &SqlitePool, call: &CallId) -> sqlx::Result<Vec<Line>> {
    sqlx::query_as("SELECT seq, at_ms, line FROM journal WHERE call = $1 ORDER BY seq")
        .bind(call.as_str())
        .fetch_all(db)
        .await
}

/// What tools were asked for and what came of it, in calls answered since then, call by call.
pub(super) async fn of_tools(db: &SqlitePool, since_us: i64) -> sqlx::Result<Vec<ToolLine>> {
    sqlx::query_as(
        "SELECT call, agent, plan_hash, effects, answered_us + at_ms * 1000 AS at_us, line FROM journal \
         JOIN calls ON calls.id = journal.call WHERE answered_us >= $1 AND (line GLOB '> prepare *' OR \
         line GLOB '> run *' OR line GLOB '< prepared *' OR line GLOB '< unprepared *' OR line GLOB '< unproven *' OR \
         line GLOB '< settled *') ORDER BY answered_us, call, seq",
    )
    .bind(since_us)
    .fetch_all(db)
    .await
}

impl<'r> FromRow<'r, SqliteRow> for ToolLine {
    fn from_row(row: &'r SqliteRow) -> sqlx::Result<ToolLine> {
        Ok(ToolLine {
            call: parsed(row, "call", CallId::parse)?,
            agent: row.try_get("agent")?,
            plan_hash: parsed(row, "plan_hash", Digest::parse)?,
            world: parsed(row, "effects", World::parse)?,
            at_us: row.try_get("at_us")?,
            text: Private::new(row.try_get::<String, _>("line")?),
        })
    }
}

impl<'r> FromRow<'r, SqliteRow> for Line {
    fn from_row(row: &'r SqliteRow) -> sqlx::Result<Line> {
        Ok(Line {
            seq: row.try_get("seq")?,
            at: CallTime(row.try_get("at_ms")?),
            text: Private::new(row.try_get::<String, _>("line")?),
        })
    }
}
