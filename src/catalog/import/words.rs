//! Names of ours from names of others, and English sentences for a draft.
//!
//! Promises: a name that comes out is one of ours and is not taken; a sentence stands on one line and holds no sign that a
//! template would take for its own.
//! Never: looks at a schema.

use std::collections::BTreeSet;

use crate::catalog::reader::{RESERVED, is_name};
use crate::integrations::Method;

/// What templates take for words of their own, or find under these names where nobody gives a value.
const TAKEN: &[&str] = &[
    "and",
    "block",
    "call",
    "caller",
    "debug",
    "dict",
    "do",
    "elif",
    "else",
    "endfor",
    "endif",
    "extends",
    "false",
    "filter",
    "for",
    "from",
    "if",
    "import",
    "in",
    "include",
    "is",
    "loop",
    "macro",
    "namespace",
    "none",
    "not",
    "or",
    "range",
    "raw",
    "self",
    "set",
    "super",
    "true",
    "with",
];
/// The longest name drafted, in bytes: models know tools by 64, the integration's id included.
pub(super) const NAME_BYTES_MAX: usize = 40;
/// Verbs by which summaries and names of operations begin.
const VERBS: &str = "accept activate add adjust apply approve archive assign attach authorize block book buy calculate cancel \
    capture change charge check clear close complete confirm convert copy create deactivate decline delete deliver detach \
    disable dismiss dispatch edit enable end estimate exchange execute expire extend fetch finalize find finish generate get \
    give grant hold import insert invite issue join leave link list lock make mark merge modify move notify open pause pay \
    perform place post provision publish purchase put query quote read reactivate rebook record redeem refund register reject \
    release reload remove rename renew reopen replace request reschedule resend reserve reset resolve restart restore resume \
    retrieve retry return reverse revoke run save schedule search send set share ship show sign start stop submit subscribe \
    suspend switch sync transfer trigger unassign unblock unlink unlock unsubscribe update upgrade upload upsert validate \
    verify void withdraw write";

/// A name of ours: `orderId` and `Order-ID` are `order_id`.
pub(super) fn snake(text: &str) -> String {
    let mut out = String::new();
    let signs: Vec<char> = text.chars().collect();
    for (at, sign) in signs.iter().enumerate() {
        if !sign.is_ascii_alphanumeric() {
            out.push('_');
            continue;
        }
        let before = at.checked_sub(1).map(|n| signs[n]);
        let after = signs.get(at + 1);
        let begins = sign.is_ascii_uppercase()
            && before.is_some_and(|b| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || (b.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if begins {
            out.push('_');
        }
        out.push(sign.to_ascii_lowercase());
    }
    let mut name: String = out.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name.insert_str(0, if name.is_empty() { "value" } else { "v" });
    }
    name.truncate(NAME_BYTES_MAX);
    let name = name.trim_end_matches('_').to_owned();
    if name == RESERVED || TAKEN.contains(&name.as_str()) { format!("{name}_value") } else { name }
}

/// Whether an expression over an answer can name this field.
pub(super) fn is_plain_name(name: &str) -> bool {
    let mut signs = name.chars();
    let begins = signs.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    begins && signs.all(|c| c.is_ascii_alphanumeric() || c == '_') && !TAKEN.contains(&name)
}

/// This name, or the first one with a number behind it that is free; it is taken then.
pub(super) fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut free = name.to_owned();
    let mut number = 2;
    while taken.contains(&free) {
        let most = name.len().min(NAME_BYTES_MAX - 4);
        free = format!("{}_{number}", &name[..most]);
        number += 1;
    }
    debug_assert!(is_name(&free));
    taken.insert(free.clone());
    free
}

