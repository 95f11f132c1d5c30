//! How many calls at a time.
//!
//! Promises: a place is given back when it is dropped; after `close` none is given.
//! Never: lets a call in beyond the limit, however many come at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use crate::core::base::{CallId, Fault, Owner};

/// How long a carrier may take from a refused stream to the question what comes next; a second is usual.
const ASKED_WITHIN: Duration = Duration::from_secs(30);

/// Most refused streams that are remembered, a hundred bytes each. More in [`ASKED_WITHIN`] are no callers.
const TURNED_AWAY_MAX: usize = 4_096;

/// The places of a gateway.
#[derive(Debug)]
pub struct Admission {
    places: Arc<Semaphore>,
    limit: usize,
}

/// One place, held by one call.
#[derive(Debug)]
pub struct Place(
    #[expect(dead_code, reason = "held, not read: dropping it gives the place back")] OwnedSemaphorePermit,
);

/// Why no place was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    #[error("all {0} places are taken")]
    Full(usize),
    #[error("the gateway is shutting down")]
    Closing,
}

impl NoPlace {
    /// For the log.
    #[must_use]
    pub fn fault(self) -> Fault {
        let remedy = match self {
            NoPlace::Full(_) => "give this gateway more places with --calls-max, or start another",
            NoPlace::Closing => "send calls to a gateway that stays",
        };
        Fault::new(Owner::Admin, self.to_string(), remedy)
    }
}

/// Carrier's calls whose stream found no place: their callers are owed the sentence that all is busy.
#[derive(Debug, Default)]
pub(crate) struct TurnedAway(Mutex<BTreeMap<CallId, Duration>>);

impl TurnedAway {
    pub(super) fn note(&self, call: &CallId, now: Duration) {
        let mut calls = self.lock();
        calls.retain(|_, until| *until > now);
        if calls.len() < TURNED_AWAY_MAX {
            calls.insert(call.clone(), now + ASKED_WITHIN);
        }
    }

    /// Whether that call was turned away; said once.
    pub(super) fn take(&self, call: &CallId, now: Duration) -> bool {
        self.lock().remove(call).is_some_and(|until| until > now)
    }

    /// Every change is one step, so a poisoned lock still holds a sound map.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<CallId, Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admission {
    #[must_use]
    pub fn new(limit: usize) -> Admission {
        Admission { places: Arc::new(Semaphore::new(limit)), limit }
    }

    /// A place.
    ///
    /// # Errors
    /// There is none: full, or closing.
    pub fn enter(&self) -> Result<Place, NoPlace> {
        Arc::clone(&self.places).try_acquire_owned().map(Place).map_err(|refused| match refused {
            TryAcquireError::NoPermits => NoPlace::Full(self.limit),
            TryAcquireError::Closed => NoPlace::Closing,
        })
    }

    /// Whether a call that came now would get one.
    ///
    /// # Errors
    /// It would not: full, or closing.
    pub fn room(&self) -> Result<(), NoPlace> {
        if self.places.is_closed() {
            return Err(NoPlace::Closing);
        }
        if self.places.available_permits() > 0 { Ok(()) } else { Err(NoPlace::Full(self.limit)) }
    }

    pub fn close(&self) {
        self.places.close();
    }

    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.places.is_closed()
    }

    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn who_was_turned_away_is_remembered_once_and_not_for_long() {
        let (away, call, now) =
            (TurnedAway::default(), CallId::parse("CA1").expect("a call id"), Duration::ZERO);
        assert!(!away.take(&call, now));
        away.note(&call, now);
        assert!(away.take(&call, now) && !away.take(&call, now));
        away.note(&call, now);
        assert!(!away.take(&call, now + ASKED_WITHIN));
    }

    #[test]
    fn a_place_is_given_back_and_none_is_given_beyond_the_limit_or_after_closing() {
        let admission = Admission::new(1);
        let place = admission.enter().expect("a place is free");
        assert_eq!(admission.room(), Err(NoPlace::Full(1)));
        assert_eq!(admission.enter().err(), Some(NoPlace::Full(1)));
        drop(place);
        assert_eq!(admission.room(), Ok(()));
        admission.close();
        assert_eq!(admission.room(), Err(NoPlace::Closing));
        assert_eq!(admission.enter().expect_err("it is closed").to_string(), "the gateway is shutting down");
    }
}
