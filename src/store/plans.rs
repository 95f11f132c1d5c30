//! The table `plans`: each plan's text once, under its content hash.
//!
//! Promises: the first text under a hash stays.
//! Never: reads what a plan says.

use sqlx::{SqliteConnection, SqlitePool};

use crate::core::base::Digest;

pub(super) async fn keep(db: &mut SqliteConnection, hash: Digest, text: &str) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO plans (hash, text) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING")
        .bind(hash.to_string())
        .bind(text)
        .execute(db)
        .await
        .map(drop)
}

pub(super) async fn text(db: &SqlitePool, hash: Digest) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT text FROM plans WHERE hash = $1")
        .bind(hash.to_string())
        .fetch_optional(db)
        .await
}
