//! All of it together: shop, gateway and caller on loopback, one scenario, and what came of it.
//!
//! Promises: everything listens on loopback and is closed at the end; nothing is judged before it is closed.
//! Never: prints; the story is handed to whoever watches.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use super::caller::{Caller, Played};
use super::folder::unwritable;
use super::scenario::Scenario;
use super::shop::{Faults, Refund, Shop};
use super::story::{Story, Told, Who};
use super::verdict::{Evidence, unmet};
use crate::caller::{Dial, Phone, Recording};
use crate::core::audio::Underruns;
use crate::core::base::{CallId, Fault, Millis, Owner};
use crate::core::language::Language;
use crate::driver::{Agent, CloseOnly, Seen, Shell};
use crate::gateway::{Gateway, Settings, Switchboard, Trust};
use crate::store::Store;
use crate::telephony::twilio::PublicUrl;
use crate::tts::Tts;

/// Lines a watcher may be behind: a second of the liveliest call.
const WATCH_QUEUE: usize = 1_024;

/// The shop's database, in a call's folder.
pub(super) const SHOP: &str = "shop.sqlite";

/// The journal, beside it.
const JOURNAL: &str = "journal.sqlite";

/// Calls a demo's gateway takes at a time.
const CALLS_MAX: usize = 64;

/// What a performance needs.
pub struct Stage {
    /// The caller's voice.
    pub voice: Arc<dyn Tts>,
    /// Makes the agent, once the shop is open.
    pub agent: MakeAgent,
}

/// Makes the agent of that id, whose tools speak to that shop.
pub type MakeAgent = Box<dyn Fn(&Shop, &str) -> Result<Arc<Agent>, Fault> + Send + Sync>;

/// How a scenario ended.
#[derive(Debug)]
pub struct Report {
    pub scenario: String,
    pub ok: bool,
    /// The first demand that was not met.
    pub unmet: Option<String>,
    pub refunds: Vec<Refund>,
    pub transcript: Vec<Told>,
    pub latencies: Vec<Millis>,
    /// Every sentence the caller spoke.
    pub said: Vec<String>,
    /// The journal's lines of this call.
    pub lines: Vec<String>,
    /// None where the call broke before anything sounded.
    pub recording: Option<PathBuf>,
    pub journal: PathBuf,
    /// The shop's database.
    pub shop: PathBuf,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").finish_non_exhaustive()
    }
}

impl Stage {
    /// Plays one scenario; the shop's database, the journal, the cassette and the recording go to `folder`. `tell` hears the call
    /// as it happens.
    ///
    /// # Errors
    /// A part that could not be started, or that broke; gateway and shop are closed all the same. A scenario that
    /// ends otherwise than it should is no error but a report.
    pub async fn play(
        &self,
        folder: &Path,
        scenario: &Scenario,
        tell: &mut (dyn FnMut(&Told) + Send),
    ) -> Result<Report, Fault> {
        fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        let shop = Shop::start(&folder.join(SHOP), scenario.faults).await?;
        let report = self.play_at(&shop, folder, scenario, tell).await;
        shop.stop().await;
        report
    }

    /// At an open shop.
    async fn play_at(
        &self,
        shop: &Shop,
        folder: &Path,
        scenario: &Scenario,
        tell: &mut (dyn FnMut(&Told) + Send),
    ) -> Result<Report, Fault> {
        let before = shop.refunds().await?.len();
        let agent = (self.agent)(shop, scenario.agent)?;
        let language = agent.plan.language;
        let journal = folder.join(JOURNAL);
        let store = Store::open(&journal).await?;
        let (watcher, seen) = mpsc::channel(WATCH_QUEUE);
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| broken(&error.to_string()))?;
        let board = Switchboard::new(agent, BTreeMap::new(), BTreeMap::new());
        let open = open(listener, board, store.clone(), folder, Some(watcher))?;

