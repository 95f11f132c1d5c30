//! What it means when YAML is refused: a parser's reason, in the words of who wrote the file.
//!
//! Promises: where a text lacks its quotes, that is what is said, whatever the parser stumbled over.
//! Never: changes the text; it says what could be put right.

use std::ops::Range;

use granit_parser::{ErrorKind, ScanError};
use serde_saphyr::granit_parser;

use super::place::Place;
use super::problems::shown;

/// What begins a value that is more than a text.
const MEANS_MORE: &[char] = &['{', '[', '*', '&', '@', '%', '!', '`', '|', '>', '"', '\''];

pub(super) struct Refusal {
    pub(super) at: Place,
    pub(super) what: String,
    pub(super) remedy: String,
    /// The bytes of a text that lacks its quotes: with a plain text there, reading could go on.
    pub(super) cure: Option<Range<usize>>,
}

pub(super) fn explain(text: &str, error: &ScanError) -> Refusal {
    let at = beginning(text, error);
    let line = line_of(text, at.start);
    if let Some(open) = left_open(text, &line, error.kind()) {
        return open;
    }
    tab(text, &line)
        .or_else(|| tab_below(text, &line, error.kind()))
        .or_else(|| unquoted(text, &line, error.kind()))
        .unwrap_or_else(|| {
            let (what, remedy) = reason(error.kind());
            Refusal { at, what: what.to_owned(), remedy: remedy.to_owned(), cure: None }
        })
}

/// Where the parser stumbled; at the end of the text, its last line with words.
fn beginning(text: &str, error: &ScanError) -> Place {
    let mark = error.marker();
    let byte = mark.byte_offset().unwrap_or(0).min(text.len());
    let written = text.trim_end().len();
    if byte < written {
        return Place { line: mark.line().max(1), column: mark.col() + 1, start: byte, end: byte };
    }
    Place::of_byte(text, line_of(text, written).start)
}

fn line_of(text: &str, byte: usize) -> Range<usize> {
    let start = text[..byte].rfind('\n').map_or(0, |n| n + 1);
    let end = text[byte..].find(['\n', '\r']).map_or(text.len(), |n| byte + n);
    start..end
}

/// A bracket of an earlier line that was to be closed before this one.
fn left_open(text: &str, line: &Range<usize>, kind: &ErrorKind) -> Option<Refusal> {
    use ErrorKind as K;
    let is_inside = matches!(
        kind,
        K::ExpectedFlowMappingSeparator
            | K::ExpectedFlowSequenceSeparator
            | K::UnclosedFlowCollection { .. }
            | K::UnexpectedEofFlowSequence
            | K::UnexpectedEofFlowMapping
            | K::UnexpectedEofImplicitFlowMapping
            | K::InvalidFlowScalarIndent
            | K::InvalidIndentation
            | K::InvalidColonPlacement
            | K::InvalidMappingValueWhitespace
            | K::BlockEntryInFlowCollection
    );
    let before = text.get(..line.end).filter(|_| is_inside)?;
    let mut closed = 0_usize;
    for (byte, sign) in before.char_indices().rev() {
        match sign {
            '}' | ']' => closed += 1,
            '{' | '[' if closed > 0 => closed -= 1,
            '{' | '[' => {
                let at = Place { end: byte + 1, ..Place::of_byte(text, byte) };
                let what = format!("a `{sign}` is opened here and not closed");
                let remedy =
                    "close it on the same line; if it begins a text, put the text in quotes".to_owned();
                return Some(Refusal { at, what, remedy, cure: None });
            }
            _ => {}
        }
    }
    None
}

fn tab(text: &str, line: &Range<usize>) -> Option<Refusal> {
    let begins_with_tab = |line: &str| line.trim_start_matches(' ').starts_with('\t');
    if !begins_with_tab(&text[line.clone()]) {
        return None;
    }
    let all = text.lines().filter(|line| begins_with_tab(line) && !line.trim().is_empty()).count();
    let others = if all > 1 { format!(" ({all} lines of this file do)") } else { String::new() };
    let byte = line.start + text[line.clone()].find('\t').unwrap_or(0);
    Some(Refusal {
        at: Place { end: byte + 1, ..Place::of_byte(text, byte) },
        what: format!("this line begins with a tab{others}"),
        remedy: "put two spaces for each tab at the beginning of a line".to_owned(),
        cure: None,
    })
}

/// The parser tells of a tab at the end of the line before.
fn tab_below(text: &str, line: &Range<usize>, kind: &ErrorKind) -> Option<Refusal> {
    let is_tab = matches!(
        kind,
        ErrorKind::TabInIndentation
            | ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInPlainScalar
    );
    let below = line.end + text[line.end..].find('\n').filter(|_| is_tab)? + 1;
    tab(text, &line_of(text, below))
}

