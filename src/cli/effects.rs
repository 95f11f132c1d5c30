//! `centralita effects`: what calls have done, and what nobody knows the outcome of.
//!
//! Promises: only what is unknown is settled or asked about, and what came of it is shown; what may still be under way is
//! left alone.
//! Never: sends anything that has effects, or shows who called.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::assemble::{SecretsArgs, catalog_at, toolbox};
use super::{Done, Verdict, render};
use crate::catalog::Catalog;
use crate::core::base::{Fault, Owner, World};
use crate::driver::{Askable, Askables, NotAsked, ask};
use crate::egress::UNREACHED;
use crate::secrets::Secrets;
use crate::store::{
    CallHead, IntentKey, IntentRecord, IntentState, Outcome, OutcomeKind, Process, Standing, Store, now_us,
};

/// What is on record beside an outcome that a person has found out.
const BY_HAND: &str = "settled by hand";

/// For who wonders why something stays unknown.
const ASKED_WHERE: &str = "each was asked about at the `base_url` that its integration has now";
/// Where nobody answers there.
const DEMO_IS_GONE: &str = "; the shop of `centralita demo` is gone with its call, and answers no more";

/// Which journal, and what of it.
#[derive(Debug, Args)]
pub(super) struct EffectsArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every action with effects that was begun, the oldest first
    List(List),
    /// Writes down what became of an action whose outcome is unknown
    #[command(
        after_help = "Look into the other system first. `failed` lets the caller ask for the same again; \
                            `done` says that it is done, once and for all."
    )]
    Settle(Settle),
    /// Asks the other systems now what became of actions whose outcome is unknown, by the `probe` of their tools
    #[command(
        after_help = "A gateway asks by itself: of calls that it carries, and for three days of those that are over. Here only \
                            those are asked about that no gateway carries. The exit code is 0 only if all that \
                            was asked about is settled. Each is asked about at the `base_url` that its \
                            integration has now: the shop of `centralita demo` is gone with its call, and what it \
                            left unknown stays so."
    )]
    Probe(ProbeArgs),
}

#[derive(Debug, Args)]
struct List {
    /// The journal's database
    #[arg(long, default_value = "calls/journal.sqlite", value_name = "FILE")]
    journal: PathBuf,
    /// Only those whose outcome is unknown
    #[arg(long)]
    unknown: bool,
    /// One JSON array instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Settle {
    /// As `effects list` shows it: `CALL/t1`
    #[arg(value_name = "ID", value_parser = intent_key)]
    id: IntentKey,
    /// What became of it
    outcome: Found,
    /// The journal's database
    #[arg(long, default_value = "calls/journal.sqlite", value_name = "FILE")]
    journal: PathBuf,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["id", "all"]))]
struct ProbeArgs {
    /// As `effects list` shows it: `CALL/t1`
    #[arg(value_name = "ID", value_parser = intent_key)]
    id: Option<IntentKey>,
    /// Every action whose outcome is unknown
    #[arg(long)]
    all: bool,
    /// The journal's database
    #[arg(long, default_value = "calls/journal.sqlite", value_name = "FILE")]
    journal: PathBuf,
    /// The folder with `agents/` and `integrations/`
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    root: PathBuf,
    #[command(flatten)]
    secrets: SecretsArgs,
}

/// What a person has found out.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Found {
    /// It was done
    Done,
    /// It was not done, and will not be
    Failed,
}

fn intent_key(text: &str) -> Result<IntentKey, String> {
    IntentKey::parse(text).ok_or_else(|| "write it as `effects list` shows it, like CA12/t1".to_owned())
}

pub(super) async fn run(args: &EffectsArgs) -> Done {
    match &args.what {
        What::List(args) => list(args).await,
        What::Settle(args) => settle(args).await,
        What::Probe(args) => probe(args).await,
    }
}

async fn list(args: &List) -> Done {
    let store = Store::open_to_read(&args.journal).await?;
    let now = now_us();
    let mut records = store.all_intents().await?;
    records.retain(|record| !args.unknown || record.standing(now) == Standing::Unknown);
    if args.json {
        let rows: Vec<Value> = records.iter().map(|record| object(record, now)).collect();
        render::line(&Value::from(rows).to_string());
        return Ok(Verdict::Good);
    }
    for record in &records {
        render::line(&row(record, now));
    }
    let kind = if args.unknown { "actions of unknown outcome" } else { "actions" };
    render::aside(&format!("{kind}: {}", records.len()));
    Ok(Verdict::Good)
}

