//! Calendar time, the one clock of the store.
//!
//! Promises: microseconds since 1970 in UTC, as every `_us` column holds them.
//! Never: measures a duration; calendar time may jump.

/// Now, in microseconds since 1970-01-01T00:00:00Z; zero on a machine whose clock stands before that.
#[must_use]
pub fn now_us() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "calendar time is stamped here and nowhere else")]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
