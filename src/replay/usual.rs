//! Whether a tool fares as it usually does: the last hour and the last day against its own past.
//!
//! The rule, for each tool. Failures, and failed proofs, in the last hour and in the last day: how likely would so many of
//! them be, if the times since then were drawn from all its uses (the hypergeometric tail, Fisher's exact test)? Volume, of
//! the last day: how likely, by Poisson, on the busiest day of the past, or so little on the quietest? What is likelier
//! than `CHANCE_MAX` is usual.
//!
//! Promises: it says nothing of a tool with too little past, and nothing that the numbers beside it do not show.
//! Never: knows what a tool is for; reads a clock.

use std::collections::BTreeMap;
use std::fmt;

use super::uses::{Came, Proof, Use};
use crate::core::base::World;

/// Below this chance something is no accident: with fifty tools that are looked at twice a day, by six rules each, one false
/// alarm in a fortnight.
const CHANCE_MAX: f64 = 1e-4;
/// How far back a tool's past reaches, in days: four weeks, so that each day of a week counts four times.
pub const PAST_DAYS: i64 = 28;
/// Uses that a past needs before a rate means anything.
const PAST_USES_LEAST: u64 = 30;
/// Days that a past needs before its volume means anything: a weekend has to be in it.
const PAST_DAYS_LEAST: usize = 7;
/// Fewer events than these are no pattern, however unlikely: somebody looks into each alarm.
const EVENTS_LEAST: u64 = 3;

const HOUR_US: i64 = 3_600 * 1_000_000;
const DAY_US: i64 = 24 * HOUR_US;

/// What a tool did in a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub uses: u64,
    /// Failed, or nobody knows.
    pub failed: u64,
    /// Proofs that did not hold, or were locked.
    pub unproven: u64,
}

/// Something unusual about a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusual {
    Failures {
        span: Span,
        now: Count,
        past: Count,
    },
    Unproven {
        span: Span,
        now: Count,
        past: Count,
    },
    /// More in a day than on the busiest one.
    Busy {
        now: u64,
        busiest: u64,
    },
    /// Less than on the quietest.
    Quiet {
        now: u64,
        quietest: u64,
    },
}

/// Over which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    Hour,
    Day,
}

impl Unusual {
    /// For programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Unusual::Failures { .. } => "failures",
            Unusual::Unproven { .. } => "unproven",
            Unusual::Busy { .. } => "busy",
            Unusual::Quiet { .. } => "quiet",
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Span::Hour => "hour",
            Span::Day => "day",
        })
    }
}

impl fmt::Display for Unusual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusual::Failures { span, now, past } => write!(
                f,
                "{} of {} failed in the last {span}; before that {} of {}",
                now.failed, now.uses, past.failed, past.uses
            ),
            Unusual::Unproven { span, now, past } => write!(
                f,
                "{} of {} proofs did not hold in the last {span}; before that {} of {}",
                now.unproven, now.uses, past.unproven, past.uses
            ),
            Unusual::Busy { now, busiest } => {
                write!(f, "used {now} times in the last day; {busiest} times on the busiest day before")
            }
            Unusual::Quiet { now, quietest } => {
                write!(f, "used {now} times in the last day; {quietest} times on the quietest day before")
            }
        }
    }
}

/// What is unusual about each tool now, in microseconds since 1970. Only of what was real: what is mocked is played.
#[must_use]
pub fn unusual(uses: &[Use], now_us: i64) -> BTreeMap<String, Vec<Unusual>> {
    let mut by_tool: BTreeMap<&str, Vec<&Use>> = BTreeMap::new();
    let real = uses.iter().filter(|one| one.world == World::Real && one.at_us <= now_us);
    for one in real.filter(|one| one.at_us >= now_us - PAST_DAYS * DAY_US) {
        by_tool.entry(&one.tool).or_default().push(one);
    }
    let judged = by_tool.into_iter().map(|(tool, uses)| (tool.to_owned(), of_tool(&uses, now_us)));
    judged.filter(|(_, unusual)| !unusual.is_empty()).collect()
}

