//! Conditions compare numbers with numbers.
//!
//! The expression language puts every text above every number, so `amount < 20` would be false of any amount,
//! and a tool with such a `when` would never ask. Amounts are decimal text; so is much of what systems
//! answer.
//!
//! One over an answer may look at what was sent, under a name of its own.
//!
//! Promises: in a condition that passes, an amount is compared in minor units, and nothing is compared by
//! size that may be a text.
//! Never: evaluates anything.

use std::collections::BTreeSet;

use centralita_core::conversation::{Parameter, ParameterKind};

use super::place::{Place, Spanned};
use super::reader::{Reader, STEPS};
use crate::integrations::PROBE_SENT;

/// Filters whose result is a number.
const NUMBERS: &[&str] = &["minor", "int", "float", "length", "count"];

/// Checks that a condition compares numbers with numbers.
pub(super) fn compares_numbers(
    reader: &mut Reader<'_, '_>,
    at: Place,
    condition: &str,
    known: &BTreeSet<String>,
    parameters: &[Parameter],
) {
    for name in texts_compared(condition, known, parameters) {
        let what = format!("`{name}` is compared as a text, which is above every number");
        let remedy =
            format!("an amount in minor units: `{name} | minor > 2000`; a number: `{name} | int > 20`");
        reader.say(at, what, remedy);
    }
}

/// The names in a condition that are compared as texts but should be as numbers.
fn texts_compared(condition: &str, known: &BTreeSet<String>, parameters: &[Parameter]) -> Vec<String> {
    let code = without_quotes(condition);
    let by_size = code.contains(['<', '>']);
    let kind = |name: &str| parameters.iter().find(|p| p.name == name).map(|p| p.kind);
    let mut found = Vec::new();
    let of_a_step = |name: &str, after: &str| name == STEPS && after.starts_with('.');
    let ours = |(name, after): &(&str, &str)| known.contains(*name) || of_a_step(name, after);
    for (name, after) in names(&code).into_iter().filter(ours) {
        let is_risky = match kind(name) {
            Some(ParameterKind::Money) => true,
            Some(ParameterKind::Integer | ParameterKind::Number | ParameterKind::Boolean) => false,
            // Texts in order are dates and times in order.
            Some(ParameterKind::Date | ParameterKind::Time) => false,
            Some(
                ParameterKind::Text | ParameterKind::Digits | ParameterKind::Email | ParameterKind::Phone,
            )
            | None => by_size,
        };
        if is_risky && !is_made_number(after) {
            let fields = if of_a_step(name, after) { fields(after) } else { "" };
            found.push(format!("{name}{fields}"));
        }
    }
    found
}

/// What a condition sums up of what was done before: for each `call.sum(…)` the name between its quotes, or nothing.
pub(super) fn summed(condition: &str) -> impl Iterator<Item = Option<String>> + '_ {
    condition.split("call.sum").skip(1).map(|rest| {
        let inside = rest.trim_start().strip_prefix('(')?.split(')').next()?.trim();
        let quoted = |quote| inside.strip_prefix(quote)?.strip_suffix(quote);
        let name = quoted('\'').or_else(|| quoted('"'))?;
        (!name.contains(['\'', '"'])).then(|| name.to_owned())
    })
}

/// Whether a name is of what was sent: `sent.order`.
pub(super) fn is_of_sent(name: &str) -> bool {
    name.split('.').next() == Some(PROBE_SENT)
}

/// Those of a condition's names that are of what was sent, without `sent.`; none where one of them has no source, which is
/// told.
pub(super) fn names_sent(
    reader: &mut Reader<'_, '_>,
    written: &Spanned<String>,
    names: BTreeSet<String>,
    known: &BTreeSet<String>,
) -> Option<BTreeSet<String>> {
    let inside =
        |name: &str| name.strip_prefix(PROBE_SENT).unwrap_or_default().trim_start_matches('.').to_owned();
    let first = |inside: &str| inside.split('.').next().unwrap_or_default().to_owned();
    let has_source = |name: &String| {
        let inside = inside(name);
        known.contains(&first(&inside)) || known.contains(&inside)
    };
    let (sound, unknown): (BTreeSet<String>, BTreeSet<String>) =
        names.into_iter().filter(|name| is_of_sent(name)).partition(has_source);
    for name in &unknown {
        let list: Vec<String> = known.iter().map(|name| format!("{PROBE_SENT}.{name}")).collect();
        let remedy = format!("what was sent: {}", list.join(", "));
        reader.say_of(written.place, &written.value, name, format!("`{name}` has no source"), remedy);
    }
    unknown.is_empty().then(|| sound.iter().map(|name| first(&inside(name))).collect())
}

/// The `.fields` at the beginning of what follows a name.
fn fields(after: &str) -> &str {
    let end = after.find(|c: char| c != '.' && c != '_' && !c.is_alphanumeric());
    &after[..end.unwrap_or(after.len())]
}

/// `| minor` or the like comes next, after `.fields`.
fn is_made_number(after: &str) -> bool {
    let rest = after[fields(after).len()..].trim_start();
    let filter = rest.strip_prefix('|').map(str::trim_start).unwrap_or("");
    let end = filter.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(filter.len());
    NUMBERS.contains(&&filter[..end])
}

/// Every name, with what follows it; a field of another (`order.total`) and a filter are none.
fn names(code: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut before = ' ';
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        let is_name = c == '_' || c.is_alphabetic();
        let end =
            rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len()).max(c.len_utf8());
        if is_name && !matches!(before, '.' | '|') {
            found.push((&rest[..end], &rest[end..]));
        }
        if !c.is_whitespace() {
            before = c;
        }
        rest = &rest[end..];
    }
    found
}

/// The same code with empty texts.
fn without_quotes(condition: &str) -> String {
    let mut quote = None;
    let mut code = String::with_capacity(condition.len());
    for c in condition.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None => code.push(c),
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_compared_in_minor_units_and_a_size_between_numbers() {
        let kinds =
            [("amount", ParameterKind::Money), ("n", ParameterKind::Integer), ("word", ParameterKind::Text)];
        let parameter = |(name, kind): (&str, ParameterKind)| Parameter {
            name: name.into(),
            kind,
            description: String::new(),
            required: true,
            ask: String::new(),
            ..Parameter::default()
        };
        let parameters = kinds.map(parameter);
        let known = ["amount", "n", "word", "order"].map(str::to_owned).into();
        for (condition, want) in [
            ("amount | minor > 2000", &[] as &[&str]),
            ("amount|minor>2000 and n > 3", &[]),
            ("amount > 20", &["amount"]),
            ("20 < amount", &["amount"]),
            ("amount == '20.00'", &["amount"]),
            ("word == 'amount > 20'", &[]),
            ("word > 3", &["word"]),
            ("word | length > 3", &[]),
            ("word | upper > 3", &["word"]),
            ("order.total > 3", &["order"]),
            ("order.total | minor > amount | minor", &[]),
            ("order.status == 'paid' or n > 1", &["order"]),
            ("order.amount == 'x'", &[]),
        ] {
            assert_eq!(texts_compared(condition, &known, &parameters), want, "{condition}");
        }
    }
}
