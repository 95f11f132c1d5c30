//! Numbered crash points around an action with effects: where a test kills the process to see what is left.
//!
//! `CENTRALITA_CRASH_AT=3` makes a debug build abort as it passes the third, and `CENTRALITA_CRASH_AT=3/2` as it passes that
//! for the second time; `CENTRALITA_CRASH_AT='3 words'` makes it panic there, with these words made into its message.
//! tests/it/crash.rs goes through all of them.
//!
//! Promises: without the variable nothing happens; a build without debug assertions neither reads it nor holds its name.
//! Never: unwinds where it is to abort: that runs no destructor, closes no file and tells nobody, like a kill.

#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicU32, Ordering};

/// A moment in the life of an action, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Point {
    /// The permit is used up; the intent is not queued.
    Permitted = 1,
    /// The intent is written, and not committed.
    IntentQueued = 2,
    /// The intent is on disk; not a byte has left.
    IntentOnDisk = 3,
    /// The request was sent; nothing of its answer is looked at.
    Sent = 4,
    /// The answer was read; the outcome is not queued.
    Answered = 5,
    /// The outcome is written, and not committed.
    OutcomeQueued = 6,
    /// The outcome is on disk; the caller has heard nothing of it.
    OutcomeOnDisk = 7,
}

/// Passes a point: aborts the process, or panics, where it is the one that was named.
#[cfg(debug_assertions)]
pub(crate) fn pass(point: Point) {
    use std::sync::LazyLock;

    static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
        let named = std::env::var("CENTRALITA_CRASH_AT").ok()?;
        let (at, words) = named.split_once(' ').map_or((&*named, None), |(at, words)| (at, Some(words)));
        let (point, time) = at.split_once('/').unwrap_or((at, "1"));
        let left = AtomicU32::new(time.parse().ok()?);
        Some(Armed { point: point.parse().ok()?, left, words: words.map(str::to_owned) })
    });
    let Some(Armed { point: armed, left, words }) = &*ARMED else { return };
    if *armed != point as u8 || left.fetch_sub(1, Ordering::SeqCst) != 1 {
        return;
    }
    match words {
        None => std::process::abort(),
        Some(words) => panic!("on purpose: {words}"),
    }
}

/// Which point is armed.
#[cfg(debug_assertions)]
struct Armed {
    point: u8,
    /// How often it is still to be passed, the last time included.
    left: AtomicU32,
    /// To panic with.
    words: Option<String>,
}

#[cfg(not(debug_assertions))]
pub(crate) fn pass(_: Point) {}
