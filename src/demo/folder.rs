//! A folder for each call to watch, with the shop's database, the journal and the recording.
//!
//! Promises: what is handed out is new and empty, also where several demos ask for the same name at once.
//! Never: touches what an earlier call left.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::core::base::{Fault, Owner};

/// Folders of one name, at most: far more than anybody looks through, and still found out at once.
const SAME_NAME_MAX: u32 = 1_000;

/// Makes `NAME` below `root`, or where that is taken `NAME-2`, `NAME-3` and so on; `root` is made too.
///
/// # Errors
/// The admin's: a folder cannot be made, or there are a thousand of this name.
pub fn make(root: &Path, name: &str) -> Result<PathBuf, Fault> {
    fs::create_dir_all(root).map_err(|error| unwritable(root, &error))?;
    for number in 1..=SAME_NAME_MAX {
        let folder = root.join(if number == 1 { name.to_owned() } else { format!("{name}-{number}") });
        // Making it is what claims it: to look first would let two find the same name free.
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(unwritable(&folder, &error)),
        }
    }
    let what = format!("{} holds {SAME_NAME_MAX} calls of the name `{name}`", root.display());
    Err(Fault::new(Owner::Admin, what, "remove old ones, or name another folder with --folder"))
}

/// Makes a folder for many calls where temporary files lie.
///
/// # Errors
/// The admin's: it cannot be made.
pub fn temporary() -> Result<PathBuf, Fault> {
    let folder = std::env::temp_dir().join(format!("centralita-{}", uuid::Uuid::now_v7()));
    fs::create_dir_all(&folder).map_err(|error| {
        let what = format!("the folder {} cannot be made: {error}", folder.display());
        Fault::new(Owner::Admin, what, "point TMPDIR to a folder that can be written")
    })?;
    Ok(folder)
}

pub(super) fn unwritable(folder: &Path, error: &std::io::Error) -> Fault {
    let what = format!("the folder {} cannot be made: {error}", folder.display());
    Fault::new(Owner::Admin, what, "name another with --folder")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::thread;

    use super::*;

    fn root() -> PathBuf {
        std::env::temp_dir().join(format!("centralita-{}", uuid::Uuid::now_v7()))
    }

    #[test]
    fn a_name_that_is_taken_is_numbered_and_what_lies_there_stays() {
        let root = root();
        let first = make(&root, "keypad").expect("there is a name left");
        fs::write(first.join("shop.sqlite"), "an earlier call's").expect("a temporary folder can be written");
        // A file takes a name too.
        fs::write(root.join("keypad-2"), "").expect("a temporary folder can be written");
        let folders = [
            first,
            make(&root, "keypad").expect("there is a name left"),
            make(&root, "silent").expect("there is a name left"),
        ];
        assert_eq!(folders, ["keypad", "keypad-3", "silent"].map(|name| root.join(name)));
        assert_eq!(
            fs::read_to_string(root.join("keypad/shop.sqlite")).expect("it is there, as text"),
            "an earlier call's"
        );
        assert_eq!(fs::read_dir(root.join("keypad-3")).expect("it is there").count(), 0);
        fs::remove_dir_all(root).expect("it was made by this test");
    }

    #[test]
    fn who_asks_at_once_never_shares_and_the_name_is_exhausted_with_a_fault() {
        let root = root();
        let ask = |_| {
            let root = root.clone();
            thread::spawn(move || {
                (0..SAME_NAME_MAX / 8).map(|_| make(&root, "keypad").expect("there is a name left")).collect()
            })
        };
        let asking: Vec<thread::JoinHandle<Vec<PathBuf>>> = (0..8).map(ask).collect();
        let made: BTreeSet<PathBuf> =
            asking.into_iter().flat_map(|asked| asked.join().expect("the thread does not panic")).collect();
        assert_eq!(made.len(), SAME_NAME_MAX as usize);
        let fault = make(&root, "keypad").unwrap_err();
        assert_eq!(fault.owner, Owner::Admin);
        assert!(fault.what.contains("`keypad`"), "{fault:?}");
        fs::remove_dir_all(root).expect("it was made by this test");
    }

    #[test]
    fn a_file_in_place_of_the_root_is_a_fault_that_names_it() {
        let root = root();
        fs::write(&root, "").expect("a temporary folder can be written");
        let fault = make(&root, "keypad").unwrap_err();
        assert!(fault.what.contains(&root.display().to_string()), "{fault:?}");
        fs::remove_file(root).expect("it was made by this test");
    }
}
