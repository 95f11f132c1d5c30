//! `centralita demo`: a whole call on this machine.
//!
//! Promises: exit code 0 only if all was as the scenario demands, by the shop's own database first of all.
//! Never: uses the network beyond loopback, or a key.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::assemble::{Speech, agent, catalog, fit, llm, try_voice};
use super::many::{self, ManyArgs, Work};
use super::serve::until_signal;
use super::signals::Signals;
use super::values::at_least_one;
use super::{Definitions, Done, Verdict, render};
use crate::catalog::{self, Catalog};
use crate::core::base::{Fault, Millis, Owner, World};
use crate::core::conversation::Tag;
use crate::demo::folder;
use crate::demo::scenario::{Scenario, all};
use crate::demo::shop::Shop;
use crate::demo::stage::{Report, Stage};
use crate::demo::story::Told;
use crate::integrations::Breakers;
use crate::secrets::{SecretName, SecretString, Secrets};
use crate::standin;
use crate::stt;
use crate::tts;

/// Which scenario, and how.
#[derive(Clone, Debug, Args)]
#[command(after_help = scenarios())]
pub(super) struct DemoArgs {
    /// The scenario, or `all`; see below
    #[arg(default_value = "refund-yes")]
    scenario: String,
    #[command(flatten)]
    definitions: Definitions,
    #[command(flatten)]
    speech: SpeechArgs,
    /// Where each call makes a folder of its own, `NAME`, then `NAME-2`, for the shop's database, the journal and the
    /// recording; many calls go to a temporary folder, of which those that went wrong stay
    #[arg(long, default_value = "calls", value_name = "FOLDER")]
    folder: PathBuf,
    #[command(flatten)]
    many: ManyArgs,
    /// Serves the scenario's agent on this port of loopback instead, and every other by its id, for a carrier's stand-in
    /// or a load tool to call
    #[arg(long, value_name = "PORT", conflicts_with_all = ["runs", "vary", "seeds", "json"])]
    listen: Option<u16>,
    /// Prints one JSON object instead of the story
    #[arg(long)]
    json: bool,
}

/// Who hears and who speaks.
#[derive(Clone, Debug, Args)]
pub(super) struct SpeechArgs {
    /// `embedded`: PocketSphinx, flite and espeak-ng; `stand-in`: sound that carries its words, for tests and load
    #[arg(long, default_value = "embedded", value_name = "ENGINE")]
    speech: Engine,
    /// Recognisers at work at the same time
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = at_least_one::<usize>)]
    pub(super) speech_workers: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Engine {
    Embedded,
    /// Nothing can be misheard.
    StandIn,
}

/// The engines that were named.
pub(super) fn speech(args: &SpeechArgs) -> Result<Speech, Fault> {
    match args.speech {
        Engine::StandIn => Ok(Speech {
            stt: Arc::new(standin::Ear),
            tts: Arc::new(standin::Voice::default()),
            tag: Tag::Always,
            embedded: None,
        }),
        Engine::Embedded => {
            let this = std::env::current_exe().map_err(|error| {
                Fault::new(
                    Owner::Gateway,
                    format!("this program cannot find itself: {error}"),
                    "run it by its path",
                )
            })?;
            let worker = vec![this, "speech-worker".into()];
            let models = stt::embedded::DEBIAN_MODELS.into();
            let stt = Arc::new(stt::embedded::Embedded::new(worker, args.speech_workers, models));
            let tts = Arc::new(tts::embedded::Embedded::new(args.speech_workers));
            Ok(Speech {
                stt: Arc::clone(&stt) as Arc<dyn stt::Stt>,
                tts,
                tag: Tag::Always,
                embedded: Some(stt),
            })
        }
    }
}

pub(super) async fn run(args: &DemoArgs) -> Done {
    let work = many::work(&args.many, &args.scenario, args.speech.speech)?;
    if args.listen.is_some() && !matches!(work, Work::One(_)) {
        let what = "--listen serves one scenario's agent, and `all` are many";
        return Err(Fault::new(Owner::Admin, what, "name one scenario"));
    }
    let speech = speech(&args.speech)?;
    let others = rehearse(args, &speech, &work.agents()).await?;
    let stage = stage(args, &speech);
    match (work, args.listen) {
        (Work::One(scenario), Some(port)) => listen(args, &stage, &scenario, others, port).await,
        (Work::One(scenario), None) => one(args, &stage, &scenario).await,
        (Work::Seeds(seeds), _) => many::seeds(&args.many, stage, seeds, args.speech.speech, args.json).await,
        (Work::Runs(scenarios), _) => many::runs(&args.many, stage, scenarios, args.json).await,
    }
}

/// The sample shop's secret; all others are where they always are.
fn secrets(token: SecretString) -> Secrets {
    let name = SecretName::reference("secret.SHOP_TOKEN").expect("a literal reference is well formed");
    Secrets::from_env().with(name, token)
}

/// The definitions, with the sample shop in its place.
fn definitions(args: &DemoArgs, shop: Url) -> Result<Catalog, Fault> {
    catalog(&args.definitions, &BTreeMap::from([("shop".to_owned(), shop)]))
}

