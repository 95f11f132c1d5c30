//! `centralita sim`: calls that never were, thousands a second; do the promises hold?
//!
//! Promises: a call that breaks a promise is told with its seed and the fewest events that break it; exit code 1. One at
//! which the heart falls over ends the run, and is told with its seed.
//! Never: touches a network, a disk or a clock inside a call; time only says when to stop.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::panic::{RefUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;
use tokio::time::{Duration, Instant};

use super::{Done, Verdict, render};
use crate::core::base::{Digest, Fault, Owner};
use crate::core::journal::CallFile;
use crate::core::sim::Fault as Weather;
use crate::core::sim::{Breach, Calls, Cast, Coverage, Faults, Played, script, shrink};

/// Seeds a thread takes at once: few enough that all end together, many enough that they do not wait for each other.
const SEEDS_AT_ONCE: u64 = 64;

/// The last number to begin with, and the most calls: together they stay below the last number there is.
const SEED_MAX: u64 = u64::MAX / 2;

/// Which calls, and until when.
#[derive(Debug, Args)]
#[command(
    after_help = "A seed is one call: caller, delays and faults are drawn from it, the same on every machine.\n\
                        The promises are watched from outside; ARCHITECTURE.md lists them.\n\
                        Faults are named in what is counted at the end, and where a name is not known."
)]
pub(super) struct SimArgs {
    /// The first seed
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u64).range(..=SEED_MAX))]
    seed: u64,
    /// Calls, each of the next seed
    #[arg(long, default_value_t = 100_000, value_name = "M", conflicts_with = "minutes",
          value_parser = clap::value_parser!(u64).range(1..=SEED_MAX))]
    calls: u64,
    /// Goes on for so long instead
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    minutes: Option<u64>,
    /// Whole calls, frames of audio included, instead of conversations alone
    #[arg(long)]
    frames: bool,
    /// Short calls: one wish, and the caller hangs up 4 to 15 seconds after the answer
    #[arg(long)]
    short: bool,
    /// This fault never strikes; may be given again
    #[arg(long, value_name = "FAULT", value_parser = fault, conflicts_with = "only")]
    without: Vec<Weather>,
    /// No fault but this one strikes; may be given again, and `--only none` is fair weather
    #[arg(long, value_name = "FAULT", value_parser = fault_or_none)]
    only: Vec<Option<Weather>>,
    /// A digest over the journals of all calls as well: the same on every machine and in every build
    #[arg(long)]
    digest: bool,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// A call at which the heart fell over.
struct Fallen {
    seed: u64,
    why: String,
}

/// What came of some of the calls.
#[derive(Default)]
struct Share {
    calls: u64,
    /// Of all journals, whatever their order.
    digest: u128,
    coverage: Coverage,
    /// Of each kind of breach its first call, and how many there were.
    broken: BTreeMap<(u8, String), (u64, u64)>,
}

/// Fair weather and a fault contradict each other; and a fault that cannot strike is none.
fn checked(args: &SimArgs) -> Result<(), Fault> {
    let calls = Which::of(args).calls;
    let never = |fault: &Weather| fault.only_in().is_some_and(|only| only != calls);
    if let Some(fault) = args.only.iter().flatten().copied().find(never) {
        let (which, remedy) = match calls {
            Calls::Conversations => ("needs the calls' frames", "say --frames"),
            Calls::WithFrames => ("does not strike in calls with frames", "leave --frames out"),
        };
        return Err(Fault::new(Owner::Admin, format!("`--only {}` {which}", fault.name()), remedy));
    }
    let fault = args.only.iter().find_map(|fault| *fault);
    let (Some(fault), true) = (fault, args.only.contains(&None)) else { return Ok(()) };
    let what = format!("`--only none` is fair weather, and `--only {}` is not", fault.name());
    Err(Fault::new(Owner::Admin, what, "leave one of them out"))
}

pub(super) async fn run(args: SimArgs) -> Done {
    checked(&args)?;
    let began = Instant::now();
    let until = args.minutes.map(|minutes| began + Duration::from_secs(60 * minutes));
    let end = if until.is_some() { u64::MAX } else { args.seed + args.calls };
    let progress = if until.is_some() { render::waiting() } else { render::progress(args.calls) };
    let (seed, which, bar) = (args.seed, Which::of(&args), progress.clone());
    let simulated =
        tokio::task::spawn_blocking(move || simulate(seed..end, until, |seed| which.played(seed), &bar))
            .await;
    progress.finish_and_clear();
    // Else the panic is no call's.
    let simulated = simulated.unwrap_or_else(|error| resume_unwind(error.into_panic()));
    let share = simulated.map_err(|Fallen { seed, why }| {
        let what = format!("the heart fell over in the simulated call of seed {seed}: {why}");
        Fault::new(Owner::Gateway, what, format!("report it with what `{}` prints", again(seed, &args)))
    })?;
    let took = began.elapsed();
    render::line(&if args.json { json(&share, &args, took) } else { text(&share, &args, took) });
    Ok(if share.broken.is_empty() { Verdict::Good } else { Verdict::Bad })
}

