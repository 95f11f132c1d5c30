//! Definitions: agents and integrations as an admin writes them, and what they mean.
//!
//! Reading order: [`find`] (files), `place`, `tree` and `syntax` (YAML), `written` (its fields), `shape` and `wanted`
//! (from the one to the other), `reader` (words and templates), `condition`, `errors`, `exchange`, `steps`, `probe`,
//! `sparing`, `tool`, `auth`, `integration`, `mcp`, `tested`, [`agent`] (the meaning of each), [`asking`] (one tool outside
//! any agent), [`problems`] and `hidden` (what is wrong, without its secrets), `schema` (what editors know of `written`).
//! docs/definitions.md is the reference for who writes them.
//!
//! Promises: what comes out can be run as it is; else every problem at once, each with file, line and remedy. Of a file
//! whose form has problems the meaning is not looked at, and that is said.
//! Never: sends a request, resolves a secret, prints one that stands in a file, changes a file.

mod absence;
mod agent;
mod asking;
mod auth;
mod condition;
mod errors;
mod exchange;
mod find;
mod hidden;
pub mod import;
mod integration;
mod limits;
mod mcp;
mod mcp_probe;
mod mcp_written;
mod parameter;
mod place;
mod probe;
mod problems;
mod reader;
mod schema;
mod shape;
mod sparing;
mod steps;
mod syntax;
mod tested;
#[cfg(test)]
mod tests;
mod tool;
mod tree;
mod verify;
mod wanted;
mod written;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use url::Url;

use agent::Known;
pub use agent::{Agent, Services};
pub use asking::{Asking, Simulated, asking, tool_names};
pub use find::find;
use integration::Integration;
pub use mcp::{McpDefinition, mcp_connection, mcp_definition};
use mcp_written::McpFile;
use place::Spanned;
use problems::Desk;
pub use problems::{Problem, Problems};
pub use reader::DONE_BEFORE;
pub use schema::{agent_schema, integration_schema};
pub use tested::{AgentTest, Move, Step, Wish};
use tree::{Held, Node};
use written::{AgentFile, IntegrationFile};

use crate::integrations::Connection;

/// The version of the definitions this build reads.
const VERSION: u32 = 1;

/// What a file defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Agent,
    Integration,
    /// What is known of the tools of an integration's MCP server.
    Pin,
}

/// One definition's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub kind: Kind,
    /// As it is named in problems: `agents/shop.yaml`.
    pub path: String,
    pub text: String,
    /// Why its text is not all that the file holds.
    unread: Option<Problem>,
}

impl Source {
    #[must_use]
    pub fn new(kind: Kind, path: String, text: String) -> Source {
        Source { kind, path, text, unread: None }
    }
}

/// All agents, checked with all integrations they use.
#[derive(Debug)]
pub struct Catalog {
    pub agents: BTreeMap<String, Agent>,
}