fn meant<'a>(catalog: &'a Catalog, id: &str) -> Result<&'a catalog::Agent, Fault> {
    catalog.agents.get(id).ok_or_else(|| {
        let what = format!("the agent `{id}` is not among the definitions");
        Fault::new(Owner::Admin, what, "run the demo in the project's folder, or name it with --root")
    })
}

/// Looks at definitions, model, agents and voice before a shop is opened or a folder made. With --listen, the agents
/// that can be served beside those that are wanted; one that cannot is told.
async fn rehearse(
    args: &DemoArgs,
    speech: &Speech,
    wanted: &BTreeSet<&'static str>,
) -> Result<Vec<String>, Fault> {
    let nowhere = Url::parse("http://127.0.0.1/").expect("a literal address is well formed");
    let secrets = secrets(SecretString::from("not yet"));
    let catalog = definitions(args, nowhere)?;
    llm(&args.definitions, &secrets)?;
    let mut languages = BTreeSet::new();
    for id in wanted {
        let agent = meant(&catalog, id)?;
        fit(agent, &secrets, speech)?;
        languages.insert(agent.plan.language);
    }
    for language in languages {
        try_voice(language, speech).await?;
    }
    if args.listen.is_none() {
        return Ok(Vec::new());
    }
    let (mut others, rest) = (Vec::new(), catalog.agents.iter());
    for (id, agent) in rest.filter(|(id, _)| !wanted.contains(id.as_str())) {
        match fit(agent, &secrets, speech) {
            Ok(()) => others.push(id.clone()),
            Err(fault) => {
                render::aside(&format!("warning: {id} is not served: {}; {}", fault.what, fault.remedy));
            }
        }
    }
    Ok(others)
}

fn stage(args: &DemoArgs, speech: &Speech) -> Stage {
    let (voice, speech, args) = (Arc::clone(&speech.tts), speech.clone(), args.clone());
    let make = move |shop: &Shop, id: &str| -> Result<_, Fault> {
        let secrets = secrets(shop.token.clone());
        let catalog = definitions(&args, shop.url.clone())?;
        let (llm, breakers) = (llm(&args.definitions, &secrets)?, Breakers::default());
        agent(meant(&catalog, id)?, World::Real, &secrets, &llm, &speech, &breakers)
    };
    Stage { voice, agent: Box::new(make) }
}

async fn listen(args: &DemoArgs, stage: &Stage, scenario: &Scenario, others: Vec<String>, port: u16) -> Done {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        let what = format!("127.0.0.1:{port} cannot be listened on: {error}");
        Fault::new(Owner::Admin, what, "name another port with --listen; 0 takes one that is free")
    })?;
    render::aside("peers on this machine are believed without signature or token (--unsigned-loopback)");
    let folder = folder::make(&args.folder, &scenario.name)?;
    let stop = CancellationToken::new();
    tokio::spawn(until_signal(Signals::listen()?, stop.clone()));
    let at = |address: SocketAddr| {
        render::line(&format!("voice webhook http://{address}/hooks/twilio/voice"));
        render::line(&format!("media stream  ws://{address}/media/twilio"));
        render::line(&format!(
            "call it with  centralita call ws://{address}/media/twilio --agent {} --say \"…\"",
            scenario.agent
        ));
        render::line(&format!(
            "other agents  {}",
            if others.is_empty() { "none".to_owned() } else { others.join(", ") }
        ));
        render::line(&format!("folder        {} (the journal, the shop's database)", folder.display()));
    };
    stage.listen(&folder, scenario.agent, &others, listener, stop, at).await?;
    Ok(Verdict::Good)
}

async fn one(args: &DemoArgs, stage: &Stage, scenario: &Scenario) -> Done {
    let folder = folder::make(&args.folder, &scenario.name)?;
    // Before the call: of one that breaks there is no report to name them.
    render::aside(&format!("the call's files go to {}", folder.display()));
    let report = if args.json {
        stage.play(&folder, scenario, &mut |_: &Told| {}).await?
    } else {
        stage.play(&folder, scenario, &mut |told: &Told| render::told(told)).await?
    };
    show(args, &report);
    Ok(if report.ok { Verdict::Good } else { Verdict::Bad })
}

fn show(args: &DemoArgs, report: &Report) {
    if args.json {
        render::line(&report.json().to_string());
        return;
    }
    let refunds: Vec<String> =
        report.refunds.iter().map(|r| format!("{} on order {}", r.amount, r.order)).collect();
    let refunds = if refunds.is_empty() { "none".to_owned() } else { refunds.join(", ") };
    render::line("");
    render::line(&format!(
        "scenario   {}: {}",
        report.scenario,
        if report.ok { "as demanded" } else { "NOT as demanded" }
    ));
    if let Some(unmet) = &report.unmet {
        render::line(&format!("not met    {unmet}"));
    }
    render::line(&format!("refunds    {refunds} (from the shop's own database)"));
    render::line(&format!("shop       {}", report.shop.display()));
    render::line(&format!("latencies  {} (caller's last word to agent's first)", millis(&report.latencies)));
    let recording = report.recording.as_ref().map_or_else(
        || "none: nothing sounded".to_owned(),
        |recording| format!("{} (caller left, agent right)", recording.display()),
    );
    render::line(&format!("recording  {recording}"));
    render::line(&format!("journal    {} (`centralita replay` folds it)", report.journal.display()));
}

