//! E-mail addresses: written, or spoken with the words for their signs in any language here.
//!
//! Promises: an address has something before its at-sign, and a domain with a dot behind it.
//! Never: takes "at" for the sign where no domain follows.

use std::ops::Range;

use super::super::Language;
use super::super::tokens::{Word, tokens};
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
pub(super) fn addresses(language: Language, text: &str, all: &[Word]) -> Vec<Stretch> {
    let pieces = pieces(language, text, all);
    let signs = (0..pieces.len()).filter(|at| pieces[*at].part == Part::At);
    signs.filter_map(|at| address(&pieces, at)).collect()
}

/// Where an address begins that is not at its end when the text is.
pub(super) fn opening(language: Language, text: &str, all: &[Word]) -> Option<usize> {
    let pieces = pieces(language, text, all);
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

/// The names of signs that count in a text: those of English and Spanish, of the call's language, and of every language
/// whose word for the at-sign was said.
fn signs(language: Language, all: &[Word]) -> Vec<(Part, Vec<String>)> {
    let said = |name: &str| all.iter().any(|word| word.text == name);
    let counts = |other: &Language| {
        let here = [language, Language::English, Language::Spanish].contains(other);
        let mut ats = other.tables().private.signs.iter().filter(|(sign, _)| *sign == '@');
        here || ats.any(|(_, name)| said(name))
    };
    let all = Language::ALL.into_iter().filter(counts).flat_map(|other| other.tables().private.signs);
    let part = |sign: char| match sign {
        '@' => Part::At,
        '.' => Part::Dot,
        other => Part::Sign(other),
    };
    let mut names: Vec<_> = all.map(|(sign, name)| (part(*sign), tokens(name))).collect();
    // "guion bajo" before "guion".
    names.sort_by_key(|(_, name)| std::cmp::Reverse(name.len()));
    names
}

fn pieces(language: Language, text: &str, all: &[Word]) -> Vec<Piece> {
    let signs = signs(language, all);
    let mut found: Vec<Piece> = Vec::new();
    let mut end = 0;
    let mut at = 0;
    while at < all.len() {
        gap(text, end..all[at].raw.start, end > 0, &mut found);
        let opens =
            |name: &[String]| name.iter().eq(all[at..].iter().take(name.len()).map(|word| &word.text));
        let sign = signs.iter().find(|(_, name)| opens(name));
        let (part, used) = sign
            .map_or_else(|| (Part::Word(all[at].text.clone()), 1), |(part, name)| (part.clone(), name.len()));
        end = all[at + used - 1].raw.end;
        found.push(Piece { part, raw: all[at].raw.start..end });
        at += used;
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