/// All cores take seeds in turn; what they found is added up in no order that matters.
fn simulate(
    seeds: Range<u64>,
    until: Option<Instant>,
    play: impl Fn(u64) -> Played + Sync + RefUnwindSafe,
    bar: &ProgressBar,
) -> Result<Share, Fallen> {
    let next = AtomicU64::new(seeds.start);
    let one = || {
        let mut share = Share::default();
        while until.is_none_or(|until| Instant::now() < until) {
            let Some(some) = take(&next, seeds.end) else { break };
            for seed in some.clone() {
                let played = catch_unwind(|| play(seed)).map_err(|panic| {
                    // The others take no more.
                    next.store(seeds.end, Ordering::Relaxed);
                    Fallen { seed, why: words(&*panic) }
                })?;
                share.add(seed, &played);
            }
            bar.inc(some.end - some.start);
        }
        Ok(share)
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(one)).collect();
        let mut all = Share::default();
        for thread in threads {
            all.join(thread.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok(all)
    })
}

/// The next seeds, where some are left.
fn take(next: &AtomicU64, end: u64) -> Option<Range<u64>> {
    let after = |from: u64| from.saturating_add(SEEDS_AT_ONCE).min(end);
    let taken =
        next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |from| (from < end).then(|| after(from)));
    taken.ok().map(|from| from..after(from))
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("it did not say why").to_owned()
}

/// Which calls are played.
#[derive(Clone, Copy)]
struct Which {
    calls: Calls,
    short: bool,
    recorded: bool,
    faults: Faults,
}

impl Which {
    fn of(args: &SimArgs) -> Which {
        let calls = if args.frames { Calls::WithFrames } else { Calls::Conversations };
        let only: Vec<Weather> = args.only.iter().flatten().copied().collect();
        let faults =
            if args.only.is_empty() { Faults::all().without(&args.without) } else { Faults::of(&only) };
        Which { calls, short: args.short, recorded: args.digest, faults }
    }

    fn played(self, seed: u64) -> Played {
        let mut cast = Cast::new(seed).with_faults(self.faults);
        if self.short {
            cast = cast.short();
        }
        if self.recorded {
            cast = cast.recorded();
        }
        match self.calls {
            Calls::Conversations => cast.play(),
            Calls::WithFrames => cast.play_whole(),
        }
    }
}

fn fault(name: &str) -> Result<Weather, String> {
    let all = || Weather::all().map(Weather::name).collect::<Vec<_>>().join(", ");
    Weather::parse(name).ok_or_else(|| format!("there is no such fault; there are {}", all()))
}

fn fault_or_none(name: &str) -> Result<Option<Weather>, String> {
    if name == "none" { Ok(None) } else { fault(name).map(Some) }
}

/// The journal of a call as one number; so that calls may be added up in any order, each holds its seed.
fn digest(seed: u64, played: &Played) -> u128 {
    let head = vec![format!("# seed: {seed}"), format!("# plan: {}", played.head)];
    let text = CallFile { head, lines: played.journal.clone(), plan: None }.write();
    Digest::of_bytes(text.as_bytes()).number()
}

impl Share {
    fn add(&mut self, seed: u64, played: &Played) {
        self.calls += 1;
        self.coverage.add(&played.watchers.coverage);
        if !played.journal.is_empty() {
            self.digest ^= digest(seed, played);
        }
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
        self.digest ^= other.digest;
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
    if args.digest {
        let _ = writeln!(text, "digest of all journals: {:032x}", share.digest);
    }
    let length = if args.short { "short " } else { "" };
    let kind = if args.frames { "calls with frames" } else { "conversations" };
    let breaches: u64 = share.broken.values().map(|(_, count)| count).sum();
    let _ = write!(
        text,
        "{} {length}{kind} from seed {} in {:.1} s, {per_minute:.0} a minute: {breaches} broke a promise",
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
        "ok": broken.is_empty(), "calls": share.calls, "seed": args.seed, "frames": args.frames, "short": args.short,
        "digest": args.digest.then(|| format!("{:032x}", share.digest)),
        "seconds": took.as_secs_f64(), "broken": broken, "situations": share.coverage.counts,
    })
    .to_string()
}

