//! `centralita serve`: the gateway in service.
//!
//! Promises: nothing is believed unsigned unless that was asked for in words, on loopback; a signal lets live calls
//! finish, a second one does not wait.
//! Never: prints a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::assemble::{SecretsArgs, agent, catalog, llm, try_voice, warm};
use super::demo::{SpeechArgs, speech};
use super::signals::{AT_ONCE, Signals};
use super::values::{account, at_least_one, listening, web};
use super::{Definitions, Done, Verdict, render};
use crate::catalog::Catalog;
use crate::core::base::{Fault, Owner, World};
use crate::core::conversation::Recording;
use crate::driver::{
    Agent, Askable, CloseOnly, Format, HangUp, Recordings, Shell, TURN_LATENCY, TURN_LATENCY_BUCKETS,
    keep_asking,
};
use crate::gateway::{Gateway, Settings, Switchboard, Trust, tell_panics};
use crate::integrations::Breakers;
use crate::secrets::{SecretName, Secrets};
use crate::store::{Carrying, Sole, Standing, Store, now_us};
use crate::telephony::twilio::{PublicUrl, Rest, Verifier};

/// How to serve.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    definitions: Definitions,
    #[command(flatten)]
    secrets: SecretsArgs,
    #[command(flatten)]
    speech: SpeechArgs,
    /// The agent that answers numbers without one of their own
    #[arg(long, default_value = "shop", value_name = "ID")]
    agent: String,
    /// Another agent for a number: `--number +15550100002=recepcion`
    #[arg(long = "number", value_name = "E164=ID")]
    numbers: Vec<String>,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS", value_parser = listening)]
    bind: SocketAddr,
    /// Where the carrier reaches us, as it is written in its console: the one source of every URL and signature
    #[arg(long, value_name = "URL", value_parser = web, conflicts_with = "unsigned_loopback")]
    public_url: Option<Url>,
    /// Believes peers on this machine without signature and token; for a load tool or a test
    #[arg(long)]
    unsigned_loopback: bool,
    /// Twilio's account, for hanging up; the auth token is the secret TWILIO_AUTH_TOKEN
    #[arg(long, env = "TWILIO_ACCOUNT_SID", value_name = "SID", value_parser = account)]
    account: Option<String>,
    /// Base URL of Twilio's REST API
    #[arg(long, default_value = "https://api.twilio.com", value_name = "URL", value_parser = web)]
    twilio_api: Url,
    /// The journal's database
    #[arg(long, default_value = "calls/journal.sqlite", value_name = "FILE")]
    journal: PathBuf,
    /// Records calls in this folder, in stereo: caller left, agent right. An agent's file may say `recording: off` or
    /// `after_consent`; without this folder nothing is recorded
    #[arg(long, value_name = "FOLDER")]
    recordings: Option<PathBuf>,
    /// `wav`: as it was on the line, 115 MB an hour; `opus`: in an Ogg file of at most 15 MB an hour, coded once the call is
    /// over, when the processor has nothing else to do
    #[arg(long, default_value = "wav", value_name = "FORMAT", requires = "recordings")]
    recording_format: RecordingFormat,
    /// Keeps what services and carrier answered, and when, as text in this folder: for `replay --audio`
    #[arg(long, value_name = "FOLDER")]
    cassettes: Option<PathBuf>,
    /// Where the tools' requests go: `mock` lets the sample of each answer, and no byte leaves
    #[arg(long, value_enum, default_value_t = Effects::Real, value_name = "real|mock")]
    effects: Effects,
    /// Calls at a time; one more is refused politely
    #[arg(long, default_value_t = 200, value_parser = at_least_one::<usize>, value_name = "N")]
    calls_max: usize,
}

/// As it is written on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Effects {
    /// To the systems they are for
    Real,
    /// Nowhere: samples answer
    Mock,
}

