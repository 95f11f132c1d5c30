//! Opens the database: one connection that writes, a few that read, and the schema brought up to date. Or only to read
//! it.
//!
//! Promises: write-ahead log with a sync at every commit, foreign keys held, waits for a lock bounded;
//! opening an up-to-date database changes nothing; one that takes no writes is not opened to be written; a database that
//! a newer build has extended opens too; one that is opened to be read stays as it lies, and gets no file beside it (but
//! SQLite's index of a log that a killed process left, where it is gone).
//! Never: writes through a reading connection.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqlSafeStr as _, SqlitePool};

use super::fault;
use super::sole::Locks;
use crate::core::base::{Fault, Owner};

/// How long a statement waits for another process's lock. Two builds share a database during a deploy, and a
/// commit takes milliseconds; a caller should not wait longer than this for the sentence that it cannot be
/// done.
const LOCK_WAIT: Duration = Duration::from_secs(2);

/// Connections that read. Reads are few: start-up, the start of a call, the console.
const READERS: u32 = 4;

/// What to do where a path does not lead to a journal.
const NAME_A_JOURNAL: &str = "name the file that `centralita serve` or `centralita demo` wrote; `serve` writes \
                              calls/journal.sqlite, below the folder it runs in, where it is told no other";

/// Both sides of one database.
pub(super) struct Pools {
    /// Exactly one connection: SQLite has one writer at a time, and the writer task is it.
    pub(super) write: SqlitePool,
    /// In memory the same pool as `write`, as such a database lives in its one connection; and the same where nothing
    /// is written.
    pub(super) read: SqlitePool,
    /// What this database's actions are digested with. Of one that is only read, any.
    pub(super) action_key: [u8; 32],
    /// Of the processes that carry its calls.
    pub(super) locks: Locks,
}

pub(super) async fn file(path: &Path) -> Result<Pools, Fault> {
    let options = base_options().filename(path);
    let writing = options
        .clone()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let attempt = format!("the database {} could not be opened", path.display());
    if path.is_dir() {
        return Err(of_folder(&attempt));
    }
    let write = pool(1).connect_with(writing).await.map_err(|e| fault::of_sql(&attempt, &e))?;
    prepare(&write, &attempt).await?;
    let action_key = action_key(&write).await.map_err(|e| fault::of_sql(&attempt, &e))?;
    let reading = options.read_only(true);
    let read = pool(READERS).connect_with(reading).await.map_err(|e| fault::of_sql(&attempt, &e))?;
    Ok(Pools { write, read, action_key, locks: Locks::beside(path) })
}

/// A journal, as it lies: of one that only a newer build understands, each question says so. Whether somebody writes to
/// it is found out once, here: what a gateway writes that starts later is not seen.
pub(super) async fn to_read(path: &Path) -> Result<Pools, Fault> {
    let (read, is_journal) = as_it_lies(path).await?;
    if !is_journal {
        let what = format!("the database {} is no journal: it has no tables of calls", path.display());
        return Err(Fault::new(Owner::Admin, what, NAME_A_JOURNAL));
    }
    Ok(Pools { write: read.clone(), read, action_key: [0; 32], locks: Locks::beside(path) })
}

/// Whether a database is a journal, by its tables and not by its name.
///
/// # Errors
/// The admin's fault when it cannot be read.
pub async fn is_journal(path: &Path) -> Result<bool, Fault> {
    let (read, is_journal) = as_it_lies(path).await?;
    read.close().await;
    Ok(is_journal)
}

/// A database that is there, and whether it is a journal.
async fn as_it_lies(path: &Path) -> Result<(SqlitePool, bool), Fault> {
    let attempt = format!("the database {} could not be read", path.display());
    match path.metadata() {
        Ok(there) if there.is_dir() => return Err(of_folder(&attempt)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(Fault::new(
                Owner::Admin,
                format!("{attempt}: there is no such file"),
                NAME_A_JOURNAL,
            ));
        }
        // What else is wrong with it, opening it tells.
        Ok(_) | Err(_) => {}
    }
    let faulty = |error: sqlx::Error| fault::of_reading(&attempt, &error);
    // Without a log beside it the file is all there is, and nobody writes to it. SQLite would else make an empty log.
    let options = base_options().filename(path).read_only(true).immutable(!log_of(path).exists());
    let read = pool(READERS).connect_with(options).await.map_err(faulty)?;
    let tables =
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('plans', 'calls', 'journal')";
    let found: i64 = sqlx::query_scalar(tables).fetch_one(&read).await.map_err(faulty)?;
    Ok((read, found == 3))
}

fn of_folder(attempt: &str) -> Fault {
    let remedy = "name the file in it: where it is told no other, `serve` writes calls/journal.sqlite";
    Fault::new(Owner::Admin, format!("{attempt}: it is a folder"), remedy)
}

/// Its tables are there, and it takes writes. One that is read-only for this user opens all the same where its log lies
/// beside it, and `BEGIN IMMEDIATE` then only begins to read: a statement that may write is refused, though this one would
/// change nothing.
async fn prepare(write: &SqlitePool, attempt: &str) -> Result<(), Fault> {
    migrate(write).await?;
    let harmless = sqlx::query("DELETE FROM _sqlx_migrations WHERE false").execute(write);
    harmless.await.map(drop).map_err(|e| fault::of_sql(attempt, &e))
}

/// The write-ahead log beside a database: of a link beside the file it leads to, where SQLite has it.
fn log_of(path: &Path) -> PathBuf {
    let mut log = OsString::from(path.canonicalize().unwrap_or_else(|_| path.to_owned()));
    log.push("-wal");
    log.into()
}

