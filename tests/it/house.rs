//! The real program as a gateway in a process of its own, which may die; and a shop outside it that counts.
//!
//! Promises: what is asked of a journal and of its recordings after a death is asked of every call in it.
//! Never: looks into the process; what it left on disk, what the shop counted and what callers heard are the evidence.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path as UrlPath, Query, State};
use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Json, Router};
use centralita::caller::{Dial, Doing, Ended, Moment, Phone, Recording, Turn, follow};
use centralita::core::base::{Millis, Private, World};
use centralita::standin::utter_at;
use centralita::store::{CallRecord, IntentRecord, Store};
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::Url;

use crate::command::{Folder, command, listens};
use crate::scene::{here, http};

/// What is written into a copy of the sample definitions, so that a call is over in seconds; all of it must be found.
const QUICKER: [(&str, &str, &str); 4] = [
    (
        "agents/shop.yaml",
        "greeting: Thank you for calling the lamp shop. How can I help?",
        "greeting: Hello.",
    ),
    (
        "integrations/shop.yaml",
        r#"en: "Shall I refund {{ amount | money }} on order {{ order | digits }}, {{ item }}?""#,
        r#"en: "Refund {{ amount | money }} on {{ order | digits }}?""#,
    ),
    (
        "integrations/shop.yaml",
        r#"en: "Done: {{ amount | money }} on their way back to you.""#,
        r#"en: "Done.""#,
    ),
    (
        "integrations/shop.yaml",
        "en: The shop did not answer, so I do not know whether the refund went through. Please do not ask for it again; \
         somebody will look into it.",
        "en: I do not know whether it went through.",
    ),
];

/// How often the store writes.
const CADENCE: Duration = Duration::from_millis(50);

/// A shop, a folder, and the gateways that were started there one after the other.
pub(crate) struct House {
    folder: Folder,
    pub(crate) shop: Counter,
    /// Variables of every command.
    granted: Vec<(String, String)>,
}

/// A disk that is watched until this is dropped.
pub(crate) struct Disk {
    slowest: watch::Receiver<Duration>,
    probing: JoinHandle<()>,
}

impl Disk {
    /// The longest write so far.
    pub(crate) fn slowest(&self) -> Duration {
        *self.slowest.borrow()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.probing.abort();
    }
}

/// A gateway in a process of its own.
pub(crate) struct Gateway {
    pub(crate) process: Child,
    url: Url,
}

/// How a caller fared.
pub(crate) struct Fared {
    pub(crate) ended: Ended,
    pub(crate) recording: Recording,
}

impl House {
    /// `keyed`: the shop knows a repeated request by its key.
    pub(crate) async fn new(keyed: bool, slowness: fn(u64) -> Duration) -> House {
        House::with(slowness, |text| {
            if keyed {
                return text;
            }
            let text = without_probe(&text);
            replaced(&text, "    idempotency:\n      header: Idempotency-Key\n", "")
        })
        .await
    }

    /// One whose refunds take two steps: the refund itself, and one of its fee, at the order that the first answers with.
    pub(crate) async fn of_two_steps(keyed: bool) -> House {
        House::with(|_| Duration::ZERO, |text| in_two_steps(&text, keyed)).await
    }

