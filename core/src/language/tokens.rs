//! Text to words that can be compared: lower case, without accents and punctuation.
//!
//! Promises: every token is a slice of the text, in order; a written number, a currency sign and a
//! placeholder (`⟦card 1⟧`) are one token each.
//! Never: tells apart languages, or loses a digit.

use std::ops::Range;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// One token and where it stands in the text (bytes).
#[derive(Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) raw: Range<usize>,
}

/// The words of a text: lower case, accents folded (ñ stays ñ), apostrophes closed up (`don't` is `dont`,
/// `cancel·la` is `cancella`), other punctuation dropped. `1,182.50` and `5:30` stay one token; `$20` is two, `$` and `20`.
#[must_use]
pub fn tokens(text: &str) -> Vec<String> {
    words(text).into_iter().map(|w| w.text).collect()
}

pub(super) fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let end = word_end(text, at, c);
        if let Some(end) = end {
            found.push(Word { text: fold(&text[at..end]), raw: at..end });
        }
        at = end.unwrap_or(at + c.len_utf8());
    }
    found
}

pub(super) fn texts(words: &[Word]) -> Vec<&str> {
    words.iter().map(|w| w.text.as_str()).collect()
}

/// Lower case without accents: how words are compared.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        // Most words of most calls: nothing is composed, and the one silent sign is the apostrophe.
        let mut folded = text.to_ascii_lowercase();
        if folded.contains('\'') {
            folded.retain(|c| c != '\'');
        }
        return folded;
    }
    let mut folded = String::with_capacity(text.len());
    for c in text.nfc().flat_map(char::to_lowercase) {
        if c == 'ñ' {
            folded.push(c);
        } else {
            folded.extend(std::iter::once(c).nfd().filter(|c| !silent(*c)));
        }
    }
    folded
}

/// The phrase, its words parted by single spaces, begins with the word.
pub(super) fn opens(phrase: &str, word: &str) -> bool {
    phrase.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// A word of our own tables, capitals, accents and all, is the word heard; cheaper than folding it each time.
pub(super) fn is_spelled(table: &str, heard: &str) -> bool {
    let plain = |c| match c {
        'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
        'é' | 'è' | 'ê' => 'e',
        'í' | 'ì' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
        'ú' | 'ù' | 'ü' => 'u',
        'ç' => 'c',
        other => other,
    };
    table.chars().flat_map(char::to_lowercase).map(plain).eq(heard.chars())
}

/// The words carry an accent as written, which folding took away ("sí", not "si").
pub(super) fn accented(raw: &str) -> bool {
    raw.nfc().any(|c| "áéíóúàèìòùâêô".contains(c) || "ÁÉÍÓÚÀÈÌÒÙÂÊÔ".contains(c))
}

pub(super) fn is_currency_sign(c: char) -> bool {
    matches!(c, '$' | '€' | '£')
}

fn word_end(text: &str, at: usize, first: char) -> Option<usize> {
    if first == '⟦' {
        return text[at..].find('⟧').map(|n| at + n + '⟧'.len_utf8());
    }
    let next = text[at + first.len_utf8()..].chars().next();
    // The real's sign is written with a letter.
    if matches!(first, 'R' | 'r') && next == Some('$') {
        return Some(at + "R$".len());
    }
    if is_currency_sign(first) || minus(text, at, first, next) && next.is_some_and(is_currency_sign) {
        return Some(at + first.len_utf8());
    }
    if first.is_alphanumeric() || minus(text, at, first, next) {
        return Some(run_end(text, at));
    }
    None
}

/// A minus sign: a dash that opens a word and touches a value.
fn minus(text: &str, at: usize, first: char, next: Option<char>) -> bool {
    let opens = text[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || is_currency_sign(c));
    matches!(first, '-' | '−') && opens && next.is_some_and(|c| c.is_ascii_digit() || is_currency_sign(c))
}

fn run_end(text: &str, start: usize) -> usize {
    let mut before = None;
    let mut end = start;
    for (n, c) in text[start..].char_indices() {
        let here = start + n;
        let after = text[here + c.len_utf8()..].chars().next();
        let between = |test: fn(char) -> bool| before.is_some_and(test) && after.is_some_and(test);
        let inside = n == 0
            || c.is_alphanumeric()
            || is_combining_mark(c)
            || is_invisible(c)
            || (joins_letters(c) && between(char::is_alphabetic))
            || (matches!(c, '.' | ',' | ':' | '/') && between(|c| c.is_ascii_digit()));
        if !inside {
            break;
        }
        before = Some(c);
        end = here + c.len_utf8();
    }
    end
}

fn silent(c: char) -> bool {
    is_combining_mark(c) || joins_letters(c) || is_invisible(c)
}

/// Apostrophes, and the point of the Catalan "l·l".
fn joins_letters(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ' | '·')
}

/// Zero-width characters: nothing is heard of them, so they part no word.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_case_without_accents_or_punctuation() {
        let table: &[(&str, &[&str])] = &[
            ("", &[]),
            (" ¡¿...?! ", &[]),
            ("Sí, ¡CLARO!", &["si", "claro"]),
            ("si\u{301}", &["si"]),
            ("señor, cancélala", &["señor", "cancelala"]),
            ("sen\u{303}or", &["señor"]),
            ("Don't; it’s uh-huh", &["dont", "its", "uh", "huh"]),
            ("'quoted'", &["quoted"]),
            ("$1,182.50.", &["$", "1,182.50"]),
            ("20€ a las 5:30", &["20", "€", "a", "las", "5:30"]),
            ("R$ 20,50 e R$5", &["r$", "20,50", "e", "r$", "5"]),
            ("Cancel·li'l, d’acord", &["cancellil", "dacord"]),
            ("555-1234", &["555", "1234"]),
            ("-5 and -$5", &["-5", "and", "-", "$", "5"]),
            ("my ⟦card 1⟧, yes", &["my", "⟦card 1⟧", "yes"]),
            ("⟦card yes", &["card", "yes"]),
            ("n\u{200b}o", &["no"]),
        ];
        for (text, expected) in table {
            assert_eq!(tokens(text), *expected, "{text}");
        }
    }

    #[test]
    fn a_word_remembers_where_it_stood() {
        let text = "¿Sí… señor? 20 €";
        for w in words(text) {
            assert_eq!(fold(&text[w.raw.clone()]), w.text);
        }
    }
}
