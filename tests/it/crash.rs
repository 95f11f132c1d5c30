//! The program aborted at each numbered crash point around an action (src/crash), against a shop that counts.
//!
//! Promises: whatever the point, the record is whole and says *unknown* of exactly what may have been sent and has no
//! outcome on disk; the same caller asking for the same again gets it once, or an honest sentence.
//! Never: lets a build for release hold a crash point.

use std::time::Duration;

use centralita::caller::Ended;

use crate::house::{Fared, House};
use crate::scene::told;

const CALLER: &str = "+15550107001";
const ORDER: u32 = 1182;

/// The intent is on disk from this point on, and the outcome from that one.
const INTENT_ON_DISK: u8 = 3;
const OUTCOME_ON_DISK: u8 = 7;
/// The shop has made the refund from this point on.
const SENT: u8 = 4;

/// Dies at that point, and is asked for the same again by the same caller.
async fn dies_at(point: u8, keyed: bool) -> (House, Fared) {
    let house = House::new(keyed, |_| Duration::ZERO).await;
    let gateway = house.gateway(Some(point)).await;
    let Fared { ended, recording } = gateway.refund(CALLER, ORDER).await.unwrap();
    gateway.died().await;
    assert!(matches!(ended, Ended::Failed(_)), "{point}: {ended:?}");
    let words = told(&recording);
    assert!(
        !words.iter().any(|text| text.contains("Done")),
        "{point}: nobody hears of the outcome: {words:?}"
    );

    let calls = house.intact().await;
    assert_eq!(calls.len(), 1, "{point}");
    assert_eq!(house.shop.refunds(ORDER).len(), usize::from(point >= SENT), "{point}");
    let is_open = (INTENT_ON_DISK..OUTCOME_ON_DISK).contains(&point);
    assert_eq!(house.open_of(CALLER).await.len(), usize::from(is_open), "{point}");
    let states: Vec<String> = house.listed().await.into_values().collect();
    match states.as_slice() {
        [] => assert!(point < INTENT_ON_DISK, "{point}: an intent is lost"),
        [state] if is_open => assert_eq!(state, "unknown", "{point}: its process is gone"),
        [state] => assert_eq!((state.as_str(), point), ("done", OUTCOME_ON_DISK)),
        more => panic!("{point}: {more:?}"),
    }

    let gateway = house.gateway(None).await;
    let again = gateway.refund(CALLER, ORDER).await.unwrap();
    assert_eq!(again.ended, Ended::CallerHungUp, "{point}\n{}", house.log());
    gateway.kill().await;
    house.intact().await;
    (house, again)
}

/// With a key the same request goes out again, and the shop knows it.
async fn keyed(point: u8) {
    let (house, again) = dies_at(point, true).await;
    assert_eq!(house.shop.refunds(ORDER).len(), 1, "{point}: {:?}", house.shop.all());
    assert_eq!(house.shop.requests(), 1 + u64::from(point >= SENT), "{point}");
    let words = told(&again.recording);
    assert!(words.iter().any(|text| text == "Done."), "{point}: {words:?}");
    assert!(house.open_of(CALLER).await.is_empty(), "{point}: what is done under a key is unknown nowhere");
}

/// Nobody calls again: the next process asks the shop, which has it from the moment the request was sent.
async fn nobody_calls_again(point: u8) {
    let house = House::new(true, |_| Duration::ZERO).await;
    let gateway = house.gateway(Some(point)).await;
    gateway.refund(CALLER, ORDER).await.unwrap();
    gateway.died().await;
    let gateway = house.gateway(None).await;
    let mut often = tokio::time::interval(Duration::from_millis(50));
    let said =
        if point >= SENT { "probe: it is done" } else { "probe: it is not there, which proves nothing yet" };
    let asked = async {
        while !house.intents().await[0].detail().is_some_and(|detail| detail.ends_with(said)) {
            often.tick().await;
        }
    };
    let asked = tokio::time::timeout(Duration::from_secs(30), asked).await;
    assert!(asked.is_ok(), "{point}: {:?}\n{}", house.intents().await, house.log());
    let states: Vec<String> = house.listed().await.into_values().collect();
    assert_eq!(states, [if point >= SENT { "done" } else { "unknown" }], "{point}");
    assert_eq!(house.shop.requests(), u64::from(point >= SENT), "{point}: sent again");
    gateway.kill().await;
    house.intact().await;
}

