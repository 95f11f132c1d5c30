//! Calls played again from recording and cassette, over simulated calls with faults and all.
//!
//! Promises: a seed that fails is named, with what was different.
//! Never: a clock.

use centralita_core::base::Millis;
use centralita_core::cassette::{
    Cassette, Change, Entry, Outline, Played, compare, contradiction, derive, play,
};
use centralita_core::conversation::{Event, Outcome};
use centralita_core::journal::Line;
use centralita_core::sim::{Taped, tape_whole};

/// Calls of which each is played twice.
const CALLS: u64 = 24;
/// A frame.
const FRAME: Millis = Millis(20);

/// How a call differs when it is played again.
fn again(taped: &Taped, cassette: &Cassette) -> (Played, Vec<Change>) {
    let played = play(cassette, &taped.file, &taped.plan, &taped.track, None);
    let was = Outline::of(&taped.file, &cassette.sounds(&taped.file));
    let is = Outline::of(&played.file, &played.sounds);
    let changes = compare(&was, &is, FRAME);
    (played, changes)
}

/// Where the two runs first go apart.
fn apart(taped: &Taped, played: &Played) -> String {
    let words = |line: &str| line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ");
    let (was, is) = (taped.file.write(), played.file.write());
    let (was, is): (Vec<&str>, Vec<&str>) = (was.lines().collect(), is.lines().collect());
    let same = was.iter().zip(&is).take_while(|(was, is)| words(was) == words(is)).count();
    let from = same.saturating_sub(6);
    let part = |lines: &[&str]| lines.iter().skip(from).take(12).copied().collect::<Vec<_>>().join("\n");
    format!("missing {:?}\nrecorded\n{}\ntoday\n{}\n", played.missing, part(&was), part(&is))
}

/// Whether frames came one after the other.
fn is_steady(cassette: &Cassette) -> bool {
    let steady = |entry: &Entry| {
        if let Entry::Frames(run) = entry { run.gaps.iter().all(|gap| *gap < 40) } else { true }
    };
    cassette.entries.iter().all(steady)
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
            wrong.push(format!("seed {seed}: {changes:?} {}", apart(&taped, &played)));
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), calls(), wrong.join("\n"));
}

#[test]
fn what_a_cassette_says_its_journal_says_too_unless_a_line_was_changed() {
    let mut changed = 0;
    for seed in 0..calls() {
        let taped = tape_whole(seed);
        assert_eq!(contradiction(&taped.cassette, &taped.file), None, "seed {seed}");
        for (n, entry) in taped.cassette.entries.iter().enumerate() {
            let Some(other) = otherwise(entry) else { continue };
            let mut cassette = taped.cassette.clone();
            cassette.entries[n] = other;
            let told = contradiction(&cassette, &taped.file);
            assert_eq!(told.as_ref().map(|told| told.entry), Some(n), "seed {seed}: {}", cassette.entries[n]);
            assert!(told.is_some_and(|told| told.journal.is_some()), "seed {seed}: {}", cassette.entries[n]);
            changed += 1;
        }
        let mut lost = taped.cassette.clone();
        lost.entries.retain({
            let mut n = 0;
            move |_| {
                n += 1;
                n % 3 != 0
            }
        });
        assert_eq!(contradiction(&lost, &taped.file), None, "seed {seed}: lines that were lost say nothing");
    }
    assert!(changed > 50, "only {changed} lines were changed");
}

/// The same line with another answer of a tool, another word of the caller's, another question.
fn otherwise(entry: &Entry) -> Option<Entry> {
    let mut entry = entry.clone();
    if let Entry::After { event: Event::Settled { outcome, .. }, .. } = &mut entry {
        *outcome = Outcome::Done { result: serde_json::json!({"changed": true}) };
    } else if let Entry::Words { event: Event::Heard(heard), .. } = &mut entry {
        heard.words.first_mut()?.text.push_str("changed");
    } else if let Entry::Question { text, .. } = &mut entry {
        text.push_str(" changed");
    } else {
        return None;
    }
    Some(entry)
}

#[test]
fn a_cassette_reads_back_as_it_was_written() {
    for seed in 0..20 {
        let cassette = tape_whole(seed).cassette;
        assert_eq!(Cassette::parse(&cassette.write()), Ok(cassette), "seed {seed}");
    }
}

#[test]
fn a_call_whose_line_and_voice_never_failed_is_the_same_by_its_journal_alone() {
    let (mut wrong, mut played) = (Vec::new(), 0);
    for seed in 0..calls() {
        let taped = tape_whole(seed);
        // Of frames that came late a journal knows nothing, and of a voice that broke off not how much had come.
        let has_voice = !["< tts-failed", ". synthesis"].iter().any(|line| taped.file.write().contains(line));
        if !is_steady(&taped.cassette) || !has_voice {
            continue;
        }
        let Ok(cassette) = derive(&taped.file, taped.track.len() as u64) else { continue };
        played += 1;
        let (again, changes) = again(&taped, &cassette);
        if !changes.is_empty() || !again.missing.is_empty() {
            wrong.push(format!("seed {seed}: {changes:?} {}", apart(&taped, &again)));
        }
    }
    assert!(played >= 3, "only {played} calls were such");
    assert!(wrong.is_empty(), "{} of {played}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_was_never_asked_in_the_recording_is_told_and_fails() {
    let asks_twice = |taped: &Taped| taped.file.write().contains("> generate @2 ");
    let mut taped = (0..20).map(tape_whole).find(asks_twice).expect("some call asks the model twice");
    let is_second = |text: &str| text.contains("@2");
    taped.file.lines.retain(|line| !matches!(line, Line::Order { text } if is_second(text)));
    taped.cassette.entries.retain(|entry| !is_second(&entry.to_string()));
    let (played, _) = again(&taped, &taped.cassette);
    assert_eq!(played.missing.first().map(String::as_str), Some("an answer to @2"));
    assert!(played.file.write().contains("< generation-failed @2"));
}
