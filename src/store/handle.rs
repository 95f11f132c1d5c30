//! The store as the other rooms hold it: giving never waits, except before an effect.
//!
//! Promises: a full queue or a failed disk refuses in words and is counted; dropping a future
//! blocks nobody.
//! Never: touches the writing connection.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use super::connect::{self, Pools};
use super::intents::{Row, Settler};
use super::queue::{Job, NoRoom, QUEUE_BYTES_MAX, Queue};
use super::sole::Carrying;
use super::standing::Process;
use super::writer::{self, Disk, INTENTS_REFUSED, LINES_LOST};
use super::{CallHead, CallRecord, CallState, Intent, IntentKey, IntentRecord, Line, Outcome, ToolLine};
use super::{ToolRun, calls, fault, intents, journal, plans, runs};
use crate::core::base::{CallId, CallTime, Digest, Fault, Owner, Private, World};

/// The database, shared by clones. The last clone dropped lets the writer finish in its own time;
/// [`Store::close`] waits for it.
#[derive(Clone)]
pub struct Store {
    queue: Queue,
    pub(super) pools: Arc<Pools>,
    /// This process by its name, where it carries calls.
    process: Option<Arc<str>>,
    /// What the writer last heard of the disk.
    disk: watch::Receiver<Disk>,
}

/// Proof that an intent is on disk and new: what it announces may be sent, once.
#[derive(Debug, PartialEq, Eq)]
pub struct Begun(pub(super) ());

/// Why nothing may be sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BeginRefused {
    /// The same step of the same proposal of the same call was begun before, whatever came of it.
    #[error("this step was begun before")]
    AlreadyBegun,
    /// The intent is not on disk.
    #[error("the call record is unavailable: {0}")]
    RecordUnavailable(Fault),
}

/// A head on its way to the disk.
#[derive(Debug)]
pub struct Opening(oneshot::Receiver<Result<(), NotOpened>>);

/// Why a head is not on disk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    /// Another call has the id, and its record: what this one would give belongs elsewhere.
    #[error("another call has this id")]
    Taken,
    /// The disk takes nothing now; the head is kept, in order, and tried again.
    #[error("the head waits for the disk: {0}")]
    Waits(Fault),
    /// It never will be.
    #[error("{0}")]
    Refused(Fault),
}

impl Opening {
    /// Returns when the head is on disk. It waits as long as the disk does; dropped, the head is written all the same.
    ///
    /// # Errors
    /// It is not.
    pub async fn written(self) -> Result<(), NotOpened> {
        self.0.await.unwrap_or_else(|_| Err(NotOpened::Refused(stopped())))
    }
}

/// The queue is full, or the store is closed: what was given is not in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue of the call record is full")]
pub struct QueueFull;

impl Store {
    /// Opens or makes the database file and brings its tables up to date.
    ///
    /// # Errors
    /// The admin's fault when the path cannot be read and written as a database.
    pub async fn open(path: &Path) -> Result<Store, Fault> {
        Ok(Store::over(connect::file(path).await?))
    }

    /// Opens a journal as it lies. All that is given is refused, as by a closed store.
    ///
    /// # Errors
    /// The admin's fault when the path is no journal, or cannot be read.
    pub async fn open_to_read(path: &Path) -> Result<Store, Fault> {
        let pools = connect::to_read(path).await?;
        // Nobody takes jobs from this queue.
        let (queue, _) = Queue::new();
        let (_, disk) = watch::channel(Disk::Refuses);
        Ok(Store { queue, pools: Arc::new(pools), process: None, disk })
    }

    /// A database that ends with the store, for tests.
    ///
    /// # Errors
    /// When SQLite cannot be started.
    pub async fn in_memory() -> Result<Store, Fault> {
        Ok(Store::over(connect::memory().await?))
    }

    fn over(pools: Pools) -> Store {
        let (queue, jobs) = Queue::new();
        let (tell, disk) = watch::channel(Disk::Writes);
        tokio::spawn(writer::run(jobs, pools.write.clone(), tell));
        Store { queue, pools: Arc::new(pools), process: None, disk }
    }

    /// For a process that carries calls: what is opened and taken up from here on is that process's.
    #[must_use]
    pub fn carried_by(self, process: &Carrying) -> Store {
        Store { process: Some(process.name().into()), ..self }
    }

