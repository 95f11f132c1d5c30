//! What the operating system tells of processor time, and on which core a process runs.
//!
//! Source: proc(5) of Linux, `/proc/PID/stat` fields 14 and 15 and `/proc/stat`; sched-stats.rst of the kernel's
//! documentation, `/proc/PID/schedstat` field 2; taskset(1) of util-linux.
//!
//! Promises: what cannot be read is `None`, not zero.
//! Never: needs more rights than the user has.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::core::base::{Fault, Owner};

/// One tick of `/proc`: USER_HZ is 100 on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// Processor time that a process has used, in user and system mode.
pub(super) fn used_by(pid: u32) -> Option<Duration> {
    Some(TICK * used_ticks(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?)
}

/// Processor time that everything on this machine has used.
pub(super) fn used_by_all() -> Option<Duration> {
    Some(TICK * busy_ticks(&fs::read_to_string("/proc/stat").ok()?)?)
}

/// How long the threads of a process have been ready to run while the core ran something else.
pub(super) fn kept_waiting(pid: u32) -> Option<Duration> {
    let mut waited = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{pid}/task")).ok()?.filter_map(Result::ok) {
        // A thread may have ended since.
        let stat = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        waited += Duration::from_nanos(waited_nanos(&stat).unwrap_or(0));
    }
    Some(waited)
}

fn waited_nanos(schedstat: &str) -> Option<u64> {
    schedstat.split_whitespace().nth(1)?.parse().ok()
}

fn used_ticks(stat: &str) -> Option<u32> {
    // The name in parentheses may hold anything, spaces and parentheses too.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u32>().ok();
    next()?.checked_add(next()?)
}

/// user, nice, system, then irq, softirq and steal; idle and iowait are left out.
fn busy_ticks(stat: &str) -> Option<u32> {
    let fields: Vec<u32> =
        stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().flat_map(str::parse).collect();
    match fields[..] {
        [user, nice, system, _idle, _iowait, irq, softirq, steal, ..] => {
            Some([nice, system, irq, softirq, steal].iter().fold(user, |sum, part| sum.saturating_add(*part)))
        }
        _ => None,
    }
}

/// Puts this process, with all its threads, on one core.
///
/// # Errors
/// No such core, or no taskset.
pub(super) fn run_on(core: u32) -> Result<(), Fault> {
    let (core, pid) = (core.to_string(), std::process::id().to_string());
    let pinned = Command::new("taskset").args(["--all-tasks", "--cpu-list", "--pid", &core, &pid]).output();
    match pinned {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(no_core(&core, String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(no_core(&core, &error.to_string())),
    }
}

pub(super) fn no_core(core: &str, why: &str) -> Fault {
    let what = format!("a process could not be put on core {core}: {why}");
    Fault::new(Owner::Admin, what, "the load bench needs two cores, and `taskset` of the package util-linux")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_process_is_found_behind_any_name() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 1 2 3 4 120 45 9 9 20 0 3 0 100 200 300";
        assert_eq!(used_ticks(stat), Some(165));
        for broken in ["", "7 (name", "7 (name) S 1 2", "7 (n) S 1 7 7 0 -1 4194560 1 2 3 4 x 45 9"] {
            assert_eq!(used_ticks(broken), None, "{broken}");
        }
        assert!(used_by(std::process::id()).is_some() && used_by(u32::MAX).is_none());
    }

    #[test]
    fn waiting_for_the_core_is_told_apart_from_running_on_it() {
        assert_eq!(waited_nanos("1200 345 7"), Some(345));
        assert_eq!(waited_nanos("1200"), None);
        assert!(kept_waiting(std::process::id()).is_some() && kept_waiting(u32::MAX).is_none());
    }

    #[test]
    fn waiting_is_not_work() {
        assert_eq!(busy_ticks("cpu  100 20 30 9000 800 4 5 6 0 0\ncpu0 1 2"), Some(165));
        assert_eq!(busy_ticks("cpu0 1 2 3"), None);
    }
}
