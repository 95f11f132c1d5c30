//! A scene: a shop, an agent who can refund, a gateway before them, and callers who phone it.
//!
//! Promises: a wait that fails shows the call's journal so far; [`Scene::close`] folds every journal and counts
//! the tasks that are left.
//! Never: sleeps.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use centralita::caller::{Dial, Ended, Heard, Phone, Recording};
use centralita::core::base::{CallId, Millis, Position};
use centralita::core::conversation::{Plan, Recording as Recorded, Tag, Timing};
use centralita::core::journal::{CallFile, fold};
use centralita::demo::shop::{Faults, Refund, Shop};
use centralita::driver::{Agent, Askable, Askables, CloseOnly, Format, HangUp, Recordings, Seen, Shell};
use centralita::gateway::{Gateway, Settings, Switchboard, Trust};
use centralita::integrations::PerCaller;
use centralita::llm::builtin::Builtin;
use centralita::llm::{Llm, LlmEvent, Message, Prompt};
use centralita::standin::{Ear, Voice, said, utter_at};
use centralita::store::{CallState, IntentRecord, Store};
use centralita::stt::{Stt, Vocabulary};
use centralita::telephony::twilio::{PublicUrl, Verifier};
use centralita::tts::Tts;
use futures::stream::BoxStream;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::agent;

/// How long anything awaited may take: far above what it takes on a machine that does ten other things as well. Only a test that
/// fails waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lines a scene can hold: a long call writes a few hundred.
const LINES: usize = 4_096;

/// Speech of a test's callers and agents: six times as fast as people speak.
const QUICK: Millis = Millis(10);

pub(crate) const REFUND: &str = "refund twenty dollars on order 1182";

/// The books after [`REFUND`].
pub(crate) fn twenty() -> Vec<(String, String)> {
    vec![("1182".to_owned(), "20.00".to_owned())]
}

/// What is particular about a scene.
pub(crate) struct Stage {
    pub(crate) faults: Faults,
    /// In place of the shop's own address.
    pub(crate) tools_at: Option<Url>,
    pub(crate) calls_max: usize,
    pub(crate) auth_token: Option<SecretString>,
    pub(crate) timing: Timing,
    pub(crate) tag: Tag,
    pub(crate) pace: Millis,
    pub(crate) tool_timeout: Millis,
    /// Whether the shop is asked what became of a refund that it did not answer.
    pub(crate) probe: bool,
    /// How often the shop refunds for one caller.
    pub(crate) per_caller: PerCaller,
    /// How long the agent waits for a tool, where that is not as long as the tool may take.
    pub(crate) tool_patience: Option<Millis>,
    pub(crate) llm: Arc<dyn Llm>,
    pub(crate) stt: Arc<dyn Stt>,
    /// In place of a voice at `pace`.
    pub(crate) tts: Option<Arc<dyn Tts>>,
    pub(crate) hang_up: Arc<dyn HangUp>,
    pub(crate) recordings: Option<PathBuf>,
    /// What the agent's file says of them.
    pub(crate) recording: Recorded,
    pub(crate) cassettes: Option<PathBuf>,
    /// In place of one in memory.
    pub(crate) store: Option<Store>,
    /// The carrier reaches the gateway through this address.
    pub(crate) by_way_of: Option<Way>,
    /// A server the scene needs, stopped with it.
    pub(crate) helper: Option<JoinHandle<()>>,
}

/// An address for the gateway, and the listener behind it.
pub(crate) struct Way {
    pub(crate) public: Url,
    pub(crate) listener: TcpListener,
}

impl Default for Stage {
    fn default() -> Stage {
        Stage {
            faults: Faults::None,
            tools_at: None,
            calls_max: 10,
            auth_token: None,
            timing: timing(),
            tag: Tag::WhenAskedAgain,
            pace: QUICK,
            // A loaded machine may take long to answer, and to write down that it will be asked.
            tool_timeout: Millis(2_000),
            probe: false,
            per_caller: PerCaller::default(),
            tool_patience: None,
            llm: Arc::new(Builtin),
            stt: Arc::new(Ear),
            tts: None,
            hang_up: Arc::new(CloseOnly),
            recordings: None,
            recording: Recorded::On,
            cassettes: None,
            store: None,
            by_way_of: None,
            helper: None,
        }
    }
}

/// Waits short enough that a whole call fits into three seconds.
fn timing() -> Timing {
    Timing { end_of_turn: Millis(250), end_of_answer: Millis(250), keys: Millis(200), ..Timing::default() }
}

