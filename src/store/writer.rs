//! The one task that writes: it commits what all calls gave, every 50 ms or at once when somebody waits.
//!
//! Promises: jobs are committed in the order given, a commit carries all that was given before whoever waits
//! for it; what the disk refuses is kept, in order, and tried again; an intent that was refused is never
//! written.
//! Never: retries an intent, or lets one row that cannot be written hold up the rest.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::mpsc::Receiver;
use tokio::sync::{oneshot, watch};
use tokio::time::{MissedTickBehavior, interval};

use super::calls::{CallState, KILLED};
use super::handle::{BeginRefused, Begun, NotOpened};
use super::intents::{IntentKey, Outcome, OutcomeKind, Settler};
use super::journal::LINES_PER_INSERT;
use super::queue::{Job, Queued};
use super::stamp::now_us;
use super::{calls, fault, intents, journal, plans, runs};
use crate::core::base::{Fault, Owner};
use crate::crash::{self, Point};

/// How long a line may wait in memory: what a killed process loses at most.
const CADENCE: Duration = Duration::from_millis(50);

/// How long after a failed commit the next is tried when nobody waits: a full disk is not mended in less, and
/// writing all that is kept again costs the calls their processor.
const RETRY: Duration = Duration::from_secs(1);

pub(super) const LINES_LOST: &str = "centralita_journal_lines_lost_total";
pub(super) const INTENTS_REFUSED: &str = "centralita_intents_refused_total";

/// Runs until the store is closed or its last clone is dropped.
pub(super) async fn run(mut jobs: Receiver<Queued>, db: SqlitePool, tell: watch::Sender<Disk>) {
    let mut cadence = interval(CADENCE);
    cadence.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut writer = Writer { db, kept: Vec::new(), disk: tell };
    let mut is_last = false;
    while !is_last {
        let job = tokio::select! {
            job = jobs.recv() => Some(job),
            _ = cadence.tick() => None,
        };
        match job {
            Some(Some(queued)) if !queued.job.is_awaited() => {
                writer.kept.push(queued);
                continue;
            }
            Some(Some(queued)) => writer.kept.push(queued),
            Some(None) => is_last = true,
            None => {}
        }
        // All that is there goes along: behind this commit it would wait for the next. The room bounds it.
        while let Ok(queued) = jobs.try_recv() {
            writer.kept.push(queued);
        }
        if writer.kept.iter().any(|queued| matches!(queued.job, Job::Close { .. })) {
            is_last = true;
            jobs.close();
            while let Some(queued) = jobs.recv().await {
                writer.kept.push(queued);
            }
        }
        writer.commit().await;
        let disk = *writer.disk.borrow();
        cadence.reset_after(match disk {
            Disk::Writes => CADENCE,
            Disk::Refuses => RETRY,
        });
    }
    writer.give_up();
}

struct Writer {
    db: SqlitePool,
    /// Taken from the queue and not committed yet, in order. Each still holds its room.
    kept: Vec<Queued>,
    disk: watch::Sender<Disk>,
}

/// How the last commit went; the log says each change once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disk {
    Writes,
    Refuses,
}

/// What one job came to, inside its transaction.
enum Wrote {
    Rows(u64),
    /// A constraint refused this row; the others are written.
    Broken(Fault),
}

impl Writer {
    async fn commit(&mut self) {
        self.kept.retain(|queued| !queued.job.is_given_up());
        if self.kept.is_empty() {
            self.try_again().await;
            return;
        }
        match write(&self.db, &self.kept).await {
            Ok(wrote) => self.answer(wrote),
            Err(error) => self.refuse(&fault::of_sql("the call record could not be written", &error)),
        }
    }

    /// Nothing is left to write after a commit that failed: whether the disk is back is found out all the same.
    async fn try_again(&mut self) {
        let refuses = *self.disk.borrow() == Disk::Refuses;
        if refuses && sqlx::query("DELETE FROM calls WHERE false").execute(&self.db).await.is_ok() {
            tracing::info!("the call record can be written again");
            self.disk.send_replace(Disk::Writes);
        }
    }

