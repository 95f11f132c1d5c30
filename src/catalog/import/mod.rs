//! Drafts of integrations, from how others describe an API: OpenAPI documents, and commands for curl.
//!
//! Reading order: `document` (a description as it is written), `schema`, `supply` (a value of a request), `parameters`,
//! `body`, `answer`, `security`, `servers`, `openapi`; `shell`, `command` and `curl`; `pinned` (an MCP server's tool);
//! `words`, `draft` and `yaml` (what comes out).
//! docs/import.md is the reference for who imports.
//!
//! Promises: every tool of a draft passes `check`; what could not be brought is told, with its place and its reason.
//! Never: sends or opens anything, prints a secret.

mod answer;
mod body;
mod command;
mod curl;
mod document;
mod draft;
mod openapi;
mod parameters;
pub(super) mod pinned;
mod schema;
mod security;
mod servers;
mod shell;
mod supply;
#[cfg(test)]
mod tests;
mod words;
mod yaml;

use std::collections::BTreeMap;
use std::fmt;

use centralita_core::base::{Fault, Owner};
use url::Url;

use super::find::FILE_BYTES_MAX;
use super::reader::is_name;
use super::tree::NODES_MAX;
use super::{Kind, Source, check};
pub use curl::curl;
pub use document::DOCUMENT_BYTES_MAX;
use draft::{Draft, Tool};
pub use openapi::openapi;
pub use yaml::field;

/// What a draft is wanted of.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// The integration's id; else it is made of the title or the host.
    pub id: Option<&'w str>,
    /// Operations by their id, their tool's name, or as `GET /orders`; none is all.
    pub only: &'w [String],
    /// Where the description comes from, for people.
    pub origin: &'w str,
    /// Its address, to which those in it may be relative.
    pub address: Option<&'w Url>,
    /// The system may be inside our own network.
    pub allow_private: bool,
}

/// A draft, and what is to be known of it. Where nothing was brought it is none, and the notes say why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    pub id: String,
    pub yaml: String,
    /// Operations that became tools.
    pub brought: usize,
    pub of: usize,
    /// What was not brought, or only in part.
    pub notes: Vec<Note>,
    /// What is to be done by hand, like setting a secret.
    pub by_hand: Vec<String>,
}

/// What was not brought, where it stands, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    pub place: String,
    pub what: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Where the notes about one place are gathered.
struct Notes<'n> {
    place: String,
    all: &'n mut Vec<Note>,
}

impl Notes<'_> {
    fn say(&mut self, what: impl Into<String>) {
        self.all.push(Note { place: self.place.clone(), what: what.into() });
    }
}

/// Puts a draft together of the tools that pass `check`. Each is tried alone, so that one hides no other.
fn assemble(
    draft: &Draft,
    tools: Vec<(String, Tool)>,
    wanted: &Wanted<'_>,
    mut notes: Vec<Note>,
    of: usize,
) -> Imported {
    let head = yaml::head(draft, wanted.origin);
    let (mut text, mut brought, mut values) = (head.clone(), 0, weight(&head));
    for (place, tool) in tools {
        let mut notes = Notes { place, all: &mut notes };
        let written = yaml::tool(&tool);
        if let Some(problem) = problem(&draft.id, &format!("{head}{written}")) {
            notes.say(format!("not brought: check says {problem}"));
            continue;
        }
        let (bytes, more) = (text.len() + written.len() + 1, values + weight(&written));
        if bytes as u64 > FILE_BYTES_MAX || more > NODES_MAX {
            notes.say("not brought: one file holds no more; bring it with --only into another one");
            continue;
        }
        text.push('\n');
        text.push_str(&written);
        (brought, values) = (brought + 1, more);
    }
    let by_hand = draft.auth.iter().map(security::told).collect();
    Imported { id: draft.id.clone(), yaml: text, brought, of, notes, by_hand }
}

/// The id that is wanted, where it can be one.
fn own_id(wanted: &Wanted<'_>) -> Result<Option<String>, Fault> {
    match wanted.id {
        Some(id) if !is_name(id) => {
            let what = format!("`{}` cannot be an integration's id", words::plain(id, 60));
            Err(Fault::new(Owner::Admin, what, "small letters, digits and `_`, beginning with a letter"))
        }
        id => Ok(id.map(str::to_owned)),
    }
}

/// No fewer values than the text holds: a line has two at most, the one of an item's beginning three.
fn weight(text: &str) -> u32 {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#')).count();
    u32::try_from(2 * lines + 8).unwrap_or(u32::MAX)
}

/// What `check` says of a draft with one tool, if anything.
fn problem(id: &str, text: &str) -> Option<String> {
    let source = Source::new(Kind::Integration, format!("integrations/{id}.yaml"), text.to_owned());
    let problems = check(&[source], &BTreeMap::new()).err()?;
    problems.all.first().map(|problem| format!("{}; {}", problem.what, problem.remedy))
}
