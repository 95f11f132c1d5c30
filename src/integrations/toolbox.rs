//! All the tools of one agent version, ready to run: clients made, secrets found.
//!
//! Promises: built once and shared by all calls; what is missing is known before the first call, all of it at
//! once.
//! Never: prints a secret; knows a call.

use std::collections::BTreeMap;

use centralita_core::base::{Fault, Owner, ToolName, World};
use centralita_core::language::Language;
use centralita_core::template::Renderer;

use super::auth::{self, Credentials};
use super::far::{Far, Live};
use super::spec::{Connection, Source, ToolSpec};
use crate::egress::{Egress, Reach};
use crate::secrets::{SecretName, SecretString, Secrets};

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
            (connection.id.clone(), Live { base: connection.base.clone(), far: Far::Samples })
        };
        let live = connections.iter().map(live).collect();
        Toolbox::of(language, currency, live, tools, World::Mocked)
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

    pub(super) fn language(&self) -> Language {
        self.language
    }

    pub(super) fn secret(&self, name: &str) -> Option<&SecretString> {
        self.secrets.get(name)
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
            let mut exchanges = tool.prepare.iter().chain([&tool.request]);
            exchanges.any(|exchange| exchange.sample.is_none())
        };
        self.tools.values().filter(lacks).map(|tool| &tool.name)
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
    let host = connection.base.host_str().unwrap_or("").to_owned();
    let reach = if connection.allow_private { Reach::PrivateAt(host) } else { Reach::Public };
    let egress = auth::tls(&connection.auth, secrets)
        .and_then(|tls| Egress::with_tls(reach, tls).map_err(|fault| vec![fault]));
    match (Credentials::open(connection, secrets), egress) {
        (Ok(credentials), Ok(egress)) => Ok(Live {
            base: connection.base.clone(),
            far: Far::System { egress, credentials: Box::new(credentials) },
        }),
        (credentials, egress) => {
            Err([credentials.err(), egress.err()].into_iter().flatten().flatten().collect())
        }
    }
}
