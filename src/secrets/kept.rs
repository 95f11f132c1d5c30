//! Secrets that other systems renew: what a login or a renewal gave, kept in a folder, one file each.
//!
//! A system that rotates refresh tokens takes each of them once: whoever loses the newest one is locked out. So it is
//! replaced in one step (a new file, written to the disk, then renamed), and only by whoever holds its lock.
//!
//! Promises: after a crash at any moment there is the old secret or the new one, whole; two processes never renew one at a
//! time; where it cannot be written, that is known before the old one is used up. Only this user can read it.
//! Never: prints a secret; waits on a thread.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use centralita_core::base::{Fault, Owner};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;

/// Between two looks at a lock that another process has: a renewal is one request.
const LOOK: Duration = Duration::from_millis(50);
/// Only this user reads and writes.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// A folder of secrets that change.
#[derive(Clone, Debug)]
pub struct Kept {
    folder: PathBuf,
    /// What could not be written: while this process lives it is not lost.
    unwritten: Arc<Mutex<BTreeMap<String, SecretString>>>,
}

/// One of them, which nobody else renews meanwhile.
#[derive(Debug)]
pub struct Hold {
    kept: Kept,
    name: String,
    /// Where a new one is put before it takes the place of the old one.
    draft: File,
    draft_path: PathBuf,
    /// Unlocked when it is dropped.
    _lock: File,
}

impl Kept {
    /// The folder is made when something is first kept.
    pub fn new(folder: impl Into<PathBuf>) -> Kept {
        Kept { folder: folder.into(), unwritten: Arc::default() }
    }

    /// What is kept under a name: small letters, digits and `_`.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<SecretString>, Fault> {
        if let Some(unwritten) = self.unwritten().get(name) {
            return Ok(Some(unwritten.clone()));
        }
        let path = self.folder.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unusable(&path, "read", &error)),
        }
    }

    /// Takes it for renewal, once nobody else has it.
    ///
    /// # Errors
    /// The folder cannot be written, or another process has it until then.
    pub async fn hold(&self, name: &str, until: Instant) -> Result<Hold, Fault> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(&self.folder)
            .map_err(|error| unusable(&self.folder, "made", &error))?;
        let path = self.folder.join(format!(".{name}.lock"));
        let open = OpenOptions::new().create(true).truncate(false).write(true).mode(FILE_MODE).open(&path);
        let lock = open.map_err(|error| unusable(&path, "opened", &error))?;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(unusable(&path, "locked", &error)),
                Err(TryLockError::WouldBlock) if Instant::now() + LOOK >= until => {
                    let what = format!("another process renews the token of `{name}`, and does not end");
                    return Err(Fault::new(Owner::Gateway, what, "see which other gateway hangs"));
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOOK).await,
            }
        }
        let draft_path = self.folder.join(format!(".{name}.new"));
        let draft =
            OpenOptions::new().create(true).truncate(true).write(true).mode(FILE_MODE).open(&draft_path);
        let draft = draft.map_err(|error| unusable(&draft_path, "written", &error))?;
        Ok(Hold { kept: self.clone(), name: name.to_owned(), draft, draft_path, _lock: lock })
    }

    // A map of finished values is whole even if a holder panicked.
    fn unwritten(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, SecretString>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold {
    /// What is kept now.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn read(&self) -> Result<Option<SecretString>, Fault> {
        self.kept.read(&self.name)
    }

    /// Replaces it, on the disk when this returns.
    ///
    /// # Errors
    /// It could not be written; this process knows it all the same.
    pub fn replace(mut self, secret: &SecretString) -> Result<(), Fault> {
        let path = self.kept.folder.join(&self.name);
        match self.put(secret.expose_secret(), &path) {
            Ok(()) => {
                self.kept.unwritten().remove(&self.name);
                Ok(())
            }
            Err(error) => {
                self.kept.unwritten().insert(self.name.clone(), secret.clone());
                Err(unusable(&path, "written", &error))
            }
        }
    }

    fn put(&mut self, text: &str, path: &Path) -> io::Result<()> {
        self.draft.write_all(text.as_bytes())?;
        self.draft.sync_all()?;
        fs::rename(&self.draft_path, path)?;
        // The rename itself: without it a power cut may bring the old name back.
        File::open(&self.kept.folder)?.sync_all()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // Renamed, or of no use.
        let _ = fs::remove_file(&self.draft_path);
    }
}

