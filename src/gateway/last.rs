//! The carrier's last webhook of each call: after a stream it asks what comes next, also when the caller has hung up,
//! and tells the caller of an application error where nobody answers.
//!
//! Promises: a gateway that shuts down waits for the webhook of every call that was live then, and for no other.
//! Never: waits longer than [`LAST_WEBHOOKS`].

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::Gateway;
use crate::core::base::CallId;

/// How long the last webhooks may take after the last call's end: a carrier asks within a round trip, and whoever
/// shuts down waits.
const LAST_WEBHOOKS: Duration = Duration::from_secs(2);

/// Calls that the carrier will ask about: the live ones, and in a shutdown those that were.
#[derive(Debug, Default)]
pub(crate) struct Unasked(watch::Sender<BTreeSet<CallId>>);

impl Unasked {
    fn begin(&self, call: CallId) {
        self.0.send_modify(|calls| {
            calls.insert(call);
        });
    }

    /// The carrier has asked, or is not waited for.
    pub(super) fn strike(&self, call: &CallId) {
        self.0.send_modify(|calls| {
            calls.remove(call);
        });
    }

    /// Returns when all were asked about, or [`LAST_WEBHOOKS`] later.
    pub(super) async fn all_asked(&self) {
        let mut calls = self.0.subscribe();
        if timeout(LAST_WEBHOOKS, calls.wait_for(BTreeSet::is_empty)).await.is_err() {
            let left = self.0.borrow().len();
            tracing::warn!(
                calls = left,
                "the carrier did not ask what comes after its last streams; not waited for"
            );
        }
    }
}

/// A call that is live until this is dropped. In a shutdown its webhook is waited for beyond that.
pub(super) struct Awaited {
    gateway: Gateway,
    call: CallId,
}

impl Awaited {
    pub(super) fn begin(gateway: Gateway, call: CallId) -> Awaited {
        gateway.0.unasked.begin(call.clone());
        Awaited { gateway, call }
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        if !self.gateway.0.admission.is_closed() {
            self.gateway.0.unasked.strike(&self.call);
        }
    }
}

#[cfg(test)]
mod unit {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_wait_ends_with_the_last_webhook_or_at_its_limit_and_is_none_where_no_call_was_live() {
        let (one, two) = (CallId::parse("CA1").expect("a call id"), CallId::parse("CA2").expect("a call id"));
        let (unasked, began) = (Unasked::default(), Instant::now());
        unasked.all_asked().await;
        unasked.begin(one.clone());
        unasked.begin(two.clone());
        unasked.strike(&one);
        tokio::join!(unasked.all_asked(), async { unasked.strike(&two) });
        assert_eq!(began.elapsed(), Duration::ZERO);
        unasked.begin(one);
        unasked.all_asked().await;
        assert!(began.elapsed() >= LAST_WEBHOOKS);
    }
}
