//! `centralita check`: are the definitions right?
//!
//! Promises: every problem at once, with file, line, column and remedy; exit code 1 when there is one.
//! Never: sends a request or needs a secret.

use std::collections::BTreeMap;

use clap::Args;

use super::assemble::unheard;
use super::demo::{SpeechArgs, speech};
use super::{Definitions, Done, Verdict, render};
use crate::catalog;

/// What to check.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    definitions: Definitions,
    #[command(flatten)]
    speech: SpeechArgs,
}

pub(super) fn run(args: &CheckArgs) -> Done {
    let sources = catalog::find(&args.definitions.root)?;
    match catalog::check(&sources, &BTreeMap::new()) {
        Ok(catalog) => {
            let speech = speech(&args.speech)?;
            let mut verdict = Verdict::Good;
            for (id, agent) in &catalog.agents {
                match unheard(agent, &speech) {
                    Ok(words) => {
                        for word in words {
                            render::aside(&format!("warning: {id}: the recogniser can never hear `{word}`"));
                        }
                    }
                    Err(fault) => {
                        render::trouble(&format!("agents: {id}: {}\n  hint: {}", fault.what, fault.remedy));
                        verdict = Verdict::Bad;
                    }
                }
                let tools: Vec<String> = agent.plan.tools.iter().map(|tool| tool.name.to_string()).collect();
                let tools = if tools.is_empty() { "no tools".to_owned() } else { tools.join(", ") };
                render::line(&format!("{id}: {} ({}), {tools}", agent.title, agent.plan.language));
            }
            Ok(verdict)
        }
        Err(problems) => {
            render::aside(&problems.to_string());
            Ok(Verdict::Bad)
        }
    }
}
