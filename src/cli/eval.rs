//! `centralita eval`: how well the recogniser hears, over recordings with a manifest.
//!
//! Promises: figures per file or kind and in all; nothing is left out.
//! Never: judges by anything but the manifest's words and kinds.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::assemble::{Speech, catalog};
use super::demo::{SpeechArgs, speech};
use super::{Definitions, Done, Verdict, render};
use crate::bench::eval::{self, vocabulary_of_manifest};
use crate::core::base::{Fault, Owner};
use crate::core::language::Language;
use crate::stt::Vocabulary;
use crate::stt::embedded::Embedded;

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
    Answers(Asked),
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

#[derive(Debug, Args)]
struct Asked {
    #[command(flatten)]
    over: Over,
    /// Writes the engine's figure of false yeses to this file: what it is, by digests, and how often it was wrong
    #[arg(long, value_name = "FILE", requires = "source")]
    figure: Option<PathBuf>,
    /// What the recordings are and what they are not, in words, for the figure
    #[arg(long, value_name = "TEXT", requires = "figure")]
    source: Option<String>,
}

pub(super) async fn run(args: &EvalArgs) -> Done {
    match &args.what {
        What::Stt(over) => stt(over).await,
        What::Answers(asked) => answers(asked).await,
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

async fn answers(Asked { over, figure, source }: &Asked) -> Done {
    let engine = speech(&over.speech)?;
    if figure.is_some() {
        embedded(&engine)?;
    }
    let (stt, words) = (engine.stt.as_ref(), vocabulary(over)?);
    // A long recording takes more than one recogniser.
    let at_once = (over.speech.speech_workers / 2).max(1);
    let report = eval::answers(stt, &over.folder, words, Language::English, at_once).await?;
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
    if let (Some(path), Some(source)) = (figure, source) {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let (others, wrong) = (count(report.others()), count(report.false_yeses.len()));
        write(path, &embedded(&engine)?.figure(others, wrong, source.clone())?)?;
    }
    Ok(Verdict::Good)
}

fn embedded(engine: &Speech) -> Result<&Embedded, Fault> {
    engine.embedded.as_deref().ok_or_else(|| {
        let what = "only the embedded recogniser has a figure of false yeses";
        Fault::new(Owner::Admin, what, "leave out `--speech`, or `--figure`")
    })
}

fn write(path: &Path, text: &str) -> Result<(), Fault> {
    std::fs::write(path, text).map_err(|error| {
        let what = format!("{} cannot be written: {error}", path.display());
        Fault::new(Owner::Admin, what, "name a file in a folder that is there")
    })
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
