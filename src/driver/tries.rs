//! The store as the dispatcher's log of tries.
//!
//! Promises: a try is on disk, seen by every process, before its request leaves.
//! Never: decides whether anybody may try.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use crate::core::base::Fault;
use crate::integrations::{TRIES_COUNT_FOR, Trial, Tried, TryEnd, TryId, TryLog};
use crate::store::{self, Store, TRIES_KEPT_US, now_us};

// What counts is kept.
const _: () = assert!(TRIES_COUNT_FOR.as_micros() <= TRIES_KEPT_US as u128);

/// Where the tries of all calls are counted.
#[derive(Debug)]
pub(super) struct StoreTries(Store);

impl StoreTries {
    pub(super) fn of(store: &Store) -> Arc<StoreTries> {
        Arc::new(StoreTries(store.clone()))
    }
}

impl TryLog for StoreTries {
    fn count<'a>(&'a self, trial: &'a Trial) -> BoxFuture<'a, Result<(TryId, Tried), Fault>> {
        let Trial { call, caller, record, clears } = *trial;
        let at_us = now_us();
        let one = store::Try { call, caller, record, clears, at_us };
        // A clock that was set back makes what lies ahead of it new.
        let ago = move |times: Vec<i64>| {
            let since =
                |then: i64| Duration::from_micros(u64::try_from(at_us.saturating_sub(then)).unwrap_or(0));
            times.into_iter().map(since).collect()
        };
        Box::pin(async move {
            let (id, before) = self.0.count_try(one).await?;
            let of_call = ago(before.of_call);
            let (of_caller, of_record) = (ago(before.of_caller), ago(before.of_record));
            Ok((TryId(id), Tried { of_call, of_caller, of_record }))
        })
    }

    fn ended(&self, id: TryId, end: TryEnd) {
        let given = match end {
            TryEnd::TakenBack => self.0.take_back_try(id.0),
            TryEnd::Held => self.0.clear_tries(id.0).and_then(|()| self.0.take_back_try(id.0)),
        };
        if given.is_err() {
            tracing::error!("a proof that held counts as failed: the queue of the call record is full");
        }
    }
}
