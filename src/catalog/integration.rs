//! One integration's file: its connection, and its tools for a language.
//!
//! Promises: its address is one host over TLS, or one inside our network by the admin's leave.
//! Never: resolves a secret.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use centralita_core::conversation::{ToolPlan, VoiceYes};
use centralita_core::language::Language;
use url::Url;

use super::auth;
use super::place::Spanned;
use super::problems::Desk;
use super::reader::{Reader, is_name};
use super::tool::tool;
use super::written::{ByLanguage, IntegrationFile, RequestWritten, ToolWritten};
use crate::integrations::{Auth, Connection, ErrorMeans, ToolSpec};

/// For checking a tool outside any agent: templates do not look at it.
const ANY_CURRENCY: &str = "EUR";

/// A call of an MCP server's tool, in place of a request.
#[derive(Debug)]
pub(super) struct Called {
    /// The server's own name of it.
    pub(super) tool: String,
    pub(super) error_means: ErrorMeans,
    /// The name of the one that its probe calls.
    pub(super) probe: Option<String>,
}

/// An integration whose connection was read.
#[derive(Debug)]
pub(super) struct Integration {
    pub(super) connection: Connection,
    tools: BTreeMap<String, Spanned<ToolWritten>>,
    /// What they call of an MCP server.
    called: BTreeMap<String, Called>,
    /// Those that were read for an agent, each with the languages. Reading again would tell the same.
    read: RefCell<BTreeSet<(String, Language)>>,
}

impl Integration {
    /// Nothing where no tool could be named or sent. `base` replaces the written base URL, for a program that
    /// starts the system itself.
    pub(super) fn read(
        desk: &mut Desk<'_>,
        file: IntegrationFile,
        base: Option<&Url>,
    ) -> Option<Integration> {
        super::check_version(desk, &file.version);
        if !is_name(&file.id.value) {
            let what = format!("`{}` cannot be an integration's id", file.id.value);
            desk.say(file.id.place, what, "small letters, digits and `_`");
        }
        let written = read_base(desk, &file.base_url, file.allow_private);
        let own = written.as_ref().and_then(Url::host_str).filter(|_| file.allow_private);
        let auth = file.auth.as_ref().map(|auth| auth::read(desk, auth, own)).unwrap_or_default();
        if let Some(at) = file.auth.as_ref().map(|auth| auth.place)
            && let (Some(_), "http") = (&auth.client_certificate, written.as_ref().map_or("", Url::scheme))
        {
            let what = "over `http:` no certificate is shown";
            desk.say(at, what, "write `https:` in `base_url`, or leave `client_certificate` out");
        }
        let mut tools = BTreeMap::new();
        for tool in file.tools {
            let probes = tool.value.probes().map(|probe| &probe.value.request);
            tool.value.requests().chain(probes).for_each(|request| query_is_free(desk, &auth, request));
            let name = tool.value.name.clone();
            if tools.insert(name.value.clone(), tool).is_some() {
                let what = format!("there are two tools `{}`", name.value);
                desk.say(name.place, what, "give each a name of its own");
            }
        }
        let base = base.cloned().or(written).filter(|_| is_name(&file.id.value))?;
        let allow_private = file.allow_private;
        let connection = Connection { id: file.id.value, base, allow_private, auth, mcp: None };
        Some(Integration { connection, tools, called: BTreeMap::new(), read: RefCell::default() })
    }

    /// One with an MCP server behind it, which calls these tools otherwise.
    pub(super) fn of_mcp(
        connection: Connection,
        tools: BTreeMap<String, Spanned<ToolWritten>>,
        called: BTreeMap<String, Called>,
    ) -> Integration {
        Integration { connection, tools, called, read: RefCell::default() }
    }

