//! Calls over the wire with recording and cassette, played again.
//!
//! Promises: the same build says the same; a plan that ends a turn sooner shows the turn that moved.
//! Never: carries out what a replay orders.

use std::fs;
use std::path::Path;

use centralita::core::base::Millis;
use centralita::core::cassette::Change;
use centralita::replay::{Found, find, sounding};
use centralita::store::Store;

use crate::scene::{Scene, Stage, twenty};

/// A frame.
const FRAME: Millis = Millis(20);

/// What is different of a call whose recording and cassette lie there.
async fn differences(found: &Found, folder: &Path) -> Vec<Change> {
    let compared = sounding(found, &[folder]).await.unwrap().replay(FRAME);
    assert!(!compared.recorded.turns.is_empty() && compared.audio > Millis(1_000), "{compared:?}");
    assert!(compared.recorded.answers.contains(&"judged t1 yes".to_owned()), "{compared:?}");
    assert!(compared.files.cassette.is_some(), "{compared:?}");
    compared.changes
}

#[tokio::test]
async fn a_call_played_again_is_the_same_and_under_a_plan_that_ends_turns_later_the_turn_that_moved_is_told()
{
    let folder = std::env::temp_dir().join(format!("centralita-cassette-{}", uuid::Uuid::new_v4()));
    fs::create_dir(&folder).unwrap();
    let journal = folder.join("journal.sqlite");
    let stage = Stage {
        recordings: Some(folder.clone()),
        cassettes: Some(folder.clone()),
        store: Some(Store::open(&journal).await.unwrap()),
        ..Stage::default()
    };
    let mut scene = Scene::of(stage).await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    scene.line("< played #4").await;
    assert_eq!(scene.refunds().await, twenty());
    caller.finish().await;
    scene.close().await;

    let found = find(&journal, &[]).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(differences(&found[0], &folder).await, []);

    let text = found[0].read().await.unwrap().standalone().write();
    let turn = r#""end_of_turn":250"#;
    assert!(text.contains(turn), "the plan stands in the file: {text}");
    let file = folder.join("later.call");
    fs::write(&file, text.replace(turn, r#""end_of_turn":30000"#)).unwrap();
    let changes = differences(&find(&file, &[]).await[0], &folder).await;
    let moved = |change: &Change| change.kind == "turn" && change.what.starts_with("turn 1 ");
    assert!(changes.iter().any(moved), "{changes:?}");

    // As the demo leaves it: the recording has a name of its own, and the call file was exported to somewhere else.
    let call = found[0].name();
    let (exported, kept) = (folder.join("exported"), folder.join("kept"));
    [&exported, &kept].into_iter().for_each(|folder| fs::create_dir(folder).unwrap());
    let file = exported.join(format!("{call}.call"));
    fs::write(&file, &text).unwrap();
    let (wav, cassette) = (format!("{call}.wav"), format!("{call}.cassette"));
    fs::rename(folder.join(&wav), folder.join("refund-yes.wav")).unwrap();
    let found = find(&file, &[]).await;
    assert_eq!(differences(&found[0], &folder).await, []);
    // Recordings and cassettes in folders of their own; another call's recording is nobody else's.
    fs::rename(folder.join(&cassette), kept.join(&cassette)).unwrap();
    let nothing = sounding(&found[0], &[&folder, &kept]).await.unwrap_err();
    assert!(nothing.what.contains("there is no WAV recording of it"), "{nothing}");
    fs::rename(folder.join("refund-yes.wav"), folder.join(&wav)).unwrap();
    let sounding = sounding(&found[0], &[&folder, &kept]).await.unwrap();
    let cassette = sounding.files.cassette.unwrap();
    assert!(cassette.to_str().unwrap().contains("kept"), "{}", cassette.display());
    fs::remove_dir_all(folder).unwrap();
}