/// On one line, without signs that a terminal obeys, marks of HTML, or more than so many characters.
pub(super) fn plain(text: &str, most: usize) -> String {
    let text = unlinked(text);
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let is_mark = rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        let end = rest.find('>').filter(|_| is_mark).map_or(1, |close| close + 1);
        out.push_str(if end == 1 { "<" } else { " " });
        rest = &rest[end..];
    }
    out.push_str(rest);
    let shown = |c: &char| {
        !(c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffe}'..='\u{ffff}'))
    };
    let words: Vec<String> =
        out.split_whitespace().map(|word| word.chars().filter(shown).collect::<String>()).collect();
    let line = words.iter().filter(|word| !word.is_empty()).cloned().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let cut: String = line.chars().take(most).collect();
    let end = cut.rfind(' ').filter(|end| *end > cut.len() / 2).unwrap_or(cut.len());
    format!("{}…", cut[..end].trim_end_matches([',', ';', ':', ' ']))
}

/// A link of Markdown as its words.
fn unlinked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(middle) = rest.find("](") {
        let close = rest[middle..].find(')').map(|close| middle + close);
        match (rest[..middle].rfind('['), close) {
            (Some(open), Some(close)) => {
                out.push_str(&rest[..open]);
                out.push_str(&rest[open + 1..middle]);
                rest = &rest[close + 1..];
            }
            _ => {
                out.push_str(&rest[..middle + 2]);
                rest = &rest[middle + 2..];
            }
        }
    }
    out + rest
}

/// The same for a template: no braces, and no reference to a secret.
pub(super) fn spoken(text: &str, most: usize) -> String {
    plain(&text.replace(['{', '}'], " "), most).replace("secret.", "secret ")
}

/// A text that stays as it is where a template is read. None where it cannot.
pub(super) fn literal(text: &str) -> Option<String> {
    if text.starts_with("secret.") || text.contains("{{") || text.contains("}}") {
        return None;
    }
    if !text.contains('{') {
        return Some(text.to_owned());
    }
    Some(format!("{{{{ {} }}}}", quoted(text)?)).filter(|whole| !whole[2..whole.len() - 2].contains("}}"))
}

/// A text as an expression.
pub(super) fn quoted(text: &str) -> Option<String> {
    let is_plain = text.chars().all(|c| !c.is_control() && !matches!(c, '\'' | '\\'));
    is_plain.then(|| format!("'{text}'"))
}

/// `order_id` as it is said.
pub(super) fn label(name: &str) -> String {
    name.replace('_', " ")
}

/// What an operation does, as it goes on after "Shall I": from its summary, its name, or what it is sent to.
pub(super) fn doing(summary: &str, name: &str, method: Method, path: &str) -> String {
    const WORDS_MAX: usize = 12;
    let told = spoken(summary, 90);
    let told = told.split(". ").next().unwrap_or_default().trim_end_matches(['.', '!', ':', '…']).to_owned();
    let named = label(&snake(name));
    for text in [told, named] {
        let (first, rest) = text.split_once(' ').unwrap_or((&text, ""));
        let verb = verb(first).filter(|_| !rest.is_empty() && rest.split(' ').count() < WORDS_MAX);
        if let Some(verb) = verb {
            return format!("{verb} {rest}");
        }
    }
    // `/tickets/{id}/close`: what is done stands behind what it is done to.
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && !part.contains('{')).collect();
    if let [.., thing, deed] = parts.as_slice()
        && let Some(verb) = verb(deed)
        && !method.is_safe()
    {
        return format!("{verb} the {}", singular(&label(&snake(thing))));
    }
    // `/tickets/{id}/close`: what is done stands behind what it is done to.
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && !part.contains('{')).collect();
    if let [.., thing, deed] = parts.as_slice()
        && let Some(verb) = verb(deed)
        && !method.is_safe()
    {
        return format!("{verb} the {}", label(&singular(&snake(thing))));
    }
    let verb = match method {
        Method::Get | Method::Head => "look up",
        Method::Post => "send",
        Method::Put => "replace",
        Method::Patch => "change",
        Method::Delete => "delete",
    };
    let thing = parts.last().map_or_else(|| "it".to_owned(), |thing| format!("the {}", label(&snake(thing))));
    format!("{verb} {thing}")
}

