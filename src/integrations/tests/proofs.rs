//! Proofs that fail: what is counted, and what is not sent any more.
//!
//! Promises: of whoever guesses it is known how many requests reached the shop.
//! Never: waits for a lock to pass; how long one lasts is tried without a clock.

use std::sync::Arc;

use centralita_core::conversation::Lock;

use super::*;
use crate::integrations::budget::TriesInMemory;

const DOES_NOT_FIT: &str = "that postcode does not fit";

/// A caller's registry, with the counts that all callers share.
fn of(caller: &str, shop: &Shop, tries: &Arc<TriesInMemory>) -> Registry {
    let facts =
        CallFacts { from: caller.to_owned(), ..call_named(&format!("CA{}", caller.trim_start_matches("+"))) };
    let tries: Arc<dyn TryLog> = Arc::clone(tries) as _;
    registry_of(facts, shop, [status(), guarded()]).counting(tries)
}

/// A refund that wants the postcode, too.
fn guarded() -> ToolSpec {
    let mut tool = refund();
    tool.parameters.push(status().parameters[1].clone());
    tool.prepare[0].verify = status().request.verify;
    tool
}

async fn tries(registry: &Registry, order: &str, postcode: &str) -> Result<Outcome, Unproven> {
    let name = status().name;
    let (spec, live) = registry.toolbox().find(&name).unwrap();
    registry.read(spec, live, &json!({"order": order, "postcode": postcode})).await
}

fn failed() -> Result<Outcome, Unproven> {
    Err(Unproven::Failed { why: DOES_NOT_FIT.into() })
}

fn locked(lock: Lock) -> Result<Outcome, Unproven> {
    Err(Unproven::Locked(lock))
}

fn found() -> Result<Outcome, Unproven> {
    Ok(Outcome::Done { result: json!({"state": "shipped"}) })
}

#[tokio::test]
async fn what_is_not_there_and_what_does_not_fit_count_and_sound_alike() {
    let shop = Shop::open(Behaviour::Works).await;
    for order in ["1182", shop::NO_SUCH_ORDER] {
        let (log, sent) = (Arc::default(), shop.gets());
        for caller in ["+1", "+2", "+3"] {
            assert_eq!(tries(&of(caller, &shop, &log), order, "ZZ9").await, failed(), "{order}");
        }
        assert_eq!(tries(&of("+4", &shop, &log), order, "ZZ9").await, locked(Lock::Minutes(1)), "{order}");
        assert_eq!(shop.gets() - sent, 3, "the fourth was not sent");
    }
}

#[tokio::test]
async fn another_tool_that_looks_up_the_same_record_shares_its_budget() {
    let shop = Shop::open(Behaviour::Works).await;
    let log = Arc::default();
    for caller in ["+1", "+2", "+3"] {
        tries(&of(caller, &shop, &log), "1182", "ZZ9").await.unwrap_err();
    }
    let args = json!({"order": "1182", "amount": "20", "postcode": "AB1"});
    let registry = of("+4", &shop, &log);
    let prepared = registry.prepare(T1, &guarded().name, &args, &private()).await;
    assert_eq!(prepared.unwrap_err().unproven, Some(Unproven::Locked(Lock::Minutes(1))));
    assert_eq!(tries(&registry, "1183", "AB1").await, found(), "another record is another's");
}

#[tokio::test]
async fn a_success_gives_its_try_back_and_takes_this_callers_failures_from_the_record() {
    let shop = Shop::open(Behaviour::Works).await;
    let log = Arc::default();
    let (owner, other) = (of("+1", &shop, &log), of("+2", &shop, &log));
    for postcode in ["ZZ9", "ZZ8"] {
        assert_eq!(tries(&owner, "1182", postcode).await, failed());
    }
    assert_eq!(tries(&owner, "1182", "AB1").await, found());
    // Only the other's failures count against the record now, and the owner's success does not take them away.
    for postcode in ["ZZ9", "ZZ8", "ZZ7"] {
        assert_eq!(tries(&other, "1182", postcode).await, failed());
    }
    assert_eq!(tries(&owner, "1182", "AB1").await, locked(Lock::Minutes(1)));
    assert_eq!(tries(&owner, "1183", "AB1").await, found());
    assert_eq!(tries(&owner, "1182", "AB1").await, locked(Lock::Minutes(1)));
}