/// Everything at once.
pub(crate) struct Scene {
    pub(crate) gateway: Gateway,
    pub(crate) store: Store,
    pub(crate) url: Url,
    pub(crate) stop: CancellationToken,
    /// With what its agent's actions are asked about when their call is over.
    pub(crate) askable: Askables,
    shop: Shop,
    books: PathBuf,
    plan: Arc<Plan>,
    auth_token: Option<SecretString>,
    served: JoinHandle<()>,
    helper: Option<JoinHandle<()>>,
    seen: mpsc::Receiver<Seen>,
    lines: Vec<String>,
    calls: Vec<CallId>,
    prompts: Arc<Overheard>,
}

/// A model, and what it was asked.
struct Overheard {
    llm: Arc<dyn Llm>,
    prompts: Mutex<Vec<Prompt>>,
}

impl Llm for Overheard {
    fn generate(&self, prompt: Prompt) -> BoxStream<'static, LlmEvent> {
        self.prompts.lock().unwrap().push(prompt.clone());
        self.llm.generate(prompt)
    }
}

/// The journal, in memory where no other is wanted.
async fn kept(store: Option<Store>) -> Store {
    match store {
        Some(store) => store,
        None => Store::in_memory().await.unwrap(),
    }
}

impl Scene {
    pub(crate) async fn plain() -> Scene {
        Scene::of(Stage::default()).await
    }

    pub(crate) async fn of(stage: Stage) -> Scene {
        let books = std::env::temp_dir().join(format!("wire-{}.db", uuid::Uuid::new_v4()));
        let shop = Shop::start(&books, stage.faults).await.unwrap();
        let patience = stage.tool_patience.unwrap_or(stage.tool_timeout);
        let plan = agent::plan(stage.timing.clone(), patience);
        let plan = Arc::new(Plan { recording: stage.recording, ..plan });
        let prompts = Arc::new(Overheard { llm: Arc::clone(&stage.llm), prompts: Mutex::default() });
        let agent = Arc::new(Agent {
            plan: Arc::clone(&plan),
            plan_text: serde_json::to_string(&*plan).unwrap().into(),
            toolbox: Arc::new(agent::toolbox(
                stage.tools_at.as_ref().unwrap_or(&shop.url),
                shop.token.clone(),
                stage.tool_timeout,
                stage.probe,
                stage.per_caller,
            )),
            llm: Arc::clone(&prompts) as Arc<dyn Llm>,
            stt: Arc::clone(&stage.stt),
            tts: stage.tts.clone().unwrap_or_else(|| Arc::new(Voice::at(stage.pace))),
            vocabulary: Arc::new(Vocabulary::of_plan(&plan)),
            tag: stage.tag,
        });
        let store = kept(stage.store).await;
        let (watcher, seen) = mpsc::channel(LINES);
        let shell = Shell {
            store: store.clone(),
            recordings: stage.recordings.map(|folder| Recordings::new(folder, Format::Wav)),
            cassettes: stage.cassettes,
            watcher: Some(watcher),
            hang_up: stage.hang_up,
        };
        let Way { public, listener } = match stage.by_way_of {
            Some(way) => way,
            None => here().await,
        };
        let public_url = PublicUrl::parse(&public).unwrap();
        let trust = trust(stage.auth_token.as_ref(), &public_url);
        let switchboard = Switchboard::new(Arc::clone(&agent), BTreeMap::new(), BTreeMap::new());
        let gateway = Gateway::new(Settings {
            trust,
            public_url,
            calls_max: stage.calls_max,
            switchboard,
            shell,
            metrics: None,
        });
        let stop = CancellationToken::new();
        let (serving, until) = (gateway.clone(), stop.clone());
        let served = tokio::spawn(async move { serving.serve(listener, until).await.unwrap() });
        Scene {
            gateway,
            store,
            url: public,
            stop,
            askable: [(agent.plan.agent.clone(), Askable::of(&agent))].into(),
            shop,
            books,
            plan,
            auth_token: stage.auth_token,
            served,
            helper: stage.helper,
            seen,
            lines: Vec::new(),
            calls: Vec::new(),
            prompts,
        }
    }

    /// How the scene's callers dial.
    pub(crate) fn dialling(&self) -> Dial {
        let mut dial = Dial::new(self.url.join("hooks/twilio/voice").unwrap(), http());
        dial.auth_token = self.auth_token.clone();
        dial.pause = Millis(100);
        dial
    }

