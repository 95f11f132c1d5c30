//! `centralita test`: the calls that stand in the agents' files, played.
//!
//! Promises: exit code 1 when an expectation is not met, with the call as a play; no tool reaches its system.
//! Never: rings a phone; passes where there is nothing to play.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::assemble::{SecretsArgs, catalog, llm};
use super::{Definitions, Done, Verdict, render};
use crate::catalog::Catalog;
use crate::core::base::{Fault, Owner};
use crate::rehearsal::{Report, rehearse};

/// Which tests, and how it is told.
#[derive(Debug, Args)]
#[command(after_help = "docs/testing.md shows how a test is written.")]
pub(super) struct TestArgs {
    /// Agents by their ids; all that have tests where none is named
    #[arg(value_name = "AGENT")]
    agents: Vec<String>,
    #[command(flatten)]
    definitions: Definitions,
    #[command(flatten)]
    secrets: SecretsArgs,
    /// Shows the calls of tests that passed as well
    #[arg(long, conflicts_with = "json")]
    plays: bool,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Writes a JUnit report as well
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

pub(super) async fn run(args: &TestArgs) -> Done {
    let catalog = catalog(&args.definitions, &BTreeMap::new())?;
    let wanted = wanted(&catalog, &args.agents)?;
    let model = llm(&args.definitions, &args.secrets.open()?)?;
    let mut report = Report::default();
    for agent in wanted.iter().filter_map(|id| catalog.agents.get(id)) {
        for test in &agent.tests {
            report.0.push(rehearse(agent, test, &model).await?);
        }
    }
    if let Some(path) = &args.junit {
        fs::write(path, report.junit()?).map_err(|error| {
            let what = format!("{} cannot be written: {error}", path.display());
            Fault::new(Owner::Admin, what, "name a place that this user may write to")
        })?;
    }
    for test in report.0.iter().filter(|test| args.plays && test.is_good()) {
        render::line(&format!("{}: {}\n{}\n", test.agent, test.name, test.play()));
    }
    if args.json {
        render::line(&report.json().to_string())
    } else {
        render::line(&report.to_string())
    }
    Ok(if report.is_good() { Verdict::Good } else { Verdict::Bad })
}

/// The agents whose tests are played.
fn wanted(catalog: &Catalog, named: &[String]) -> Result<BTreeSet<String>, Fault> {
    let refused = |what: String, remedy: String| Err(Fault::new(Owner::Admin, what, remedy));
    let how = "write `tests:` into the agent's file: docs/testing.md shows how".to_owned();
    for id in named {
        match catalog.agents.get(id) {
            None => {
                let known: Vec<&str> = catalog.agents.keys().map(String::as_str).collect();
                return refused(format!("there is no agent `{id}`"), format!("agents: {}", known.join(", ")));
            }
            Some(agent) if agent.tests.is_empty() => {
                return refused(format!("the agent `{id}` has no tests"), how);
            }
            Some(_) => {}
        }
    }
    if !named.is_empty() {
        return Ok(named.iter().cloned().collect());
    }
    let with_tests = catalog.agents.iter().filter(|(_, agent)| !agent.tests.is_empty());
    let all: BTreeSet<String> = with_tests.map(|(id, _)| id.clone()).collect();
    if all.is_empty() { refused("no agent has tests".to_owned(), how) } else { Ok(all) }
}
