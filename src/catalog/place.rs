//! Where something is written, and values that know it.
//!
//! Promises: a place is exact, in lines and columns for people and in bytes for printing.
//! Never: knows a file; whoever gathers problems does.

use granit_parser::Span;
use serde::Deserialize;
use serde_saphyr::granit_parser;

/// A place in a text. The default is its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Place {
    /// From one.
    pub(super) line: usize,
    /// From one, in characters.
    pub(super) column: usize,
    /// Bytes, the end exclusive.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Default for Place {
    fn default() -> Place {
        Place { line: 1, column: 1, start: 0, end: 0 }
    }
}

impl Place {
    /// The place of a byte.
    pub(super) fn of_byte(text: &str, byte: usize) -> Place {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |n| n + 1);
        Place {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            start: before.len(),
            end: before.len(),
        }
    }
}

impl From<&Span> for Place {
    fn from(span: &Span) -> Place {
        let bytes = span.byte_range().unwrap_or_default();
        Place {
            line: span.start.line().max(1),
            column: span.start.col() + 1,
            start: bytes.start,
            end: bytes.end,
        }
    }
}

/// A value and its place. `shape` answers for this name with both.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename = "Spanned")]
pub(super) struct Spanned<T> {
    pub(super) place: Place,
    pub(super) value: T,
}