    /// A caller whose call was taken.
    pub(crate) async fn call(&self) -> Caller {
        Caller(Phone::dial(self.dialling()).await.unwrap())
    }

    /// A caller who has heard the greeting.
    pub(crate) async fn greeted(&mut self) -> Caller {
        let caller = self.call().await;
        self.line("< played #1 ").await;
        caller
    }

    /// A caller who has heard the question about a refund of twenty dollars to its end.
    pub(crate) async fn asked(&mut self) -> Caller {
        let caller = self.greeted().await;
        caller.say(REFUND).await;
        self.line("> note asked t1").await;
        caller
    }

    /// The next line of a journal that holds `part`.
    pub(crate) async fn line(&mut self, part: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let next = timeout_at(deadline, self.seen.recv()).await;
            let Ok(Some(seen)) = next else { panic!("no `{part}` after\n{}", self.lines.join("\n")) };
            if self.note(seen).contains(part) {
                return self.lines.last().unwrap().clone();
            }
        }
    }

    fn note(&mut self, seen: Seen) -> &str {
        if !self.calls.contains(&seen.call) {
            self.calls.push(seen.call.clone());
        }
        self.lines.push(format!("{} {} {}", seen.call, seen.at, seen.line));
        self.lines.last().unwrap()
    }

    /// All lines of all calls so far.
    pub(crate) fn lines(&mut self) -> &[String] {
        while let Ok(seen) = self.seen.try_recv() {
            self.note(seen);
        }
        &self.lines
    }

    pub(crate) fn has(&mut self, part: &str) -> bool {
        self.lines().iter().any(|line| line.contains(part))
    }

    /// The refunds in the shop's books: order and amount.
    pub(crate) async fn refunds(&self) -> Vec<(String, String)> {
        let refunds = self.shop.refunds().await.unwrap();
        refunds.into_iter().map(|Refund { order, amount, key: _ }| (order, amount)).collect()
    }

    pub(crate) async fn intents(&self) -> Vec<IntentRecord> {
        self.store.flush().await.unwrap();
        let mut all = Vec::new();
        for call in &self.calls {
            all.extend(self.store.intents(call).await.unwrap());
        }
        all
    }

    /// What the model was told last.
    pub(crate) fn history(&self) -> Vec<Message> {
        self.prompts.prompts.lock().unwrap().last().map(|p| p.history.clone()).unwrap_or_default()
    }

    /// Every text of the caller's and the agent's that the model was sent last.
    pub(crate) fn sent(&self) -> Vec<String> {
        let text = |message: &Message| match message {
            Message::Caller { text, .. } | Message::Agent { text } | Message::Result { text, .. } => {
                text.clone()
            }
            Message::Called { args, .. } => args.to_string(),
        };
        self.history().iter().map(text).collect()
    }

    /// The state of each call, in the order they came.
    pub(crate) async fn states(&mut self) -> Vec<CallState> {
        self.lines();
        self.store.flush().await.unwrap();
        let mut states = Vec::new();
        for call in &self.calls {
            states.push(self.store.call(call).await.unwrap().unwrap().state);
        }
        states
    }

    /// Waits until no call is carried any more.
    pub(crate) async fn quiet(&self) {
        let quiet = async {
            while self.gateway.live_calls() > 0 {
                tokio::task::yield_now().await;
            }
        };
        patient("the end of all calls", quiet).await;
    }

    pub(crate) async fn stop_helper(&mut self) {
        if let Some(helper) = self.helper.take() {
            helper.abort();
            let _ = helper.await;
        }
    }

    /// Waits for the last call's end, and leaves nothing behind.
    pub(crate) async fn close(mut self) {
        self.stop.cancel();
        self.stop_helper().await;
        patient("the gateway's end", self.served).await.unwrap();
        while let Some(Some(seen)) = futures::FutureExt::now_or_never(self.seen.recv()) {
            if !self.calls.contains(&seen.call) {
                self.calls.push(seen.call);
            }
        }
        self.store.flush().await.unwrap();
        for call in &self.calls {
            folds(&self.store, call, &self.plan).await;
        }
        drop((self.gateway, self.prompts, self.askable));
        self.store.close().await.unwrap();
        self.shop.stop().await;
        for tail in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{tail}", self.books.display()));
        }
        let metrics = tokio::runtime::Handle::current().metrics();
        let alone = async {
            while metrics.num_alive_tasks() > 0 {
                tokio::task::yield_now().await;
            }
        };
        if timeout(Duration::from_secs(2), alone).await.is_err() {
            panic!("{} tasks were left", metrics.num_alive_tasks());
        }
    }
}

