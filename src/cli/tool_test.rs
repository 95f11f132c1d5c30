//! `centralita tool test`: one tool tried out, by the very code that runs it in a call.
//!
//! Promises: what has effects is sent only with --execute, after a yes to the very question a caller would hear (or --yes),
//! by an admin's permit, and is on record like any other; where something is simulated nothing is sent.
//! Never: prints a secret; decides what an answer means.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use futures::future::BoxFuture;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::assemble::{SecretsArgs, all, catalog};
use super::confirm::{arguments_of, in_languages, tag};
use super::tool_told::{Asked, Trial};
use super::{Definitions, Done, Verdict, render, sample, values};
use crate::catalog::{Asking, Catalog, Simulated};
use crate::core::base::{
    CallId, CallTime, Digest, Fault, Owner, Private, ProposalId, ToolName, World, canonical_json,
};
use crate::core::call::PrivateValues;
use crate::core::conversation::{ActionKey, Effects, Outcome, Permit, Policy, Unproven, Unworded, wording};
use crate::core::journal::JOURNAL_VERSION;
use crate::core::language::{Answer, Cues, Language, judged_to};
use crate::core::template::Renderer;
use crate::driver::{ByHand, by_hand};
use crate::integrations::{
    ActionSecret, CallFacts, Finding, Intent, IntentLog, Leave, NotBegun, NotSpent, PerCaller, Prepared,
    Registry, Toolbox,
};
use crate::store::{Admin, CallHead, Store, now_us};

/// A program has to start, and a server to begin a session, before a tool's own time runs.
const SESSION: Duration = Duration::from_secs(40);
/// There is one action.
const PROPOSAL: ProposalId = ProposalId(1);

#[derive(Debug, Args)]
#[command(after_help = TEST_HELP)]
pub(super) struct TestArgs {
    /// The integration's id
    integration: String,
    /// The tool's name
    tool: String,
    /// A value of one of its parameters, like order=1182; of a list with commas
    #[arg(long = "arg", value_name = "NAME=VALUE", value_parser = values::argument)]
    arguments: Vec<(String, String)>,
    /// All arguments at once, as the model would write them: a JSON object
    #[arg(long, value_name = "ARGS", conflicts_with = "arguments")]
    json: Option<String>,
    /// As this agent has it: its language, currency and private words
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// In this language, where no agent is named
    #[arg(long, value_name = "TAG", value_parser = values::language, conflicts_with = "agent")]
    lang: Option<Language>,
    /// The caller's number; withheld where this is left out
    #[arg(long, value_name = "NUMBER", default_value = "", hide_default_value = true)]
    caller: String,
    /// A variable as if another tool had stored it: text, or JSON like orders=["1182"]
    #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = values::argument)]
    variables: Vec<(String, String)>,
    /// Sends nothing, and shows what a caller would hear if this came back
    #[arg(long, value_name = "WHAT", conflicts_with_all = ["execute", "save"])]
    simulate: Option<Simulate>,
    /// Does send what has effects
    #[arg(long, requires = "reason")]
    execute: bool,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", requires = "execute")]
    reason: Option<String>,
    /// Who you are, for the record
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true)]
    user: Option<String>,
    /// The question counts as answered with a yes
    #[arg(long, requires = "execute")]
    yes: bool,
    /// The journal's database, where an action is put on record
    #[arg(long, default_value = "calls/journal.sqlite", value_name = "FILE")]
    journal: PathBuf,
    /// A new file for the answer as a `sample:` of the tool, private values replaced
    #[arg(long, visible_alias = "fixture", value_name = "FILE")]
    save: Option<PathBuf>,
    #[command(flatten)]
    definitions: Definitions,
    #[command(flatten)]
    secrets: SecretsArgs,
    /// One JSON object instead of text
    #[arg(long)]
    json_out: bool,
}

const TEST_HELP: &str = "Requests that only read are sent: those of `prepare` too. What has effects is sent with --execute \
alone; `centralita effects list` then shows it, with who and why. Exit code 0 where it was done, or where a simulation was \
shown; 1 where it was not done or not sent. docs/tools.md shows what is printed.";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Simulate {
    /// The request leaves, and nothing comes back
    Timeout,
    /// The system answers with status 500
    #[value(name = "500")]
    ServerError,
    /// An error page comes in the place of an answer
    Garbage,
    /// The answer is about somebody else: no proof holds
    Mismatch,
}

