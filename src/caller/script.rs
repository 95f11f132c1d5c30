//! A caller's script: what to do, and at which moment, by what an ear at the phone can know.
//!
//! ```yaml
//! version: 1
//! moves:
//!   - say: refund twenty dollars on order one one eight two
//!   - when: speaking 800
//!     say: yes yes
//!   - press: "1"
//!   - hang_up: true
//! ```
//!
//! Promises: all that is wrong is told at once, each with file, line, column and remedy, but for a field that there is not
//! and a list where a word is wanted, which are told alone; a move does one thing.
//! Never: knows what the agent means; it hears sound, silence and marks.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::{Location, Spanned};

use crate::core::base::{Fault, Millis, Owner};
use crate::telephony::Key;

/// The version of the format.
const VERSION: i64 = 1;
/// Bytes of a script, at most, as of a definition: a person's text has a few thousand.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Silence before a move that names no moment: as long as a person takes to be sure that the other has finished.
const SILENCE: Millis = Millis(600);
/// The shortest silence that can be told from a pause between two words, and the longest wait, in milliseconds.
pub const SILENCE_LEAST: Millis = Millis(200);
const WAIT_MOST: u32 = 60_000;

/// One move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub when: Moment,
    pub act: Act,
}

/// When a move is made; each counts from the move before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The agent has spoken since, and has been silent for so long.
    Silence(Millis),
    /// The agent is speaking, and has been for so long.
    Speaking(Millis),
    /// A mark came back since: something was played to its end.
    Mark,
}

impl Default for Moment {
    fn default() -> Moment {
        Moment::Silence(SILENCE)
    }
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Say(String),
    /// A WAV file: 8 kHz, mono, 16 bit.
    Audio(PathBuf),
    Press(Vec<Key>),
    /// Nothing, for so long.
    Listen(Millis),
    HangUp,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: Spanned<Loose<i64>>,
    moves: Vec<Spanned<MoveWritten>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveWritten {
    when: Option<Spanned<String>>,
    say: Option<Spanned<String>>,
    audio: Option<Spanned<PathBuf>>,
    press: Option<Spanned<String>>,
    /// Wider than what is taken: what is out of its range is one problem among others.
    listen: Option<Spanned<Loose<i64>>>,
    hang_up: Option<Spanned<Loose<bool>>>,
}

/// A value that may be of another kind than the one wanted: that too is one problem among others.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum Loose<T> {
    Right(T),
    Other(IgnoredAny),
}

impl<T: Copy> Loose<T> {
    fn right(written: &Spanned<Loose<T>>, desk: &mut Desk<'_>) -> Option<T> {
        match written.value {
            Loose::Right(value) => Some(value),
            Loose::Other(_) => {
                desk.say(written.referenced, OTHER_KIND, KINDS);
                None
            }
        }
    }
}

const OTHER_KIND: &str = "a value of another kind is wanted here";
const KINDS: &str =
    "`moves:` is a list of fields like `say: yes`; `version` and `listen` are digits, `hang_up` is true";

/// Reads a script's file.
///
/// # Errors
/// It cannot be read, is no regular file (of a pipe the end might never come) or too large; everything that is wrong
/// with it.
pub fn open_script(path: &Path) -> Result<Vec<Step>, Fault> {
    let remedy = "name a scenario file; `centralita call --help` shows one";
    let unread =
        |why: String| Fault::new(Owner::Admin, format!("{} cannot be read: {why}", path.display()), remedy);
    let about = fs::metadata(path).map_err(|error| unread(error.to_string()))?;
    if !about.is_file() {
        return Err(unread("it is no file of text".to_owned()));
    }
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text));
    if read.map_err(|error| unread(error.to_string()))? as u64 > FILE_BYTES_MAX {
        return Err(unread(format!("it is larger than {FILE_BYTES_MAX} bytes")));
    }
    read_script(&path.display().to_string(), &text)
}

/// Reads a script. `path` is named in problems; its `audio:` files lie beside it.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_script(path: &str, text: &str) -> Result<Vec<Step>, Fault> {
    let mut desk = Desk { path, problems: Vec::new() };
    let steps = match serde_saphyr::from_str::<Written>(text) {
        Ok(written) => written.steps(&mut desk),
        Err(error) => {
            let error = error.without_snippet();
            let at = error.location().unwrap_or(Location::UNKNOWN);
            let (what, remedy) = plain(error);
            desk.say(at, &what, &remedy);
            Vec::new()
        }
    };
    if desk.problems.is_empty() {
        return Ok(steps);
    }
    Err(Fault::new(Owner::Admin, desk.problems.join("\n"), "docs/call.md describes a caller's script"))
}

