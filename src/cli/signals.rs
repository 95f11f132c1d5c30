//! Signals that ask this process to end: Ctrl-C, SIGTERM, and SIGHUP when its terminal is gone.
//!
//! Promises: while it listens, none of them ends the process by itself; under `nohup` a lost terminal asks for nothing.
//! Never: decides what is done about one.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::core::base::{Fault, Owner};

/// Exit code of a process that did not wait for its own end: what shells give for Ctrl-C.
pub(super) const AT_ONCE: i32 = 130;

/// Listens from when it is made; for the rest of the process the signals do not end it any more.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// None where whoever started the process had it ignored.
    hang_up: Option<Signal>,
}

impl Signals {
    /// # Errors
    /// The system lets no handler be set.
    pub(super) fn listen() -> Result<Signals, Fault> {
        let ignored =
            std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores_hang_up(&status));
        let on = |kind| {
            signal(kind).map_err(|error| {
                let what = format!("signals cannot be handled: {error}");
                Fault::new(Owner::Admin, what, "let this user have more open files (ulimit -n)")
            })
        };
        let hang_up = (!ignored).then(|| on(SignalKind::hangup())).transpose()?;
        Ok(Signals {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hang_up,
        })
    }

    /// Waits for the next one. Giving up waiting loses none.
    pub(super) async fn next(&mut self) {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hang_up => {}
        }
    }
}

/// Whether the lowest bit of the mask of ignored signals is set: SIGHUP is number 1.
fn ignores_hang_up(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_under_nohup_is_known_by_its_mask() {
        for (status, wanted) in [
            ("Name:\tcentralita\nSigIgn:\t0000000000001001\n", true),
            ("Name:\tcentralita\nSigIgn:\t0000000000001000\n", false),
            ("SigBlk:\t0000000000000001\n", false),
            ("SigIgn:\tx\n", false),
            ("", false),
        ] {
            assert_eq!(ignores_hang_up(status), wanted, "{status:?}");
        }
    }
}
