//! One action by an admin, outside any call: on record as those of callers are.
//!
//! Promises: its intent is on disk, with who has it done and why, before a byte leaves, and what became of it after; what
//! may have been sent already, by whomever, is not sent again as if it were new, nor is what is done in part begun anew.
//! Never: asks whether it is meant; who calls this has asked.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use super::ports::StoreLog;
use super::{Acting, Past, Tenure, drop_whole};
use crate::core::base::{CallTime, Fault, Owner, ProposalId, ToolName};
use crate::core::call::PrivateValues;
use crate::core::conversation::{ActionKey, Outcome, Permit, Unproven};
use crate::integrations::{Leave, Prepared, Registry};
use crate::store::{Admin, CallHead, CallState, IntentRecord, Standing, Store, now_us};

/// How long the record may take to take a head: somebody waits at a terminal.
const RECORD: Duration = Duration::from_secs(5);
/// Why such a call is over.
const OVER: &str = "done by hand";

/// A prepared action, and who answers for it.
#[derive(Debug)]
pub struct ByHand<'a> {
    /// Its registry's call: an id that no other has.
    pub head: CallHead,
    /// The text of the plan it is done by.
    pub plan: Arc<str>,
    pub tool: ToolName,
    pub args: Value,
    pub proposal: ProposalId,
    pub prepared: &'a Prepared,
    pub admin: Admin,
}

/// Runs it by an admin's permit.
///
/// # Errors
/// Nothing was sent: the record does not take it, or holds the same action without a known outcome, or done in part.
pub async fn by_hand(store: &Store, registry: &Registry, action: ByHand<'_>) -> Result<Outcome, Fault> {
    let ByHand { head, plan, tool, args, proposal, prepared, admin } = action;
    let mut same = store.all_intents().await?;
    same.retain(|record| {
        let intent = &record.intent;
        intent.tool == tool && intent.digest == prepared.action && record.world == head.world
    });
    is_new(same, registry)?;
    let (call, caller, world) = (head.id.clone(), head.caller.clone(), head.world);
    let opening = store.open_call(head, plan)?;
    let opened = timeout(RECORD, opening.written()).await;
    let silent = || {
        Fault::new(Owner::Admin, "the disk does not take the record: nothing was sent", "look at the disk")
    };
    opened.map_err(|_| silent())?.map_err(|not| {
        let what = format!("the action was not begun: {not}");
        Fault::new(Owner::Admin, what, "look at the journal's disk, and try again")
    })?;
    let acting = Acting { world, past: Past::Read, tenure: Tenure::default() };
    let log = StoreLog::new(store.clone(), call.clone(), caller, acting).by(admin.clone());
    let permit = Permit::by_admin(proposal, prepared.action, admin.user, admin.reason);
    let leave = Leave { tool, args, key: ActionKey::Own(proposal), permit };
    let outcome = registry
        .run(leave, &PrivateValues::default(), CallTime::ANSWER, &log)
        .await
        .unwrap_or_else(Unproven::outcome);
    let over = CallState::Ended { at_us: now_us(), reason: OVER.to_owned() };
    if store.set_state(&call, over).is_err() {
        tracing::warn!(%call, "that an action by hand is over could not be written; the next gateway that starts does");
    }
    Ok(outcome)
}

