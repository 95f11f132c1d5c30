//! What the table of tries holds, and for how long.
//!
//! Promises: two processes on one database see each other's tries.
//! Never: waits.

use super::super::{TRIES_KEPT_US, TriesBefore, Try};
use super::*;
use crate::core::base::Digest;

fn digest(of: &str) -> Digest {
    Digest::of_bytes(of.as_bytes())
}

fn one(call: &str, caller: &str, record: &str, at_us: i64) -> Try {
    let record = Some(digest(record));
    Try { call: digest(call), caller: digest(caller), record, clears: digest(caller), at_us }
}

#[tokio::test]
async fn two_processes_count_together_and_each_sees_what_was_counted_before_its_own() {
    let now = now_us();
    let dir = Dir::new();
    let (ours, theirs) = (Store::open(&dir.file()).await.unwrap(), Store::open(&dir.file()).await.unwrap());
    let (first, before) = ours.count_try(one("c1", "ana", "1182", now)).await.unwrap();
    assert_eq!(before, TriesBefore::default());
    let (second, before) = theirs.count_try(one("c2", "bea", "1182", now + 1)).await.unwrap();
    assert!(second > first);
    assert_eq!(before, TriesBefore { of_record: vec![now], ..TriesBefore::default() });
    let (_, before) = ours.count_try(one("c1", "ana", "77", now + 2)).await.unwrap();
    let want = TriesBefore { of_call: vec![now], of_caller: vec![now], of_record: vec![] };
    assert_eq!(before, want);
}

#[tokio::test]
async fn what_is_taken_back_is_gone_and_what_is_cleared_counts_for_its_caller_and_not_for_the_record() {
    let now = now_us();
    let store = Store::in_memory().await.unwrap();
    for caller in ["ana", "bea"] {
        store.count_try(one("c1", caller, "1182", now)).await.unwrap();
    }
    let (id, _) = store.count_try(one("c1", "ana", "1182", now + 1)).await.unwrap();
    store.clear_tries(id).unwrap();
    store.take_back_try(id).unwrap();
    let (_, before) = store.count_try(one("c2", "ana", "1182", now + 2)).await.unwrap();
    let want = TriesBefore { of_call: vec![], of_caller: vec![now], of_record: vec![now] };
    assert_eq!(before, want, "the other caller's failure counts against the record still");
}

#[tokio::test]
async fn a_day_later_a_try_is_forgotten() {
    let now = now_us();
    let store = Store::in_memory().await.unwrap();
    store.count_try(one("c1", "ana", "1182", now)).await.unwrap();
    store.count_try(one("c1", "ana", "1182", now + TRIES_KEPT_US + 1)).await.unwrap();
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM tries").fetch_one(&store.pools.read).await.unwrap();
    assert_eq!(left, 1);
}
