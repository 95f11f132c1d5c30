//! The store against a real file: kills, full disks, full queues, hostile text.
//!
//! Promises: every test leaves no file behind.
//! Never: waits for a length of time.

mod tries;
mod whose;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use futures::FutureExt as _;
use futures::future::join_all;

use super::queue::{JOB_BYTES, QUEUE_BYTES_MAX};
use super::*;
use crate::core::base::{CallId, CallTime, Digest, Owner, Private, ProposalId, ToolName, World};

/// A directory of its own for one test, removed at the end.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Dir {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("centralita-store-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        Dir(dir)
    }

    fn file(&self) -> PathBuf {
        self.0.join("calls.db")
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

pub(super) fn id(text: &str) -> CallId {
    CallId::parse(text).unwrap()
}

pub(super) fn head(call: &str) -> CallHead {
    CallHead {
        id: id(call),
        carrier_call: format!("carrier-{call}"),
        agent: "shop".into(),
        plan_hash: Digest::of_bytes(b"plan"),
        schema_version: 1,
        build: "0.1.0".into(),
        world: World::Real,
        caller: Private::new("+34600111222"),
        called: "+34910000000".into(),
        answered_us: 1_000_000,
    }
}

fn key(call: &str, proposal: u32, step: u32) -> IntentKey {
    IntentKey { call: id(call), proposal: ProposalId(proposal), step }
}

pub(super) fn intent(call: &str, proposal: u32, step: u32) -> Intent {
    Intent {
        key: key(call, proposal, step),
        tool: ToolName("shop.refund".into()),
        digest: Digest::of_bytes(b"twenty euros"),
        idempotency_key: Some(format!("{call}-t{proposal}-{step}")),
        caller: Private::new("+34600111222"),
        begun_us: 2_000_000,
        admin: None,
    }
}

/// As it is read where no process is on record.
fn begun(intent: Intent) -> IntentRecord {
    IntentRecord { intent, state: IntentState::Begun, world: World::Real, process: Process::NotKnown }
}

fn outcome(kind: OutcomeKind) -> Outcome {
    Outcome { kind, at_us: 3_000_000, detail: "201".into() }
}

fn open_call(store: &Store, call: &str) {
    store.open_call(head(call), "the plan".into()).unwrap();
}

fn append(store: &Store, call: &str, seq: u32, text: &str) -> Result<(), QueueFull> {
    store.append(&id(call), seq, CallTime(seq * 10), text.to_owned())
}

async fn texts(store: &Store, call: &str) -> Vec<String> {
    let lines = store.journal(&id(call)).await.unwrap();
    lines.into_iter().map(|line| line.text.reveal().to_owned()).collect()
}

/// Runs `work` on a store over `file`, then kills the process as far as the store can tell: nothing is
/// closed.
fn killed_after<F: Future<Output = ()>>(file: &Path, work: impl FnOnce(Store) -> F) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { work(Store::open(file).await.unwrap()).await });
}

async fn run(store: &Store, statement: &'static str) {
    sqlx::query(statement).execute(&store.pools.write).await.unwrap();
}

fn refusal(begun: Result<Begun, BeginRefused>) -> crate::core::base::Fault {
    match begun {
        Err(BeginRefused::RecordUnavailable(fault)) => fault,
        other => panic!("not refused for want of a record: {other:?}"),
    }
}

#[tokio::test]
async fn an_intent_and_all_before_it_are_on_disk_when_begin_returns() {
    let dir = Dir::new();
    let store = Store::open(&dir.file()).await.unwrap();
    let other = Store::open(&dir.file()).await.unwrap();
    open_call(&store, "c1");
    append(&store, "c1", 1, "< said").unwrap();
    assert_eq!(store.begin(intent("c1", 1, 0)).await, Ok(Begun(())));
    let seen = other.intents(&id("c1")).await.unwrap();
    assert_eq!(seen, [begun(intent("c1", 1, 0))]);
    assert_eq!(texts(&other, "c1").await, ["< said"]);
    assert_eq!(other.call(&id("c1")).await.unwrap().unwrap().head, head("c1"));
    assert_eq!(other.plan(head("c1").plan_hash).await.unwrap().as_deref(), Some("the plan"));
}