/// The value of this line is a text that YAML takes for more than a text.
fn unquoted(text: &str, line: &Range<usize>, kind: &ErrorKind) -> Option<Refusal> {
    let start = line.start + value(&text[line.clone()])?;
    let written = text[start..line.end].trim_end();
    let first = written.chars().next()?;
    let what = match first {
        '"' | '\'' if matches!(kind, ErrorKind::UnclosedQuotedScalar) => return None,
        '|' | '>' if matches!(kind, ErrorKind::InvalidBlockScalarHeader) => return None,
        '"' if written.len() > 1 && written.ends_with('"') => {
            "a `\"` or a `\\` inside a text in double quotes".to_owned()
        }
        '"' | '\'' => "a text goes on after its closing quote".to_owned(),
        '[' if !written.contains(']') => return None,
        '{' if !written.contains('}') => return None,
        '`' => "a text that begins with a backtick is not in quotes".to_owned(),
        first if MEANS_MORE.contains(&first) => format!("a text that begins with `{first}` is not in quotes"),
        _ if written.contains(": ") => "a text with `: ` in it is not in quotes".to_owned(),
        _ if written.ends_with(':') => "a text that ends with `:` is not in quotes".to_owned(),
        _ => return None,
    };
    let is_quoted = written.len() > 1 && matches!(first, '"' | '\'') && written.ends_with(first);
    let inside = if is_quoted { &written[1..written.len() - 1] } else { written };
    let inside = inside.replace('\'', "''");
    let end = start + written.len();
    Some(Refusal {
        at: Place { end, ..Place::of_byte(text, start) },
        what,
        remedy: format!("put the whole text in single quotes, each `'` in it twice: '{}'", shown(&inside)),
        cure: Some(start..end),
    })
}

/// Where the value of `- field: value` begins; a value alone has no field before it that could be told.
fn value(line: &str) -> Option<usize> {
    let mut rest = line.trim_start();
    let mut is_item = false;
    while let Some(item) = rest.strip_prefix("- ") {
        is_item = true;
        rest = item.trim_start();
    }
    let is_field = |name: &str| !name.is_empty() && !name.contains([' ', '{', '[', '"', '\'']);
    let after = rest.split_once(": ").filter(|(name, _)| is_field(name)).map(|(_, value)| value.trim_start());
    let value = after.or_else(|| Some(rest).filter(|_| is_item))?;
    Some(line.len() - value.len())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the parser keeps its list open")]
fn reason(kind: &ErrorKind) -> (&'static str, &'static str) {
    use ErrorKind as K;
    match kind {
        K::UnclosedQuotedScalar | K::DocumentIndicatorInQuotedScalar | K::InvalidQuotedScalarIndent => {
            ("a quote is opened here and never closed", "close it, or take it away")
        }
        K::MisplacedFlowCollectionEnd | K::MismatchedFlowCollectionEnd { .. } => {
            ("a closing bracket that nothing opened", "take it away; inside a text, put the text in quotes")
        }
        K::ExpectedFlowMappingSeparator | K::ExpectedFlowSequenceSeparator => (
            "a `,` or a closing bracket is missing here",
            "write `{a: x, b: y}` or `[x, y]`; quote texts with `,` in them",
        ),
        K::RecursionLimitExceeded => (
            "maps and lists are too deep inside one another here",
            "write it flatter; no definition needs so many",
        ),
        K::MappingValueNotAllowed
        | K::InvalidIndentation
        | K::ExpectedBlockMappingKey
        | K::ExpectedBlockSequenceEntry
        | K::BlockSequenceEntryNotAllowed
        | K::MappingKeyNotAllowed
        | K::InvalidFlowScalarIndent
        | K::InvalidBlockScalarIndent
        | K::ExpectedDocumentStart => (
            "this line does not stand in one column with the fields or items it belongs to",
            "begin it with as many spaces as the line of its neighbour",
        ),
        K::SimpleKeyExpected | K::InvalidSimpleKey => (
            "a line without `: ` between a field and its value",
            "write `field: value`, with a space after the `:`",
        ),
        K::InvalidColonPlacement | K::InvalidMappingValueWhitespace => {
            ("no space after a `:`", "write `field: value`")
        }
        K::TabInIndentation
        | K::TabNotAllowed
        | K::TabInBlockIndentation
        | K::TabInPlainScalar
        | K::TabAtBlockScalarStart => ("a tab stands here", "write spaces"),
        K::InvalidBlockScalarHeader => (
            "words after `|` or `>` on its line",
            "begin the text on the next line, further in; if the sign is part of it, put it in quotes",
        ),
        K::DirectiveDisallowed | K::InvalidDirectiveName | K::MissingDirectiveName => {
            ("a line that begins with `%`", "take it away, or put the text in quotes")
        }
        K::BomInsideDocument | K::UnexpectedCharacter { .. } => {
            ("a sign that cannot stand here", "take it away, or put the text in quotes")
        }
        _ => (
            "this cannot be read as YAML",
            "look at its quotes, brackets and spaces; a text with special signs wants quotes",
        ),
    }
}
