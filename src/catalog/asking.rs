//! One tool to be looked at or tried out: as an agent has it, or outside any, in each language its definition is written in.
//!
//! Promises: what comes out has words in its language; else every problem, with file, line and remedy.
//! Never: sends a request.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use centralita_core::base::{Digest, Fault, PrivateKind, ToolName};
use centralita_core::conversation::{
    Parameter, Plan, PrivateList, Recording, SaidBy, Timing, ToolPlan, VoiceYes,
};
use centralita_core::language::Language;
use serde_json::{Map, Value, json};

use super::problems::{Desk, Problems};
use super::{Agent, Source, integrations, told};
use crate::integrations::{Answers, Connection, Sample, ToolSpec, Toolbox};
use crate::secrets::Secrets;

/// What a broken system answers in the place of JSON: an error page of something before it.
const GARBAGE: &str = "<html><head><title>502 Bad Gateway</title></head><body>upstream error</body></html>";

/// A tool in one language.
#[derive(Debug)]
pub struct Asking {
    pub language: Language,
    /// ISO 4217.
    pub currency: String,
    pub tool: ToolPlan,
    spec: ToolSpec,
    connection: Connection,
    /// The agent's, where one has it.
    plan: Option<Plan>,
}

/// What becomes of a request that is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Simulated {
    /// It leaves, and nothing comes back.
    Timeout,
    /// The system answers with 500.
    ServerError,
    /// The answer is an error page of something else.
    Garbage,
    /// The answer is about somebody else: no proof holds.
    Mismatch,
}

impl Asking {
    /// The tool with nobody behind it: samples answer what `prepare` asks.
    #[must_use]
    pub fn toolbox(&self) -> Toolbox {
        self.mocked(self.tried(&Map::new()))
    }

    /// The tool with its system behind it; `variables` are what other tools would have stored.
    ///
    /// # Errors
    /// Every secret that is missing.
    pub fn real_toolbox(
        &self,
        secrets: &Secrets,
        variables: &Map<String, Value>,
    ) -> Result<Toolbox, Vec<Fault>> {
        let (connections, spec) = ([self.connection.clone()], self.tried(variables));
        Toolbox::new(self.language, &self.currency, &connections, vec![spec], secrets)
    }

    /// The tool with nobody behind it: what was chosen becomes of its own request, or of the one whose answer proves who
    /// calls; samples answer the others. Nothing where no proof could fail.
    #[must_use]
    pub fn simulated(&self, what: Simulated, variables: &Map<String, Value>) -> Option<Toolbox> {
        let mut spec = self.tried(variables);
        if what == Simulated::Mismatch {
            let proved = spec.prepare.iter_mut().chain([&mut spec.request]).find(|e| !e.verify.is_empty())?;
            // What an answer does not hold proves nothing.
            proved.sample = Some(match proved.answers {
                Answers::Json => Sample::Answer(json!({})),
                Answers::Text => Sample::Text(String::new()),
            });
        } else {
            spec.request.sample = Some(match what {
                Simulated::Timeout | Simulated::Mismatch => Sample::Silence,
                Simulated::ServerError => Sample::Status(500),
                Simulated::Garbage => Sample::Text(GARBAGE.to_owned()),
            });
            if let Some(probe) = &mut spec.probe {
                probe.request.sample = Some(Sample::Silence);
            }
        }
        Some(self.mocked(spec))
    }

    /// Whether the answer to its own request is read as a text.
    #[must_use]
    pub fn reads_text(&self) -> bool {
        self.spec.request.answers == Answers::Text
    }

    /// What its result is stored as.
    pub fn stores(&self) -> impl Iterator<Item = &String> {
        self.spec.store.keys()
    }

    /// Parameters whose values are those of a variable that nobody has given.
    pub fn open_lists<'a>(&'a self, variables: &'a Map<String, Value>) -> impl Iterator<Item = &'a str> {
        let of = |parameter: &'a Parameter| parameter.limits.one_of_variable.as_deref();
        self.spec.parameters.iter().filter_map(of).filter(|name| !variables.contains_key(*name))
    }

