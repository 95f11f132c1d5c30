//! What is wrong in the definitions: all of it at once, each with its place and what to do.
//!
//! Promises: sorted by file and place, each problem once; prints with the line it is about.
//! Never: stops at the first.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde_saphyr::Location;

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

/// Everything that is wrong.
#[derive(Clone, PartialEq, Eq)]
pub struct Problems {
    pub all: Vec<Problem>,
    /// File → text.
    texts: BTreeMap<String, String>,
}

impl Problems {
    pub(super) fn new(mut all: Vec<Problem>, texts: BTreeMap<String, String>) -> Problems {
        all.sort();
        all.dedup();
        Problems { all, texts }
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
        Ok(())
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
    pub(super) fn say(&mut self, at: Location, what: impl Into<String>, remedy: impl Into<String>) {
        let bytes = self.bytes(at);
        self.problems.push(Problem {
            file: self.file.to_owned(),
            line: at.line().max(1),
            column: at.column().max(1),
            what: what.into(),
            remedy: remedy.into(),
            bytes: (bytes.start, bytes.end),
        });
    }

    /// The place in the text, at most to the end of its first line; a place that is not known is the
    /// beginning.
    fn bytes(&self, at: Location) -> Range<usize> {
        let span = at.span();
        let known = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok());
        let start = known(span.byte_offset()).filter(|n| self.text.is_char_boundary(*n)).unwrap_or(0);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |n| start + n);
        let end = start + known(span.byte_len()).unwrap_or(1).max(1);
        let end = if self.text.is_char_boundary(end.min(line_end)) { end.min(line_end) } else { line_end };
        start..end
    }
}
