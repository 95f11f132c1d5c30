//! The table `tries`: proofs of who is calling that were tried, until they are taken back or forgotten.
//!
//! Promises: each has a number above all that were counted before it, in whichever process; what is older than
//! [`TRIES_KEPT_US`] is deleted.
//! Never: decides whether anybody may try; holds a number or a value, only digests.

use sqlx::{SqliteConnection, SqlitePool};

use crate::core::base::Digest;

/// How long a try is kept, in microseconds: a day.
pub const TRIES_KEPT_US: i64 = 24 * 60 * 60 * 1_000_000;

/// Most that are told of one call, caller or record: more than anybody allows.
const TOLD_MOST: i64 = 500;

/// What a try counts against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    pub call: Digest,
    pub caller: Digest,
    pub record: Option<Digest>,
    /// Of which tries a success clears the record.
    pub clears: Digest,
    /// Microseconds since 1970 in UTC.
    pub at_us: i64,
}

/// When those were counted that are there, in microseconds since 1970, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TriesBefore {
    pub of_call: Vec<i64>,
    pub of_caller: Vec<i64>,
    pub of_record: Vec<i64>,
}

/// Its number; it is never used again.
pub(super) async fn add(db: &mut SqliteConnection, one: &Try) -> sqlx::Result<u64> {
    forget(db, one.at_us.saturating_sub(TRIES_KEPT_US)).await?;
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO tries (call, caller, record, clears, at_us) VALUES ($1, $2, $3, $4, $5) RETURNING id",
    )
    .bind(one.call.to_string())
    .bind(one.caller.to_string())
    .bind(one.record.map(|record| record.to_string()))
    .bind(one.clears.to_string())
    .bind(one.at_us)
    .fetch_one(db)
    .await?;
    Ok(u64::try_from(id).unwrap_or_default())
}

/// It is as if it had not been.
pub(super) async fn take_back(db: &mut SqliteConnection, id: i64) -> sqlx::Result<u64> {
    let deleted = sqlx::query("DELETE FROM tries WHERE id = $1").bind(id).execute(db).await?;
    Ok(deleted.rows_affected())
}

/// The record does not count the tries any more whose failures this one clears.
pub(super) async fn clear(db: &mut SqliteConnection, id: i64) -> sqlx::Result<u64> {
    let cleared = sqlx::query(
        "UPDATE tries SET record = NULL \
         WHERE (record, clears) = (SELECT record, clears FROM tries WHERE id = $1)",
    )
    .bind(id)
    .execute(db)
    .await?;
    Ok(cleared.rows_affected())
}

/// Deletes what was counted before that time.
pub(super) async fn forget(db: &mut SqliteConnection, before_us: i64) -> sqlx::Result<u64> {
    let old = sqlx::query("DELETE FROM tries WHERE at_us < $1").bind(before_us).execute(db).await?;
    Ok(old.rows_affected())
}

/// Those before one that is on disk.
pub(super) async fn before(db: &SqlitePool, id: i64, one: &Try) -> sqlx::Result<TriesBefore> {
    let (call, caller) = (one.call.to_string(), one.caller.to_string());
    let record = one.record.map(|record| record.to_string());
    let of_record = "SELECT at_us FROM tries WHERE record = $1 AND id < $2 ORDER BY at_us DESC LIMIT $3";
    Ok(TriesBefore {
        of_call: of(
            db,
            "SELECT at_us FROM tries WHERE call = $1 AND id < $2 ORDER BY at_us DESC LIMIT $3",
            Some(call),
            id,
        )
        .await?,
        of_caller: of(
            db,
            "SELECT at_us FROM tries WHERE caller = $1 AND id < $2 ORDER BY at_us DESC LIMIT $3",
            Some(caller),
            id,
        )
        .await?,
        of_record: of(db, of_record, record, id).await?,
    })
}

async fn of(db: &SqlitePool, sql: &'static str, whose: Option<String>, id: i64) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar(sql).bind(whose).bind(id).bind(TOLD_MOST).fetch_all(db).await
}
