//! Canaries over the wire: a card, an address, a phone number and a keyed number go through a whole call, and are then
//! searched for in everything that the call leaves.
//!
//! Promises: in figures, in groups and in words; in the journal's bytes, its log included, the cassette, what the model
//! was sent, logs at their finest, metrics, exports; of the recording's caller no key can be heard.
//! Never: passes over a file.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use centralita::caller::{Dial, Phone};
use centralita::core::audio::{Law, Line, LineFact, LineOutputs, LineSetup};
use centralita::core::base::{CallTime, Millis, Position};
use centralita::standin::utter_at;
use centralita::store::Store;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use url::Url;

use crate::command::listens;
use crate::scene::{Caller, Scene, Stage, http, patient, told, twenty};

const SPOKEN: &str =
    "my card is 4539 1488 0343 6467 my mail ana.canary@nest.example and my phone 212 555 0143";
const SPELLED: &str = "four five three nine one four eight eight zero three four three six four six seven";
const KEYED: &str = "84736250#";

/// No part of a journal may hold one of these.
const CANARIES: &[&str] = &[
    "4539148803436467",
    "4539 1488",
    "0343 6467",
    "\"1488\"",
    "\"6467\"",
    "four five three nine",
    "\"four\"",
    "ana.canary",
    "nest.example",
    "canary at nest",
    "2125550143",
    "212 555",
    "555 0143",
    "\"0143\"",
    "84736250",
    "8473 6250",
    "eight four seven three",
    "\"8473",
];

fn found(text: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(text).to_lowercase();
    CANARIES.iter().copied().find(|canary| text.contains(canary))
}

/// A folder that goes with its test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("canary-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(path.join("kept")).unwrap();
        Folder(path)
    }

    fn kept(&self) -> PathBuf {
        self.0.join("kept")
    }

    /// Searches every file but sound; how many there are.
    fn search(&self) -> usize {
        let mut files = 0;
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_none_or(|end| end != "wav") {
                    assert_eq!(found(&std::fs::read(&path).unwrap()), None, "{}", path.display());
                    files += 1;
                }
            }
        }
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The tone of a key, 120 ms, as the caller's own telephone sounds it.
fn tone(key: char) -> Vec<i16> {
    let at = "123456789*0#".find(key).unwrap();
    let (row, column) = ([697.0, 770.0, 852.0, 941.0][at / 3], [1209.0, 1336.0, 1477.0][at % 3]);
    let wave = |n: f64, hertz: f64| (n * hertz * std::f64::consts::TAU / 8_000.0).sin() * 6_000.0;
    (0..960).map(f64::from).map(|n| (wave(n, row) + wave(n, column)) as i16).collect()
}

/// The keys that a track lets hear.
fn heard_keys(track: &[i16]) -> String {
    let setup = LineSetup { law: Law::Mu, marks: true, keys_out_of_band: false, carrier_buffers: true };
    let (mut line, mut out, mut keys) = (Line::new(setup), LineOutputs::default(), String::new());
    for (n, frame) in (1..).zip(track.chunks(160)) {
        let encoded: Vec<u8> = frame.iter().map(|sample| Law::Mu.encode(*sample)).collect();
        line.caller_frame(CallTime(20 * n), None, &encoded, &mut out);
        for fact in out.facts.drain(..) {
            if let LineFact::Key { key, .. } = fact {
                keys.push(key.reveal());
            }
        }
        out.clear();
    }
    keys
}

/// Each key sounds, and then the carrier tells of it; where the last one had sounded.
async fn press(caller: &mut Caller, keys: &str) -> Position {
    let mut last = Position::START;
    for key in keys.chars() {
        caller.0.say(tone(key)).await;
        last = caller.said().await;
        caller.press(key).await;
    }
    last
}

#[tokio::test]
async fn no_canary_is_in_the_journal_the_cassette_or_what_the_model_is_sent() {
    let folder = Folder::new();
    let store = Store::open(&folder.0.join("journal.sqlite")).await.unwrap();
    let stage = Stage { store: Some(store), cassettes: Some(folder.kept()), ..Stage::default() };
    let mut scene = Scene::of(stage).await;
    let caller = scene.greeted().await;
    for words in [SPOKEN, SPELLED] {
        caller.say(words).await;
        scene.line("⟦card 1⟧").await;
        scene.line("< played #").await;
    }
    for key in KEYED.chars() {
        caller.press(key).await;
    }
    scene.line("> generate @3").await;
    let history = format!("{:?}", scene.history());
    let told: String = scene.sent().join("\n");
    assert!(told.contains("⟦keys 1⟧") && told.contains("⟦email 1⟧") && told.contains("⟦phone 1⟧"), "{told}");
    caller.finish().await;
    scene.quiet().await;
    assert_eq!(found(told.as_bytes()).or(found(history.as_bytes())), None);
    assert!(scene.lines().iter().any(|line| line.contains("< key • ")), "{:?}", scene.lines());
    assert_eq!(found(scene.lines().join("\n").as_bytes()), None);
    scene.store.flush().await.unwrap();
    // The journal with its log as it lies, and then closed.
    assert!(folder.search() >= 3);
    scene.close().await;
    assert!(folder.search() >= 2);
}

