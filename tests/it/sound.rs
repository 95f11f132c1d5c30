//! What the line carried, and what was kept of it.
//!
//! Promises: an agent's voice that tears is counted; a recording holds both voices, each on its own side.
//! Never: measures by ear.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use centralita::caller::{Dial, Phone};
use centralita::core::audio::UNDERRUN_LEAST;
use centralita::core::base::Millis;
use centralita::core::conversation::Recording;
use centralita::core::language::Language;
use centralita::standin::{Voice, said, utter};
use centralita::tts::{SpeechStream, Tts, TtsEvent};
use futures::future::BoxFuture;
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use url::Url;

use crate::agent::GREETING;
use crate::command::{listens, signal};
use crate::scene::{Caller, Scene, Stage, http, told, twenty};

/// A voice that stops after its first breath until it is let go on.
struct Halting {
    voice: Voice,
    go: Arc<Semaphore>,
}

struct Breath {
    speech: Box<dyn SpeechStream>,
    go: Arc<Semaphore>,
    given: usize,
}

impl Tts for Halting {
    fn speak(&self, text: &str, voice: Option<&str>, language: Language) -> Box<dyn SpeechStream> {
        let (speech, go) = (self.voice.speak(text, voice, language), Arc::clone(&self.go));
        Box::new(Breath { speech, go, given: 0 })
    }
}

impl SpeechStream for Breath {
    fn next(&mut self) -> BoxFuture<'_, TtsEvent> {
        Box::pin(async {
            if self.given == 1 {
                self.go.acquire().await.unwrap().forget();
            }
            self.given += 1;
            self.speech.next().await
        })
    }
}

#[tokio::test]
async fn a_voice_that_tears_is_counted_when_its_call_ends() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let _local = metrics::set_default_local_recorder(&recorder);
    let go = Arc::new(Semaphore::new(0));
    let tts = Arc::new(Halting { voice: Voice::at(Millis(10)), go: Arc::clone(&go) });
    let mut scene = Scene::of(Stage { tts: Some(tts), ..Stage::default() }).await;
    let mut caller = scene.call().await;
    caller.agent_stopped().await;
    assert_eq!(scene.gateway.underruns().count, 0, "the call has not ended");
    go.add_permits(1);
    scene.line("< played #1").await;
    caller.finish().await;
    scene.quiet().await;
    let underruns = scene.gateway.underruns();
    assert!(underruns.count == 1 && underruns.longest > UNDERRUN_LEAST, "{underruns:?}");
    let counted = recorder.handle().render();
    assert!(counted.contains("centralita_playout_underruns_total 1"), "{counted}");
    scene.close().await;
}

#[tokio::test]
async fn a_call_with_a_steady_voice_has_no_underrun() {
    let mut scene = Scene::plain().await;
    scene.greeted().await.finish().await;
    scene.quiet().await;
    assert_eq!(scene.gateway.underruns().count, 0);
    scene.close().await;
}

/// A new folder for recordings.
fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("wire-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder).unwrap();
    folder
}

