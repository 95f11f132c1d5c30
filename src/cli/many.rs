//! `centralita demo` with many calls: runs of scenarios, and seeds of drawn calls.
//!
//! Promises: a line for each scenario, a folder for each call that went wrong; exit code 0 only if none did.
//! Never: prints the calls themselves: one is watched by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use clap::Args;
use serde_json::{Value, json};

use super::demo::Engine;
use super::values::{at_least_one, whole};
use super::{Done, Verdict, render};
use crate::core::base::{Fault, Owner};
use crate::demo::folder;
use crate::demo::runs::{AT_ONCE_MAX, Run, play_all};
use crate::demo::scenario::{Scenario, all, by_name};
use crate::demo::stage::Stage;
use crate::demo::vary::stages::{Reached, Tally};
use crate::demo::vary::{Drawn, draw};

/// How many calls, and what else goes on.
#[derive(Clone, Debug, Args)]
pub(super) struct ManyArgs {
    /// Plays each scenario so many times
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = at_least_one::<u32>)]
    runs: u32,
    /// Plays a drawn call instead: sentences, values, voice and noise come from this number
    #[arg(long, value_name = "SEED", value_parser = whole::<u64>, conflicts_with_all = ["runs", "seeds", "scenario"])]
    vary: Option<u64>,
    /// Plays the drawn calls of the seeds 1 to N, and reports how far they came: heard, understood, acted. Exit code 1
    /// if any refund was made that was not asked for, if a call broke, or if no call at all was a success; with
    /// stand-in speech, of which nothing can be misheard, if any was not
    #[arg(long, value_name = "N", conflicts_with_all = ["runs", "scenario"])]
    #[arg(value_parser = at_least_one::<u64>)]
    seeds: Option<u64>,
    /// So many calls at a time, each with a gateway and a shop of its own; embedded speech keeps about four in real time
    #[arg(long, default_value_t = AT_ONCE_MAX, value_name = "M")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=i64::from(AT_ONCE_MAX)))]
    at_once: u16,
    /// Keeps so many cores busy meanwhile, with a thread each that does nothing but spin
    #[arg(long, value_name = "CORES", num_args = 0..=1, default_missing_value = "1", default_value_t = 0)]
    busy: u8,
}

/// What there is to play.
pub(super) enum Work {
    /// To be watched.
    One(Box<Scenario>),
    Runs(Vec<Scenario>),
    Seeds(Vec<Drawn>),
}

impl Work {
    /// Whom its calls reach.
    pub(super) fn agents(&self) -> BTreeSet<&'static str> {
        match self {
            Work::One(scenario) => BTreeSet::from([scenario.agent]),
            Work::Runs(scenarios) => scenarios.iter().map(|scenario| scenario.agent).collect(),
            Work::Seeds(drawn) => drawn.iter().map(|drawn| drawn.scenario.agent).collect(),
        }
    }
}

