//! `centralita replay`: recorded calls through today's heart: same orders?
//!
//! Promises: the first difference of every call is shown with the lines around it, in the words of the call file; exit
//! code 1 where one differs or cannot be read.
//! Never: carries out an order; writes to where it reads.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use futures::StreamExt as _;
use futures::stream;

use super::{Done, Verdict, render};
use crate::core::base::{Fault, Owner};
use crate::replay::{Found, Outcome, Replayed, Report, compare, find};

/// Which calls, and how it is told.
#[derive(Debug, Args)]
#[command(
    after_help = "A call script of tests/calls names its plan; a call file exported with --export holds it.\n\
                        docs/replay.md shows the way from a recorded call to a test."
)]
pub(super) struct ReplayArgs {
    /// Journals (databases), call files, and folders of call files
    #[arg(required = true, value_name = "CALLS")]
    calls: Vec<PathBuf>,
    /// Only the call of this id, of the databases named; may be given again
    #[arg(long = "call", value_name = "ID")]
    ids: Vec<String>,
    /// Prints the calls as call files instead of comparing them
    #[arg(long, conflicts_with_all = ["export", "json", "junit"])]
    print: bool,
    /// Writes each call as a file of its own, with its plan, instead of comparing them
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["json", "junit"])]
    export: Option<PathBuf>,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Writes a JUnit report as well
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

pub(super) async fn run(args: &ReplayArgs) -> Done {
    let found = all(args).await?;
    if args.print {
        for call in &found {
            render::text(&call.read().await?.file.write());
        }
        return Ok(Verdict::Good);
    }
    if let Some(folder) = &args.export {
        return export(&found, folder).await;
    }
    let report = replay(found).await?;
    if let Some(path) = &args.junit {
        fs::write(path, report.junit()?).map_err(|error| unwritable(path, &error))?;
    }
    if args.json {
        render::line(&report.json().to_string())
    } else {
        render::line(&report.to_string())
    }
    Ok(if report.is_good() { Verdict::Good } else { Verdict::Bad })
}

async fn all(args: &ReplayArgs) -> Result<Vec<Found>, Fault> {
    let mut found = Vec::new();
    for path in &args.calls {
        found.extend(find(path, &args.ids).await?);
    }
    let named = |id: &&String| {
        found.iter().any(|call| matches!(call, Found::Call { id: known, .. } if known.as_str() == *id))
    };
    if let Some(missing) = args.ids.iter().find(|id| !named(id)) {
        let what = format!("there is no call `{missing}` in what was named");
        return Err(Fault::new(Owner::Admin, what, "without --call, --print shows every call with its id"));
    }
    if found.is_empty() {
        let remedy = "name a journal's database with a call in it, a call file, or a folder of call files";
        return Err(Fault::new(Owner::Admin, "there is no call in what was named", remedy));
    }
    Ok(found)
}

/// Every core folds a call of its own; reading the next ones goes on beside it.
async fn replay(found: Vec<Found>) -> Result<Report, Fault> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let progress = render::progress(found.len() as u64);
    let one = |call: Found| async move {
        let name = call.name();
        let recorded = match call.read().await {
            Ok(recorded) => recorded,
            Err(fault) => return Ok(Replayed { name, lines: 0, outcome: Outcome::Unreadable(fault) }),
        };
        let lines = recorded.file.lines.len();
        match tokio::task::spawn_blocking(move || compare(&recorded)).await {
            Ok(outcome) => Ok(Replayed { name, lines, outcome }),
            Err(error) => {
                let what = format!("the heart fell over while it replayed {name}: {error}");
                Err(Fault::new(
                    Owner::Gateway,
                    what,
                    "this is a mistake of ours, please report it with the call",
                ))
            }
        }
    };
    let mut replayed = stream::iter(found).map(one).buffered(2 * cores);
    let mut report = Report::default();
    while let Some(next) = replayed.next().await {
        report.0.push(next?);
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(report)
}

async fn export(found: &[Found], folder: &Path) -> Done {
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    for call in found {
        let recorded = call.read().await?;
        let name = match call {
            Found::Call { id, .. } => format!("{id}.call"),
            Found::File(path) => {
                path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
            }
        };
        let path = folder.join(name);
        let mut file = fs::File::create_new(&path).map_err(|error| unwritable(&path, &error))?;
        std::io::Write::write_all(&mut file, recorded.standalone().write().as_bytes())
            .map_err(|error| unwritable(&path, &error))?;
        render::line(&path.display().to_string());
    }
    Ok(Verdict::Good)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Fault {
    let what = format!("{} cannot be written: {error}", path.display());
    Fault::new(Owner::Admin, what, "name a place that is free and that this user may write to")
}
