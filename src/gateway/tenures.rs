//! Which conversation each carrier's call has now.
//!
//! Promises: a carrier's call has one conversation that may act; before the next begins, the last is ended.
//! Never: keeps a call that is over.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::core::base::CallId;
use crate::driver::Tenure;

/// The tenure of each carrier's call that is live, and the number of the stream it came by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tenures(Arc<Mutex<BTreeMap<CallId, (u8, Tenure)>>>);

/// A conversation that is its call's until this is dropped, or the next begins.
#[derive(Debug)]
pub(super) struct Held {
    tenures: Tenures,
    call: CallId,
    pub(super) tenure: Tenure,
}

impl Tenures {
    /// A call's next conversation; the one it had is ended.
    pub(super) fn begin(&self, call: &CallId, attempt: u8) -> Held {
        let tenure = Tenure::default();
        let last = self.lock().insert(call.clone(), (attempt, tenure.clone()));
        if let Some((_, last)) = last {
            last.end();
        }
        Held { tenures: self.clone(), call: call.clone(), tenure }
    }

    /// The carrier says that a stream is over: its conversation is ended. One of a later stream goes on.
    pub(super) fn end(&self, call: &CallId, attempt: u8) {
        if let Some((_, tenure)) = self.lock().get(call).filter(|(held, _)| *held <= attempt) {
            tenure.end();
        }
    }

    /// Every change is one step, so a poisoned lock still holds a sound map.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<CallId, (u8, Tenure)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut live = self.tenures.lock();
        if live.get(&self.call).is_some_and(|(_, tenure)| tenure.is(&self.tenure)) {
            live.remove(&self.call);
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn the_last_to_begin_holds_the_call_and_one_that_is_dropped_leaves_no_trace() {
        let (tenures, call) = (Tenures::default(), CallId::parse("CA1").unwrap());
        let first = tenures.begin(&call, 0);
        let second = tenures.begin(&call, 1);
        drop(first);
        assert!(tenures.lock()[&call].1.is(&second.tenure), "the first takes only itself away");
        drop(second);
        assert!(tenures.lock().is_empty());
    }
}
