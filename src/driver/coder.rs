//! Recordings whose calls are over become Opus: one after the other, behind everything else this machine does.
//!
//! Promises: a call never waits for it, and takes the processor before it; what is not coded stays a WAV that plays, and
//! is said.
//! Never: codes two at a time; drops a recording.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::media::to_opus;

/// Recordings that may wait: at 0.6 s for a call of five minutes these are more than an hour and a half of coding, and
/// their names a megabyte. More stay what they are.
const QUEUE: usize = 10_000;
/// The lowest priority there is: fifteen parts of the processor where a call has 1,024.
const NICE: i32 = 19;

/// The one who codes. Clones are the same one.
#[derive(Clone)]
pub(super) struct Coder(Arc<Mutex<Option<Works>>>);

struct Works {
    queue: SyncSender<PathBuf>,
    thread: JoinHandle<()>,
}

impl fmt::Debug for Coder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Coder")
    }
}

impl Coder {
    pub(super) fn start() -> Coder {
        let (queue, recordings) = sync_channel(QUEUE);
        let thread = std::thread::spawn(|| work(recordings));
        Coder(Arc::new(Mutex::new(Some(Works { queue, thread }))))
    }

    /// A WAV that is whole.
    pub(super) fn take(&self, wav: PathBuf) {
        let works = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = match works.as_ref().map(|works| works.queue.try_send(wav.clone())) {
            Some(Ok(())) => return,
            Some(Err(_)) => "too many wait to be coded",
            None => "it came after the end",
        };
        tracing::error!(recording = %wav.display(), "a recording stays WAV: {kept}");
    }

    /// Codes what waits, and ends. Blocks until then.
    pub(super) fn close(&self) {
        let works = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Works { queue, thread }) = works {
            drop(queue);
            if thread.join().is_err() {
                tracing::error!(
                    "the thread that codes recordings panicked: what waited stays WAV; report it"
                );
            }
        }
    }
}

fn work(recordings: Receiver<PathBuf>) {
    // Of this thread alone: Linux counts it by threads.
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::warn!(%error, "recordings are coded at the same priority as calls");
    }
    recordings.iter().for_each(|wav| code(&wav));
}

fn code(wav: &Path) {
    if let Err(fault) = to_opus(wav) {
        tracing::error!(owner = ?fault.owner, %fault, "a recording stays WAV");
    }
}
