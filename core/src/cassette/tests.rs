//! Lines of a cassette, and two outlines of one call side by side.
//!
//! Promises: a line that is broken is named; what is within the tolerance is the same.
//! Never: a clock.

use std::collections::BTreeMap;

use super::*;
use crate::base::{CallTime, Millis, Position};
use crate::journal::CallFile;

const CASSETTE: &str = "# version: 1
# call: CA1
# line: mu-law marks keys buffers
0.000 answered
voice #1.0 35:1600 36:160 36:end
voice #2.0 4:failed
mark #1 -12
mark #2 never
~800..~8000 +31 heard \"hello\" ~900..~7000 turn
~16000 heard \"and\" final
+120 wrote @1 \"Hello\"
? t1 run shop.refund {\"order\":\"1182\"}
+9 settled t1 done {}
frames 0.020 ~0 0 160 +20x3 +19 +21x2
frames 0.200 dropped - 160
4.000 key 1 ~32000
9.000 hung-up
# lost: 2
";

#[test]
fn every_kind_of_line_reads_back_as_it_was_written() {
    let cassette = Cassette::parse(CASSETTE).expect("it is one");
    assert_eq!((cassette.entries.len(), cassette.lost, cassette.track_end()), (14, 2, 7 * 160));
    assert_eq!(cassette.write(), CASSETTE);
}

#[test]
fn a_line_that_is_none_is_named_by_its_number_and_another_version_as_such() {
    let head = "# version: 1\n";
    for (lines, want) in [
        ("dances", "line 2: there is no line `dances`"),
        ("\nvoice #1.0 x", "line 3: `#1.0 x` is not a piece with its chunks"),
        ("mark #1", "line 2: `#1` is not a mark"),
        ("frames 0.000 ~0 0 0", "line 2: `0.000 ~0 0 0` is not a run of frames"),
        ("frames 0.000 ~0 0 160 +20x9999999", "is not a run of frames"),
        ("~5..x +1 heard turn", "is not a stretch of the track"),
        ("? t1", "is not a question"),
        ("+x finished @1", "`+x` is not a wait"),
        ("# line: opus", "line 2: there is no law `opus`"),
    ] {
        let told = Cassette::parse(&format!("{head}{lines}\n")).expect_err(lines);
        assert!(told.contains(want), "{lines}: {told}");
    }
    for (text, found) in [("0.000 answered\n", "none"), ("# version: 2\n0.000 answered\n", "2")] {
        let told = Cassette::parse(text).expect_err(text);
        assert_eq!(told, format!("it is of version {found}; this build reads version 1"));
    }
}

fn turn(from: u64, to: u64, answered: u32) -> Turn {
    Turn { from: Position(from * 8), to: Some(Position(to * 8)), answered: Some(Millis(answered)) }
}

#[test]
fn a_turn_that_moved_one_that_is_gone_and_one_more_are_told_each() {
    let recorded = Outline {
        turns: vec![turn(1_000, 2_000, 500), turn(4_000, 5_000, 500), turn(8_000, 9_000, 500)],
        ..Outline::default()
    };
    let today = Outline {
        turns: vec![turn(1_016, 2_020, 560), turn(4_000, 4_400, 700), turn(6_000, 6_500, 500)],
        ..Outline::default()
    };
    let told: Vec<String> = compare(&recorded, &today, Millis(20)).iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "turn: turn 2 ends at 4.400, recorded 5.000 (-600 ms)",
            "latency: turn 2 is answered after 700 ms, recorded 500 ms (+200 ms)",
            "turn: one more is heard today (6.000 to 6.500)",
            "turn: turn 3 is not heard today (recorded 8.000 to 9.000)",
        ]
    );
    assert_eq!(compare(&recorded, &recorded, Millis(0)), []);
}

#[test]
fn of_a_row_that_goes_apart_the_first_difference_is_told() {
    let row = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let recorded = Outline { answers: row(&["asked t1", "judged t1 yes"]), ..Outline::default() };
    let today = Outline { answers: row(&["asked t1", "judged t1 no", "x"]), ..Outline::default() };
    let told = compare(&recorded, &today, Millis(20));
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].to_string(), "answer: `judged t1 no` today, recorded `judged t1 yes`");
    let told = compare(&recorded, &Outline::default(), Millis(20));
    assert_eq!(told[0].to_string(), "answer: nothing more today, recorded `asked t1`");
}

#[test]
fn a_hang_up_behind_a_reply_is_no_barge_in_and_one_before_it_is() {
    let call = "0.000 < answered
3.000 < cut #1 0+600
> say #2.0 answer:@1 \"It is on its way.\"
5.000 < hung-up
> cut #2
5.000 < cut #2 0+990
";
    let file = CallFile::parse(call).expect("a call file");
    let outline = Outline::of(&file, &BTreeMap::new());
    let cuts: Vec<CallTime> = outline.barge_ins.iter().map(|cut| cut.at).collect();
    assert_eq!(cuts, [CallTime(3_000)]);
}
