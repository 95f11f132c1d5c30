//! `handle`: what one step of the heart costs, over recorded journals.
//!
//! Promises: every event and every timer of every journal is timed alone; dropping what the step gave is outside.
//! Never: times a call that has not the orders of its record: the bench would measure something else.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::distribution::{Distribution, met, nanos, time};
use crate::core::base::{Fault, Owner};
use crate::core::conversation::{Conversation, Outputs};
use crate::core::journal::{Line, write_event};
use crate::replay::{Finding, Recorded, compare};

const MEDIAN_TARGET: Duration = Duration::from_micros(1);
const TAIL_TARGET: Duration = Duration::from_micros(50);

/// Readings of the clock, one right after the other, that tell what reading it costs.
const FLOOR_READINGS: usize = 100_000;

/// Kinds of event shown, the dearest first.
const KINDS_SHOWN: usize = 6;

/// What was found.
#[derive(Clone, Debug)]
pub struct Report {
    pub calls: usize,
    pub rounds: usize,
    /// Every step of every round.
    pub all: Distribution,
    /// Of each step its quickest round: what the step costs when nothing else runs.
    pub best: Distribution,
    pub floor: Distribution,
    /// Median and most of `best`, by kind of step.
    pub kinds: Vec<(String, Distribution)>,
    /// Allocations of each step, where they were counted.
    pub allocations: Option<Distribution>,
}

/// Folds all journals so many times. `allocations` tells how many there have been so far, where somebody counts.
///
/// # Errors
/// No journal, or one that this build folds otherwise.
pub fn measure(
    journals: &[Recorded],
    rounds: usize,
    allocations: Option<fn() -> u64>,
) -> Result<Report, Fault> {
    if journals.is_empty() || rounds == 0 {
        return Err(Fault::new(
            Owner::Admin,
            "there is nothing to measure",
            "name journals and a round or more",
        ));
    }
    for journal in journals {
        if compare(journal) != Finding::Same {
            let what = "a journal folds otherwise than it was recorded";
            return Err(Fault::new(Owner::Admin, what, "`centralita replay` shows where"));
        }
    }
    let kinds: Vec<String> =
        journals.iter().flat_map(|journal| journal.file.lines.iter().filter_map(kind)).collect();
    let mut all = Vec::with_capacity(kinds.len() * rounds);
    let mut allocated = Vec::new();
    for _ in 0..rounds {
        allocated.clear();
        for journal in journals {
            pass(journal, allocations, &mut all, &mut allocated);
        }
    }
    let steps = kinds.len();
    let best: Vec<u64> =
        (0..steps).map(|n| all[n..].iter().step_by(steps).copied().min().unwrap_or(0)).collect();
    Ok(Report {
        calls: journals.len(),
        rounds,
        kinds: by_kind(kinds, &best),
        all: Distribution::of(all),
        best: Distribution::of(best),
        floor: floor(),
        allocations: allocations.map(|_| Distribution::of(allocated)),
    })
}

/// One call, from answer to end.
fn pass(
    journal: &Recorded,
    allocations: Option<fn() -> u64>,
    times: &mut Vec<u64>,
    allocated: &mut Vec<u64>,
) {
    let count = allocations.unwrap_or(|| 0);
    let mut conversation = Conversation::new(Arc::clone(&journal.plan));
    let mut out = Outputs::default();
    for line in &journal.file.lines {
        let (before, began);
        match line {
            Line::Event { at, event } => {
                (before, began) = (count(), Instant::now());
                conversation.handle(*at, event, &mut out);
            }
            Line::Timer { due, .. } => {
                (before, began) = (count(), Instant::now());
                conversation.wake(*due, &mut out);
            }
            Line::Order { .. } => continue,
        }
        times.push(nanos(began.elapsed()));
        if allocations.is_some() {
            allocated.push(count() - before);
        }
        out.steps.clear();
    }
}

