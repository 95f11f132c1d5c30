//! One integration's file: its connection, and its tools for a language.
//!
//! Promises: its address is one host over TLS, or one inside our network by the admin's leave.
//! Never: resolves a secret.

use std::collections::{BTreeMap, BTreeSet};

use centralita_core::conversation::{ToolPlan, VoiceYes};
use centralita_core::language::Language;
use reqwest::header::HeaderName;
use url::Url;

use super::place::Spanned;
use super::problems::Desk;
use super::reader::{Reader, is_name};
use super::tool::tool;
use super::written::{Auth, ByLanguage, IntegrationFile, ToolWritten};
use crate::integrations::{Connection, SecretHeader, ToolSpec};
use crate::secrets::SecretName;

/// For checking a tool outside any agent: templates do not look at it.
const ANY_CURRENCY: &str = "EUR";

/// An integration whose connection was read.
#[derive(Debug)]
pub(super) struct Integration {
    pub(super) connection: Connection,
    tools: BTreeMap<String, Spanned<ToolWritten>>,
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
        let secrets = file.auth.as_ref().and_then(|auth| read_auth(desk, auth)).into_iter().collect();
        let written = read_base(desk, &file.base_url, file.allow_private);
        let mut tools = BTreeMap::new();
        for tool in file.tools {
            let name = tool.value.name.clone();
            if tools.insert(name.value.clone(), tool).is_some() {
                let what = format!("there are two tools `{}`", name.value);
                desk.say(name.place, what, "give each a name of its own");
            }
        }
        let base = base.cloned().or(written).filter(|_| is_name(&file.id.value))?;
        let connection = Connection { id: file.id.value, base, allow_private: file.allow_private, secrets };
        Some(Integration { connection, tools })
    }

    pub(super) fn tool_names(&self) -> impl Iterator<Item = String> + '_ {
        self.tools.keys().map(|tool| format!("{}.{tool}", self.connection.id))
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
        wanted.map(|(_, written)| tool(&mut reader, &self.connection, written, spoken)).collect()
    }

    /// Checks every tool, whoever may use it, in the first language its description is written in.
    pub(super) fn check(&self, desk: &mut Desk<'_>) {
        for written in self.tools.values() {
            let own = match &written.value.description.value {
                ByLanguage::All(_) => None,
                ByLanguage::Each(each) => each.keys().find_map(|tag| Language::parse(tag)),
            };
            let mut reader = Reader::new(desk, own.unwrap_or(Language::English), ANY_CURRENCY);
            tool(&mut reader, &self.connection, written, VoiceYes::ByEngine);
        }
    }
}

fn read_base(desk: &mut Desk<'_>, written: &Spanned<String>, allow_private: bool) -> Option<Url> {
    let at = written.place;
    let url =
        Url::parse(&written.value).ok().filter(|url| url.host_str().is_some_and(|host| !host.is_empty()));
    let Some(url) = url else {
        desk.say(at, "this is no address", "write https://host/path");
        return None;
    };
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

fn read_auth(desk: &mut Desk<'_>, written: &Spanned<Auth>) -> Option<SecretHeader> {
    let (header, prefix, value) = match &written.value {
        Auth::Bearer(value) => ("Authorization", "Bearer ", value),
        Auth::Header { name, value } => (name.as_str(), "", value),
    };
    if HeaderName::from_bytes(header.as_bytes()).is_err() {
        desk.say(written.place, format!("`{header}` is no header"), "letters, digits and `-`");
    }
    let Some(secret) = SecretName::reference(value) else {
        let remedy = "keep it out of the file: write `secret.NAME` and set the environment variable \
                      CENTRALITA_SECRET_NAME";
        desk.say(written.place, "a secret stands here by reference only", remedy);
        return None;
    };
    Some(SecretHeader { header: header.to_owned(), prefix: prefix.to_owned(), secret: secret.to_string() })
}
