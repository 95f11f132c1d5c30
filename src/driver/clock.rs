//! The only clock of a call: call time, from a process-wide grid.
//!
//! Promises: call time starts with the call's line, on a 5 ms tick that all calls share, so their wakes fall together; a call
//! that is gone on with has no earlier time than its record.
//! Never: is read anywhere else.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::Instant;

use crate::core::base::{CallTime, Millis};
use crate::store::now_us;

/// The grid all calls wake on.
const GRID: Duration = Duration::from_millis(5);

/// When the process first asked.
static EPOCH: OnceLock<Instant> = OnceLock::new();

/// The clock of one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    begun: Instant,
    /// The call's time when this clock began.
    at: CallTime,
}

impl Clock {
    /// Starts at zero, on the last tick of the grid: to be called when the call's line begins.
    #[must_use]
    pub(super) fn start() -> Clock {
        let now = Instant::now();
        let epoch = *EPOCH.get_or_init(|| now);
        let since = now.saturating_duration_since(epoch);
        let off = since.as_nanos() % GRID.as_nanos();
        let begun = now - Duration::from_nanos(u64::try_from(off).unwrap_or(0));
        Clock { begun, at: CallTime::ANSWER }
    }

    /// The clock of a line that began with this one, in a call that was answered at `answered_us` and whose record ends at
    /// `since`: by calendar time, which is all that two processes share. Where that has gone back, call time stands.
    #[must_use]
    pub(super) fn go_on(self, answered_us: i64, since: CallTime) -> Clock {
        let waited = i64::try_from(self.begun.elapsed().as_micros()).unwrap_or(i64::MAX);
        let gone = now_us().saturating_sub(answered_us).saturating_sub(waited) / 1_000;
        let at = CallTime(u32::try_from(gone.max(0)).unwrap_or(u32::MAX)).max(since);
        Clock { at, ..self }
    }

    /// When the line began: its track begins there, whoever is late to listen.
    #[must_use]
    pub(super) fn line(&self) -> CallTime {
        self.at
    }

    /// Now, in whole milliseconds since answer.
    #[must_use]
    pub(super) fn now(&self) -> CallTime {
        self.at + Millis(u32::try_from(self.begun.elapsed().as_millis()).unwrap_or(u32::MAX))
    }

    /// The moment of a call time.
    #[must_use]
    pub(super) fn instant(&self, at: CallTime) -> Instant {
        self.begun + Duration::from_millis(u64::from(at.since(self.at).0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_call_goes_on_by_the_calendar_and_never_before_the_end_of_its_record() {
        let hour = 3_600 * 1_000_000;
        let on = Clock::start().go_on(now_us() - hour, CallTime(5_000)).now();
        // Whole milliseconds, twice rounded down.
        assert!((3_599_998..3_660_000).contains(&on.0), "{on}");
        // The calendar was set back meanwhile; the tick that the line began on lies up to 5 ms back.
        let clock = Clock::start().go_on(now_us() + hour, CallTime(5_000));
        assert!((5_000..5_005).contains(&clock.now().0), "{}", clock.now());
        assert_eq!(
            clock.instant(CallTime(5_020)),
            clock.instant(CallTime(5_000)) + Duration::from_millis(20)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_late_to_listen_finds_the_line_begun_before_now() {
        let clock = Clock::start();
        tokio::time::advance(Duration::from_secs(1)).await;
        let gone_on = clock.go_on(now_us() + 3_600_000_000, CallTime(5_000));
        let late = [clock, gone_on].map(|clock| clock.now().since(clock.line()).0);
        assert!(late.iter().all(|late| (1_000..1_005).contains(late)), "{late:?}");
        assert_eq!((clock.line(), gone_on.line()), (CallTime::ANSWER, CallTime(5_000)));
    }
}