pub(super) async fn memory() -> Result<Pools, Fault> {
    let write = pool(1)
        .connect_with(base_options().in_memory(true))
        .await
        .map_err(|e| fault::of_sql("the database in memory could not be opened", &e))?;
    migrate(&write).await?;
    let attempt = "the database in memory has no key";
    let action_key = action_key(&write).await.map_err(|e| fault::of_sql(attempt, &e))?;
    Ok(Pools { read: write.clone(), write, action_key, locks: Locks::none() })
}

/// The database's key, made at the first opening. Of two processes that make one, the first's stays.
async fn action_key(write: &SqlitePool) -> Result<[u8; 32], sqlx::Error> {
    let mut new = [0; 32];
    aws_lc_rs::rand::fill(&mut new).map_err(|_| sqlx::Error::Protocol("there is no randomness".into()))?;
    let text: String = new.iter().map(|byte| format!("{byte:02x}")).collect();
    let insert = "INSERT INTO action_key (id, bytes) VALUES (1, ?) ON CONFLICT (id) DO NOTHING";
    sqlx::query(insert).bind(text).execute(write).await?;
    let text: String =
        sqlx::query_scalar("SELECT bytes FROM action_key WHERE id = 1").fetch_one(write).await?;
    let byte = |n: usize| text.get(2 * n..2 * n + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
    let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
    let key = bytes.and_then(|bytes| bytes.try_into().ok());
    key.ok_or_else(|| sqlx::Error::Protocol("the key of its actions is not 64 hex digits".into()))
}

fn base_options() -> SqliteConnectOptions {
    SqliteConnectOptions::new().foreign_keys(true).busy_timeout(LOCK_WAIT)
}

/// Connections stay open for good: opening costs a thread, and a database in memory ends with its connection.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// Migrations expand first and contract a release later, so an older build may meet versions it does not
/// know. All in one transaction that takes the write lock first: of two processes that start together one
/// waits.
async fn migrate(write: &SqlitePool) -> Result<(), Fault> {
    let step = |number: i64, what: &'static str, sql: &'static str| {
        Migration::new(number, what.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let mut migrator = Migrator::with_migrations(vec![
        step(1, "calls journal intents", include_str!("migrations/0001_calls_journal_intents.sql")),
        step(2, "calls effects", include_str!("migrations/0002_calls_effects.sql")),
        step(3, "action key", include_str!("migrations/0003_action_key.sql")),
        step(5, "tool runs", include_str!("migrations/0005_tool_runs.sql")),
        step(6, "intents admin", include_str!("migrations/0006_intents_admin.sql")),
        step(7, "calls process", include_str!("migrations/0007_calls_process.sql")),
    ]);
    migrator.set_ignore_missing(true);
    let locked = |e: sqlx::Error| migrate_fault(&MigrateError::Execute(e));
    let mut transaction = write.begin_with("BEGIN IMMEDIATE").await.map_err(locked)?;
    // What `run` calls; `run` itself cannot take a transaction inside a spawned future ("not general
    // enough").
    migrator.run_direct(None, &mut *transaction, false).await.map_err(|e| migrate_fault(&e))?;
    transaction.commit().await.map_err(locked)
}

fn migrate_fault(error: &MigrateError) -> Fault {
    let attempt = "the database's tables could not be brought up to date";
    if let MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) = error {
        return fault::of_sql(attempt, e);
    }
    Fault::new(
        Owner::Admin,
        format!("{attempt}: {error}"),
        "restore the last backup, or give the path of a new file",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that goes with its test.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Folder {
            let path = std::env::temp_dir().join(format!("centralita-connect-{}", uuid::Uuid::new_v4()));
            std::fs::create_dir_all(&path).expect("a temporary folder can be made");
            Folder(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }

    #[tokio::test]
    async fn a_database_that_takes_no_writes_is_refused_when_it_is_opened_and_says_what_to_do() {
        let folder = Folder::new();
        let path = folder.0.join("calls.db");
        let pools = file(&path).await.expect("a temporary folder can be written");
        assert_eq!(prepare(&pools.write, "again").await, Ok(()));
        // As SQLite opens, log and all, what the user may only read.
        let fault = prepare(&pools.read, "calls.db could not be opened").await.unwrap_err();
        assert_eq!(fault.what, "calls.db could not be opened: attempt to write a readonly database");
        assert!(fault.remedy.starts_with("let centralita write to the database file"), "{}", fault.remedy);
    }

    #[tokio::test]
    async fn a_path_with_no_file_and_a_folder_are_named_as_such_with_the_usual_journal() {
        let folder = Folder::new();
        for (path, why) in
            [(folder.0.join("nowhere"), "there is no such file"), (folder.0.clone(), "it is a folder")]
        {
            for fault in [to_read(&path).await.err(), is_journal(&path).await.err()] {
                let fault = fault.expect("refused");
                assert!(
                    fault.what.contains(&path.display().to_string()) && fault.what.ends_with(why),
                    "{fault}"
                );
                assert!(fault.remedy.contains("calls/journal.sqlite"), "{}", fault.remedy);
            }
        }
        assert!(file(&folder.0).await.is_err_and(|fault| fault.what.ends_with("it is a folder")));
    }

    #[tokio::test]
    async fn a_journal_is_known_by_its_tables() {
        let folder = Folder::new();
        let (ours, other) = (folder.0.join("ours.txt"), folder.0.join("journal.sqlite"));
        file(&ours).await.expect("a temporary folder can be written").write.close().await;
        let shop = pool(1).connect_with(base_options().filename(&other).create_if_missing(true)).await;
        let shop = shop.expect("a temporary folder can be written");
        sqlx::query("CREATE TABLE calls (id TEXT)").execute(&shop).await.expect("it takes a table");
        shop.close().await;
        assert_eq!(is_journal(&ours).await, Ok(true));
        assert_eq!(is_journal(&other).await, Ok(false));
    }
}
