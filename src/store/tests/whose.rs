//! Whose open actions are whose business.
//!
//! Promises: an action is open to its caller's next calls of the same world, and to nobody else's.
//! Never: leaves a file behind.

use super::*;

#[tokio::test]
async fn what_was_mocked_is_open_to_no_real_call_and_what_was_real_to_no_mocked_one() {
    let store = Store::in_memory().await.unwrap();
    for (call, world) in [("c1", World::Real), ("c2", World::Mocked)] {
        let opening = store.open_call(CallHead { world, ..head(call) }, "the plan".into()).unwrap();
        opening.written().await.unwrap();
        store.begin(intent(call, 1, 0)).await.unwrap();
    }
    let caller = head("c1").caller;
    for (world, call) in [(World::Real, "c1"), (World::Mocked, "c2")] {
        let open = store.unknown_intents(&caller, world).await.unwrap();
        let calls: Vec<&str> = open.iter().map(|record| record.intent.key.call.as_str()).collect();
        assert_eq!(calls, [call]);
        assert_eq!(store.call(&id(call)).await.unwrap().unwrap().head.world, world);
    }
    let open = store.open_intents().await.unwrap();
    assert_eq!(open.len(), 1, "nobody has to look after what was mocked");
}

#[tokio::test]
async fn callers_without_a_number_are_not_one_person() {
    let store = Store::in_memory().await.unwrap();
    open_call(&store, "c1");
    for (n, caller) in (1..).zip(["", " "]) {
        let caller = Private::new(caller);
        store.begin(Intent { caller: caller.clone(), ..intent("c1", n, 0) }).await.unwrap();
        assert_eq!(store.unknown_intents(&caller, World::Real).await.unwrap(), [], "{}", caller.reveal());
    }
}

/// When calls ended.
const ENDED_US: i64 = 50_000_000;

/// What was found of the refund of a call: so long after the call's end, in microseconds.
async fn found(store: &Store, call: &str, after_us: i64) {
    let at_us = ENDED_US + after_us;
    let done = Outcome { kind: OutcomeKind::Done, at_us, detail: String::new() };
    store.settle(key(call, 1, 0), done).unwrap();
    store.flush().await.unwrap();
}

/// A call with a refund that has ended.
async fn ended(store: &Store, call: &str, begun_us: i64) {
    open_call(store, call);
    store.begin(Intent { begun_us, ..intent(call, 1, 0) }).await.unwrap();
    let state = CallState::Ended { at_us: ENDED_US, reason: String::new() };
    store.set_state(&id(call), state).unwrap();
}

async fn untold(store: &Store, since_us: i64) -> Vec<String> {
    let untold = store.untold_intents(&head("c1").caller, World::Real, since_us).await.unwrap();
    untold.into_iter().map(|record| record.intent.key.to_string()).collect()
}

#[tokio::test]
async fn what_is_found_done_after_its_call_is_news_to_the_caller_until_it_is_wished_for_again() {
    let store = Store::in_memory().await.unwrap();
    ended(&store, "c1", 2_000_000).await;
    found(&store, "c1", -30_000_000).await;
    assert_eq!(untold(&store, 0).await, [""; 0], "it was told in its call");
    ended(&store, "c2", 3_000_000).await;
    found(&store, "c2", 1).await;
    assert_eq!(untold(&store, 0).await, ["c2/t1"]);
    assert_eq!(untold(&store, ENDED_US + 2).await, [""; 0], "it is no news any more");
    // It goes out once more, under its key or another.
    ended(&store, "c3", 4_000_000).await;
    assert_eq!(untold(&store, 0).await, ["c2/t1"], "nothing is known of that");
    found(&store, "c3", -30_000_000).await;
    assert_eq!(untold(&store, 0).await, [""; 0], "that was told: there is nothing older to tell");
}

