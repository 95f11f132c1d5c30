//! How many calls at a time.
//!
//! Promises: a place is given back when it is dropped; after `close` none is given.
//! Never: lets a call in beyond the limit, however many come at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

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
    fn a_place_is_given_back_and_none_is_given_beyond_the_limit_or_after_closing() {
        let admission = Admission::new(1);
        let place = admission.enter().unwrap();
        assert_eq!(admission.room(), Err(NoPlace::Full(1)));
        assert_eq!(admission.enter().err(), Some(NoPlace::Full(1)));
        drop(place);
        assert_eq!(admission.room(), Ok(()));
        admission.close();
        assert_eq!(admission.room(), Err(NoPlace::Closing));
        assert_eq!(admission.enter().err().unwrap().to_string(), "the gateway is shutting down");
    }
}
