//! Recordings whose calls are over become Opus: one after the other, behind everything else this machine does.
//!
//! Promises: a call never waits for it, and takes the processor before it; what is not coded stays a WAV that plays, and
//! is said; a panic in coding is one recording's alone.
//! Never: codes two at a time; drops a recording; holds up the end of the process longer than it is given.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::time::Instant;

use crate::core::base::Fault;
use crate::media::to_opus;

/// Recordings that may wait: at 0.6 s for a call of five minutes these are more than an hour and a half of coding, and
/// their names a megabyte. More stay what they are.
const QUEUE: usize = 10_000;
/// The lowest priority there is: fifteen parts of the processor where a call has 1,024.
const NICE: i32 = 19;
/// How long the end of the process waits for coding, once its calls are over and on record: enough for two and a half
/// hours of recordings, and less than the 30 s after which Kubernetes kills what was told to end (systemd: 90 s).
pub(super) const CODE_AT_END: Duration = Duration::from_secs(20);

/// Codes a WAV for as long as it may go on; `None` where it was stopped.
type Code = dyn FnMut(&Path, &dyn Fn() -> bool) -> Result<Option<PathBuf>, Fault> + Send;

/// The one who codes. Clones are the same one.
#[derive(Clone)]
pub(super) struct Coder(Arc<Mutex<Option<Works>>>);

struct Works {
    queue: SyncSender<PathBuf>,
    /// When it is to end; there once it is known.
    until: Arc<OnceLock<Instant>>,
    /// Ends with the number of recordings that were not coded for want of time.
    thread: JoinHandle<u32>,
}

impl fmt::Debug for Coder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Coder")
    }
}

impl Coder {
    pub(super) fn start() -> Coder {
        Coder::with(Box::new(|wav, goes_on| to_opus(wav, goes_on)))
    }

    fn with(mut code: Box<Code>) -> Coder {
        let (queue, recordings) = sync_channel(QUEUE);
        let until = Arc::new(OnceLock::new());
        let end = Arc::clone(&until);
        let thread = std::thread::spawn(move || work(&recordings, &end, &mut code));
        Coder(Arc::new(Mutex::new(Some(Works { queue, until, thread }))))
    }

    /// A WAV that is whole.
    pub(super) fn take(&self, wav: PathBuf) {
        let works = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = match works.as_ref().map(|works| works.queue.try_send(wav.clone())) {
            Some(Ok(())) => return,
            Some(Err(TrySendError::Full(_))) => "too many wait to be coded",
            Some(Err(TrySendError::Disconnected(_))) => "the thread that codes is gone; report it",
            None => "it came after the end",
        };
        tracing::error!(recording = %wav.display(), "a recording stays WAV: {kept}");
    }

    /// Codes what waits for as long as that, and ends; says how many recordings stay WAV. Blocks until then.
    pub(super) fn close(&self, longest: Duration) -> u32 {
        let works = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Works { queue, until, thread }) = works else { return 0 };
        // Nobody else sets it: whoever closes has taken it out.
        let _ = until.set(Instant::now() + longest);
        drop(queue);
        let left = thread.join();
        match left {
            Ok(0) => {}
            Ok(recordings) => {
                let given = longest.as_secs();
                tracing::error!(
                    recordings,
                    "recordings stay WAV: they were not coded {given} s after the last call"
                );
            }
            Err(_) => {
                tracing::error!(
                    "the thread that codes recordings panicked: what waited stays WAV; report it"
                );
            }
        }
        left.unwrap_or_default()
    }
}

fn work(recordings: &Receiver<PathBuf>, until: &OnceLock<Instant>, code: &mut Code) -> u32 {
    // Of this thread alone: Linux counts it by threads.
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::warn!(%error, "recordings are coded at the same priority as calls");
    }
    let goes_on = || until.get().is_none_or(|until| Instant::now() < *until);
    let mut left = 0;
    for wav in recordings {
        // Nothing is shared with the next but the library, which is asked anew each time.
        let coded =
            catch_unwind(AssertUnwindSafe(|| if goes_on() { code(&wav, &goes_on) } else { Ok(None) }));
        match coded {
            Ok(Ok(Some(_))) => {}
            Ok(Ok(None)) => left += 1,
            Ok(Err(fault)) => tracing::error!(owner = ?fault.owner, %fault, "a recording stays WAV"),
            Err(_) => {
                let recording = wav.display();
                tracing::error!(%recording, "a recording stays WAV: coding it panicked; report it");
            }
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lowest priority waits for everybody else on a busy machine.
    const PATIENCE: Duration = Duration::from_secs(600);

    fn waiting(coder: &Coder, names: &[&str]) {
        names.iter().for_each(|name| coder.take(name.into()));
    }

    #[test]
    fn a_recording_on_which_coding_panics_is_no_hindrance_to_the_next() {
        let (done, coded) = sync_channel(QUEUE);
        let coder = Coder::with(Box::new(move |wav, _| {
            assert_ne!(wav, Path::new("CA1.wav"), "this one panics");
            done.send(wav.to_owned()).expect("the test still waits");
            Ok(Some(wav.to_owned()))
        }));
        waiting(&coder, &["CA1.wav", "CA2.wav"]);
        assert_eq!(coder.close(PATIENCE), 0);
        assert_eq!(coded.iter().collect::<Vec<_>>(), [Path::new("CA2.wav")]);
    }

    #[test]
    fn the_end_waits_no_longer_than_it_is_given_not_even_for_the_one_in_hand_and_the_rest_is_counted() {
        let (begins, begun) = sync_channel(QUEUE);
        let coder = Coder::with(Box::new(move |_, goes_on| {
            begins.send(()).expect("the test still waits");
            while goes_on() {
                std::thread::yield_now();
            }
            Ok(None)
        }));
        waiting(&coder, &["CA1.wav", "CA2.wav", "CA3.wav"]);
        begun.recv().expect("the first is begun");
        assert_eq!(coder.close(Duration::ZERO), 3);
        assert!(begun.recv().is_err(), "the others were not begun");
        // Behind the end there is nobody to code, and nothing to count.
        waiting(&coder, &["CA4.wav"]);
        assert_eq!(coder.close(Duration::ZERO), 0);
    }
}
