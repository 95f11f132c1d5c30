//! What the model is told of an answer that is none: by its status, or by what it says.
//!
//! Promises: a condition names of what was sent only what there is; each has words in the agent's language.
//! Never: decides whether something was done.

use std::collections::{BTreeMap, BTreeSet};

use super::condition::names_sent;
use super::place::Spanned;
use super::reader::{Reader, with_call};
use super::written::{ErrorWhenWritten, Words};
use crate::integrations::ErrorWhen;

pub(super) fn read_errors(
    reader: &mut Reader<'_, '_>,
    errors: &BTreeMap<u16, Words>,
) -> BTreeMap<u16, String> {
    for (status, words) in errors.iter().filter(|(status, _)| !(400..600).contains(*status)) {
        let what = format!("{status} is no status of an error");
        reader.say(words.place, what, "400 to 599; what else counts as done is `success`");
    }
    errors.iter().map(|(status, words)| (*status, reader.words(Some(words)))).collect()
}

/// `known` is what a request may name.
pub(super) fn read_errors_when(
    reader: &mut Reader<'_, '_>,
    written: &[Spanned<ErrorWhenWritten>],
    known: &BTreeSet<String>,
) -> Vec<ErrorWhen> {
    let known = with_call(known);
    let mut read = |written: &Spanned<ErrorWhenWritten>| {
        let ErrorWhenWritten { when, error } = &written.value;
        let ours = reader.names_of(when.place, &when.value).unwrap_or_default();
        names_sent(reader, when, ours, &known);
        ErrorWhen { when: when.value.clone(), error: reader.words(Some(error)) }
    };
    written.iter().map(&mut read).collect()
}