    /// The key under which this database's actions are digested: the same at every opening.
    #[must_use]
    pub fn action_key(&self) -> &[u8; 32] {
        &self.pools.action_key
    }

    /// Whether the last that was given could be written. While not, no intent begins.
    #[must_use]
    pub fn is_written(&self) -> bool {
        *self.disk.borrow() == Disk::Writes
    }

    /// Queues the head of a call, before anything else of that call, and its plan's text. Does not wait.
    ///
    /// # Errors
    /// When the queue is full: the call would have no record.
    pub fn open_call(&self, head: CallHead, plan: Arc<str>) -> Result<Opening, Fault> {
        let (reply, answer) = oneshot::channel();
        let process = self.process.clone();
        self.queue.give(Job::Open { head: Box::new(head), plan, process, reply }).map_err(no_room)?;
        Ok(Opening(answer))
    }

    /// Queues one line of a call's journal. Does not wait.
    ///
    /// # Errors
    /// The line is lost, and counted as lost.
    pub fn append(&self, call: &CallId, seq: u32, at: CallTime, line: String) -> Result<(), QueueFull> {
        let line = Line { seq, at, text: Private::new(line) };
        self.queue.give(Job::Line { call: call.clone(), line }).map_err(|_| {
            metrics::counter!(LINES_LOST).increment(1);
            QueueFull
        })
    }

    /// Puts an intent on disk, with all that was given before it: given at once, awaited by the future. What it
    /// announces may be sent when, and only when, that returns `Ok`. A future dropped before that leaves no intent, or
    /// a failed one, or, dropped with the answer unread, one that stays begun. It waits as long as the disk does: the
    /// deadline is the caller's.
    ///
    /// # Errors
    /// The step was begun before, or the record cannot be written. Nothing may be sent.
    pub fn begin(&self, intent: Intent) -> impl Future<Output = Result<Begun, BeginRefused>> + use<> {
        let (reply, answer) = oneshot::channel();
        let given = self.queue.give(Job::Begin { intent: Box::new(intent), reply });
        async move {
            let begun = match given {
                Ok(()) => answer.await.unwrap_or_else(|_| Err(BeginRefused::RecordUnavailable(stopped()))),
                Err(refused) => Err(BeginRefused::RecordUnavailable(no_room(refused))),
            };
            if let Err(BeginRefused::RecordUnavailable(_)) = &begun {
                metrics::counter!(INTENTS_REFUSED).increment(1);
            }
            begun
        }
    }

    /// Queues what came of an intent. Done and failed stay; unknown gives way to a later outcome.
    ///
    /// # Errors
    /// The intent stays as it was, which another call reads as unknown.
    pub fn settle(&self, key: IntentKey, outcome: Outcome) -> Result<(), QueueFull> {
        self.queue.give(Job::Settle { key, outcome, by: Settler::Owner }).map_err(|_| QueueFull)
    }

    /// Queues what was found out of an action whose call nobody carries. Where somebody has taken that call up by then,
    /// nothing is written: they ask by themselves, and tell their caller what they find.
    ///
    /// # Errors
    /// The intent stays as it was.
    pub fn settle_left(&self, key: IntentKey, outcome: Outcome) -> Result<(), QueueFull> {
        self.queue.give(Job::Settle { key, outcome, by: Settler::Bystander }).map_err(|_| QueueFull)
    }

    /// Queues where a call now stands. An ended call stays ended; `Live` counts one more attempt.
    ///
    /// # Errors
    /// The call stays where it stood.
    pub fn set_state(&self, call: &CallId, state: CallState) -> Result<(), QueueFull> {
        self.queue.give(Job::State { call: call.clone(), state }).map_err(|_| QueueFull)
    }

    /// Every live call is lost, as [`super::KILLED`] says, and every action under way of unknown outcome: for who knows
    /// that what carried them is gone. How many calls.
    ///
    /// # Errors
    /// When it is not on disk.
    pub async fn lose_live(&self) -> Result<u64, Fault> {
        self.lose(None).await
    }