#[tokio::test]
async fn killed_before_the_first_byte_leaves_the_next_process_asks_and_takes_no_absence_for_a_failure() {
    nobody_calls_again(INTENT_ON_DISK).await;
}

#[tokio::test]
async fn killed_after_the_request_left_the_next_process_finds_it_done_and_sends_nothing() {
    nobody_calls_again(SENT).await;
}

/// Without one nothing is sent twice: what may have been sent is told as unknown.
async fn unkeyed(point: u8) {
    let (house, again) = dies_at(point, false).await;
    let words = told(&again.recording);
    let heard = |part: &str| words.iter().any(|text| text.contains(part));
    if point < INTENT_ON_DISK {
        assert_eq!(house.shop.refunds(ORDER).len(), 1, "{point}: nothing had been sent");
        assert!(heard("Done."), "{point}: {words:?}");
    } else if point < OUTCOME_ON_DISK {
        assert_eq!(house.shop.requests(), u64::from(point >= SENT), "{point}: sent twice");
        assert!(
            heard("can't tell whether the first try went through") && !heard("Done"),
            "{point}: {words:?}"
        );
        assert_eq!(house.open_of(CALLER).await.len(), 1, "{point}");
    } else {
        assert_eq!(house.shop.requests(), 1, "{point}: sent twice");
        assert!(heard("already done") && !heard("Done."), "{point}: {words:?}");
    }
}

macro_rules! dies {
    ($($point:literal $keyed:ident $unkeyed:ident;)*) => {
        $(
            #[tokio::test]
            async fn $keyed() {
                keyed($point).await;
            }

            #[tokio::test]
            async fn $unkeyed() {
                unkeyed($point).await;
            }
        )*
    };
}

dies! {
    1 killed_before_the_intent_is_queued killed_before_the_intent_is_queued_without_a_key;
    2 killed_before_the_intent_is_committed killed_before_the_intent_is_committed_without_a_key;
    3 killed_before_the_first_byte_leaves killed_before_the_first_byte_leaves_without_a_key;
    4 killed_before_the_answer_is_read killed_before_the_answer_is_read_without_a_key;
    5 killed_before_the_outcome_is_queued killed_before_the_outcome_is_queued_without_a_key;
    6 killed_before_the_outcome_is_committed killed_before_the_outcome_is_committed_without_a_key;
    7 killed_before_the_caller_hears_the_outcome killed_before_the_caller_hears_the_outcome_without_a_key;
}

/// Where a refund takes two steps, the one of its fee is at this order.
const FEE: u32 = 91_182;

/// Dies at that point, the nth time it is passed, and is asked for the same again by the same caller.
async fn dies_in_two_steps(at: &str, keyed: bool) {
    let house = House::of_two_steps(keyed).await;
    let gateway = house.gateway_that_dies(at).await;
    let first = gateway.refund(CALLER, ORDER).await.unwrap();
    gateway.died().await;
    let words = told(&first.recording);
    assert!(!words.iter().any(|text| text.contains("Done")), "{at}: {words:?}");
    house.intact().await;
    let done = || [house.shop.refunds(ORDER).len(), house.shop.refunds(FEE).len()];
    let before = done();
    assert!(before.iter().all(|count| *count <= 1), "{at}: {:?}", house.shop.all());
    let listed = house.listed().await;
    let is_second = |id: &&String| id.ends_with("/t1/1");
    assert!(before[1] == 0 || listed.keys().any(|id| is_second(&id)), "{at}: {listed:?}");

    let gateway = house.gateway(None).await;
    let again = gateway.refund(CALLER, ORDER).await.unwrap();
    assert_eq!(again.ended, Ended::CallerHungUp, "{at}\n{}", house.log());
    gateway.kill().await;
    house.intact().await;
    let words = told(&again.recording);
    let says_done = words.iter().any(|text| text == "Done.");
    assert!(done().iter().all(|count| *count <= 1), "{at}: done twice: {:?}", house.shop.all());
    if keyed {
        assert_eq!((done(), says_done), ([1, 1], true), "{at}: {words:?}");
        assert!(house.open_of(CALLER).await.is_empty(), "{at}");
    } else {
        assert!(!says_done || done() == [1, 1], "{at}: claimed: {words:?}");
        assert!(says_done || before[0] > 0 || listed.len() == 1, "{at}: nothing was sent: {words:?}");
    }
}

