//! What a failing database means to the person who runs it.
//!
//! Promises: every fault names what was attempted, the database's own words and one thing to do.
//! Never: shows a bound value; SQLite's messages name tables and columns only.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::core::base::{Fault, Owner};

/// SQLite's primary result codes, from <https://www.sqlite.org/rescode.html>.
mod code {
    pub(super) const BUSY: u32 = 5;
    pub(super) const READONLY: u32 = 8;
    pub(super) const IOERR: u32 = 10;
    pub(super) const CORRUPT: u32 = 11;
    pub(super) const FULL: u32 = 13;
    pub(super) const CANTOPEN: u32 = 14;
    pub(super) const NOTADB: u32 = 26;
}

/// The fault of an attempt: "the call record could not be written", say.
pub(super) fn of_sql(attempt: &str, error: &sqlx::Error) -> Fault {
    let (owner, remedy) = match primary_code(error) {
        Some(code::FULL) => (Owner::Admin, "free space on the disk that holds the database"),
        Some(code::READONLY) => (
            Owner::Admin,
            "let centralita write to the database file, to those beside it (`-wal`, `-shm`), and to their directory",
        ),
        Some(code::CANTOPEN) => (Owner::Admin, "give a path in a directory that exists and is writable"),
        Some(code::BUSY) => (Owner::Admin, "end the other program that holds the database locked"),
        Some(code::IOERR) => (Owner::Admin, "check the disk that holds the database"),
        Some(code::CORRUPT | code::NOTADB) => {
            (Owner::Admin, "move the file away and restore the last backup, or begin with a new file")
        }
        None if matches!(error, sqlx::Error::ColumnDecode { .. }) => {
            (Owner::Admin, "run the build that wrote the database, or a newer one")
        }
        Some(_) | None => (Owner::Gateway, "report this with the log around it"),
    };
    Fault::new(owner, format!("{attempt}: {}", words(error)), remedy)
}

/// The fault of an attempt to read a database that somebody else wrote.
pub(super) fn of_reading(attempt: &str, error: &sqlx::Error) -> Fault {
    let remedy = match primary_code(error) {
        Some(code::CORRUPT | code::NOTADB) => "name another file, or restore this one from a backup",
        // A log without its index: SQLite has to make one beside it.
        Some(code::CANTOPEN | code::READONLY) => {
            "let this user read it; where a file of its name with `-wal` lies beside it, copy both to a folder that can \
             be written, and name the copy"
        }
        Some(_) | None => return of_sql(attempt, error),
    };
    Fault::new(Owner::Admin, format!("{attempt}: {}", words(error)), remedy)
}

/// The database's own words, without the library's around them.
fn words(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}

/// A text column as what it means; a text that means nothing here was written by another build, or by hand.
pub(super) fn parsed<T>(
    row: &SqliteRow,
    column: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> sqlx::Result<T> {
    let text: &str = row.try_get(column)?;
    parse(text).ok_or_else(|| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: "this build does not know the value".into(),
    })
}

/// Whether the database refused this one row and would take others: a constraint, not the disk.
pub(super) fn is_of_one_row(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|e| e.is_unique_violation() || e.is_foreign_key_violation() || e.is_check_violation())
}

fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let extended: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}
