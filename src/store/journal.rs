//! The table `journal`: every event and order of a call, a line each.
//!
//! Promises: a line is read back as it was given; the first line under a number stays.
//! Never: reads what a line says, or prints it.

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, QueryBuilder, Row as _, Sqlite, SqliteConnection, SqlitePool};

use crate::core::base::{CallId, CallTime, Private};

/// One line of a call's journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number in the call, as the driver counts them.
    pub seq: u32,
    pub at: CallTime,
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

impl<'r> FromRow<'r, SqliteRow> for Line {
    fn from_row(row: &'r SqliteRow) -> sqlx::Result<Line> {
        Ok(Line {
            seq: row.try_get("seq")?,
            at: CallTime(row.try_get("at_ms")?),
            text: Private::new(row.try_get::<String, _>("line")?),
        })
    }
}
