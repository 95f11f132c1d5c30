//! Going on with a call whose process was killed: its journal is folded and compared, and only then gone on with.
//!
//! Promises: one process goes on with a call, and from then on asks alone about its actions; its journal stays one, and folds
//! as a whole; an order that the journal lacks is written down and never carried out; what the store knows of an action, or
//! its system when it is asked, is told first, in the tool's own words where the system brings them.
//! Never: goes on where anything differs: the plan, the build, a line.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::Agent;
use super::probing::{Left, at_resume, sent};
use crate::core::base::{CallId, CallTime, Fault, ProposalId};
use crate::core::call::Vault;
use crate::core::conversation::{Conversation, Event, Outcome, Plan};
use crate::core::journal::{CallFile, Folded, JOURNAL_VERSION, Line, file_line, fold_up};
use crate::integrations::Toolbox;
use crate::store::{CallRecord, CallState, IntentRecord, KILLED, Store};

/// A call that this process goes on with.
pub(super) struct Kept {
    /// Its own id, under which its journal goes on.
    pub(super) call: CallId,
    pub(super) conversation: Conversation,
    /// What was private in what its systems said.
    pub(super) vault: Vault,
    pub(super) answered_us: i64,
    /// The last time of which there is a record.
    pub(super) since: CallTime,
    /// Lines that its journal has, and those that follow from them and are missing.
    pub(super) lines: u32,
    pub(super) missing: Vec<Line>,
    /// Processes that have carried it, this one included.
    pub(super) attempts: u32,
    /// What it has sent and nobody knows the end of, where somebody can be asked.
    pub(super) left: Vec<Left>,
}

/// Why a killed call is not gone on with.
enum Not {
    /// There is none.
    None,
    /// There is one, and it differs in this.
    Differs(&'static str),
    Unread(Fault),
}

impl From<Fault> for Not {
    fn from(fault: Fault) -> Not {
        Not::Unread(fault)
    }
}

/// What a call must have been carried by to be gone on with.
pub(super) struct Now<'a> {
    plan: &'a Arc<Plan>,
    plan_text: &'a str,
    toolbox: &'a Toolbox,
}

impl Now<'_> {
    pub(super) fn of(agent: &Agent) -> Now<'_> {
        Now { plan: &agent.plan, plan_text: &agent.plan_text, toolbox: &agent.toolbox }
    }
}

/// The killed call of a caller who is on a new line, if it can be gone on with; else the conversation begins anew.
pub(super) async fn take_up(store: &Store, now: Now<'_>, call: &CallId, until: Instant) -> Option<Kept> {
    match timeout_at(until, try_to(store, &now, call)).await {
        Ok(Ok(kept)) => {
            let Kept { call: journal, since, lines, attempts, .. } = &kept;
            let missing = kept.missing.len();
            tracing::info!(%call, %journal, %since, lines, missing, attempts, "a call is gone on with");
            Some(kept)
        }
        Ok(Err(Not::None)) => None,
        Ok(Err(Not::Differs(what))) => {
            tracing::warn!(%call, what, "a call of a killed process is not gone on with: its conversation begins anew");
            None
        }
        Ok(Err(Not::Unread(fault))) => {
            let owner = fault.owner;
            tracing::error!(%call, ?owner, %fault, "a call of a killed process could not be read: it begins anew");
            None
        }
        Err(_) => {
            tracing::error!(%call, "a call of a killed process was not read in time: it begins anew");
            None
        }
    }
}

