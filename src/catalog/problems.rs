//! What is wrong in the definitions: all of it at once, each with its place and what to do.
//!
//! Promises: sorted by file and place, each problem once; prints with the line it is about.
//! Never: stops at the first, or prints a secret that stands in a file by mistake.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::hidden;
use super::place::Place;

/// Shape problems of one file that are told in one run.
pub(super) const PROBLEMS_MAX: usize = 100;
/// More than that of a file's text makes no problem clearer.
const SHOWN_CHARS_MAX: usize = 60;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub file: String,
    /// From one.
    pub line: u64,
    /// From one, in characters.
    pub column: u64,
    pub what: String,
    pub remedy: String,
    /// The bytes it is about: start and end.
    bytes: (usize, usize),
}

impl Problem {
    /// Takes the secrets of its lines out of its words.
    fn hide(&mut self, text: &str, secrets: &[Range<usize>]) {
        let (start, end) = (self.bytes.0.min(text.len()), self.bytes.1.min(text.len()));
        let start = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |n| n + 1);
        let end = text.get(end..).and_then(|after| after.find('\n')).map_or(text.len(), |n| end + n);
        let here = secrets.iter().filter(|secret| secret.start < end && secret.end > start);
        let here: Vec<&str> = here.map(|secret| &text[secret.clone()]).collect();
        for words in [&mut self.what, &mut self.remedy] {
            *words = hidden::hide_quoted(words, &here, shown);
        }
    }
}

/// Everything that is wrong.
#[derive(Clone, PartialEq, Eq)]
pub struct Problems {
    pub all: Vec<Problem>,
    /// Files of which only the form was looked at, because it has problems.
    unread: Vec<String>,
    /// File → text.
    texts: BTreeMap<String, String>,
}

impl Problems {
    pub(super) fn new(
        mut all: Vec<Problem>,
        mut texts: BTreeMap<String, String>,
        unread: Vec<String>,
    ) -> Problems {
        all.sort();
        all.dedup();
        for (file, text) in &mut texts {
            let secrets = hidden::secrets(text);
            for problem in all.iter_mut().filter(|problem| problem.file == *file) {
                problem.hide(text, &secrets);
            }
            *text = hidden::hide(text, &secrets);
        }
        Problems { all, unread, texts }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.all.iter().enumerate() {
            let text = self.texts.get(&problem.file).map_or("", String::as_str);
            let start = problem.bytes.0.min(text.len());
            let span = start..problem.bytes.1.clamp(start, text.len());
            let place = Snippet::source(text)
                .path(problem.file.as_str())
                .annotation(AnnotationKind::Primary.span(span));
            let report = Level::ERROR
                .primary_title(problem.what.as_str())
                .element(place)
                .element(Level::HELP.message(problem.remedy.as_str()));
            f.write_str(if i == 0 { "" } else { "\n\n" })?;
            f.write_str(&Renderer::plain().render(&[report]))?;
        }
        if self.unread.is_empty() {
            return Ok(());
        }
        let files = self.unread.join(", ");
        write!(f, "\n\nnote: what these files mean is looked at once this is put right: {files}")
    }
}

/// As it is displayed: the texts themselves would hide what is wrong with them.
impl fmt::Debug for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl std::error::Error for Problems {}

/// Where the problems of one file are gathered.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Desk<'_> {
    pub(super) fn say(&mut self, at: Place, what: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem {
            file: self.file.to_owned(),
            line: at.line as u64,
            column: at.column as u64,
            what: what.into(),
            remedy: remedy.into(),
            bytes: self.bytes(at),
        });
    }

    /// Keeps the first problems of a file, and says that there may be more.
    pub(super) fn limit(&mut self, before: usize) {
        if self.problems.len() < before + PROBLEMS_MAX {
            return;
        }
        self.problems.truncate(before + PROBLEMS_MAX);
        let remedy = "put right what is told, and check again";
        self.say(Place::default(), "this file may have more problems than are told", remedy);
    }

    /// The place in the text, at least a sign of it, at most to the end of its first line.
    fn bytes(&self, at: Place) -> (usize, usize) {
        let start = if self.text.is_char_boundary(at.start) { at.start } else { 0 };
        let line = self.text[start..].split('\n').next().unwrap_or_default().trim_end();
        let sign = line.chars().next().map_or(0, char::len_utf8);
        let end = at.end.clamp(start + sign, start + line.len().max(sign));
        (start, if self.text.is_char_boundary(end) { end } else { start + line.len() })
    }
}

/// A text of a file as a problem quotes it: short, on one line, without signs that a terminal obeys or what
/// looks like a secret.
pub(super) fn shown(text: &str) -> String {
    let text = hidden::hide(text, &hidden::secrets(text));
    let mut signs =
        text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] });
    let mut short: String = signs.by_ref().take(SHOWN_CHARS_MAX).collect();
    if signs.next().is_some() {
        short.push('…');
    }
    short
}
