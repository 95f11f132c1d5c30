//! `centralita eval`: how well the recogniser hears, over recordings with a manifest.
//!
//! Promises: figures per file or kind and in all; nothing is left out.
//! Never: judges by anything but the manifest's words and kinds.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::assemble::catalog;
use super::demo::{SpeechArgs, speech};
use super::{Definitions, Done, Verdict, render};
use crate::bench::eval::{self, vocabulary_of_manifest};
use crate::core::base::{Fault, Owner};
use crate::core::language::Language;
use crate::stt::Vocabulary;

/// What to measure.
#[derive(Debug, Args)]
pub(super) struct EvalArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Word error rate, per file and in all
    Stt(Over),
    /// Answers to a yes/no question: false yes, false no, unclear, per kind of recording
    Answers(Over),
}

#[derive(Debug, Args)]
struct Over {
    /// A folder of 8 kHz WAV files with a `manifest.json`
    folder: PathBuf,
    /// The agent whose vocabulary is used
    #[arg(long, default_value = "shop", value_name = "ID")]
    agent: String,
    /// Uses the manifest's own words instead: what the recogniser can do at best
    #[arg(long)]
    words_of_manifest: bool,
    #[command(flatten)]
    definitions: Definitions,
    #[command(flatten)]
    speech: SpeechArgs,
}

pub(super) async fn run(args: &EvalArgs) -> Done {
    match &args.what {
        What::Stt(over) => stt(over).await,
        What::Answers(over) => answers(over).await,
    }
}

fn vocabulary(over: &Over) -> Result<Arc<Vocabulary>, Fault> {
    if over.words_of_manifest {
        return vocabulary_of_manifest(&over.folder, Language::English).map(Arc::new);
    }
    let catalog = catalog(&over.definitions, &Default::default())?;
    let agent = catalog.agents.get(&over.agent).ok_or_else(|| {
        let what = format!("there is no agent `{}`", over.agent);
        Fault::new(Owner::Admin, what, "`centralita check` lists them all")
    })?;
    Ok(Arc::new(Vocabulary::of_plan(&agent.plan)))
}

async fn stt(over: &Over) -> Done {
    let engine = speech(&over.speech)?.stt;
    let report = eval::stt(engine.as_ref(), &over.folder, vocabulary(over)?, Language::English).await?;
    for file in &report.files {
        let heard =
            file.heard.as_ref().map_or_else(|fault| format!("({fault})"), |words| format!("{words:?}"));
        render::line(&format!(
            "{:<28} {}  said {:?}, heard {heard}",
            file.file,
            rate(&file.errors),
            file.said
        ));
    }
    render::line(&format!("{:<28} {}", format!("all {} files", report.files.len()), rate(&report.total)));
    Ok(Verdict::Good)
}

/// `3/17 17.6 %`
fn rate(errors: &eval::WordErrors) -> String {
    let words = errors.words.max(1);
    let permille = (errors.errors * 1_000 + words / 2) / words;
    format!("{:>3}/{:<3} {:>3}.{} %", errors.errors, errors.words, permille / 10, permille % 10)
}

async fn answers(over: &Over) -> Done {
    let engine = speech(&over.speech)?.stt;
    let report = eval::answers(engine.as_ref(), &over.folder, vocabulary(over)?, Language::English).await?;
    render::line("kind         files   yes  doubtful    no  unclear  failed");
    for (kind, n) in &report.kinds {
        render::line(&format!(
            "{kind:<12} {:>5} {:>5} {:>9} {:>5} {:>8} {:>7}",
            n.files, n.yes, n.doubtful, n.no, n.unclear, n.failed
        ));
    }
    render::line(&format!("false yes: {}", listed(&report.false_yeses)));
    render::line(&format!("false no:  {}", listed(&report.false_noes)));
    render::line(
        "a false no is a spoken yes taken for a no; other speech taken for a no stands in the table alone",
    );
    Ok(Verdict::Good)
}

fn listed(files: &[String]) -> String {
    if files.is_empty() { "none".to_owned() } else { files.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_rounded_to_the_nearest_tenth() {
        assert_eq!(rate(&eval::WordErrors { words: 180, errors: 7 }), "  7/180   3.9 %");
    }
}
