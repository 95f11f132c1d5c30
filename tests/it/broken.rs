//! Parts of our own that fail in the middle of a call.
//!
//! Promises: a fault or a panic costs the call it is in; its end is on record, and its caller hears an apology.
//! Never: takes another call with it.

use std::sync::Arc;

use centralita::core::base::{Fault, Owner, Position};
use centralita::core::conversation::{EngineYes, Expect};
use centralita::core::language::Language;
use centralita::standin::Ear;
use centralita::store::{CallState, Store};
use centralita::stt::{Stt, SttEvent, SttStream, Vocabulary};
use futures::future::BoxFuture;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::scene::{REFUND, Scene, Stage, told};

/// A recogniser that is not there.
struct Absent;

impl Stt for Absent {
    fn open(&self, _vocabulary: Arc<Vocabulary>, _language: Language) -> Result<Box<dyn SttStream>, Fault> {
        Err(Fault::new(Owner::Admin, "there is no recogniser", "install one"))
    }

    fn yes_figure(&self) -> EngineYes {
        EngineYes::KeypadOnly
    }
}

/// A recogniser with a mistake in it: it panics when it is to hear its first turn.
struct Mistaken;

struct Panics(Box<dyn SttStream>);

impl Stt for Mistaken {
    fn open(&self, vocabulary: Arc<Vocabulary>, language: Language) -> Result<Box<dyn SttStream>, Fault> {
        Ok(Box::new(Panics(Ear.open(vocabulary, language)?)))
    }

    fn yes_figure(&self) -> EngineYes {
        Ear.yes_figure()
    }
}

impl SttStream for Panics {
    fn audio(&mut self, at: Position, samples: &[i16]) {
        self.0.audio(at, samples);
    }

    fn speech_started(&mut self, at: Position) {
        self.0.speech_started(at);
    }

    fn speech_stopped(&mut self, _at: Position, _expect: Expect) {
        // Past the hook: nobody wants to read of it.
        std::panic::resume_unwind(Box::new("a mistake on purpose"))
    }

    fn next(&mut self) -> BoxFuture<'_, SttEvent> {
        self.0.next()
    }
}

/// Where each call of the store stands.
async fn states(scene: &Scene) -> Vec<CallState> {
    scene.quiet().await;
    scene.store.flush().await.unwrap();
    let mut states = Vec::new();
    for id in scene.store.call_ids().await.unwrap() {
        let id = centralita::core::base::CallId::parse(&id).unwrap();
        states.push(scene.store.call(&id).await.unwrap().unwrap().state);
    }
    states
}

fn broken() -> CallState {
    CallState::Lost { reason: "a fault of ours broke it off".to_owned() }
}

#[tokio::test]
async fn a_call_that_cannot_begin_is_on_record_as_broken_off_and_the_caller_hears_an_apology() {
    let scene = Scene::of(Stage { stt: Arc::new(Absent), ..Stage::default() }).await;
    let mut caller = scene.call().await;
    let (_, apology) = caller.announced().await;
    assert!(apology.starts_with("I'm sorry") && apology.ends_with("Goodbye."), "{apology}");
    caller.finish().await;
    assert_eq!(states(&scene).await, [broken(), broken(), broken(), broken()], "one of each attempt");
    scene.close().await;
}

#[tokio::test]
async fn a_caller_of_whom_nobody_knows_what_is_open_is_served_but_nothing_is_done_for_him() {
    let path = std::env::temp_dir().join(format!("centralita-broken-{}.db", uuid::Uuid::new_v4()));
    let store = Store::open(&path).await.unwrap();
    let mut other = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    sqlx::query("ALTER TABLE intents RENAME TO elsewhere").execute(&mut other).await.unwrap();
    let mut scene = Scene::of(Stage { store: Some(store), ..Stage::default() }).await;
    let caller = scene.greeted().await;
    // From here on an intent could be written again; whether it is the first of its kind, this call cannot know.
    sqlx::query("ALTER TABLE elsewhere RENAME TO intents").execute(&mut other).await.unwrap();
    drop(other);
    caller.say(REFUND).await;
    scene.line("note asked t1").await;
    caller.say("yes").await;
    scene.line("< settled t1 failed").await;
    assert!(scene.refunds().await.is_empty() && scene.intents().await.is_empty());
    caller.finish().await;
    scene.close().await;
    for tail in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{tail}", path.display()));
    }
}

#[tokio::test]
async fn a_panic_ends_its_call_alone_and_its_caller_is_taken_up_again() {
    let mut scene = Scene::of(Stage { stt: Arc::new(Mistaken), ..Stage::default() }).await;
    let other = scene.greeted().await;
    let caller = scene.greeted().await;
    caller.say("hello").await;
    let lost = scene.line("-1 0.").await;
    assert!(lost.contains("< answered"), "{lost}");
    scene.line("< played #1").await;
    let all = told(&caller.finish().await);
    assert!(all[1].starts_with("I'm so sorry"), "{all:?}");
    assert_eq!(scene.gateway.live_calls(), 1, "the other call goes on");
    other.finish().await;
    let states = states(&scene).await;
    assert_eq!(states.iter().filter(|state| **state == broken()).count(), 1, "{states:?}");
    assert!(!states.contains(&CallState::Live), "{states:?}");
    scene.close().await;
}