    /// `written` makes of the sample integration what it is here.
    async fn with(slowness: fn(u64) -> Duration, written: impl Fn(String) -> String) -> House {
        let folder = Folder::new();
        let shop = Counter::open(slowness).await;
        for (place, file) in [("agents", "shop.yaml"), ("integrations", "shop.yaml")] {
            let name = format!("{place}/{file}");
            let mut text =
                std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&name)).unwrap();
            for (_, from, to) in QUICKER.iter().filter(|(of, ..)| *of == name) {
                text = replaced(&text, from, to);
            }
            if place == "integrations" {
                text = replaced(&text, "http://127.0.0.1:8088", shop.url.as_str().trim_end_matches('/'));
                text = written(text);
            }
            std::fs::create_dir_all(folder.file(place)).unwrap();
            std::fs::write(folder.file(&name), text).unwrap();
        }
        House { folder, shop, granted: Vec::new() }
    }

    /// A file of its folder.
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.file(name)
    }

    /// Gives every gateway from now on this variable.
    pub(crate) fn grant(&mut self, name: &str, value: &str) {
        self.granted.push((name.to_owned(), value.to_owned()));
    }

    /// The variables that were given.
    pub(crate) fn granted(&self, line: &mut Command) {
        line.envs(self.granted.iter().map(|(name, value)| (name, value)));
    }

    /// A gateway, aborted at that crash point if there is one.
    pub(crate) async fn gateway(&self, crash_at: Option<u8>) -> Gateway {
        self.gateway_that(crash_at.map(|point| point.to_string())).await
    }

    /// A gateway that dies at that crash point, the nth time: `4/2`.
    pub(crate) async fn gateway_that_dies(&self, at: &str) -> Gateway {
        self.gateway_that(Some(at.to_owned())).await
    }

    /// A gateway that panics at that crash point, with these words.
    pub(crate) async fn gateway_that_panics(&self, at: u8, words: &str) -> Gateway {
        self.gateway_that(Some(format!("{at} {words}"))).await
    }

    async fn gateway_that(&self, crash_at: Option<String>) -> Gateway {
        let file = |name: &str| self.folder.file(name);
        let mut line =
            command(&["serve", "--unsigned-loopback", "--bind", "127.0.0.1:0", "--speech", "stand-in"]);
        line.args(["--journal", &file("journal.sqlite"), "--recordings", &file("recordings")]);
        line.args(["--root", &file("")]);
        self.granted(&mut line);
        if let Some(point) = crash_at {
            line.env("CENTRALITA_CRASH_AT", point);
        }
        // A pipe that nobody reads would hold it up.
        let log = std::fs::OpenOptions::new().create(true).append(true).open(file("log")).unwrap();
        let mut process = line.stderr(Stdio::from(log)).spawn().unwrap();
        let (url, _) = listens(&mut process).await;
        Gateway { process, url }
    }

    /// Writes and waits for the disk every 50 ms, as the store does, beside it: how long that takes at most, by this clock.
    pub(crate) fn disk(&self) -> Disk {
        let (tell, slowest) = watch::channel(Duration::ZERO);
        let path = self.folder.file("disk");
        let probing = tokio::spawn(async move {
            let mut due = Instant::now();
            loop {
                tokio::fs::write(&path, [0; 4_096]).await.unwrap();
                tokio::fs::File::open(&path).await.unwrap().sync_all().await.unwrap();
                let took = due.elapsed();
                tell.send_if_modified(|slowest| std::mem::replace(slowest, took.max(*slowest)) < took);
                due = Instant::now() + CADENCE;
                tokio::time::sleep_until(due).await;
            }
        });
        Disk { slowest, probing }
    }

    /// What the gateways have logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.file("log")).unwrap_or_default()
    }

    /// The journal, as it lies.
    pub(crate) async fn journal(&self) -> Store {
        Store::open_to_read(Path::new(&self.folder.file("journal.sqlite"))).await.unwrap()
    }

    /// Every call folds to what is on record, and every recording plays. Returns the calls, each with the milliseconds
    /// its recording lasts.
    pub(crate) async fn intact(&self) -> Vec<(CallRecord, u64)> {
        let replayed = command(&["replay", &self.folder.file("journal.sqlite")]).output().await.unwrap();
        let told = String::from_utf8_lossy(&replayed.stdout).into_owned();
        assert!(
            replayed.status.success() || told.is_empty(),
            "{told}{}\n{}",
            String::from_utf8_lossy(&replayed.stderr),
            self.log()
        );
        let journal = self.journal().await;
        let mut calls = Vec::new();
        for id in journal.call_ids().await.unwrap() {
            let id = centralita::core::base::CallId::parse(&id).unwrap();
            let path = self.folder.file(&format!("recordings/{id}.wav"));
            let played = if Path::new(&path).exists() { played(&path) } else { 0 };
            calls.push((journal.call(&id).await.unwrap().unwrap(), played));
        }
        calls
    }

    /// All actions on record.
    pub(crate) async fn intents(&self) -> Vec<IntentRecord> {
        self.journal().await.all_intents().await.unwrap()
    }

    /// The actions of that caller that the next call will take for unknown.
    pub(crate) async fn open_of(&self, caller: &str) -> Vec<IntentRecord> {
        self.journal().await.unknown_intents(&Private::new(caller), World::Real).await.unwrap()
    }

    /// `effects list`, as a person sees it: the state of each action by its id.
    pub(crate) async fn listed(&self) -> BTreeMap<String, String> {
        let list = ["effects", "list", "--json", "--journal", &self.folder.file("journal.sqlite")];
        let output = command(&list).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        rows.iter().map(|row| (text(row, "id"), text(row, "state"))).collect()
    }
}