impl Effects {
    fn world(self) -> World {
        match self {
            Effects::Real => World::Real,
            Effects::Mock => World::Mocked,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RecordingFormat {
    Wav,
    Opus,
}

impl RecordingFormat {
    fn meant(self) -> Format {
        match self {
            RecordingFormat::Wav => Format::Wav,
            RecordingFormat::Opus => Format::Opus,
        }
    }
}

pub(super) async fn run(args: ServeArgs) -> Done {
    let secrets = args.secrets.open()?;
    let (trust, hang_up) = trust(&args, &secrets)?;
    let catalog = catalog(&args.definitions, &BTreeMap::new())?;
    let numbers = numbers(&args.numbers, |id| catalog.agents.contains_key(id))?;
    let (llm, speech) = (llm(&args.definitions, &secrets)?, speech(&args.speech)?);
    let languages: BTreeSet<_> = catalog.agents.values().map(|meant| meant.plan.language).collect();
    for language in languages {
        try_voice(language, &speech).await?;
    }
    let (mut agents, breakers) = (BTreeMap::new(), Breakers::default());
    for (id, meant) in &catalog.agents {
        let ready = agent(meant, args.effects.world(), &secrets, &llm, &speech, &breakers)?;
        warm(&ready, &speech).await?;
        tell_without_samples(id, &ready);
        agents.insert(id.clone(), ready);
    }
    let default = agents.get(&args.agent).cloned().ok_or_else(|| no_agent(&args.agent))?;
    folders(&args)?;
    let listener = TcpListener::bind(args.bind).await.map_err(|error| {
        Fault::new(
            Owner::Admin,
            format!("{} cannot be listened on: {error}", args.bind),
            "name an address of this machine and a free port with --bind",
        )
    })?;
    let address = listener.local_addr().unwrap_or(args.bind);
    let local = format!("http://{address}");
    let public =
        args.public_url.clone().or_else(|| Url::parse(&local).ok()).ok_or_else(|| no_agent(&local))?;
    let (store, carrying) = journal(&args.journal).await?;
    tell_open_actions(&store, &args.journal).await?;
    let recordings = recordings(args.recordings, args.recording_format, &catalog);
    let cassettes = args.cassettes;
    let shell =
        Shell { store: store.clone(), recordings: recordings.clone(), cassettes, watcher: None, hang_up };
    let askable = agents.iter().map(|(id, agent)| (id.clone(), Askable::of(agent))).collect();
    let gateway = Gateway::new(Settings {
        trust,
        public_url: PublicUrl::parse(&public)?,
        calls_max: args.calls_max,
        switchboard: Switchboard::new(default, agents, numbers),
        shell,
        metrics: metrics()?,
    });
    tell_panics();
    // Whoever reads that it listens may send one.
    let signals = Signals::listen()?;
    let mocked = match args.effects {
        Effects::Real => "",
        Effects::Mock => "; EFFECTS ARE MOCKED: no tool reaches its system, samples answer",
    };
    render::line(&format!(
        "listening on {local}; the carrier's voice webhook is {}{mocked}",
        PublicUrl::parse(&public)?.webhook("/hooks/twilio/voice")
    ));
    if args.unsigned_loopback {
        render::aside("peers on this machine are believed without signature or token (--unsigned-loopback)");
    }
    let stop = CancellationToken::new();
    tokio::spawn(until_signal(signals, stop.clone()));
    let asking = keep_asking(store.clone(), askable, args.effects.world(), stop.clone());
    let served = serve(gateway, listener, stop, asking);
    end(served, &store, carrying, recordings).await.map(|()| Verdict::Good)
}

/// Once the last call is over the record is closed, then given free for who carries on, and only then recordings are waited
/// for: coding may take its time, and nothing of a call hangs on it.
async fn end(
    served: impl Future<Output = Result<(), Fault>>,
    store: &Store,
    carrying: Carrying,
    recordings: Option<Recordings>,
) -> Result<(), Fault> {
    let served = served.await;
    let kept = store.close().await;
    drop(carrying);
    if let Some(recordings) = recordings {
        recordings.close().await;
    }
    served.and(kept)
}

/// Serves until it is to stop; `asking` goes on beside it, and stops then too.
async fn serve(
    gateway: Gateway,
    listener: TcpListener,
    stop: CancellationToken,
    asking: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Fault> {
    let asking = tokio::spawn(asking);
    let served = gateway.serve(listener, stop.clone()).await;
    stop.cancel();
    // It can only have been cancelled with the runtime.
    let _ = asking.await;
    served
}

/// The folders that were named, each such that files can be made in it.
fn folders(args: &ServeArgs) -> Result<(), Fault> {
    let folders = [
        (args.journal.parent(), "--journal"),
        (args.recordings.as_deref(), "--recordings"),
        (args.cassettes.as_deref(), "--cassettes"),
    ];
    folders.into_iter().try_for_each(|(folder, flag)| folder.map_or(Ok(()), |folder| make(folder, flag)))
}

/// A folder that files can be made in.
fn make(folder: &Path, flag: &str) -> Result<(), Fault> {
    let fault = |what: String| {
        let remedy = format!("name another place with {flag}: one this user may write to");
        Fault::new(Owner::Admin, what, remedy)
    };
    std::fs::create_dir_all(folder)
        .map_err(|error| fault(format!("the folder {} cannot be made: {error}", folder.display())))?;
    let probe = folder.join(format!(".centralita-{}", uuid::Uuid::new_v4()));
    std::fs::write(&probe, "")
        .and_then(|()| std::fs::remove_file(&probe))
        .map_err(|error| fault(format!("nothing can be written to the folder {}: {error}", folder.display())))
}

/// The record, and its locks, to be kept while calls are carried. Where nobody else holds one at the start, what is live in
/// the record is a killed process's, else what is on record as that of a process which is gone: it is lost, and gone on with
/// where its caller is still there.
async fn journal(path: &Path) -> Result<(Store, Carrying), Fault> {
    let store = Store::open(path).await?;
    let sole = Sole::of(path)?;
    let mut lost = 0;
    if sole.is_some() {
        lost += store.lose_live().await?;
    } else {
        let path = path.display();
        render::aside(&format!(
            "another gateway carries calls of {path} too: should one be killed, the other goes on with its calls"
        ));
    }
    // Beside another gateway: those of a process that is known to be gone.
    lost += store.lose_gone().await?;
    if lost > 0 {
        render::aside(&format!(
            "calls that a killed gateway left: {lost}; whoever is still on the line is taken up"
        ));
    }
    let carrying = match sole {
        Some(sole) => sole.share()?,
        None => Carrying::beside_others(path)?,
    };
    Ok((store.carried_by(&carrying), carrying))
}

/// A tool that has no sample fails in every call.
fn tell_without_samples(id: &str, agent: &Agent) {
    if agent.toolbox.world() == World::Real {
        return;
    }
    for tool in agent.toolbox.without_samples() {
        render::aside(&format!(
            "warning: {id}: `{tool}` fails in every call: effects are mocked, and it has a request without `sample:`"
        ));
    }
}

/// Where recordings go. Whose calls are not recorded is said.
fn recordings(folder: Option<PathBuf>, format: RecordingFormat, catalog: &Catalog) -> Option<Recordings> {
    for (id, meant) in &catalog.agents {
        let line = recorded(id, &meant.plan.recording, folder.is_some());
        line.iter().for_each(|line| render::aside(line));
    }
    folder.map(|folder| Recordings::new(folder, format.meant()))
}

/// What an agent's file says of recordings, beside what this gateway can do.
fn recorded(agent: &str, recording: &Recording, folder: bool) -> Option<String> {
    match (recording, folder) {
        (Recording::On, true) => None,
        (Recording::On, false) => {
            Some(format!("{agent}: calls are not recorded; --recordings names a folder for that"))
        }
        (Recording::Off, _) => Some(format!("{agent}: calls are not recorded (`recording: off`)")),
        (Recording::AfterConsent { .. }, true) => {
            Some(format!("{agent}: calls are recorded from the caller's yes on"))
        }
        (Recording::AfterConsent { .. }, false) => Some(format!(
            "warning: {agent}: nobody is asked for leave to record, and nothing is recorded: --recordings names a folder"
        )),
    }
}

/// A process that was killed leaves actions of which nobody knows the end: whoever starts the next is told, and what to do.
async fn tell_open_actions(store: &Store, journal: &Path) -> Result<(), Fault> {
    let now = now_us();
    let open = store.open_intents().await?;
    let open = open.iter().filter(|record| record.standing(now) == Standing::Unknown).count();
    if open > 0 {
        render::aside(&open_actions(open, journal));
    }
    Ok(())
}

fn open_actions(open: usize, journal: &Path) -> String {
    let journal = journal.display();
    format!(
        "warning: actions without a known outcome: {open}; `centralita effects list --unknown --journal {journal}` shows them. \
         Where their tools have a probe this gateway asks on, and logs what becomes known; `centralita effects probe --all \
         --journal {journal}` asks now, `effects settle` writes down what a person has found out"
    )
}

/// Who is believed, and how a call is ended at the carrier.
fn trust(args: &ServeArgs, secrets: &Secrets) -> Result<(Trust, Arc<dyn HangUp>), Fault> {
    if args.unsigned_loopback {
        if !args.bind.ip().is_loopback() {
            let what = format!("--unsigned-loopback was given with --bind {}", args.bind);
            return Err(Fault::new(Owner::Admin, what, "bind to 127.0.0.1, or drop --unsigned-loopback"));
        }
        return Ok((Trust::UnsignedLoopback, Arc::new(CloseOnly)));
    }
    let Some(public) = &args.public_url else {
        let what = "neither --public-url nor --unsigned-loopback was given: nobody could be believed";
        return Err(Fault::new(
            Owner::Admin,
            what,
            "give the URL the carrier uses, like --public-url https://gw.example.com; for callers on this machine \
             alone --unsigned-loopback",
        ));
    };
    let name = SecretName::reference("secret.TWILIO_AUTH_TOKEN").expect("a literal reference is well formed");
    let token = secrets.get(&name)?;
    let hang_up: Arc<dyn HangUp> = match &args.account {
        None => Arc::new(CloseOnly),
        Some(account) => Arc::new(Rest {
            client: reqwest::Client::new(),
            base: args.twilio_api.clone(),
            account: account.clone(),
            user: account.clone(),
            password: token.clone(),
        }),
    };
    Ok((Trust::Signed(Verifier::new(token, PublicUrl::parse(public)?)), hang_up))
}

fn numbers(written: &[String], known: impl Fn(&str) -> bool) -> Result<BTreeMap<String, String>, Fault> {
    let mut numbers = BTreeMap::new();
    for entry in written {
        let (number, id) = entry.split_once('=').ok_or_else(|| {
            Fault::new(
                Owner::Admin,
                format!("`--number {entry}` has no `=`"),
                "write it like +15550100002=shop",
            )
        })?;
        if !is_e164(number) {
            let what = format!("`{number}` is no telephone number with its country");
            return Err(Fault::new(
                Owner::Admin,
                what,
                "write `+`, the country's digits and the rest, 15 at most: +15550100002=shop",
            ));
        }
        if !known(id) {
            return Err(no_agent(id));
        }
        if let Some(other) = numbers.insert(number.to_owned(), id.to_owned()) {
            let what = format!("`--number {number}` stands there twice, for `{other}` and `{id}`");
            return Err(Fault::new(Owner::Admin, what, "give each number one agent"));
        }
    }
    Ok(numbers)
}

/// ITU-T E.164: `+`, then up to 15 digits, of which the first is not 0.
fn is_e164(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    plain && (2..=15).contains(&digits.len()) && !digits.starts_with('0')
}

fn no_agent(id: &str) -> Fault {
    Fault::new(Owner::Admin, format!("there is no agent `{id}`"), "`centralita check` lists them all")
}

/// The first signal drains; the second ends the process at once.
pub(super) async fn until_signal(mut signals: Signals, stop: CancellationToken) {
    signals.next().await;
    render::aside("finishing live calls and their recordings; once more ends at once");
    stop.cancel();
    signals.next().await;
    std::process::exit(AT_ONCE);
}

/// What `GET /metrics` tells.
fn metrics() -> Result<Option<PrometheusHandle>, Fault> {
    let latency = Matcher::Full(TURN_LATENCY.to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(latency, &TURN_LATENCY_BUCKETS);
    builder.and_then(PrometheusBuilder::install_recorder).map(Some).map_err(|error| {
        Fault::new(Owner::Gateway, format!("the figures cannot be kept: {error}"), "report it")
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sqlx::ConnectOptions as _;
    use sqlx::sqlite::SqliteConnectOptions;
    use tokio::task::yield_now;
    use tokio::time::timeout;

    use super::*;
    use crate::core::base::{CallId, Digest, Position, Private};
    use crate::media::Recorder;
    use crate::store::{CallHead, CallState, KILLED};

    /// Far above what it takes.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn the_record_closes_after_the_last_call_is_given_free_after_that_and_recordings_are_coded_last() {
        let folder = std::env::temp_dir().join(format!("centralita-end-{}", uuid::Uuid::new_v4()));
        make(&folder, "--journal").expect("a temporary folder can be written");
        let (path, wav) = (folder.join("journal.sqlite"), folder.join("CA1.wav"));
        let (store, carrying) = journal(&path).await.expect("the folder can be written");
        let recordings = Recordings::new(folder.clone(), Format::Opus);
        let (over, last_call) = tokio::sync::oneshot::channel();
        let (closing, coding) = (store.clone(), recordings.clone());
        let ended = tokio::spawn(async move {
            let served = async { last_call.await.map_err(|_| no_agent("shop")) };
            end(served, &closing, carrying, Some(coding)).await
        });
        let call = CallId::parse("CA1").expect("a call id");
        let gives = || store.set_state(&call, CallState::Transferring);
        // From here on it has begun to wait for the last call.
        yield_now().await;
        assert_eq!(gives(), Ok(()), "a call goes on, and its record is closed");
        let mut disk = SqliteConnectOptions::new().filename(&path).connect().await.expect("it is a database");
        sqlx::query("BEGIN IMMEDIATE").execute(&mut disk).await.expect("nobody writes to it");
        over.send(()).expect("it still waits");
        while gives().is_ok() {
            yield_now().await;
        }
        // The record is being closed, and cannot be while somebody else has the disk.
        let is_free = || Sole::of(&path).expect("the folder can be written").is_some();
        assert!(!is_free(), "others take the calls up while their record is written");
        let mut recorder = Recorder::create(&wav).expect("the folder can be written");
        recorder.caller(Position::START, &[1; 8_000]).expect("the disk takes it");
        recorder.finish().expect("the disk takes it");
        let held = std::fs::File::open(&wav).expect("it is there");
        held.lock().expect("nobody else holds it");
        recordings.end(wav.clone());
        sqlx::query("COMMIT").execute(&mut disk).await.expect("the disk takes it");
        let free = async {
            while !is_free() {
                yield_now().await;
            }
        };
        timeout(PATIENCE, free).await.expect("others wait for the coding of recordings");
        assert!(!ended.is_finished() && wav.exists(), "a recording that waits is not coded");
        drop(held);
        assert_eq!(ended.await.expect("it does not panic"), Ok(()));
        assert!(wav.with_extension("opus").exists() && !wav.exists(), "it came before the end");
        std::fs::remove_dir_all(folder).expect("it was made by this test");
    }

    #[tokio::test]
    async fn a_gateway_that_starts_beside_another_loses_what_a_killed_one_carried_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("centralita-beside-{}", uuid::Uuid::new_v4()));
        make(&folder, "--journal").expect("a temporary folder can be written");
        let path = folder.join("journal.sqlite");
        let starts = async || journal(&path).await.expect("the folder can be written");
        let carries = async |store: &Store, call: &str| {
            let call = CallId::parse(call).expect("a call id");
            store.open_call(head(&call), "the plan".into()).expect("the queue has room");
            store.flush().await.expect("the disk takes it");
            call
        };
        let (first, one) = starts().await;
        let (second, _other) = starts().await;
        let (left, lives) = (carries(&first, "CA1").await, carries(&second, "CA2").await);
        first.close().await.expect("the disk takes it");
        drop(one);
        let (third, _again) = starts().await;
        let state = async |call| third.call(call).await.expect("it reads").expect("it is there").state;
        assert_eq!(state(&left).await, CallState::Lost { reason: KILLED.to_owned() });
        assert_eq!(state(&lives).await, CallState::Live);
        for store in [second, third] {
            store.close().await.expect("the disk takes it");
        }
        std::fs::remove_dir_all(folder).expect("it was made by this test");
    }

    fn head(call: &CallId) -> CallHead {
        CallHead {
            id: call.clone(),
            carrier_call: call.to_string(),
            agent: "shop".to_owned(),
            plan_hash: Digest::of_bytes(b"plan"),
            schema_version: 1,
            build: String::new(),
            world: World::Real,
            caller: Private::new(""),
            called: String::new(),
            answered_us: 1,
        }
    }

    #[test]
    fn it_is_said_at_start_whose_calls_are_not_recorded_and_why() {
        let asks = Recording::AfterConsent { question: String::new() };
        for (recording, folder, told) in [
            (&Recording::On, true, ""),
            (&Recording::On, false, "calls are not recorded; --recordings"),
            (&Recording::Off, true, "`recording: off`"),
            (&Recording::Off, false, "`recording: off`"),
            (&asks, true, "from the caller's yes on"),
            (&asks, false, "nobody is asked"),
        ] {
            let line = recorded("shop", recording, folder).unwrap_or_default();
            assert!(
                line.contains(told) && line.is_empty() == told.is_empty(),
                "{recording:?} {folder}: {line}"
            );
        }
    }

    #[test]
    fn whoever_starts_on_actions_without_an_outcome_is_told_what_to_do_about_them() {
        let told = open_actions(2, Path::new("calls/journal.sqlite"));
        for part in [
            "outcome: 2;",
            "`centralita effects list --unknown --journal calls/journal.sqlite`",
            "`centralita effects probe --all --journal calls/journal.sqlite`",
            "effects settle",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
    }

    #[test]
    fn a_number_has_one_agent_that_is_known_and_is_written_with_its_country() {
        let read = |written: &[&str]| {
            let written: Vec<String> = written.iter().map(|entry| (*entry).to_owned()).collect();
            numbers(&written, |id| ["shop", "tienda"].contains(&id)).map_err(|fault| fault.what)
        };
        let two = read(&["+15550100002=shop", "+15550100003=tienda"]).expect("they are two");
        assert_eq!(two.len(), 2);
        for (written, told) in [
            (
                &["+1555=shop", "+1555=tienda"][..],
                "`--number +1555` stands there twice, for `shop` and `tienda`",
            ),
            (&["+1555=shop", "+1555=shop"], "twice"),
            (&["+1555"], "no `=`"),
            (&["1555=shop"], "no telephone number"),
            (&["+1555=nobody"], "no agent `nobody`"),
        ] {
            assert!(read(written).is_err_and(|what| what.contains(told)), "{written:?}");
        }
    }
}