/// Checks all definitions as a whole. `bases` replaces the base URL of integrations, by id: for a program
/// that starts the system itself, on a port nobody knows before.
pub fn check(sources: &[Source], bases: &BTreeMap<String, Url>) -> Result<Catalog, Problems> {
    let (mut problems, mut unread) = (Vec::new(), Vec::new());
    let known = integrations(sources, bases, &mut problems, &mut unread);
    let lacks = sources.iter().filter(|source| source.kind == Kind::Integration).count() > known.len();
    let (mut agents, mut paths) = (BTreeMap::new(), BTreeMap::new());
    for source in sources.iter().filter(|source| source.kind == Kind::Agent) {
        let Some(file) = parse::<AgentFile>(source, &mut problems) else {
            unread.push(source.path.clone());
            continue;
        };
        let id = file.id.clone();
        let agent = agent::read((&source.path, &source.text), file, &known, lacks, &mut problems);
        if let Some(agent) = agent {
            agents.insert(id.value.clone(), agent);
        }
        if let Some(other) = paths.insert(id.value.clone(), &source.path) {
            let mut desk = Desk { file: &source.path, text: &source.text, problems: &mut problems };
            desk.say(
                id.place,
                format!("there are two agents `{}`: the other is in {other}", id.value),
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
    Err(told(sources, problems, unread))
}

/// The connections of all integrations, by id: who we are for each, whoever uses it.
///
/// # Errors
/// Every problem of the integrations' own, their tools apart.
pub fn connections(sources: &[Source]) -> Result<BTreeMap<String, Connection>, Problems> {
    let (mut problems, mut unread) = (Vec::new(), Vec::new());
    let known = integrations(sources, &BTreeMap::new(), &mut problems, &mut unread);
    let connections = known.into_iter().map(|(id, (integration, ..))| (id, integration.connection)).collect();
    if problems.is_empty() { Ok(connections) } else { Err(told(sources, problems, unread)) }
}

fn told(sources: &[Source], problems: Vec<Problem>, unread: Vec<String>) -> Problems {
    let texts = sources.iter().map(|source| (source.path.clone(), source.text.clone())).collect();
    Problems::new(problems, texts, unread)
}

fn integrations<'a>(
    sources: &'a [Source],
    bases: &BTreeMap<String, Url>,
    problems: &mut Vec<Problem>,
    unread: &mut Vec<String>,
) -> Known<'a> {
    let mut known = Known::new();
    for source in sources.iter().filter(|source| source.kind == Kind::Integration) {
        let Some(written) = parse_integration(source, problems) else {
            unread.push(source.path.clone());
            continue;
        };
        let id = match &written {
            Written::Http(file) => file.id.clone(),
            Written::Mcp(file) => file.id.clone(),
        };
        let pins = mcp::pins(sources, &id.value, problems);
        let mut desk = Desk { file: &source.path, text: &source.text, problems };
        if let Some((_, other, _)) = known.get(&id.value) {
            desk.say(
                id.place,
                format!("there are two integrations `{}`: the other is in {other}", id.value),
                "give each an id of its own",
            );
        }
        let base = bases.get(&id.value);
        let read = match written {
            Written::Http(file) => Integration::read(&mut desk, *file, base),
            Written::Mcp(file) => mcp::read(&mut desk, *file, base, pins),
        };
        if let Some(integration) = read {
            known.insert(id.value, (integration, &source.path, &source.text));
        }
    }
    known
}

/// An integration's file, by its kind.
enum Written {
    Http(Box<IntegrationFile>),
    Mcp(Box<McpFile>),
}

fn parse_integration(source: &Source, problems: &mut Vec<Problem>) -> Option<Written> {
    let is_mcp = |(key, value): &(Node, Node)| key.text() == "kind" && value.text() == "mcp";
    parse_by(source, problems, |desk, root| match &root.held {
        Held::Map(entries) if entries.iter().any(is_mcp) => {
            shape::read(desk, root).map(|file| Written::Mcp(Box::new(file)))
        }
        Held::Map(_) | Held::List(_) | Held::Text { .. } | Held::Told => {
            shape::read(desk, root).map(|file| Written::Http(Box::new(file)))
        }
    })
}

/// What a file holds, where all of it could be read.
fn parse<T: DeserializeOwned>(source: &Source, problems: &mut Vec<Problem>) -> Option<T> {
    parse_by(source, problems, shape::read)
}

fn parse_by<T>(
    source: &Source,
    problems: &mut Vec<Problem>,
    read: impl FnOnce(&mut Desk<'_>, &Node) -> Option<T>,
) -> Option<T> {
    if let Some(unread) = &source.unread {
        problems.push(unread.clone());
        return None;
    }
    let before = problems.len();
    let mut desk = Desk { file: &source.path, text: &source.text, problems };
    let file = tree::read(&mut desk).and_then(|root| read(&mut desk, &root));
    desk.limit(before);
    file.filter(|_| problems.len() == before)
}

fn check_version(desk: &mut Desk<'_>, version: &Spanned<u32>) {
    if version.value != VERSION {
        let what = format!("version {} is not known to this build", version.value);
        desk.say(version.place, what, format!("write `version: {VERSION}`"));
    }
}