impl Gateway {
    /// One call: a refund of twenty dollars on that order is asked for, and agreed to. None where nobody takes the call.
    pub(crate) fn refund(
        &self,
        from: &str,
        order: u32,
    ) -> impl Future<Output = Option<Fared>> + Send + use<> {
        let mut dial = Dial::new(self.url.join("hooks/twilio/voice").unwrap(), http());
        (dial.from, dial.pause, dial.longest) = (from.to_owned(), Millis(100), Duration::from_secs(60));
        async move {
            let say = |text: &str| Doing::Sound(utter_at(text, Millis(10)));
            let wish = format!("refund twenty dollars on order {order}");
            let mut turns: VecDeque<Turn> = [
                Turn { when: Moment::Silence(Millis(300)), what: say(&wish) },
                // The question is two sentences.
                Turn { when: Moment::Silence(Millis(600)), what: say("yes") },
                // The action is named, and then the outcome.
                Turn { when: Moment::Silence(Millis(3_000)), what: Doing::HangUp },
            ]
            .into();
            let mut phone = Phone::dial(dial).await.ok()?;
            let ended = follow(&mut phone, &mut turns, &mut |_| {}).await;
            Some(Fared { ended, recording: phone.finish().await })
        }
    }

    /// What it counts.
    pub(crate) async fn metrics(&self) -> String {
        http().get(self.url.join("metrics").unwrap()).send().await.unwrap().text().await.unwrap()
    }

    /// Waits for its death by its own hand.
    pub(crate) async fn died(mut self) {
        let status = self.process.wait().await.unwrap();
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        assert_eq!(signal, Some(6), "it ended otherwise than by an abort: {status}");
    }

    /// Kills it, as the system would.
    pub(crate) async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }
}

/// The sample integration without the question what became of a refund.
pub(crate) fn without_probe(text: &str) -> String {
    let (before, probe) = text.split_once("    # Asked where the refund's own answer").unwrap();
    let (_, after) = probe.split_once("\n    confirm:").unwrap();
    format!("{before}    confirm:{after}")
}

/// The sample integration with a refund in two steps.
fn in_two_steps(text: &str, keyed: bool) -> String {
    let (before, own) = text.split_once("    prepare:\n").unwrap();
    let (_, after) = own.split_once("\n    confirm:").unwrap();
    let key = if keyed { "        idempotency: {header: Idempotency-Key}\n" } else { "" };
    let step = |id: &str, path: &str, map: &str| {
        let request = format!("{{method: POST, path: \"{path}\", body: {{amount: \"{{amount}}\"}}}}");
        format!("      - id: {id}\n        request: {request}\n        response: {{map: {map}}}\n{key}")
    };
    let refund = step("refund", "/orders/{order}/refunds", "{fee: fee}");
    let fee = step("fee", "/orders/{{ steps.refund.fee }}/refunds", "{refunded: refunded}");
    format!("{before}    steps:\n{refund}{fee}    confirm:{after}")
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the sample definitions no longer say {from}");
    text.replace(from, to)
}