/// What a step is called in the report: the event's word, or the timer's.
fn kind(line: &Line) -> Option<String> {
    match line {
        Line::Event { event, .. } => {
            write_event(event).split_whitespace().next().map(|word| format!("< {word}"))
        }
        Line::Timer { name, .. } => Some(format!(". {name}")),
        Line::Order { .. } => None,
    }
}

fn by_kind(kinds: Vec<String>, best: &[u64]) -> Vec<(String, Distribution)> {
    let mut sorted: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (kind, nanos) in kinds.into_iter().zip(best) {
        sorted.entry(kind).or_default().push(*nanos);
    }
    let mut all: Vec<_> = sorted.into_iter().map(|(kind, nanos)| (kind, Distribution::of(nanos))).collect();
    all.sort_by_key(|(_, times)| std::cmp::Reverse(times.median()));
    all
}

/// What reading the clock costs.
fn floor() -> Distribution {
    Distribution::of((0..FLOOR_READINGS).map(|_| nanos(Instant::now().elapsed())).collect())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { calls, rounds, all, best, floor, .. } = self;
        let own = |figure: Duration| figure.saturating_sub(floor.median());
        writeln!(
            f,
            "handle: one step of the heart, {calls} journals, {rounds} rounds, each step timed alone;"
        )?;
        writeln!(f, "        dropping the orders is outside")?;
        writeln!(f, "  clock's own floor       {floor}")?;
        writeln!(f, "  every step, floor in    {all}")?;
        writeln!(f, "  best round of each step {best}")?;
        let (median, tail) = (own(all.median()), own(all.p999()));
        writeln!(
            f,
            "  median less floor {:>9}  target 1 µs: {}",
            time(median),
            met(all, median, MEDIAN_TARGET)
        )?;
        writeln!(f, "  p99.9 less floor  {:>9}  target 50 µs: {}", time(tail), met(all, tail, TAIL_TARGET))?;
        for (kind, times) in self.kinds.iter().take(KINDS_SHOWN) {
            let (median, most) = (time(times.median()), time(times.most()));
            writeln!(f, "  {kind:<22}  median {median}, max {most} of best rounds (n = {})", times.count())?;
        }
        match &self.allocations {
            None => write!(f, "  allocations: counted by `cargo bench --bench handle`"),
            Some(counts) => {
                let [median, p99, most] =
                    [counts.median(), counts.p99(), counts.most()].map(|count| count.as_nanos());
                let mean = counts.total() as f64 / counts.count().max(1) as f64;
                write!(f, "  allocations per step: mean {mean:.1}, median {median}, p99 {p99}, max {most}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::replay::read_all;

    async fn all_scripts() -> Vec<Recorded> {
        read_all(Path::new("tests/calls")).await.expect("the call scripts are readable")
    }

    #[tokio::test]
    async fn every_event_and_timer_of_every_journal_is_timed_in_every_round() {
        let journals = &all_scripts().await[..10];
        let steps = journals.iter().flat_map(|j| &j.file.lines).filter(|line| kind(line).is_some()).count();
        let report = measure(journals, 3, Some(|| 7)).expect("the scripts fold as they are written");
        assert_eq!((report.all.count(), report.best.count()), (3 * steps, steps));
        assert_eq!(report.kinds.iter().map(|(_, times)| times.count()).sum::<usize>(), steps);
        let allocations = report.allocations.expect("they were counted");
        assert_eq!((allocations.count(), allocations.most()), (steps, Duration::ZERO));
        assert!(report.best.median() <= report.all.median());
    }

    #[tokio::test]
    async fn a_journal_that_folds_otherwise_is_refused_and_so_is_none() {
        let mut journals = all_scripts().await;
        journals.truncate(1);
        journals[0].file.lines.retain(|line| !matches!(line, Line::Order { .. }));
        assert!(measure(&journals, 1, None).unwrap_err().what.contains("folds otherwise"));
        assert!(measure(&[], 1, None).is_err());
    }
}
