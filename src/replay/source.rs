//! Recorded calls, wherever they lie: a journal's database, a call file, a folder of both.
//!
//! Promises: a call of a database and the call file exported from it are the same record; what cannot be read is found
//! too, with why, and hides nothing beside it.
//! Never: writes to where it reads.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::expect::{EXPECT, WRITTEN};
use crate::core::base::{CallId, Fault, Owner, World};
use crate::core::conversation::Plan;
use crate::core::journal::{CallFile, JOURNAL_VERSION, file_line};
use crate::core::sim::script_plan;
use crate::driver::End;
use crate::store::{CallRecord, CallState, KILLED, Store, is_journal};

/// The first bytes of every SQLite database (sqlite.org/fileformat.html, 1.3).
const DATABASE: &[u8] = b"SQLite format 3\0";

/// Of a record that may stop short of its call's end: its process was killed, carries it still, or fell over in it.
const NOT_ENDED: &str = "not-ended";

/// A recorded call, and the plan it was answered by.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub file: CallFile,
    pub plan: Arc<Plan>,
    /// Where each of the file's lines stands in the text it was read from; of a journal's, none.
    pub(super) numbers: Vec<usize>,
}

impl Recorded {
    /// A record that was read from no text of its own.
    #[must_use]
    pub fn new(file: CallFile, plan: Arc<Plan>) -> Recorded {
        Recorded { file, plan, numbers: Vec::new() }
    }

    /// The line of an editor in which the nth of the file's lines stands, from zero; of a journal's call, in the file that
    /// `--export` makes of it.
    pub(super) fn line_number(&self, nth: usize) -> usize {
        let after = |last: &usize| last + nth + 1 - self.numbers.len();
        let known = self.numbers.get(nth).copied();
        known.or_else(|| self.numbers.last().map(after)).unwrap_or(self.file.head.len() + nth + 1)
    }

    /// The record holds the call to its end. Else the orders of its last event may be missing.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.file.head_value(NOT_ENDED).is_none()
    }

    /// The file that can be replayed without the database. It names its version, also where a script left that out.
    #[must_use]
    pub fn standalone(&self) -> CallFile {
        let mut file = self.file.clone();
        file.plan = file.plan.or_else(|| serde_json::to_string(&*self.plan).ok());
        if file.head_value("version").is_none() {
            file.head.insert(0, format!("# version: {JOURNAL_VERSION}"));
        }
        file
    }
}

/// Where one recorded call lies.
#[derive(Clone)]
pub enum Found {
    /// `below`: the file's path in the folder that was named, its name where it was named itself.
    File { path: PathBuf, below: PathBuf },
    /// `below`: the folder its journal lies in, in the folder that was named; empty where the journal was named itself.
    /// `folder`: the same as a path.
    Call { store: Store, id: CallId, below: PathBuf, folder: PathBuf },
    /// What may hold calls that nobody can get at: a database, a folder, a path with nothing there.
    Unreadable { name: String, fault: Fault },
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Found({})", self.name())
    }
}

impl Found {
    /// As it is named in reports: the path of its file, the id of its call.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Found::File { path, .. } => path.display().to_string(),
            Found::Call { id, .. } => id.to_string(),
            Found::Unreadable { name, .. } => name.clone(),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// A record this build cannot read, or a plan. It names what it is about.
    pub async fn read(&self) -> Result<Recorded, Fault> {
        match self {
            Found::File { path, .. } => of_file(path),
            Found::Call { store, id, .. } => of_database(store, id).await,
            Found::Unreadable { fault, .. } => Err(fault.clone()),
        }
    }

    /// Where its call file belongs in a folder of them.
    #[must_use]
    pub fn place(&self) -> PathBuf {
        match self {
            Found::File { below, .. } => below.clone(),
            Found::Call { id, below, .. } => below.join(format!("{id}.call")),
            Found::Unreadable { name, .. } => name.into(),
        }
    }
}

/// The calls at a path: a database's (only these ids, where ids are named), a file's, or those of all journals and call
/// files below a folder, in the order of their names.
pub async fn find(path: &Path, ids: &[String]) -> Vec<Found> {
    if path.is_dir() {
        return of_folder(path, ids).await;
    }
    match is_database(path) {
        Ok(true) => of_journal(path, Path::new(""), ids).await,
        Ok(false) => vec![found_file(path.to_owned(), path.parent().unwrap_or(path))],
        Err(error) => vec![unreadable(path, &error)],
    }
}