/// What the reader of YAML has met, in words for people, and what to do.
#[expect(clippy::wildcard_enum_match_arm, reason = "the parser keeps its list open")]
fn plain(error: &serde_saphyr::Error) -> (String, String) {
    use serde_saphyr::Error;
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            let known = expected.join("`, `");
            (format!("there is no field `{field}`"), format!("what can stand here is `{known}`"))
        }
        Error::SerdeMissingField { field, .. } => {
            let like = if *field == "version" { "version: 1" } else { "moves:" };
            (format!("`{field}` is missing"), format!("write `{like}` at the left margin"))
        }
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            (format!("`{key}` stands here a second time"), "leave one of them out".to_owned())
        }
        Error::InvalidScalar { .. }
        | Error::Unexpected { .. }
        | Error::SerdeInvalidType { .. }
        | Error::SerdeInvalidValue { .. } => (OTHER_KIND.to_owned(), KINDS.to_owned()),
        _ => {
            let remedy = "look for a quote, a bracket or an indent that is missing; write `version: 1`, then `moves:` and a list";
            ("this cannot be read as YAML".to_owned(), remedy.to_owned())
        }
    }
}

/// Why a row of keys is none.
#[must_use]
pub fn no_keys(text: &str) -> String {
    if text.is_empty() {
        "there is no key to press".to_owned()
    } else {
        format!("`{text}` is no row of keys")
    }
}

/// Keys a caller's telephone has, one after the other: 0 to 9, `*` and `#`. None where another stands there.
#[must_use]
pub fn row_of_keys(text: &str) -> Option<Vec<Key>> {
    let has = |key: char| key.is_ascii_digit() || matches!(key, '*' | '#');
    let key = |key: char| Some(key).filter(|key| has(*key)).and_then(|key| Key::parse(&key.to_string()));
    text.chars().map(key).collect::<Option<Vec<Key>>>().filter(|keys| !keys.is_empty())
}

/// Where problems are gathered.
struct Desk<'a> {
    path: &'a str,
    problems: Vec<String>,
}

impl Desk<'_> {
    fn say(&mut self, at: Location, what: &str, remedy: &str) {
        let (line, column) = (at.line().max(1), at.column().max(1));
        self.problems.push(format!("{}:{line}:{column}: {what}; {remedy}", self.path));
    }
}

impl Written {
    fn steps(&self, desk: &mut Desk<'_>) -> Vec<Step> {
        if let Some(other) = Loose::right(&self.version, desk).filter(|version| *version != VERSION) {
            let what = format!("version {other} is not known to this build");
            desk.say(self.version.referenced, &what, "write `version: 1`");
        }
        if self.moves.is_empty() {
            desk.say(Location::UNKNOWN, "there is no move", "add one under `moves:`");
        }
        let hangs_up = |written: &Spanned<MoveWritten>| {
            written.value.hang_up.as_ref().is_some_and(|hang_up| matches!(hang_up.value, Loose::Right(true)))
        };
        if let Some(never) = self.moves.iter().skip_while(|written| !hangs_up(written)).nth(1) {
            let what = "a move after `hang_up` is never made";
            desk.say(never.referenced, what, "make `hang_up: true` the last move");
        }
        self.moves.iter().filter_map(|written| written.value.step(written.referenced, desk)).collect()
    }
}

