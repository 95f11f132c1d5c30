//! The two clocks of a call: call time for deadlines, line position for everything about speech.
//!
//! Promises: whole numbers only, so times print, compare and replay exactly.
//! Never: is "now"; the driver stamps call time, the line counts positions.

use std::fmt;
use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// Samples per second on the line: the telephone's rate, in both directions.
pub const LINE_RATE_HZ: u32 = 8_000;

/// A length of call time, in whole milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Millis(pub u32);

/// Milliseconds since the call was answered, stamped by the driver. It never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallTime(pub u32);

/// A length of audio on the line, in samples at 8 kHz.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Samples(pub u32);

/// A place on the caller's track: samples at 8 kHz since answer, gaps filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position(pub u64);

/// A stretch of the caller's track, `from` included, `to` excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub from: Position,
    pub to: Position,
}

impl CallTime {
    pub const ANSWER: CallTime = CallTime(0);

    /// Reads what `Display` writes: `12.340`.
    #[must_use]
    pub fn parse(text: &str) -> Option<CallTime> {
        let (seconds, millis) = text.split_at_checked(text.len().checked_sub(".340".len())?)?;
        let millis: u32 = millis.strip_prefix('.')?.parse().ok()?;
        seconds.parse::<u32>().ok()?.checked_mul(1_000)?.checked_add(millis).map(CallTime)
    }

    /// How long after `earlier`; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: CallTime) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Millis> for CallTime {
    type Output = CallTime;
    fn add(self, later: Millis) -> CallTime {
        CallTime(self.0.saturating_add(later.0))
    }
}

impl Add for Millis {
    type Output = Millis;
    fn add(self, more: Millis) -> Millis {
        Millis(self.0.saturating_add(more.0))
    }
}

impl Millis {
    /// As samples on the line: eight a millisecond.
    #[must_use]
    pub const fn samples(self) -> Samples {
        Samples(self.0.saturating_mul(LINE_RATE_HZ / 1_000))
    }
}

impl Samples {
    /// As milliseconds, rounded down.
    #[must_use]
    pub const fn millis(self) -> Millis {
        Millis(self.0 / (LINE_RATE_HZ / 1_000))
    }
}

impl Position {
    pub const START: Position = Position(0);

    /// Reads what `Display` writes: `~98720`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Position> {
        text.strip_prefix('~')?.parse().ok().map(Position)
    }

    /// The audio between `earlier` and here; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Position) -> Samples {
        Samples(u32::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(u32::MAX))
    }
}

impl Add<Samples> for Position {
    type Output = Position;
    fn add(self, later: Samples) -> Position {
        Position(self.0.saturating_add(u64::from(later.0)))
    }
}

impl Sub<Samples> for Position {
    type Output = Position;
    fn sub(self, earlier: Samples) -> Position {
        Position(self.0.saturating_sub(u64::from(earlier.0)))
    }
}

/// Seconds with three decimals: `12.340`.
impl fmt::Display for CallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// The sample number: `~98720`. The sigil keeps positions apart from times in a journal.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "~{}", self.0)
    }
}