        let mut story = Story::default();
        let called = self.call(&open.url, scenario, language, seen, &mut story, tell).await;
        // Whatever became of the call: nothing of it may run beside the next.
        let closed = open.close().await;
        let written = written(&store, story.call.as_ref()).await;
        let stored = store.close().await;
        let ((played, taped), underruns, (lines, details)) = (called?, closed?, written?);
        stored?;

        let recording = write(&taped, folder.join(format!("{}.wav", scenario.name)))?;
        let refunds: Vec<Refund> = shop.refunds().await?.into_iter().skip(before).collect();
        let unmet = unmet(
            scenario,
            &Evidence {
                journal: &lines,
                refunds: &refunds,
                details: &details,
                played: &played,
                figures: &taped.figures,
                underruns,
                language,
            },
        );
        Ok(Report {
            scenario: scenario.name.clone(),
            ok: unmet.is_none(),
            unmet,
            refunds,
            transcript: story.told,
            latencies: played.latencies,
            said: played.said,
            lines,
            recording,
            journal,
            shop: folder.join(SHOP),
        })
    }

    /// The caller's side of it, to its end.
    async fn call(
        &self,
        gateway: &Url,
        scenario: &Scenario,
        language: Language,
        seen: mpsc::Receiver<Seen>,
        story: &mut Story,
        tell: &mut (dyn FnMut(&Told) + Send),
    ) -> Result<(Played, Recording), Fault> {
        let hook = gateway.join("/hooks/twilio/voice").map_err(|error| broken(&error.to_string()))?;
        let mut dial = Dial::new(hook, reqwest::Client::new());
        dial.around = scenario.speaker.around.map(|around| around.samples()).unwrap_or_default();
        let phone = Phone::dial(dial).await?;
        let voice = Arc::clone(&self.voice);
        let caller = Caller::new(phone, voice, &scenario.speaker, language, seen, story, tell);
        let (played, phone) = caller.play(scenario).await?;
        Ok((played, phone.finish().await))
    }

    /// Serves an agent, and others by their ids, with one open shop behind them, until `stop`; `at` is told where.
    ///
    /// # Errors
    /// A part that could not be started.
    pub async fn listen(
        &self,
        folder: &Path,
        agent: &str,
        others: &[String],
        listener: TcpListener,
        stop: CancellationToken,
        at: impl FnOnce(SocketAddr),
    ) -> Result<(), Fault> {
        let address = listener.local_addr().map_err(|error| broken(&error.to_string()))?;
        fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        let shop = Shop::start(&folder.join(SHOP), Faults::None).await?;
        let agent = (self.agent)(&shop, agent)?;
        let others = others.iter().map(|id| Ok((id.clone(), (self.agent)(&shop, id)?)));
        let board = Switchboard::new(agent, others.collect::<Result<_, Fault>>()?, BTreeMap::new());
        let store = Store::open(&folder.join(JOURNAL)).await?;
        let open = open(listener, board, store.clone(), folder, None)?;
        at(address);
        stop.cancelled().await;
        open.close().await?;
        store.close().await?;
        shop.stop().await;
        Ok(())
    }
}

/// A gateway that serves on loopback; its calls' cassettes go to the folder.
fn open(
    listener: TcpListener,
    switchboard: Switchboard,
    store: Store,
    folder: &Path,
    watcher: Option<mpsc::Sender<Seen>>,
) -> Result<Open, Fault> {
    let address = listener.local_addr().map_err(|error| broken(&error.to_string()))?;
    let url = Url::parse(&format!("http://{address}")).map_err(|error| broken(&error.to_string()))?;
    let (recordings, cassettes) = (None, Some(folder.to_owned()));
    let shell = Shell { store, recordings, cassettes, watcher, hang_up: Arc::new(CloseOnly) };
    let gateway = Gateway::new(Settings {
        trust: Trust::UnsignedLoopback,
        public_url: PublicUrl::parse(&url)?,
        calls_max: CALLS_MAX,
        switchboard,
        shell,
        metrics: None,
    });
    let stop = CancellationToken::new();
    let (serving, until) = (gateway.clone(), stop.clone());
    let served = tokio::spawn(async move { serving.serve(listener, until).await });
    Ok(Open { url, gateway, stop: stop.drop_guard(), served })
}