/// How many milliseconds a recording lasts; every sample of it is read.
fn played(path: &str) -> u64 {
    let mut file = hound::WavReader::open(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let samples: Result<Vec<i16>, _> = file.samples().collect();
    let samples = samples.unwrap_or_else(|error| panic!("{path}: {error}")).len();
    samples as u64 / 16
}

/// A shop that refunds any order, and counts.
pub(crate) struct Counter {
    url: Url,
    counted: Arc<Mutex<Counted>>,
    requests: watch::Receiver<u64>,
    serving: JoinHandle<()>,
}

/// What it did.
#[derive(Default)]
struct Counted {
    /// For each order the key of every refund that was made. A known key is no second refund.
    refunds: BTreeMap<String, Vec<String>>,
}

#[derive(Clone)]
struct Desk {
    counted: Arc<Mutex<Counted>>,
    requests: Arc<watch::Sender<u64>>,
    slowness: fn(u64) -> Duration,
}

impl Counter {
    /// `slowness`: how long it takes over its nth request, before and after it does what was asked.
    async fn open(slowness: fn(u64) -> Duration) -> Counter {
        let (way, counted) = (here().await, Arc::new(Mutex::new(Counted::default())));
        let (requests, asked) = watch::channel(0);
        let desk = Desk { counted: Arc::clone(&counted), requests: Arc::new(requests), slowness };
        let router = Router::new()
            .route("/orders/{id}", get(order))
            .route("/orders/{id}/refunds", get(made).post(refund))
            .with_state(desk);
        let serving = tokio::spawn(async move { axum::serve(way.listener, router).await.unwrap() });
        Counter { url: way.public, counted, requests: asked, serving }
    }

    /// The keys of the refunds on that order.
    pub(crate) fn refunds(&self, order: u32) -> Vec<String> {
        self.counted.lock().unwrap().refunds.get(&order.to_string()).cloned().unwrap_or_default()
    }

    /// Keys of all refunds, by order.
    pub(crate) fn all(&self) -> BTreeMap<String, Vec<String>> {
        self.counted.lock().unwrap().refunds.clone()
    }

    /// How many refunds were asked for.
    pub(crate) fn requests(&self) -> u64 {
        *self.requests.borrow()
    }

    /// Waits until more refunds were asked for than that.
    pub(crate) async fn asked_beyond(&self, count: u64) {
        self.requests.clone().wait_for(|requests| *requests > count).await.unwrap();
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn order(UrlPath(id): UrlPath<String>) -> Json<Value> {
    Json(json!({"order": id, "item": "a lamp", "status": "delivered", "total": "45.00", "currency": "USD"}))
}

/// What was made under a key.
async fn made(
    State(desk): State<Desk>,
    UrlPath(id): UrlPath<String>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Json<Value> {
    let counted = desk.counted.lock().unwrap();
    let made = counted.refunds.get(&id).into_iter().flatten().filter(|key| Some(*key) == asked.get("key"));
    let refunds: Vec<Value> = made.map(|key| json!({"key": key, "amount": "20.00"})).collect();
    Json(json!({"order": id, "refunded": "20.00", "refunds": refunds}))
}

async fn refund(State(desk): State<Desk>, UrlPath(id): UrlPath<String>, headers: HeaderMap) -> Json<Value> {
    let key = headers.get("idempotency-key").map(|key| key.to_str().unwrap().to_owned());
    let mut nth = 0;
    desk.requests.send_modify(|requests| {
        *requests += 1;
        nth = *requests;
    });
    tokio::time::sleep((desk.slowness)(2 * nth)).await;
    {
        let mut counted = desk.counted.lock().unwrap();
        let made = counted.refunds.entry(id.clone()).or_default();
        // Without a key every request is another refund.
        let key = key.unwrap_or_else(|| format!("none {nth}"));
        if !made.contains(&key) {
            made.push(key);
        }
    }
    tokio::time::sleep((desk.slowness)(2 * nth + 1)).await;
    Json(json!({"refunded": "20.00", "fee": format!("9{id}")}))
}