fn only_file(folder: &Path) -> PathBuf {
    let files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

/// The one recording of a folder: left and right.
fn recorded(folder: &Path) -> [Vec<i16>; 2] {
    let mut file = hound::WavReader::open(only_file(folder)).unwrap();
    assert_eq!((file.spec().channels, file.spec().sample_rate), (2, 8_000));
    let samples: Vec<i16> = file.samples().map(Result::unwrap).collect();
    [0, 1].map(|side| samples.iter().skip(side).step_by(2).copied().collect())
}

fn texts(side: &[i16]) -> Vec<String> {
    said(side).into_iter().map(|said| said.text).collect()
}

#[tokio::test]
async fn a_recorded_call_is_a_stereo_file_with_the_caller_left_and_the_agent_right() {
    let folder = folder();
    let mut scene = Scene::of(Stage { recordings: Some(folder.clone()), ..Stage::default() }).await;
    let caller = scene.asked().await;
    caller.say("no").await;
    scene.line("< played #3").await;
    let heard = told(&caller.finish().await);
    scene.quiet().await;
    let [left, right] = recorded(&folder);
    assert_eq!(texts(&left), [crate::scene::REFUND, "no"]);
    assert_eq!(texts(&right)[..3], heard[..3]);
    assert_eq!(heard[0], GREETING);
    std::fs::remove_dir_all(folder).unwrap();
    scene.close().await;
}

#[tokio::test]
async fn nothing_is_recorded_before_the_callers_yes_and_all_is_after_it() {
    let folder = folder();
    let recording = Recording::AfterConsent { question: "May we record?".to_owned() };
    let recordings = Some(folder.clone());
    let mut scene = Scene::of(Stage { recordings, recording, ..Stage::default() }).await;
    let caller = scene.greeted().await;
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nobody has agreed yet");
    caller.say("yes").await;
    scene.line("> record").await;
    scene.line("< played #2 ").await;
    caller.say("where is order 1182").await;
    scene.line("< played #3 ").await;
    let heard = told(&caller.finish().await);
    scene.quiet().await;
    let [left, right] = recorded(&folder);
    assert_eq!(texts(&left), ["where is order 1182"], "neither the yes nor what was before it");
    assert_eq!(heard[..2], [GREETING, "May we record?"]);
    assert_eq!(texts(&right), heard[2..], "what the agent said from then on");
    let begins = |side: &[i16]| side.iter().position(|sample| *sample != 0);
    assert!(begins(&right) > Some(8_000), "the file is silent up to there");
    std::fs::remove_dir_all(folder).unwrap();
    scene.close().await;
}

#[tokio::test]
async fn a_caller_who_declines_and_an_agent_that_is_not_recorded_leave_no_file() {
    let folder = folder();
    for recording in [Recording::AfterConsent { question: String::new() }, Recording::Off] {
        let recordings = Some(folder.clone());
        let mut scene = Scene::of(Stage { recordings, recording, ..Stage::default() }).await;
        let caller = scene.greeted().await;
        caller.say("no").await;
        scene.line("< played #2 ").await;
        caller.finish().await;
        scene.quiet().await;
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        scene.close().await;
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_caller_is_served_where_the_recording_cannot_be_made() {
    let nowhere = std::env::temp_dir().join(format!("wire-{}", uuid::Uuid::new_v4())).join("nowhere");
    let mut scene = Scene::of(Stage { recordings: Some(nowhere.clone()), ..Stage::default() }).await;
    let caller = scene.asked().await;
    caller.say("yes").await;
    scene.line("< settled t1 done").await;
    caller.finish().await;
    assert_eq!(scene.refunds().await, twenty());
    assert!(!nowhere.exists());
    scene.close().await;
}

/// `centralita serve` with the sample agents and stand-in speech, and where it listens.
async fn serve(folder: &Path, format: &str) -> (Child, Url) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_centralita"))
        .args(["serve", "--unsigned-loopback", "--bind", "127.0.0.1:0", "--speech", "stand-in"])
        .args(["--root", env!("CARGO_MANIFEST_DIR"), "--agent", "recepcion", "--recording-format", format])
        .arg("--journal")
        .arg(folder.join("journal.sqlite"))
        .arg("--recordings")
        .arg(folder.join("recordings"))
        .env("SHOP_TOKEN", "none")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (url, _) = listens(&mut child).await;
    (child, url)
}

/// A call to a gateway, in the middle of it, a good five seconds after the caller has said hello: more than a recording
/// may be behind.
async fn in_a_call(folder: &Path, format: &str) -> (Child, Caller) {
    let (gateway, url) = serve(folder, format).await;
    let phone = Phone::dial(Dial::new(url.join("hooks/twilio/voice").unwrap(), http())).await.unwrap();
    let mut caller = Caller(phone);
    caller.agent_after(centralita::core::base::Position::START).await;
    caller.0.say(utter("hello")).await;
    caller.pause(Millis(5_200)).await;
    caller.said().await;
    (gateway, caller)
}

#[tokio::test]
async fn a_served_call_leaves_a_recording_that_plays_even_when_the_process_is_killed_in_the_middle_of_it() {
    // What is to become Opus is a WAV until its call is over.
    for format in ["wav", "opus"] {
        let folder = folder();
        let (mut gateway, caller) = in_a_call(&folder, format).await;
        gateway.kill().await.unwrap();
        caller.finish().await;
        let [left, right] = recorded(&folder.join("recordings"));
        assert_eq!(texts(&left), ["hello"]);
        assert!(is_heard(&right), "the agent is not on the right");
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[tokio::test]
async fn a_call_that_is_over_becomes_opus_before_the_gateway_ends_and_its_wav_is_gone() {
    let folder = folder();
    let (mut gateway, caller) = in_a_call(&folder, "opus").await;
    caller.finish().await;
    signal(&gateway, "-TERM");
    assert!(gateway.wait().await.unwrap().success());
    let file = only_file(&folder.join("recordings"));
    assert_eq!(file.extension().unwrap(), "opus");
    let [left, right] = crate::opus::played(&file);
    assert!(is_heard(&left) && is_heard(&right), "the caller left, the agent right");
    // The agent speaks first, and the caller's side is silent until it is the caller's turn.
    let begins = |side: &[i16]| side.iter().position(|sample| sample.unsigned_abs() > 1_000);
    assert!(begins(&right) < begins(&left));
    std::fs::remove_dir_all(folder).unwrap();
}

fn is_heard(side: &[i16]) -> bool {
    side.iter().any(|sample| sample.unsigned_abs() > 1_000)
}
