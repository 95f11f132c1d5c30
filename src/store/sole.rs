//! Which processes carry the calls of a database, and whether one is alone.
//!
//! Promises: whoever carries calls holds the lock with all others who do; only who finds that nobody holds it is alone, and
//! it is free again as soon as a process is gone, however it went.
//! Never: keeps anybody from opening the database; two builds share one during a deploy.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::core::base::{Fault, Owner};

/// Held by a process that found nobody carrying calls of the database. Until it shares, nobody else begins to.
#[derive(Debug)]
pub struct Sole(Lock);

/// Held by every process that carries calls of the database. The system takes it back when the process ends.
#[derive(Debug)]
pub struct Carrying(#[expect(dead_code, reason = "held, not read: closing it gives the lock back")] Lock);

/// A file beside the database. SQLite's own locks go with any handle of the database that this process closes, so the
/// database itself is not what is locked.
#[derive(Debug)]
struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    fn of(path: &Path) -> Result<Lock, Fault> {
        let mut beside = path.as_os_str().to_owned();
        beside.push("-lock");
        let path = PathBuf::from(beside);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| fault(&path, &error))?;
        Ok(Lock { file, path })
    }
}

fn fault(path: &Path, error: &std::io::Error) -> Fault {
    let what = format!("{} cannot be locked: {error}", path.display());
    Fault::new(Owner::Admin, what, "let centralita write to the folder of the journal")
}

impl Sole {
    /// For the database at that path; `None` where another process carries its calls, or is about to.
    ///
    /// # Errors
    /// The admin's fault when the file cannot be made or locked.
    pub fn of(path: &Path) -> Result<Option<Sole>, Fault> {
        let lock = Lock::of(path)?;
        match lock.file.try_lock() {
            Ok(()) => Ok(Some(Sole(lock))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(fault(&lock.path, &error)),
        }
    }

    /// From now on others may carry calls too.
    ///
    /// # Errors
    /// The admin's fault when the lock cannot be changed.
    pub fn share(self) -> Result<Carrying, Fault> {
        self.0.file.lock_shared().map_err(|error| fault(&self.0.path, &error))?;
        Ok(Carrying(self.0))
    }
}

impl Carrying {
    /// Beside others; waits for one that is alone just now, which it is for as long as it marks lost calls.
    ///
    /// # Errors
    /// The admin's fault when the file cannot be made or locked.
    pub fn beside_others(path: &Path) -> Result<Carrying, Fault> {
        let lock = Lock::of(path)?;
        lock.file.lock_shared().map_err(|error| fault(&lock.path, &error))?;
        Ok(Carrying(lock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_alone_while_anybody_carries_calls_whoever_was_first_to_go() {
        let folder = std::env::temp_dir().join(format!("centralita-sole-{}", uuid::Uuid::new_v4()));
        let path = folder.join("journal.sqlite");
        let fault = Sole::of(&path).expect_err("the folder is not there");
        assert!(fault.what.contains("journal.sqlite-lock cannot be locked"), "{fault}");
        std::fs::create_dir(&folder).expect("a temporary folder can be made");
        let sole = || Sole::of(&path).expect("the folder can be written");
        let first = sole().expect("nobody has it");
        assert!(sole().is_none());
        let first = first.share().expect("it is ours");
        let second = Carrying::beside_others(&path).expect("the folder can be written");
        drop(first);
        assert!(sole().is_none(), "the second is still there");
        drop(second);
        assert!(sole().is_some());
        std::fs::remove_dir_all(folder).expect("it was made by this test");
    }
}