async fn settle(args: &Settle) -> Done {
    // A database is made by who serves, not by who settles.
    Store::open_to_read(&args.journal).await?;
    let store = Store::open(&args.journal).await?;
    let given = give(&store, &args.id, args.outcome, now_us()).await;
    // Closing writes what was given, where the disk takes it.
    let closed = store.close().await;
    let outcome = given?;
    let record = Store::open_to_read(&args.journal).await?;
    let settled = settled(&record, &args.id, outcome, closed).await?;
    render::line(&row(&settled, now_us()));
    Ok(Verdict::Good)
}

async fn probe(args: &ProbeArgs) -> Done {
    Store::open_to_read(&args.journal).await?;
    let tools = Tools { catalog: catalog_at(&args.root, &BTreeMap::new())?, secrets: args.secrets.open()? };
    let store = Store::open(&args.journal).await?;
    // What a killed gateway was about is known to nobody, whether one has been started since or not.
    let lost = store.lose_gone().await;
    let asked = match (lost, &args.id) {
        (Err(fault), _) => Err(fault),
        (Ok(_), None) => ask_all(&store, &tools).await,
        (Ok(_), Some(id)) => ask_one(&store, id, &tools).await,
    };
    let closed = store.close().await;
    let asked = asked?;
    closed?;
    let record = Store::open_to_read(&args.journal).await?;
    let (mut verdict, mut where_asked) = (Verdict::Good, ASKED_WHERE.to_owned());
    for (id, why) in &asked {
        let now = of(&record, id).await?.ok_or_else(|| unsettled(id, "it is gone"))?;
        render::line(&row(&now, now_us()));
        if let Some(why) = why {
            render::aside(&format!("{id}: nobody was asked: {why}"));
        }
        if !now.is_done() && !now.has_failed() {
            verdict = Verdict::Bad;
        }
        if now.detail().is_some_and(|detail| detail.contains(UNREACHED))
            && !where_asked.ends_with(DEMO_IS_GONE)
        {
            where_asked.push_str(DEMO_IS_GONE);
        }
    }
    let count = asked.iter().filter(|(_, why)| why.is_none()).count();
    render::aside(&format!("actions asked about: {count}"));
    if verdict == Verdict::Bad && count > 0 {
        render::aside(&where_asked);
    }
    Ok(verdict)
}

/// The agents' tools, made ready as they are needed.
struct Tools {
    catalog: Catalog,
    secrets: Secrets,
}

impl Tools {
    /// Those of the agent that carried a call, if it is still there, for where that call's effects went.
    fn of(&self, head: &CallHead) -> Result<Askables, Fault> {
        let Some(meant) = self.catalog.agents.get(&head.agent) else { return Ok(Askables::new()) };
        let toolbox = toolbox(meant, head.world, &self.secrets)?;
        let now = Askable { plan_hash: meant.plan.hash, toolbox: Arc::new(toolbox) };
        Ok(Askables::from([(head.agent.clone(), now)]))
    }
}

/// Actions that were to be asked about, each with why nobody was, if so.
type Tried = Vec<(IntentKey, Option<String>)>;

/// Asks about all that are unknown.
async fn ask_all(store: &Store, tools: &Tools) -> Result<Tried, Fault> {
    let mut tried = Tried::new();
    let mut records = store.all_intents().await?;
    records.retain(|record| record.standing(now_us()) == Standing::Unknown);
    for record in records {
        let why = ask_about(store, &record, tools).await?;
        tried.push((record.intent.key, why));
    }
    Ok(tried)
}

/// Asks about that one, if it is unknown.
async fn ask_one(store: &Store, id: &IntentKey, tools: &Tools) -> Result<Tried, Fault> {
    let record = known(store, id).await?;
    let why = match record.standing(now_us()) {
        Standing::Unknown => ask_about(store, &record, tools).await?,
        Standing::UnderWay => Some(under_way(&record)),
        standing @ (Standing::Done | Standing::Failed) => {
            Some(format!("it is on record as {standing}, which stays"))
        }
    };
    Ok(vec![(id.clone(), why)])
}

/// Why nobody was asked, if so.
async fn ask_about(store: &Store, record: &IntentRecord, tools: &Tools) -> Result<Option<String>, Fault> {
    let head = store.call(&record.intent.key.call).await?.map(|call| call.head);
    let agents = head.map_or_else(|| Ok(Askables::new()), |head| tools.of(&head))?;
    match ask(store, &agents, record).await {
        Ok(_) => Ok(None),
        Err(NotAsked::Nobody(why)) => Ok(Some(why)),
        Err(NotAsked::Unread(fault)) => Err(fault),
    }
}