    /// The agent's plan; where none has it, one that holds this tool alone.
    #[must_use]
    pub fn plan(&self) -> Plan {
        self.plan.clone().unwrap_or_else(|| self.plan_of_its_own())
    }

    /// The same, hiding all kinds of private words that there are.
    #[must_use]
    pub fn wary_plan(&self) -> Plan {
        let all = [PrivateKind::Email, PrivateKind::Phone, PrivateKind::NationalId];
        Plan { private: PrivateList::new(all), ..self.plan() }
    }

    fn plan_of_its_own(&self) -> Plan {
        let hash = serde_json::to_value(&self.tool)
            .map_or_else(|_| Digest::of_bytes(b""), |tool| Digest::of_json(&tool));
        Plan {
            agent: String::new(),
            language: self.language,
            currency: self.currency.clone(),
            greeting: String::new(),
            prompt: String::new(),
            tools: vec![self.tool.clone()],
            keys: BTreeMap::new(),
            answers: Vec::new(),
            timing: Timing::default(),
            private: PrivateList::default(),
            recording: Recording::Off,
            hash,
        }
    }

    /// Who tries it out has no keypad, and perhaps no tool that has found anything.
    fn tried(&self, variables: &Map<String, Value>) -> ToolSpec {
        let mut spec = self.spec.clone();
        for parameter in &mut spec.parameters {
            parameter.said_by = SaidBy::Voice;
            let given = |name: &String| variables.contains_key(name);
            parameter.limits.one_of_variable = parameter.limits.one_of_variable.take().filter(given);
        }
        spec
    }

    fn mocked(&self, spec: ToolSpec) -> Toolbox {
        Toolbox::mocked(self.language, &self.currency, slice::from_ref(&self.connection), vec![spec])
    }
}

impl Agent {
    /// One of its tools.
    #[must_use]
    pub fn asking(&self, name: &ToolName) -> Option<Asking> {
        let (integration, _) = name.0.split_once('.')?;
        Some(Asking {
            language: self.plan.language,
            currency: self.plan.currency.clone(),
            tool: self.plan.tool(name)?.clone(),
            spec: self.tools.iter().find(|spec| spec.name == *name)?.clone(),
            connection: self.connections.iter().find(|connection| connection.id == integration)?.clone(),
            plan: Some(self.plan.clone()),
        })
    }
}

/// The names of all tools that can be read, `integration.tool` each.
#[must_use]
pub fn tool_names(sources: &[Source]) -> Vec<String> {
    let known = integrations(sources, &BTreeMap::new(), &mut Vec::new(), &mut Vec::new());
    known.values().flat_map(|(integration, ..)| integration.tool_names()).collect()
}

/// The tool in the languages its words are written in; where they count for every language, in those of `spoken`, which
/// gives each language's currency. Nothing where there is no such tool.
///
/// # Errors
/// Every problem of the integrations, and of this tool in any of its languages.
pub fn asking(
    sources: &[Source],
    (integration, tool): (&str, &str),
    spoken: &BTreeMap<Language, String>,
    currency: &str,
) -> Result<Vec<Asking>, Problems> {
    let (mut problems, mut unread) = (Vec::new(), Vec::new());
    let known = integrations(sources, &BTreeMap::new(), &mut problems, &mut unread);
    let mut found = Vec::new();
    if let Some((integration, path, text)) = known.get(integration) {
        let written = integration.languages(tool);
        let languages = if written.is_empty() { spoken.keys().copied().collect() } else { written };
        for language in languages {
            let currency = spoken.get(&language).map_or(currency, String::as_str);
            let mut desk = Desk { file: path, text, problems: &mut problems };
            let names = BTreeSet::from([tool.to_owned()]);
            let read = integration.tools(&mut desk, (language, None), currency, VoiceYes::ByEngine, &names);
            found.extend(read.into_iter().map(|(tool, spec)| Asking {
                language,
                currency: currency.to_owned(),
                tool,
                spec,
                connection: integration.connection.clone(),
                plan: None,
            }));
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(told(sources, problems, unread)) }
}