/// All calls at a path, read.
///
/// # Errors
/// Those of [`Found::read`]: nothing is there, or not all of it can be read.
pub async fn read_all(path: &Path) -> Result<Vec<Recorded>, Fault> {
    let mut all = Vec::new();
    for call in find(path, &[]).await {
        all.push(call.read().await?);
    }
    Ok(all)
}

async fn of_folder(folder: &Path, ids: &[String]) -> Vec<Found> {
    let mut files = BTreeMap::new();
    below(folder, &mut Vec::new(), &mut files);
    let mut found = Vec::new();
    for (path, seen) in files {
        let is_call_file = path.extension().is_some_and(|extension| extension == "call");
        match seen.and_then(|()| is_database(&path)) {
            // Another program's database is not what was asked for. One that does not even tell is told of.
            Ok(true) => match is_journal(&path).await {
                Ok(true) => {
                    let parent = path.parent().unwrap_or(folder);
                    found.extend(of_journal(&path, parent.strip_prefix(folder).unwrap_or(parent), ids).await);
                }
                Ok(false) => {}
                Err(fault) => found.push(Found::Unreadable { name: path.display().to_string(), fault }),
            },
            // Reading it says what is wrong with it.
            Ok(false) | Err(_) if is_call_file => found.push(found_file(path, folder)),
            Ok(false) => {}
            // A link that leads nowhere, as editors leave them; or it was taken away meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => found.push(unreadable(&path, &error)),
        }
    }
    found
}

async fn of_journal(path: &Path, below: &Path, ids: &[String]) -> Vec<Found> {
    let name = || path.display().to_string();
    let store = match Store::open_to_read(path).await {
        Ok(store) => store,
        Err(fault) => return vec![Found::Unreadable { name: name(), fault }],
    };
    let known = match store.call_ids().await {
        Ok(known) => known,
        Err(fault) => return vec![Found::Unreadable { name: name(), fault: about(&name(), fault) }],
    };
    let wanted = known.into_iter().filter(|id| ids.is_empty() || ids.contains(id));
    wanted
        .map(|id| match CallId::parse(&id) {
            Some(id) => {
                let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                Found::Call { store: store.clone(), id, below: below.to_owned(), folder }
            }
            None => {
                let what = format!("{}: `{id}` is no id of a call", name());
                Found::Unreadable {
                    name: id,
                    fault: Fault::new(Owner::Admin, what, "another program wrote it"),
                }
            }
        })
        .collect()
}

fn found_file(path: PathBuf, folder: &Path) -> Found {
    let below = path.strip_prefix(folder).unwrap_or(&path).to_owned();
    Found::File { path, below }
}

fn unreadable(path: &Path, error: &io::Error) -> Found {
    let name = path.display().to_string();
    let (what, remedy) = if error.kind() == ErrorKind::NotFound {
        let remedy = "name a journal's database (`serve` writes calls/journal.sqlite where it is not told another), a \
                      call file, or a folder of them";
        (format!("there is no file or folder {name}"), remedy)
    } else {
        (format!("{name} cannot be read: {error}"), "let this user read it, or name another")
    };
    Found::Unreadable { name, fault: Fault::new(Owner::Admin, what, remedy) }
}

/// A fault that does not say by itself what it is about.
fn about(name: &str, fault: Fault) -> Fault {
    Fault { what: format!("{name}: {}", fault.what), ..fault }
}

/// What is no plain file (a pipe, a device) is none, and nothing is taken from it.
fn is_database(path: &Path) -> io::Result<bool> {
    if !fs::metadata(path)?.is_file() {
        return Ok(false);
    }
    let mut start = Vec::new();
    File::open(path)?.take(DATABASE.len() as u64).read_to_end(&mut start)?;
    Ok(start == DATABASE)
}

/// All files below a folder, and the folders that cannot be looked into. `within`: the folders it lies in, as they really
/// are; a link back to one of them holds nothing that was not found already.
fn below(folder: &Path, within: &mut Vec<PathBuf>, found: &mut BTreeMap<PathBuf, io::Result<()>>) {
    let entries = match folder.canonicalize().and_then(|real| Ok((real, fs::read_dir(folder)?))) {
        Ok((real, _)) if within.contains(&real) => {
            tracing::warn!(link = %folder.display(), "a link leads back to a folder it lies in; it is not followed");
            return;
        }
        Ok((real, entries)) => {
            within.push(real);
            entries
        }
        Err(error) => {
            found.insert(folder.to_owned(), Err(error));
            return;
        }
    };
    for entry in entries {
        match entry.map(|entry| entry.path()) {
            Ok(path) if path.is_dir() => below(&path, within, found),
            Ok(path) => drop(found.insert(path, Ok(()))),
            Err(error) => drop(found.insert(folder.to_owned(), Err(error))),
        }
    }
    within.pop();
}