/// "Creates" as "create".
fn verb(word: &str) -> Option<String> {
    let word = word.to_ascii_lowercase();
    let is_verb = |word: &str| VERBS.split_whitespace().any(|verb| verb == word);
    let forms = [
        Some(word.as_str().to_owned()),
        word.strip_suffix('s').map(str::to_owned),
        word.strip_suffix("es").map(str::to_owned),
        word.strip_suffix("ies").map(|stem| format!("{stem}y")),
    ];
    forms.into_iter().flatten().find(|form| is_verb(form))
}

/// A sentence: a capital first, a full stop last.
pub(super) fn sentence(text: &str) -> String {
    let mut signs = text.chars();
    let Some(first) = signs.next() else { return String::new() };
    let whole: String = first.to_uppercase().chain(signs).collect();
    if whole.ends_with(['.', '!', '?', '…']) { whole } else { format!("{whole}.") }
}

/// One of several, as far as its name tells: `orders` is `order`.
pub(super) fn singular(name: &str) -> String {
    match name {
        _ if name.ends_with("ies") && name.len() > 4 => format!("{}y", &name[..name.len() - 3]),
        _ if ["sses", "xes", "ches", "shes"].iter().any(|end| name.ends_with(end)) => {
            name[..name.len() - 2].to_owned()
        }
        _ if name.ends_with('s') && !name.ends_with("ss") && !name.ends_with("us") && name.len() > 2 => {
            name[..name.len() - 1].to_owned()
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_become_names_of_ours() {
        for (written, want) in [
            ("orderId", "order_id"),
            ("Order-ID", "order_id"),
            ("HTTPServerURL", "http_server_url"),
            ("listV2Orders", "list_v2_orders"),
            ("pets.get[]", "pets_get"),
            ("2fa", "v2fa"),
            ("año", "a_o"),
            ("", "value"),
            ("注文", "value"),
            ("call", "call_value"),
            ("in", "in_value"),
        ] {
            assert_eq!(snake(written), want, "{written}");
            assert!(is_name(&snake(written)));
        }
        let mut taken = BTreeSet::new();
        let long = "x".repeat(60);
        let names: Vec<String> = (0..3).map(|_| unique(&snake(&long), &mut taken)).collect();
        assert_eq!((taken.len(), names[2].len()), (3, NAME_BYTES_MAX - 2));
    }

    #[test]
    fn what_an_operation_does_goes_on_after_shall_i() {
        for (summary, name, method, path, want) in [
            ("Creates an order.", "", Method::Post, "/orders", "create an order"),
            ("Cancel a booking. It is final.", "", Method::Delete, "/b/{id}", "cancel a booking"),
            ("The order", "createOrder", Method::Post, "/orders", "create order"),
            ("Replies a {{ x }}", "op17", Method::Patch, "/orders/{id}/note-texts", "change the note texts"),
            ("Applies", "", Method::Post, "/", "send it"),
            ("", "close", Method::Post, "/tickets/{id}/close", "close the ticket"),
        ] {
            assert_eq!(doing(summary, name, method, path), want);
        }
    }

    #[test]
    fn words_stand_on_one_line_and_are_none_of_a_templates() {
        assert_eq!(plain("a <b>bold</b>\n\n word\u{7}, 1 < 2", 80), "a bold word, 1 < 2");
        assert_eq!(plain("one two three", 9), "one two…");
        assert_eq!(
            plain("see [the docs](https://x.example/a) or [this] (that), a](b", 80),
            "see the docs or [this] (that), a](b"
        );
        assert_eq!(spoken("{{ order }} of secret.X", 80), "order of secret X");
        assert_eq!(literal("{a}"), Some("{{ '{a}' }}".to_owned()));
        assert_eq!((literal("{{ x }}"), literal("secret.X")), (None, None));
    }

    #[test]
    fn one_of_several_has_its_own_name() {
        for (many, one) in
            [("orders", "order"), ("companies", "company"), ("boxes", "box"), ("status", "status")]
        {
            assert_eq!(singular(many), one);
        }
    }
}