impl MoveWritten {
    fn step(&self, at: Location, desk: &mut Desk<'_>) -> Option<Step> {
        let when = match &self.when {
            None => Moment::default(),
            Some(written) => moment(&written.value).unwrap_or_else(|| {
                let what = format!("`{}` is no moment", written.value);
                let remedy = "write `silence MS` (200 to 60000), `speaking MS` (up to 60000) or `mark`";
                desk.say(written.referenced, &what, remedy);
                Moment::default()
            }),
        };
        let mut acts: Vec<Act> = Vec::new();
        if let Some(say) = &self.say {
            if say.value.trim().is_empty() {
                desk.say(
                    say.referenced,
                    "there is nothing to say",
                    "write a text, or `listen: MS` for silence",
                );
            }
            acts.push(Act::Say(say.value.clone()));
        }
        if let Some(audio) = &self.audio {
            let beside = Path::new(desk.path).parent().unwrap_or(Path::new("")).join(&audio.value);
            if !beside.is_file() {
                let what = format!("there is no file {}", beside.display());
                desk.say(audio.referenced, &what, "a WAV (8 kHz, mono, 16 bit), beside the script");
            }
            acts.push(Act::Audio(audio.value.clone()));
        }
        acts.extend(self.press.as_ref().map(|written| Act::Press(keys(written, desk))));
        acts.extend(self.listen.as_ref().map(|written| Act::Listen(wait(written, desk))));
        if let Some(hang_up) = &self.hang_up {
            if Loose::right(hang_up, desk) == Some(false) {
                desk.say(hang_up.referenced, "`hang_up: false` does nothing", "leave the move out");
            }
            acts.push(Act::HangUp);
        }
        match (acts.pop(), acts.is_empty()) {
            (Some(act), true) => Some(Step { when, act }),
            (_, _) => {
                let remedy = "give each move exactly one of `say`, `audio`, `press`, `listen`, `hang_up`";
                desk.say(at, "a move that does nothing, or more than one thing", remedy);
                None
            }
        }
    }
}

fn moment(text: &str) -> Option<Moment> {
    let mut words = text.split_whitespace();
    let (word, number) = (words.next()?, words.next());
    if words.next().is_some() {
        return None;
    }
    let within = |least: u32| {
        let millis: u32 = number?.parse().ok()?;
        (least..=WAIT_MOST).contains(&millis).then_some(Millis(millis))
    };
    match word {
        "silence" => within(SILENCE_LEAST.0).map(Moment::Silence),
        "speaking" => within(0).map(Moment::Speaking),
        "mark" if number.is_none() => Some(Moment::Mark),
        _ => None,
    }
}

/// How long is listened.
fn wait(written: &Spanned<Loose<i64>>, desk: &mut Desk<'_>) -> Millis {
    let Some(length) = Loose::right(written, desk) else { return Millis(WAIT_MOST) };
    let wait = u32::try_from(length).ok().filter(|length| *length <= WAIT_MOST);
    if wait.is_none() {
        let what = if length < 0 { "that is no length of time" } else { "that is longer than a minute" };
        desk.say(written.referenced, what, "listen for 0 to 60000 ms");
    }
    Millis(wait.unwrap_or(WAIT_MOST))
}

