//! Calls played again from recording and cassette, over simulated calls with faults and all.
//!
//! Promises: a seed that fails is named, with what was different.
//! Never: a clock.

use centralita_core::base::{CallTime, Millis};
use centralita_core::cassette::{Cassette, Change, Outline, Played, compare, derive, play};
use centralita_core::sim::{Taped, tape_whole};

/// Calls of which each is played twice.
const CALLS: u64 = 24;
/// A frame.
const FRAME: Millis = Millis(20);

/// How a call differs when it is played again.
fn again(taped: &Taped, cassette: &Cassette) -> (Played, Vec<Change>) {
    let last = taped.file.events().map(|(at, _)| at).max().unwrap_or(CallTime::ANSWER);
    let played = play(cassette, &taped.plan, &taped.track, Some(last));
    let was = Outline::of(&taped.file, &cassette.sounds(&taped.file));
    let is = Outline::of(&played.file, &played.sounds);
    let changes = compare(&was, &is, FRAME);
    (played, changes)
}

fn calls() -> u64 {
    std::env::var("CALLS").ok().and_then(|n| n.parse().ok()).unwrap_or(CALLS)
}

#[test]
fn a_call_played_again_from_its_cassette_is_the_same_call() {
    let mut wrong = Vec::new();
    for seed in 0..calls() {
        let taped = tape_whole(seed);
        let (played, changes) = again(&taped, &taped.cassette);
        if !changes.is_empty() || !played.missing.is_empty() {
            wrong.push(format!("seed {seed}: {changes:?} {:?}", played.missing));
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), calls(), wrong.join("\n"));
}

#[test]
fn a_cassette_reads_back_as_it_was_written() {
    for seed in 0..20 {
        let cassette = tape_whole(seed).cassette;
        assert_eq!(Cassette::parse(&cassette.write()), Ok(cassette), "seed {seed}");
    }
}

#[test]
fn a_call_without_a_cassette_is_the_same_by_its_journal() {
    let (mut wrong, mut played) = (Vec::new(), 0);
    for seed in 0..calls() {
        let taped = tape_whole(seed);
        let Ok(cassette) = derive(&taped.file, taped.track.len() as u64) else { continue };
        played += 1;
        let (again, changes) = again(&taped, &cassette);
        if !changes.is_empty() || !again.missing.is_empty() {
            wrong.push(format!("seed {seed}: {changes:?} {:?}", again.missing));
        }
    }
    assert!(wrong.is_empty(), "{} of {played}\n{}", wrong.len(), wrong.join("\n"));
}