impl Simulate {
    fn meant(self) -> Simulated {
        match self {
            Simulate::Timeout => Simulated::Timeout,
            Simulate::ServerError => Simulated::ServerError,
            Simulate::Garbage => Simulated::Garbage,
            Simulate::Mismatch => Simulated::Mismatch,
        }
    }
}

pub(super) async fn test(args: &TestArgs) -> Done {
    let catalog = catalog(&args.definitions, &BTreeMap::new())?;
    let asking = asking(args, &catalog)?;
    let arguments = arguments(args, &asking)?;
    args.save.as_deref().map_or(Ok(()), sample::is_free)?;
    let acts = args.execute && asking.tool.effects != Effects::None;
    if acts {
        // Told before anything is asked, not after the yes.
        admin(args)?;
    }
    let variables = variables(&args.variables);
    let (toolbox, tap) = toolbox(args, &asking, &variables)?.tapped();
    toolbox.begun(Instant::now() + SESSION).await?;
    let store = match acts {
        true => Some(journal(args).await?),
        false => None,
    };
    let key = store.as_ref().map_or([0; 32], |store| *store.action_key());
    let call = call(args, &asking);
    let registry =
        Registry::new(Arc::new(toolbox), call, ActionSecret::new(&key)).with_variables(variables.clone());
    let mut trial = Trial::new(&asking, arguments, tap);
    trial.open_lists(asking.open_lists(&variables));
    if args.simulate.is_some() {
        trial.note("nothing is sent: this is simulated, and samples answer what is only read");
    }
    let tried = match asking.tool.effects {
        Effects::None => read(&mut trial, &registry).await,
        Effects::Reversible | Effects::Irreversible => {
            act(args, &asking, &mut trial, &registry, store.as_ref()).await
        }
    };
    if let Some(store) = store {
        store.close().await?;
    }
    tried?;
    trial.sound()?;
    trial.stored(registry.stored_variables(), asking.stores());
    let saved = args.save.as_deref().map(|path| sample::save(path, &asking, &trial)).transpose();
    render::line(&if args.json_out { trial.json().to_string() } else { trial.to_string() });
    for line in saved?.unwrap_or_default() {
        render::aside(&line);
    }
    Ok(if args.simulate.is_some() || trial.is_done() { Verdict::Good } else { Verdict::Bad })
}

/// The tool as an agent has it; where none is named, the first that has it, and where none has, as it is.
fn asking(args: &TestArgs, catalog: &Catalog) -> Result<Asking, Fault> {
    let name = ToolName(format!("{}.{}", args.integration, args.tool).into());
    if let Some(id) = &args.agent {
        let Some(agent) = catalog.agents.get(id) else {
            let known: Vec<&str> = catalog.agents.keys().map(String::as_str).collect();
            let what = format!("there is no agent `{id}`");
            return Err(Fault::new(Owner::Admin, what, format!("agents: {}", known.join(", "))));
        };
        return agent.asking(&name).ok_or_else(|| {
            let what = format!("the agent `{id}` has no tool `{name}`");
            let remedy = "write it under `tools:` in the agent's file, or leave --agent out";
            Fault::new(Owner::Admin, what, remedy)
        });
    }
    let mut having = catalog.agents.values().filter_map(|agent| agent.asking(&name));
    if let Some(asking) = having.find(|asking| args.lang.is_none_or(|lang| asking.language == lang)) {
        return Ok(asking);
    }
    let found = in_languages(&args.definitions, catalog, (&args.integration, &args.tool), args.lang)?;
    Ok(found.into_iter().next().expect("a tool is found in one language at least"))
}

fn arguments(args: &TestArgs, asking: &Asking) -> Result<Value, Fault> {
    let Some(json) = &args.json else {
        return Ok(Value::Object(arguments_of(&asking.tool, &args.arguments)));
    };
    let read: Result<Map<String, Value>, _> = serde_json::from_str(json);
    read.map(Value::Object).map_err(|error| {
        let what = format!("the arguments are no JSON object: {error}");
        Fault::new(Owner::Admin, what, "write --json '{\"name\": \"value\"}'")
    })
}

