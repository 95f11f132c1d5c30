//! Secrets that stand in a definition by mistake: what looks like one is told of, and never printed.
//!
//! Promises: a hidden text is as long as before, so that places in it stay true; rather too much is hidden than
//! too little.
//! Never: decides whether a definition is right.

use std::ops::Range;

use crate::secrets::SecretName;

/// Names of fields and headers that hold secrets: parts of them, in small letters.
const NAMES: &[&str] = &[
    "authorization",
    "bearer",
    "cookie",
    "token",
    "secret",
    "password",
    "api-key",
    "api_key",
    "apikey",
    "client_certificate",
];
/// How a name ends that would be one, and is where a secret is fetched: `token_url`.
const PLACE: &str = "_url";
/// How values begin that are secrets, whatever their field is called.
const SCHEMES: &[&str] = &["Bearer ", "Basic "];
const PREFIXES: &[&str] = &[
    "sk-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "ghp_",
    "github_pat_",
    "glpat-",
    "xox",
    "shpat_",
    "whsec_",
    "AKIA",
    "eyJhbGci",
    "-----BEGIN",
];
/// A text of so many bytes that is no word of anybody is a key.
const RANDOM_BYTES_MIN: usize = 20;
/// The value of `header: {name: …, value: …}`.
const VALUE: &str = "value";
/// Maps of such fields; a text in the place of one is a secret too.
const MAPS: &[&str] = &["auth", "basic", "hmac", "oauth2"];
/// Shorter words after a prefix are words: `sk-8`, `Basic plan`.
const SECRET_BYTES_MIN: usize = 8;
/// Shorter ones are not looked for in sentences: whatever is that short is found in their words too.
const QUOTED_BYTES_MIN: usize = 4;
/// In place of a secret in a sentence.
const STARS: &str = "***";

/// Whether what stands under this name is a secret.
pub(super) fn is_name_of_one(name: &str) -> bool {
    let lower = name.to_lowercase();
    !lower.ends_with(PLACE) && NAMES.iter().any(|part| lower.contains(part))
}

/// Whether nobody would write this value who does not mean a secret: by how it begins, or as no word looks like it.
pub(super) fn is_one(value: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| value.as_bytes().iter().any(kind);
    let is_dense = value.len() >= RANDOM_BYTES_MIN
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=_-".contains(&b))
        && has(u8::is_ascii_digit);
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let is_hex = value.bytes().all(|b| b.is_ascii_hexdigit()) && has(u8::is_ascii_alphabetic);
    begins_like_one(value) || (is_dense && (is_mixed || is_hex))
}

/// Whether this value is one, whatever its name.
pub(super) fn begins_like_one(value: &str) -> bool {
    let is_written = |rest: &str| !rest.starts_with('{');
    SCHEMES.iter().chain(PREFIXES).any(|start| value.strip_prefix(start).is_some_and(is_written))
}

/// Whether a value is put in here, behind a scheme or alone: `Bearer {{ steps.login.token }}`.
fn is_hole(value: &str) -> bool {
    let bare = value.trim_start_matches(['"', '\'']);
    let of_scheme = SCHEMES.iter().find_map(|scheme| bare.strip_prefix(scheme));
    of_scheme.map_or_else(|| bare.starts_with("{{"), |rest| rest.starts_with('{'))
}

/// What is hidden of one file: byte ranges, in order, none across lines.
pub(super) fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut under: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let words = line.trim();
        let indent = line.len() - line.trim_start().len();
        let within = start + indent..start + indent + words.len();
        start += line.len();
        if words.is_empty() {
            continue;
        }
        // A list may stand in one column with its field, and inside of brackets no column counts.
        let goes_on = |field: usize| indent > field || (indent == field && !has_name(words));
        if under.is_some_and(goes_on) {
            found.push(within);
            continue;
        }
        under = None;
        if let Some(value) = of_field(words) {
            under = Some(indent);
            found.extend(Some(within.start + value.start..within.end).filter(|_| value.start < words.len()));
            found.extend(in_words(&words[..value.start]).into_iter().map(|r| moved(&r, within.start)));
        } else {
            found.extend(in_words(words).into_iter().map(|r| moved(&r, within.start)));
        }
    }
    found.sort_by_key(|range| range.start);
    found
}

/// The text with these ranges hidden.
pub(super) fn hide(text: &str, secrets: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for secret in secrets {
        let (start, end) = (secret.start.max(from), secret.end.max(from));
        out.push_str(&text[from..start]);
        out.push_str(&"*".repeat(end - start));
        from = end;
    }
    out.push_str(&text[from..]);
    out
}

/// A sentence about a place with these secrets, with none of them in it. `quoted` is how sentences quote a text.
pub(super) fn hide_quoted(sentence: &str, secrets: &[&str], quoted: fn(&str) -> String) -> String {
    let mut out = sentence.to_owned();
    for secret in secrets {
        let bare = secret.trim_matches(['"', '\'', '{', '}', '[', ']', ',', ' ']);
        let whole = [quoted(secret), quoted(bare), quoted(&bare.replace('\'', "''"))];
        let parts =
            bare.split([' ', ',', ':', '"', '\'', '{', '}']).filter(|part| part.len() >= SECRET_BYTES_MIN);
        for way in whole.into_iter().chain(parts.map(quoted)) {
            let way = way.trim_end_matches('…');
            if way.len() >= QUOTED_BYTES_MIN {
                out = out.replace(way, STARS);
            }
        }
    }
    out
}

