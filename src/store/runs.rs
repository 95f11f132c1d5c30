//! The table `tool_runs`: how often limited tools ran for a caller within the last day.
//!
//! Promises: two runs that are taken at once are both counted before either is granted; no row says whose number it is of.
//! Never: decides what a limit is.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use sqlx::{SqliteConnection, SqlitePool};

use crate::core::base::{Digest, Private, ToolName, World};

const HOUR_US: i64 = 3_600 * 1_000_000;
const DAY_US: i64 = 24 * HOUR_US;

/// One run of a limited tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolRun {
    pub tool: ToolName,
    /// As in the call's head. All callers without a number are one here.
    pub caller: Private,
    pub world: World,
    /// Microseconds since 1970 in UTC.
    pub at_us: i64,
    /// How many are granted in an hour and in a day; none where there is no limit.
    pub per_hour: Option<u32>,
    pub per_day: Option<u32>,
}

impl ToolRun {
    /// Who it is, for this database alone.
    fn whose(&self, key: &[u8; 32]) -> String {
        let number = format!("caller of a tool: {}", self.caller.reveal().trim());
        let tag = sign(&Key::new(HMAC_SHA256, key), number.as_bytes());
        let mut hash = [0; 32];
        hash.copy_from_slice(&tag.as_ref()[..32]);
        Digest::of_hash(&hash).to_string()
    }
}

/// A condition over `$1` to `$6`: as many runs are left as are asked for.
macro_rules! is_left {
    () => {
        "(SELECT count(*) FROM tool_runs WHERE caller = $1 AND tool = $2 AND effects = $3 AND at_us > $4 - $7) < $5 \
         AND (SELECT count(*) FROM tool_runs WHERE caller = $1 AND tool = $2 AND effects = $3 AND at_us > $4 - $8) < $6"
    };
}

/// Takes one run; says whether it was granted. What is a day old is forgotten.
pub(super) async fn spend(db: &mut SqliteConnection, key: &[u8; 32], run: &ToolRun) -> sqlx::Result<u64> {
    sqlx::query("DELETE FROM tool_runs WHERE at_us <= $1").bind(run.at_us - DAY_US).execute(&mut *db).await?;
    let take = concat!(
        "INSERT INTO tool_runs (caller, tool, effects, at_us) SELECT $1, $2, $3, $4 WHERE ",
        is_left!()
    );
    sqlx::query(take)
        .bind(run.whose(key))
        .bind(&*run.tool.0)
        .bind(run.world.word())
        .bind(run.at_us)
        .bind(most(run.per_hour))
        .bind(most(run.per_day))
        .bind(HOUR_US)
        .bind(DAY_US)
        .execute(db)
        .await
        .map(|done| done.rows_affected())
}

/// Whether one more would be granted; none is taken.
pub(super) async fn is_left(db: &SqlitePool, key: &[u8; 32], run: &ToolRun) -> sqlx::Result<bool> {
    sqlx::query_scalar(concat!("SELECT ", is_left!()))
        .bind(run.whose(key))
        .bind(&*run.tool.0)
        .bind(run.world.word())
        .bind(run.at_us)
        .bind(most(run.per_hour))
        .bind(most(run.per_day))
        .bind(HOUR_US)
        .bind(DAY_US)
        .fetch_one(db)
        .await
}

fn most(limit: Option<u32>) -> i64 {
    limit.map_or(i64::MAX, i64::from)
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;

    fn run(caller: &str, at_us: i64) -> ToolRun {
        ToolRun {
            tool: ToolName("shop.refund".into()),
            caller: Private::new(caller),
            world: World::Real,
            at_us,
            per_hour: Some(2),
            per_day: Some(3),
        }
    }

    #[tokio::test]
    async fn a_caller_has_so_many_runs_an_hour_and_a_day_and_all_without_a_number_share_theirs() {
        let store = Store::in_memory().await.expect("memory takes a database");
        let spend = |run: ToolRun| {
            let store = store.clone();
            async move { store.spend_run(run).await.expect("the disk takes it") }
        };
        let at = |hours: i64| 1_800_000_000_000_000 + hours * HOUR_US;
        for (caller, hours, granted) in [
            ("+34600111222", 0, true),
            ("+34600111222", 0, true),
            ("+34600111222", 0, false),
            ("+34600333444", 0, true),
            ("+34600111222", 1, true),
            ("+34600111222", 2, false),
            ("+34600111222", 24, true),
            ("", 0, true),
            (" ", 0, true),
            ("", 0, false),
        ] {
            let is_left = store.is_run_left(&run(caller, at(hours))).await.expect("memory reads back");
            assert_eq!(is_left, granted, "{caller} after {hours} h");
            assert_eq!(spend(run(caller, at(hours))).await, granted, "{caller} after {hours} h");
        }
        let other = ToolRun { tool: ToolName("shop.other".into()), ..run("", at(0)) };
        assert!(spend(other).await, "another tool has its own");
        assert!(
            spend(ToolRun { world: World::Mocked, ..run("", at(0)) }).await,
            "what is mocked spends nothing real"
        );
    }

    #[tokio::test]
    async fn of_two_that_take_the_last_run_at_once_one_gets_it_and_no_row_has_a_number() {
        let store = Store::in_memory().await.expect("memory takes a database");
        let last = || ToolRun { per_hour: Some(1), ..run("+34600111222", 1_800_000_000_000_000) };
        let (one, other) = tokio::join!(store.spend_run(last()), store.spend_run(last()));
        assert_eq!(
            i32::from(one.expect("the disk takes it")) + i32::from(other.expect("the disk takes it")),
            1
        );
        let rows: Vec<String> = sqlx::query_scalar("SELECT caller || tool FROM tool_runs")
            .fetch_all(&store.pools.read)
            .await
            .expect("memory reads back");
        assert!(rows.len() == 1 && !rows[0].contains("600111222"), "{rows:?}");
    }
}
