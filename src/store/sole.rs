//! Whether this process alone carries the calls of a database.
//!
//! Promises: of all processes at most one has it, and it is free again as soon as that one is gone, however it went.
//! Never: keeps anybody from opening the database; two builds share one during a deploy.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::core::base::{Fault, Owner};

/// Held by the one process whose calls a database's live ones are. The system takes it back when the process ends.
#[derive(Debug)]
pub struct Sole(#[expect(dead_code, reason = "held, not read: closing it gives the lock back")] File);

impl Sole {
    /// For the database at that path: a lock on a file beside it. SQLite's own locks go with any handle of the database
    /// that this process closes, so the database itself is not what is locked. `None` where another process has it.
    ///
    /// # Errors
    /// The admin's fault when the file cannot be made or locked.
    pub fn of(path: &Path) -> Result<Option<Sole>, Fault> {
        let mut beside = path.as_os_str().to_owned();
        beside.push("-lock");
        let fault = |error: &std::io::Error| {
            let what = format!("{} cannot be locked: {error}", Path::new(&beside).display());
            Fault::new(Owner::Admin, what, "let centralita write to the folder of the journal")
        };
        let file = File::options().create(true).truncate(false).write(true).open(&beside);
        let file = file.map_err(|error| fault(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Sole(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(fault(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_has_one_holder_at_a_time_and_a_folder_that_is_not_there_is_named() {
        let folder = std::env::temp_dir().join(format!("centralita-sole-{}", uuid::Uuid::new_v4()));
        let path = folder.join("journal.sqlite");
        let fault = Sole::of(&path).expect_err("the folder is not there");
        assert!(fault.what.contains("journal.sqlite-lock cannot be locked"), "{fault}");
        std::fs::create_dir(&folder).expect("a temporary folder can be made");
        let first = Sole::of(&path).expect("the folder can be written");
        assert!(first.is_some());
        assert!(Sole::of(&path).expect("the folder can be written").is_none());
        drop(first);
        assert!(Sole::of(&path).expect("the folder can be written").is_some());
        std::fs::remove_dir_all(folder).expect("it was made by this test");
    }
}