    /// Those of an MCP server that nobody has looked at yet too.
    pub(super) fn tool_names(&self) -> impl Iterator<Item = String> + '_ {
        let names: BTreeSet<&String> = self.tools.keys().chain(self.called.keys()).collect();
        names.into_iter().map(|tool| format!("{}.{tool}", self.connection.id))
    }

    /// The languages a tool's question is written in, or its description where it has none; none where its words count
    /// for every language.
    pub(super) fn languages(&self, tool: &str) -> BTreeSet<Language> {
        let Some(written) = self.tools.get(tool).map(|tool| &tool.value) else { return BTreeSet::new() };
        let question = written.confirm.as_ref().and_then(|confirm| confirm.value.question.as_ref());
        match &question.unwrap_or(&written.description).value {
            ByLanguage::All(_) => BTreeSet::new(),
            ByLanguage::Each(each) => each.keys().filter_map(|tag| Language::parse(tag)).collect(),
        }
    }

    /// Reads the named tools for an agent's language.
    pub(super) fn tools(
        &self,
        desk: &mut Desk<'_>,
        (language, country): (Language, Option<&'static str>),
        currency: &str,
        spoken: VoiceYes,
        names: &BTreeSet<String>,
    ) -> Vec<(ToolPlan, ToolSpec)> {
        let mut reader = Reader::new(desk, language, currency);
        reader.country = country;
        let wanted = self.tools.iter().filter(|(name, _)| names.contains(*name));
        let read = wanted.filter_map(|(name, written)| {
            let (plan, mut spec) = tool(&mut reader, &self.connection, written, spoken)?;
            if let Some(called) = self.called.get(name) {
                spec.request.called = Some(called.tool.clone());
                spec.request.error_means = called.error_means;
                if let Some(probe) = &mut spec.probe {
                    probe.request.called.clone_from(&called.probe);
                }
            }
            self.read.borrow_mut().insert((name.clone(), language));
            Some((plan, spec))
        });
        read.collect()
    }

    /// Checks every tool that no agent was read with, in the first language its description is written in.
    pub(super) fn check(&self, desk: &mut Desk<'_>) {
        let read = self.read.borrow();
        for (name, written) in &self.tools {
            let own = match &written.value.description.value {
                ByLanguage::All(_) => None,
                ByLanguage::Each(each) => each.keys().find_map(|tag| Language::parse(tag)),
            };
            let language = own.unwrap_or(Language::English);
            if read.contains(&(name.clone(), language)) {
                continue;
            }
            let mut reader = Reader::new(desk, language, ANY_CURRENCY);
            tool(&mut reader, &self.connection, written, VoiceYes::ByEngine);
        }
    }
}

/// A request has no parameter of the address that `auth` writes too.
fn query_is_free(desk: &mut Desk<'_>, auth: &Auth, request: &Spanned<RequestWritten>) {
    let taken = auth.query.as_ref().and_then(|key| request.value.query.get_key_value(&key.name));
    if let Some((name, value)) = taken {
        let what = format!("`{name}` is written by `auth` already, and would be sent twice");
        desk.say(value.place, what, "leave it out here");
    }
}

/// An address with a host.
pub(super) fn with_host(desk: &mut Desk<'_>, written: &Spanned<String>) -> Option<Url> {
    let url = Url::parse(&written.value).ok();
    let url = url.filter(|url| url.host_str().is_some_and(|host| !host.is_empty()));
    if url.is_none() {
        desk.say(written.place, "this is no address", "write https://host/path");
    }
    url
}

pub(super) fn read_base(desk: &mut Desk<'_>, written: &Spanned<String>, allow_private: bool) -> Option<Url> {
    let at = written.place;
    let url = with_host(desk, written)?;
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        desk.say(
            at,
            "a base URL is scheme, host and path only",
            "write secrets under `auth`, parameters under `query`",
        );
    }
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        "http" => desk.say(
            at,
            "over `http:` everybody on the way reads along",
            "write `https:`; or `allow_private: true` if this host is inside our own network",
        ),
        other => desk.say(at, format!("`{other}:` is not spoken here"), "write https://host/path"),
    }
    Some(url)
}
