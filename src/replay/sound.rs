//! A recorded call with its sound: where recording and cassette lie, and the call over again.
//!
//! Promises: where the cassette came from is said, and where the journal contradicts it; a call without a recording is told
//! as such; no other call's recording is taken in its place.
//! Never: carries out an order.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::expect;
use super::source::{Found, Recorded};
use crate::core::base::{CallTime, Fault, Millis, Owner, Samples};
use crate::core::cassette::{Cassette, Change, Contradiction, Outline, compare, contradiction, derive, play};
use crate::core::conversation::{Event, Recording};
use crate::media::{TwoVoices, read_recording};

/// How much of the frames a recording may lack: what a killed process had not written yet.
const TRACK_SHORT_MAX: Samples = Millis(6_000).samples();

/// Hexadecimal digits of a carrier's id of a call, behind its CA.
const CALL_DIGITS: usize = 32;

/// How recordings are called that are not read.
const OPUS: [&str; 2] = ["opus", "ogg"];

/// A recorded call and all that is needed to hear it again.
#[derive(Clone, Debug)]
pub struct Sounding {
    pub recorded: Recorded,
    pub voices: TwoVoices,
    pub cassette: Cassette,
    /// What the cassette says otherwise than the journal, if so; a difference of the call, whatever it leads to.
    pub contradiction: Option<Change>,
    pub files: Files,
    /// For people: what is missing.
    pub notes: Vec<String>,
}

/// What was heard and read of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    pub recording: PathBuf,
    /// Without one the journal was taken.
    pub cassette: Option<PathBuf>,
}

/// A recorded call, and what this build makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    pub recorded: Outline,
    pub today: Outline,
    pub changes: Vec<Change>,
    /// Of the caller's track.
    pub audio: Millis,
    pub files: Files,
    pub notes: Vec<String>,
}

/// Whether all folders that were named are there.
///
/// # Errors
/// One is not; it names it.
pub fn are_folders(named: &[&Path]) -> Result<(), Fault> {
    let Some(folder) = named.iter().find(|folder| !folder.is_dir()) else { return Ok(()) };
    let what = format!("there is no folder {}", folder.display());
    let remedy = "name with --recordings where the recordings lie, with --cassettes where the cassettes do";
    Err(Fault::new(Owner::Admin, what, remedy))
}

