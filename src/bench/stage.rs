//! The gateway that is measured: the real one on a loopback socket, its journal in a real file, and speech and model
//! that take no time.
//!
//! Promises: STT, LLM and TTS answer within the poll that asks them, so what is left is our own; each stamps the
//! moment it is asked, where somebody wants to know.
//! Never: runs a tool.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::turn::Stage;
use crate::core::base::{Fault, Owner, Position};
use crate::core::conversation::{EngineYes, Expect, Plan, Tag, Timing};
use crate::core::language::Language;
use crate::core::sim::shop_plan;
use crate::driver::{Agent, CloseOnly, Format, Recordings, Shell};
use crate::gateway::{Gateway, Settings, Switchboard, Trust};
use crate::integrations::Toolbox;
use crate::llm::{Llm, LlmEvent, Prompt};
use crate::secrets::Secrets;
use crate::standin::{Ear, Voice};
use crate::store::Store;
use crate::stt::{Stt, SttEvent, SttStream, Vocabulary};
use crate::telephony::twilio::PublicUrl;
use crate::tts::{SpeechStream, Tts};

/// Stamps kept of one call: three a turn.
const STAMPS: usize = 4_096;

/// A gateway being served.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<Result<(), Fault>>,
    store: Store,
    journal: PathBuf,
    recordings: Option<PathBuf>,
}

/// What is kept of the calls, beside their journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    Nothing,
    /// A WAV of each.
    Recordings,
}

/// When a stage began.
pub(super) type Stamp = (Stage, Instant);

impl Served {
    /// Serves `agents` by number, on a free port of loopback.
    pub(super) async fn start(
        agents: Vec<Arc<Agent>>,
        calls_max: usize,
        kept: Kept,
    ) -> Result<Served, Fault> {
        let name = format!("centralita-bench-{}", uuid::Uuid::new_v4());
        let journal = std::env::temp_dir().join(format!("{name}.sqlite"));
        let recordings = (kept == Kept::Recordings).then(|| std::env::temp_dir().join(name));
        if let Some(folder) = &recordings {
            std::fs::create_dir(folder).map_err(|error| unusable(&error))?;
        }
        let store = Store::open(&journal).await?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| unusable(&error))?;
        let address = listener.local_addr().map_err(|error| unusable(&error))?;
        let url = Url::parse(&format!("http://{address}")).expect("an address makes a URL");
        let default = Arc::clone(agents.first().expect("a bench has an agent"));
        let agents = (0_usize..).zip(agents).map(|(n, agent)| (n.to_string(), agent)).collect();
        let hang_up = Arc::new(CloseOnly);
        let gateway = Gateway::new(Settings {
            trust: Trust::UnsignedLoopback,
            public_url: PublicUrl::parse(&url)?,
            calls_max,
            switchboard: Switchboard::new(default, agents, BTreeMap::new()),
            shell: Shell {
                store: store.clone(),
                recordings: recordings.clone().map(|folder| Recordings::new(folder, Format::Wav)),
                cassettes: None,
                watcher: None,
                hang_up,
            },
            metrics: None,
        });
        let stop = CancellationToken::new();
        let until = stop.clone();
        let task = tokio::spawn(async move { gateway.serve(listener, until).await });
        Ok(Served { address, stop, task, store, journal, recordings })
    }

    /// The media socket's URL.
    pub(super) fn url(&self) -> Arc<str> {
        format!("ws://{}/media/twilio", self.address).into()
    }

    /// Waits for the last call's end; journal and recordings are thrown away.
    pub(super) async fn close(self) -> Result<(), Fault> {
        self.stop.cancel();
        self.task.await.map_err(|error| unusable(&error))??;
        self.store.close().await?;
        for tail in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{tail}", self.journal.display()));
        }
        let _ = self.recordings.map(std::fs::remove_dir_all);
        Ok(())
    }
}

fn unusable(error: &dyn std::fmt::Display) -> Fault {
    Fault::new(Owner::Admin, format!("the bench's gateway could not run: {error}"), "free a port of loopback")
}

/// An agent who answers everything with `answer`, at that pace of speech, and the stamps it leaves.
pub(super) fn agent(
    timing: Timing,
    answer: &'static str,
    voice: Voice,
) -> Result<(Arc<Agent>, mpsc::Receiver<Stamp>), Fault> {
    let (sender, stamps) = mpsc::channel(STAMPS);
    let probe = Probe(sender);
    let plan = Plan { tools: Vec::new(), timing, ..shop_plan(Language::English) };
    let toolbox = Toolbox::new(Language::English, &plan.currency, &[], Vec::new(), &Secrets::from_env())
        .map_err(|mut faults| faults.remove(0))?;
    let agent = Agent {
        plan_text: serde_json::to_string(&plan).map_err(|error| unusable(&error))?.into(),
        toolbox: Arc::new(toolbox),
        llm: Arc::new(Glib { answer, probe: probe.clone() }),
        stt: Arc::new(Probed(Ear, probe.clone())),
        tts: Arc::new(Probed(voice, probe)),
        vocabulary: Arc::new(Vocabulary::of_plan(&plan)),
        plan: Arc::new(plan),
        tag: Tag::WhenAskedAgain,
    };
    Ok((Arc::new(agent), stamps))
}

/// Where stamps go. Once full, or with nobody there, they are dropped: a bench that wants them takes them.
#[derive(Clone)]
struct Probe(mpsc::Sender<Stamp>);

impl Probe {
    fn stamp(&self, stage: Stage) {
        let _ = self.0.try_send((stage, Instant::now()));
    }
}

/// A model that always says the same, at once.
struct Glib {
    answer: &'static str,
    probe: Probe,
}

impl Llm for Glib {
    fn generate(&self, _prompt: Prompt) -> BoxStream<'static, LlmEvent> {
        self.probe.stamp(Stage::Thinking);
        let answer = [LlmEvent::Wrote(self.answer.to_owned()), LlmEvent::Finished { usage: None }];
        stream::iter(answer).boxed()
    }
}

/// Stand-in speech that stamps when it is asked.
struct Probed<T>(T, Probe);

impl Tts for Probed<Voice> {
    fn speak(&self, text: &str, voice: Option<&str>, language: Language) -> Box<dyn SpeechStream> {
        self.1.stamp(Stage::Speaking);
        self.0.speak(text, voice, language)
    }
}

impl Stt for Probed<Ear> {
    fn open(&self, vocabulary: Arc<Vocabulary>, language: Language) -> Result<Box<dyn SttStream>, Fault> {
        Ok(Box::new(Probed(self.0.open(vocabulary, language)?, self.1.clone())))
    }

    fn yes_figure(&self) -> EngineYes {
        self.0.yes_figure()
    }
}

impl SttStream for Probed<Box<dyn SttStream>> {
    fn audio(&mut self, at: Position, samples: &[i16]) {
        self.0.audio(at, samples);
    }

    fn speech_started(&mut self, at: Position) {
        self.0.speech_started(at);
    }

    fn speech_stopped(&mut self, at: Position, expect: Expect) {
        self.1.stamp(Stage::Understanding);
        self.0.speech_stopped(at, expect);
    }

    fn next(&mut self) -> BoxFuture<'_, SttEvent> {
        self.0.next()
    }
}
