//! Simulated calls: many seeds over the heart, some over whole calls, and every seed that ever failed.
//!
//! `SEED=n cargo test -p centralita-core --test it sim::one_seed` plays one again and prints its smallest script,
//! with `WHOLE=1` all of it.
//!
//! Promises: a failing seed says how to run it again and shows the fewest events that break the promise.
//! Never: passes while a situation it exists for no longer occurs.

use std::collections::BTreeMap;

use centralita_core::sim::{Calls, Cast, Coverage, Fault, Faults, play, play_whole, script, shrink};

/// Calls over the heart.
const CALLS: u64 = 100_000;
/// Calls with frames.
const WHOLE_CALLS: u64 = 1_000;

#[test]
fn the_promises_hold_in_every_simulated_call() {
    let calls = std::env::var("CALLS").ok().and_then(|n| n.parse().ok()).unwrap_or(CALLS);
    let mut coverage = Coverage::default();
    let mut failed: BTreeMap<(u8, String), Vec<u64>> = BTreeMap::new();
    for seed in 0..calls {
        let played = play(seed);
        coverage.add(&played.watchers.coverage);
        if let Some(breach) = played.breach {
            failed.entry(breach.kind()).or_default().push(seed);
        }
    }
    let told: String =
        failed.values().map(|seeds| format!("\n{} calls: {}", seeds.len(), told(seeds[0]))).collect();
    assert!(failed.is_empty(), "the first call of each kind that breaks a promise:{told}");
    let mut missing = coverage.missing();
    missing.extend(coverage.missing_faults(Calls::Conversations));
    assert!(missing.is_empty(), "{calls} calls never came to {missing:?}; counts: {:#?}", coverage.counts);
}

#[test]
fn the_promises_hold_in_calls_with_frames() {
    let mut coverage = Coverage::default();
    for seed in 0..WHOLE_CALLS {
        let played = play_whole(seed);
        coverage.add(&played.watchers.coverage);
        if let Some(breach) = &played.breach {
            let script = script(&played, &shrink(&played, breach), seed, breach);
            panic!(
                "\n{breach}\nWith frames: seed {seed} of sim::the_promises_hold_in_calls_with_frames\n\n{script}"
            );
        }
    }
    let count = |name| coverage.counts.get(name).copied().unwrap_or(0);
    let (runs, cuts) = (count("run after a yes"), count("reply cut"));
    assert!(runs >= 20 && cuts >= 20, "only {runs} runs after a yes and {cuts} cuts in {WHOLE_CALLS} calls");
    let missing = coverage.missing_faults(Calls::WithFrames);
    assert!(missing.is_empty(), "{missing:?} never struck in {WHOLE_CALLS} calls");
}

#[test]
fn a_fault_that_a_run_leaves_out_never_strikes() {
    let out = [Fault::WordsLate, Fault::ProcessDies, Fault::ToolNever];
    let mut coverage = Coverage::default();
    for seed in 0..2_000 {
        let played = Cast::new(seed).with_faults(Faults::all().without(&out)).play();
        assert!(played.breach.is_none(), "seed {seed} without {out:?}: {:?}", played.breach);
        coverage.add(&played.watchers.coverage);
    }
    let missing = coverage.missing_faults(Calls::Conversations);
    assert_eq!(missing, [Fault::WordsLate, Fault::ToolNever, Fault::ProcessDies].map(Fault::name));
}

#[test]
fn every_seed_that_ever_failed_holds() {
    for line in include_str!("sim_seeds.txt").lines().filter(|line| !line.starts_with('#')) {
        let mut said = line.split_whitespace().next().unwrap_or_default().split('+');
        let seed = said.next().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| panic!("`{line}` does not begin with a seed"));
        let kinds: Vec<&str> = said.collect();
        let cast = if kinds.contains(&"short") { Cast::new(seed).short() } else { Cast::new(seed) };
        let played = if kinds.contains(&"frames") { cast.play_whole() } else { cast.play() };
        assert!(played.breach.is_none(), "{line}: {:?}{}", played.breach, told(seed));
    }
}

#[test]
fn one_seed() {
    if let Some(seed) = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()) {
        assert!(play(seed).breach.is_none(), "{}", told(seed));
    }
}

#[test]
fn one_seed_is_one_call() {
    for seed in 0..50 {
        let (one, other) = (play(seed), play(seed));
        assert_eq!(format!("{:?}", one.facts), format!("{:?}", other.facts), "seed {seed}");
    }
}

/// How to run a seed again, what broke, and the fewest events that break it.
fn told(seed: u64) -> String {
    let played = play(seed);
    let Some(breach) = &played.breach else { return format!("seed {seed} holds") };
    let facts =
        if std::env::var_os("WHOLE").is_some() { played.facts.clone() } else { shrink(&played, breach) };
    let script = script(&played, &facts, seed, breach);
    format!("\n{breach}\nSEED={seed} cargo test -p centralita-core --test it sim::one_seed\n\n{script}")
}
