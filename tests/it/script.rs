//! A carrier's side that follows a script, against the gateway.
//!
//! Promises: the script that the docs name is the one that is played.
//! Never: looks into the gateway to know when a move is due.

use std::collections::VecDeque;
use std::path::Path;

use centralita::caller::{Act, Doing, Ended, Heard, Phone, Step, Turn, follow, read_script};
use centralita::core::base::Millis;
use centralita::core::conversation::Tag;
use centralita::standin::utter_at;

use crate::scene::{Scene, Stage, twenty};

/// The steps with stand-in speech.
fn turns(steps: Vec<Step>) -> VecDeque<Turn> {
    let ready = |Step { when, act }| {
        let what = match act {
            Act::Say(text) => Doing::Sound(utter_at(&text, Millis(10))),
            Act::Audio(path) => panic!("{} is not for stand-in speech", path.display()),
            Act::Press(keys) => Doing::Keys(keys),
            Act::Listen(length) => Doing::Listen(length),
            Act::HangUp => Doing::HangUp,
        };
        Turn { when, what }
    };
    steps.into_iter().map(ready).collect()
}

#[tokio::test]
async fn the_sample_script_gets_its_refund_by_key() {
    let scene = Scene::of(Stage { tag: Tag::Always, ..Stage::default() }).await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/scripts/refund.yaml");
    let steps = read_script("refund.yaml", &std::fs::read_to_string(path).unwrap()).unwrap();
    let mut phone = Phone::dial(scene.dialling()).await.unwrap();
    let mut turns = turns(steps);
    let ended = follow(&mut phone, &mut turns, &mut |_| {}).await;
    assert_eq!((ended, turns.len()), (Ended::CallerHungUp, 0));
    scene.quiet().await;
    assert_eq!(scene.refunds().await, twenty());
    scene.close().await;
}

#[tokio::test]
async fn a_move_while_the_agent_speaks_stops_it() {
    let scene = Scene::of(Stage { pace: Millis(60), ..Stage::default() }).await;
    let text = "version: 1\nmoves:\n- {when: speaking 300, say: where is my order 1182}\n\
                - {when: mark, listen: 0}\n- hang_up: true\n";
    let mut phone = Phone::dial(scene.dialling()).await.unwrap();
    let mut cleared = 0;
    let mut tell = |heard: &Heard| cleared += usize::from(matches!(heard, Heard::Cleared { .. }));
    let mut turns = turns(read_script("-", text).unwrap());
    let ended = follow(&mut phone, &mut turns, &mut tell).await;
    assert_eq!((ended, turns.len(), cleared), (Ended::CallerHungUp, 0, 1));
    scene.close().await;
}

#[tokio::test]
async fn moves_that_the_call_did_not_wait_for_are_counted() {
    let scene = Scene::plain().await;
    let text = "version: 1\nmoves:\n- say: goodbye\n- {when: silence 60000, say: hello}\n- hang_up: true\n";
    let mut dial = scene.dialling();
    dial.longest = std::time::Duration::from_secs(3);
    let mut phone = Phone::dial(dial).await.unwrap();
    let mut turns = turns(read_script("-", text).unwrap());
    let ended = follow(&mut phone, &mut turns, &mut |_| {}).await;
    assert_eq!((ended, turns.len()), (Ended::TooLong, 2));
    scene.close().await;
}
