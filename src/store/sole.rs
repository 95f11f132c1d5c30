//! Which processes carry the calls of a database, whether one is alone, and which are gone.
//!
//! Promises: whoever carries calls holds one lock with all others who do, and one of their own under a name that is in the
//! record of each call; only who finds that nobody holds the first is alone; each is free again as soon as a process is
//! gone, however it went.
//! Never: keeps anybody from opening the database, two builds share one during a deploy; calls a process gone whose lock it
//! cannot see.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::standing::Process;
use crate::core::base::{Fault, Owner};

/// Held by a process that found nobody carrying calls of the database. Until it shares, nobody else begins to.
#[derive(Debug)]
pub struct Sole(Lock);

/// Held by every process that carries calls of the database. The system takes it back when the process ends.
#[derive(Debug)]
pub struct Carrying {
    #[expect(dead_code, reason = "held, not read: closing it gives the lock back")]
    all: Lock,
    #[expect(dead_code, reason = "held, not read: closing it gives the lock back")]
    own: Lock,
    name: String,
}

/// A file beside the database. SQLite's own locks go with any handle of the database that this process closes, so the
/// database itself is not what is locked.
#[derive(Debug)]
struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    fn of(path: &Path) -> Result<Lock, Fault> {
        let path = beside(path);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| fault(&path, &error))?;
        Ok(Lock { file, path })
    }

    /// One that no other process has. It has its name only once it is held: else it would look left behind.
    fn own(all: &Lock, name: &str) -> Result<Lock, Fault> {
        let (making, path) = (named(&all.path, '.', name), named(&all.path, '-', name));
        let made = || {
            let file = File::create_new(&making)?;
            file.lock()?;
            std::fs::rename(&making, &path).map(|()| file)
        };
        let file = made().map_err(|error| fault(&path, &error))?;
        Ok(Lock { file, path })
    }
}

/// Where the lock of all lies: of a link beside the file it leads to, where SQLite has its log too.
fn beside(database: &Path) -> PathBuf {
    let mut beside = OsString::from(database.canonicalize().unwrap_or_else(|_| database.to_owned()));
    beside.push("-lock");
    PathBuf::from(beside)
}

/// Where one process's lies.
fn named(all: &Path, sign: char, name: &str) -> PathBuf {
    let mut named = all.as_os_str().to_owned();
    named.push(format!("{sign}{name}"));
    PathBuf::from(named)
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

    /// From now on others may carry calls of that database too.
    ///
    /// # Errors
    /// The admin's fault when the lock cannot be changed, or another not be made.
    pub fn share(self) -> Result<Carrying, Fault> {
        self.0.file.lock_shared().map_err(|error| fault(&self.0.path, &error))?;
        Carrying::with(self.0)
    }
}

impl Carrying {
    /// Beside others; waits for one that is alone just now, which it is for as long as it marks lost calls.
    ///
    /// # Errors
    /// The admin's fault when a file cannot be made or locked.
    pub fn beside_others(path: &Path) -> Result<Carrying, Fault> {
        let lock = Lock::of(path)?;
        lock.file.lock_shared().map_err(|error| fault(&lock.path, &error))?;
        Carrying::with(lock)
    }

    fn with(all: Lock) -> Result<Carrying, Fault> {
        // Numbers of processes come again, and those of two containers are often the same.
        let id = uuid::Uuid::new_v4().simple().to_string();
        let name = format!("{}-{}", std::process::id(), &id[..8]);
        let own = Lock::own(&all, &name)?;
        Ok(Carrying { all, own, name })
    }

    /// This process's: its number, and what tells it from others of that number.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// The locks of all who carry calls of a database, to be looked at.
pub(super) struct Locks(Option<PathBuf>);

/// A process that is gone, and its lock, which nobody takes any more.
pub(super) struct Gone {
    name: String,
    lock: PathBuf,
}

impl Gone {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Once the record says what it left. One that stays is found again, and says nothing new.
    pub(super) fn forget(self) {
        let _ = std::fs::remove_file(self.lock);
    }
}

impl Locks {
    pub(super) fn beside(database: &Path) -> Locks {
        Locks(Some(database.to_owned()))
    }

    /// Of a database in memory, which nobody shares.
    pub(super) fn none() -> Locks {
        Locks(None)
    }

    pub(super) fn process(&self, name: &str) -> Process {
        let lock = self.0.as_ref().map(|database| named(&beside(database), '-', name));
        match lock.map(|lock| is_held(&lock)) {
            Some(Some(true)) => Process::Lives(name.to_owned()),
            Some(Some(false)) => Process::Gone,
            Some(None) | None => Process::NotKnown,
        }
    }

    /// Those of which a lock is left that nobody holds.
    pub(super) fn gone(&self) -> Vec<Gone> {
        let Some(database) = &self.0 else { return Vec::new() };
        let stem = named(&beside(database), '-', "");
        let (Some(folder), Some(stem)) = (stem.parent(), stem.file_name().and_then(|name| name.to_str()))
        else {
            return Vec::new();
        };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let Ok(files) = folder.read_dir() else { return Vec::new() };
        let gone = files.filter_map(|file| {
            let file = file.ok()?;
            let name = file.file_name().to_str()?.strip_prefix(stem)?.to_owned();
            let lock = file.path();
            (is_held(&lock) == Some(false)).then_some(Gone { name, lock })
        });
        gone.collect()
    }
}

/// Whether somebody holds a lock; `None` where that cannot be seen. Looking holds it for a moment beside others who look.
fn is_held(lock: &Path) -> Option<bool> {
    let file = File::open(lock).ok()?;
    match file.try_lock_shared() {
        Ok(()) => Some(false),
        Err(TryLockError::WouldBlock) => Some(true),
        Err(TryLockError::Error(_)) => None,
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

    #[test]
    fn a_process_lives_while_it_holds_its_lock_is_gone_when_it_does_not_and_else_nobody_can_tell() {
        let folder = std::env::temp_dir().join(format!("centralita-gone-{}", uuid::Uuid::new_v4()));
        let (path, other) = (folder.join("journal.sqlite"), folder.join("journal.sqlite-other"));
        std::fs::create_dir(&folder).expect("a temporary folder can be made");
        let carries = |path: &Path| Carrying::beside_others(path).expect("the folder can be written");
        let (first, second, third) = (carries(&path), carries(&path), carries(&other));
        let (locks, name) = (Locks::beside(&path), first.name().to_owned());
        assert_eq!(locks.process(&name), Process::Lives(name.clone()));
        assert_eq!(locks.gone().len(), 0);
        drop((first, third));
        assert_eq!(locks.process(&name), Process::Gone);
        let gone = locks.gone();
        assert_eq!(gone.iter().map(Gone::name).collect::<Vec<_>>(), [name.as_str()], "only of this journal");
        gone.into_iter().for_each(Gone::forget);
        assert_eq!(locks.gone().len(), 0);
        assert_eq!(locks.process(&name), Process::NotKnown);
        assert_eq!(locks.process(second.name()), Process::Lives(second.name().to_owned()));
        assert_eq!(Locks::none().process(second.name()), Process::NotKnown);
        std::fs::remove_dir_all(folder).expect("it was made by this test");
    }
}