async fn try_to(store: &Store, now: &Now<'_>, carrier_call: &CallId) -> Result<Kept, Not> {
    // Where several gateways carry calls, the carrier may ask another one what comes next.
    store.lose_gone().await?;
    let record = store.call_by_carrier(carrier_call.as_str()).await?.ok_or(Not::None)?;
    if !matches!(&record.state, CallState::Lost { reason } if reason == KILLED) {
        return Err(Not::None);
    }
    same_build_and_plan(store, now, &record).await?;
    let call = record.head.id.clone();
    let file = read(store, &call).await?;
    let since = last_time(&file);
    let first = folded(file.clone(), Arc::clone(now.plan)).await?;
    if !first.file.lines.starts_with(&file.lines) {
        return Err(Not::Differs("the journal does not fold to what was ordered"));
    }
    let left = file.events().any(|(_, event)| *event == Event::HungUp);
    let begun = file.events().any(|(_, event)| matches!(event, Event::Answered(_)));
    if left || !begun || first.conversation.is_ended() {
        return Err(Not::None);
    }
    if !store.take_up(&record).await? {
        return Err(Not::Differs("another process has taken it up"));
    }
    let record_head = record.head.clone();
    // From here on nobody else writes down what became of its actions.
    let taken = Taken { store, call: &call };
    let intents = store.intents(&call).await?;
    let told: Vec<Event> = file.events().map(|(_, event)| event.clone()).collect();
    let (found, left) = at_resume(store, now.toolbox, &record.head, &told, &intents).await?;
    let mut vault = Vault::resumed(&first.conversation);
    let whole = |record: &IntentRecord, outcome| match sent(&record_head, &record.intent, told.iter()) {
        Some(sent) => now.toolbox.whole(&sent, outcome),
        None => outcome,
    };
    let events: Vec<Event> = outcomes(&told, &first.conversation, &intents, &found, whole)
        .into_iter()
        .map(|event| vault.tell(event, &first.conversation).1)
        .collect();
    let last = if events.is_empty() {
        first
    } else {
        let mut more = file.clone();
        more.lines.extend(events.into_iter().map(|event| Line::Event { at: since, event }));
        folded(more, Arc::clone(now.plan)).await?
    };
    taken.keep();
    let lines = u32::try_from(file.lines.len()).unwrap_or(u32::MAX);
    Ok(Kept {
        call,
        conversation: last.conversation,
        vault,
        answered_us: record.head.answered_us,
        since,
        lines,
        missing: last.file.lines[file.lines.len()..].to_vec(),
        attempts: record.attempts + 1,
        left,
    })
}

/// Folding a long call takes a while, and may fall over as its process did.
async fn folded(file: CallFile, plan: Arc<Plan>) -> Result<Folded, Not> {
    let fold = tokio::task::spawn_blocking(move || fold_up(&file, plan));
    fold.await.map_err(|_| Not::Differs("the heart fell over its journal"))
}

/// A call that is this process's, until this is dropped: then it is the next one's.
struct Taken<'a> {
    store: &'a Store,
    call: &'a CallId,
}

impl Taken<'_> {
    /// It stays this process's.
    fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let state = CallState::Lost { reason: KILLED.to_owned() };
        if self.store.set_state(self.call, state).is_err() {
            tracing::error!(call = %self.call, "a call could not be given back; look at the disk");
        }
    }
}

/// What was said under one plan and by one build is gone on with by no other.
async fn same_build_and_plan(store: &Store, now: &Now<'_>, record: &CallRecord) -> Result<(), Not> {
    let head = &record.head;
    if head.schema_version != JOURNAL_VERSION || head.build != env!("CARGO_PKG_VERSION") {
        return Err(Not::Differs("another build wrote it"));
    }
    if head.world != now.toolbox.world() {
        return Err(Not::Differs("its effects went elsewhere"));
    }
    let text = store.plan(head.plan_hash).await?;
    if head.plan_hash != now.plan.hash || text.as_deref() != Some(now.plan_text) {
        return Err(Not::Differs("the agent is another version"));
    }
    Ok(())
}

/// The journal, of which no line is missing before its last.
async fn read(store: &Store, call: &CallId) -> Result<CallFile, Not> {
    let lines = store.journal(call).await?;
    if lines.iter().zip(0_u32..).any(|(line, n)| line.seq != n) {
        return Err(Not::Differs("the journal has a hole"));
    }
    let text: String = lines.iter().map(|line| file_line(line.at, line.text.reveal())).collect();
    CallFile::parse(&text).map_err(|_| Not::Differs("the journal cannot be read"))
}

fn last_time(file: &CallFile) -> CallTime {
    let time = |line: &Line| match line {
        Line::Event { at, .. } => Some(*at),
        Line::Timer { due, .. } => Some(*due),
        Line::Order { .. } => None,
    };
    file.lines.iter().filter_map(time).max().unwrap_or_default()
}