#[tokio::test]
async fn a_call_has_five_tries_whichever_records_it_guesses_at() {
    let shop = Shop::open(Behaviour::Works).await;
    let registry = of("+1", &shop, &Arc::default());
    for order in ["1", "2", "3", "4", "5"] {
        assert_eq!(tries(&registry, order, "ZZ9").await, failed());
    }
    assert_eq!(tries(&registry, "6", "AB1").await, locked(Lock::Call));
    assert_eq!(shop.gets(), 5);
}

#[tokio::test]
async fn who_calls_again_and_again_is_put_off_and_withheld_numbers_are_one_caller() {
    let shop = Shop::open(Behaviour::Works).await;
    for (caller, most) in [("+34600111222", 10), ("", 30)] {
        let log: Arc<TriesInMemory> = Arc::default();
        for n in 0..most {
            let facts = CallFacts { from: caller.to_owned(), ..call_named(&format!("CA{n}")) };
            let registry = registry_of(facts, &shop, [status()]).counting(Arc::clone(&log) as _);
            assert_eq!(tries(&registry, &n.to_string(), "ZZ9").await, failed(), "{n}");
        }
        let registry = of(caller, &shop, &log);
        assert_eq!(tries(&registry, "1182", "AB1").await, locked(Lock::Minutes(60)), "{caller}");
        assert_eq!(tries(&of("+2", &shop, &log), "1182", "AB1").await, found(), "it is no other's budget");
    }
}

#[tokio::test]
async fn a_system_that_is_down_takes_nobodys_tries() {
    for reads in
        [Behaviour::Answers(503, "{}"), Behaviour::Garbage, Behaviour::Slow, Behaviour::Answers(429, "")]
    {
        let shop = Shop::open_for_reads(reads).await;
        let registry = of("+1", &shop, &Arc::default());
        for _ in 0..6 {
            let ended = tries(&registry, "1182", "AB1").await;
            assert!(
                matches!(ended, Ok(Outcome::Failed { .. } | Outcome::Withheld(_))),
                "{reads:?}: {ended:?}"
            );
        }
    }
}

/// A record that takes nothing.
#[derive(Debug)]
struct FullDisk;

impl TryLog for FullDisk {
    fn count<'a>(&'a self, _: &'a Trial) -> BoxFuture<'a, Result<(TryId, Tried), Fault>> {
        let fault = Fault::new(centralita_core::base::Owner::Admin, "the disk is full", "make room");
        Box::pin(std::future::ready(Err(fault)))
    }

    fn ended(&self, _: TryId, _: TryEnd) {}
}

#[tokio::test]
async fn a_try_that_cannot_be_counted_is_not_sent() {
    let shop = Shop::open(Behaviour::Works).await;
    let registry = registry(&shop, [status()]).counting(Arc::new(FullDisk));
    assert!(
        why(read(&registry, &status(), json!({"order": "1182", "postcode": "AB1"})).await)
            .contains("recorded")
    );
    assert_eq!(shop.gets(), 0);
}

#[tokio::test]
async fn what_is_counted_tells_no_number_and_no_value() {
    let shop = Shop::open(Behaviour::Works).await;
    let log: Arc<TriesInMemory> = Arc::default();
    tries(&of("+34600111222", &shop, &log), "8675309", "ZZ9").await.unwrap_err();
    let printed = format!("{log:?}");
    assert!(!printed.contains("600111222") && !printed.contains("8675309"), "{printed}");
}

#[tokio::test]
async fn a_secret_that_a_system_repeats_reaches_nobody() {
    let shop = Shop::open(Behaviour::Works).await;
    let mut tool = status();
    tool.request.map = [("echo".to_owned(), "sent".to_owned())].into();
    let given = Given { name: "key".into(), source: Source::Secret("SHOP_KEY".into()), kind: None };
    tool.given = vec![given];
    tool.request.query = [("key".to_owned(), "{{ key }}".to_owned())].into();
    let registry = registry(&shop, [tool.clone()]);
    let told = read(&registry, &tool, json!({"order": "1182", "postcode": "AB1"})).await;
    let Outcome::Done { result } = told else { panic!("{told:?}") };
    assert_eq!(result, json!({"echo": "*** /v1/orders/1182?key=***"}));
}
