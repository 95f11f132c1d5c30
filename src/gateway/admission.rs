//! How many calls at a time.
//!
//! Promises: a place is given back when it is dropped; after `close` none is given.
//! Never: lets a call in beyond the limit, however many come at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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

impl Admission {
    #[must_use]
    pub fn new(limit: usize) -> Admission {
        Admission { places: Arc::new(Semaphore::new(limit)), limit }
    }

    /// A place, or none: full, or closing.
    #[must_use]
    pub fn enter(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok().map(Place)
    }

    /// Whether a call that came now would get one.
    #[must_use]
    pub fn has_room(&self) -> bool {
        !self.places.is_closed() && self.places.available_permits() > 0
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
    fn a_place_is_given_back_and_none_is_given_beyond_the_limit_or_after_closing() {
        let admission = Admission::new(1);
        let place = admission.enter();
        assert!(place.is_some());
        assert!(!admission.has_room());
        assert!(admission.enter().is_none());
        drop(place);
        assert!(admission.has_room());
        admission.close();
        assert!(admission.enter().is_none());
    }
}