    /// After a commit: tells who waits, and counts what was not new.
    fn answer(&mut self, wrote: Vec<Wrote>) {
        if self.disk.send_replace(Disk::Writes) == Disk::Refuses {
            tracing::info!(jobs = wrote.len(), "the call record is written again");
        }
        let committed = std::mem::take(&mut self.kept);
        for (Queued { job, room }, wrote) in committed.into_iter().zip(wrote) {
            match job {
                Job::Begin { intent, reply } => {
                    if reply.send(begun(wrote)) == Err(Ok(Begun(()))) {
                        let at_us = intent.begun_us;
                        let detail = "given up before it was sent".to_owned();
                        let outcome = Outcome { kind: OutcomeKind::Failed, at_us, detail };
                        let job = Job::Settle { key: intent.key, outcome, by: Settler::Owner };
                        self.kept.push(Queued { job, room });
                    }
                }
                Job::Flush { reply } | Job::Close { reply } => drop(reply.send(Ok(()))),
                Job::Lose { reply, .. } | Job::Spend { reply, .. } => drop(reply.send(wrote.rows())),
                Job::TakeUp { call, reply, .. } => {
                    // Whoever took it up is gone: it is the next one's.
                    if let Err(Ok(1..)) = reply.send(wrote.rows()) {
                        let state = CallState::Lost { reason: KILLED.to_owned() };
                        self.kept.push(Queued { job: Job::State { call, state }, room });
                    }
                }
                Job::Line { call, line } => {
                    if let Some(fault) = wrote.not_new() {
                        metrics::counter!(LINES_LOST).increment(1);
                        let (owner, seq) = (fault.owner, line.seq);
                        tracing::error!(%call, seq, ?owner, %fault, "a journal line was not written");
                    }
                }
                Job::Open { head, reply, .. } => {
                    // Whoever waits says what it means; a head nobody waits for any more has a call that goes on.
                    if let Err(Err(unread)) = reply.send(opened(wrote)) {
                        let why = match unread {
                            NotOpened::Taken => one_row_fault("the head's id is another call's"),
                            NotOpened::Waits(fault) | NotOpened::Refused(fault) => fault,
                        };
                        tracing::error!(call = %head.id, owner = ?why.owner, fault = %why, "the head of a call was not written");
                    }
                }
                Job::Settle { key, by, .. } => not_settled(&key, by, wrote.rows()),
                Job::State { .. } => {}
            }
        }
    }

    /// After a failed commit: tells who waits, keeps the rest for the next.
    fn refuse(&mut self, fault: &Fault) {
        if self.disk.send_replace(Disk::Refuses) == Disk::Writes {
            tracing::error!(owner = ?fault.owner, %fault, "no intent begins until the call record can be written");
        }
        let mut heads = BTreeSet::new();
        for Queued { job, room } in std::mem::take(&mut self.kept) {
            match job {
                Job::Open { head, reply, .. } if !heads.insert(head.id.clone()) => {
                    drop(reply.send(Err(NotOpened::Taken)));
                }
                Job::Open { head, plan, process, reply } => {
                    // The next commit tells nobody: who waited goes on meanwhile.
                    drop(reply.send(Err(NotOpened::Waits(fault.clone()))));
                    let (reply, _) = oneshot::channel();
                    self.kept.push(Queued { job: Job::Open { head, plan, process, reply }, room });
                }
                Job::Begin { reply, .. } => {
                    drop(reply.send(Err(BeginRefused::RecordUnavailable(fault.clone()))));
                }
                Job::Flush { reply } | Job::Close { reply } => drop(reply.send(Err(fault.clone()))),
                Job::Lose { reply, .. } | Job::TakeUp { reply, .. } | Job::Spend { reply, .. } => {
                    drop(reply.send(Err(fault.clone())));
                }
                Job::State { .. } | Job::Line { .. } | Job::Settle { .. } => {
                    self.kept.push(Queued { job, room });
                }
            }
        }
    }

    /// At the end: what is still kept is lost.
    fn give_up(self) {
        let lines = self.kept.iter().filter(|queued| matches!(queued.job, Job::Line { .. })).count();
        if !self.kept.is_empty() {
            metrics::counter!(LINES_LOST).increment(lines as u64);
            let jobs = self.kept.len();
            let what = "the disk took nothing more before the end";
            let fault = Fault::new(Owner::Admin, what, "see above what it said, and mend that");
            tracing::error!(
                jobs,
                lines,
                owner = ?fault.owner,
                %fault,
                "the store ends with jobs that could not be written"
            );
        }
    }
}

impl Wrote {
    fn rows(self) -> Result<u64, Fault> {
        match self {
            Wrote::Rows(rows) => Ok(rows),
            Wrote::Broken(fault) => Err(fault),
        }
    }

    /// Why nothing new was written, if so.
    fn not_new(self) -> Option<Fault> {
        match self.rows() {
            Ok(0) => Some(one_row_fault("the table was not changed")),
            Ok(_) => None,
            Err(fault) => Some(fault),
        }
    }
}