/// The value of the first field of a line that is called like a secret and is no reference; it may go on in the lines
/// below.
fn of_field(line: &str) -> Option<Range<usize>> {
    let mut from = 0;
    while let Some(colon) = line[from..].find(':').map(|n| from + n) {
        from = colon + 1;
        let rest = &line[from..];
        // After a name in quotes a value needs no space.
        let is_quoted = line[..colon].ends_with(['"', '\'']);
        if !(rest.is_empty() || rest.starts_with([' ', '\t']) || is_quoted) {
            continue;
        }
        let before = line[..colon].trim_end().trim_end_matches(['"', '\'']);
        let begin = before.rfind(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)));
        let name = &before[begin.map_or(0, |n| n + before[n..].chars().next().map_or(1, char::len_utf8))..];
        let value = rest.trim_start();
        let is_flat = MAPS.contains(&name) && value.len() >= SECRET_BYTES_MIN && !value.starts_with('{');
        if !is_name_of_one(name) && name != VALUE && !is_flat {
            continue;
        }
        let at = line.len() - value.len();
        let word = value.trim_start_matches(['"', '\'']);
        let word = word.split([',', '}', '"', '\'', '`', ' ']).next().unwrap_or_default();
        if SecretName::reference(word).is_some() || is_hole(value) {
            continue;
        }
        return Some(at..line.len());
    }
    None
}

/// Whether a line is a field of its own.
fn has_name(line: &str) -> bool {
    line.split_once(':').is_some_and(|(_, rest)| rest.is_empty() || rest.starts_with([' ', '\t']))
}

/// What looks like a secret in any words: a user's name and password in an address, a parameter of one that is called
/// like a secret, a known kind of key.
fn in_words(words: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (at, _) in words.match_indices("://") {
        let begin = at + "://".len();
        let address = words[begin..].split_whitespace().next().unwrap_or_default();
        found.extend(address.rfind('@').map(|end| begin..begin + end));
    }
    for (at, _) in words.match_indices('=') {
        let begin = at + 1;
        let name = words[..at].rsplit(['?', '&', ' ', '"', '\'']).next().unwrap_or_default();
        let len = words[begin..].find(['&', ' ', '"', '\'', '`', '#']).unwrap_or(words.len() - begin);
        if is_name_of_one(name) && len > 0 && !words[begin..].starts_with('{') {
            found.push(begin..begin + len);
        }
    }
    for prefix in SCHEMES.iter().chain(PREFIXES) {
        for (at, _) in words.match_indices(prefix) {
            let is_word = !words[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_');
            let begin = if prefix.ends_with(' ') { at + prefix.len() } else { at };
            let len = words[begin..].find([' ', '"', '\'', '`', ',', '}']).unwrap_or(words.len() - begin);
            if is_word && len >= SECRET_BYTES_MIN {
                found.push(begin..begin + len);
            }
        }
    }
    found.sort_by_key(|range| range.start);
    found
}

fn moved(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_hidden_and_nothing_else_moves() {
        for (text, want) in [
            ("  bearer: sk-live-abc\n", "  bearer: ***********\n"),
            ("auth: {bearer: abc, x: y}", "auth: {bearer: **********"),
            ("auth: {bearer: secret.TOKEN}", "auth: {bearer: secret.TOKEN}"),
            ("auth: {header: {name: X-Key, value: 'abc'}}", "auth: {header: {name: X-Key, value: *******"),
            ("auth:\n  bearer:\n    abc\n    def\nid: x", "auth:\n  bearer:\n    ***\n    ***\nid: x"),
            ("bearer: |\n  abc\nid: x", "bearer: *\n  ***\nid: x"),
            ("base_url: http://ñ:pass@host/x", "base_url: http://*******@host/x"),
            ("X-Api-Key: abc", "X-Api-Key: ***"),
            ("auth: {\"bearer\":\"abc\"}", "auth: {\"bearer\":******"),
            ("auth:\n  bearer:\n  - abc\nid: x", "auth:\n  bearer:\n  *****\nid: x"),
            ("auth: {\n  bearer:\n  abc}\nid: x", "auth: {\n  bearer:\n  ****\nid: x"),
            ("path: /x?api_key=abc&n={n}", "path: /x?api_key=***&n={n}"),
            ("path: /x?token={token}", "path: /x?token={token}"),
            ("{Authorization: \"Bearer {{ a.b }}\"}", "{Authorization: \"Bearer {{ a.b }}\"}"),
            ("{Authorization: Bearer {a}, X-Api-Key: abc}", "{Authorization: Bearer {a}, X-Api-Key: ****"),
            ("\"Authorization\": \"Bearer abc\"", "\"Authorization\": ************"),
            ("note: use sk-12345678 here", "note: use *********** here"),
            ("note: a task-12345678, Basic plan, at 12:30", "note: a task-12345678, Basic plan, at 12:30"),
            ("name: token_of_order\nask: Which token?", "name: token_of_order\nask: Which token?"),
            ("path: /a@b\n\n\nid: x", "path: /a@b\n\n\nid: x"),
        ] {
            let hidden = hide(text, &secrets(text));
            assert_eq!(hidden, want);
            assert_eq!(hidden.len(), text.len(), "{text}");
        }
    }

    #[test]
    fn a_sentence_quotes_no_secret_and_keeps_its_own_words() {
        let quoted: fn(&str) -> String = |text| text.chars().take(6).collect::<String>() + "…";
        for (sentence, secret, want) in [
            ("here it is the number 12345", "12345", "here it is the number ***"),
            ("put it in quotes: 'abcdef…'", "abcdefghij", "put it in quotes: '***…'"),
            ("here it is the quoted text `abcd`", "'abcd'}", "here it is the quoted text `***`"),
            ("write `{a: x}`", "a", "write `{a: x}`"),
        ] {
            assert_eq!(hide_quoted(sentence, &[secret], quoted), want);
        }
    }
}