fn of_file(path: &Path) -> Result<Recorded, Fault> {
    let broken =
        |what: String, remedy: &str| Fault::new(Owner::Admin, format!("{}: {what}", path.display()), remedy);
    let text = fs::read_to_string(path).map_err(|error| {
        if error.kind() == ErrorKind::InvalidData {
            let what = "it is neither a journal's database nor a call file".to_owned();
            return broken(
                what,
                "name the database that `serve` or `demo` wrote, or a call file: UTF-8 text",
            );
        }
        broken(error.to_string(), "let this user read it, or name another")
    })?;
    of_text(&text, &path.display().to_string())
}

/// A call file's text; `whose` it is stands before every fault.
pub(super) fn of_text(text: &str, whose: &str) -> Result<Recorded, Fault> {
    let broken = |what: String, remedy: &str| Fault::new(Owner::Admin, format!("{whose}: {what}"), remedy);
    let (file, numbers) = CallFile::numbered(text)
        .map_err(|what| broken(what, "docs/replay.md says what a call file holds"))?;
    if file.lines.is_empty() {
        return Err(broken("it holds no event".to_owned(), "docs/replay.md says what a call file holds"));
    }
    if let Some(other) = file.head_value(EXPECT).filter(|value| *value != WRITTEN) {
        let remedy = "write `# expect: written`, or leave the line out: then every order is expected";
        return Err(broken(format!("`{other}` is nothing that can be expected"), remedy));
    }
    let plan = match (&file.plan, file.head_value("plan")) {
        (Some(plan), _) => plan_of(plan, whose)?,
        (None, Some(named)) => script_plan(named).map_err(|word| {
            broken(format!("there is no plan variation `{word}`"), "see the scripts in tests/calls")
        })?,
        (None, None) => {
            let remedy =
                "export it with `centralita replay DATABASE --export FOLDER`, which puts the plan in";
            return Err(broken("it holds no plan".to_owned(), remedy));
        }
    };
    Ok(Recorded { file, plan: Arc::new(plan), numbers })
}

async fn of_database(store: &Store, id: &CallId) -> Result<Recorded, Fault> {
    let missing = |what: &str| {
        Fault::new(
            Owner::Admin,
            format!("the journal has no {what} of call `{id}`"),
            "it may be another database's",
        )
    };
    let whose = format!("call `{id}`");
    let unread = |fault| about(&whose, fault);
    let record = store.call(id).await.map_err(unread)?.ok_or_else(|| missing("head"))?;
    let text = store.plan(record.head.plan_hash).await.map_err(unread)?.ok_or_else(|| missing("plan"))?;
    let plan = plan_of(&text, &whose)?;
    let lines = store.journal(id).await.map_err(unread)?;
    let mut written: String = head(&record);
    written.extend(lines.iter().map(|line| file_line(line.at, line.text.reveal())));
    let mut file = CallFile::parse(&written).map_err(|error| {
        let what = format!("the journal of call `{id}` cannot be read: {error}");
        Fault::new(Owner::Gateway, what, "read it with the build that recorded it")
    })?;
    file.plan = Some(text);
    Ok(Recorded::new(file, Arc::new(plan)))
}

fn plan_of(text: &str, whose: &str) -> Result<Plan, Fault> {
    serde_json::from_str(text).map_err(|error| {
        let what = format!("the plan of {whose} cannot be read by this build: {error}");
        Fault::new(Owner::Gateway, what, "replay it with the build that recorded it")
    })
}

/// What is known of the call beside its lines. Who called is nobody's business who reads a test.
fn head(record: &CallRecord) -> String {
    let CallRecord { head, state, .. } = record;
    let mut text = format!(
        "# version: {}\n# call: {}\n# agent: {}\n# build: {}\n# plan-hash: {}\n",
        head.schema_version, head.id, head.agent, head.build, head.plan_hash
    );
    if head.world == World::Mocked {
        text.push_str(&format!("# effects: {}\n", head.world.word()));
    }
    let (name, why) = match state {
        CallState::Live | CallState::Transferring => {
            (NOT_ENDED, "its process was killed, or carries it still")
        }
        CallState::Lost { reason } if reason == End::Broken.reason() || reason == KILLED => {
            (NOT_ENDED, reason.as_str())
        }
        // A conversation whose line is lost is led to its end.
        CallState::Lost { reason } | CallState::Ended { reason, .. } => ("end", reason.as_str()),
    };
    text.push_str(&format!("# {name}: {why}\n"));
    text
}
