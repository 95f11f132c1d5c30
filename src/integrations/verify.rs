//! Proofs of who is asking: what the caller said, compared with what the system holds.
//!
//! Promises: what is empty, missing or too short to tell anybody apart proves nothing.
//! Never: says which of two values was wrong, or repeats one.

use centralita_core::language::tokens;
use centralita_core::template::Renderer;
use serde_json::Value;

use super::limits::pattern;
use super::phone::is_same_number;
use super::spec::{Compare, Rule};

/// Letters and digits of which a part of a value must be: a single letter is in every name.
const PART_CHARS_LEAST: usize = 3;

/// Whether what the caller said is what the system holds. An answer without the value proves nothing.
pub(super) fn proves(rule: &Rule, args: &Value, vars: &Value, renderer: &Renderer) -> bool {
    let said = args.get(&rule.parameter).and_then(plain);
    let held = renderer.eval(&rule.held, vars).ok();
    let (Some(said), Some(held)) = (said, held) else { return false };
    if rule.compare == Compare::OneOf {
        let list = held.as_array().map(Vec::as_slice).unwrap_or_default();
        return list.iter().filter_map(plain).any(|one| is_same(&said, &one));
    }
    let Some(held) = plain(&held) else { return false };
    match &rule.compare {
        Compare::Equals => !said.is_empty() && said == held,
        Compare::EqualsIgnoreCase => {
            let small = |text: &str| text.trim().to_lowercase();
            !small(&said).is_empty() && small(&said) == small(&held)
        }
        Compare::EqualsDigits => !digits(&said).is_empty() && digits(&said) == digits(&held),
        Compare::EqualsPhone => is_same_number(&said, &held, rule.country.as_deref()),
        Compare::Contains => {
            let (part, all) = (tokens(&said), tokens(&held));
            let letters: usize = part.iter().map(|word| word.chars().count()).sum();
            letters >= PART_CHARS_LEAST && all.windows(part.len()).any(|words| words == part)
        }
        Compare::Matches(source) => part_of(source, &held).is_some_and(|part| is_same(&said, &part)),
        // Compared with a list, above.
        Compare::OneOf => false,
    }
}

/// Letter by letter, whatever the case, the accents and the signs between.
fn is_same(said: &str, held: &str) -> bool {
    let plain = |text: &str| tokens(text).concat();
    !plain(said).is_empty() && plain(said) == plain(held)
}

fn part_of(source: &str, held: &str) -> Option<String> {
    let found = pattern(source).ok()?.captures(held)?;
    let part = found.get(1).or_else(|| found.get(0))?;
    Some(part.as_str().to_owned()).filter(|part| !part.is_empty())
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use centralita_core::language::Language;
    use serde_json::json;

    use super::*;

    fn proven(compare: Compare, said: &str, held: Value) -> bool {
        let (parameter, held_at, country) = ("p".into(), "held".into(), Some("ES".into()));
        let rule = Rule { parameter, compare, held: held_at, country, error: String::new() };
        let renderer = Renderer::new(Language::English, "USD");
        proves(&rule, &json!({"p": said}), &json!({"held": held}), &renderer)
    }

    #[test]
    fn what_the_caller_knows_proves_him() {
        use Compare::{Contains, Equals, EqualsDigits, EqualsIgnoreCase, EqualsPhone, Matches, OneOf};
        let last_four = || Matches("([0-9]{4})$".into());
        for (compare, said, held) in [
            (Equals, "1182", json!(1182)),
            (EqualsIgnoreCase, "Ana@Example.com ", json!("ana@example.com")),
            (EqualsDigits, "28-013", json!("28013")),
            (EqualsPhone, "600 111 222", json!("+34600111222")),
            (EqualsPhone, "+34600111222", json!("600111222")),
            (EqualsPhone, "0034600111222", json!("+34 600 111 222")),
            (EqualsPhone, "020 7946 0000", json!("+442079460000")),
            (Contains, "lopez garcia", json!("Ana López García")),
            (last_four(), "6467", json!("4539 1488 0343 6467")),
            (OneOf, "calle mayor 5", json!(["Gran Vía 1", "Calle Mayor, 5"])),
        ] {
            assert!(proven(compare.clone(), said, held.clone()), "{compare:?} {said} {held}");
        }
    }

    #[test]
    fn what_tells_nobody_apart_proves_nothing() {
        use Compare::{Contains, Equals, EqualsDigits, EqualsIgnoreCase, EqualsPhone, Matches, OneOf};
        for (compare, said, held) in [
            (Equals, "", json!("")),
            (Equals, "null", Value::Null),
            (EqualsIgnoreCase, " ", json!(" ")),
            (EqualsDigits, "none", json!("unknown")),
            (EqualsPhone, "222", json!("+34600111222")),
            (EqualsPhone, "0000000", json!("+340000000")),
            (Contains, "a", json!("a b c")),
            (Contains, "", json!("Ana")),
            (Contains, "lop", json!("López")),
            (Matches("([0-9]{4})$".into()), "6467", json!("none")),
            (Matches("^([a-z]*)".into()), "", json!("1")),
            (OneOf, "ana", json!("ana")),
            (OneOf, "", json!(["", Value::Null])),
        ] {
            assert!(!proven(compare.clone(), said, held.clone()), "{compare:?} {said} {held}");
        }
    }
}
