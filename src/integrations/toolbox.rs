//! All the tools of one agent version, ready to run: clients made, secrets found.
//!
//! Promises: built once and shared by all calls; what is missing is known before the first call, all of it at
//! once.
//! Never: prints a secret; knows a call.

use std::collections::BTreeMap;
use std::sync::Arc;

use centralita_core::base::{Fault, Owner, ToolName, World};
use centralita_core::language::Language;
use centralita_core::template::Renderer;
use tokio::time::Instant;

use super::auth::{self, Credentials};
use super::breaker::Breakers;
use super::far::{Far, Live};
use super::masks::Masks;
use super::mcp::{Pins, Reached, Server, Start};
use super::spec::{Connection, McpWay, Program, Source, ToolSpec, Variable};
use super::tap::Tap;
use super::tries::begin_figures;
use crate::egress::{Egress, Reach};
use crate::secrets::{ExposeSecret as _, SecretName, SecretString, Secrets};

/// The tools of one agent version.
#[derive(Debug)]
pub struct Toolbox {
    pub(super) renderer: Renderer,
    /// ISO 4217.
    pub(super) currency: String,
    tools: BTreeMap<ToolName, ToolSpec>,
    connections: BTreeMap<String, Live>,
    /// Those that tools put into their requests; none where samples answer.
    secrets: BTreeMap<String, SecretString>,
    language: Language,
    world: World,
}

impl Toolbox {
    /// Every tool's integration must be among the connections.
    pub fn new(
        language: Language,
        currency: &str,
        connections: &[Connection],
        tools: Vec<ToolSpec>,
        secrets: &Secrets,
    ) -> Result<Toolbox, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut live = BTreeMap::new();
        for connection in connections {
            match open(connection, secrets) {
                Ok(opened) => drop(live.insert(connection.id.clone(), opened)),
                Err(more) => faults.extend(more),
            }
        }
        let mut held = BTreeMap::new();
        for name in tools.iter().flat_map(secret_names) {
            match secret(name, secrets) {
                Ok(secret) => drop(held.insert(name.to_owned(), secret)),
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Toolbox { secrets: held, ..Toolbox::of(language, currency, live, tools, World::Real) })
    }

    /// The same tools with nobody behind them: the sample of each request answers it. It needs no secret, and has no
    /// client to send with.
    #[must_use]
    pub fn mocked(
        language: Language,
        currency: &str,
        connections: &[Connection],
        tools: Vec<ToolSpec>,
    ) -> Toolbox {
        let live = |connection: &Connection| {
            let (id, base) = (connection.id.clone(), connection.base.clone());
            (connection.id.clone(), Live { id, base, far: Far::Samples, breaker: None, tap: None })
        };
        let live = connections.iter().map(live).collect();
        Toolbox::of(language, currency, live, tools, World::Mocked)
    }

    /// The same toolbox, leaving systems alone together with all others that share these breakers.
    #[must_use]
    pub fn sharing(mut self, breakers: &Breakers) -> Toolbox {
        for live in self.connections.values_mut().filter(|live| live.breaker.is_some()) {
            live.breaker = Some(breakers.of(&live.id, &live.base));
        }
        self
    }

    fn of(
        language: Language,
        currency: &str,
        connections: BTreeMap<String, Live>,
        tools: Vec<ToolSpec>,
        world: World,
    ) -> Toolbox {
        let tools = tools.into_iter().map(|tool| (tool.name.clone(), tool)).collect();
        let renderer = Renderer::new(language, currency);
        let secrets = BTreeMap::new();
        Toolbox { renderer, currency: currency.to_owned(), tools, connections, secrets, language, world }
    }

    /// The same tools, with somebody who watches what passes.
    #[must_use]
    pub fn tapped(mut self) -> (Toolbox, Tap) {
        let ours = self.connections.values().filter_map(|live| match &live.far {
            Far::System { credentials, .. } => Some(credentials.values()),
            Far::Mcp(_) | Far::Samples => None,
        });
        let put_in = self.secrets.values().map(|secret| secret.expose_secret());
        let tap = Tap::hiding(ours.flatten().chain(put_in));
        self.connections.values_mut().for_each(|live| live.tap = Some(tap.clone()));
        (self, tap)
    }

    pub(super) fn language(&self) -> Language {
        self.language
    }

    pub(super) fn secret(&self, name: &str) -> Option<&SecretString> {
        self.secrets.get(name)
    }

    /// Of the secrets that a tool's own requests hold.
    pub(super) fn masks(&self, tool: &ToolSpec) -> Masks {
        let held = secret_names(tool).filter_map(|name| self.secret(name));
        Masks::new(held.map(|secret| secret.expose_secret()))
    }

    pub(super) fn specs(&self) -> impl Iterator<Item = &ToolSpec> {
        self.tools.values()
    }

    /// Where the requests of these tools go.
    #[must_use]
    pub fn world(&self) -> World {
        self.world
    }

    /// Tools that could not be answered by samples, as a request of theirs has none.
    pub fn without_samples(&self) -> impl Iterator<Item = &ToolName> {
        let lacks = |tool: &&ToolSpec| {
            let mut exchanges = tool.prepare.iter().chain(tool.acts().into_iter().map(|act| act.exchange));
            exchanges.any(|exchange| exchange.sample.is_none())
        };
        self.tools.values().filter(lacks).map(|tool| &tool.name)
    }

    /// Begins the sessions with MCP servers, so that no caller waits for one.
    pub fn warm(&self) {
        for live in self.connections.values() {
            if let Far::Mcp(server) = &live.far {
                server.keep();
            }
        }
    }