#[tokio::test]
async fn a_keyed_order_is_asked_about_and_sent_as_what_it_is_and_written_down_as_a_placeholder() {
    let mut scene = Scene::plain().await;
    let caller = scene.greeted().await;
    caller.say("refund twenty dollars").await;
    scene.line("Which order number?").await;
    scene.line("< played #2").await;
    for key in "1182#".chars() {
        caller.press(key).await;
    }
    scene.line("> note asked t1").await;
    caller.say("yes").await;
    scene.line("< settled t1 done").await;
    let told = told(&caller.finish().await);
    assert!(told.iter().any(|text| text.contains("on order one one eight two")), "{told:?}");
    assert_eq!(scene.refunds().await, twenty());
    let lines = scene.lines().join("\n");
    assert!(lines.contains("on order ⟦keys 1⟧") && !lines.contains("1182\""), "{lines}");
    assert!(!lines.contains("one one eight two"), "{lines}");
    scene.close().await;
}

#[tokio::test]
async fn the_same_wish_in_two_calls_is_one_action_under_the_databases_key() {
    let mut digests = Vec::new();
    let mut scene = Scene::plain().await;
    for call in 0..2 {
        let caller = scene.call().await;
        scene.line("< played #1 ").await;
        caller.say(crate::scene::REFUND).await;
        let line = scene.line("< prepared t1 ").await;
        digests.push(line.split("prepared t1 ").nth(1).unwrap().split(' ').next().unwrap().to_owned());
        scene.line("> note asked t1").await;
        caller.say("no").await;
        scene.line("outcome:t1").await;
        caller.finish().await;
        scene.quiet().await;
        assert_eq!(digests.len(), call + 1);
    }
    assert_eq!(digests[0], digests[1]);
    scene.close().await;
}

/// The gateway's own program with its log at its finest.
async fn serve(folder: &Folder) -> (tokio::process::Child, Url) {
    let log = std::fs::File::create(folder.0.join("log")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_centralita"))
        .args(["serve", "--unsigned-loopback", "--bind", "127.0.0.1:0", "--speech", "stand-in"])
        .args(["--root", env!("CARGO_MANIFEST_DIR"), "--agent", "shop"])
        .arg("--journal")
        .arg(folder.0.join("journal.sqlite"))
        .arg("--recordings")
        .arg(folder.kept())
        .env("SHOP_TOKEN", "none")
        .env("RUST_LOG", "trace")
        .env_remove("TWILIO_AUTH_TOKEN")
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (url, _) = listens(&mut child).await;
    (child, url)
}

#[tokio::test]
async fn no_canary_is_in_what_the_program_logs_counts_records_and_replays() {
    let folder = Folder::new();
    let (mut gateway, url) = serve(&folder).await;
    let mut dial = Dial::new(url.join("hooks/twilio/voice").unwrap(), http());
    dial.pause = Millis(100);
    let mut caller = Caller(Phone::dial(dial).await.unwrap());
    caller.agent_after(Position::START).await;
    // Over the greeting so short a word may be none.
    caller.agent_stopped().await;
    // The sample agent lists cards and keys alone.
    caller.0.say(utter_at("my card is 4539 1488 0343 6467", Millis(10))).await;
    let said = caller.said().await;
    caller.agent_after(said).await;
    let keyed = press(&mut caller, KEYED).await;
    caller.agent_after(keyed).await;
    caller.finish().await;
    let metrics = http().get(url.join("metrics").unwrap()).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("centralita_") && found(metrics.as_bytes()).is_none(), "{metrics}");
    let pid = gateway.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    patient("the gateway's end", gateway.wait()).await.unwrap();
    let export = folder.0.join("export");
    for arguments in
        [vec!["--print"], vec!["--play"], vec!["--json"], vec!["--export", export.to_str().unwrap()]]
    {
        let told = replay(&folder.0.join("journal.sqlite"), &arguments).await;
        assert_eq!(found(told.as_bytes()), None, "{arguments:?}: {told}");
        assert!(arguments != ["--print"] || told.contains("⟦card 1⟧") && told.contains("key •"), "{told}");
    }
    // The log, the journal, the export.
    assert!(folder.search() >= 3);
    let log = std::fs::read_to_string(folder.0.join("log")).unwrap();
    assert!(log.contains("centralita") && !log.contains("\"digit\""), "{log}");
    let recording = std::fs::read_dir(folder.kept()).unwrap().next().unwrap().unwrap().path();
    let samples: Vec<i16> =
        hound::WavReader::open(recording).unwrap().samples().map(Result::unwrap).step_by(2).collect();
    assert_eq!(heard_keys(&samples), "");
    let tones: Vec<i16> = KEYED.chars().flat_map(|key| [tone(key), vec![0; 800]].concat()).collect();
    assert_eq!(heard_keys(&tones), KEYED, "the ear that is used here hears keys");
}

async fn replay(journal: &Path, arguments: &[&str]) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_centralita"))
        .arg("replay")
        .arg(journal)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut told = String::new();
    child.stdout.take().unwrap().read_to_string(&mut told).await.unwrap();
    child.wait().await.unwrap();
    told
}

#[test]
fn the_search_finds_what_it_looks_for() {
    for text in [SPOKEN, SPELLED, KEYED, "heard \"4539\" ~1..~2 \"1488\" ~2..~3"] {
        assert!(found(text.as_bytes()).is_some(), "{text}");
    }
}
