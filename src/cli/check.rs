//! `centralita check`: are the definitions right?
//!
//! Promises: every problem at once, with file, line, column and remedy; exit code 1 when there is one.
//! Never: sends a request or needs a secret.

use std::collections::BTreeMap;

use clap::Args;

use super::{Definitions, Done, Verdict, render};
use crate::catalog;

/// What to check.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    definitions: Definitions,
}

pub(super) fn run(args: &CheckArgs) -> Done {
    let sources = catalog::find(&args.definitions.root)?;
    match catalog::check(&sources, &BTreeMap::new()) {
        Ok(catalog) => {
            for (id, agent) in &catalog.agents {
                let tools: Vec<String> = agent.plan.tools.iter().map(|tool| tool.name.to_string()).collect();
                let tools = if tools.is_empty() { "no tools".to_owned() } else { tools.join(", ") };
                render::line(&format!("{id}: {} ({}), {tools}", agent.title, agent.plan.language));
            }
            Ok(Verdict::Good)
        }
        Err(problems) => {
            render::aside(&problems.to_string());
            Ok(Verdict::Bad)
        }
    }
}
