//! Whose open actions are whose business.
//!
//! Promises: an action is open to its caller's next calls of the same world, and to nobody else's.
//! Never: opens a file.

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
    assert_eq!(store.open_intents().await, Ok(1), "nobody has to look after what was mocked");
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
