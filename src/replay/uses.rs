//! Every use of a tool that the journals of a database tell of: what ran in calls, and what was done by hand.
//!
//! Promises: of a line no more than its first words is looked at, so that no argument, result or reason gets further.
//! Never: writes; judges.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use crate::core::base::{Digest, Fault, World};
use crate::core::conversation::{Effects, Plan};
use crate::store::{IntentRecord, Standing, Store, ToolLine};

/// One use of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// When it was asked for, in microseconds since 1970 in UTC.
    pub at_us: i64,
    /// `CA12/t1`.
    pub id: String,
    /// Empty where no agent had it done.
    pub agent: String,
    /// `integration.tool`.
    pub tool: String,
    pub effects: Effects,
    pub came: Came,
    /// From asked for to known, in milliseconds; of an action from its leave on.
    pub took_ms: Option<u64>,
    pub proof: Proof,
    pub world: World,
    /// Who had it done outside any call.
    pub by: Option<String>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// An action, asked about and not done: what it only reads was read.
    Prepared,
    Done,
    /// Of several steps some are done, and the rest is known not to be.
    Partly,
    Failed,
    /// Nothing was sent, by a rule of the gateway's own.
    Withheld,
    /// It was sent, or one of its steps was, and nobody knows.
    Unknown,
    /// Nobody has written down how it ended.
    UnderWay,
}

/// What was found out about who is calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The tool proves nothing, or it did not come to that.
    None,
    Held,
    Failed,
    /// Nothing was sent, after too many tries.
    Locked,
}

impl Use {
    /// The id of its integration.
    #[must_use]
    pub fn integration(&self) -> &str {
        self.tool.split('.').next().unwrap_or_default()
    }
}

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Came::Prepared => "prepared",
            Came::Done => "done",
            Came::Partly => "partly",
            Came::Failed => "failed",
            Came::Withheld => "withheld",
            Came::Unknown => "unknown",
            Came::UnderWay => "under way",
        })
    }
}

impl Proof {
    /// Nothing where there is nothing to say.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        match self {
            Proof::None => None,
            Proof::Held => Some("proven"),
            Proof::Failed => Some("not proven"),
            Proof::Locked => Some("locked"),
        }
    }
}

/// All uses in calls that were answered since then, in microseconds since 1970, and by hand since then; the oldest first.
///
/// # Errors
/// The database cannot be read.
pub async fn uses(store: &Store, since_us: i64, now_us: i64) -> Result<Vec<Use>, Fault> {
    let lines = store.tool_lines(since_us).await?;
    let mut records = store.all_intents().await?;
    records.sort_by(|a, b| a.intent.key.cmp(&b.intent.key));
    let mut tools = BTreeMap::new();
    for line in &lines {
        if let Entry::Vacant(free) = tools.entry(line.plan_hash) {
            free.insert(tools_of(store, line.plan_hash).await?);
        }
    }
    let mut found = BTreeMap::new();
    for line in &lines {
        take(&mut found, line, tools.get(&line.plan_hash));
    }
    // The steps of a wish, in their order.
    for steps in records.chunk_by(is_one_wish) {
        let [first, ..] = steps else { continue };
        let id = format!("{}/{}", first.intent.key.call, first.intent.key.proposal);
        match found.get_mut(&id) {
            // What became known after the call is on record there alone.
            Some(known) => known.came = came(known.came, steps, &records, now_us),
            None if first.intent.admin.is_some() && first.intent.begun_us >= since_us => {
                let came = came(Came::UnderWay, steps, &records, now_us);
                found.insert(id.clone(), by_hand(id, first, came));
            }
            None => {}
        }
    }
    let mut uses: Vec<Use> = found.into_values().collect();
    uses.sort_by(|a, b| (a.at_us, &a.id).cmp(&(b.at_us, &b.id)));
    Ok(uses)
}

/// The tools of a plan: whether each acts, and whether it proves who calls.
type Tools = BTreeMap<String, (Effects, bool)>;

/// None of a plan that this build cannot read.
async fn tools_of(store: &Store, plan: Digest) -> Result<Tools, Fault> {
    let text = store.plan(plan).await?.unwrap_or_default();
    let plan: Option<Plan> = serde_json::from_str(&text).ok();
    let tools = plan.into_iter().flat_map(|plan| plan.tools);
    Ok(tools.map(|tool| (tool.name.to_string(), (tool.effects, !tool.identity.proofs.is_empty()))).collect())
}