fn of_tool(uses: &[&Use], now_us: i64) -> Vec<Unusual> {
    let mut found = Vec::new();
    for (span, length) in [(Span::Hour, HOUR_US), (Span::Day, DAY_US)] {
        let (now, past): (Vec<&Use>, Vec<&Use>) = uses.iter().partition(|one| one.at_us > now_us - length);
        let (now, past) = (Count::of(&now), Count::of(&past));
        let is_unusual = |of: fn(&Count) -> u64| {
            of(&now) >= EVENTS_LEAST
                && past.uses >= PAST_USES_LEAST
                && drawn(of(&now), now.uses, of(&now) + of(&past), now.uses + past.uses) < CHANCE_MAX
        };
        if is_unusual(|count| count.failed) {
            found.push(Unusual::Failures { span, now, past });
        }
        if is_unusual(|count| count.unproven) {
            found.push(Unusual::Unproven { span, now, past });
        }
    }
    found.extend(volume(uses, now_us));
    found
}

impl Count {
    #[must_use]
    pub fn of(uses: &[&Use]) -> Count {
        let count = |wanted: fn(&Use) -> bool| uses.iter().filter(|one| wanted(one)).count() as u64;
        Count {
            uses: uses.len() as u64,
            failed: count(|one| has_failed(one.came) && !is_unproven(one)),
            unproven: count(is_unproven),
        }
    }
}

/// It was to be done, and is not known to be.
fn has_failed(came: Came) -> bool {
    match came {
        Came::Partly | Came::Failed | Came::Withheld | Came::Unknown => true,
        Came::Prepared | Came::Done | Came::UnderWay => false,
    }
}

/// That somebody is not who they say is no failure of the tool's.
fn is_unproven(one: &Use) -> bool {
    matches!(one.proof, Proof::Failed | Proof::Locked)
}

fn volume(uses: &[&Use], now_us: i64) -> Option<Unusual> {
    let mut days: BTreeMap<i64, u64> = BTreeMap::new();
    for one in uses {
        *days.entry((now_us - one.at_us) / DAY_US).or_default() += 1;
    }
    let first = *days.keys().next_back()?;
    // The day on which it was first used is not a whole one.
    let past: Vec<u64> = (1..first).map(|day| days.get(&day).copied().unwrap_or_default()).collect();
    if past.len() < PAST_DAYS_LEAST {
        return None;
    }
    let now = days.get(&0).copied().unwrap_or_default();
    let (busiest, quietest) = (past.iter().copied().max()?, past.iter().copied().min()?);
    if now >= EVENTS_LEAST && at_least(now, busiest as f64) < CHANCE_MAX {
        return Some(Unusual::Busy { now, busiest });
    }
    (1.0 - at_least(now + 1, quietest as f64) < CHANCE_MAX).then_some(Unusual::Quiet { now, quietest })
}

/// The chance that of `draws`, drawn from `all` of which `marked` are marked, at least `least` are.
fn drawn(least: u64, draws: u64, marked: u64, all: u64) -> f64 {
    // Logarithms of the factorials: the numbers themselves are too large.
    let factorials: Vec<f64> = (0..=all)
        .scan(0.0, |sum, n| {
            *sum += (n.max(1) as f64).ln();
            Some(*sum)
        })
        .collect();
    let of = |n: u64| usize::try_from(n).ok().and_then(|n| factorials.get(n)).copied().unwrap_or_default();
    let choose = |n: u64, k: u64| of(n) - of(k) - of(n - k);
    let terms = (least..=draws.min(marked)).filter(|k| draws - k <= all - marked);
    terms.map(|k| (choose(marked, k) + choose(all - marked, draws - k) - choose(all, draws)).exp()).sum()
}