/// JSON where it is that, else text.
fn variables(written: &[(String, String)]) -> Map<String, Value> {
    let value = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()));
    written.iter().map(|(name, text)| (name.clone(), value(text))).collect()
}

fn toolbox(args: &TestArgs, asking: &Asking, variables: &Map<String, Value>) -> Result<Toolbox, Fault> {
    let Some(simulate) = args.simulate else {
        return asking.real_toolbox(&args.secrets.open()?, variables).map_err(|faults| all(&faults));
    };
    asking.simulated(simulate.meant(), variables).ok_or_else(|| {
        let what = format!("`{}` has no `verify`: there is nothing that could not match", asking.tool.name);
        Fault::new(
            Owner::Admin,
            what,
            "simulate timeout, 500 or garbage; docs/definitions.md says what a proof is",
        )
    })
}

async fn journal(args: &TestArgs) -> Result<Store, Fault> {
    if let Some(folder) = args.journal.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| {
            let what = format!("the folder {} cannot be made: {error}", folder.display());
            Fault::new(Owner::Admin, what, "name with --journal a place that this user may write to")
        })?;
    }
    Store::open(&args.journal).await
}

fn call(args: &TestArgs, asking: &Asking) -> CallFacts {
    let id = format!("hand-{}", uuid::Uuid::now_v7().simple());
    CallFacts {
        id: CallId::parse(&id).expect("letters, digits and a dash"),
        from: args.caller.clone(),
        to: String::new(),
        agent: asking.plan().agent,
        now_us,
    }
}

async fn read(trial: &mut Trial, registry: &Registry) -> Result<(), Fault> {
    let action = Digest::of_json(&trial.args);
    let permit = Permit::by_admin(PROPOSAL, action, String::new(), String::new());
    let (tool, args) = (trial.tool.name.clone(), trial.args.clone());
    let leave = Leave { tool, args, key: ActionKey::Own(PROPOSAL), permit };
    let outcome = registry
        .run(leave, &PrivateValues::default(), CallTime::ANSWER, &Unlogged(World::Real))
        .await
        .unwrap_or_else(Unproven::outcome);
    trial.came(outcome);
    Ok(())
}

async fn act(
    args: &TestArgs,
    asking: &Asking,
    trial: &mut Trial,
    registry: &Registry,
    store: Option<&Store>,
) -> Result<(), Fault> {
    let private = PrivateValues::default();
    let name = asking.tool.name.clone();
    let prepared = match registry.prepare(PROPOSAL, &name, &trial.args, &private).await {
        Ok(prepared) => prepared,
        Err(not) => {
            trial.unprepared(not.why);
            return Ok(());
        }
    };
    trial.prepared(prepared.values.clone());
    let asked = asked(asking, &prepared.values)?;
    trial.would_ask(asked.clone());
    if args.simulate.is_some() {
        let permit = Permit::by_admin(PROPOSAL, prepared.action, String::new(), String::new());
        let leave = Leave { tool: name, args: trial.args.clone(), key: ActionKey::Own(PROPOSAL), permit };
        let ran = registry.run(leave, &private, CallTime::ANSWER, &Unlogged(World::Mocked)).await;
        trial.came(ran.unwrap_or_else(Unproven::outcome));
        return Ok(());
    }
    trial.would_send(registry.preview(PROPOSAL).await);
    let Some(store) = store else { return Ok(()) };
    if !args.yes && !agreed(asking, asked.as_ref())? {
        trial.declined();
        return Ok(());
    }
    trial.came(run(args, asking, trial, registry, store, &prepared).await?);
    Ok(())
}

/// Who has it done, and why.
fn admin(args: &TestArgs) -> Result<Admin, Fault> {
    let (user, reason) = (args.user.clone().unwrap_or_default(), args.reason.clone().unwrap_or_default());
    if user.trim().is_empty() || reason.trim().is_empty() {
        let what = "an action is put on record with who has it done, and why";
        return Err(Fault::new(Owner::Admin, what, "write --user NAME and --reason TEXT"));
    }
    Ok(Admin { user, reason })
}

