//! `sim`: what a simulated call costs, promises watching, over the conversation alone and with frames.
//!
//! Promises: processor time of one thread, so that what else runs on the machine counts little; every figure says how
//! long its calls are and how much happens in them.
//! Never: counts a call that broke a promise as a fast one: it ends early, and is told.

use std::fmt;
use std::time::Duration;

use super::distribution::time;
use super::machine::used_by;
use crate::core::base::{Fault, Owner};
use crate::core::sim::{Calls, Cast};

/// A short conversation, at the most: a million a minute and core.
const SHORT_TARGET: Duration = Duration::from_micros(60);
/// A short call with frames: fifty thousand a minute on two cores.
const FRAMES_TARGET: Duration = Duration::from_micros(2_400);

/// One kind of call.
#[derive(Clone, Debug)]
pub struct OfKind {
    pub calls: Calls,
    pub length: Length,
    pub count: u64,
    pub took: Duration,
    /// Facts told in all calls together, and how long they lasted.
    pub facts: u64,
    pub lasted: Duration,
    pub broken: u64,
}

/// Which calls of the draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// One wish, and the caller hangs up 4 to 15 seconds after the answer.
    Short,
    /// As they are drawn.
    Drawn,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Report(pub Vec<OfKind>);

/// Plays so many short conversations; of the dearer kinds fewer, in proportion to their cost.
///
/// # Errors
/// Where the system does not tell processor time.
pub fn measure(count: u64) -> Result<Report, Fault> {
    let kinds = [
        (Calls::Conversations, Length::Short, count),
        (Calls::Conversations, Length::Drawn, count / 4),
        (Calls::WithFrames, Length::Short, count / 40),
        (Calls::WithFrames, Length::Drawn, count / 200),
    ];
    let one = |(calls, length, count): (Calls, Length, u64)| of_kind(calls, length, count.max(1));
    kinds.into_iter().map(one).collect::<Result<_, _>>().map(Report)
}

fn of_kind(calls: Calls, length: Length, count: u64) -> Result<OfKind, Fault> {
    let (mut facts, mut lasted, mut broken) = (0, Duration::ZERO, 0);
    let before = used()?;
    for seed in 0..count {
        let cast = match length {
            Length::Short => Cast::new(seed).short(),
            Length::Drawn => Cast::new(seed),
        };
        let played = match calls {
            Calls::Conversations => cast.play(),
            Calls::WithFrames => cast.play_whole(),
        };
        facts += played.facts.len() as u64;
        lasted += Duration::from_millis(played.facts.last().map_or(0, |fact| u64::from(fact.at.0)));
        broken += u64::from(played.breach.is_some());
    }
    let took = used()?.saturating_sub(before);
    Ok(OfKind { calls, length, count, took, facts, lasted, broken })
}

/// Processor time of this process so far. Nothing else runs in it meanwhile.
pub(super) fn used() -> Result<Duration, Fault> {
    used_by(std::process::id()).ok_or_else(|| {
        Fault::new(Owner::Admin, "the system does not tell processor time", "measure on Linux, with /proc")
    })
}

impl OfKind {
    fn each(&self) -> Duration {
        self.took / u32::try_from(self.count).unwrap_or(u32::MAX).max(1)
    }

    fn target(&self) -> Option<Duration> {
        match (self.calls, self.length) {
            (Calls::Conversations, Length::Short) => Some(SHORT_TARGET),
            (Calls::WithFrames, Length::Short) => Some(FRAMES_TARGET),
            (Calls::Conversations | Calls::WithFrames, Length::Drawn) => None,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sim: calls that never were, all faults and promises on; processor time of one thread")?;
        for kind in &self.0 {
            let what = match (kind.calls, kind.length) {
                (Calls::Conversations, Length::Short) => "short conversations",
                (Calls::Conversations, Length::Drawn) => "drawn conversations",
                (Calls::WithFrames, Length::Short) => "short calls with frames",
                (Calls::WithFrames, Length::Drawn) => "drawn calls with frames",
            };
            let each = kind.each();
            let minute = 60.0 / each.as_secs_f64().max(f64::MIN_POSITIVE);
            write!(f, "\n  {what:<24} {:>9} a call, {minute:.0} a minute and core", time(each))?;
            if let Some(target) = kind.target() {
                write!(f, "; target {}: {}", time(target), if each <= target { "met" } else { "NOT met" })?;
            }
            let (count, calls) = (kind.count, kind.count.max(1) as f64);
            let (facts, seconds) = (kind.facts as f64 / calls, kind.lasted.as_secs_f64() / calls);
            write!(
                f,
                "\n    n = {count}, mean {facts:.1} facts in {seconds:.1} s; {} broke a promise",
                kind.broken
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_played_and_told_with_its_length() {
        let report = measure(40).expect("this machine tells processor time");
        let counts: Vec<u64> = report.0.iter().map(|kind| kind.count).collect();
        assert_eq!(counts, [40, 10, 1, 1]);
        assert!(report.0.iter().all(|kind| kind.facts > 0 && kind.broken == 0), "{report:?}");
        let text = report.to_string();
        assert!(text.contains("target 60.0 µs") && text.contains("target 2.4 ms"), "{text}");
    }
}
