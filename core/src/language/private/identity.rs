//! National ids: the Spanish DNI and NIE by their check letter, the US social security number by its form.
//!
//! Promises: a Spanish id counts only with the letter its number has.
//! Never: takes a bare number of a system's for one, unless it is written with its dashes.

use std::ops::Range;

use super::super::Language;
use super::super::tokens::Word;
use super::Teller;
use super::runs::Run;

/// Letters of a DNI by its number's rest.
const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// Letters as they are called, where that is not the letter itself; folded.
const NAMES: &[(&str, char)] = &[
    ("be", 'B'),
    ("ce", 'C'),
    ("de", 'D'),
    ("efe", 'F'),
    ("ge", 'G'),
    ("hache", 'H'),
    ("jota", 'J'),
    ("ka", 'K'),
    ("ele", 'L'),
    ("eme", 'M'),
    ("ene", 'N'),
    ("pe", 'P'),
    ("cu", 'Q'),
    ("erre", 'R'),
    ("ese", 'S'),
    ("te", 'T'),
    ("uve", 'V'),
    ("equis", 'X'),
    ("ye", 'Y'),
    ("zeta", 'Z'),
    ("zed", 'Z'),
    ("zee", 'Z'),
    ("ex", 'X'),
    ("why", 'Y'),
];

/// An id in a token by itself (`12345678Z`, `X1234567L`).
pub(super) fn written(token: &str) -> Option<String> {
    let id = token.to_ascii_uppercase().replace(['.', ','], "");
    let (number, letter) = id.split_at_checked(id.len().checked_sub(1)?)?;
    let (prefix, digits) = match number.chars().next()? {
        first @ ('X' | 'Y' | 'Z') => (Some(first), &number[1..]),
        _ => (None, number),
    };
    fits(prefix, digits, letter.chars().next()?).then_some(id)
}

/// The id whose digits begin with this item: its one form, its place and the item behind it.
pub(super) fn at(
    language: Language,
    text: &str,
    all: &[Word],
    run: &Run,
    at: usize,
    windows: &[(String, usize)],
    by: Teller,
) -> Option<(String, Range<usize>, usize)> {
    let before = (at == 0 && run.words.start > 0).then(|| letter(&all[run.words.start - 1].text)).flatten();
    let spoken = windows.iter().find_map(|(digits, end)| {
        let last = (*end == run.items.len()).then(|| all.get(run.words.end)).flatten()?;
        let (prefix, check) = (before.filter(|_| digits.len() == 7), letter(&last.text)?);
        let start =
            if prefix.is_some() { all[run.words.start - 1].raw.start } else { run.items[at].raw.start };
        let id = prefix.into_iter().chain(digits.chars()).chain([check]).collect();
        fits(prefix, digits, check).then_some((id, start..last.raw.end, *end))
    });
    spoken.or_else(|| social(language, text, run, at, windows, by))
}

fn letter(token: &str) -> Option<char> {
    let mut chars = token.chars();
    match (chars.next(), chars.next()) {
        (Some(only), None) if only.is_ascii_alphabetic() => Some(only.to_ascii_uppercase()),
        _ => NAMES.iter().find(|(name, _)| *name == token).map(|(_, letter)| *letter),
    }
}

fn fits(prefix: Option<char>, digits: &str, letter: char) -> bool {
    let lead = match prefix {
        None => "",
        Some('X') => "0",
        Some('Y') => "1",
        Some('Z') => "2",
        Some(_) => return false,
    };
    let number = format!("{lead}{digits}");
    let plain = number.len() == 8 && number.bytes().all(|b| b.is_ascii_digit());
    let rest = number.parse::<usize>().unwrap_or_default() % LETTERS.len();
    plain && char::from(LETTERS[rest]) == letter.to_ascii_uppercase()
}

/// Nine digits, none of its three parts all zeros: said by a caller, or written 3-2-4.
fn social(
    language: Language,
    text: &str,
    run: &Run,
    at: usize,
    windows: &[(String, usize)],
    by: Teller,
) -> Option<(String, Range<usize>, usize)> {
    let (digits, end) = windows.iter().find(|(digits, _)| digits.len() == 9)?;
    let raw = run.items[at].raw.start..run.items[end - 1].raw.end;
    let parts: Vec<usize> = text[raw.clone()].split('-').map(str::len).collect();
    let said = by == Teller::Caller && language == Language::English && run.items.len() == end - at;
    let issued = !matches!(&digits[..3], "000" | "666") && !digits.starts_with('9');
    let whole = issued && &digits[3..5] != "00" && &digits[5..] != "0000";
    (whole && (said || parts == [3, 2, 4])).then(|| (digits.clone(), raw, *end))
}
