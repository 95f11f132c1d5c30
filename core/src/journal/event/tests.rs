//! Every kind of event, written and read.
//!
//! Promises: what is written reads back the same; what is odd is refused with what belongs there.
//! Never: looks at an order.

use super::*;

#[test]
fn what_is_written_reads_back() {
    let digest = Digest::of_bytes(b"x");
    let unknown = format!(
        "answered no-marks no-keys keypad-only tag attempt=2 unknown=a.b:{digest}:k:1 done=a.b:{digest}:"
    );
    let resumed = format!(
        "resumed since=12.340 no-marks no-keys keypad-only tag unknown=a.b:{digest}:k:1 done=a.b:{digest}:"
    );
    let prepared = format!("prepared t1 {digest} {{\"a\":1}}");
    for line in [
        "answered",
        &unknown,
        "speech ~0",
        "silence ~99",
        "line-stalled",
        "line-resumed",
        "key # ~7",
        "heard \"sí, \\\"claro\\\"\" ~1..~2 \"eh\" turn:doubtful",
        "heard partial",
        "heard \"a\" final",
        "stt-failed",
        "synthesised #1.0 8000",
        "tts-failed #1",
        "played #2 ~9 clock",
        "cut #3 2+350",
        "wrote @1 \"Hola.\\n\"",
        "proposed @1 shop.refund {\"order\":\"1182\"}",
        "finished @1",
        "generation-failed @2",
        &prepared,
        "unprepared t1 \"no\"",
        "settled t1 done {\"x\":[1]}",
        "settled t1 failed \"no\"",
        "settled t9 unknown",
        "hung-up",
        "resumed since=0.000",
        &resumed,
    ] {
        let event = parse_event(line).unwrap_or_else(|e| panic!("{line}: {e}"));
        assert_eq!(write_event(&event), line);
    }
}

/// Names that no tool has, and a model may make up.
const MADE_UP: [&str; 12] = [
    "",
    " ",
    "refund order",
    " shop.refund",
    "shop.refund ",
    "shop.refund\n    9.000 < hung-up",
    "shop.refund {}",
    "\"shop.refund\"",
    "shop:refund",
    "[\"a\"]",
    "\t\u{1b}[2J\u{2028}",
    "devolución",
];

#[test]
fn a_number_reads_back_to_its_last_digit() {
    for number in ["7.7777777777777e36", "0.1", "1e-320", "1.7976931348623157e308", "12345678901234567890"] {
        let event = parse_event(&format!("proposed @1 shop.refund {number}")).expect("it is a number");
        assert_eq!(parse_event(&write_event(&event)), Ok(event), "{number}");
    }
}

#[test]
fn a_tools_name_reads_back_whatever_a_model_made_of_it() {
    for name in MADE_UP {
        let tool = ToolName(name.into());
        let args = serde_json::json!({"order": "1 1"});
        let proposed = Event::Proposed { generation: GenerationId(1), tool: tool.clone(), args };
        let action = Digest::of_bytes(b"x");
        let keys = ["", "CA1-t1", "CA1:t1", "k 1", "k\n1"];
        let ends = [EarlierEnd::Unknown, EarlierEnd::Partly, EarlierEnd::Done].into_iter().cycle();
        let earlier = keys.into_iter().zip(ends).map(|(key, end)| {
            let (tool, key) = (tool.clone(), key.to_owned());
            EarlierAction { tool, action, key, end }
        });
        let answered = Event::Answered(Answered {
            line: LineAbilities { marks: true, keys: true },
            engine: EngineYes::Trusted,
            tag: Tag::Always,
            recorder: Recorder::Ready,
            attempt: 1,
            earlier: earlier.collect(),
        });
        for event in [proposed, answered] {
            let line = write_event(&event);
            assert_eq!(parse_event(&line).as_ref(), Ok(&event), "{line}");
            assert!(!line.chars().any(char::is_control), "{line:?} is one line");
        }
    }
}

#[test]
fn a_broken_line_says_what_was_expected() {
    for (line, want) in [
        ("", "an event is missing"),
        ("key 12 ~0", "`12` is not a key: 0 to 9, `*` or `#`"),
        (
            "heard \"a\" trun",
            "`trun` is not partial, final, turn, turn:certain, turn:doubtful or turn:absent",
        ),
        ("played #1 9 mark", "`9` is not a position like `~8000`"),
        ("heard \"a\" ~1 turn", "`~1` is not a span like `~100..~200`"),
        ("prepared t1 zz {}", "`zz` is not a digest of 32 hex digits, or `=`"),
        ("resumed", "a time like `since=12.340` is missing"),
        ("resumed tag", "`tag` is not a time like `since=12.340`"),
        ("hung-up now", "something stands behind `hung-up`"),
    ] {
        assert_eq!(parse_event(line).unwrap_err(), want, "{line}");
    }
    for (line, want) in [
        ("dances", "there is no event `dances`; there are answered, speech"),
        ("herad \"yes\" final", "there is no event `herad`: did you mean `heard`? there are answered"),
        (
            "answered no-mark",
            "`no-mark` is no ability of a call: did you mean `no-marks`? there are no-marks",
        ),
        ("answered attempts=2", "`attempts=2` is no ability of a call: did you mean `attempt=2`?"),
        ("resumed since=1.000 attempt=1", "`attempt=1` is no ability of a call"),
    ] {
        let refused = parse_event(line).unwrap_err();
        assert!(refused.starts_with(want), "{refused}");
    }
}

#[test]
fn every_word_that_an_event_may_begin_with_is_read_as_one() {
    for word in EVENTS {
        let refused = parse_event(&format!("{word} ?")).unwrap_err();
        assert!(!refused.contains("there is no event"), "{refused}");
    }
}