/// That action.
async fn known(store: &Store, id: &IntentKey) -> Result<IntentRecord, Fault> {
    of(store, id).await?.ok_or_else(|| {
        Fault::new(
            Owner::Admin,
            format!("there is no action `{id}`"),
            "`centralita effects list` shows them all",
        )
    })
}

/// That action, if its outcome is unknown.
async fn unknown(store: &Store, id: &IntentKey, now: i64) -> Result<IntentRecord, Fault> {
    let known = known(store, id).await?;
    let refused = |what: String, remedy: String| Err(Fault::new(Owner::Admin, what, remedy));
    match known.standing(now) {
        Standing::Unknown => Ok(known),
        Standing::UnderWay => {
            let remedy = format!("if it is unknown after {}, settle it then", when(known.over_us()));
            refused(format!("`{id}` may still be under way: {}", under_way(&known)), remedy)
        }
        standing @ (Standing::Done | Standing::Failed) => refused(
            format!("`{id}` is {standing}, which stays"),
            "only what is unknown can be settled".to_owned(),
        ),
    }
}

/// What is known of one that is under way: who is about it, or until when it may be.
fn under_way(record: &IntentRecord) -> String {
    match &record.process {
        Process::Lives(name) => format!("process {name} is about it"),
        Process::NotKnown | Process::Gone => {
            format!("until {}, for it is not on record which process is about it", when(record.over_us()))
        }
    }
}

/// Gives the store what became of an unknown action, and says what it gave.
async fn give(store: &Store, id: &IntentKey, found: Found, now: i64) -> Result<Outcome, Fault> {
    unknown(store, id, now).await?;
    let kind = match found {
        Found::Done => OutcomeKind::Done,
        Found::Failed => OutcomeKind::Failed,
    };
    let outcome = Outcome { kind, at_us: now, detail: BY_HAND.to_owned() };
    store.settle(id.clone(), outcome.clone()).map_err(|full| unsettled(id, &full.to_string()))?;
    Ok(outcome)
}

/// The action with the outcome that was given. What is on record counts, whatever the writing said of itself.
async fn settled(
    store: &Store,
    id: &IntentKey,
    given: Outcome,
    written: Result<(), Fault>,
) -> Result<IntentRecord, Fault> {
    let known = of(store, id).await?.ok_or_else(|| unsettled(id, "it is gone"))?;
    if known.state == IntentState::Settled(given) {
        return Ok(known);
    }
    written?;
    Err(unsettled(id, "somebody else settled it at the same time"))
}

async fn of(store: &Store, id: &IntentKey) -> Result<Option<IntentRecord>, Fault> {
    let of_call = store.intents(&id.call).await?;
    Ok(of_call.into_iter().find(|record| record.intent.key == *id))
}

fn unsettled(id: &IntentKey, why: &str) -> Fault {
    Fault::new(
        Owner::Admin,
        format!("`{id}` was not settled: {why}"),
        "look at it with `centralita effects list`",
    )
}

/// `CA12/t1  2026-11-29T06:10:00Z  unknown    shop.refund`
fn row(record: &IntentRecord, now: i64) -> String {
    let intent = &record.intent;
    let detail = detail(record, now).map(|detail| format!("  ({detail})")).unwrap_or_default();
    let id = intent.key.to_string();
    format!(
        "{id:<24}  {}  {:<9}  {}{detail}{}",
        when(intent.begun_us),
        record.standing(now),
        intent.tool,
        by(record)
    )
}

fn object(record: &IntentRecord, now: i64) -> Value {
    let intent = &record.intent;
    json!({
        "id": intent.key.to_string(),
        "begun": when(intent.begun_us),
        "state": record.standing(now).to_string(),
        "tool": &*intent.tool.0,
        "key": intent.idempotency_key,
        "detail": detail(record, now),
        "effects": record.world.word(),
        "process": match &record.process {
            Process::Lives(name) => Some(name),
            Process::NotKnown | Process::Gone => None,
        },
        "by": intent.admin.as_ref().map(|admin| json!({"user": admin.user, "reason": admin.reason})),
    })
}

/// What is on record beside its outcome, or known of one that is under way; of a call whose effects were mocked that too.
fn detail(record: &IntentRecord, now: i64) -> Option<String> {
    let is_under_way = record.standing(now) == Standing::UnderWay;
    let under_way = is_under_way.then(|| under_way(record));
    let detail = under_way.as_deref().or(record.detail());
    let is_said = |word: &str| detail.is_some_and(|detail| detail.contains(word));
    let mocked = Some(World::Mocked.word()).filter(|word| record.world == World::Mocked && !is_said(word));
    let parts: Vec<&str> = detail.into_iter().chain(mocked).collect();
    Some(parts.join(", ")).filter(|detail| !detail.is_empty())
}

