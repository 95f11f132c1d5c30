//! Reads the pieces of a journal line, left to right.
//!
//! Promises: every fault says what was expected and where the line stood.
//! Never: panics on a hostile line.

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::base::{Position, Span};

/// The rest of a line that is being read.
#[derive(Clone, Copy)]
pub(super) struct Scan<'a> {
    rest: &'a str,
}

impl<'a> Scan<'a> {
    pub(super) fn new(line: &'a str) -> Scan<'a> {
        Scan { rest: line.trim_ascii() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// Takes a sign, if it stands next.
    pub(super) fn takes(&mut self, sign: &str) -> bool {
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.map_or(self.rest, str::trim_ascii_start);
        rest.is_some()
    }

    /// The next word, up to a space.
    pub(super) fn word(&mut self, what: &str) -> Result<&'a str, String> {
        let end = self.rest.bytes().position(|b| b == b' ').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_ascii_start();
        if word.is_empty() { Err(format!("{what} is missing")) } else { Ok(word) }
    }

    /// The next word, read by `parse`.
    pub(super) fn read<T>(&mut self, what: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, String> {
        let word = self.word(what)?;
        parse(word).ok_or_else(|| format!("`{word}` is not {what}"))
    }

    pub(super) fn position(&mut self) -> Result<Position, String> {
        self.read("a position like `~8000`", Position::parse)
    }

    /// The next JSON value: a string, an object, anything.
    pub(super) fn json(&mut self, what: &str) -> Result<Value, String> {
        let mut stream = serde_json::Deserializer::from_str(self.rest).into_iter::<Value>();
        let value = match stream.next() {
            Some(Ok(value)) => value,
            Some(Err(error)) => return Err(format!("{what} is not JSON: {error}")),
            None => return Err(format!("{what} is missing")),
        };
        let read = stream.byte_offset();
        self.rest = self.rest[read..].trim_ascii_start();
        Ok(value)
    }

    /// Passes over the next JSON value.
    pub(super) fn skip_json(&mut self, what: &str) -> Result<(), String> {
        let mut stream = serde_json::Deserializer::from_str(self.rest).into_iter::<IgnoredAny>();
        match stream.next() {
            Some(Ok(IgnoredAny)) => {}
            Some(Err(error)) => return Err(format!("`{}` is not {what}: {error}", self.rest)),
            None => return Err(format!("{what} is missing")),
        }
        self.rest = self.rest[stream.byte_offset()..].trim_ascii_start();
        Ok(())
    }

    /// Passes over all that is left.
    pub(super) fn end(&mut self) {
        self.rest = "";
    }

    /// The next JSON string.
    #[inline]
    pub(super) fn string(&mut self, what: &str) -> Result<String, String> {
        match self.plain_string() {
            Some(text) => Ok(text.to_owned()),
            None => self.any_string(what),
        }
    }

    fn any_string(&mut self, what: &str) -> Result<String, String> {
        let value = self.json(what)?;
        value.as_str().map(str::to_owned).ok_or_else(|| format!("{what} is `{value}`, a string was expected"))
    }

    /// A string that stands between its quotes as it is, like most: nothing in it is escaped, or would have to be.
    fn plain_string(&mut self) -> Option<&'a str> {
        let inside = self.rest.strip_prefix('"')?;
        let end = inside.bytes().position(|b| matches!(b, b'"' | b'\\' | ..b' '))?;
        let rest = inside[end..].strip_prefix('"')?;
        self.rest = rest.trim_ascii_start();
        Some(&inside[..end])
    }

    /// At the most so many strings are to come: each has two quotes.
    pub(super) fn strings_most(&self) -> usize {
        self.rest.bytes().filter(|b| *b == b'"').count() / 2
    }

    /// Whether the next thing is a quoted string.
    pub(super) fn at_string(&self) -> bool {
        self.rest.starts_with('"')
    }

    /// A span right behind a quoted word: `~100..~200`.
    pub(super) fn span(&mut self) -> Result<Option<Span>, String> {
        if !self.rest.starts_with('~') {
            return Ok(None);
        }
        let word = self.word("a span")?;
        let parsed = word
            .split_once("..")
            .and_then(|(from, to)| Some(Span { from: Position::parse(from)?, to: Position::parse(to)? }));
        parsed.map(Some).ok_or_else(|| format!("`{word}` is not a span like `~100..~200`"))
    }
}
