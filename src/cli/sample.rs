//! An answer of a system as a tool's `sample:`.
//!
//! Promises: what was given as an argument is a hole again; what is found to be private is replaced by made-up values, and
//! each place is named; nothing is written over.
//! Never: says that what is left is nobody's: only a person can see that.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::tool_told::{Trial, hidden};
use crate::catalog::{Asking, import};
use crate::core::base::{Fault, Owner, PrivateKind, placeholders};
use crate::core::conversation::Outcome;

/// In the place of signs that a template would obey.
const BRACES: [char; 2] = ['{', '}'];

/// Whether a new file can be made there, before anything is sent for it.
///
/// # Errors
/// Something is there, or nothing could be.
pub(super) fn is_free(path: &Path) -> Result<(), Fault> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let what = match (path.exists(), folder.is_none_or(Path::is_dir)) {
        (true, _) => "there is something already",
        (false, false) => "there is no such folder",
        (false, true) => return Ok(()),
    };
    let what = format!("nothing was tried: {}: {what}", path.display());
    Err(Fault::new(Owner::Admin, what, "name a new file for --save"))
}

/// Writes the answer to a tool's own request into a new file; lines for whoever has asked for it.
///
/// # Errors
/// Nothing came that could be one, or the file cannot be made.
pub(super) fn save(path: &Path, asking: &Asking, trial: &Trial) -> Result<Vec<String>, Fault> {
    let refused =
        |what: &str, remedy: &str| Fault::new(Owner::Admin, format!("no sample was saved: {what}"), remedy);
    let came = trial.last_answer().filter(|came| (200..300).contains(&came.status) && trial.is_done());
    let came =
        came.ok_or_else(|| refused("the system gave no answer that counts", "see above what came back"))?;
    let answer = match asking.reads_text() {
        true => Value::String(came.body),
        false => serde_json::from_str(&came.body)
            .map_err(|_| refused("the answer is no JSON", "write `as: text` beside its `map`"))?,
    };
    let mut notes = Vec::new();
    let sample = plain(asking, with_holes(answer, trial.args.as_object()), &mut notes);
    let text = format!(
        "# An answer of the system, for `response:` of {}. Read it before you share it.\n{}",
        trial.tool.name,
        import::field("sample", &sample)
    );
    let mut file = File::create_new(path)
        .map_err(|error| refused(&format!("{}: {error}", path.display()), "name a new file"))?;
    file.write_all(text.as_bytes()).map_err(|error| refused(&error.to_string(), "look at the disk"))?;
    notes.push(format!(
        "saved to {}: put it under `response:` of the tool, and look whether it tells of anybody; names and places are not \
         found by themselves",
        path.display()
    ));
    Ok(notes)
}

/// A text that is an argument's value is its hole.
fn with_holes(tree: Value, args: Option<&Map<String, Value>>) -> Value {
    match tree {
        Value::String(text) => {
            let named = args.into_iter().flatten().find(|(_, value)| value.as_str() == Some(&text));
            Value::String(named.map_or_else(
                || text.chars().filter(|sign| !BRACES.contains(sign)).collect(),
                |(name, _)| format!("{{{name}}}"),
            ))
        }
        Value::Array(items) => items.into_iter().map(|item| with_holes(item, args)).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, field)| (name, with_holes(field, args))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => tree,
    }
}

/// With made-up values in the place of private ones.
fn plain(asking: &Asking, answer: Value, notes: &mut Vec<String>) -> Value {
    match hidden(&Arc::new(asking.wary_plan()), Outcome::Done { result: answer }) {
        Outcome::Done { result } => made_up(result, "sample", notes),
        Outcome::Partly { .. } | Outcome::Failed { .. } | Outcome::Withheld(_) | Outcome::Unknown => {
            Value::Null
        }
    }
}

fn made_up(tree: Value, place: &str, notes: &mut Vec<String>) -> Value {
    match tree {
        Value::String(text) => {
            let mut out = String::new();
            let mut end = 0;
            for (range, placeholder, _) in placeholders(&text) {
                out.push_str(&text[end..range.start]);
                out.push_str(stand_in(placeholder.kind));
                end = range.end;
                notes.push(format!("replaced at {place}: {}", placeholder.kind.word()));
            }
            out.push_str(&text[end..]);
            Value::String(out)
        }
        Value::Array(items) => {
            let item = |(nth, item)| made_up(item, &format!("{place}[{nth}]"), notes);
            items.into_iter().enumerate().map(item).collect()
        }
        Value::Object(fields) => {
            let field = |(name, field): (String, Value)| {
                let made = made_up(field, &format!("{place}.{name}"), notes);
                (name, made)
            };
            fields.into_iter().map(field).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => tree,
    }
}

/// What nobody has: numbers and addresses that are kept free for this.
fn stand_in(kind: PrivateKind) -> &'static str {
    match kind {
        PrivateKind::Card => "4111 1111 1111 1111",
        PrivateKind::Email => "someone@example.com",
        PrivateKind::Phone => "+15550100100",
        PrivateKind::NationalId => "000-00-0000",
        PrivateKind::Keys => "0000",
    }
}