    /// The same of what those processes carried that are known to be gone, whoever else carries calls.
    ///
    /// # Errors
    /// When it is not on disk.
    pub async fn lose_gone(&self) -> Result<u64, Fault> {
        let mut lost = 0;
        for gone in self.pools.locks.gone() {
            lost += self.lose(Some(gone.name().to_owned())).await?;
            gone.forget();
        }
        Ok(lost)
    }

    async fn lose(&self, process: Option<String>) -> Result<u64, Fault> {
        let (reply, answer) = oneshot::channel();
        self.queue.give(Job::Lose { process, reply }).map_err(no_room)?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Takes up a call whose process was killed, as read: whether it is this process's now. Of several that try one gets
    /// it. It counts one more attempt.
    ///
    /// # Errors
    /// When it is not on disk.
    pub async fn take_up(&self, call: &CallRecord) -> Result<bool, Fault> {
        let (reply, answer) = oneshot::channel();
        let (call, attempts, process) = (call.head.id.clone(), call.attempts, self.process.clone());
        self.queue.give(Job::TakeUp { call, attempts, process, reply }).map_err(no_room)?;
        answer.await.unwrap_or_else(|_| Err(stopped())).map(|rows| rows > 0)
    }

    /// Takes one run of a limited tool from what its caller has left, on disk: whether there was one.
    ///
    /// # Errors
    /// When it is not on disk.
    pub async fn spend_run(&self, run: ToolRun) -> Result<bool, Fault> {
        let (reply, answer) = oneshot::channel();
        let (run, key) = (Box::new(run), *self.action_key());
        self.queue.give(Job::Spend { run, key, reply }).map_err(no_room)?;
        answer.await.unwrap_or_else(|_| Err(stopped())).map(|rows| rows > 0)
    }

    /// Whether a caller has a run of a limited tool left; none is taken.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn is_run_left(&self, run: &ToolRun) -> Result<bool, Fault> {
        runs::is_left(&self.pools.read, self.action_key(), run).await.map_err(unread)
    }

    /// Returns when all that was given before is on disk.
    ///
    /// # Errors
    /// When it is not; the writer keeps it and tries again.
    pub async fn flush(&self) -> Result<(), Fault> {
        let (reply, answer) = oneshot::channel();
        self.queue.give(Job::Flush { reply }).map_err(no_room)?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Writes all that was given, then closes the database for every clone.
    ///
    /// # Errors
    /// When something could not be written; it is lost, and its lines are counted.
    pub async fn close(&self) -> Result<(), Fault> {
        let (reply, answer) = oneshot::channel();
        self.queue.close(Job::Close { reply }).map_err(no_room)?;
        let written = answer.await.unwrap_or_else(|_| Err(stopped()));
        self.pools.read.close().await;
        self.pools.write.close().await;
        written
    }

    /// # Errors
    /// As every question below: when the database cannot be read.
    pub async fn call(&self, id: &CallId) -> Result<Option<CallRecord>, Fault> {
        calls::by_id(&self.pools.read, id).await.map_err(unread)
    }

    /// The newest call of that name in the carrier's records.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn call_by_carrier(&self, carrier_call: &str) -> Result<Option<CallRecord>, Fault> {
        calls::by_carrier(&self.pools.read, carrier_call).await.map_err(unread)
    }