/// Whether an action may be begun, these being all steps of the same one that are on record.
fn is_new(mut same: Vec<IntentRecord>, registry: &Registry) -> Result<(), Fault> {
    let is_open =
        |record: &&IntentRecord| matches!(record.standing(now_us()), Standing::Unknown | Standing::UnderWay);
    if let Some(open) = same.iter().find(is_open) {
        let id = &open.intent.key;
        let what = format!(
            "the same was sent before, as `{id}`, and nobody knows whether it was done: nothing was sent now"
        );
        let mut remedy =
            format!("look into the other system, then `centralita effects settle {id} done` or `failed`");
        // What was typed by hand is in no journal, and so there is nothing to put into a question.
        if open.intent.admin.is_none() {
            remedy += &format!("; or ask it by `centralita effects probe {id}`");
        }
        return Err(Fault::new(Owner::Admin, what, remedy));
    }
    drop_whole(&mut same);
    let is_part = |record: &&IntentRecord| {
        record.is_done() && registry.is_followed(&record.intent.tool, record.intent.key.step)
    };
    match same.iter().find(is_part).map(|part| &part.intent.key) {
        Some(id) => {
            let what = format!(
                "the same was done in part before, as `{id}`: all of it would be sent again, and nothing was sent now"
            );
            let remedy = "look into the other system, and do the rest of it there";
            Err(Fault::new(Owner::Admin, what, remedy))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::core::base::{CallId, Digest, Private, World};
    use crate::core::conversation::Effects;
    use crate::driver::probing::tests::{exchange, refund, toolbox_of};
    use crate::integrations::{ActionSecret, CallFacts, Deed, KeyPlace};
    use crate::store::{self, Intent, IntentKey, OutcomeKind};

    fn head(id: &str) -> CallHead {
        CallHead {
            id: CallId::parse(id).expect("a call id"),
            carrier_call: id.to_owned(),
            agent: String::new(),
            plan_hash: Digest::of_bytes(b"plan"),
            schema_version: 1,
            build: String::new(),
            world: World::Real,
            caller: Private::new(""),
            called: String::new(),
            answered_us: now_us(),
        }
    }

    /// The steps with effects of the same action that are on record, of a tool that has two of them: wish, step, and how it
    /// ended.
    type Before<'b> = &'b [(u32, u32, Option<OutcomeKind>)];

    /// What comes of doing it by hand after them, and how many intents are on record then.
    async fn done_after(before: Before<'_>) -> (Result<Outcome, Fault>, usize) {
        done_after_one_by(None, before).await
    }

    /// The same, where those before were by that admin.
    async fn done_after_one_by(by: Option<Admin>, before: Before<'_>) -> (Result<Outcome, Fault>, usize) {
        let store = Store::in_memory().await.expect("memory takes a database");
        let (action, tool) = (Digest::of_bytes(b"twenty"), ToolName("shop.refund".into()));
        drop(store.open_call(head("CA1"), "plan".into()).expect("the queue has room"));
        for (at, (proposal, step, kind)) in (0..).zip(before) {
            let key = IntentKey { call: head("CA1").id, proposal: ProposalId(*proposal), step: *step };
            let earlier = Intent {
                key: key.clone(),
                tool: tool.clone(),
                digest: action,
                idempotency_key: None,
                caller: Private::new("+34600111222"),
                begun_us: now_us() + at,
                admin: by.clone(),
            };
            store.begin(earlier).await.expect("it is new");
            if let Some(kind) = *kind {
                let outcome = store::Outcome { kind, at_us: now_us(), detail: String::new() };
                store.settle(key, outcome).expect("the queue has room");
            }
        }
        store.flush().await.expect("memory takes it");
        let call = CallFacts {
            id: head("hand-1").id,
            from: String::new(),
            to: String::new(),
            agent: String::new(),
            now_us,
        };
        let first = Deed {
            exchange: exchange("/bookings", json!({})),
            effects: Effects::Irreversible,
            key: KeyPlace::None,
            not_done_on: [].into(),
            probe: None,
        };
        let mut spec = refund(exchange("/refunds", json!({})), "true");
        spec.before.push(first);
        let registry = Registry::new(Arc::new(toolbox_of(spec)), call, ActionSecret::new(&[0; 32]));
        let prepared = Prepared { action, values: json!({}) };
        let admin = Admin { user: "ana".into(), reason: "a test".into() };
        let (head, args, proposal) = (head("hand-1"), json!({}), ProposalId(1));
        let action = ByHand { head, plan: "plan".into(), tool, args, proposal, prepared: &prepared, admin };
        let came = by_hand(&store, &registry, action).await;
        (came, store.all_intents().await.expect("it reads").len())
    }

    #[tokio::test]
    async fn what_may_have_been_sent_before_is_not_sent_again_and_says_how_it_is_settled() {
        let (came, on_record) = done_after(&[(3, 0, None)]).await;
        let fault = came.unwrap_err();
        assert!(fault.what.contains("`CA1/t3`") && fault.remedy.contains("effects settle CA1/t3"), "{fault}");
        assert_eq!(on_record, 1);
        assert!(fault.remedy.contains("effects probe CA1/t3"), "{fault}");
        let ana = Some(Admin { user: "ana".into(), reason: "a test".into() });
        let (came, _) = done_after_one_by(ana, &[(3, 0, None)]).await;
        let fault = came.unwrap_err();
        assert!(fault.remedy.contains("effects settle CA1/t3") && !fault.remedy.contains("probe"), "{fault}");
    }

    #[tokio::test]
    async fn what_is_done_in_part_is_not_begun_anew() {
        let (done, failed) = (Some(OutcomeKind::Done), Some(OutcomeKind::Failed));
        for before in [&[(3, 0, done), (3, 1, failed)][..], &[(3, 0, done)]] {
            let (came, on_record) = done_after(before).await;
            let fault = came.expect_err("its first step is done");
            assert!(fault.what.contains("`CA1/t3`") && fault.what.contains("in part"), "{fault}");
            assert_eq!(on_record, before.len());
        }
        // What is done as a whole, at once or by a later wish, may be wanted a second time.
        for before in [&[(3, 0, done), (3, 1, done)][..], &[(3, 0, done), (3, 1, failed), (4, 1, done)]] {
            assert!(done_after(before).await.0.is_ok());
        }
    }
}
