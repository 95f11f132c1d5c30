//! A recorded call with its sound: where recording and cassette lie, and the call over again.
//!
//! Promises: where the cassette came from is said; a call without a recording is told as such.
//! Never: carries out an order.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::expect;
use super::source::{Found, Recorded};
use crate::core::base::{CallTime, Fault, Millis, Owner, Samples};
use crate::core::cassette::{Cassette, Change, Outline, compare, derive, play};
use crate::core::conversation::{Event, Recording};
use crate::media::{TwoVoices, read_recording};

/// How much of the frames a recording may lack: what a killed process had not written yet.
const TRACK_SHORT_MAX: Samples = Millis(6_000).samples();

/// A recorded call and all that is needed to hear it again.
#[derive(Clone, Debug)]
pub struct Sounding {
    pub recorded: Recorded,
    pub voices: TwoVoices,
    pub cassette: Cassette,
    /// For people: where the cassette came from, and what is missing.
    pub notes: Vec<String>,
}

/// A recorded call, and what this build makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    pub recorded: Outline,
    pub today: Outline,
    pub changes: Vec<Change>,
    /// Of the caller's track.
    pub audio: Millis,
    pub notes: Vec<String>,
}

/// Finds and reads recording and cassette of a call: in the folders that are named, then beside the call itself, by the
/// call's id or its file's name. The only recording of a folder is taken too where no other call can be meant: beside a
/// journal of one call, or beside this call's cassette.
///
/// # Errors
/// There is no recording, or something cannot be read; it names what.
pub async fn sounding(found: &Found, named_folders: &[&Path]) -> Result<Sounding, Fault> {
    if let Some(folder) = named_folders.iter().find(|folder| !folder.is_dir()) {
        let what = format!("there is no folder {}", folder.display());
        let remedy =
            "name with --recordings where the recordings lie, with --cassettes where the cassettes do";
        return Err(Fault::new(Owner::Admin, what, remedy));
    }
    let recorded = found.read().await?;
    if let Some(why) = unfit(&recorded) {
        let what = format!("{}: {why}", found.name());
        return Err(Fault::new(Owner::Admin, what, "replay it without --audio"));
    }
    let names = names(found, &recorded);
    let beside = beside(found);
    let folders: Vec<&Path> = named_folders.iter().copied().chain(beside.as_deref()).collect();
    let lone = || folders.iter().find_map(|folder| lone(folder, &names));
    let mut recording = named(&folders, &names, "wav").or_else(lone);
    if let (None, Found::Call { store, .. }, Some(beside)) = (&recording, found, &beside)
        && store.call_ids().await?.len() == 1
    {
        recording = only(beside, "wav");
    }
    let recording = recording.ok_or_else(|| silent(found, &folders))?;
    let voices = read_recording(&recording)?;
    let mut notes = Vec::new();
    let cassette = match named(&folders, &names, "cassette") {
        Some(path) => {
            let cassette = read(&path)?;
            own(&cassette, &recorded, &path)?;
            notes.push(format!("cassette {}", path.display()));
            if cassette.lost > 0 {
                notes.push(format!(
                    "the cassette lacks {} lines: the disk was too slow for them",
                    cassette.lost
                ));
            }
            cassette
        }
        None => {
            notes.push("no cassette: what was answered, and when, is taken from the journal".to_owned());
            derive(&recorded.file, voices.caller.len() as u64).map_err(|why| {
                let what = format!("{}: {why}", found.name());
                Fault::new(Owner::Admin, what, "keep cassettes with `serve --cassettes FOLDER`")
            })?
        }
    };
    let short = cassette.track_end().saturating_sub(voices.caller.len() as u64);
    if short > u64::from(TRACK_SHORT_MAX.0) {
        let what = format!("{} lacks {} ms of the call {}", recording.display(), short / 8, found.name());
        return Err(Fault::new(
            Owner::Admin,
            what,
            "it may be another call's: name its folder with --recordings",
        ));
    }
    Ok(Sounding { recorded, voices, cassette, notes })
}

/// Why a call cannot be played from its sound, whatever its recording is.
fn unfit(recorded: &Recorded) -> Option<&'static str> {
    let resumed = recorded.file.events().any(|(_, event)| matches!(event, Event::Resumed(_)));
    if resumed {
        Some("it was gone on with on a new line, and its recording is of one")
    } else if !recorded.is_whole() {
        Some("its record stops short of its end, and so does its recording, elsewhere")
    } else if matches!(recorded.plan.recording, Recording::AfterConsent { .. }) {
        Some("it was recorded from the caller's yes on, and what came before is not there to be heard")
    } else if expect::is_written(&recorded.file) {
        Some(
            "it is a test, which holds only some of the orders; the journal or what --export writes holds all",
        )
    } else {
        None
    }
}