#[test]
fn a_kill_keeps_what_was_committed_and_a_new_process_cannot_begin_the_step_again() {
    let dir = Dir::new();
    killed_after(&dir.file(), |store| async move {
        open_call(&store, "c1");
        append(&store, "c1", 1, "before").unwrap();
        store.begin(intent("c1", 1, 0)).await.unwrap();
        append(&store, "c1", 2, "perhaps lost with the process").unwrap();
    });
    killed_after(&dir.file(), |store| async move {
        assert_eq!(store.call(&id("c1")).await.unwrap().unwrap().state, CallState::Live);
        assert_eq!(texts(&store, "c1").await[0], "before");
        assert_eq!(store.begin(intent("c1", 1, 0)).await, Err(BeginRefused::AlreadyBegun));
        // To the caller's next call it is unknown, and nobody has to mark it so first.
        let unknown = store.unknown_intents(&head("c1").caller, World::Real).await.unwrap();
        assert_eq!(unknown, [begun(intent("c1", 1, 0))]);
    });
}

/// What lies in a directory, by name.
fn contents(dir: &Dir) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let files = std::fs::read_dir(&dir.0).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| (file.clone(), std::fs::read(file).unwrap())).collect()
}

#[tokio::test]
async fn a_journal_that_is_only_read_stays_as_it_lies_and_takes_nothing() {
    let dir = Dir::new();
    let store = Store::open(&dir.file()).await.unwrap();
    open_call(&store, "c1");
    append(&store, "c1", 1, "a line").unwrap();
    store.close().await.unwrap();
    let before = contents(&dir);
    let reading = Store::open_to_read(&dir.file()).await.unwrap();
    assert_eq!(texts(&reading, "c1").await, ["a line"]);
    assert_eq!(append(&reading, "c1", 2, "another"), Err(QueueFull));
    assert_eq!(contents(&dir), before);
}

#[tokio::test]
async fn a_journal_that_is_being_written_is_read_up_to_its_last_commit() {
    let dir = Dir::new();
    let store = Store::open(&dir.file()).await.unwrap();
    open_call(&store, "c1");
    append(&store, "c1", 1, "a line").unwrap();
    store.flush().await.unwrap();
    let reading = Store::open_to_read(&dir.file()).await.unwrap();
    assert_eq!(texts(&reading, "c1").await, ["a line"]);
    append(&store, "c1", 2, "another").unwrap();
    store.flush().await.unwrap();
    assert_eq!(texts(&reading, "c1").await, ["a line", "another"]);
}

#[tokio::test]
async fn through_a_link_a_journal_is_read_with_the_log_that_a_killed_process_left() {
    let (dir, left) = (Dir::new(), Dir::new());
    let store = Store::open(&dir.file()).await.unwrap();
    open_call(&store, "c1");
    store.flush().await.unwrap();
    for name in ["calls.db", "calls.db-wal"] {
        std::fs::copy(dir.0.join(name), left.0.join(name)).unwrap();
    }
    let link = dir.0.join("link.db");
    std::os::unix::fs::symlink(left.file(), &link).unwrap();
    let reading = Store::open_to_read(&link).await.unwrap();
    assert!(reading.call(&id("c1")).await.unwrap().is_some());
}

#[tokio::test]
async fn what_is_no_journal_is_refused_in_words_and_left_alone() {
    let dir = Dir::new();
    std::fs::write(dir.0.join("empty"), "").unwrap();
    std::fs::write(
        dir.0.join("text"),
        "no database, but longer than the head of one: a hundred bytes".repeat(2),
    )
    .unwrap();
    let other =
        sqlx::sqlite::SqliteConnectOptions::new().filename(dir.0.join("other")).create_if_missing(true);
    let mut other = sqlx::ConnectOptions::connect(&other).await.unwrap();
    sqlx::query("CREATE TABLE orders (id TEXT)").execute(&mut other).await.unwrap();
    sqlx::Connection::close(other).await.unwrap();
    let before = contents(&dir);
    for (name, why) in [
        ("empty", "is no journal"),
        ("other", "is no journal"),
        ("text", "not a database"),
        ("nowhere", "there is no such file"),
    ] {
        let fault = Store::open_to_read(&dir.0.join(name)).await.unwrap_err();
        assert!(fault.what.contains(why) && fault.what.contains(name), "{fault}");
        assert!(!fault.what.contains("code:"), "{fault}");
        assert_eq!(fault.owner, Owner::Admin);
    }
    assert_eq!(contents(&dir), before);
}