/// Who had it done outside any call, and why.
fn by(record: &IntentRecord) -> String {
    let admin = record.intent.admin.as_ref();
    admin.map_or_else(String::new, |admin| format!("  by {}: {}", plain(&admin.user), plain(&admin.reason)))
}

/// On one line, without signs that a terminal obeys.
fn plain(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect()
}

/// In UTC, to the second.
fn when(us: i64) -> String {
    Timestamp::from_microsecond(us).map_or_else(|_| us.to_string(), |at| at.strftime("%FT%TZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::base::{CallId, Digest, Private, ToolName};
    use crate::store::{CallHead, Intent, UNDER_WAY_MAX_US};

    #[test]
    fn what_may_be_asked_about_stands_in_the_usage() {
        use clap::FromArgMatches as _;
        let command = EffectsArgs::augment_args(clap::Command::new("effects"));
        let mut probe = command.find_subcommand("probe").expect("there is one").clone();
        assert!(probe.render_usage().to_string().ends_with("<ID|--all>"), "{}", probe.render_usage());
        for (line, good) in
            [("probe CA1/t1", true), ("probe --all", true), ("probe", false), ("probe CA1/t1 --all", false)]
        {
            let words = ["effects"].into_iter().chain(line.split(' '));
            let read = command
                .clone()
                .try_get_matches_from(words)
                .and_then(|found| EffectsArgs::from_arg_matches(&found));
            assert_eq!(read.is_ok(), good, "{line}");
        }
    }

    const BEGUN: i64 = 1_800_000_000_000_000;
    const LONG_AFTER: i64 = BEGUN + UNDER_WAY_MAX_US;

    fn id(text: &str) -> IntentKey {
        intent_key(text).expect("an id as it is listed")
    }

    /// A journal with an action that was begun, and its process killed.
    async fn journal() -> Store {
        of_world(World::Real).await
    }

    async fn of_world(world: World) -> Store {
        let store = Store::in_memory().await.expect("memory takes a database");
        let call = CallId::parse("CA12").expect("a call id");
        let head = CallHead {
            id: call.clone(),
            carrier_call: call.to_string(),
            agent: "shop".into(),
            plan_hash: Digest::of_bytes(b"plan"),
            schema_version: 1,
            build: String::new(),
            world,
            caller: Private::new("+34600111222"),
            called: String::new(),
            answered_us: BEGUN,
        };
        store.open_call(head, "the plan".into()).expect("the queue has room");
        let begin = store.begin(Intent {
            key: id("CA12/t1"),
            tool: ToolName("shop.refund".into()),
            digest: Digest::of_bytes(b"twenty"),
            idempotency_key: Some("CA12-t1".into()),
            caller: Private::new("+34600111222"),
            begun_us: BEGUN,
            admin: None,
        });
        begin.await.expect("the intent is new");
        store
    }

    #[tokio::test]
    async fn what_nobody_knows_the_outcome_of_is_settled_once_and_then_stays() {
        let store = journal().await;
        let given = give(&store, &id("CA12/t1"), Found::Done, LONG_AFTER).await.expect("it is unknown");
        let written = store.flush().await;
        let settled = settled(&store, &id("CA12/t1"), given, written).await.expect("it is on record");
        assert_eq!(
            row(&settled, LONG_AFTER),
            "CA12/t1                   2027-01-15T08:00:00Z  done       shop.refund  (settled by hand)"
        );
        let again = give(&store, &id("CA12/t1"), Found::Failed, LONG_AFTER).await.unwrap_err();
        assert_eq!(again.what, "`CA12/t1` is done, which stays");
        assert!(
            store
                .unknown_intents(&Private::new("+34600111222"), World::Real)
                .await
                .expect("it reads")
                .is_empty()
        );
    }

    #[tokio::test]
    async fn what_is_on_record_is_told_as_settled_also_where_its_writing_said_that_it_failed() {
        let store = journal().await;
        let (key, locked) = (id("CA12/t1"), || Err(Fault::new(Owner::Admin, "the database is locked", "")));
        let done = Outcome { kind: OutcomeKind::Done, at_us: LONG_AFTER, detail: BY_HAND.to_owned() };
        let fault = settled(&store, &key, done.clone(), locked()).await.unwrap_err();
        assert_eq!(fault.what, "the database is locked", "nothing is on record yet");
        assert_eq!(give(&store, &key, Found::Done, LONG_AFTER).await, Ok(done.clone()));
        store.flush().await.expect("the disk takes it");
        assert!(settled(&store, &key, done, locked()).await.is_ok());
        let other = Outcome { kind: OutcomeKind::Failed, at_us: LONG_AFTER, detail: BY_HAND.to_owned() };
        let fault = settled(&store, &key, other, Ok(())).await.unwrap_err();
        assert!(fault.what.ends_with("somebody else settled it at the same time"), "{fault}");
    }

    #[tokio::test]
    async fn of_what_is_under_way_it_is_said_which_process_is_about_it_or_until_when_it_may_be() {
        let store = journal().await;
        let mut record = store.all_intents().await.expect("it reads").remove(0);
        let said = |record: &IntentRecord| row(record, BEGUN + 1);
        let until = "under way  shop.refund  (until 2027-01-15T08:02:00Z, for it is not on record which process is about it)";
        assert!(said(&record).ends_with(until), "{}", said(&record));
        record.process = Process::Lives("4711-1f2e".to_owned());
        assert!(said(&record).ends_with("(process 4711-1f2e is about it)"), "{}", said(&record));
        assert_eq!(object(&record, BEGUN)["process"], "4711-1f2e");
        record.process = Process::Gone;
        assert!(said(&record).ends_with("unknown    shop.refund"), "{}", said(&record));
    }

    #[tokio::test]
    async fn what_is_on_record_as_done_is_not_asked_about_and_that_is_said_and_no_fault() {
        let catalog =
            catalog_at(std::path::Path::new("."), &BTreeMap::new()).expect("the sample agents are sound");
        let tools = Tools { catalog, secrets: Secrets::from_env() };
        let store = journal().await;
        give(&store, &id("CA12/t1"), Found::Done, LONG_AFTER).await.expect("it is unknown");
        store.flush().await.expect("memory takes it");
        let tried = ask_one(&store, &id("CA12/t1"), &tools).await;
        assert_eq!(tried, Ok(vec![(id("CA12/t1"), Some("it is on record as done, which stays".to_owned()))]));
        assert_eq!(ask_all(&store, &tools).await, Ok(Vec::new()));
        let none = ask_one(&store, &id("CA12/t2"), &tools).await.unwrap_err();
        assert_eq!(none.what, "there is no action `CA12/t2`");
    }

    #[tokio::test]
    async fn what_may_be_under_way_and_what_is_not_there_is_not_settled() {
        let store = journal().await;
        for (key, now, what) in [
            ("CA12/t1", LONG_AFTER - 1, "`CA12/t1` may still be under way"),
            ("CA12/t2", LONG_AFTER, "there is no action `CA12/t2`"),
            ("CA13/t1", LONG_AFTER, "there is no action `CA13/t1`"),
        ] {
            let fault = give(&store, &id(key), Found::Failed, now).await.unwrap_err();
            assert!(fault.what.starts_with(what), "{fault}");
        }
        assert_eq!(store.all_intents().await.expect("it reads")[0].state, IntentState::Begun);
    }

    #[test]
    fn an_id_reads_back_as_it_is_listed_and_nothing_else_is_one() {
        for text in ["CA12/t1", "CA12-1/t20/3"] {
            assert_eq!(intent_key(text).expect("an id").to_string(), text);
        }
        for text in ["", "CA12", "CA12/1", "CA12/t1/x", "CA12/t1/0/0", "C A/t1"] {
            assert!(intent_key(text).is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_list_names_the_action_and_not_who_called() {
        let store = journal().await;
        let record = &store.all_intents().await.expect("it reads")[0];
        let listed = format!("{} {}", row(record, LONG_AFTER), object(record, LONG_AFTER));
        assert!(listed.contains("unknown") && listed.contains("CA12-t1") && !listed.contains("34600111222"));
    }

    #[tokio::test]
    async fn what_is_mocked_is_listed_as_that_under_way_or_settled() {
        let store = of_world(World::Mocked).await;
        let under_way = &store.all_intents().await.expect("it reads")[0];
        assert!(row(under_way, BEGUN).ends_with(", mocked)"), "{}", row(under_way, BEGUN));
        assert_eq!(object(under_way, BEGUN)["effects"], "mocked");
        let done = Outcome { kind: OutcomeKind::Done, at_us: BEGUN, detail: "mocked".to_owned() };
        store.settle(id("CA12/t1"), done).expect("the queue has room");
        store.flush().await.expect("memory takes it");
        let done = &store.all_intents().await.expect("it reads")[0];
        assert!(row(done, BEGUN).ends_with("done       shop.refund  (mocked)"), "{}", row(done, BEGUN));
    }
}