    /// Ids of all calls, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn call_ids(&self) -> Result<Vec<String>, Fault> {
        calls::ids(&self.pools.read).await.map_err(unread)
    }

    /// A call's lines in order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn journal(&self, call: &CallId) -> Result<Vec<Line>, Fault> {
        journal::of_call(&self.pools.read, call).await.map_err(unread)
    }

    /// What tools were asked for and what came of it, in calls answered since then, in microseconds since 1970; call by
    /// call.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn tool_lines(&self, since_us: i64) -> Result<Vec<ToolLine>, Fault> {
        journal::of_tools(&self.pools.read, since_us).await.map_err(unread)
    }

    /// The text of a plan.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn plan(&self, hash: Digest) -> Result<Option<String>, Fault> {
        plans::text(&self.pools.read, hash).await.map_err(unread)
    }

    /// A call's intents, by proposal and step.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn intents(&self, call: &CallId) -> Result<Vec<IntentRecord>, Fault> {
        self.records(intents::of_call(&self.pools.read, call).await)
    }

    /// The intents of all calls, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn all_intents(&self) -> Result<Vec<IntentRecord>, Fault> {
        self.records(intents::all(&self.pools.read).await)
    }

    /// The intents of which no outcome is known, or none yet, whoever called. None that was mocked.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open_intents(&self) -> Result<Vec<IntentRecord>, Fault> {
        self.records(intents::open(&self.pools.read).await)
    }

    /// The intents of all calls of that name in the carrier's records, the oldest call first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn intents_by_carrier(
        &self,
        carrier_call: &str,
        world: World,
    ) -> Result<Vec<IntentRecord>, Fault> {
        self.records(intents::of_carrier_call(&self.pools.read, carrier_call, world).await)
    }

    /// A caller's intents whose outcome is unknown, or open in a call that is not settled yet: nobody may say
    /// *done* of them, nor send the same again as new. Only of calls of that world. None for a caller without a number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn unknown_intents(&self, caller: &Private, world: World) -> Result<Vec<IntentRecord>, Fault> {
        if is_nobody(caller) {
            return Ok(Vec::new());
        }
        self.records(intents::unknown_of(&self.pools.read, caller.reveal(), world).await)
    }

    /// What was done for a caller since then, in microseconds since 1970, in calls that broke off or still go on, or came
    /// to light just before its call's end or after it: they may not have heard of it. None for a caller without a number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn untold_intents(
        &self,
        caller: &Private,
        world: World,
        since_us: i64,
    ) -> Result<Vec<IntentRecord>, Fault> {
        if is_nobody(caller) {
            return Ok(Vec::new());
        }
        self.records(intents::untold_of(&self.pools.read, caller.reveal(), world, since_us).await)
    }

    /// Of that caller, what was done since then, in microseconds since 1970, and was not followed by a later step of the same
    /// action that is done. Of an action of one step that is each. Oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn unfollowed_intents(
        &self,
        caller: &Private,
        world: World,
        since_us: i64,
    ) -> Result<Vec<IntentRecord>, Fault> {
        if is_nobody(caller) {
            return Ok(Vec::new());
        }
        self.records(intents::unfollowed_of(&self.pools.read, caller.reveal(), world, since_us).await)
    }

    /// Actions begun since then, in microseconds since 1970, that are open or unknown, of calls of that world which nobody
    /// carries now. The newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn left_open(&self, world: World, since_us: i64) -> Result<Vec<IntentRecord>, Fault> {
        self.records(intents::left_open(&self.pools.read, world, since_us).await)
    }

    /// What was read, with whether the processes live whose word is still awaited.
    fn records(&self, rows: sqlx::Result<Vec<Row>>) -> Result<Vec<IntentRecord>, Fault> {
        let mut seen = BTreeMap::new();
        let record = |Row(record, process)| {
            let process = process.filter(|_| !record.is_done() && !record.has_failed());
            let process = process.map_or(Process::NotKnown, |name| {
                seen.entry(name).or_insert_with_key(|name| self.pools.locks.process(name)).clone()
            });
            IntentRecord { process, ..record }
        };
        Ok(rows.map_err(unread)?.into_iter().map(record).collect())
    }

    /// When the action last left: it, or whatever else of that caller had its key.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_sent(&self, intent: &Intent) -> Result<i64, Fault> {
        let Some(key) = &intent.idempotency_key else { return Ok(intent.begun_us) };
        let (caller, tool) = (intent.caller.reveal(), &intent.tool);
        let last = intents::last_under_key(&self.pools.read, caller, tool, key).await.map_err(unread)?;
        Ok(last.map_or(intent.begun_us, |last| last.max(intent.begun_us)))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

/// A number that is withheld is many people, never one.
fn is_nobody(caller: &Private) -> bool {
    caller.reveal().trim().is_empty()
}

fn no_room(refused: NoRoom) -> Fault {
    match refused {
        NoRoom::Closed => stopped(),
        NoRoom::Full => Fault::new(
            Owner::Admin,
            format!("{QUEUE_BYTES_MAX} bytes of the call record wait for the disk"),
            "see in the log what the disk says; give it a faster disk, or this gateway fewer calls",
        ),
    }
}

fn stopped() -> Fault {
    Fault::new(Owner::Gateway, "the store is closed", "start the gateway again")
}

fn unread(error: sqlx::Error) -> Fault {
    fault::of_sql("the call record could not be read", &error)
}
