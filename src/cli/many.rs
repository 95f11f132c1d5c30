//! `centralita demo` with many calls: runs of scenarios, and seeds of drawn calls.
//!
//! Promises: a line for each scenario, a folder for each call that went wrong; exit code 0 only if none did.
//! Never: prints the calls themselves: one is watched by itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use clap::Args;
use serde_json::{Value, json};

use super::{Done, Verdict, render};
use crate::core::base::{Fault, Owner};
use crate::demo::runs::{Run, play_all};
use crate::demo::scenario::{Scenario, all, by_name};
use crate::demo::stage::Stage;

/// How many calls, and what else goes on.
#[derive(Debug, Args)]
pub(super) struct ManyArgs {
    /// Plays each scenario so many times
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// So many calls at a time, each with a gateway and a shop of its own; embedded speech keeps about four in real time
    #[arg(long, default_value_t = 16, value_name = "M", value_parser = clap::value_parser!(u32).range(1..=16))]
    at_once: u32,
    /// Keeps so many cores busy meanwhile, with a thread each that does nothing but spin
    #[arg(long, value_name = "CORES", num_args = 0..=1, default_missing_value = "1", default_value_t = 0)]
    busy: u8,
}

/// What there is to play.
pub(super) enum Work {
    /// To be watched.
    One(Scenario),
    Runs(Vec<Scenario>),
}

/// What was asked for.
pub(super) fn work(args: &ManyArgs, name: &str) -> Result<Work, Fault> {
    let scenarios = if name == "all" {
        all()
    } else {
        vec![by_name(name).ok_or_else(|| {
            let names: Vec<String> = all().into_iter().map(|s| s.name).collect();
            let remedy = format!("name `all` or one of {}", names.join(", "));
            Fault::new(Owner::Admin, format!("there is no scenario `{name}`"), remedy)
        })?]
    };
    if name != "all" && args.runs == 1 {
        return Ok(Work::One(scenarios.into_iter().next().expect("one was found by its name")));
    }
    let each = |scenario: Scenario| std::iter::repeat_n(scenario, args.runs as usize);
    Ok(Work::Runs(scenarios.into_iter().flat_map(each).collect()))
}

/// Scenarios, again and again.
pub(super) async fn runs(args: &ManyArgs, stage: Stage, scenarios: Vec<Scenario>, json: bool) -> Done {
    let runs = play(args, stage, scenarios).await?;
    let mut by_name: BTreeMap<&str, Vec<&Run>> = BTreeMap::new();
    for run in &runs {
        by_name.entry(&run.scenario).or_default().push(run);
    }
    let ok = runs.iter().all(Run::is_ok);
    if json {
        let scenarios: Vec<Value> = by_name.iter().map(|(name, runs)| as_json(name, runs)).collect();
        render::line(&json!({"ok": ok, "scenarios": scenarios}).to_string());
    } else {
        for (name, runs) in &by_name {
            let passed = runs.iter().filter(|run| run.is_ok()).count();
            render::line(&format!("{name:<16} {passed} of {}", runs.len()));
            runs.iter().filter(|run| !run.is_ok()).for_each(|run| wrong(run));
        }
    }
    Ok(if ok { Verdict::Good } else { Verdict::Bad })
}

/// Plays all, and says how far it is.
pub(super) async fn play(args: &ManyArgs, stage: Stage, scenarios: Vec<Scenario>) -> Result<Vec<Run>, Fault> {
    let busy = Busy::with(args.busy);
    let (of, mut ended, mut failed) = (scenarios.len(), 0, 0);
    let every = args.at_once as usize;
    let mut progress = |run: &Run| {
        ended += 1;
        failed += usize::from(!run.is_ok());
        if ended % every == 0 || ended == of {
            render::aside(&format!("{ended} of {of} calls, {failed} not as demanded"));
        }
    };
    let runs = play_all(Arc::new(stage), scenarios, args.at_once as usize, &mut progress).await;
    busy.stop();
    runs
}

/// Why a call was not as demanded, and where to look.
pub(super) fn wrong(run: &Run) {
    let why = run.why().unwrap_or("no reason was given");
    let folder = run.folder.as_ref().map_or_else(String::new, |folder| format!(" ({})", folder.display()));
    render::line(&format!("  not met: {why}{folder}"));
}

fn as_json(name: &str, runs: &[&Run]) -> Value {
    let failure = |run: &&Run| json!({"unmet": run.why(), "folder": run.folder});
    let failures: Vec<Value> = runs.iter().filter(|run| !run.is_ok()).map(|run| failure(run)).collect();
    let mut latencies: Vec<u32> = runs
        .iter()
        .filter_map(|run| run.report.as_ref().ok())
        .flat_map(|report| report.latencies.iter().map(|latency| latency.0))
        .collect();
    latencies.sort_unstable();
    json!({
        "scenario": name,
        "passed": runs.len() - failures.len(),
        "of": runs.len(),
        "failures": failures,
        "latency_ms_median": latencies.get(latencies.len() / 2),
        "latency_ms_most": latencies.last(),
    })
}

/// Cores kept busy, so that what needs a core to itself is found out.
struct Busy {
    until: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Busy {
    fn with(cores: u8) -> Busy {
        let until = Arc::new(AtomicBool::new(false));
        let spin = |_| {
            let until = Arc::clone(&until);
            std::thread::spawn(move || {
                while !until.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        Busy { threads: (0..cores).map(spin).collect(), until }
    }

    fn stop(self) {
        self.until.store(true, Ordering::Relaxed);
        for thread in self.threads {
            // It only spins: it cannot have panicked.
            let _ = thread.join();
        }
    }
}
