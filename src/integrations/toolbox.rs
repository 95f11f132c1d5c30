//! All the tools of one agent version, ready to run: clients made, secrets found.
//!
//! Promises: built once and shared by all calls; what is missing is known before the first call, all of it at
//! once.
//! Never: prints a secret; knows a call.

use std::collections::BTreeMap;

use centralita_core::base::{Fault, Owner, ToolName};
use centralita_core::language::Language;
use centralita_core::template::Renderer;
use reqwest::header::{HeaderName, HeaderValue};
use url::Url;

use super::request::header_name;
use super::spec::{Connection, SecretHeader, ToolSpec};
use crate::egress::{Egress, Reach};
use crate::secrets::{ExposeSecret as _, SecretName, Secrets};

/// The tools of one agent version.
#[derive(Debug)]
pub struct Toolbox {
    pub(super) renderer: Renderer,
    /// ISO 4217.
    pub(super) currency: String,
    tools: BTreeMap<ToolName, ToolSpec>,
    connections: BTreeMap<String, Live>,
}

/// A connection in use.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) base: Url,
    pub(super) egress: Egress,
    /// Marked sensitive: they do not print.
    pub(super) secret: Vec<(HeaderName, HeaderValue)>,
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
        if !faults.is_empty() {
            return Err(faults);
        }
        let tools = tools.into_iter().map(|tool| (tool.name.clone(), tool)).collect();
        let renderer = Renderer::new(language, currency);
        Ok(Toolbox { renderer, currency: currency.to_owned(), tools, connections: live })
    }

    /// A tool and its connection, or for the model that there is none.
    pub(super) fn find(&self, name: &ToolName) -> Result<(&ToolSpec, &Live), String> {
        let absent = || format!("there is no tool `{name}`");
        let tool = self.tools.get(name).ok_or_else(absent)?;
        let (integration, _) = name.0.split_once('.').ok_or_else(absent)?;
        Ok((tool, self.connections.get(integration).ok_or_else(absent)?))
    }
}

fn open(connection: &Connection, secrets: &Secrets) -> Result<Live, Vec<Fault>> {
    let host = connection.base.host_str().unwrap_or("").to_owned();
    let reach = if connection.allow_private { Reach::PrivateAt(host) } else { Reach::Public };
    let mut faults = Vec::new();
    let mut secret = Vec::new();
    for header in &connection.secrets {
        match secret_header(header, secrets) {
            Ok(pair) => secret.push(pair),
            Err(fault) => faults.push(fault),
        }
    }
    match Egress::new(reach) {
        Ok(egress) if faults.is_empty() => Ok(Live { base: connection.base.clone(), egress, secret }),
        Ok(_) => Err(faults),
        Err(fault) => Err(faults.into_iter().chain([fault]).collect()),
    }
}

fn secret_header(header: &SecretHeader, secrets: &Secrets) -> Result<(HeaderName, HeaderValue), Fault> {
    let unfit = |what: &str| {
        Fault::new(Owner::Admin, format!("the secret `{}` {what}", header.secret), "set it anew")
    };
    let name = SecretName::reference(&format!("secret.{}", header.secret))
        .ok_or_else(|| unfit("has no proper name"))?;
    let text = format!("{}{}", header.prefix, secrets.get(&name)?.expose_secret());
    let mut value = HeaderValue::from_str(&text).map_err(|_| unfit("holds what a header cannot"))?;
    value.set_sensitive(true);
    Ok((header_name(&header.header)?, value))
}