#[tokio::test]
async fn what_failed_later_or_was_mocked_takes_no_news_from_a_caller() {
    let store = Store::in_memory().await.unwrap();
    ended(&store, "c1", 2_000_000).await;
    found(&store, "c1", 1).await;
    ended(&store, "c2", 3_000_000).await;
    let failed = Outcome { kind: OutcomeKind::Failed, at_us: ENDED_US, detail: String::new() };
    store.settle(key("c2", 1, 0), failed).unwrap();
    let mocked = CallHead { world: World::Mocked, ..head("c3") };
    store.open_call(mocked, "the plan".into()).unwrap().written().await.unwrap();
    store.begin(Intent { begun_us: 4_000_000, ..intent("c3", 1, 0) }).await.unwrap();
    found(&store, "c3", 1).await;
    assert_eq!(untold(&store, 0).await, ["c1/t1"]);
}

#[tokio::test]
async fn what_was_done_just_before_its_call_ended_is_news_too() {
    let store = Store::in_memory().await.unwrap();
    for (call, begun_us, after_us) in [("c1", 1_000_000, -30_000_000), ("c2", 2_000_000, -29_999_999)] {
        ended(&store, call, begun_us).await;
        found(&store, call, after_us).await;
    }
    assert_eq!(untold(&store, 0).await, ["c2/t1"]);
}