/// The chance of at least so many, where `mean` are expected, by Poisson.
fn at_least(least: u64, mean: f64) -> f64 {
    if mean == 0.0 {
        return if least == 0 { 1.0 } else { 0.0 };
    }
    let mut term = -mean;
    let mut below = 0.0;
    for k in 0..least {
        below += term.exp();
        term += mean.ln() - ((k + 1) as f64).ln();
    }
    (1.0 - below).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::conversation::Effects;

    const NOW: i64 = 1_800_000_000_000_000;

    fn one(ago_us: i64, came: Came) -> Use {
        Use {
            at_us: NOW - ago_us,
            id: String::new(),
            agent: "shop".into(),
            tool: "shop.refund".into(),
            effects: Effects::None,
            came,
            took_ms: None,
            proof: Proof::None,
            world: World::Real,
            by: None,
        }
    }

    /// So many uses on each of the days before the last one, of which the first so many failed.
    fn past(days: i64, a_day: i64, failed: i64) -> Vec<Use> {
        let day = |day: i64| {
            (0..a_day).map(move |n| {
                let came = if n < failed { Came::Failed } else { Came::Done };
                one(day * DAY_US + DAY_US / 2 + n, came)
            })
        };
        (1..=days).flat_map(day).collect()
    }

    fn told(uses: Vec<Use>) -> Vec<String> {
        let found = unusual(&uses, NOW).remove("shop.refund").unwrap_or_default();
        found.iter().map(ToString::to_string).collect()
    }

    fn today(count: i64, came: Came) -> Vec<Use> {
        (0..count).map(|n| one(2 * HOUR_US + n, came)).collect()
    }

    #[test]
    fn failures_beyond_the_past_are_told_and_those_of_every_day_are_not() {
        let with = |days, failed, now: Vec<Use>| told([past(days, 20, failed), now].concat());
        assert_eq!(with(10, 1, [today(1, Came::Failed), today(19, Came::Done)].concat()), [""; 0]);
        let bad = with(10, 1, [today(10, Came::Unknown), today(10, Came::Done)].concat());
        assert_eq!(bad, ["10 of 20 failed in the last day; before that 10 of 200"]);
        assert_eq!(with(10, 10, [today(10, Came::Failed), today(10, Came::Done)].concat()), [""; 0]);
    }

    #[test]
    fn an_hour_that_is_bad_is_told_before_the_day_is() {
        let now = (0..4).map(|n| one(n + 1, Came::Failed)).chain(today(60, Came::Done)).collect();
        let found = told([past(10, 60, 1), now].concat());
        assert!(found[0].starts_with("4 of 4 failed in the last hour"), "{found:?}");
    }

    #[test]
    fn of_a_tool_with_too_little_past_nothing_is_told() {
        assert_eq!(told(today(20, Came::Failed)), [""; 0]);
        assert_eq!(told([past(1, 20, 0), today(20, Came::Failed)].concat()), [""; 0]);
        assert_eq!(told([past(5, 1, 0), today(200, Came::Done)].concat()), [""; 0]);
    }

    #[test]
    fn proofs_that_do_not_hold_are_their_own_matter() {
        let unproven = |one: Use| Use { proof: Proof::Failed, came: Came::Failed, ..one };
        let now: Vec<Use> =
            today(8, Came::Failed).into_iter().map(unproven).chain(today(12, Came::Done)).collect();
        assert_eq!(
            told([past(10, 20, 0), now].concat()),
            ["8 of 20 proofs did not hold in the last day; before that 0 of 200"]
        );
    }

    #[test]
    fn volume_is_measured_by_the_busiest_and_the_quietest_day() {
        let with = |count| told([past(10, 20, 0), today(count, Came::Done)].concat());
        for count in [8, 20, 35] {
            assert_eq!(with(count), [""; 0], "{count}");
        }
        assert_eq!(with(60), ["used 60 times in the last day; 20 times on the busiest day before"]);
        assert_eq!(with(2), ["used 2 times in the last day; 20 times on the quietest day before"]);
    }

    #[test]
    fn what_is_mocked_is_no_past_and_no_alarm() {
        let mocked = |one: Use| Use { world: World::Mocked, ..one };
        let now = today(20, Came::Failed).into_iter().map(mocked);
        assert_eq!(
            told(past(10, 20, 0).into_iter().chain(now).chain(today(20, Came::Done)).collect()),
            [""; 0]
        );
    }

    #[test]
    fn the_chances_are_those_of_the_tables() {
        let near = |is: f64, should: f64| assert!((is - should).abs() < 1e-6, "{is} {should}");
        near(drawn(3, 4, 4, 8), 17.0 / 70.0);
        near(drawn(0, 4, 4, 8), 1.0);
        near(at_least(1, 1.0), 1.0 - (-1.0_f64).exp());
        near(at_least(10, 3.0), 0.001_102_49);
        near(at_least(0, 3.0), 1.0);
    }
}