#[tokio::test]
async fn a_step_begins_once_whatever_came_of_it() {
    let store = Store::in_memory().await.unwrap();
    open_call(&store, "c1");
    for (step, kind) in [(0, OutcomeKind::Done), (1, OutcomeKind::Failed), (2, OutcomeKind::Unknown)] {
        store.begin(intent("c1", 1, step)).await.unwrap();
        store.settle(key("c1", 1, step), outcome(kind)).unwrap();
        assert_eq!(store.begin(intent("c1", 1, step)).await, Err(BeginRefused::AlreadyBegun), "{kind:?}");
    }
    assert!(store.begin(intent("c1", 2, 0)).await.is_ok(), "another proposal is another intent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_exactly_one_begins() {
    let dir = Dir::new();
    let stores = [Store::open(&dir.file()).await.unwrap(), Store::open(&dir.file()).await.unwrap()];
    open_call(&stores[0], "c1");
    stores[0].flush().await.unwrap();
    let racers = (0..32).map(|n| {
        let store = stores[n % 2].clone();
        tokio::spawn(async move { store.begin(intent("c1", 1, 0)).await })
    });
    let ends = join_all(racers).await.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1);
    assert_eq!(ends.iter().filter(|end| **end == Err(BeginRefused::AlreadyBegun)).count(), 31);
}

#[tokio::test]
async fn a_begin_that_nobody_waits_for_any_more_is_not_begun() {
    let store = Store::in_memory().await.unwrap();
    open_call(&store, "c1");
    assert!(store.begin(intent("c1", 1, 0)).now_or_never().is_none());
    store.flush().await.unwrap();
    assert_eq!(store.intents(&id("c1")).await.unwrap(), []);
}

#[tokio::test]
async fn an_intent_without_a_call_is_refused_and_the_rest_is_written() {
    let store = Store::in_memory().await.unwrap();
    open_call(&store, "c1");
    append(&store, "c1", 1, "a line").unwrap();
    assert_eq!(refusal(store.begin(intent("nobody", 1, 0)).await).owner, Owner::Gateway);
    assert_eq!(texts(&store, "c1").await, ["a line"]);
}

#[tokio::test]
async fn interleaved_calls_are_committed_in_the_order_given() {
    let store = Store::in_memory().await.unwrap();
    for call in ["c1", "c2"] {
        open_call(&store, call);
    }
    let mut given = Vec::new();
    for seq in 0..1_000 {
        let call = if (seq / 3) % 2 == 0 { "c1" } else { "c2" };
        append(&store, call, seq, "x").unwrap();
        given.push((call.to_owned(), seq));
        if seq % 97 == 0 {
            store.set_state(&id(call), CallState::Transferring).unwrap();
        }
    }
    store.flush().await.unwrap();
    let written: Vec<(String, u32)> = sqlx::query_as("SELECT call, seq FROM journal ORDER BY rowid")
        .fetch_all(&store.pools.read)
        .await
        .unwrap();
    assert_eq!(written, given);
}

#[tokio::test]
async fn lines_are_committed_though_nobody_waits() {
    let dir = Dir::new();
    let store = Store::open(&dir.file()).await.unwrap();
    open_call(&store, "c1");
    append(&store, "c1", 1, "alone").unwrap();
    let seen = async { while texts(&store, "c1").await.is_empty() {} };
    tokio::time::timeout(std::time::Duration::from_secs(10), seen).await.expect("committed by the cadence");
}

#[tokio::test]
async fn a_line_that_cannot_be_a_row_is_lost_alone() {
    let store = Store::in_memory().await.unwrap();
    open_call(&store, "c1");
    for (call, seq, text) in
        [("c1", 1, "first"), ("c1", 1, "same number"), ("nobody", 1, "no head"), ("c1", 2, "second")]
    {
        append(&store, call, seq, text).unwrap();
    }
    store.flush().await.unwrap();
    assert_eq!(texts(&store, "c1").await, ["first", "second"]);
}

