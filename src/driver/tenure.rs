//! The leave of a conversation to act: taken from it when its carrier's call gets another.
//!
//! Promises: what was given to the record while the tenure was held was given before [`Tenure::end`] returned; after
//! it nothing is.
//! Never: waits for the conversation it ends.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

/// One conversation's, shared by clones.
#[derive(Clone, Debug, Default)]
pub struct Tenure {
    over: CancellationToken,
    /// Held while something begins, so that nothing does behind an end.
    beginning: Arc<Mutex<()>>,
}

impl Tenure {
    /// Ends it: nothing begins any more, and the conversation goes on as if its caller were gone.
    pub fn end(&self) {
        let _none_begins = self.beginning.lock().unwrap_or_else(PoisonError::into_inner);
        self.over.cancel();
    }

    /// Whether two are one conversation's.
    #[must_use]
    pub fn is(&self, other: &Tenure) -> bool {
        Arc::ptr_eq(&self.beginning, &other.beginning)
    }

    /// Whether nothing may begin any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    pub(super) async fn ended(&self) {
        self.over.cancelled().await;
    }

    /// Begins something, unless the tenure is over; whole before an end or not at all.
    pub(super) fn while_held<T>(&self, begin: impl FnOnce() -> T) -> Option<T> {
        let _no_end = self.beginning.lock().unwrap_or_else(PoisonError::into_inner);
        (!self.is_over()).then(begin)
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn nothing_begins_after_the_end() {
        let tenure = Tenure::default();
        assert_eq!(tenure.while_held(|| 1), Some(1));
        tenure.clone().end();
        assert_eq!(tenure.while_held(|| 1), None);
        assert!(tenure.is(&tenure.clone()) && !tenure.is(&Tenure::default()));
    }
}
