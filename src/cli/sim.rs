//! `centralita sim`: calls that never were, thousands a second; do the promises hold?
//!
//! Promises: a call that breaks a promise is told with its seed and the fewest events that break it; exit code 1.
//! Never: touches a network, a disk or a clock inside a call; time only says when to stop.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;
use tokio::time::{Duration, Instant};

use super::{Done, Verdict, render};
use crate::core::base::{Fault, Owner};
use crate::core::sim::{Breach, Coverage, Played, play, play_whole, script, shrink};

/// Seeds a thread takes at once: few enough that all end together, many enough that they do not wait for each other.
const SEEDS_AT_ONCE: u64 = 64;

/// Which calls, and until when.
#[derive(Debug, Args)]
#[command(
    after_help = "A seed is one call: caller, delays and faults are drawn from it, the same on every machine.\n\
                        The promises are watched from outside; docs/replay.md names them."
)]
pub(super) struct SimArgs {
    /// The first seed
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Calls, each of the next seed
    #[arg(long, default_value_t = 100_000, value_name = "M", conflicts_with = "minutes",
          value_parser = clap::value_parser!(u64).range(1..))]
    calls: u64,
    /// Goes on for so long instead
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    minutes: Option<u64>,
    /// Whole calls, frames of audio included, instead of conversations alone
    #[arg(long)]
    frames: bool,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// What came of some of the calls.
#[derive(Default)]
struct Share {
    calls: u64,
    coverage: Coverage,
    /// Of each kind of breach its first call, and how many there were.
    broken: BTreeMap<(u8, String), (u64, u64)>,
}

pub(super) async fn run(args: SimArgs) -> Done {
    let began = Instant::now();
    let until = args.minutes.map(|minutes| began + Duration::from_secs(60 * minutes));
    let end = if until.is_some() { u64::MAX } else { args.seed.saturating_add(args.calls) };
    let progress = if until.is_some() { render::waiting() } else { render::progress(args.calls) };
    let (seed, frames, bar) = (args.seed, args.frames, progress.clone());
    let simulated = tokio::task::spawn_blocking(move || simulate(seed..end, until, frames, &bar)).await;
    progress.finish_and_clear();
    let share = simulated.map_err(|error| {
        let what = format!("the heart fell over in a simulated call: {error}");
        Fault::new(
            Owner::Gateway,
            what,
            "run it again with --calls halved until one seed is left, and report it",
        )
    })?;
    let took = began.elapsed();
    render::line(&if args.json { json(&share, &args, took) } else { text(&share, &args, took) });
    Ok(if share.broken.is_empty() { Verdict::Good } else { Verdict::Bad })
}

/// All cores take seeds in turn; what they found is added up in no order that matters.
fn simulate(seeds: std::ops::Range<u64>, until: Option<Instant>, frames: bool, bar: &ProgressBar) -> Share {
    let next = AtomicU64::new(seeds.start);
    let one = || {
        let mut share = Share::default();
        while until.is_none_or(|until| Instant::now() < until) {
            let from = next.fetch_add(SEEDS_AT_ONCE, Ordering::Relaxed);
            if from >= seeds.end {
                break;
            }
            let to = from.saturating_add(SEEDS_AT_ONCE).min(seeds.end);
            (from..to).for_each(|seed| share.add(seed, &played(seed, frames)));
            bar.inc(to - from);
        }
        share
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut all = Share::default();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(one)).collect();
        for thread in threads {
            match thread.join() {
                Ok(share) => all.join(share),
                // The panic is the call's: it is told where the others are waited for.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    all
}

fn played(seed: u64, frames: bool) -> Played {
    if frames { play_whole(seed) } else { play(seed) }
}

impl Share {
    fn add(&mut self, seed: u64, played: &Played) {
        self.calls += 1;
        self.coverage.add(&played.watchers.coverage);
        if let Some(breach) = &played.breach {
            self.breach(breach.kind(), seed, 1);
        }
    }

    fn breach(&mut self, kind: (u8, String), seed: u64, count: u64) {
        let (first, counted) = self.broken.entry(kind).or_insert((seed, 0));
        *first = seed.min(*first);
        *counted += count;
    }

    fn join(&mut self, other: Share) {
        self.calls += other.calls;
        self.coverage.add(&other.coverage);
        for (kind, (first, count)) in other.broken {
            self.breach(kind, first, count);
        }
    }
}

fn text(share: &Share, args: &SimArgs, took: Duration) -> String {
    let mut text = String::new();
    for (count, seed, breach, script) in broken(share, args) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{count} calls: {breach}\nagain: {}\n\n{script}", again(seed, args));
    }
    for (situation, count) in &share.coverage.counts {
        let _ = writeln!(text, "{count:>10}  {situation}");
    }
    let minutes = took.as_secs_f64() / 60.0;
    let per_minute = share.calls as f64 / minutes.max(f64::MIN_POSITIVE);
    let kind = if args.frames { "calls with frames" } else { "conversations" };
    let breaches: u64 = share.broken.values().map(|(_, count)| count).sum();
    let _ = write!(
        text,
        "{} {kind} from seed {} in {:.1} s, {per_minute:.0} a minute: {breaches} broke a promise",
        share.calls,
        args.seed,
        took.as_secs_f64()
    );
    text
}

fn json(share: &Share, args: &SimArgs, took: Duration) -> String {
    let broken: Vec<_> = broken(share, args)
        .map(|(count, seed, breach, script)| {
            json!({
                "promise": breach.promise, "what": breach.what, "calls": count, "seed": seed,
                "again": again(seed, args), "script": script,
            })
        })
        .collect();
    json!({
        "ok": broken.is_empty(), "calls": share.calls, "seed": args.seed, "frames": args.frames,
        "seconds": took.as_secs_f64(), "broken": broken, "situations": share.coverage.counts,
    })
    .to_string()
}

/// Of each kind of breach: how many, its first seed, what it was, and the smallest script.
fn broken<'a>(share: &'a Share, args: &'a SimArgs) -> impl Iterator<Item = (u64, u64, Breach, String)> + 'a {
    share.broken.values().filter_map(|(seed, count)| {
        let played = played(*seed, args.frames);
        let breach = played.breach.clone()?;
        let script = script(&played, &shrink(&played, &breach), *seed, &breach);
        Some((*count, *seed, breach, script))
    })
}

fn again(seed: u64, args: &SimArgs) -> String {
    format!("centralita sim --seed {seed} --calls 1{}", if args.frames { " --frames" } else { "" })
}