#[tokio::test]
async fn a_full_queue_refuses_says_so_counts_and_recovers() {
    let store = Store::in_memory().await.unwrap();
    open_call(&store, "c1");
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let big = "x".repeat(QUEUE_BYTES_MAX as usize / 8);
    // The writer shares this thread and there is no await: nothing leaves the queue.
    let kept = metrics::with_local_recorder(&recorder, || {
        let big_ones = (0..).take_while(|seq| append(&store, "c1", *seq, &big).is_ok()).count();
        let small = (100..).take_while(|seq| append(&store, "c1", *seq, "").is_ok()).count();
        big_ones + small
    });
    assert!(kept < (QUEUE_BYTES_MAX / JOB_BYTES) as usize);
    assert!(metrics.render().contains("centralita_journal_lines_lost_total 2"), "{}", metrics.render());
    let fault = refusal(store.begin(intent("c1", 1, 0)).now_or_never().expect("refused at once"));
    assert_eq!(fault.owner, Owner::Admin);
    assert!(!fault.remedy.is_empty());
    assert_eq!(store.open_call(head("c2"), "".into()).unwrap_err().owner, Owner::Admin);
    assert_eq!(store.set_state(&id("c1"), CallState::Transferring), Err(QueueFull));
    store.flush().await.unwrap();
    assert!(store.begin(intent("c1", 1, 0)).await.is_ok());
    assert_eq!(store.journal(&id("c1")).await.unwrap().len(), kept, "all that was accepted is written");
}

#[tokio::test]
async fn a_disk_that_refuses_begins_no_intent_loses_no_line_and_may_come_back() {
    for (hurt, mend, remedy) in [
        ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000", "free space"),
        ("PRAGMA query_only = 1", "PRAGMA query_only = 0", "let centralita write"),
    ] {
        let dir = Dir::new();
        let store = Store::open(&dir.file()).await.unwrap();
        open_call(&store, "c1");
        store.flush().await.unwrap();
        run(&store, hurt).await;
        for seq in 0..200 {
            append(&store, "c1", seq, &"x".repeat(500)).unwrap();
        }
        for _ in 0..3 {
            let fault = refusal(store.begin(intent("c1", 1, 0)).await);
            assert!(fault.remedy.contains(remedy), "{hurt}: {fault}");
        }
        assert!(store.flush().await.is_err() && !store.is_written());
        append(&store, "c1", 200, "while it is refused").unwrap();
        run(&store, mend).await;
        assert_eq!(store.begin(intent("c1", 2, 0)).await, Ok(Begun(())), "{hurt}");
        let seqs: Vec<u32> = store.journal(&id("c1")).await.unwrap().iter().map(|line| line.seq).collect();
        assert_eq!(seqs, (0..=200).collect::<Vec<_>>(), "{hurt}");
        let begun = store.intents(&id("c1")).await.unwrap();
        assert_eq!(
            (begun.len(), store.open_intents().await.map(|open| open.len())),
            (1, Ok(1)),
            "a refused intent is never written"
        );
        assert!(store.begin(intent("c1", 1, 0)).await.is_ok(), "and may be begun when the disk is back");
        assert!(store.is_written());
    }
}

#[tokio::test]
async fn a_path_that_cannot_be_a_database_is_the_admins_fault() {
    let dir = Dir::new();
    let text = dir.0.join("notes.txt");
    std::fs::write(&text, "not a database, but long enough to be read as one ".repeat(100)).unwrap();
    for path in [dir.0.join("missing").join("calls.db"), dir.0.clone(), text] {
        let fault = Store::open(&path).await.expect_err("refused");
        assert_eq!(fault.owner, Owner::Admin, "{fault}");
    }
}

