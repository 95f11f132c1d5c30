//! `centralita effects`: what calls have done, and what nobody knows the outcome of.
//!
//! Promises: only what is unknown is settled, and what was settled is shown; what may still be under way is left alone.
//! Never: sends anything, or shows who called.

use std::fmt;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Done, Verdict, render};
use crate::core::base::{Fault, Owner, World};
use crate::store::{IntentKey, IntentRecord, IntentState, Outcome, OutcomeKind, Store, now_us};

/// How long after its beginning an action may still be under way: a request takes a minute at most, and its intent a
/// few seconds.
const UNDER_WAY_MAX_US: i64 = 120 * 1_000_000;

/// What is on record beside an outcome that a person has found out.
const BY_HAND: &str = "settled by hand";

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
    }
}

async fn list(args: &List) -> Done {
    let store = Store::open_to_read(&args.journal).await?;
    let now = now_us();
    let mut records = store.all_intents().await?;
    records.retain(|record| !args.unknown || Standing::of(record, now) == Standing::Unknown);
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

/// Gives the store what became of an unknown action, and says what it gave.
async fn give(store: &Store, id: &IntentKey, found: Found, now: i64) -> Result<Outcome, Fault> {
    let known = of(store, id).await?.ok_or_else(|| {
        Fault::new(
            Owner::Admin,
            format!("there is no action `{id}`"),
            "`centralita effects list` shows them all",
        )
    })?;
    let refused = |what: String, remedy: &str| Err(Fault::new(Owner::Admin, what, remedy));
    match Standing::of(&known, now) {
        Standing::Unknown => {}
        Standing::UnderWay => {
            let remedy = "settle it two minutes after it began, if it is unknown then";
            return refused(format!("`{id}` may still be under way"), remedy);
        }
        standing @ (Standing::Done | Standing::Failed) => {
            return refused(
                format!("`{id}` is {standing}, which stays"),
                "only what is unknown can be settled",
            );
        }
    }
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

/// Where an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    UnderWay,
    Unknown,
    Done,
    Failed,
}

impl Standing {
    /// What was begun so long ago that nothing of it can be under way has no known outcome.
    fn of(record: &IntentRecord, now: i64) -> Standing {
        match &record.state {
            IntentState::Begun if now.saturating_sub(record.intent.begun_us) < UNDER_WAY_MAX_US => {
                Standing::UnderWay
            }
            IntentState::Begun => Standing::Unknown,
            IntentState::Settled(outcome) => match outcome.kind {
                OutcomeKind::Done => Standing::Done,
                OutcomeKind::Failed => Standing::Failed,
                OutcomeKind::Unknown => Standing::Unknown,
            },
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Standing::UnderWay => "under way",
            Standing::Unknown => "unknown",
            Standing::Done => "done",
            Standing::Failed => "failed",
        })
    }
}

/// `CA12/t1  2026-11-29T06:10:00Z  unknown    shop.refund`
fn row(record: &IntentRecord, now: i64) -> String {
    let intent = &record.intent;
    let detail = detail(record).map(|detail| format!("  ({detail})")).unwrap_or_default();
    let id = intent.key.to_string();
    format!("{id:<24}  {}  {:<9}  {}{detail}", when(intent.begun_us), Standing::of(record, now), intent.tool)
}

fn object(record: &IntentRecord, now: i64) -> Value {
    let intent = &record.intent;
    json!({
        "id": intent.key.to_string(),
        "begun": when(intent.begun_us),
        "state": Standing::of(record, now).to_string(),
        "tool": &*intent.tool.0,
        "key": intent.idempotency_key,
        "detail": detail(record),
        "effects": record.world.word(),
    })
}

/// What is on record beside its outcome; of a call whose effects were mocked that too, settled or not.
fn detail(record: &IntentRecord) -> Option<String> {
    let detail = match &record.state {
        IntentState::Begun => "",
        IntentState::Settled(outcome) => outcome.detail.as_str(),
    };
    let mocked =
        Some(World::Mocked.word()).filter(|word| record.world == World::Mocked && !detail.contains(*word));
    let parts: Vec<&str> =
        Some(detail).filter(|detail| !detail.is_empty()).into_iter().chain(mocked).collect();
    Some(parts.join(", ")).filter(|detail| !detail.is_empty())
}

/// In UTC, to the second.
fn when(us: i64) -> String {
    Timestamp::from_microsecond(us).map_or_else(|_| us.to_string(), |at| at.strftime("%FT%TZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::base::{CallId, Digest, Private, ToolName};
    use crate::store::{CallHead, Intent};

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
    async fn what_may_be_under_way_and_what_is_not_there_is_not_settled() {
        let store = journal().await;
        for (key, now, what) in [
            ("CA12/t1", LONG_AFTER - 1, "`CA12/t1` may still be under way"),
            ("CA12/t2", LONG_AFTER, "there is no action `CA12/t2`"),
            ("CA13/t1", LONG_AFTER, "there is no action `CA13/t1`"),
        ] {
            assert_eq!(give(&store, &id(key), Found::Failed, now).await.unwrap_err().what, what);
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
        assert!(
            row(under_way, BEGUN).ends_with("under way  shop.refund  (mocked)"),
            "{}",
            row(under_way, BEGUN)
        );
        assert_eq!(object(under_way, BEGUN)["effects"], "mocked");
        let done = Outcome { kind: OutcomeKind::Done, at_us: BEGUN, detail: "mocked".to_owned() };
        store.settle(id("CA12/t1"), done).expect("the queue has room");
        store.flush().await.expect("memory takes it");
        let done = &store.all_intents().await.expect("it reads")[0];
        assert!(row(done, BEGUN).ends_with("done       shop.refund  (mocked)"), "{}", row(done, BEGUN));
    }
}