/// What was settled first stays. A bystander's finding is dropped in silence: who carries the call finds out as well.
fn not_settled(action: &IntentKey, by: Settler, rows: Result<u64, Fault>) {
    let fault = match (rows, by) {
        (Ok(1..), _) | (Ok(0), Settler::Bystander) => return,
        (Ok(0), Settler::Owner) => {
            let what = "it was settled before, by hand or by another call under the same key: that stays";
            Fault::new(Owner::Admin, what, "`centralita effects list` shows what is on record")
        }
        (Err(fault), _) => fault,
    };
    tracing::warn!(%action, owner = ?fault.owner, %fault, "an outcome is not on record");
}

fn opened(wrote: Wrote) -> Result<(), NotOpened> {
    match wrote.rows() {
        Ok(0) => Err(NotOpened::Taken),
        Ok(_) => Ok(()),
        Err(fault) => Err(NotOpened::Refused(fault)),
    }
}

fn begun(wrote: Wrote) -> Result<Begun, BeginRefused> {
    match wrote.rows() {
        Ok(0) => Err(BeginRefused::AlreadyBegun),
        Ok(_) => Ok(Begun(())),
        Err(fault) => Err(BeginRefused::RecordUnavailable(fault)),
    }
}

/// One transaction for all jobs; one [`Wrote`] for each, in order.
///
/// BEGIN and ROLLBACK are written out: SQLite itself rolls back on a full disk, and sqlx's `Transaction`
/// would then believe for good that it is still inside.
async fn write(db: &SqlitePool, jobs: &[Queued]) -> sqlx::Result<Vec<Wrote>> {
    let mut db = db.acquire().await?;
    // IMMEDIATE takes the write lock at once; a lock taken later is refused without waiting when another
    // wrote.
    let wrote = match sqlx::query("BEGIN IMMEDIATE").execute(&mut *db).await {
        Ok(_) => write_all(&mut db, jobs).await,
        Err(error) => Err(error),
    };
    let committed = match wrote {
        Ok(wrote) => {
            pass_with(jobs, |job| matches!(job, Job::Begin { .. }), Point::IntentQueued);
            pass_with(jobs, |job| matches!(job, Job::Settle { .. }), Point::OutcomeQueued);
            sqlx::query("COMMIT").execute(&mut *db).await.map(|_| wrote)
        }
        Err(error) => Err(error),
    };
    if committed.is_err() {
        // Fails where SQLite has rolled back already, or never began.
        drop(sqlx::query("ROLLBACK").execute(&mut *db).await);
    } else {
        pass_with(jobs, |job| matches!(job, Job::Settle { .. }), Point::OutcomeOnDisk);
    }
    committed
}

/// Passes a crash point where one of the jobs is its own.
fn pass_with(jobs: &[Queued], is_its_own: impl Fn(&Job) -> bool, point: Point) {
    if jobs.iter().any(|queued| is_its_own(&queued.job)) {
        crash::pass(point);
    }
}

async fn write_all(db: &mut SqliteConnection, jobs: &[Queued]) -> sqlx::Result<Vec<Wrote>> {
    let mut wrote = Vec::with_capacity(jobs.len());
    while let Some(queued) = jobs.get(wrote.len()) {
        let rows = match &queued.job {
            Job::Line { .. } => {
                write_lines(db, &jobs[wrote.len()..], &mut wrote).await?;
                continue;
            }
            Job::Open { head, plan, process, .. } => match plans::keep(db, head.plan_hash, plan).await {
                Ok(()) => calls::open(db, head, process.as_deref()).await,
                Err(error) => Err(error),
            },
            Job::State { call, state } => calls::set_state(db, call, state).await,
            Job::Lose { process, .. } => {
                intents::lose_begun(db, now_us(), process.as_deref()).await?;
                calls::lose(db, process.as_deref()).await
            }
            Job::TakeUp { call, attempts, process, .. } => {
                calls::take_up(db, call, *attempts, process.as_deref()).await
            }
            Job::Begin { intent, .. } => intents::begin(db, intent).await,
            Job::Settle { key, outcome, by } => intents::settle(db, key, outcome, *by).await,
            Job::Spend { run, key, .. } => runs::spend(db, key, run).await,
            Job::Flush { .. } | Job::Close { .. } => Ok(0),
        };
        wrote.push(one_row(rows)?);
    }
    Ok(wrote)
}

