//! E-mail addresses: written, or spoken with the words for their signs in any language here.
//!
//! Promises: an address has something before its at-sign, and a domain with a dot behind it.
//! Never: takes "at" for the sign where no domain follows.

use std::ops::Range;

use super::super::tokens::Word;
use super::Stretch;
use crate::base::PrivateKind;

/// One part of what may be an address.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Word(String),
    At,
    Dot,
    /// A dash, an underscore, a plus.
    Sign(char),
    /// What stands in no address, an empty place included.
    End,
}

struct Piece {
    part: Part,
    raw: Range<usize>,
}

/// Words before an at-sign that may be part of its address, where it has no end yet.
const OPENING_WORDS: usize = 4;

/// All addresses of a text.
pub(super) fn addresses(text: &str, all: &[Word]) -> Vec<Stretch> {
    let pieces = pieces(text, all);
    let signs = (0..pieces.len()).filter(|at| pieces[*at].part == Part::At);
    signs.filter_map(|at| address(&pieces, at)).collect()
}

/// Where an address begins that is not at its end when the text is.
pub(super) fn opening(text: &str, all: &[Word]) -> Option<usize> {
    let pieces = pieces(text, all);
    let words = |piece: &&Piece| !matches!(piece.part, Part::End);
    let is_sign = |part: &Part| matches!(part, Part::At | Part::Dot | Part::Sign(_));
    let last = pieces.iter().rposition(|piece| piece.part == Part::At || is_spoken_sign(piece, text))?;
    let near_the_end =
        pieces[last..].iter().filter(|p| matches!(p.part, Part::Word(_))).count() <= OPENING_WORDS;
    if !near_the_end {
        return None;
    }
    // Back over signs and the words between them.
    let mut first = last;
    while first > 0
        && words(&&pieces[first - 1])
        && (is_sign(&pieces[first].part) || is_sign(&pieces[first - 1].part))
    {
        first -= 1;
    }
    Some(pieces[first].raw.start)
}

fn is_spoken_sign(piece: &Piece, text: &str) -> bool {
    let spoken = text[piece.raw.clone()].starts_with(char::is_alphabetic);
    spoken && matches!(piece.part, Part::Dot | Part::Sign(_))
}

fn pieces(text: &str, all: &[Word]) -> Vec<Piece> {
    let mut found: Vec<Piece> = Vec::new();
    let mut end = 0;
    let mut words = all.iter().peekable();
    while let Some(word) = words.next() {
        gap(text, end..word.raw.start, end > 0, &mut found);
        let next = words.peek().map_or("", |word| word.text.as_str());
        let (part, used) = match (word.text.as_str(), next) {
            ("at" | "arroba", _) => (Part::At, 1),
            ("dot" | "punto", _) => (Part::Dot, 1),
            ("guion", "bajo") => (Part::Sign('_'), 2),
            ("underscore", _) => (Part::Sign('_'), 1),
            ("dash" | "hyphen" | "guion", _) => (Part::Sign('-'), 1),
            ("plus", _) => (Part::Sign('+'), 1),
            (other, _) => (Part::Word(other.to_owned()), 1),
        };
        end = word.raw.end;
        if used == 2 {
            end = words.next().map_or(end, |word| word.raw.end);
        }
        found.push(Piece { part, raw: word.raw.start..end });
    }
    found
}

/// Signs between two words: those that touch both, and an at-sign anywhere.
fn gap(text: &str, range: Range<usize>, inside: bool, found: &mut Vec<Piece>) {
    let between = &text[range.clone()];
    let part = match between.trim() {
        "@" => Part::At,
        "." if between == "." => Part::Dot,
        "-" if between == "-" => Part::Sign('-'),
        "_" if between == "_" => Part::Sign('_'),
        "+" if between == "+" => Part::Sign('+'),
        "" => return,
        _ => Part::End,
    };
    if inside {
        found.push(Piece { part, raw: range });
    }
}

fn address(pieces: &[Piece], at: usize) -> Option<Stretch> {
    let (start, local) = local(pieces, at)?;
    let (end, domain) = domain(pieces, at + 1)?;
    let raw = pieces[start].raw.start..pieces[end - 1].raw.end;
    Some(Stretch { kind: PrivateKind::Email, value: format!("{local}@{domain}"), raw })
}

/// Backwards from the sign: words with signs between, letters that were spelled, digits that were said apart.
fn local(pieces: &[Piece], at: usize) -> Option<(usize, String)> {
    let mut text = String::new();
    let mut start = at;
    while start > 0 {
        let here = &pieces[start - 1].part;
        let joined = match here {
            Part::Word(word) => {
                let first = text.is_empty() || !text.starts_with(|c: char| c.is_alphanumeric());
                let next = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
                let is_digits = next.chars().all(|c| c.is_ascii_digit());
                let spelled = word.chars().count() == 1 && start < at;
                (first || is_digits || spelled).then(|| word.clone())
            }
            Part::Dot if !text.is_empty() => Some(".".to_owned()),
            Part::Sign(sign) if !text.is_empty() => Some(sign.to_string()),
            Part::Dot | Part::Sign(_) | Part::At | Part::End => None,
        };
        let Some(joined) = joined else { break };
        text.insert_str(0, &joined);
        start -= 1;
    }
    let opens = |text: &str| text.starts_with(|c: char| c.is_alphanumeric());
    while !text.is_empty() && !opens(&text) {
        text.remove(0);
        start += 1;
    }
    (!text.is_empty()).then_some((start, text))
}

/// Forwards: words and signs, at least one dot, letters at its end.
fn domain(pieces: &[Piece], from: usize) -> Option<(usize, String)> {
    let mut text = String::new();
    let mut whole = None;
    let mut at = from;
    while let Some(piece) = pieces.get(at) {
        let after_sign = text.is_empty() || text.ends_with(['.', '-']);
        match &piece.part {
            Part::Word(word) if after_sign || word.chars().count() == 1 => text.push_str(word),
            Part::Dot if !after_sign => text.push('.'),
            Part::Sign('-') if !after_sign => text.push('-'),
            Part::Word(_) | Part::Dot | Part::Sign(_) | Part::At | Part::End => break,
        }
        at += 1;
        let top = text.rsplit_once('.').map_or("", |(_, top)| top);
        if top.chars().count() >= 2 && top.chars().all(char::is_alphabetic) {
            whole = Some((at, text.clone()));
        }
    }
    whole
}