/// Of each kind of breach: how many, its first seed, what it was, and the smallest script.
fn broken<'a>(share: &'a Share, args: &'a SimArgs) -> impl Iterator<Item = (u64, u64, Breach, String)> + 'a {
    share.broken.values().filter_map(|(seed, count)| {
        let played = Which::of(args).played(*seed);
        let breach = played.breach.clone()?;
        let script = script(&played, &shrink(&played, &breach), *seed, &breach);
        Some((*count, *seed, breach, script))
    })
}

fn again(seed: u64, args: &SimArgs) -> String {
    let mut line = format!("centralita sim --seed {seed} --calls 1");
    line.push_str(if args.frames { " --frames" } else { "" });
    line.push_str(if args.short { " --short" } else { "" });
    args.without.iter().for_each(|fault| line.push_str(&format!(" --without {}", fault.name())));
    args.only
        .iter()
        .for_each(|fault| line.push_str(&format!(" --only {}", fault.map_or("none", Weather::name))));
    line
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::core::sim::play;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: SimArgs,
    }

    #[test]
    fn seeds_are_taken_up_to_the_last_number_and_no_further() {
        let (next, end) = (AtomicU64::new(u64::MAX - SEEDS_AT_ONCE - 1), u64::MAX);
        assert_eq!(take(&next, end), Some(end - SEEDS_AT_ONCE - 1..end - 1));
        assert_eq!(take(&next, end), Some(end - 1..end));
        assert_eq!((take(&next, end), take(&next, end)), (None, None));
    }

    #[test]
    fn numbers_beyond_the_last_seed_are_refused_with_what_is_allowed() {
        let most = SEED_MAX.to_string();
        assert!(Line::try_parse_from(["sim", "--seed", &most, "--calls", &most]).is_ok());
        for option in ["--seed", "--calls"] {
            let refused = Line::try_parse_from(["sim", option, &(SEED_MAX + 1).to_string()]).unwrap_err();
            assert!(refused.to_string().contains(&most), "{refused}");
        }
    }

    #[test]
    fn a_panic_is_told_with_its_seed_and_ends_the_run() {
        let play = |seed| {
            if seed == 70 {
                // Past the hook: nobody wants to read of it.
                resume_unwind(Box::new("a mistake on purpose"));
            }
            play(seed)
        };
        let Err(fallen) = simulate(0..SEED_MAX, None, play, &ProgressBar::hidden()) else {
            panic!("it ended well")
        };
        assert_eq!((fallen.seed, fallen.why.as_str()), (70, "a mistake on purpose"));
    }

    #[test]
    fn fair_weather_and_a_fault_contradict_each_other() {
        for options in [["--only", "none", "--only", "tool-late"], ["--only", "tool-late", "--only", "none"]]
        {
            let line =
                Line::try_parse_from([&["sim"][..], &options].concat()).expect("each of them may be given");
            let refused = checked(&line.args).unwrap_err();
            assert!(
                refused.what.contains("`--only none`") && refused.what.contains("tool-late"),
                "{refused}"
            );
        }
        for options in [&["--only", "none", "--only", "none"][..], &["--only", "tool-late"], &[]] {
            let line = Line::try_parse_from([&["sim"], options].concat()).expect("these are its options");
            assert_eq!(checked(&line.args), Ok(()), "{options:?}");
        }
    }

    #[test]
    fn a_fault_that_cannot_strike_in_the_calls_that_are_played_is_refused() {
        let told = |options: &[&str]| {
            let line = Line::try_parse_from([&["sim"], options].concat()).expect("each of them may be given");
            checked(&line.args).map_err(|fault| format!("{}: {}", fault.what, fault.remedy))
        };
        let needs = "`--only frames-lost` needs the calls' frames: say --frames";
        assert_eq!(told(&["--only", "frames-lost"]), Err(needs.to_owned()));
        assert_eq!(told(&["--only", "frames-lost", "--frames"]), Ok(()));
        assert!(told(&["--only", "process-dies", "--frames"]).is_err());
        assert_eq!(told(&["--only", "process-dies"]), Ok(()));
    }

    #[test]
    fn a_seed_is_told_with_the_options_that_play_it_again() {
        let line = |options: &[&str]| {
            let line = Line::try_parse_from([&["sim"], options].concat()).expect("these are its options");
            again(7, &line.args)
        };
        assert_eq!(line(&[]), "centralita sim --seed 7 --calls 1");
        let options = ["--frames", "--short", "--without", "tool-late", "--without", "disk-full"];
        assert_eq!(line(&options), format!("centralita sim --seed 7 --calls 1 {}", options.join(" ")));
        assert_eq!(line(&["--only", "none"]), "centralita sim --seed 7 --calls 1 --only none");
        let unknown = Line::try_parse_from(["sim", "--without", "rain"]).unwrap_err().to_string();
        assert!(unknown.contains("words-late") && unknown.contains("hang-up-ignored"), "{unknown}");
    }
}
