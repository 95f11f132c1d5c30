//! What waits to be written: a queue with a limit in bytes, which a job leaves only when it is committed.
//!
//! Promises: never more than [`QUEUE_BYTES_MAX`] waiting or being written; what is full says so at once
//! (promise 7).
//! Never: waits, reorders or drops a job.

use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, mpsc, oneshot};

use super::calls::{CallHead, CallState};
use super::handle::{BeginRefused, Begun, NotOpened};
use super::intents::{Intent, IntentKey, Outcome, Settler};
use super::journal::Line;
use super::runs::ToolRun;
use crate::core::base::{CallId, Fault};

/// All that may wait for the disk, in bytes. A thousand calls give some twenty lines of 200 bytes a second
/// each, about 9 MB a second with [`JOB_BYTES`]: a disk may stall for three seconds and no line is lost.
pub(super) const QUEUE_BYTES_MAX: u32 = 32 * 1024 * 1024;

/// What a job is counted for besides its text: its own size and the queue's bookkeeping, rounded up.
pub(super) const JOB_BYTES: u32 = 256;

/// One thing to write, or to answer once all before it is written.
pub(super) enum Job {
    Open {
        head: Box<CallHead>,
        plan: Arc<str>,
        process: Option<Arc<str>>,
        reply: oneshot::Sender<Result<(), NotOpened>>,
    },
    State {
        call: CallId,
        state: CallState,
    },
    /// What the process of that name carried, or all do.
    Lose {
        process: Option<String>,
        reply: oneshot::Sender<Result<u64, Fault>>,
    },
    TakeUp {
        call: CallId,
        attempts: u32,
        process: Option<Arc<str>>,
        reply: oneshot::Sender<Result<u64, Fault>>,
    },
    Line {
        call: CallId,
        line: Line,
    },
    Begin {
        intent: Box<Intent>,
        reply: oneshot::Sender<Result<Begun, BeginRefused>>,
    },
    Settle {
        key: IntentKey,
        outcome: Outcome,
        by: Settler,
    },
    Spend {
        run: Box<ToolRun>,
        key: [u8; 32],
        reply: oneshot::Sender<Result<u64, Fault>>,
    },
    Flush {
        reply: oneshot::Sender<Result<(), Fault>>,
    },
    Close {
        reply: oneshot::Sender<Result<(), Fault>>,
    },
}

/// A job with the room it takes up until it is dropped.
pub(super) struct Queued {
    pub(super) job: Job,
    pub(super) room: OwnedSemaphorePermit,
}

/// The giving end.
#[derive(Clone)]
pub(super) struct Queue {
    jobs: mpsc::Sender<Queued>,
    room: Arc<Semaphore>,
}

/// Why a job was not taken.
pub(super) enum NoRoom {
    Full,
    Closed,
}

impl Queue {
    pub(super) fn new() -> (Queue, mpsc::Receiver<Queued>) {
        // As many as fit by their bytes, and the last: the room alone decides.
        let (jobs, taken) = mpsc::channel((QUEUE_BYTES_MAX / JOB_BYTES + 1) as usize);
        (Queue { jobs, room: Arc::new(Semaphore::new(QUEUE_BYTES_MAX as usize)) }, taken)
    }

    pub(super) fn give(&self, job: Job) -> Result<(), NoRoom> {
        let room =
            self.room.clone().try_acquire_many_owned(job.bytes()).map_err(|refused| match refused {
                TryAcquireError::NoPermits => NoRoom::Full,
                TryAcquireError::Closed => NoRoom::Closed,
            })?;
        self.jobs.try_send(Queued { job, room }).map_err(|refused| match refused {
            TrySendError::Full(_) => NoRoom::Full,
            TrySendError::Closed(_) => NoRoom::Closed,
        })
    }

    /// Gives a last job and takes no other after it.
    pub(super) fn close(&self, last: Job) -> Result<(), NoRoom> {
        let room = self.room.clone().try_acquire_many_owned(last.bytes()).map_err(|_| NoRoom::Closed)?;
        self.room.close();
        self.jobs.try_send(Queued { job: last, room }).map_err(|_| NoRoom::Closed)
    }
}

impl Job {
    /// Whether somebody waits for the answer, and so the commit is at once.
    pub(super) fn is_awaited(&self) -> bool {
        match self {
            Job::Begin { .. }
            | Job::Lose { .. }
            | Job::TakeUp { .. }
            | Job::Spend { .. }
            | Job::Flush { .. }
            | Job::Close { .. } => true,
            Job::Open { reply, .. } => !reply.is_closed(),
            Job::State { .. } | Job::Line { .. } | Job::Settle { .. } => false,
        }
    }

    /// Whether it is an intent for which nobody waits any more.
    pub(super) fn is_given_up(&self) -> bool {
        matches!(self, Job::Begin { reply, .. } if reply.is_closed())
    }

    /// Its room. A plan is shared with the calls that follow it, and not counted.
    fn bytes(&self) -> u32 {
        let text = match self {
            Job::Line { line, .. } => line.text.reveal().len(),
            Job::Settle { outcome, .. } => outcome.detail.len(),
            Job::Open { .. }
            | Job::State { .. }
            | Job::Lose { .. }
            | Job::TakeUp { .. }
            | Job::Spend { .. }
            | Job::Begin { .. } => 0,
            // Writes nothing; it must get in when the queue is full, as it is how one waits for room.
            Job::Flush { .. } | Job::Close { .. } => return 0,
        };
        u32::try_from(text).unwrap_or(u32::MAX).saturating_add(JOB_BYTES)
    }
}