fn millis(all: &[Millis]) -> String {
    let each: Vec<String> = all.iter().map(ToString::to_string).collect();
    if each.is_empty() { "none".to_owned() } else { each.join(", ") }
}

fn scenarios() -> String {
    let lines: Vec<String> = all().iter().map(|scenario| format!("  {scenario}")).collect();
    format!(
        "Scenarios:\n{}\n\nEvery scenario fifty times, sixteen at a time, one core busy meanwhile:\n  \
         centralita demo all --runs 50 --speech stand-in --busy",
        lines.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::sync::mpsc::sync_channel;

    use clap::Parser;
    use futures::future::BoxFuture;

    use super::*;
    use crate::core::language::Language;
    use crate::demo::scenario::{Kind, When, by_name};
    use crate::tts::{SpeechStream, Tts, TtsEvent};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: DemoArgs,
    }

    /// A voice that fails.
    struct Hoarse;

    impl Tts for Hoarse {
        fn speak(&self, _: &str, _: Option<&str>, _: Language) -> Box<dyn SpeechStream> {
            Box::new(Hoarse)
        }
    }

    impl SpeechStream for Hoarse {
        fn next(&mut self) -> BoxFuture<'_, TtsEvent> {
            let fault = Fault::new(Owner::Provider, "hoarse", "rest");
            Box::pin(std::future::ready(TtsEvent::Failed(fault)))
        }
    }

    #[tokio::test]
    async fn a_caller_who_fails_leaves_neither_a_gateway_nor_a_shop_behind() {
        let line = Line::parse_from(["demo", "--speech", "stand-in"]);
        let speech = speech(&line.args.speech).expect("stand-in speech is always there");
        let Stage { agent, .. } = stage(&line.args, &speech);
        let (tell, told) = sync_channel(1);
        let agent = move |shop: &Shop, id: &str| {
            let agent = agent(shop, id)?;
            tell.send((Arc::downgrade(&agent), shop.url.clone())).expect("the test still waits");
            Ok(agent)
        };
        let stage = Stage { voice: Arc::new(Hoarse), agent: Box::new(agent) };
        let mut scenario = by_name("refund-yes").expect("a scenario of the demo");
        scenario.moves[0].when = When::Over(Kind::Greeting);
        let folder = std::env::temp_dir().join(format!("centralita-{}", uuid::Uuid::now_v7()));
        let fault = stage.play(&folder, &scenario, &mut |_| {}).await.unwrap_err();
        assert_eq!(fault.what, "hoarse");
        let (agent, shop) = told.recv().expect("it is sent before");
        assert!(agent.upgrade().is_none(), "a gateway that serves holds its agent");
        assert!(
            TcpStream::connect(
                shop.socket_addrs(|| None).expect("a loopback address needs no name server")[0]
            )
            .is_err(),
            "the shop is open"
        );
        std::fs::remove_dir_all(folder).expect("it was made by this test");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_scenario_goes_as_demanded_in_a_folder_that_holds_calls_of_its_name_and_beside_another() {
        let root = std::env::temp_dir().join(format!("centralita-{}", uuid::Uuid::now_v7()));
        let folder = root.to_str().expect("the temporary folder has a plain name");
        let line = || Line::parse_from(["demo", "keypad", "--speech", "stand-in", "--folder", folder]).args;
        // An earlier call's shop, in which the order has nothing left: not even a database.
        let earlier = folder::make(&root, "keypad").expect("there is a name left");
        std::fs::write(earlier.join("shop.sqlite"), "sold out").expect("a temporary folder can be written");
        let (one, other) = (line(), line());
        let (one, other) = tokio::join!(run(&one), run(&other));
        assert_eq!(
            (one.expect("the call was staged"), other.expect("the call was staged")),
            (Verdict::Good, Verdict::Good)
        );
        assert_eq!(std::fs::read(earlier.join("shop.sqlite")).expect("it is there"), b"sold out");
        for name in ["keypad-2", "keypad-3"] {
            for file in ["shop.sqlite", "journal.sqlite", "keypad.wav"] {
                assert!(root.join(name).join(file).is_file(), "{name}/{file}");
            }
        }
        std::fs::remove_dir_all(root).expect("it was made by this test");
    }

    #[test]
    fn no_calls_at_all_are_refused() {
        for many in ["--runs", "--seeds"] {
            assert!(Line::try_parse_from(["demo", many, "0"]).is_err(), "{many} 0");
            assert!(Line::try_parse_from(["demo", many, "1"]).is_ok(), "{many} 1");
        }
    }
}
