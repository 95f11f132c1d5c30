//! Which library files decode: those whose code this process has in its memory.
//!
//! Promises: a file that was replaced since it was loaded, or cannot be read, is unknown.
//! Never: goes by a name or a version: a build of the same version may hear otherwise.

use std::path::PathBuf;

use super::sphinx;
use crate::core::base::Digest;

/// The files of the recogniser and of its base library, as loaded. Workers run this very program and load the same.
#[must_use]
pub fn library_files() -> Option<Vec<PathBuf>> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let file = |address| mapped(&maps, address).map(PathBuf::from).filter(|path| path.is_file());
    sphinx::addresses().into_iter().map(file).collect()
}

/// Over the digests of the files, in a fixed order.
#[must_use]
pub fn library_digest() -> Option<Digest> {
    let mut digests = String::new();
    for path in library_files()? {
        digests += &Digest::of_bytes(&std::fs::read(path).ok()?).to_string();
    }
    Some(Digest::of_bytes(digests.as_bytes()))
}

/// The file that is mapped at an address: `from-to flags offset device inode  path`. One that was replaced has
/// ` (deleted)` behind its path, and so none.
fn mapped(maps: &str, address: usize) -> Option<&str> {
    maps.lines().find_map(|line| {
        let (from, rest) = line.split_once('-')?;
        let (to, rest) = rest.split_once(' ')?;
        let at = |text| usize::from_str_radix(text, 16).ok();
        if !(at(from)?..at(to)?).contains(&address) {
            return None;
        }
        rest.find('/').and_then(|path| rest.get(path..))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_files_are_those_that_hold_the_code() {
        let files = library_files().expect("the library is linked, so it is loaded");
        let names: Vec<_> = files.iter().filter_map(|file| file.file_name()?.to_str()).collect();
        assert!(
            matches!(names[..], [sphinx, base] if sphinx.contains("sphinx") && base.contains("sphinxbase"))
        );
        assert_eq!(library_digest(), library_digest());
        assert!(library_digest().is_some());
    }

    #[test]
    fn a_file_that_was_replaced_is_not_taken_for_the_one_that_is_loaded() {
        let maps = "1000-2000 r-xp 0000 08:01 7    /lib/a.so\n2000-3000 r-xp 0000 08:01 8    /lib/b.so (deleted)\n\
                    3000-4000 rw-p 0000 00:00 0\n";
        assert_eq!(mapped(maps, 0x1fff), Some("/lib/a.so"));
        assert_eq!(mapped(maps, 0x2000), Some("/lib/b.so (deleted)"), "no file has that name");
        assert_eq!([mapped(maps, 0x3000), mapped(maps, 0x4000)], [None, None]);
    }
}
