//! What is taken back in time is not done: a yes, and a retraction at every 20 ms of the three seconds after it.
//!
//! Nothing of the story is drawn, only the delays of the services. The promises watch as in any simulated call; here the
//! moments are compared too.
//!
//! Promises: the action is withdrawn, or it had left before the retraction began; never both, never neither.
//! Never: leaves out a moment, an order of words or a kind of call.

use centralita_core::base::{CallTime, Millis};
use centralita_core::conversation::Event;
use centralita_core::journal::Line;
use centralita_core::sim::{Cast, Meaning, Played};

/// The longest after the yes that a retraction begins: a second beyond the two in question, so that both sides are seen.
const GAP_MOST: u32 = 3_000;
const GAP_STEP: u32 = 20;

/// A retraction that begins so soon after the yes is in time, whatever the services take: the yes is judged after 500 ms
/// of silence, and the breath lasts 700 ms.
const ALWAYS_IN_TIME: u32 = 1_200;

/// From the first sound of speech until the line says so, and a block of the voice detector more.
const SPEECH_IS_SEEN: Millis = Millis(60 + 16 + 20);

#[test]
fn a_yes_taken_back_at_any_moment_is_not_done_or_had_left_already() {
    sweep(4, Cast::play);
}

#[test]
fn the_same_holds_over_whole_calls_with_frames() {
    sweep(1, Cast::play_whole);
}

/// What came of one call.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Left { at: CallTime },
    Withdrawn,
}

fn sweep(seeds: u64, play: fn(Cast) -> Played) {
    let (mut left, mut withdrawn) = (0, 0);
    for then in [Meaning::Wait, Meaning::No, Meaning::Change] {
        for (gap, seed) in
            (0..=GAP_MOST).step_by(GAP_STEP as usize).flat_map(|gap| (0..seeds).map(move |s| (gap, s)))
        {
            let played = play(Cast::taken_back(seed, Millis(gap), then).recorded());
            let which = format!("seed {seed}, {then:?} {gap} ms after the yes");
            assert!(played.breach.is_none(), "{which}: {:?}", played.breach);
            match fate(&played, &which) {
                Fate::Withdrawn => withdrawn += 1,
                Fate::Left { at } => {
                    left += 1;
                    assert!(gap > ALWAYS_IN_TIME, "{which}: it left at {at}");
                    let began = retraction(&played, &which);
                    assert!(
                        at <= began + SPEECH_IS_SEEN,
                        "{which}: it left at {at}, and was taken back at {began}"
                    );
                }
            }
        }
    }
    assert!(left > 0 && withdrawn > 0, "{left} left, {withdrawn} were withdrawn: one side was never seen");
}

/// Whether the one action left, and when; it was asked about in every call.
fn fate(played: &Played, which: &str) -> Fate {
    let mut now = CallTime::ANSWER;
    let (mut ran, mut withdrawn) = (Vec::new(), 0);
    for line in &played.journal {
        match line {
            Line::Event { at, .. } => now = *at,
            Line::Timer { due, .. } => now = *due,
            Line::Order { text } if text.starts_with("run ") => ran.push(now),
            Line::Order { text } if text.starts_with("note withdrawn") => withdrawn += 1,
            Line::Order { .. } => {}
        }
    }
    match (ran.as_slice(), withdrawn) {
        ([at], 0) => Fate::Left { at: *at },
        ([], 1..) => Fate::Withdrawn,
        (ran, withdrawn) => {
            panic!("{which}: it left {} times and was withdrawn {withdrawn} times", ran.len())
        }
    }
}

/// When the caller began to take it back: the last thing said in the call.
fn retraction(played: &Played, which: &str) -> CallTime {
    let said = played.facts.iter().filter(|fact| matches!(fact.event, Event::Heard(_)));
    let spoken = said.flat_map(|fact| &fact.truth.spoken).map(|spoken| spoken.span.from);
    let last = spoken.max().unwrap_or_else(|| panic!("{which}: nothing was said"));
    CallTime(u32::try_from(last.0 / 8).expect("a call is shorter than a month"))
}