/// Finds and reads recording and cassette of a call: in the folders that are named, then beside the call itself, by the
/// call's id or its file's name. The only recording of a folder is taken too where no other call can be meant: beside a
/// journal of one call, or beside this call's cassette, and not under another call's name.
///
/// # Errors
/// There is no recording, or something cannot be read; it names what.
pub async fn sounding(found: &Found, named_folders: &[&Path]) -> Result<Sounding, Fault> {
    are_folders(named_folders)?;
    let recorded = found.read().await?;
    if let Some(why) = unfit(&recorded) {
        let what = format!("{}: {why}", found.name());
        return Err(Fault::new(
            Owner::Admin,
            what,
            "replay it without its sound, by neither --audio nor --live",
        ));
    }
    let names = names(found, &recorded);
    let folders = folders(found, named_folders);
    let recording = recording(found, &folders, &names).await?;
    let voices = read_recording(&recording)?;
    let (mut notes, mut contradiction) = (Vec::new(), None);
    let files = Files { recording, cassette: named(&folders, &names, "cassette") };
    let cassette = match &files.cassette {
        Some(path) => {
            let (cassette, numbers) = read(path)?;
            own(&cassette, &recorded, path)?;
            contradiction = contradicted(&cassette, &numbers, &recorded, path);
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
        let what =
            format!("{} lacks {} ms of the call {}", files.recording.display(), short / 8, found.name());
        return Err(Fault::new(
            Owner::Admin,
            what,
            "it may be another call's: name its folder with --recordings",
        ));
    }
    Ok(Sounding { recorded, voices, cassette, contradiction, files, notes })
}

/// Where the call's files may lie: in the folders that are named, there first of all where the call lies in its own, as
/// `--export` keeps it; then beside the call.
fn folders(found: &Found, named: &[&Path]) -> Vec<PathBuf> {
    let below = match found {
        Found::File { below, .. } => below.parent(),
        Found::Call { below, .. } => Some(below.as_path()),
        Found::Unreadable { .. } => None,
    };
    let below = below.filter(|below| !below.as_os_str().is_empty());
    let mut folders = Vec::new();
    for folder in named {
        folders.extend(below.map(|below| folder.join(below)).filter(|folder| folder.is_dir()));
        folders.push((*folder).to_owned());
    }
    folders.extend(beside(found));
    folders
}

/// The call's recording.
async fn recording(found: &Found, folders: &[PathBuf], names: &[String]) -> Result<PathBuf, Fault> {
    if let Some(path) = named(folders, names, "wav") {
        return Ok(path);
    }
    let known = if let Found::Call { store, .. } = found { store.call_ids().await? } else { Vec::new() };
    let mut lone = folders.iter().find_map(|folder| lone(folder, names));
    if let (None, 1, Some(beside)) = (&lone, known.len(), beside(found)) {
        lone = only(&beside, "wav");
    }
    match lone {
        Some(path) if !is_anothers(&path, names, &known) => Ok(path),
        other => Err(silent(found, folders, names, other.as_deref())),
    }
}

/// Whether a recording has the name of another call: an id as carriers give them, or of this journal, or that of a call
/// file or cassette beside it.
fn is_anothers(recording: &Path, names: &[String], known: &[String]) -> bool {
    let stem = recording.file_stem().unwrap_or_default().to_string_lossy();
    let whole = stem.split_once("-part-").map_or(&*stem, |(whole, _)| whole);
    let is_other = |id: &str| !names.iter().any(|name| name == id);
    let digits = whole.strip_prefix("CA").filter(|digits| digits.len() == CALL_DIGITS);
    let is_id = digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    is_other(whole)
        && (is_id
            || known.iter().any(|id| id == whole)
            || ["call", "cassette"].iter().any(|kind| recording.with_extension(kind).is_file()))
}

/// What the cassette says otherwise than the call's own journal.
fn contradicted(cassette: &Cassette, numbers: &[usize], recorded: &Recorded, path: &Path) -> Option<Change> {
    let Contradiction { entry, says, journal } = contradiction(cassette, &recorded.file)?;
    let line = numbers.get(entry).copied().unwrap_or_default();
    let journal = journal.map_or("nothing of it".to_owned(), |journal| format!("`{journal}`"));
    let what = format!("line {line} of {} says `{says}`, and the journal {journal}", path.display());
    Some(Change { kind: "cassette", what })
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

fn named(folders: &[PathBuf], names: &[String], kind: &str) -> Option<PathBuf> {
    let places =
        folders.iter().flat_map(|folder| names.iter().map(move |name| folder.join(format!("{name}.{kind}"))));
    places.into_iter().find(|path| path.is_file())
}

fn only(folder: &Path, kind: &str) -> Option<PathBuf> {
    let [only] = <[PathBuf; 1]>::try_from(of_kind(folder, kind)).ok()?;
    Some(only)
}

fn of_kind(folder: &Path, kind: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    paths.filter(|path| path.extension().is_some_and(|extension| extension == kind)).collect()
}

/// The only recording beside this call's cassette.
fn lone(folder: &Path, names: &[String]) -> Option<PathBuf> {
    let recording = only(folder, "wav")?;
    let has_cassette = names.iter().any(|name| folder.join(format!("{name}.cassette")).is_file());
    has_cassette.then_some(recording)
}

/// There is no recording of it that can be taken: with one that was passed over, and one of another form.
fn silent(found: &Found, folders: &[PathBuf], names: &[String], anothers: Option<&Path>) -> Fault {
    let places: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    let mut what = format!("{}: there is no WAV recording of it in {}", found.name(), places.join(", "));
    if let Some(file) = anothers.and_then(Path::file_name) {
        let file = file.to_string_lossy();
        what.push_str(&format!("; the only one there, {file}, has the name of another call"));
    } else {
        let others: usize = folders.iter().map(|folder| of_kind(folder, "wav").len()).sum();
        if let (1.., Some(name)) = (others, names.last()) {
            what.push_str(&format!("; other WAVs there: {others}, of which none is called {name}.wav"));
        }
    }
    let Some(opus) = OPUS.iter().find_map(|kind| named(folders, names, kind)) else {
        let remedy = "name the folder of CALL.wav with --recordings (`serve --recordings` makes them; Opus is not read)";
        return Fault::new(Owner::Admin, what, remedy);
    };
    what.push_str(&format!("; {} is Opus, which is not read: it is not what the line heard", opus.display()));
    let remedy = "keep recordings as WAV with `serve --recording-format wav`; of this call make a CALL.wav of 8,000 Hz, 16 bit, \
                  caller left, agent right, with another program: edges of speech may then be a little off";
    Fault::new(Owner::Admin, what, remedy)
}

fn read(path: &Path) -> Result<(Cassette, Vec<usize>), Fault> {
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
    Cassette::numbered(&text).map_err(|what| {
        broken(what, "move it away, and the journal is taken in its place; docs/replay.md has its form")
    })
}

impl Sounding {
    /// Plays the call again and compares. Edges of speech may be `tolerance` apart.
    #[must_use]
    pub fn replay(&self, tolerance: Millis) -> Compared {
        let Sounding { recorded: Recorded { file, plan, .. }, voices, cassette, contradiction, .. } = self;
        let last = file.events().map(|(at, _)| at).max();
        let until = last.filter(|_| !self.recorded.is_whole());
        let played = play(cassette, file, plan, &voices.caller, until);
        let was = Outline::of(file, &cassette.sounds(file));
        let is = Outline::of(&played.file, &played.sounds);
        let mut changes: Vec<Change> = contradiction.iter().cloned().collect();
        changes.extend(compare(&was, &is, tolerance));
        changes.extend(played.missing.into_iter().map(|what| Change {
            kind: "missing",
            what: format!("today's call wants {what}, and that was not recorded"),
        }));
        let audio = Millis(u32::try_from(played.audio / 8).unwrap_or(u32::MAX));
        let (files, notes) = (self.files.clone(), self.notes.clone());
        Compared { recorded: was, today: is, changes, audio, files, notes }
    }

    /// How long the recorded call lasted.
    #[must_use]
    pub fn length(&self) -> CallTime {
        self.recorded.file.events().map(|(at, _)| at).max().unwrap_or(CallTime::ANSWER)
    }
}