async fn run(
    args: &TestArgs,
    asking: &Asking,
    trial: &Trial,
    registry: &Registry,
    store: &Store,
    prepared: &Prepared,
) -> Result<Outcome, Fault> {
    let plan = asking.plan();
    let text =
        serde_json::to_value(&plan).map_or_else(|error| error.to_string(), |plan| canonical_json(&plan));
    let head = CallHead {
        id: registry.call_id().clone(),
        carrier_call: registry.call_id().to_string(),
        agent: plan.agent,
        plan_hash: plan.hash,
        schema_version: JOURNAL_VERSION,
        build: env!("CARGO_PKG_VERSION").to_owned(),
        world: World::Real,
        caller: Private::new(args.caller.as_str()),
        called: String::new(),
        answered_us: now_us(),
    };
    let action = ByHand {
        head,
        plan: text.into(),
        tool: asking.tool.name.clone(),
        args: trial.args.clone(),
        proposal: PROPOSAL,
        prepared,
        admin: admin(args)?,
    };
    by_hand(store, registry, action).await
}

/// What a caller would be asked; nothing of a tool that never asks.
fn asked(asking: &Asking, values: &Value) -> Result<Option<Asked>, Fault> {
    let confirm = &asking.tool.confirm;
    if confirm.policy == Policy::Never {
        return Ok(None);
    }
    let renderer = Renderer::new(asking.language, &asking.currency);
    let asks = match &confirm.policy {
        Policy::When(condition) => renderer.holds(condition, values).unwrap_or(true),
        Policy::Always | Policy::Never => true,
    };
    let worded = wording(&renderer, asking.language, &asking.tool, values).map_err(|why| match why {
        Unworded::Unsaid(name) => {
            let what = format!("the question names `{name}` and does not say it");
            Fault::new(Owner::Admin, what, "such a question is never put: say the value in every case")
        }
        Unworded::Broken(fault) => fault,
    })?;
    Ok(asks.then(|| Asked { wording: worded, tag: tag(&asking.tool).say(asking.language) }))
}

/// Whether the person at the terminal says yes, by the judge of callers' words.
fn agreed(asking: &Asking, asked: Option<&Asked>) -> Result<bool, Fault> {
    let own = format!("`{}` never asks a caller. Shall it be done, yes or no?", asking.tool.name);
    let (question, language) = asked.map_or((own.as_str(), Language::English), |asked| {
        (asked.wording.question.as_str(), asking.language)
    });
    render::aside(question);
    asked.iter().for_each(|asked| render::aside(&asked.tag));
    let mut said = String::new();
    io::stdin().read_line(&mut said).map_err(|error| {
        let what = format!("nobody could be asked: {error}");
        Fault::new(Owner::Admin, what, "answer at the terminal, or add --yes")
    })?;
    let said = said.trim();
    let judged = judged_to(language, said, question, &Cues { verbs: &asking.tool.confirm.verbs });
    Ok(said == "1" || judged.answer.as_leave() == Answer::Yes)
}

/// Where nothing is put on record: nothing with effects leaves for a system then.
struct Unlogged(World);

impl IntentLog for Unlogged {
    fn begin(&self, _intent: Intent) -> BoxFuture<'_, Result<(), NotBegun>> {
        let begun = match self.0 {
            World::Mocked => Ok(()),
            World::Real => Err(NotBegun::Refused { why: "there is no record of it".to_owned() }),
        };
        Box::pin(std::future::ready(begun))
    }

    fn settled<'l>(&'l self, _: ProposalId, _: u32, _: &'l Outcome) -> BoxFuture<'l, ()> {
        Box::pin(std::future::ready(()))
    }

    fn found(&self, _finding: &Finding) {}

    fn ago(&self, _: ProposalId, _: u32) -> BoxFuture<'_, Duration> {
        Box::pin(std::future::ready(Duration::ZERO))
    }

    fn spend<'a>(&'a self, _tool: &'a ToolName, _limit: PerCaller) -> BoxFuture<'a, Result<(), NotSpent>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