fn take(found: &mut BTreeMap<String, Use>, line: &ToolLine, tools: Option<&Tools>) {
    let mut words = line.text.reveal().split(' ');
    let (Some(kind), Some(verb), Some(proposal)) = (words.next(), words.next(), words.next()) else { return };
    let (id, next) = (format!("{}/{proposal}", line.call), words.next().unwrap_or_default());
    let known = |tool: &str| tools.and_then(|tools| tools.get(tool)).copied();
    match (kind, verb) {
        (">", "prepare" | "run") => {
            let (effects, _) = known(next).unwrap_or((Effects::None, false));
            // What was proven before the question stays so.
            let proof = found.get(&id).map_or(Proof::None, |prepared: &Use| prepared.proof);
            found.insert(
                id.clone(),
                Use {
                    at_us: line.at_us,
                    id,
                    agent: line.agent.clone(),
                    tool: next.to_owned(),
                    effects,
                    came: Came::UnderWay,
                    took_ms: None,
                    proof,
                    world: line.world,
                    by: None,
                },
            );
        }
        ("<", verb) => {
            let Some(one) = found.get_mut(&id) else { return };
            let proves = known(&one.tool).is_some_and(|(_, proves)| proves);
            let (came, proof) = match (verb, next) {
                ("prepared", _) => (Came::Prepared, held(proves)),
                ("settled", "done") => (Came::Done, held(proves)),
                ("settled", "partly") if words.next() == Some("not-done") => (Came::Partly, one.proof),
                ("settled", "partly" | "unknown") => (Came::Unknown, one.proof),
                ("settled", "withheld") => (Came::Withheld, one.proof),
                ("unproven", "locked") => (Came::Failed, Proof::Locked),
                ("unproven", _) => (Came::Failed, Proof::Failed),
                ("settled" | "unprepared", _) => (Came::Failed, one.proof),
                (_, _) => return,
            };
            one.came = came;
            one.proof = proof;
            // What comes later is what somebody has found out.
            one.took_ms = one.took_ms.or_else(|| u64::try_from((line.at_us - one.at_us) / 1_000).ok());
        }
        (_, _) => {}
    }
}

fn held(proves: bool) -> Proof {
    if proves { Proof::Held } else { Proof::None }
}

fn is_one_wish(a: &IntentRecord, b: &IntentRecord) -> bool {
    let (a, b) = (&a.intent.key, &b.intent.key);
    (&a.call, a.proposal) == (&b.call, b.proposal)
}

/// What came of a wish by the last of its steps that left, where the journal says this of it. `all` are the steps of all.
fn came(told: Came, steps: &[IntentRecord], all: &[IntentRecord], now_us: i64) -> Came {
    let Some(last) = steps.last() else { return told };
    let (of, step) = (&last.intent, last.intent.key.step);
    // Of this wish, or of an earlier one of the call where it went on.
    let is_part_done = |other: &IntentRecord| {
        let key = &other.intent.key;
        let is_same = (&other.intent.tool, other.intent.digest) == (&of.tool, of.digest);
        key.call == of.key.call && is_same && key.step < step && other.is_done()
    };
    // Where nobody wrote down how the whole ended, a tool of which a later step was ever sent has more of them.
    let has_more = |other: &IntentRecord| other.intent.tool == of.tool && other.intent.key.step > step;
    match last.standing(now_us) {
        Standing::UnderWay => Came::UnderWay,
        Standing::Unknown => Came::Unknown,
        Standing::Failed if step > 0 && all.iter().any(is_part_done) => Came::Partly,
        Standing::Failed => Came::Failed,
        Standing::Done if told == Came::Partly => Came::Partly,
        Standing::Done if told != Came::Done && all.iter().any(has_more) => Came::Partly,
        Standing::Done => Came::Done,
    }
}

