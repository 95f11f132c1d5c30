//! Recorded calls, wherever they lie: a journal's database, a call file, a folder of call files.
//!
//! Promises: a call of a database and the call file exported from it are the same record.
//! Never: writes to where it reads.

use std::fmt;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::core::base::{CallId, CallTime, Fault, Owner};
use crate::core::conversation::Plan;
use crate::core::journal::CallFile;
use crate::core::sim::script_plan;
use crate::driver::End;
use crate::store::{CallRecord, CallState, Store};

/// The first bytes of every SQLite database (sqlite.org/fileformat.html, 1.3).
const DATABASE: &[u8] = b"SQLite format 3\0";

/// Of a record that may stop short of its call's end: its process was killed, carries it still, or fell over in it.
const NOT_ENDED: &str = "not-ended";

/// A recorded call, and the plan it was answered by.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub file: CallFile,
    pub plan: Arc<Plan>,
}

impl Recorded {
    /// The record holds the call to its end. Else the orders of its last event may be missing.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.file.head_value(NOT_ENDED).is_none()
    }

    /// The file that can be replayed without the database.
    #[must_use]
    pub fn standalone(&self) -> CallFile {
        let plan = self.file.plan.clone().or_else(|| serde_json::to_string(&*self.plan).ok());
        CallFile { plan, ..self.file.clone() }
    }
}

/// Where one recorded call lies.
#[derive(Clone)]
pub enum Found {
    /// `below`: the file's path in the folder that was named, its name where it was named itself.
    File {
        path: PathBuf,
        below: PathBuf,
    },
    Call {
        store: Store,
        id: CallId,
    },
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
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// A record this build cannot read, or a plan.
    pub async fn read(&self) -> Result<Recorded, Fault> {
        match self {
            Found::File { path, .. } => of_file(path),
            Found::Call { store, id } => of_database(store, id).await,
        }
    }

    /// Where its call file belongs in a folder of them.
    #[must_use]
    pub fn place(&self) -> PathBuf {
        match self {
            Found::File { below, .. } => below.clone(),
            Found::Call { id, .. } => format!("{id}.call").into(),
        }
    }
}

/// The calls at a path: a database's (only these ids, where ids are named), a file's, or those of all call files below a
/// folder, in the order of their names.
///
/// # Errors
/// Nothing is there, it cannot be read, or it is neither.
pub async fn find(path: &Path, ids: &[String]) -> Result<Vec<Found>, Fault> {
    let unreadable = |error: std::io::Error| {
        let what = format!("{} cannot be read: {error}", path.display());
        Fault::new(Owner::Admin, what, "name a journal's database, a call file, or a folder of call files")
    };
    if fs::metadata(path).map_err(unreadable)?.is_dir() {
        let mut files = Vec::new();
        below(path, &mut files).map_err(unreadable)?;
        files.sort();
        return Ok(files.into_iter().map(|file| found_file(file, path)).collect());
    }
    if !is_database(path).map_err(unreadable)? {
        return Ok(vec![found_file(path.to_owned(), path.parent().unwrap_or(path))]);
    }
    let store = Store::open_to_read(path).await?;
    let known = store.call_ids().await?;
    let wanted = known.into_iter().filter(|id| ids.is_empty() || ids.contains(id));
    Ok(wanted
        .filter_map(|id| CallId::parse(&id))
        .map(|id| Found::Call { store: store.clone(), id })
        .collect())
}

/// All calls at a path, read.
///
/// # Errors
/// As `find` and [`Found::read`].
pub async fn read_all(path: &Path) -> Result<Vec<Recorded>, Fault> {
    let mut all = Vec::new();
    for call in find(path, &[]).await? {
        all.push(call.read().await?);
    }
    Ok(all)
}

fn found_file(path: PathBuf, folder: &Path) -> Found {
    let below = path.strip_prefix(folder).unwrap_or(&path).to_owned();
    Found::File { path, below }
}

fn is_database(path: &Path) -> std::io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(DATABASE.len() as u64).read_to_end(&mut start)?;
    Ok(start == DATABASE)
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            below(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "call") {
            found.push(path);
        }
    }
    Ok(())
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
    let file =
        CallFile::parse(&text).map_err(|what| broken(what, "docs/replay.md says what a call file holds"))?;
    if file.lines.is_empty() {
        return Err(broken("it holds no event".to_owned(), "docs/replay.md says what a call file holds"));
    }
    let plan = match (&file.plan, file.head_value("plan")) {
        (Some(plan), _) => plan_of(plan, &path.display().to_string())?,
        (None, Some(named)) => script_plan(named).map_err(|word| {
            broken(format!("there is no plan variation `{word}`"), "see the scripts in tests/calls")
        })?,
        (None, None) => {
            let remedy =
                "export it with `centralita replay DATABASE --export FOLDER`, which puts the plan in";
            return Err(broken("it holds no plan".to_owned(), remedy));
        }
    };
    Ok(Recorded { file, plan: Arc::new(plan) })
}

async fn of_database(store: &Store, id: &CallId) -> Result<Recorded, Fault> {
    let missing = |what: &str| {
        Fault::new(
            Owner::Admin,
            format!("the journal has no {what} of call `{id}`"),
            "it may be another database's",
        )
    };
    let record = store.call(id).await?.ok_or_else(|| missing("head"))?;
    let text = store.plan(record.head.plan_hash).await?.ok_or_else(|| missing("plan"))?;
    let plan = plan_of(&text, &format!("call `{id}`"))?;
    let lines = store.journal(id).await?;
    let mut written: String = head(&record);
    written.extend(lines.iter().map(|line| file_line(line.at, line.text.reveal())));
    let mut file = CallFile::parse(&written).map_err(|error| {
        let what = format!("the journal of call `{id}` cannot be read: {error}");
        Fault::new(Owner::Gateway, what, "read it with the build that recorded it")
    })?;
    file.plan = Some(text);
    Ok(Recorded { file, plan: Arc::new(plan) })
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
    let (name, why) = match state {
        CallState::Live | CallState::Transferring => {
            (NOT_ENDED, "its process was killed, or carries it still")
        }
        CallState::Lost { reason } if reason == End::Broken.reason() => (NOT_ENDED, reason.as_str()),
        // A conversation whose line is lost is led to its end.
        CallState::Lost { reason } | CallState::Ended { reason, .. } => ("end", reason.as_str()),
    };
    text.push_str(&format!("# {name}: {why}\n"));
    text
}

/// A journal's line as a call file has it: orders stand without a time.
fn file_line(at: CallTime, text: &str) -> String {
    if text.starts_with("> ") { format!("{text}\n") } else { format!("{at} {text}\n") }
}
