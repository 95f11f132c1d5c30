//! Recorded calls, asked through the public test API: those that gateways of every version wrote.
//!
//! Promises: what is stable by docs/compat.md is used here as a stranger would.
//! Never: rings a phone.

use std::panic::{AssertUnwindSafe, catch_unwind};

use centralita::core::base::Millis;
use centralita::replay::{Recorded, Run};
use serde_json::json;

fn recorded(name: &str) -> Recorded {
    Recorded::load(format!("tests/journals/v1/{name}.call")).unwrap()
}

/// What a failed expectation says.
fn failure(expects: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(expects)).expect_err("the expectation was to fail");
    panic.downcast_ref::<String>().expect("a text with what was found").clone()
}

#[test]
fn calls_of_older_gateways_do_what_their_callers_wished_and_nothing_else() {
    for (name, order, ran) in [
        ("refund-yes", "1182", true),
        ("hurried", "1182", true),
        ("keypad", "1182", true),
        ("reembolso", "4071", true),
        ("refund-no", "1182", false),
        ("retracts", "1182", false),
        ("interrupts", "1182", false),
        ("silent", "1182", false),
    ] {
        let run = recorded(name).run();
        let refund = run.tool("shop.refund");
        if ran {
            refund.expect_run_once_with(json!({"order": order, "amount": "20.00"}));
            run.confirmation(0).expect_answered_yes();
        } else {
            refund.expect_not_run();
        }
    }
    recorded("refund-no").run().confirmation(0).expect_answered_no();
    recorded("refund-changed").run().confirmation(1).expect_question("twenty dollars … walnut desk lamp");
}

#[test]
fn a_recorded_call_is_answered_by_todays_agent_of_a_folder() {
    let run = recorded("refund-yes").with_agent(".", "shop").unwrap().run();
    run.tool("shop.refund").expect_run_once();
    run.turns().expect_count(3);
    assert_eq!(run.turns().words()[2], "yes");
    run.says("walnut desk lamp … delivered").expect();
    run.says("euros").expect_never();
    run.latency().expect_below(Millis(900));
    let fault = recorded("refund-yes").with_agent(".", "shopp").unwrap_err();
    assert!(fault.what.contains("no agent `shopp`") && fault.remedy.contains("shop, tienda"), "{fault}");
}

#[test]
fn a_failure_says_what_was_expected_what_the_call_did_and_what_to_do() {
    let run: Run = recorded("refund-yes").run();
    let other = json!({"order": "1182", "amount": "25.00"});
    for (told, parts) in [
        (
            failure(|| run.tool("shop.refund").expect_run_once_with(other)),
            [
                "was expected to run with {\"amount\":\"25.00\"",
                "tool    runs, confirmed: shop.refund",
                "edit the arguments",
            ],
        ),
        (
            failure(|| run.tool("shop.cancel").expect_run_once()),
            ["tools that ran: shop.order_status, shop.refund", "caller  yes", "what became of the wish"],
        ),
        (
            failure(|| run.tool("shop.refund").expect_not_run()),
            ["was expected not to run, and ran with", "the answer counts as: yes", "what gave it leave"],
        ),
        (
            failure(|| run.confirmation(0).expect_answered_no()),
            [
                "and its answer counts as: yes",
                "gate    the answer counts as: yes",
                "write `expect_answered_yes()`",
            ],
        ),
        (
            failure(|| run.confirmation(1).expect_answered_yes()),
            ["a confirmation number 1 was expected", "caller  yes", "whether its tool still asks"],
        ),
        (
            failure(|| run.confirmation(0).expect_question("thirty dollars")),
            [
                "was expected to hold \"thirty dollars\"",
                "Shall I refund twenty dollars",
                "`confirm: question:`",
            ],
        ),
        (
            failure(|| run.says("good morning").expect()),
            [
                "was expected to say \"good morning\"",
                "agent   Thank you for calling",
                "look for what it says instead",
            ],
        ),
        (
            failure(|| run.says("on their way").expect_never()),
            ["never to say \"on their way\"", "agent   Done: twenty dollars", "see what led there"],
        ),
        (
            failure(|| run.turns().expect_count(2)),
            ["2 turns of the caller were expected, and there are 3", "caller  yes", "record the call anew"],
        ),
        (
            failure(|| run.latency().expect_below(Millis(1))),
            ["every answer was expected within 1 ms, and one took", "agent   ", "those of the recording"],
        ),
    ] {
        for part in parts {
            assert!(told.contains(part), "{part}\n{told}");
        }
        assert!(told.contains("\n  > ") || told.contains("\nthe call CA"), "{told}");
    }
}

#[test]
fn what_cannot_be_loaded_says_what_to_do() {
    for (loaded, what) in [
        (Recorded::load("tests/nowhere.call"), "tests/nowhere.call cannot be read"),
        (Recorded::parse("0.000 < dances"), "there is no event `dances`"),
        (Recorded::parse("# expect: nothing\n0.000 < answered"), "`nothing` is nothing that can be expected"),
        (Recorded::of_journal("tests/nowhere.sqlite", "CA1"), "there is no"),
    ] {
        let fault = loaded.map(|_| ()).unwrap_err();
        assert!(fault.what.contains(what), "{fault}");
        assert!(!fault.remedy.is_empty());
    }
}
