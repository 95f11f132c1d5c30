//! The files of a directory that hold definitions.
//!
//! Promises: a file that cannot be read is a problem of its own and hides no other; nothing is waited for.
//! Never: looks into a file beyond its text.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use centralita_core::base::{Fault, Owner};

use super::mcp::PIN_ENDING;
use super::place::Place;
use super::problems::Desk;
use super::{Kind, Source};

/// A hundred tools in two languages are a twentieth of it; an API of eight hundred operations is imported into half.
pub(super) const FILE_BYTES_MAX: u64 = 4 << 20;

/// The definitions of a directory: `agents/*.yaml`, `integrations/*.yaml` and their pins, in the order of their names.
///
/// # Errors
/// A folder cannot be read. Of a file that cannot be, its source knows it.
pub fn find(root: &Path) -> Result<Vec<Source>, Fault> {
    let mut sources = Vec::new();
    let folders = [(Kind::Agent, "agents"), (Kind::Integration, "integrations"), (Kind::Pin, "integrations")];
    for (kind, folder) in folders {
        let directory = root.join(folder);
        if kind != Kind::Agent && directory.symlink_metadata().is_err() {
            continue;
        }
        let mut names = names(&directory, kind).map_err(|e| {
            let what = format!("{} cannot be read: {e}", directory.display());
            Fault::new(
                Owner::Admin,
                what,
                "name with --root the folder that holds `agents` and `integrations`",
            )
        })?;
        names.sort();
        sources.extend(
            names.iter().map(|name| {
                source(kind, &directory.join(name), format!("{folder}/{}", name.to_string_lossy()))
            }),
        );
    }
    Ok(sources)
}

/// The names that `*.yaml` and `*.yml` find, or of pins `*.mcp.json`: those that begin with a dot are an editor's. As
/// the disk has them, for a name need not be text.
fn names(directory: &Path, kind: Kind) -> io::Result<Vec<OsString>> {
    let endings: &[&str] = match kind {
        Kind::Agent | Kind::Integration => &[".yaml", ".yml"],
        Kind::Pin => &[PIN_ENDING],
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let lower = name.to_string_lossy().to_ascii_lowercase();
        if !lower.starts_with('.') && endings.iter().any(|ending| lower.ends_with(ending)) {
            names.push(name);
        }
    }
    Ok(names)
}

fn source(kind: Kind, file: &Path, path: String) -> Source {
    let (text, trouble) = match read(file) {
        Ok(bytes) => decoded(bytes),
        Err((what, remedy)) => (String::new(), Some((Place::default(), what, remedy.to_owned()))),
    };
    let mut source = Source::new(kind, path, text);
    if let Some((at, what, remedy)) = trouble {
        let mut problems = Vec::new();
        Desk { file: &source.path, text: &source.text, problems: &mut problems }.say(at, what, remedy);
        source.unread = problems.pop();
    }
    source
}

/// Its bytes; else why not, and what to do.
fn read(file: &Path) -> Result<Vec<u8>, (String, &'static str)> {
    let unreadable = |e: io::Error| {
        if e.kind() == ErrorKind::NotFound {
            let what = "this is a link to a file that does not exist";
            return (what.to_owned(), "put the file there, or take the link away");
        }
        let remedy = if e.kind() == ErrorKind::PermissionDenied {
            "give the user that runs the gateway the right to read it, or take it away"
        } else {
            "put a file that can be read there, or take it away"
        };
        (format!("this file cannot be read: {e}"), remedy)
    };
    // Of a pipe the end might never come.
    let about = fs::metadata(file).map_err(unreadable)?;
    if about.is_dir() {
        return Err(("this is a folder with the name of a file".to_owned(), "give it another name"));
    }
    if !about.is_file() {
        return Err(("this is no file".to_owned(), "put a file there, or take it away"));
    }
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let what = format!("this file is larger than {FILE_BYTES_MAX} bytes");
        return Err((what, "a definition is text; write its tools into several files"));
    }
    Ok(bytes)
}

/// Its text, as far as it is text.
fn decoded(bytes: Vec<u8>) -> (String, Option<(Place, String, String)>) {
    let error = match String::from_utf8(bytes) {
        Ok(text) => return (text, None),
        Err(error) => error,
    };
    let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
    let at = Place::of_byte(&text, error.utf8_error().valid_up_to());
    (text, Some((at, "this file is not written in UTF-8".to_owned(), "save it again as UTF-8".to_owned())))
}