/// The stored journal is whole, and comes out again when its events are folded.
async fn folds(store: &Store, call: &CallId, plan: &Arc<Plan>) {
    let mut text = String::new();
    for (n, line) in (0_u32..).zip(store.journal(call).await.unwrap()) {
        assert_eq!(line.seq, n, "a hole in the journal of {call}");
        let line_text = line.text.reveal();
        let time = if line_text.starts_with('>') { String::new() } else { format!("{} ", line.at) };
        text.push_str(&format!("{time}{line_text}\n"));
    }
    let file = CallFile::parse(&text).unwrap_or_else(|e| panic!("{call}: {e}\n{text}"));
    assert_eq!(fold(&file, Arc::clone(plan)).write(), file.write(), "{call} folds otherwise");
}

/// A caller with a phone.
pub(crate) struct Caller(pub(crate) Phone);

impl Caller {
    pub(crate) async fn say(&self, text: &str) {
        self.0.say(utter_at(text, QUICK)).await;
    }

    /// Says nothing for so long, before what is said next.
    pub(crate) async fn pause(&self, length: Millis) {
        self.0.say(vec![0; length.samples().0 as usize]).await;
    }

    pub(crate) async fn press(&self, key: char) {
        self.0.press(centralita::telephony::Key::parse(&key.to_string()).unwrap()).await;
    }

    /// Listens until something is heard that `wanted` takes.
    async fn until<T>(&mut self, what: &str, wanted: impl Fn(&Heard) -> Option<T>) -> T {
        loop {
            let heard = patient(what, self.0.next()).await;
            if let Some(found) = wanted(&heard) {
                return found;
            }
            assert!(!matches!(heard, Heard::Ended(_)), "waited for {what}, but {heard:?}");
        }
    }

    pub(crate) async fn ended(&mut self) -> Ended {
        let ended = |heard: &Heard| if let Heard::Ended(how) = heard { Some(how.clone()) } else { None };
        self.until("the end of the call", ended).await
    }

    /// What the carrier's own voice says: its language, and the sentence.
    pub(crate) async fn announced(&mut self) -> (String, String) {
        let announced = |heard: &Heard| {
            let Heard::Announced { language, text } = heard else { return None };
            Some((language.clone(), text.clone()))
        };
        self.until("the carrier's voice", announced).await
    }

    /// Where the agent next begins to sound, after `than`.
    pub(crate) async fn agent_after(&mut self, than: Position) -> Position {
        let started = |heard: &Heard| {
            let Heard::AgentStarted { at } = heard else { return None };
            (*at >= than).then_some(*at)
        };
        self.until("the agent's voice", started).await
    }

    /// Waits until the agent falls silent.
    pub(crate) async fn agent_stopped(&mut self) {
        let stopped = |heard: &Heard| matches!(heard, Heard::AgentStopped { .. }).then_some(());
        self.until("the end of the agent's voice", stopped).await;
    }

    /// Where the gateway next takes back what was not played.
    pub(crate) async fn cleared(&mut self) -> Position {
        let cleared = |heard: &Heard| if let Heard::Cleared { at, .. } = heard { Some(*at) } else { None };
        self.until("the clear", cleared).await
    }

    /// Where the caller's own words end.
    pub(crate) async fn said(&mut self) -> Position {
        let said = |heard: &Heard| if let Heard::Said { at } = heard { Some(*at) } else { None };
        self.until("the caller's last word", said).await
    }

    /// Hangs up, unless the call is over.
    pub(crate) async fn finish(self) -> Recording {
        patient("the phone's end", self.0.finish()).await
    }
}

/// What the caller was told, by the recording.
pub(crate) fn told(recording: &Recording) -> Vec<String> {
    said(&recording.agent).into_iter().map(|s| s.text).collect()
}

pub(crate) async fn patient<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// A client that keeps no connection: what it leaves behind is nobody's.
pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap()
}

/// Whom the gateway believes.
fn trust(token: Option<&SecretString>, public_url: &PublicUrl) -> Trust {
    match token {
        Some(token) => Trust::Signed(Verifier::new(token.clone(), public_url.clone())),
        None => Trust::UnsignedLoopback,
    }
}

/// A free port of loopback.
pub(crate) async fn here() -> Way {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let public = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    Way { public, listener }
}
