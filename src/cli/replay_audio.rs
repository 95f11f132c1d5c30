//! `centralita replay --audio`: recorded calls played again with their sound.
//!
//! Promises: a call that cannot be played, and one at which the call's machine falls over, hides no other.
//! Never: carries out an order.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use futures::StreamExt as _;
use futures::stream;

use super::render;
use super::values::whole;
use crate::core::base::{Fault, Millis, Owner};
use crate::replay::{Found, SoundReplayed, SoundReport, sounding};

/// What may be different.
#[derive(Debug, Args)]
pub(super) struct SoundArgs {
    /// Plays the caller's recorded track through the whole call, on a clock of its own
    #[arg(long)]
    pub(super) audio: bool,
    /// Where the recordings and cassettes lie, if not beside the journal or call file
    #[arg(long, value_name = "FOLDER", requires = "audio")]
    pub(super) recordings: Option<PathBuf>,
    /// How many milliseconds edges of speech may be apart: a frame, where not told otherwise
    #[arg(long, value_name = "MS", default_value_t = 20, value_parser = whole::<u32>, requires = "audio")]
    pub(super) tolerance: u32,
}

/// Every core plays a call of its own; reading the next ones goes on beside it.
pub(super) async fn replay(found: Vec<Found>, args: &SoundArgs) -> SoundReport {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let progress = render::progress(found.len() as u64);
    let one = |call: Found| async move {
        let name = call.name();
        let (took, finding) = match sounding(&call, args.recordings.as_deref()).await {
            Ok(sounding) => {
                let tolerance = Millis(args.tolerance);
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
    report
}

fn fell_over(name: &str, error: &tokio::task::JoinError) -> Fault {
    let what = format!("the call fell over while it replayed {name}: {error}");
    Fault::new(Owner::Gateway, what, "this is a mistake of ours, please report it with the call")
}