/// The run of lines that `jobs` opens with, as one statement where no row is refused.
async fn write_lines(db: &mut SqliteConnection, jobs: &[Queued], wrote: &mut Vec<Wrote>) -> sqlx::Result<()> {
    let run = jobs.iter().map_while(|queued| match &queued.job {
        Job::Line { call, line } => Some((call, line)),
        Job::Open { .. }
        | Job::State { .. }
        | Job::Lose { .. }
        | Job::TakeUp { .. }
        | Job::Begin { .. }
        | Job::Settle { .. }
        | Job::Spend { .. }
        | Job::Flush { .. }
        | Job::Close { .. } => None,
    });
    let lines: Vec<_> = run.take(LINES_PER_INSERT).collect();
    match one_row(journal::add(db, &lines).await)? {
        Wrote::Rows(_) => wrote.extend(lines.iter().map(|_| Wrote::Rows(1))),
        // The whole statement is undone: line by line all are written but the one it is about.
        Wrote::Broken(_) => {
            for line in &lines {
                wrote.push(one_row(journal::add(db, std::slice::from_ref(line)).await)?);
            }
        }
    }
    Ok(())
}

/// A row refused by a constraint is that row's business; any other error is the transaction's.
fn one_row(rows: sqlx::Result<u64>) -> sqlx::Result<Wrote> {
    match rows {
        Ok(rows) => Ok(Wrote::Rows(rows)),
        Err(error) if fault::is_of_one_row(&error) => {
            Ok(Wrote::Broken(one_row_fault(format!("the call record refused a row: {error}"))))
        }
        Err(error) => Err(error),
    }
}

fn one_row_fault(what: impl Into<String>) -> Fault {
    Fault::new(Owner::Gateway, what, "report this with the log around it")
}

#[cfg(test)]
mod tests {
    use super::super::queue::Queue;
    use super::super::tests::{head, id, intent};
    use super::super::{IntentState, Store};
    use super::*;

    #[tokio::test]
    async fn an_intent_given_up_while_it_was_committed_is_settled_as_failed() {
        let store = Store::in_memory().await.expect("memory takes a database");
        store.open_call(head("c1"), "the plan".into()).expect("the queue has room");
        store.flush().await.expect("the disk takes it");
        let (queue, mut jobs) = Queue::new();
        let (reply, answer) = tokio::sync::oneshot::channel();
        let begin = Job::Begin { intent: Box::new(intent("c1", 1, 0)), reply };
        assert!(queue.give(begin).is_ok());
        let kept = vec![jobs.recv().await.expect("the queue is not closed")];
        let mut writer =
            Writer { db: store.pools.write.clone(), kept, disk: watch::Sender::new(Disk::Writes) };

        let wrote = write(&writer.db, &writer.kept).await.expect("the disk takes it");
        drop(answer);
        writer.answer(wrote);
        writer.commit().await;

        let intents = store.intents(&id("c1")).await.expect("memory reads back");
        assert!(
            matches!(&intents[0].state, IntentState::Settled(outcome) if outcome.kind == OutcomeKind::Failed)
        );
    }

    #[tokio::test]
    async fn a_head_whose_id_is_another_calls_is_taken_also_while_the_disk_refuses() {
        let store = Store::in_memory().await.expect("memory takes a database");
        let give = || store.open_call(head("c1"), "the plan".into()).expect("the queue has room");
        let (first, second) = (give(), give());
        assert_eq!((first.written().await, second.written().await), (Ok(()), Err(NotOpened::Taken)));
        let (queue, mut jobs) = Queue::new();
        let (disk, told) = watch::channel(Disk::Writes);
        let mut writer = Writer { db: store.pools.write.clone(), kept: Vec::new(), disk };
        let mut answers = Vec::new();
        for _ in 0..2 {
            let (reply, answer) = oneshot::channel();
            let (head, plan) = (Box::new(head("c2")), "the plan".into());
            let job = Job::Open { head, plan, process: None, reply };
            assert!(queue.give(job).is_ok());
            writer.kept.push(jobs.recv().await.expect("the queue is not closed"));
            answers.push(answer);
        }
        let fault = one_row_fault("the disk is full");
        writer.refuse(&fault);
        assert_eq!(answers.remove(0).await, Ok(Err(NotOpened::Waits(fault))));
        assert_eq!(answers.remove(0).await, Ok(Err(NotOpened::Taken)));
        assert_eq!(writer.kept.len(), 1, "the first is kept, and written when the disk comes back");
        assert_eq!(*told.borrow(), Disk::Refuses);
        writer.commit().await;
        assert_eq!(*told.borrow(), Disk::Writes);
        assert!(store.call(&id("c2")).await.expect("memory reads back").is_some());
    }
}
