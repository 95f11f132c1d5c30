//! `centralita eval`: how well the recogniser hears, over recordings with a manifest.
//!
//! Promises: figures per file or kind and in all; nothing is left out.
//! Never: judges by anything but the manifest's words and kinds.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::assemble::{Speech, catalog, doubts};
use super::demo::{SpeechArgs, speech};
use super::{Definitions, Done, Verdict, render};
use crate::bench::eval::{self, vocabulary_of_manifest};
use crate::core::base::{Fault, Owner};
use crate::core::language::Language;
use crate::stt::Vocabulary;
use crate::stt::embedded::Embedded;

/// What the folder holds.
const MANIFEST_HELP: &str = r#"FOLDER holds WAV files (8 kHz, mono, 16 bit) and a manifest.json that lists them:

  [
    {"file": "yes-1.wav", "text": "yes", "kind": "answer-yes"},
    {"file": "where.wav", "text": "where is my order", "kind": "command"},
    {"file": "street.wav", "text": "", "kind": "noise"}
  ]

`text` is what is said, nothing where nobody speaks (`stt` leaves such files out). `kind` is any
word; `answers` counts by it, and takes every kind but `answer-yes` for no yes."#;

/// What to measure.
#[derive(Debug, Args)]
#[command(after_help = MANIFEST_HELP)]
pub(super) struct EvalArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Word error rate, per file and in all
    #[command(after_help = MANIFEST_HELP)]
    Stt(Over),
    /// Answers to a yes/no question: false yes, false no, unclear, per kind of recording
    #[command(after_help = MANIFEST_HELP)]
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

/// The words to listen for, and their language.
fn vocabulary(over: &Over, speech: &Speech) -> Result<(Arc<Vocabulary>, Language), Fault> {
    if over.words_of_manifest {
        let language = Language::English;
        return Ok((Arc::new(vocabulary_of_manifest(&over.folder, language)?), language));
    }
    let catalog = catalog(&over.definitions, &Default::default())?;
    let agent = catalog.agents.get(&over.agent).ok_or_else(|| {
        let what = format!("there is no agent `{}`", over.agent);
        Fault::new(Owner::Admin, what, "`centralita check` lists them all")
    })?;
    if agent.services.stt.is_some() {
        let what =
            format!("the agent `{}` hears nothing (`stt: none`): there is nothing to measure", over.agent);
        return Err(Fault::new(Owner::Admin, what, "name another with --agent, or give --words-of-manifest"));
    }
    doubts(agent, speech)?;
    Ok((Arc::new(Vocabulary::of_plan(&agent.plan)), agent.plan.language))
}

async fn stt(over: &Over) -> Done {
    let engine = speech(&over.speech)?;
    let (words, language) = vocabulary(over, &engine)?;
    let report = eval::stt(engine.stt.as_ref(), &over.folder, words, language).await?;
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
    if let Some(path) = figure {
        embedded(&engine)?;
        writable(path)?;
    }
    let (stt, (words, language)) = (engine.stt.as_ref(), vocabulary(over, &engine)?);
    // A long recording takes more than one recogniser.
    let at_once = (over.speech.speech_workers / 2).max(1);
    let report = eval::answers(stt, &over.folder, words, language, at_once).await?;
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
    std::fs::write(path, text).map_err(|error| unwritten(path, &error))
}

/// Whether the figure will find its place, before an hour is spent on it. What is there stays as it is.
fn writable(path: &Path) -> Result<(), Fault> {
    let new = !path.exists();
    OpenOptions::new().append(true).create(true).open(path).map_err(|error| unwritten(path, &error))?;
    if new { std::fs::remove_file(path).map_err(|error| unwritten(path, &error)) } else { Ok(()) }
}

fn unwritten(path: &Path, error: &io::Error) -> Fault {
    let what = format!("{} cannot be written: {error}", path.display());
    Fault::new(Owner::Admin, what, "name a file in a folder that is there")
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

    #[test]
    fn a_place_for_the_figure_is_tried_and_left_as_it_was() {
        let path = std::env::temp_dir().join(format!("centralita-{}.json", uuid::Uuid::now_v7()));
        assert_eq!((writable(&path), path.exists()), (Ok(()), false));
        std::fs::write(&path, "an older figure").expect("a temporary folder can be written");
        assert_eq!(writable(&path), Ok(()));
        assert_eq!(std::fs::read(&path).expect("it is there"), b"an older figure");
        std::fs::remove_file(&path).expect("it was made by this test");
        for nowhere in [std::env::temp_dir(), path.join("y.json"), "/proc/x/y.json".into()] {
            assert!(writable(&nowhere).is_err(), "{}", nowhere.display());
        }
    }
}