/// A gateway that serves. Dropping it closes it too, without waiting.
struct Open {
    url: Url,
    gateway: Gateway,
    stop: DropGuard,
    served: JoinHandle<Result<(), Fault>>,
}

impl Open {
    /// Waits for its calls to end; how often their audio ran dry inside a piece.
    async fn close(self) -> Result<Underruns, Fault> {
        drop(self.stop);
        self.served.await.map_err(|error| broken(&error.to_string()))??;
        Ok(self.gateway.underruns())
    }
}

/// The lines of the call that was watched, from the journal itself, since a watcher may have missed some; and what is on
/// record beside the outcomes of its actions.
async fn written(store: &Store, call: Option<&CallId>) -> Result<(Vec<String>, Vec<String>), Fault> {
    let Some(call) = call else { return Ok((Vec::new(), Vec::new())) };
    store.flush().await?;
    let lines = store.journal(call).await?.iter().map(|line| line.text.reveal().to_owned()).collect();
    let intents = store.intents(call).await?;
    Ok((lines, intents.iter().filter_map(|record| record.detail()).map(ToOwned::to_owned).collect()))
}

/// Where it was written, if there was anything to write. What could not be written whole does not stay.
fn write(taped: &Recording, path: PathBuf) -> Result<Option<PathBuf>, Fault> {
    if taped.caller.is_empty() {
        return Ok(None);
    }
    if let Err(fault) = taped.write_wav(&path) {
        // Where not even a file could be made there is none to remove.
        let _ = fs::remove_file(&path);
        return Err(fault);
    }
    Ok(Some(path))
}

impl Report {
    /// As one JSON object; latencies are milliseconds.
    #[must_use]
    pub fn json(&self) -> Value {
        let line = |told: &Told| json!({"at_ms": told.at.0, "who": told.who.word(), "text": told.text});
        let gate = self.transcript.iter().filter(|told| told.who == Who::Gate);
        json!({
            "scenario": self.scenario,
            "ok": self.ok,
            "unmet": self.unmet,
            "refunds": self.refunds.iter().map(|r| json!({"order": r.order, "amount": r.amount})).collect::<Vec<_>>(),
            "transcript": self.transcript.iter().map(line).collect::<Vec<_>>(),
            "confirmations": gate.map(line).collect::<Vec<_>>(),
            "latencies": self.latencies.iter().map(|ms| ms.0).collect::<Vec<_>>(),
            "files": {"recording": self.recording, "journal": self.journal, "shop": self.shop},
        })
    }
}

fn broken(what: &str) -> Fault {
    Fault::new(Owner::Admin, format!("the demo's gateway could not run: {what}"), "free a port of loopback")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::{Ended, Figures};

    #[test]
    fn a_call_in_which_nothing_sounded_leaves_no_recording_and_none_is_left_half_written() {
        let taped = |caller: Vec<i16>| Recording {
            agent: caller.clone(),
            caller,
            figures: Figures::default(),
            ended: Ended::Rejected,
        };
        let path = std::env::temp_dir().join(format!("centralita-{}.wav", uuid::Uuid::now_v7()));
        assert_eq!(write(&taped(Vec::new()), path.clone()).expect("a temporary folder can be written"), None);
        assert!(!path.exists());
        assert_eq!(
            write(&taped(vec![0; 160]), path.clone()).expect("a temporary folder can be written"),
            Some(path.clone())
        );
        assert!(path.metadata().expect("it is there").len() > 640);
        fs::remove_file(&path).expect("it was made by this test");
        // A disk without room.
        std::os::unix::fs::symlink("/dev/full", &path).expect("a temporary folder can be written");
        assert!(write(&taped(vec![0; 160]), path.clone()).is_err());
        assert!(path.symlink_metadata().is_err(), "what was begun is still there");
    }
}
