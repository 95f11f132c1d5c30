//! The only clock of a call: call time, from a process-wide grid.
//!
//! Promises: call time starts on a 5 ms tick that all calls share, so their wakes fall together.
//! Never: is read anywhere else.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::Instant;

use crate::core::base::CallTime;

/// The grid all calls wake on.
const GRID: Duration = Duration::from_millis(5);

/// When the process first asked.
static EPOCH: OnceLock<Instant> = OnceLock::new();

/// The clock of one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    answered: Instant,
}

impl Clock {
    /// Starts at zero, on the last tick of the grid.
    #[must_use]
    pub(super) fn start() -> Clock {
        let now = Instant::now();
        let epoch = *EPOCH.get_or_init(|| now);
        let since = now.saturating_duration_since(epoch);
        let off = since.as_nanos() % GRID.as_nanos();
        Clock { answered: now - Duration::from_nanos(u64::try_from(off).unwrap_or(0)) }
    }

    /// Now, in whole milliseconds since answer.
    #[must_use]
    pub(super) fn now(&self) -> CallTime {
        CallTime(u32::try_from(self.answered.elapsed().as_millis()).unwrap_or(u32::MAX))
    }

    /// The moment of a call time.
    #[must_use]
    pub(super) fn instant(&self, at: CallTime) -> Instant {
        self.answered + Duration::from_millis(u64::from(at.0))
    }
}