fn keys(written: &Spanned<String>, desk: &mut Desk<'_>) -> Vec<Key> {
    row_of_keys(&written.value).unwrap_or_else(|| {
        desk.say(written.referenced, &no_keys(&written.value), "write 0 to 9, * and #, in quotes");
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_move_and_every_moment_reads() {
        let text = "version: 1\nmoves:\n- say: yes\n- {when: speaking 0, say: no}\n- {when: mark, press: '1#'}\n\
                    - {when: silence 900, audio: Cargo.toml}\n- listen: 3000\n- hang_up: true\n";
        let steps = read_script("a.yaml", text).expect("the script is right");
        let keys = vec![
            Key::parse("1").expect("a key of the keypad"),
            Key::parse("#").expect("a key of the keypad"),
        ];
        let step = |when, act| Step { when, act };
        let wanted = [
            step(Moment::default(), Act::Say("yes".to_owned())),
            step(Moment::Speaking(Millis(0)), Act::Say("no".to_owned())),
            step(Moment::Mark, Act::Press(keys)),
            step(Moment::Silence(Millis(900)), Act::Audio("Cargo.toml".into())),
            step(Moment::default(), Act::Listen(Millis(3_000))),
            step(Moment::default(), Act::HangUp),
        ];
        assert_eq!(steps, wanted);
    }

    #[test]
    fn every_problem_is_told_at_once_with_its_line_and_a_remedy() {
        let text = "version: -2\nmoves:\n- when: later\n  say: yes\n- {}\n- press: x\n- listen: 60001\n\
                    - {when: silence 100, say: b}\n- press: 12a\n- audio: no.wav\n- listen: -5\n- say: ' '\n\
                    - press: ''\n- {say: a, hang_up: true}\n- hang_up: false\n- hang_up: true\n";
        let fault = read_script("a.yaml", text).unwrap_err();
        let lines: Vec<&str> = fault.what.lines().collect();
        for (line, (start, part)) in lines.iter().zip([
            ("a.yaml:1:", "version -2"),
            ("a.yaml:15:", "never made"),
            ("a.yaml:3:", "`later` is no moment"),
            ("a.yaml:5:", "exactly one of"),
            ("a.yaml:6:", "no row of keys"),
            ("a.yaml:7:", "longer than a minute"),
            ("a.yaml:8:", "`silence 100` is no moment"),
            ("a.yaml:9:", "`12a` is no row of keys"),
            ("a.yaml:10:", "there is no file no.wav"),
            ("a.yaml:11:", "no length of time"),
            ("a.yaml:12:", "nothing to say"),
            ("a.yaml:13:", "there is no key to press"),
            ("a.yaml:14:", "exactly one of"),
            ("a.yaml:15:", "does nothing"),
        ]) {
            assert!(line.starts_with(start) && line.contains(part), "{line}");
        }
        assert_eq!(lines.len(), 14, "{}", fault.what);
    }

    #[test]
    fn a_value_of_another_kind_hides_nothing_else() {
        let text = "version: one\nmoves:\n- listen: abc\n- {when: later, say: yes}\n- hang_up: soon\n- listen: [1]\n\
                    - press: x\n";
        let fault = read_script("a.yaml", text).unwrap_err();
        let lines: Vec<&str> = fault.what.lines().collect();
        for (line, (start, part)) in lines.iter().zip([
            ("a.yaml:1:10:", "another kind"),
            ("a.yaml:3:11:", "another kind"),
            ("a.yaml:4:", "`later` is no moment"),
            ("a.yaml:5:12:", "another kind"),
            ("a.yaml:6:11:", "another kind"),
            ("a.yaml:7:", "no row of keys"),
        ]) {
            assert!(line.starts_with(start) && line.contains(part), "{line}");
        }
        assert_eq!(lines.len(), 6, "{}", fault.what);
    }

    #[test]
    fn a_script_is_a_file_with_an_end_and_not_too_far_a_one() {
        for (path, told) in
            [("/dev/zero", "no file of text"), ("/", "no file of text"), ("/nowhere", "No such file")]
        {
            let fault = open_script(Path::new(path)).unwrap_err();
            assert!(fault.what.starts_with(path) && fault.what.contains(told), "{fault}");
        }
        let path = std::env::temp_dir().join(format!("centralita-{}.yaml", uuid::Uuid::now_v7()));
        for (spaces, large) in [(1 << 20, true), (100, false)] {
            let text = format!("version: 1\nmoves:\n- hang_up: true #{}", " ".repeat(spaces));
            fs::write(&path, text).expect("a temporary folder can be written");
            let refused =
                open_script(&path).is_err_and(|fault| fault.what.contains("larger than 1048576 bytes"));
            assert_eq!(refused, large, "{spaces} spaces");
        }
        fs::remove_file(&path).expect("it was made by this test");
    }

    #[test]
    fn what_is_no_script_is_refused_with_its_place_in_plain_words() {
        for (text, start, part) in [
            ("", "a.yaml:", "; "),
            ("version: 1\nmoves:\n- dance: yes\n", "a.yaml:3:3: there is no field `dance`; ", "`hang_up`"),
            ("version: 1\n", "a.yaml:1:1: `moves` is missing; ", "write `moves:`"),
            (
                "version: 1\nversion: 1\nmoves: []\n",
                "a.yaml:2:1: `version` stands here a second time; ",
                "leave",
            ),
            ("version: one\nmoves: []\n", "a.yaml:1:10: a value of another kind", "digits"),
            ("version: 1\nmoves: yes\n", "a.yaml:2:8: a value of another kind", "a list"),
            ("version: 1\nmoves: []\n", "a.yaml:1:1: there is no move; ", "add one"),
            ("version: 1\nmoves: [", "a.yaml:2:", "this cannot be read as YAML; look for"),
            ("\u{0}", "a.yaml:", "; "),
        ] {
            let fault = read_script("a.yaml", text).unwrap_err();
            assert!(fault.what.starts_with(start) && fault.what.contains(part), "{text}: {}", fault.what);
        }
    }
}