fn by_hand(id: String, record: &IntentRecord, came: Came) -> Use {
    Use {
        at_us: record.intent.begun_us,
        id,
        agent: String::new(),
        tool: record.intent.tool.to_string(),
        effects: Effects::Irreversible,
        came,
        took_ms: None,
        proof: Proof::None,
        world: record.world,
        by: record.intent.admin.as_ref().map(|admin| admin.user.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::base::{CallId, CallTime, Private, ProposalId, ToolName};
    use crate::core::sim::script_plan;
    use crate::store::{Admin, CallHead, Intent, IntentKey, Outcome, OutcomeKind};

    const ANSWERED: i64 = 1_800_000_000_000_000;

    fn head(id: &str, plan: Digest) -> CallHead {
        CallHead {
            id: CallId::parse(id).expect("a call id"),
            carrier_call: id.to_owned(),
            agent: "shop".into(),
            plan_hash: plan,
            schema_version: 1,
            build: String::new(),
            world: World::Real,
            caller: Private::new("+34600111222"),
            called: String::new(),
            answered_us: ANSWERED,
        }
    }

    async fn told(lines: &[(u32, &str)]) -> (Store, Vec<Use>) {
        let store = Store::in_memory().await.expect("memory takes a database");
        let plan = script_plan("en").expect("the plan has that name");
        let text = serde_json::to_string(&plan).expect("a plan is JSON");
        let head = head("CA1", plan.hash);
        let call = head.id.clone();
        drop(store.open_call(head, text.into()).expect("the queue has room"));
        for (seq, (at, line)) in (0..).zip(lines) {
            store.append(&call, seq, CallTime(*at), (*line).to_owned()).expect("the queue has room");
        }
        store.flush().await.expect("memory takes it");
        let all = uses(&store, 0, ANSWERED + 1).await.expect("it reads");
        (store, all)
    }

    #[tokio::test]
    async fn each_use_is_told_once_with_how_it_ended_and_how_long_it_took() {
        let (_, all) = told(&[
            (1_000, "> run t1 shop.order_status {\"order\":\"1182\"} key=t1 action=x unasked"),
            (1_250, "< settled t1 done {\"item\":\"lamp\"}"),
            (2_000, "> prepare t2 shop.refund {\"order\":\"1182\"}"),
            (2_100, "< prepared t2 00 {}"),
            (3_000, "> prepare t3 shop.refund {\"order\":\"1182\"}"),
            (3_100, "< prepared t3 00 {}"),
            (9_000, "> run t3 shop.refund {\"order\":\"1182\"} key=t3 action=x confirmed"),
            (9_900, "< settled t3 unknown"),
            (12_000, "< settled t3 done {}"),
            (13_000, "> prepare t4 shop.refund {}"),
            (13_050, "< unproven t4 failed \"no\""),
            (14_000, "> run t5 shop.order_status {} key=t5 action=x unasked"),
        ])
        .await;
        let short: Vec<_> =
            all.iter().map(|one| (one.id.as_str(), one.came, one.took_ms, one.proof.word())).collect();
        assert_eq!(
            short,
            [
                ("CA1/t1", Came::Done, Some(250), None),
                ("CA1/t2", Came::Prepared, Some(100), None),
                ("CA1/t3", Came::Done, Some(900), None),
                ("CA1/t4", Came::Failed, Some(50), Some("not proven")),
                ("CA1/t5", Came::UnderWay, None, None),
            ]
        );
        assert_eq!(all[0].at_us, ANSWERED + 1_000_000);
        assert!(!format!("{all:?}").contains("lamp") && !format!("{all:?}").contains("1182"));
    }

    #[tokio::test]
    async fn what_was_done_by_hand_is_a_use_too_and_what_became_known_later_counts() {
        let (store, _) = told(&[(1_000, "> run t1 shop.refund {} key=t1 action=x confirmed")]).await;
        let intent = |call: &str, admin: Option<Admin>| Intent {
            key: IntentKey {
                call: CallId::parse(call).expect("a call id"),
                proposal: ProposalId(1),
                step: 0,
            },
            tool: ToolName("shop.refund".into()),
            digest: Digest::of_bytes(b"twenty"),
            idempotency_key: None,
            caller: Private::new(""),
            begun_us: ANSWERED + 2_000_000,
            admin,
        };
        let ana = Admin { user: "ana".into(), reason: "a test".into() };
        let plan = script_plan("en").expect("the plan has that name").hash;
        drop(store.open_call(head("hand-1", plan), "".into()).expect("the queue has room"));
        for intent in [intent("CA1", None), intent("hand-1", Some(ana))] {
            let key = intent.key.clone();
            store.begin(intent).await.expect("it is new");
            let outcome = Outcome { kind: OutcomeKind::Failed, at_us: 1, detail: String::new() };
            store.settle(key, outcome).expect("the queue has room");
        }
        store.flush().await.expect("memory takes it");
        let all = uses(&store, 0, ANSWERED).await.expect("it reads");
        let short: Vec<_> = all.iter().map(|one| (one.id.as_str(), one.came, one.by.as_deref())).collect();
        assert_eq!(short, [("CA1/t1", Came::Failed, None), ("hand-1/t1", Came::Failed, Some("ana"))]);
    }

    /// The uses after these lines and these steps of `shop.refund`: call, wish, step, and how it ended.
    async fn came_of(lines: &[(u32, &str)], steps: &[(&str, u32, u32, Option<OutcomeKind>)]) -> Vec<String> {
        let (store, _) = told(lines).await;
        let plan = script_plan("en").expect("the plan has that name").hash;
        drop(store.open_call(head("hand-1", plan), "".into()).expect("the queue has room"));
        for (at, (call, wish, step, kind)) in (0..).zip(steps) {
            let call = CallId::parse(call).expect("a call id");
            let is_by_hand = call.to_string().starts_with("hand");
            let key = IntentKey { call, proposal: ProposalId(*wish), step: *step };
            let intent = Intent {
                key: key.clone(),
                tool: ToolName("shop.refund".into()),
                digest: Digest::of_bytes(b"twenty"),
                idempotency_key: None,
                caller: Private::new(""),
                begun_us: ANSWERED + 2_000_000 + at,
                admin: is_by_hand.then(|| Admin { user: "ana".into(), reason: "a test".into() }),
            };
            store.begin(intent).await.expect("it is new");
            if let Some(kind) = *kind {
                let outcome = Outcome { kind, at_us: 1, detail: String::new() };
                store.settle(key, outcome).expect("the queue has room");
            }
        }
        store.flush().await.expect("memory takes it");
        let all = uses(&store, 0, i64::MAX).await.expect("it reads");
        all.iter().map(|one| format!("{} {}", one.id, one.came)).collect()
    }

    #[tokio::test]
    async fn what_is_done_in_part_is_not_told_as_done() {
        let (done, failed) = (Some(OutcomeKind::Done), Some(OutcomeKind::Failed));
        let unknown = Some(OutcomeKind::Unknown);
        let run = (1_000, "> run t1 shop.refund {} key=t1 action=x confirmed");
        let partly = (2_000, "< settled t1 partly not-done \"no\" {}");
        let all = came_of(&[run, partly], &[("CA1", 1, 0, done), ("CA1", 1, 1, failed)]).await;
        assert_eq!(all, ["CA1/t1 partly"]);
        assert_eq!(came_of(&[run, partly], &[("CA1", 1, 0, done)]).await, ["CA1/t1 partly"]);
        // Nobody was there to write down how it ended.
        let all = came_of(&[run], &[("CA1", 1, 0, done), ("CA1", 1, 1, failed)]).await;
        assert_eq!(all, ["CA1/t1 partly"]);
        let all = came_of(&[run], &[("CA1", 1, 0, done), ("CA1", 1, 1, unknown)]).await;
        assert_eq!(all, ["CA1/t1 unknown"]);
        let partly = (2_000, "< settled t1 partly unknown \"no\" {}");
        assert_eq!(came_of(&[run, partly], &[]).await, ["CA1/t1 unknown"]);
        let all = came_of(&[run, partly], &[("CA1", 1, 0, done), ("CA1", 1, 1, done)]).await;
        assert_eq!(all, ["CA1/t1 done"], "it was found out later");
        let whole = (2_000, "< settled t1 done {}");
        let all = came_of(&[run, whole], &[("CA1", 1, 0, done), ("CA1", 1, 1, done)]).await;
        assert_eq!(all, ["CA1/t1 done"]);
        let withheld = (2_000, "< settled t1 withheld spent");
        assert_eq!(came_of(&[run, withheld], &[]).await, ["CA1/t1 withheld"]);
    }

    #[tokio::test]
    async fn a_wish_that_goes_on_where_an_earlier_one_stopped_is_judged_with_it() {
        let (done, failed) = (Some(OutcomeKind::Done), Some(OutcomeKind::Failed));
        let run = |at, wish| (at, format!("> run {wish} shop.refund {{}} key=t1 action=x confirmed"));
        let runs = [run(1_000, "t1"), run(2_000, "t2")];
        let runs: Vec<(u32, &str)> = runs.iter().map(|(at, line)| (*at, line.as_str())).collect();
        let first = [("CA1", 1, 0, done), ("CA1", 1, 1, failed)];
        let all = came_of(&runs, &[first[0], first[1], ("CA1", 2, 1, failed)]).await;
        assert_eq!(all, ["CA1/t1 partly", "CA1/t2 partly"]);
        let all = came_of(&runs, &[first[0], first[1], ("CA1", 2, 1, done)]).await;
        assert_eq!(all, ["CA1/t1 partly", "CA1/t2 done"]);
    }

    #[tokio::test]
    async fn an_action_by_hand_is_one_use_however_many_steps_it_has() {
        let (done, failed) = (Some(OutcomeKind::Done), Some(OutcomeKind::Failed));
        let all = came_of(&[], &[("hand-1", 1, 0, done), ("hand-1", 1, 1, failed)]).await;
        assert_eq!(all, ["hand-1/t1 partly"]);
        let all = came_of(&[], &[("hand-1", 1, 0, done), ("hand-1", 1, 1, done)]).await;
        assert_eq!(all, ["hand-1/t1 done"]);
    }
}