/// What is known of the call's actions and its journal does not say: an outcome, by the store or by a probe, or that nothing
/// had left, since the intent is on disk before the first byte leaves.
fn outcomes(
    told: &[Event],
    conversation: &Conversation,
    intents: &[IntentRecord],
    found: &BTreeMap<ProposalId, Outcome>,
    whole: impl Fn(&IntentRecord, Outcome) -> Outcome,
) -> Vec<Event> {
    let mut events = Vec::new();
    for proposal in conversation.acting() {
        if intents.iter().all(|record| record.intent.key.proposal != proposal) {
            let why = "it was not sent: the call was cut off before".to_owned();
            events.push(Event::Settled { proposal, outcome: Outcome::Failed { why } });
        }
    }
    let is_last = |record: &&IntentRecord| {
        let key = &record.intent.key;
        intents
            .iter()
            .all(|other| other.intent.key.proposal != key.proposal || other.intent.key.step <= key.step)
    };
    let open = intents.iter().filter(|record| !is_told(told, record.intent.key.proposal));
    for record in open.filter(is_last) {
        let proposal = record.intent.key.proposal;
        let outcome = if let Some(known) = found.get(&proposal) {
            known.clone()
        } else if record.is_done() {
            // What the answer held is gone, and nobody says it again; that it was done is not.
            whole(record, Outcome::Done { result: serde_json::json!({}) })
        } else if record.has_failed() {
            whole(record, Outcome::Failed { why: "it is on record as failed".to_owned() })
        } else {
            match whole(record, Outcome::Unknown) {
                // That nobody knows the conversation finds out by itself.
                Outcome::Unknown => continue,
                partly => partly,
            }
        };
        events.push(Event::Settled { proposal, outcome });
    }
    events
}

