//! `centralita replay --audio` and `--live`: recorded calls played again with their sound, through this build's call or to
//! a gateway that runs.
//!
//! Promises: no gateway is called whose effects are real, unless that was asked for in words; a call that cannot be
//! played, and one at which the call's machine falls over, hides no other.
//! Never: carries out an order itself.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use futures::StreamExt as _;
use futures::stream;
use tokio::time::Instant;
use url::Url;

use super::values::{callee, whole};
use super::{Done, Verdict, render};
use crate::caller::Dial;
use crate::core::base::{Fault, Millis, Owner};
use crate::replay::{Found, Lived, SoundReplayed, SoundReport, are_folders, is_mocked, sounding};

/// What may be different.
#[derive(Debug, Args)]
pub(super) struct SoundArgs {
    /// Plays the caller's recorded track through the whole call, on a clock of its own
    #[arg(long, group = "sounding")]
    pub(super) audio: bool,
    /// Plays it to a gateway that runs, in real time, and compares where its agent speaks
    #[arg(long, group = "sounding", requires = "to", conflicts_with_all = ["json", "junit"])]
    pub(super) live: bool,
    /// That gateway: its media stream (ws, wss), or its voice webhook
    #[arg(long, value_name = "URL", value_parser = callee, requires = "live")]
    to: Option<Url>,
    /// Calls it although its effects are not mocked: what the recorded caller says yes to is done again
    #[arg(long, requires = "live")]
    effects_are_real: bool,
    /// Where the recordings lie (and the cassettes, if they lie there too), if not beside the journal or call file
    #[arg(long, value_name = "FOLDER", requires = "sounding")]
    recordings: Option<PathBuf>,
    /// Where the cassettes lie, if in another folder than the recordings
    #[arg(long, value_name = "FOLDER", requires = "sounding")]
    cassettes: Option<PathBuf>,
    /// How many milliseconds edges of speech may be apart; 20, a frame, and with --live 500
    #[arg(long, value_name = "MS", value_parser = whole::<u32>, requires = "sounding")]
    tolerance: Option<u32>,
}

impl SoundArgs {
    fn folders(&self) -> Vec<&Path> {
        [&self.recordings, &self.cassettes].into_iter().filter_map(Option::as_deref).collect()
    }
}

/// A frame.
const TOLERANCE: Millis = Millis(20);
/// A service that is called anew takes a little more or less.
const LIVE_TOLERANCE: Millis = Millis(500);

/// One call after the other against a gateway.
pub(super) async fn live(found: Vec<Found>, args: &SoundArgs) -> Done {
    let Some(to) = &args.to else { return Ok(Verdict::Bad) };
    are_folders(&args.folders())?;
    let http = reqwest::Client::new();
    if !args.effects_are_real {
        is_mocked(to, &http).await?;
    }
    let tolerance = args.tolerance.map_or(LIVE_TOLERANCE, Millis);
    let mut verdict = Verdict::Good;
    for call in found {
        let lived = one_live(&call, to, &http, args, tolerance).await;
        match lived {
            Ok(lived) => {
                let Lived { recorded, today, cuts, changes } = &lived;
                let word = if changes.is_empty() { "the same" } else { "differs" };
                render::line(&format!(
                    "{}: {word}; the agent speaks {today} times (recorded {recorded}), is cut {} (recorded {})",
                    call.name(),
                    cuts.1,
                    cuts.0
                ));
                changes.iter().for_each(|change| render::line(&format!("  ! {change}")));
                verdict = if changes.is_empty() { verdict } else { Verdict::Bad };
            }
            Err(fault) => {
                render::fault(&fault);
                verdict = Verdict::Bad;
            }
        }
    }
    Ok(verdict)
}

async fn one_live(
    call: &Found,
    to: &Url,
    http: &reqwest::Client,
    args: &SoundArgs,
    tolerance: Millis,
) -> Result<Lived, Fault> {
    let sounding = sounding(call, &args.folders()).await?;
    let mut dial = Dial::new(to.clone(), http.clone());
    if matches!(to.scheme(), "ws" | "wss") {
        let agent = sounding.recorded.plan.agent.clone();
        dial.params.insert("agent".to_owned(), agent);
    }
    sounding.live(dial, tolerance).await
}

/// Every core plays a call of its own; reading the next ones goes on beside it.
///
/// # Errors
/// A folder that was named is not there.
pub(super) async fn replay(found: Vec<Found>, args: &SoundArgs) -> Result<SoundReport, Fault> {
    are_folders(&args.folders())?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let progress = render::progress(found.len() as u64);
    let one = |call: Found| async move {
        let name = call.name();
        let (took, finding) = match sounding(&call, &args.folders()).await {
            Ok(sounding) => {
                let tolerance = args.tolerance.map_or(TOLERANCE, Millis);
                let played = tokio::task::spawn_blocking(move || {
                    let begun = Instant::now();
                    let compared = sounding.replay(tolerance);
                    (begun.elapsed(), compared)
                });
                match played.await {
                    Ok((took, compared)) => (took, Ok(compared)),
                    Err(error) => (Duration::ZERO, Err(fell_over(&name, &error))),
                }
            }
            Err(fault) => (Duration::ZERO, Err(fault)),
        };
        SoundReplayed { name, took, finding }
    };
    let mut replayed = stream::iter(found).map(one).buffered(cores);
    let mut report = SoundReport::default();
    while let Some(next) = replayed.next().await {
        report.0.push(next);
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(report)
}

fn fell_over(name: &str, error: &tokio::task::JoinError) -> Fault {
    let what = format!("the call fell over while it replayed {name}: {error}");
    Fault::new(Owner::Gateway, what, "this is a mistake of ours, please report it with the call")
}