macro_rules! dies_in_two_steps {
    ($($at:literal $keyed:ident $unkeyed:ident;)*) => {
        $(
            #[tokio::test]
            async fn $keyed() {
                dies_in_two_steps($at, true).await;
            }

            #[tokio::test]
            async fn $unkeyed() {
                dies_in_two_steps($at, false).await;
            }
        )*
    };
}

dies_in_two_steps! {
    "1" killed_at_1_of_the_first_step killed_at_1_of_the_first_step_without_a_key;
    "2" killed_at_2_of_the_first_step killed_at_2_of_the_first_step_without_a_key;
    "3" killed_at_3_of_the_first_step killed_at_3_of_the_first_step_without_a_key;
    "4" killed_at_4_of_the_first_step killed_at_4_of_the_first_step_without_a_key;
    "5" killed_at_5_of_the_first_step killed_at_5_of_the_first_step_without_a_key;
    "6" killed_at_6_of_the_first_step killed_at_6_of_the_first_step_without_a_key;
    "7" killed_at_7_of_the_first_step killed_at_7_of_the_first_step_without_a_key;
    "1/2" killed_at_1_of_the_second_step killed_at_1_of_the_second_step_without_a_key;
    "2/2" killed_at_2_of_the_second_step killed_at_2_of_the_second_step_without_a_key;
    "3/2" killed_at_3_of_the_second_step killed_at_3_of_the_second_step_without_a_key;
    "4/2" killed_at_4_of_the_second_step killed_at_4_of_the_second_step_without_a_key;
    "5/2" killed_at_5_of_the_second_step killed_at_5_of_the_second_step_without_a_key;
    "6/2" killed_at_6_of_the_second_step killed_at_6_of_the_second_step_without_a_key;
    "7/2" killed_at_7_of_the_second_step killed_at_7_of_the_second_step_without_a_key;
}

/// The answer is there and was read: nobody may say what became of it but the shop.
#[tokio::test]
async fn a_panic_at_the_answer_tells_no_value_leaves_the_outcome_unknown_and_the_program_up() {
    // Without a key, and so without a probe that would find it.
    let house = House::new(false, |_| Duration::ZERO).await;
    let gateway = house.gateway_that_panics(5, "4539 1488 0343 6467").await;
    let fared = gateway.refund(CALLER, ORDER).await.unwrap();
    let words = told(&fared.recording);
    assert_eq!(fared.ended, Ended::CallerHungUp, "{words:?}");
    assert!(words.iter().any(|text| text.contains("I do not know whether it went through")), "{words:?}");
    assert!(!words.iter().any(|text| text.contains("Done")), "{words:?}");
    assert_eq!(house.open_of(CALLER).await.len(), 1);
    let metrics = gateway.metrics().await;
    assert!(metrics.contains("centralita_panics_total 1"), "{metrics}");
    let log = house.log();
    assert!(log.contains("a panic") && log.contains("src/crash/mod.rs"), "{log}");
    assert!(!log.contains("4539"), "{log}");
    gateway.kill().await;
    house.intact().await;
}

/// Of the build this test belongs to: `cargo test --release` looks at a release build.
#[test]
fn a_build_for_release_holds_no_crash_point() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_centralita")).unwrap();
    // In two parts, for the test's own sake.
    let name = [&b"CENTRALITA_"[..], b"CRASH_AT"].concat();
    let is_there = program.windows(name.len()).any(|window| window == name);
    assert_eq!(is_there, cfg!(debug_assertions));
}