    /// Integrations whose system is left alone for now.
    pub fn out_of_reach(&self) -> impl Iterator<Item = &str> {
        let is_open = |live: &&Live| live.breaker.as_ref().is_some_and(|breaker| breaker.is_open());
        self.connections.values().filter(is_open).map(|live| live.id.as_str())
    }

    /// Begins the sessions with MCP servers, and waits for them until then.
    ///
    /// # Errors
    /// A server that is not there.
    pub async fn begun(&self, until: Instant) -> Result<(), Fault> {
        for live in self.connections.values() {
            if let Far::Mcp(server) = &live.far {
                server.keep();
                server.tools(until).await?;
            }
        }
        Ok(())
    }

    /// A tool and its connection, or for the model that there is none.
    pub(super) fn find(&self, name: &ToolName) -> Result<(&ToolSpec, &Live), String> {
        let absent = || format!("there is no tool `{name}`");
        let tool = self.tools.get(name).ok_or_else(absent)?;
        let (integration, _) = name.0.split_once('.').ok_or_else(absent)?;
        Ok((tool, self.connections.get(integration).ok_or_else(absent)?))
    }
}

/// The secrets that a tool's own requests hold.
fn secret_names(tool: &ToolSpec) -> impl Iterator<Item = &str> {
    tool.given.iter().filter_map(|given| match &given.source {
        Source::Secret(name) => Some(name.as_str()),
        Source::Constant(_)
        | Source::Call(_)
        | Source::Agent
        | Source::Language
        | Source::Now(_)
        | Source::Variable { .. } => None,
    })
}

fn secret(name: &str, secrets: &Secrets) -> Result<SecretString, Fault> {
    let reference = SecretName::reference(&format!("secret.{name}"));
    let reference = reference.ok_or_else(|| {
        Fault::new(Owner::Admin, format!("the secret `{name}` has no proper name"), "rename it")
    })?;
    secrets.get(&reference)
}

fn open(connection: &Connection, secrets: &Secrets) -> Result<Live, Vec<Fault>> {
    let (id, base) = (connection.id.clone(), connection.base.clone());
    let breaker = Some(Breakers::default().of(&id, &base));
    begin_figures(&id);
    if let Some(server) = &connection.mcp {
        let far = Far::Mcp(mcp_server(connection, secrets, Some(server.pins.clone()))?);
        return Ok(Live { id, base, far, breaker, tap: None });
    }
    let (egress, credentials) = guarded(connection, secrets)?;
    let far = Far::System { egress, credentials: Box::new(credentials) };
    Ok(Live { id, base, far, breaker, tap: None })
}

/// The MCP server of a connection; nothing is asked of it yet. Without pins any of its tools may be called.
///
/// # Errors
/// What is missing: secrets, or leave to start its program.
pub fn mcp_server(
    connection: &Connection,
    secrets: &Secrets,
    pins: Option<Pins>,
) -> Result<Server, Vec<Fault>> {
    let reached = match connection.mcp.as_ref().map(|server| &server.way) {
        Some(McpWay::Child(program)) => Reached::Child(started(&connection.id, program, secrets)?),
        Some(McpWay::Http) | None => {
            let (egress, credentials) = guarded(connection, secrets)?;
            let url = connection.base.clone();
            let lent = egress.lend(&url).map_err(|fault| vec![fault])?;
            Reached::Http { lent, url, credentials: Arc::new(credentials) }
        }
    };
    Ok(Server::new(&connection.id, reached, pins))
}

/// The client for a connection's host, and who we are there.
fn guarded(connection: &Connection, secrets: &Secrets) -> Result<(Egress, Credentials), Vec<Fault>> {
    let host = connection.base.host_str().unwrap_or("").to_owned();
    let reach = if connection.allow_private { Reach::PrivateAt(host) } else { Reach::Public };
    let egress = auth::tls(&connection.auth, secrets)
        .and_then(|tls| Egress::with_tls(reach, tls).map_err(|fault| vec![fault]));
    match (Credentials::open(connection, secrets), egress) {
        (Ok(credentials), Ok(egress)) => Ok((egress, credentials)),
        (credentials, egress) => {
            Err([credentials.err(), egress.err()].into_iter().flatten().flatten().collect())
        }
    }
}

/// A program that the operator permits, with the values of its secrets.
fn started(id: &str, program: &Program, secrets: &Secrets) -> Result<Start, Vec<Fault>> {
    let Program { command, args, env } = program;
    let mut faults: Vec<Fault> = secrets.permits(id, command).err().into_iter().collect();
    let mut found = Vec::new();
    for (name, value) in env {
        match variable(value, secrets) {
            Ok(value) => found.push((name.clone(), value)),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        let is_secret = |(_, value): &(&String, &Variable)| matches!(value, Variable::Secret(_));
        let secret = env.iter().filter(is_secret).map(|(name, _)| name.clone()).collect();
        Ok(Start { command: command.clone(), args: args.clone(), env: found, secret })
    } else {
        Err(faults)
    }
}

fn variable(value: &Variable, secrets: &Secrets) -> Result<SecretString, Fault> {
    match value {
        Variable::Text(text) => Ok(text.clone().into()),
        Variable::Secret(name) => {
            let unfit =
                || Fault::new(Owner::Admin, format!("`{name}` is no secret's name"), "write `secret.NAME`");
            secrets.get(&SecretName::reference(&format!("secret.{name}")).ok_or_else(unfit)?)
        }
    }
}