fn unusable(path: &Path, done: &str, error: &io::Error) -> Fault {
    let what = format!("{} cannot be {done}: {error}", path.display());
    Fault::new(Owner::Admin, what, "name a folder that this user may write to, with --tokens")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    fn folder() -> PathBuf {
        std::env::temp_dir().join(format!("centralita-kept-{}", uuid::Uuid::new_v4()))
    }

    async fn replace(kept: &Kept, text: &str) -> Result<(), Fault> {
        kept.hold("shop", Instant::now() + SOON).await?.replace(&text.to_owned().into())
    }

    fn text(kept: &Kept) -> Option<String> {
        kept.read("shop").expect("it can be read").map(|secret| secret.expose_secret().to_owned())
    }

    #[tokio::test]
    async fn what_is_kept_is_there_for_whoever_comes_next_and_for_this_user_alone() {
        let folder = folder();
        assert_eq!(text(&Kept::new(&folder)), None);
        assert!(!folder.exists(), "reading makes nothing");
        for secret in ["one", "another"] {
            replace(&Kept::new(&folder), secret).await.expect("it can be written");
            assert_eq!(text(&Kept::new(&folder)).as_deref(), Some(secret));
        }
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join("shop"))), (0o700, 0o600));
        let left: Vec<_> =
            fs::read_dir(&folder).expect("it is there").map(|e| e.expect("a name").file_name()).collect();
        assert_eq!(left.len(), 2, "the secret and its lock: {left:?}");
        fs::remove_dir_all(folder).expect("it was made by this test");
    }

    #[tokio::test]
    async fn one_at_a_time_and_whoever_waits_gives_up_in_time() {
        let folder = folder();
        let (one, other) = (Kept::new(&folder), Kept::new(&folder));
        let held = one.hold("shop", Instant::now() + SOON).await.expect("nobody else has it");
        let fault = other.hold("shop", Instant::now() + LOOK).await.expect_err("another one has it");
        assert!(fault.what.contains("another process renews the token of `shop`"), "{fault}");
        other.hold("till", Instant::now() + SOON).await.expect("another secret is another lock");
        drop(held);
        other.hold("shop", Instant::now() + SOON).await.expect("it was let go");
        fs::remove_dir_all(folder).expect("it was made by this test");
    }

    #[tokio::test]
    async fn a_hold_that_comes_to_nothing_leaves_the_old_secret() {
        let folder = folder();
        let kept = Kept::new(&folder);
        replace(&kept, "old").await.expect("it can be written");
        drop(kept.hold("shop", Instant::now() + SOON).await.expect("nobody has it"));
        // As if a process had died in the middle of writing.
        fs::write(folder.join(".shop.new"), "half").expect("it can be written");
        assert_eq!(text(&kept).as_deref(), Some("old"));
        replace(&kept, "new").await.expect("it can be written");
        assert_eq!(text(&kept).as_deref(), Some("new"));
        fs::remove_dir_all(folder).expect("it was made by this test");
    }

    #[tokio::test]
    async fn what_cannot_be_written_is_told_and_known_to_this_process() {
        let folder = folder();
        let kept = Kept::new(&folder);
        let held = kept.hold("shop", Instant::now() + SOON).await.expect("nobody has it");
        // A folder in its place: the rename fails, for root too.
        fs::create_dir_all(folder.join("shop").join("full")).expect("it can be made");
        let fault = held.replace(&"hunter2canary".to_owned().into()).expect_err("a folder is in its place");
        assert!(fault.remedy.contains("--tokens"), "{fault}");
        assert!(!format!("{fault:?} {kept:?}").contains("hunter2"), "{fault}");
        assert_eq!(text(&kept).as_deref(), Some("hunter2canary"));
        fs::remove_dir_all(&folder).expect("it was made by this test");
        fs::write(&folder, "a file").expect("it can be written");
        let fault =
            Kept::new(&folder).hold("shop", Instant::now() + SOON).await.expect_err("it is no folder");
        assert!(fault.what.contains("cannot be made"), "{fault}");
        fs::remove_file(folder).expect("it was made by this test");
    }
}