/// Whether the conversation knows what became of it.
pub(super) fn is_told(events: &[Event], proposal: ProposalId) -> bool {
    let known = |event: &Event| {
        let Event::Settled { proposal: of, outcome } = event else { return false };
        *of == proposal && !outcome.is_open()
    };
    events.iter().any(known)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use serde_json::json;

    use super::super::probing::tests::{exchange, toolbox};
    use super::*;
    use crate::core::base::{Digest, Private, ToolName, World};
    use crate::core::journal::write_event;
    use crate::core::language::Language;
    use crate::core::sim::script_plan;
    use crate::integrations::Exchange;
    use crate::store::{self, CallHead, Intent, IntentKey, IntentState, OutcomeKind};

    /// A call whose refund has left: the events of a script, with what was ordered.
    const LEFT: &str = include_str!("../../tests/calls/resume/action-running.call");

    struct House {
        store: Store,
        plan: Arc<Plan>,
        text: String,
        call: CallId,
        toolbox: Toolbox,
    }

    impl House {
        /// A journal with those lines of the call, under that plan's hash, whose process is still there.
        async fn with(lines: &[Line], hash: &[u8]) -> House {
            let store = Store::in_memory().await.expect("memory takes a database");
            let mut plan = script_plan("en").expect("the plan has that name");
            plan.hash = Digest::of_bytes(b"plan");
            let text = serde_json::to_string(&plan).expect("a plan is text");
            let call = CallId::parse("CA1").expect("a call id");
            let head = CallHead {
                id: call.clone(),
                carrier_call: call.to_string(),
                agent: plan.agent.clone(),
                plan_hash: Digest::of_bytes(hash),
                schema_version: JOURNAL_VERSION,
                build: env!("CARGO_PKG_VERSION").to_owned(),
                caller: Private::new("+34600111222"),
                called: String::new(),
                answered_us: 1,
                world: World::Mocked,
            };
            store.open_call(head, text.as_str().into()).expect("the queue has room");
            for (seq, line) in (0..).zip(lines) {
                let (at, line) = match line {
                    Line::Event { at, event } => (*at, format!("< {}", write_event(event))),
                    Line::Timer { due, name } => (*due, format!(". {name}")),
                    Line::Order { text } => (CallTime::ANSWER, format!("> {text}")),
                };
                store.append(&call, seq, at, line).expect("the queue has room");
            }
            store.flush().await.expect("the disk takes it");
            let toolbox = Toolbox::mocked(Language::English, "USD", &[], Vec::new());
            House { store, plan: Arc::new(plan), text, call, toolbox }
        }

        /// Its process was killed, as the next one finds out.
        async fn killed(lines: &[Line]) -> House {
            let house = House::with(lines, b"plan").await;
            assert_eq!(house.store.lose_live().await, Ok(1));
            house
        }

        async fn begins(&self) {
            let begun = self.store.begin(Intent {
                key: self.refund(),
                tool: ToolName("shop.refund".into()),
                digest: Digest::parse("77dd8a1cedc78b1a5053ce91601d2dbb").expect("as in the script"),
                idempotency_key: None,
                caller: Private::new("+34600111222"),
                begun_us: 2,
                admin: None,
            });
            begun.await.expect("it is new");
        }

        fn refund(&self) -> IntentKey {
            IntentKey { call: self.call.clone(), proposal: ProposalId(1), step: 0 }
        }

        async fn take_up(&self) -> Result<Kept, Not> {
            let now = Now { plan: &self.plan, plan_text: &self.text, toolbox: &self.toolbox };
            try_to(&self.store, &now, &self.call).await
        }

        async fn refused(&self) -> &'static str {
            match self.take_up().await {
                Ok(_) => "it is gone on with",
                Err(Not::None) => "there is none",
                Err(Not::Differs(what)) => what,
                Err(Not::Unread(fault)) => panic!("{fault}"),
            }
        }
    }

    /// Up to the death of its process.
    fn lines() -> Vec<Line> {
        let mut lines = CallFile::parse(LEFT).expect("the script is well formed").lines;
        let death = |line: &Line| matches!(line, Line::Event { event: Event::Resumed(_), .. });
        lines.truncate(lines.iter().position(death).expect("it dies"));
        lines
    }

    fn settled(kept: &Kept) -> Vec<Outcome> {
        let outcome = |line: &Line| match line {
            Line::Event { event: Event::Settled { outcome, .. }, .. } => Some(outcome.clone()),
            Line::Event { .. } | Line::Timer { .. } | Line::Order { .. } => None,
        };
        kept.missing.iter().filter_map(outcome).collect()
    }

    #[tokio::test]
    async fn a_call_is_gone_on_with_once_and_what_had_left_and_has_no_outcome_keeps_none() {
        let house = House::with(&lines(), b"plan").await;
        house.begins().await;
        assert_eq!(house.refused().await, "there is none", "its process may live");
        assert_eq!(house.store.lose_live().await, Ok(1));
        let kept = house.take_up().await.unwrap_or_else(|_| panic!("it is gone on with"));
        assert_eq!((kept.since, kept.lines as usize, kept.attempts), (CallTime(8_250), lines().len(), 2));
        assert!(kept.missing.is_empty() && !kept.conversation.acting().is_empty());
        let record = house.store.call(&house.call).await.expect("it reads").expect("it is there");
        assert_eq!((record.state, record.attempts), (CallState::Live, 2));
        let intents = house.store.intents(&house.call).await.expect("it reads");
        let unknown =
            |state: &IntentState| matches!(state, IntentState::Settled(o) if o.kind == OutcomeKind::Unknown);
        assert!(unknown(&intents[0].state), "{intents:?}");
        assert_eq!(house.refused().await, "there is none", "it is somebody's now");
    }

    #[tokio::test]
    async fn a_call_that_was_taken_up_for_nobody_is_the_next_ones() {
        let house = House::killed(&lines()).await;
        let record = house.store.call(&house.call).await.expect("it reads").expect("it is there");
        let mut given_up = Box::pin(house.store.take_up(&record));
        assert!((&mut given_up).now_or_never().is_none(), "it waits for the disk");
        drop(given_up);
        // The first has it taken up, the second given back.
        for _ in 0..2 {
            house.store.flush().await.expect("memory takes it");
        }
        assert!(house.take_up().await.is_ok());
    }

    #[tokio::test]
    async fn orders_that_the_disk_had_not_got_are_written_down_and_what_had_no_intent_was_not_sent() {
        let mut short = lines();
        let run = |line: &Line| matches!(line, Line::Order { text } if text.starts_with("run "));
        short.truncate(short.iter().position(run).expect("it runs"));
        let house = House::killed(&short).await;
        let kept = house.take_up().await.unwrap_or_else(|_| panic!("it is gone on with"));
        assert!(run(&kept.missing[0]), "{:?}", kept.missing);
        assert!(matches!(&settled(&kept)[..], [Outcome::Failed { .. }]), "{:?}", kept.missing);
        assert!(kept.conversation.acting().is_empty());
    }

    #[tokio::test]
    async fn an_outcome_that_the_store_has_and_the_journal_lacks_is_told_first() {
        for (kind, done) in [(OutcomeKind::Done, true), (OutcomeKind::Failed, false)] {
            let house = House::with(&lines(), b"plan").await;
            house.begins().await;
            let outcome = store::Outcome { kind, at_us: 3, detail: String::new() };
            house.store.settle(house.refund(), outcome).expect("the queue has room");
            assert_eq!(house.store.lose_live().await, Ok(1));
            let kept = house.take_up().await.unwrap_or_else(|_| panic!("it is gone on with"));
            let told = settled(&kept);
            assert!(told.len() == 1 && matches!(told[0], Outcome::Done { .. }) == done, "{told:?}");
        }
    }

    /// A shop that says whether it has the refund, and to which card it went.
    fn shop_that_says(has: &str) -> Toolbox {
        let answer = json!({"has": has, "amount": "20.00", "card": "4111 1111 1111 1111"});
        let map = ["amount", "card"].map(|name| (name.to_owned(), name.to_owned())).into();
        toolbox(Exchange { map, ..exchange("/orders/{{ order }}/refunds", answer) }, "has == 'it'")
    }

    #[tokio::test]
    async fn what_its_system_says_is_told_in_its_words_also_of_what_somebody_else_has_found_done() {
        let done = store::Outcome { kind: OutcomeKind::Done, at_us: 3, detail: String::new() };
        for on_record in [None, Some(&done)] {
            let mut house = House::with(&lines(), b"plan").await;
            house.begins().await;
            assert_eq!(house.store.lose_live().await, Ok(1));
            if let Some(known) = on_record {
                house.store.settle_left(house.refund(), known.clone()).expect("the queue has room");
                house.store.flush().await.expect("memory takes it");
            }
            house.toolbox = shop_that_says("it");
            let kept = house.take_up().await.unwrap_or_else(|_| panic!("it is gone on with"));
            // What is private in them is in no journal, and known to the call.
            let result = json!({"amount": "20.00", "card": "⟦card 1⟧"});
            assert_eq!(settled(&kept), [Outcome::Done { result }]);
            assert_ne!(kept.vault.spoken("⟦card 1⟧"), "⟦card 1⟧");
            house.store.flush().await.expect("memory takes it");
            assert!(house.store.intents(&house.call).await.expect("it reads")[0].is_done());
        }
    }

    #[tokio::test]
    async fn what_is_on_record_as_done_is_done_whatever_its_system_says_now() {
        let mut house = House::with(&lines(), b"plan").await;
        house.begins().await;
        assert_eq!(house.store.lose_live().await, Ok(1));
        let done = store::Outcome { kind: OutcomeKind::Done, at_us: 3, detail: String::new() };
        house.store.settle_left(house.refund(), done).expect("the queue has room");
        house.store.flush().await.expect("memory takes it");
        house.toolbox = shop_that_says("nothing, for good");
        let kept = house.take_up().await.unwrap_or_else(|_| panic!("it is gone on with"));
        assert_eq!(settled(&kept), [Outcome::Done { result: json!({}) }]);
    }

    #[tokio::test]
    async fn a_call_whose_take_up_is_given_up_after_it_was_taken_is_the_next_ones() {
        let house = House::killed(&lines()).await;
        let record = house.store.call(&house.call).await.expect("it reads").expect("it is there");
        assert_eq!(house.store.take_up(&record).await, Ok(true));
        assert_eq!(house.refused().await, "there is none");
        drop(Taken { store: &house.store, call: &house.call });
        house.store.flush().await.expect("memory takes it");
        assert!(house.take_up().await.is_ok());
    }

    #[tokio::test]
    async fn what_differs_in_anything_or_whose_caller_had_left_is_not_gone_on_with() {
        let mut otherwise = lines();
        let greeting = otherwise.iter_mut().find_map(|line| match line {
            Line::Order { text } => Some(text),
            Line::Event { .. } | Line::Timer { .. } => None,
        });
        let greeting = greeting.expect("it greets");
        let in_its_words = greeting.rfind('"').expect("it says something");
        greeting.insert_str(in_its_words, " and more");
        let mut left = lines();
        left.push(Line::Event { at: CallTime(9_000), event: Event::HungUp });
        let differs = "the journal does not fold to what was ordered";
        for (lines, why) in [(otherwise, differs), (left, "there is none"), (Vec::new(), "there is none")] {
            assert_eq!(House::killed(&lines).await.refused().await, why);
        }
        let other = House::with(&lines(), b"another plan").await;
        assert_eq!(other.store.lose_live().await, Ok(1));
        assert_eq!(other.refused().await, "the agent is another version");
        let hole = House::killed(&lines()[..4]).await;
        hole.store
            .append(&hole.call, 9, CallTime(9_000), "< hung-up".to_owned())
            .expect("the queue has room");
        hole.store.flush().await.expect("the disk takes it");
        assert_eq!(hole.refused().await, "the journal has a hole");
    }
}
