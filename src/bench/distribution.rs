//! What is told of many measured times: the least, the median, the tail.
//!
//! Promises: a percentile is a time that was measured (nearest rank), never one between two.
//! Never: leaves out an outlier.

use std::fmt;
use std::time::Duration;

/// What is told of a distribution of nothing.
pub(super) const NOTHING: &str = "nothing was measured";

/// Measured times in nanoseconds, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution(Vec<u64>);

impl Distribution {
    #[must_use]
    pub fn of(mut nanos: Vec<u64>) -> Distribution {
        nanos.sort_unstable();
        Distribution(nanos)
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The least time that `permille` of all do not exceed; zero where nothing was measured.
    #[must_use]
    pub fn permille(&self, permille: usize) -> Duration {
        let rank = (self.0.len() * permille).div_ceil(1_000).max(1);
        self.0.get(rank - 1).copied().map_or(Duration::ZERO, Duration::from_nanos)
    }

    #[must_use]
    pub fn least(&self) -> Duration {
        self.permille(0)
    }

    #[must_use]
    pub fn median(&self) -> Duration {
        self.permille(500)
    }

    #[must_use]
    pub fn p99(&self) -> Duration {
        self.permille(990)
    }

    #[must_use]
    pub fn p999(&self) -> Duration {
        self.permille(999)
    }

    #[must_use]
    pub fn most(&self) -> Duration {
        self.permille(1_000)
    }

    /// The sum of all, in nanoseconds.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    #[must_use]
    pub fn mean(&self) -> Duration {
        Duration::from_nanos(self.total() / self.0.len().max(1) as u64)
    }
}

impl Extend<u64> for Distribution {
    fn extend<T: IntoIterator<Item = u64>>(&mut self, nanos: T) {
        self.0.extend(nanos);
        self.0.sort_unstable();
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(NOTHING);
        }
        write!(
            f,
            "min {}, median {}, p99 {}, p99.9 {}, max {} (n = {})",
            time(self.least()),
            time(self.median()),
            time(self.p99()),
            time(self.p999()),
            time(self.most()),
            self.count()
        )
    }
}

/// A time in the unit that fits it.
#[must_use]
pub fn time(time: Duration) -> String {
    match time.as_nanos() {
        0 => "0".to_owned(),
        1..1_000 => format!("{} ns", time.as_nanos()),
        1_000..1_000_000 => format!("{:.1} µs", time.as_nanos() as f64 / 1e3),
        _ => format!("{:.1} ms", time.as_nanos() as f64 / 1e6),
    }
}

/// `met` or `NOT met`: a figure of `of` beside its target is only told, whatever it is. Of nothing there is no figure.
#[must_use]
pub fn met(of: &Distribution, figure: Duration, target: Duration) -> &'static str {
    match of.count() {
        0 => NOTHING,
        _ if figure <= target => "met",
        _ => "NOT met",
    }
}

/// Nanoseconds of a time that was measured.
#[must_use]
pub fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_least_measured_time_that_so_many_do_not_exceed() {
        let thousand = Distribution::of((1..=1_000).rev().collect());
        for (permille, want) in [(0, 1), (1, 1), (500, 500), (990, 990), (999, 999), (1_000, 1_000)] {
            assert_eq!(thousand.permille(permille), Duration::from_nanos(want), "{permille}");
        }
        let three = Distribution::of(vec![30, 10, 20]);
        assert_eq!((three.least(), three.median()), (Duration::from_nanos(10), Duration::from_nanos(20)));
        assert_eq!((three.p99(), three.mean()), (Duration::from_nanos(30), Duration::from_nanos(20)));
    }

    #[test]
    fn one_outlier_in_a_hundred_is_the_most_and_no_more_than_that() {
        let mut all = vec![1_u64; 99];
        all.push(1_000_000);
        let all = Distribution::of(all);
        assert_eq!((all.p99(), all.p999()), (Duration::from_nanos(1), Duration::from_millis(1)));
    }

    #[test]
    fn nothing_measured_is_said_and_no_figure_is_made_up() {
        let none = Distribution::default();
        assert_eq!((none.median(), none.most(), none.mean()), Default::default());
        assert_eq!(none.to_string(), "nothing was measured");
        assert_eq!(met(&none, none.p999(), Duration::from_millis(20)), "nothing was measured");
    }

    #[test]
    fn times_added_later_find_their_rank() {
        let mut all = Distribution::of(vec![5, 9]);
        all.extend([7, 1]);
        assert_eq!(all, Distribution::of(vec![1, 5, 7, 9]));
    }

    #[test]
    fn a_time_is_told_in_the_unit_that_fits_it() {
        for (nanos, text) in [(0, "0"), (870, "870 ns"), (5_250, "5.2 µs"), (12_340_000, "12.3 ms")] {
            assert_eq!(time(Duration::from_nanos(nanos)), text);
        }
        let (one, target) = (Distribution::of(vec![1]), Duration::from_millis(20));
        assert_eq!(met(&one, target, target), "met");
        assert_eq!(met(&one, Duration::from_millis(21), target), "NOT met");
    }
}