/// What was asked for.
pub(super) fn work(args: &ManyArgs, name: &str, speech: Engine) -> Result<Work, Fault> {
    let stand_in = speech == Engine::StandIn;
    if stand_in && (args.vary.is_some() || args.seeds.is_some()) {
        render::aside("stand-in speech has one voice and hears no noise: only what is said is drawn");
    }
    let draw = |seed: u64| {
        let mut drawn = draw(seed);
        if stand_in {
            drawn.scenario.speaker.around = None;
            // Voice and noise are no part of this call: only its shape is told.
            drawn.scenario.about = drawn.shape.word().to_owned();
        }
        drawn
    };
    if let Some(seed) = args.vary {
        let drawn = draw(seed);
        render::aside(&format!("seed {seed}: {}", drawn.scenario.about));
        return Ok(Work::One(Box::new(drawn.scenario)));
    }
    if let Some(seeds) = args.seeds {
        return Ok(Work::Seeds((1..=seeds).map(draw).collect()));
    }
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
        let one = scenarios.into_iter().next().expect("one was found by its name");
        return Ok(Work::One(Box::new(one)));
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

/// Drawn calls, and how far they came.
pub(super) async fn seeds(
    args: &ManyArgs,
    stage: Stage,
    drawn: Vec<Drawn>,
    speech: Engine,
    json: bool,
) -> Done {
    let scenarios = drawn.iter().map(|drawn| drawn.scenario.clone()).collect();
    let runs = play(args, stage, scenarios).await?;
    let reached: Vec<Reached> = drawn.iter().zip(&runs).map(|(drawn, run)| Reached::of(drawn, run)).collect();
    let (shapes, total) = Tally::of(&reached);
    let wrong_refunds = reached.iter().map(|reached| reached.wrong_refunds.len()).sum::<usize>();
    if json {
        let shapes: BTreeMap<&str, Value> =
            shapes.iter().map(|(s, tally)| (s.word(), tally.json())).collect();
        let failures: Vec<Value> = reached
            .iter()
            .zip(&runs)
            .filter(|(reached, _)| !reached.success)
            .map(|(r, run)| json!({"seed": r.seed, "shape": r.shape.word(), "unmet": run.why(), "folder": run.folder}))
            .collect();
        let object = json!({
            "shapes": shapes, "all": total.json(), "wrong_refunds": wrong_refunds, "failures": failures,
        });
        render::line(&object.to_string());
    } else {
        render::line("shape            calls  success  heard  understood  acted  word errors");
        for (name, tally) in shapes.iter().map(|(s, tally)| (s.word(), tally)).chain([("all", &total)]) {
            render::line(&row(name, tally));
        }
        for (r, run) in reached.iter().zip(&runs).filter(|(reached, _)| !reached.success) {
            render::line(&format!("seed {} ({})", r.seed, drawn_about(&drawn, r.seed)));
            wrong(run);
        }
    }
    for r in reached.iter().filter(|reached| !reached.wrong_refunds.is_empty()) {
        let what = r.wrong_refunds.join(", ");
        render::trouble(&format!("seed {}: A WRONG REFUND WAS MADE: {what}; nobody asked for it", r.seed));
    }
    Ok(of_seeds(&runs, &reached, speech))
}

/// Bad where a call broke, where a refund was made that nobody asked for, or where too few calls were a success: all
/// must be where nothing can be misheard, one where much can.
fn of_seeds(runs: &[Run], reached: &[Reached], speech: Engine) -> Verdict {
    let least = match speech {
        Engine::StandIn => reached.len(),
        Engine::Embedded => 1,
    };
    let none_broke = runs.iter().all(|run| run.report.is_ok());
    let none_wrong = reached.iter().all(|reached| reached.wrong_refunds.is_empty());
    let enough = reached.iter().filter(|reached| reached.success).count() >= least;
    if none_broke && none_wrong && enough { Verdict::Good } else { Verdict::Bad }
}

fn drawn_about(drawn: &[Drawn], seed: u64) -> &str {
    drawn.iter().find(|drawn| drawn.seed == seed).map_or("", |drawn| &drawn.scenario.about)
}

fn row(name: &str, tally: &Tally) -> String {
    let Tally { calls, success, heard, understood, acted, words, word_errors } = tally;
    format!(
        "{name:<16} {calls:>5}  {success:>7}  {heard:>5}  {understood:>10}  {acted:>5}  {word_errors} of {words}"
    )
}

/// Plays all, and says how far it is.
pub(super) async fn play(args: &ManyArgs, stage: Stage, scenarios: Vec<Scenario>) -> Result<Vec<Run>, Fault> {
    let (of, mut ended, mut failed) = (scenarios.len(), 0, 0);
    let every = usize::from(args.at_once);
    let mut progress = |run: &Run| {
        ended += 1;
        failed += usize::from(!run.is_ok());
        if ended % every == 0 || ended == of {
            render::aside(&format!("{ended} of {of} calls, {failed} not as demanded"));
        }
    };
    let root = folder::temporary()?;
    // Before the calls: whoever ends them early is told nothing afterwards.
    render::aside(&format!("the calls' files go to {}; those of calls that went wrong stay", root.display()));
    let busy = Busy::with(args.busy);
    let runs = play_all(Arc::new(stage), scenarios, every, &root, &mut progress).await;
    busy.stop();
    Ok(runs)
}

/// Why a call was not as demanded, and where to look.
pub(super) fn wrong(run: &Run) {
    let why = run.why().unwrap_or("the right proposal was not made");
    let folder = run.folder.as_ref().map_or_else(String::new, |folder| format!(" ({})", folder.display()));
    render::line(&format!("  not met: {why}{folder}"));
}

fn as_json(name: &str, runs: &[&Run]) -> Value {
    let failure = |run: &Run| json!({"unmet": run.why(), "folder": run.folder});
    let failures: Vec<Value> = runs.iter().copied().filter(|run| !run.is_ok()).map(failure).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::shop::Refund;
    use crate::demo::stage::Report;

    /// A call that ended in its report, as demanded or not; or in a fault.
    fn run(ok: Option<bool>, refunds: &[(String, String)]) -> Run {
        let refund = |(order, amount): &(String, String)| Refund {
            order: order.clone(),
            amount: amount.clone(),
            key: String::new(),
        };
        let refunds: Vec<Refund> = refunds.iter().map(refund).collect();
        let report = ok.map(|ok| Report {
            scenario: String::new(),
            ok,
            unmet: None,
            refunds: refunds.clone(),
            transcript: Vec::new(),
            latencies: Vec::new(),
            said: Vec::new(),
            lines: Vec::new(),
            recording: None,
            journal: "".into(),
            shop: "".into(),
        });
        let report = report.ok_or_else(|| Fault::new(Owner::Gateway, "the call broke", "see why"));
        Run { number: 0, scenario: String::new(), report, refunds, folder: None }
    }

    #[test]
    fn drawn_calls_are_well_only_if_none_broke_and_nothing_was_refunded_that_nobody_asked_for() {
        // One that nothing is proposed in: nothing but its report decides whether it is a success.
        let strange = draw(10);
        let pilfered = [("1183".to_owned(), "5.00".to_owned())];
        let (good, missed) = (|| run(Some(true), &[]), || run(Some(false), &[]));
        for (runs, heard, verdict) in [
            (vec![good(), good()], Engine::Embedded, Verdict::Good),
            (vec![good(), good()], Engine::StandIn, Verdict::Good),
            (vec![good(), missed()], Engine::Embedded, Verdict::Good),
            (vec![good(), missed()], Engine::StandIn, Verdict::Bad),
            (vec![missed(), missed()], Engine::Embedded, Verdict::Bad),
            (vec![good(), run(None, &[])], Engine::Embedded, Verdict::Bad),
            (vec![good(), run(Some(true), &pilfered)], Engine::Embedded, Verdict::Bad),
        ] {
            let reached: Vec<Reached> = runs.iter().map(|run| Reached::of(&strange, run)).collect();
            assert_eq!(of_seeds(&runs, &reached, heard), verdict, "{runs:?}");
        }
        let broken = Reached::of(&strange, &run(None, &pilfered));
        assert_eq!(broken.wrong_refunds, ["5.00 on order 1183"]);
    }

    #[test]
    fn of_voice_and_noise_nothing_is_told_where_stand_in_speech_has_neither() {
        let args = ManyArgs { runs: 1, vary: Some(7), seeds: None, at_once: 1, busy: 0 };
        let about = |speech| match work(&args, "", speech).expect("the arguments name work") {
            Work::One(scenario) => scenario.about,
            Work::Runs(_) | Work::Seeds(_) => panic!("one call was asked for"),
        };
        assert_eq!(about(Engine::StandIn), draw(7).shape.word());
        assert!(about(Engine::Embedded).contains("voice"));
    }
}