#[tokio::test]
async fn opening_again_changes_nothing_also_after_a_newer_build() {
    let dir = Dir::new();
    let store = Store::open(&dir.file()).await.unwrap();
    open_call(&store, "c1");
    run(
        &store,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (99, 'of a newer build', 1, x'00', 0)",
    )
    .await;
    store.close().await.unwrap();
    for _ in 0..2 {
        let again = Store::open(&dir.file()).await.unwrap();
        assert_eq!(again.call(&id("c1")).await.unwrap().unwrap().head, head("c1"));
        again.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_processes_that_start_together_one_makes_the_tables() {
    for _ in 0..10 {
        let dir = Dir::new();
        let file = dir.file();
        let empty = Store::open(&file).await.unwrap();
        run(&empty, "DROP TABLE journal; DROP TABLE intents; DROP TABLE calls; DROP TABLE plans").await;
        run(
            &empty,
            "DROP TABLE action_key; DROP TABLE tries; DROP TABLE tool_runs; DROP TABLE _sqlx_migrations",
        )
        .await;
        let starts = (0..4).map(|_| {
            let file = file.clone();
            tokio::spawn(async move { Store::open(&file).await.map(drop) })
        });
        for start in join_all(starts).await {
            assert_eq!(start.unwrap(), Ok(()));
        }
    }
}

#[tokio::test]
async fn every_commit_is_synced_and_foreign_keys_hold() {
    let dir = Dir::new();
    let store = Store::open(&dir.file()).await.unwrap();
    let text = |sql| sqlx::query_scalar::<_, String>(sql).fetch_one(&store.pools.write);
    let number = |sql| sqlx::query_scalar::<_, i64>(sql).fetch_one(&store.pools.write);
    assert_eq!(text("PRAGMA journal_mode").await.unwrap(), "wal");
    assert_eq!(number("PRAGMA synchronous").await.unwrap(), 2, "FULL");
    assert_eq!(number("PRAGMA foreign_keys").await.unwrap(), 1);
    let read = sqlx::query("DELETE FROM intents").execute(&store.pools.read).await;
    assert!(read.is_err(), "a reading connection does not write");
}

#[tokio::test]
async fn closing_writes_all_and_every_clone_is_told() {
    let dir = Dir::new();
    let store = Store::open(&dir.file()).await.unwrap();
    let clone = store.clone();
    open_call(&store, "c1");
    append(&store, "c1", 1, "last").unwrap();
    store.close().await.unwrap();
    assert_eq!(append(&clone, "c1", 2, "too late"), Err(QueueFull));
    assert!(refusal(clone.begin(intent("c1", 1, 0)).await).what.contains("closed"));
    assert!(clone.flush().await.is_err());
    assert!(clone.close().await.is_err());
    assert!(clone.call(&id("c1")).await.is_err());
    assert_eq!(texts(&Store::open(&dir.file()).await.unwrap(), "c1").await, ["last"]);
}

#[tokio::test]
async fn hostile_text_is_plain_data() {
    let store = Store::in_memory().await.unwrap();
    let nasty = "'); DROP TABLE journal; -- \" $1 ?1 \0 \u{202e} ⟦card 1⟧ \n\r 🦀";
    let hostile = CallHead {
        carrier_call: nasty.into(),
        agent: nasty.into(),
        caller: Private::new(nasty),
        called: nasty.into(),
        ..head("c1")
    };
    store.open_call(hostile.clone(), nasty.into()).unwrap();
    append(&store, "c1", 1, nasty).unwrap();
    let tool = ToolName(nasty.into());
    let sent = Intent { tool, idempotency_key: Some(nasty.into()), ..intent("c1", 1, 0) };
    let sent = Intent { caller: Private::new(nasty), ..sent };
    store.begin(sent.clone()).await.unwrap();
    let ended = CallState::Ended { at_us: 5, reason: nasty.into() };
    store.set_state(&id("c1"), ended.clone()).unwrap();
    store.flush().await.unwrap();
    let read = store.call_by_carrier(nasty).await.unwrap().unwrap();
    assert_eq!(read, CallRecord { head: hostile, state: ended, attempts: 1 });
    assert_eq!(texts(&store, "c1").await, [nasty]);
    assert_eq!(store.unknown_intents(&Private::new(nasty), World::Real).await.unwrap()[0].intent, sent);
    assert_eq!(store.plan(head("c1").plan_hash).await.unwrap().as_deref(), Some(nasty));
}

#[tokio::test]
async fn a_call_stands_where_it_was_put_last_and_an_ended_one_stays_ended() {
    let store = Store::in_memory().await.unwrap();
    let end = || CallState::Ended { at_us: 7, reason: "hung up".into() };
    let lost = || CallState::Lost { reason: "the line broke".into() };
    let table = [
        ("live", vec![], CallState::Live, 1),
        ("moved", vec![CallState::Transferring], CallState::Transferring, 1),
        ("taken", vec![CallState::Transferring, CallState::Live], CallState::Live, 2),
        ("lost", vec![lost()], lost(), 1),
        ("ended", vec![end()], end(), 1),
        ("stays", vec![end(), lost(), CallState::Live], end(), 1),
    ];
    for (call, puts, _, _) in &table {
        open_call(&store, call);
        for state in puts {
            store.set_state(&id(call), state.clone()).unwrap();
        }
    }
    store.flush().await.unwrap();
    for (call, _, state, attempts) in table {
        let read = store.call(&id(call)).await.unwrap().unwrap();
        assert_eq!((read.state, read.attempts), (state, attempts), "{call}");
    }
}

#[tokio::test]
async fn what_is_not_known_to_be_done_or_failed_is_unknown_to_the_callers_next_call() {
    let store = Store::in_memory().await.unwrap();
    open_call(&store, "c1");
    let settles: [(u32, &[OutcomeKind], bool); 6] = [
        (1, &[], true),
        (2, &[OutcomeKind::Unknown], true),
        (3, &[OutcomeKind::Done], false),
        (4, &[OutcomeKind::Failed], false),
        (5, &[OutcomeKind::Unknown, OutcomeKind::Done], false),
        (6, &[OutcomeKind::Done, OutcomeKind::Unknown, OutcomeKind::Failed], false),
    ];
    for (proposal, kinds, _) in settles {
        store.begin(intent("c1", proposal, 0)).await.unwrap();
        for kind in kinds {
            store.settle(key("c1", proposal, 0), outcome(*kind)).unwrap();
        }
    }
    store.flush().await.unwrap();
    let unknown = store.unknown_intents(&Private::new("+34600111222"), World::Real).await.unwrap();
    let proposals: Vec<u32> = unknown.iter().map(|record| record.intent.key.proposal.0).collect();
    assert_eq!(proposals, settles.iter().filter(|s| s.2).map(|s| s.0).collect::<Vec<_>>());
    let kept = &store.intents(&id("c1")).await.unwrap()[5].state;
    assert_eq!(*kept, IntentState::Settled(outcome(OutcomeKind::Done)), "the first final outcome stays");
}

#[tokio::test]
async fn what_is_done_under_a_key_is_done_wherever_it_was_sent_under_it_before() {
    let store = Store::in_memory().await.unwrap();
    open_call(&store, "c1");
    open_call(&store, "c2");
    let sent = |proposal, sent_key: Option<&str>, tool: &str| Intent {
        tool: ToolName(tool.into()),
        idempotency_key: sent_key.map(str::to_owned),
        ..intent("c1", proposal, 0)
    };
    let (unknown, failed) = (OutcomeKind::Unknown, OutcomeKind::Failed);
    let earlier = [
        (sent(1, Some("k"), "shop.refund"), Some(unknown), false),
        (sent(2, Some("k"), "shop.refund"), None, false),
        (sent(3, Some("other"), "shop.refund"), Some(unknown), true),
        (sent(4, Some("k"), "bank.refund"), Some(unknown), true),
        (sent(5, Some(""), "shop.refund"), Some(unknown), true),
        (sent(6, None, "shop.refund"), Some(unknown), true),
        (sent(7, Some("k"), "shop.refund"), Some(failed), false),
    ];
    for (intent, kind, _) in &earlier {
        store.begin(intent.clone()).await.unwrap();
        kind.map(|kind| store.settle(intent.key.clone(), outcome(kind)).unwrap());
    }
    // Keyless and empty keys name nothing; what is done of them is done of nothing else.
    for (proposal, sent_key, kind) in [
        (1, Some("k"), failed),
        (2, Some("k"), unknown),
        (3, None, OutcomeKind::Done),
        (4, Some(""), OutcomeKind::Done),
        (5, Some("k"), OutcomeKind::Done),
    ] {
        let again = Intent { key: key("c2", proposal, 0), ..sent(1, sent_key, "shop.refund") };
        store.begin(again.clone()).await.unwrap();
        store.settle(again.key, outcome(kind)).unwrap();
        store.flush().await.unwrap();
        let is_unknown =
            store.intents(&id("c1")).await.unwrap()[0].state == IntentState::Settled(outcome(unknown));
        assert_eq!(is_unknown, proposal < 5, "{proposal}");
    }
    let left = store.unknown_intents(&Private::new("+34600111222"), World::Real).await.unwrap();
    let left: Vec<u32> = left.iter().map(|record| record.intent.key.proposal.0).collect();
    let want = earlier.iter().filter(|intent| intent.2).map(|intent| intent.0.key.proposal.0);
    assert_eq!(left, want.collect::<Vec<_>>());
    let kept = &store.intents(&id("c1")).await.unwrap()[6].state;
    assert_eq!(*kept, IntentState::Settled(outcome(failed)), "what is known stays");
}

#[test]
fn numbers_and_words_of_callers_do_not_print() {
    let line = Line { seq: 1, at: CallTime(0), text: Private::new("my words") };
    let shown = format!("{:?} {:?} {line:?}", head("c1"), intent("c1", 1, 0));
    assert!(!shown.contains("600111222") && !shown.contains("my words"), "{shown}");
}

#[test]
fn calendar_time_is_in_microseconds() {
    let year_2024_us = 1_704_067_200_000_000;
    assert!((year_2024_us..year_2024_us * 2).contains(&now_us()));
}
