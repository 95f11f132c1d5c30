//! One tool as it asks, in each language its definition is written in, outside any agent.
//!
//! Promises: what comes out has words in its language; else every problem, with file, line and remedy.
//! Never: sends a request; the toolbox it gives has samples behind it.

use std::collections::{BTreeMap, BTreeSet};

use centralita_core::conversation::{SaidBy, ToolPlan, VoiceYes};
use centralita_core::language::Language;

use super::problems::{Desk, Problems};
use super::{Source, integrations, told};
use crate::integrations::{Connection, ToolSpec, Toolbox};

/// A tool in one language.
#[derive(Debug)]
pub struct Asking {
    pub language: Language,
    /// ISO 4217.
    pub currency: String,
    pub tool: ToolPlan,
    spec: ToolSpec,
    connection: Connection,
}

impl Asking {
    /// The tool with nobody behind it: samples answer what `prepare` asks. Who tries it out has no keypad, and no tool that
    /// has found anything.
    #[must_use]
    pub fn toolbox(&self) -> Toolbox {
        let (connections, mut spec) = ([self.connection.clone()], self.spec.clone());
        for parameter in &mut spec.parameters {
            parameter.said_by = SaidBy::Voice;
            parameter.limits.one_of_variable = None;
        }
        Toolbox::mocked(self.language, &self.currency, &connections, vec![spec])
    }
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
            }));
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(told(sources, problems, unread)) }
}