/// A cassette is of the call it is beside, and holds something.
fn own(cassette: &Cassette, recorded: &Recorded, path: &Path) -> Result<(), Fault> {
    let (is, wanted) = (cassette.head_value("call"), recorded.file.head_value("call"));
    let what = match (is, wanted) {
        (Some(is), Some(wanted)) if is != wanted => format!("it is of the call {is}, not of {wanted}"),
        _ if cassette.entries.is_empty() => "it holds nothing: its call broke off before".to_owned(),
        _ => return Ok(()),
    };
    let remedy = "move it away, and the journal is taken in its place";
    Err(Fault::new(Owner::Admin, format!("{}: {what}", path.display()), remedy))
}

/// What the call's files may be called.
fn names(found: &Found, recorded: &Recorded) -> Vec<String> {
    let stem = match found {
        Found::File { path, .. } => path.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
        Found::Call { id, .. } => Some(id.to_string()),
        Found::Unreadable { .. } => None,
    };
    stem.into_iter().chain(recorded.file.head_value("call").map(str::to_owned)).collect()
}

fn beside(found: &Found) -> Option<PathBuf> {
    let folder = match found {
        Found::File { path, .. } => path.parent()?.to_owned(),
        Found::Call { folder, .. } => folder.clone(),
        Found::Unreadable { .. } => return None,
    };
    Some(if folder.as_os_str().is_empty() { ".".into() } else { folder })
}

fn named(folders: &[&Path], names: &[String], kind: &str) -> Option<PathBuf> {
    let places =
        folders.iter().flat_map(|folder| names.iter().map(move |name| folder.join(format!("{name}.{kind}"))));
    places.into_iter().find(|path| path.is_file())
}

fn only(folder: &Path, kind: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut of_kind = entries.filter(|path| path.extension().is_some_and(|extension| extension == kind));
    of_kind.next().filter(|_| of_kind.next().is_none())
}

/// The only recording beside this call's cassette, unless it has the name of another's.
fn lone(folder: &Path, names: &[String]) -> Option<PathBuf> {
    let recording = only(folder, "wav")?;
    named(&[folder], names, "cassette").filter(|_| !recording.with_extension("cassette").is_file())?;
    Some(recording)
}

fn silent(found: &Found, folders: &[&Path]) -> Fault {
    let places: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    let what = format!("{}: there is no WAV recording of it in {}", found.name(), places.join(", "));
    Fault::new(
        Owner::Admin,
        what,
        "name the folder of CALL.wav with --recordings (`serve --recordings` makes them; Opus is not read)",
    )
}

fn read(path: &Path) -> Result<Cassette, Fault> {
    let broken =
        |what: String, remedy: &str| Fault::new(Owner::Admin, format!("{}: {what}", path.display()), remedy);
    let text = fs::read_to_string(path).map_err(|error| {
        if error.kind() == ErrorKind::InvalidData {
            let remedy =
                "it is no cassette, or a broken one: move it away, and the journal is taken in its place";
            return broken("it is no text in UTF-8".to_owned(), remedy);
        }
        broken(error.to_string(), "let this user read it")
    })?;
    Cassette::parse(&text).map_err(|what| {
        broken(what, "move it away, and the journal is taken in its place; docs/replay.md has its form")
    })
}

impl Sounding {
    /// Plays the call again and compares. Edges of speech may be `tolerance` apart.
    #[must_use]
    pub fn replay(&self, tolerance: Millis) -> Compared {
        let Sounding { recorded: Recorded { file, plan, .. }, voices, cassette, notes } = self;
        let last = file.events().map(|(at, _)| at).max();
        let until = last.filter(|_| !self.recorded.is_whole());
        let played = play(cassette, file, plan, &voices.caller, until);
        let was = Outline::of(file, &cassette.sounds(file));
        let is = Outline::of(&played.file, &played.sounds);
        let mut changes = compare(&was, &is, tolerance);
        changes.extend(played.missing.into_iter().map(|what| Change {
            kind: "missing",
            what: format!("today's call wants {what}, and that was not recorded"),
        }));
        let audio = Millis(u32::try_from(played.audio / 8).unwrap_or(u32::MAX));
        Compared { recorded: was, today: is, changes, audio, notes: notes.clone() }
    }

    /// How long the recorded call lasted.
    #[must_use]
    pub fn length(&self) -> CallTime {
        self.recorded.file.events().map(|(at, _)| at).max().unwrap_or(CallTime::ANSWER)
    }
}
