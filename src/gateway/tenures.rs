//! Which conversation each carrier's call has now.
//!
//! Promises: a carrier's call has one conversation that may act; before the next begins, the last is ended.
//! Never: keeps a call that is over.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::admission::Place;
use crate::core::base::CallId;
use crate::driver::Tenure;

/// The conversation of each carrier's call that is live.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tenures(Arc<Mutex<BTreeMap<CallId, Now>>>);

/// A conversation that may act.
#[derive(Debug)]
struct Now {
    /// The number of the stream it came by.
    attempt: u8,
    tenure: Tenure,
    /// Given back when its tenure ends: what it has begun goes on without a caller.
    _place: Place,
}

/// A conversation that is its call's until this is dropped, or the next begins.
#[derive(Debug)]
pub(super) struct Held {
    tenures: Tenures,
    call: CallId,
    pub(super) tenure: Tenure,
}

impl Tenures {
    /// A call's next conversation; the one it had is ended.
    pub(super) fn begin(&self, call: &CallId, attempt: u8, place: Place) -> Held {
        let tenure = Tenure::default();
        let now = Now { attempt, tenure: tenure.clone(), _place: place };
        let last = self.lock().insert(call.clone(), now);
        if let Some(last) = last {
            last.tenure.end();
        }
        Held { tenures: self.clone(), call: call.clone(), tenure }
    }

    /// The carrier says that a stream is over, or opens the next: its conversation is ended, and gives back its place.
    /// One of a later stream goes on.
    pub(super) fn end(&self, call: &CallId, attempt: u8) {
        let mut live = self.lock();
        if live.get(call).is_some_and(|now| now.attempt <= attempt)
            && let Some(last) = live.remove(call)
        {
            last.tenure.end();
        }
    }

    /// Every change is one step, so a poisoned lock still holds a sound map.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<CallId, Now>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut live = self.tenures.lock();
        if live.get(&self.call).is_some_and(|now| now.tenure.is(&self.tenure)) {
            live.remove(&self.call);
        }
    }
}

#[cfg(test)]
mod unit {
    use super::super::admission::Admission;
    use super::*;

    #[test]
    fn a_stream_that_is_over_ends_its_own_conversation_and_gives_back_its_place() {
        let (tenures, call) = (Tenures::default(), CallId::parse("CA1").expect("a call id"));
        let admission = Admission::new(1);
        let held = tenures.begin(&call, 1, admission.enter().expect("a place is free"));
        tenures.end(&call, 0);
        assert!(!held.tenure.is_over(), "the stream before is another's");
        assert!(admission.enter().is_err());
        tenures.end(&call, 1);
        assert!(held.tenure.is_over());
        assert!(admission.enter().is_ok());
    }

    #[test]
    fn the_last_to_begin_holds_the_call_and_one_that_is_dropped_leaves_no_trace() {
        let (tenures, call) = (Tenures::default(), CallId::parse("CA1").expect("a call id"));
        let admission = Admission::new(2);
        let first = tenures.begin(&call, 0, admission.enter().expect("a place is free"));
        let second = tenures.begin(&call, 1, admission.enter().expect("a place is free"));
        drop(first);
        assert!(tenures.lock()[&call].tenure.is(&second.tenure), "the first takes only itself away");
        drop(second);
        assert!(tenures.lock().is_empty());
    }
}