#[tokio::test]
async fn what_is_left_open_is_of_calls_that_nobody_carries_and_the_newest_first() {
    let store = Store::in_memory().await.unwrap();
    for (call, begun_us) in [("c1", 2_000_000), ("c2", 3_000_000), ("c3", 1_000_000)] {
        ended(&store, call, begun_us).await;
    }
    open_call(&store, "c4");
    store.begin(intent("c4", 1, 0)).await.unwrap();
    let open = async || {
        let open = store.left_open(World::Real, 2_000_000).await.unwrap();
        open.into_iter().map(|record| record.intent.key.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(open().await, ["c2/t1", "c1/t1"]);
    found(&store, "c2", 1).await;
    store.set_state(&id("c4"), CallState::Lost { reason: KILLED.into() }).unwrap();
    store.flush().await.unwrap();
    assert_eq!(open().await, ["c1/t1", "c4/t1"]);
    assert_eq!(store.left_open(World::Mocked, 0).await, Ok(Vec::new()));
}

#[tokio::test]
async fn an_action_was_last_sent_when_anything_of_its_key_was() {
    let store = Store::in_memory().await.unwrap();
    let keyed = |call, begun_us, key: Option<&str>| Intent {
        begun_us,
        idempotency_key: key.map(ToOwned::to_owned),
        ..intent(call, 1, 0)
    };
    let first = keyed("c1", 1_000_000, Some("k"));
    for intent in [&first, &keyed("c2", 3_000_000, Some("k")), &keyed("c3", 4_000_000, Some("other"))] {
        open_call(&store, intent.key.call.as_str());
        store.begin(intent.clone()).await.unwrap();
    }
    assert_eq!(store.last_sent(&first).await, Ok(3_000_000));
    assert_eq!(store.last_sent(&keyed("c1", 1_000_000, None)).await, Ok(1_000_000));
    let strangers = Intent { caller: Private::new("+34600999888"), ..first };
    assert_eq!(store.last_sent(&strangers).await, Ok(1_000_000));
}

#[tokio::test]
async fn what_a_bystander_finds_is_on_record_unless_somebody_carries_the_call_by_then() {
    let store = Store::in_memory().await.unwrap();
    for (call, state, is_done) in [
        ("c1", CallState::Live, false),
        ("c2", CallState::Lost { reason: KILLED.into() }, true),
        ("c3", CallState::Ended { at_us: ENDED_US, reason: String::new() }, true),
    ] {
        open_call(&store, call);
        store.begin(intent(call, 1, 0)).await.unwrap();
        store.set_state(&id(call), state).unwrap();
        let done = Outcome { kind: OutcomeKind::Done, at_us: ENDED_US, detail: String::new() };
        store.settle_left(key(call, 1, 0), done.clone()).unwrap();
        store.flush().await.unwrap();
        assert_eq!(store.intents(&id(call)).await.unwrap()[0].is_done(), is_done, "{call}");
        // Whoever carries it may say so.
        store.settle(key(call, 1, 0), done).unwrap();
        store.flush().await.unwrap();
        assert!(store.intents(&id(call)).await.unwrap()[0].is_done(), "{call}");
    }
}

/// A process that carries calls of that journal.
async fn process(file: &Path) -> (Store, Carrying) {
    let store = Store::open(file).await.unwrap();
    let carrying = Carrying::beside_others(file).unwrap();
    (store.carried_by(&carrying), carrying)
}

/// It carries a call with a refund under way.
async fn begins(store: &Store, call: &str) {
    open_call(store, call);
    store.begin(intent(call, 1, 0)).await.unwrap();
}

/// Where the refunds of all calls stand just after they were begun.
async fn standing(store: &Store) -> Vec<(String, Standing)> {
    let all = store.all_intents().await.unwrap();
    let stands = |record: &IntentRecord| record.standing(record.intent.begun_us + 1);
    all.iter().map(|record| (record.intent.key.call.to_string(), stands(record))).collect()
}

#[tokio::test]
async fn what_a_killed_process_was_about_is_unknown_at_once_and_what_another_is_about_is_under_way() {
    let dir = Dir::new();
    let (first, killed) = process(&dir.file()).await;
    let (second, _lives) = process(&dir.file()).await;
    begins(&first, "c1").await;
    begins(&second, "c2").await;
    let under_way = |call: &str| (call.to_owned(), Standing::UnderWay);
    let unknown = |call: &str| (call.to_owned(), Standing::Unknown);
    assert_eq!(standing(&second).await, [under_way("c1"), under_way("c2")]);
    assert_eq!(second.lose_gone().await, Ok(0));
    drop(killed);
    // Who only reads sees it too.
    let reader = Store::open_to_read(&dir.file()).await.unwrap();
    assert_eq!(standing(&reader).await, [unknown("c1"), under_way("c2")]);
    assert_eq!(second.lose_gone().await, Ok(1));
    assert_eq!(standing(&second).await, [unknown("c1"), under_way("c2")]);
    let left = second.left_open(World::Real, 0).await.unwrap();
    assert_eq!(left.len(), 1, "it is asked about, and only it");
    assert_eq!(second.lose_gone().await, Ok(0));
    for store in [first, second] {
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_call_is_of_the_process_that_took_it_up_last_also_where_that_is_of_an_older_build() {
    let dir = Dir::new();
    for takes_up in [true, false] {
        let call = format!("c{takes_up}");
        let (first, killed) = process(&dir.file()).await;
        begins(&first, &call).await;
        drop(killed);
        let (second, _lives) = process(&dir.file()).await;
        assert_eq!(second.lose_gone().await, Ok(1));
        let record = second.call(&id(&call)).await.unwrap().unwrap();
        // An older build gives no name.
        let by = if takes_up { &second } else { &Store::open(&dir.file()).await.unwrap() };
        assert_eq!(by.take_up(&record).await, Ok(true));
        assert_eq!(second.lose_gone().await, Ok(0));
        assert_eq!(second.call(&id(&call)).await.unwrap().unwrap().state, CallState::Live);
        let whose = &second.intents(&id(&call)).await.unwrap()[0].process;
        assert_eq!(matches!(whose, Process::Lives(_)), takes_up, "{whose:?}");
        second.set_state(&id(&call), CallState::Ended { at_us: 1, reason: String::new() }).unwrap();
        for store in [by, &first, &second] {
            store.close().await.ok();
        }
    }
}

#[tokio::test]
async fn a_journal_that_only_an_older_build_has_written_is_read_and_says_of_no_process() {
    let dir = Dir::new();
    let store = Store::open(&dir.file()).await.unwrap();
    begins(&store, "c1").await;
    run(&store, "ALTER TABLE calls DROP COLUMN process").await;
    run(&store, "ALTER TABLE calls DROP COLUMN process_attempt").await;
    store.close().await.unwrap();
    let reader = Store::open_to_read(&dir.file()).await.unwrap();
    assert_eq!(reader.all_intents().await.unwrap(), [begun(intent("c1", 1, 0))]);
}
