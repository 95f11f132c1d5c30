//! Definitions: agents and integrations as an admin writes them, and what they mean.
//!
//! Reading order: `written` (the YAML), `reader` (words and templates), `condition`, `exchange`, `tool`,
//! `integration`, [`agent`] (the meaning of each), [`problems`] (what is wrong). docs/definitions.md is the
//! reference for who writes them.
//!
//! Promises: what comes out can be run as it is; else every problem at once, each with file, line and remedy.
//! Never: sends a request, resolves a secret, changes a file.

mod agent;
mod condition;
mod exchange;
mod integration;
mod problems;
mod reader;
#[cfg(test)]
mod tests;
mod tool;
mod written;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use centralita_core::base::{Fault, Owner};
use serde::de::DeserializeOwned;
use serde_saphyr::{Location, Spanned};
use url::Url;

use agent::Known;
pub use agent::{Agent, Services};
use integration::Integration;
use problems::Desk;
pub use problems::{Problem, Problems};
use written::{AgentFile, IntegrationFile};

/// The version of the definitions this build reads.
const VERSION: u32 = 1;

/// What a file defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Agent,
    Integration,
}

/// One definition's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub kind: Kind,
    /// As it is named in problems: `agents/shop.yaml`.
    pub path: String,
    pub text: String,
}

/// All agents, checked with all integrations they use.
#[derive(Debug)]
pub struct Catalog {
    pub agents: BTreeMap<String, Agent>,
}

/// The definitions of a directory: `agents/*.yaml` and `integrations/*.yaml`, in the order of their names.
pub fn find(root: &Path) -> Result<Vec<Source>, Fault> {
    let mut sources = Vec::new();
    for (kind, folder) in [(Kind::Agent, "agents"), (Kind::Integration, "integrations")] {
        let unreadable = |e: std::io::Error, path: &Path| {
            let what = format!("{} cannot be read: {e}", path.display());
            Fault::new(
                Owner::Admin,
                what,
                "name with --root the folder that holds `agents` and `integrations`, with YAML files in UTF-8",
            )
        };
        let directory = root.join(folder);
        if kind == Kind::Integration && !directory.exists() {
            continue;
        }
        let entries = fs::read_dir(&directory).map_err(|e| unreadable(e, &directory))?;
        let mut files: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|end| end == "yaml" || end == "yml"));
        files.sort();
        for file in files {
            let text = fs::read_to_string(&file).map_err(|e| unreadable(e, &file))?;
            let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            sources.push(Source { kind, path: format!("{folder}/{name}"), text });
        }
    }
    Ok(sources)
}

/// Checks all definitions as a whole. `bases` replaces the base URL of integrations, by id: for a program
/// that starts the system itself, on a port nobody knows before.
pub fn check(sources: &[Source], bases: &BTreeMap<String, Url>) -> Result<Catalog, Problems> {
    let mut problems = Vec::new();
    let known = integrations(sources, bases, &mut problems);
    let unread = sources.iter().filter(|source| source.kind == Kind::Integration).count() > known.len();
    let mut agents = BTreeMap::new();
    for source in sources.iter().filter(|source| source.kind == Kind::Agent) {
        let Some(file) = parse::<AgentFile>(source, &mut problems) else { continue };
        let id = file.id.clone();
        let agent = agent::read((&source.path, &source.text), file, &known, unread, &mut problems);
        let twice = agent.is_some_and(|agent| agents.insert(id.value.clone(), agent).is_some());
        if twice {
            let mut desk = Desk { file: &source.path, text: &source.text, problems: &mut problems };
            desk.say(
                id.referenced,
                format!("there are two agents `{}`", id.value),
                "give each an id of its own",
            );
        }
    }
    for (integration, path, text) in known.values() {
        integration.check(&mut Desk { file: path, text, problems: &mut problems });
    }
    if problems.is_empty() {
        return Ok(Catalog { agents });
    }
    let texts = sources.iter().map(|source| (source.path.clone(), source.text.clone())).collect();
    Err(Problems::new(problems, texts))
}

fn integrations<'a>(
    sources: &'a [Source],
    bases: &BTreeMap<String, Url>,
    problems: &mut Vec<Problem>,
) -> Known<'a> {
    let mut known = Known::new();
    for source in sources.iter().filter(|source| source.kind == Kind::Integration) {
        let Some(file) = parse::<IntegrationFile>(source, problems) else { continue };
        let id = file.id.clone();
        let mut desk = Desk { file: &source.path, text: &source.text, problems };
        if known.contains_key(&id.value) {
            desk.say(
                id.referenced,
                format!("there are two integrations `{}`", id.value),
                "give each an id of its own",
            );
        }
        if let Some(integration) = Integration::read(&mut desk, file, bases.get(&id.value)) {
            known.insert(id.value, (integration, &source.path, &source.text));
        }
    }
    known
}

fn parse<T: DeserializeOwned>(source: &Source, problems: &mut Vec<Problem>) -> Option<T> {
    match serde_saphyr::from_str(&source.text) {
        Ok(file) => Some(file),
        Err(error) => {
            let error = error.without_snippet();
            let mut desk = Desk { file: &source.path, text: &source.text, problems };
            let remedy =
                "docs/definitions.md lists every field; a text that begins with `{`, `*` or `&` wants quotes";
            desk.say(error.location().unwrap_or(Location::UNKNOWN), error.to_string(), remedy);
            None
        }
    }
}

fn check_version(desk: &mut Desk<'_>, version: &Spanned<u32>) {
    if version.value != VERSION {
        let what = format!("version {} is not known to this build", version.value);
        desk.say(version.referenced, what, format!("write `version: {VERSION}`"));
    }
}
