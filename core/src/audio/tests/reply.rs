//! The agent's way out: pace, marks, cuts, and what was heard.
//!
//! Promises: see each test's name.
//! Never: waits; call time is counted by hand.

use crate::audio::{
    AUDIO_HELD_MAX, By, CLOCK_MARGIN, GRID, LEAD_LEAST, LEAD_MOST, Law, Line, LineFact, LineOutputs,
    LineSetup, MARK_PATIENCE, MarkName, PACED_LEAD_MOST, PIECES_MAX, Refused, Underruns, WireItem,
};
use crate::base::{CallTime, Millis, PieceNo, Position, ReplyId, Samples};

use super::{USUAL, line};

const ONE: ReplyId = ReplyId(1);
const TWO: ReplyId = ReplyId(2);

fn ms(millis: usize) -> Vec<i16> {
    vec![1_000; millis * 8]
}

/// A line and what it wrote, each item with the time it was written at.
struct Carrier {
    line: Line,
    written: Vec<(u32, WireItem)>,
    facts: Vec<LineFact>,
    audio: Vec<u8>,
}

impl Carrier {
    fn new(setup: LineSetup) -> Carrier {
        Carrier { line: line(setup), written: Vec::new(), facts: Vec::new(), audio: Vec::new() }
    }

    fn take(&mut self, at: u32, out: LineOutputs) {
        self.facts.extend(out.facts.into_iter().filter(|f| *f != LineFact::Stalled));
        self.audio.extend(out.bytes);
        self.written.extend(out.wire.into_iter().map(|item| (at, item)));
    }

    fn wake(&mut self, at: u32) {
        let mut out = LineOutputs::default();
        self.line.wake(CallTime(at), &mut out);
        self.take(at, out);
    }

    fn mark(&mut self, at: u32, name: &str) {
        let mut out = LineOutputs::default();
        self.line.mark(CallTime(at), name, &mut out);
        self.take(at, out);
    }

    fn cut(&mut self, at: u32) -> Option<LineFact> {
        let mut out = LineOutputs::default();
        self.line.cut(CallTime(at), &mut out);
        let fact = out.facts.first().copied();
        self.take(at, out);
        fact
    }

    /// Wakes the line whenever it asks, from `from` until `to`; gives the times.
    fn run(&mut self, from: u32, to: u32) -> Vec<u32> {
        let (mut now, mut wakes) = (from, Vec::new());
        while let Some(due) = self.line.deadline() {
            now = now.max(due.0);
            if now > to {
                break;
            }
            self.wake(now);
            wakes.push(now);
            assert!(wakes.len() < 1_000, "the line asks to be woken without end");
        }
        wakes
    }

    /// A reply of these pieces, in milliseconds each, all synthesised at once.
    fn say(&mut self, reply: ReplyId, pieces: &[usize]) {
        self.line.begin(reply).unwrap();
        for (n, &length) in (0..).zip(pieces) {
            self.line.audio(reply, PieceNo(n), &ms(length)).unwrap();
            self.line.piece_end(reply, PieceNo(n)).unwrap();
        }
        self.line.end(reply, pieces.len() as u16).unwrap();
    }

    fn marks(&self) -> Vec<String> {
        let name = |(_, item): &(u32, WireItem)| match item {
            WireItem::Mark { name } => Some(name.to_string()),
            WireItem::Audio { .. } | WireItem::Clear => None,
        };
        self.written.iter().filter_map(name).collect()
    }

    /// When each flush was written, when it starts to play and how long it is.
    fn flushes(&self) -> Vec<(u32, u32, u32)> {
        let flush = |(at, item): &(u32, WireItem)| match item {
            WireItem::Audio { bytes, starts } => Some((*at, starts.0, bytes.len() as u32 / 8)),
            WireItem::Mark { .. } | WireItem::Clear => None,
        };
        self.written.iter().filter_map(flush).collect()
    }
}

#[test]
fn the_first_frame_goes_out_at_once_off_the_grid() {
    let mut carrier = Carrier::new(USUAL);
    carrier.wake(1_003);
    carrier.line.begin(ONE).unwrap();
    carrier.line.audio(ONE, PieceNo(0), &ms(19)).unwrap();
    assert!(carrier.line.deadline().is_none_or(|at| at.0 > 1_003), "less than a frame waits");
    carrier.line.audio(ONE, PieceNo(0), &ms(21)).unwrap();
    assert_eq!(carrier.line.deadline(), Some(CallTime(1_003)), "due now");
    carrier.wake(1_003);
    assert_eq!(carrier.flushes(), [(1_003, 1_003, 40)]);
}

#[test]
fn a_carrier_that_buffers_is_written_to_about_five_times_a_second_on_the_grid_within_its_lead() {
    let mut carrier = Carrier::new(USUAL);
    carrier.say(ONE, &[4_000, 6_000]);
    carrier.run(3, 10_003);
    let flushes = carrier.flushes();
    assert!((48..=58).contains(&flushes.len()), "{} flushes in 10 s", flushes.len());
    for (n, &(at, starts, length)) in flushes.iter().enumerate() {
        assert!(starts + length - at <= LEAD_MOST.0, "too far ahead at {at}");
        if n > 0 {
            assert_eq!(at % GRID.0, 0, "off the grid");
            assert!(starts - at >= LEAD_LEAST.0, "too late at {at}: starts {starts}");
            assert_eq!(starts, flushes[n - 1].1 + flushes[n - 1].2, "no break");
        }
    }
    assert_eq!(carrier.audio.len(), 80_000);
    assert_eq!(carrier.line.underruns(), Underruns::default());
}

#[test]
fn a_carrier_that_does_not_buffer_gets_a_frame_each_20_ms_two_ahead_at_most() {
    let mut carrier = Carrier::new(LineSetup { carrier_buffers: false, ..USUAL });
    carrier.say(ONE, &[1_000]);
    carrier.run(0, 1_100);
    let flushes = carrier.flushes();
    assert_eq!(flushes.len(), 49, "two frames at first, then one by one");
    for &(at, starts, length) in &flushes {
        assert!(starts + length - at <= PACED_LEAD_MOST.0 && length <= 40);
    }
}

#[test]
fn pacing_off_the_grid_keeps_the_same_rhythm() {
    for start in 0..20 {
        let mut carrier = Carrier::new(LineSetup { carrier_buffers: false, ..USUAL });
        carrier.wake(start);
        carrier.say(ONE, &[1_000]);
        carrier.run(start, start + 1_000);
        assert_eq!((carrier.flushes().len(), carrier.audio.len()), (49, 8_000), "started at {start}");
        let (_, starts, length) = carrier.flushes()[48];
        assert_eq!(starts + length, start + 1_000, "no break");
    }
}

#[test]
fn pieces_filled_side_by_side_go_out_in_order_and_the_tail_is_padded() {
    let mut carrier = Carrier::new(USUAL);
    carrier.line.begin(ONE).unwrap();
    carrier.line.audio(ONE, PieceNo(1), &vec![-8_000; 8 * 33]).unwrap();
    carrier.line.audio(ONE, PieceNo(0), &vec![8_000; 8 * 25]).unwrap();
    carrier.line.piece_end(ONE, PieceNo(1)).unwrap();
    carrier.line.end(ONE, 2).unwrap();
    carrier.wake(10);
    assert_eq!(carrier.audio.len(), 160, "the first piece has not ended: only its whole frame");
    carrier.line.audio(ONE, PieceNo(0), &[8_000; 8 * 2]).unwrap();
    carrier.line.piece_end(ONE, PieceNo(0)).unwrap();
    carrier.run(10, 100);
    let (high, low) = (Law::Mu.encode(8_000), Law::Mu.encode(-8_000));
    assert!(carrier.audio[..8 * 27].iter().all(|&b| b == high));
    assert!(carrier.audio[8 * 27..8 * 60].iter().all(|&b| b == low));
    assert_eq!(carrier.audio.len(), 480, "60 ms is three frames: nothing to pad");
    let mut padded = Carrier::new(LineSetup { law: Law::A, ..USUAL });
    padded.say(ONE, &[25]);
    padded.run(0, 100);
    assert_eq!(padded.audio.len(), 320);
    assert!(padded.audio[200..].iter().all(|&b| b == 0xD5));
}

#[test]
fn the_mark_follows_the_last_sample_of_the_last_piece_and_nothing_less() {
    let mut carrier = Carrier::new(USUAL);
    carrier.line.begin(ONE).unwrap();
    carrier.line.audio(ONE, PieceNo(0), &ms(100)).unwrap();
    carrier.line.end(ONE, 2).unwrap();
    carrier.run(0, 500);
    assert!(carrier.marks().is_empty(), "piece 0 has not ended");
    carrier.line.piece_end(ONE, PieceNo(0)).unwrap();
    carrier.run(500, 600);
    assert!(carrier.marks().is_empty(), "piece 1 has not begun");
    carrier.line.audio(ONE, PieceNo(1), &ms(600)).unwrap();
    carrier.line.piece_end(ONE, PieceNo(1)).unwrap();
    carrier.run(600, 700);
    assert!(carrier.marks().is_empty(), "not all is written");
    carrier.run(700, 1_100);
    assert_eq!(carrier.marks(), ["g0-1"]);
    assert!(matches!(carrier.written.last(), Some((_, WireItem::Mark { .. }))));
}

#[test]
fn an_end_known_late_waits_for_its_mark_all_the_same_and_unhears_nothing() {
    let mut carrier = Carrier::new(USUAL);
    carrier.line.begin(ONE).unwrap();
    carrier.line.audio(ONE, PieceNo(0), &ms(200)).unwrap();
    carrier.line.piece_end(ONE, PieceNo(0)).unwrap();
    carrier.run(0, 100);
    carrier.line.end(ONE, 1).unwrap();
    carrier.run(9_000, 9_010);
    assert_eq!((carrier.marks().len(), carrier.facts.len()), (1, 0));
    let Some(LineFact::Cut { heard, .. }) = carrier.cut(9_011) else { panic!("no cut") };
    assert_eq!(heard, Samples(1_600));
}

#[test]
fn a_mark_says_played_with_the_track_received_before_it() {
    let mut carrier = Carrier::new(USUAL);
    carrier.say(ONE, &[300]);
    carrier.run(0, 300);
    let mut out = LineOutputs::default();
    carrier.line.caller_frame(CallTime(320), None, &[0xFF; 160], &mut out);
    carrier.mark(340, "g0-1");
    assert_eq!(carrier.facts, [LineFact::Played { reply: ONE, at: Position(160), by: By::Mark }]);
    carrier.mark(341, "g0-1");
    assert_eq!(carrier.facts.len(), 1, "once");
    carrier.line.begin(TWO).unwrap();
}

#[test]
fn forged_early_and_foreign_marks_are_dropped() {
    let mut carrier = Carrier::new(USUAL);
    carrier.mark(0, "g0-0");
    carrier.line.begin(ONE).unwrap();
    carrier.line.audio(ONE, PieceNo(0), &ms(1_000)).unwrap();
    carrier.mark(5, "g0-1");
    carrier.line.piece_end(ONE, PieceNo(0)).unwrap();
    carrier.line.end(ONE, 1).unwrap();
    carrier.run(5, 700);
    assert_eq!(carrier.marks(), ["g0-1"]);
    for forged in ["", "g0-2", "g1-1", "g0-1 ", "G0-1", "g00-1-1", "hello"] {
        carrier.mark(1_010, forged);
    }
    assert_eq!(carrier.facts, []);
    carrier.mark(1_010, "g0-1");
    assert_eq!(carrier.facts.len(), 1);

    let mut hasty = Carrier::new(USUAL);
    hasty.say(ONE, &[1_000]);
    hasty.run(0, 640);
    assert_eq!(hasty.marks(), ["g0-1"]);
    hasty.mark(650, "g0-1");
    assert_eq!(hasty.facts, [], "350 ms cannot have been played yet");
}

#[test]
fn a_lost_mark_is_replaced_by_the_clock_and_a_later_one_is_dropped() {
    let mut carrier = Carrier::new(USUAL);
    carrier.say(ONE, &[500]);
    carrier.run(0, 500 + MARK_PATIENCE.0 - 1);
    assert_eq!(carrier.facts, []);
    carrier.run(500 + MARK_PATIENCE.0 - 1, 500 + MARK_PATIENCE.0);
    assert_eq!(carrier.facts, [LineFact::Played { reply: ONE, at: Position(0), by: By::Clock }]);
    carrier.mark(2_600, "g0-1");
    assert_eq!(carrier.facts.len(), 1);
}

#[test]
fn a_dialect_without_marks_goes_by_the_clock_and_its_margin() {
    let mut carrier = Carrier::new(LineSetup { marks: false, ..USUAL });
    carrier.say(ONE, &[500]);
    carrier.run(0, 500 + CLOCK_MARGIN.0 - 1);
    carrier.mark(600, "g0-1");
    assert_eq!((carrier.facts.len(), carrier.marks().len()), (0, 0));
    carrier.run(600, 500 + CLOCK_MARGIN.0);
    assert_eq!(carrier.facts, [LineFact::Played { reply: ONE, at: Position(0), by: By::Clock }]);
}

#[test]
fn a_mark_of_cleared_audio_is_not_heard() {
    let mut carrier = Carrier::new(USUAL);
    carrier.say(ONE, &[300]);
    carrier.run(0, 100);
    assert_eq!(carrier.marks(), ["g0-1"]);
    carrier.cut(120);
    carrier.mark(130, "g0-1");
    carrier.say(TWO, &[300]);
    carrier.run(140, 300);
    carrier.mark(500, "g0-2");
    carrier.mark(500, "g0-1");
    assert_eq!(carrier.facts.len(), 1, "the cut alone");
    assert_eq!(carrier.marks()[1], "g1-2");
    carrier.mark(500, "g1-2");
    assert!(matches!(carrier.facts[1], LineFact::Played { reply: TWO, by: By::Mark, .. }));
}

#[test]
fn a_reply_without_audio_is_played_by_its_mark_alone() {
    let mut carrier = Carrier::new(USUAL);
    carrier.say(ONE, &[]);
    carrier.run(0, 10);
    assert_eq!((carrier.marks().len(), carrier.audio.len()), (1, 0));
    carrier.mark(20, "g0-1");
    assert_eq!(carrier.facts.len(), 1);
}

#[test]
fn a_cut_at_every_millisecond_hears_ever_more_and_never_too_much() {
    let mut before = (0, 0, 0);
    for at in 0..1_400 {
        let mut carrier = Carrier::new(USUAL);
        carrier.say(ONE, &[500, 700]);
        carrier.run(0, at);
        let Some(LineFact::Cut { reply: ONE, whole, permille, heard }) = carrier.cut(at) else {
            panic!("no cut at {at}");
        };
        assert!((whole, permille, heard.0) >= before, "less at {at} than before");
        before = (whole, permille, heard.0);
        let (lengths, played) = ([500, 700, 0], at.min(1_200));
        let earlier: u32 = lengths[..usize::from(whole)].iter().sum();
        assert!(earlier + heard.millis().0 <= played, "at {at} {played} ms were played");
        let length = lengths[usize::from(whole)];
        assert!(u32::from(permille) * length <= heard.0 * 125, "at {at} rounded up");
        assert!(permille < 1_000);
        assert_eq!(carrier.written.last(), Some(&(at, WireItem::Clear)));
    }
    assert_eq!(before.0, 1, "the last piece is whole by its mark alone");
    assert!(before.1 > 990);
}

#[test]
fn of_a_piece_whose_length_is_unknown_no_part_is_claimed() {
    let mut carrier = Carrier::new(USUAL);
    carrier.line.begin(ONE).unwrap();
    carrier.line.audio(ONE, PieceNo(0), &ms(1_000)).unwrap();
    carrier.run(0, 600);
    let cut = carrier.cut(600);
    let heard = Millis(540).samples();
    assert_eq!(cut, Some(LineFact::Cut { reply: ONE, whole: 0, permille: 0, heard }));
}

#[test]
fn after_a_cut_nothing_of_the_reply_goes_out() {
    let mut carrier = Carrier::new(USUAL);
    carrier.say(ONE, &[5_000]);
    carrier.run(0, 300);
    carrier.cut(300);
    let written = carrier.audio.len();
    assert_eq!(carrier.line.audio(ONE, PieceNo(1), &ms(20)), Err(Refused::Stale));
    assert_eq!(carrier.line.piece_end(ONE, PieceNo(1)), Err(Refused::Stale));
    assert_eq!(carrier.line.end(ONE, 2), Err(Refused::Stale));
    assert_eq!(carrier.line.begin(ONE), Err(Refused::Stale), "an id is not begun twice");
    for at in 300..3_000 {
        carrier.wake(at);
    }
    assert_eq!(carrier.audio.len(), written);
    assert_eq!(carrier.cut(3_000), None, "there is nothing to cut");
}

#[test]
fn the_next_reply_starts_at_once_after_a_cut() {
    let mut carrier = Carrier::new(USUAL);
    carrier.say(ONE, &[5_000]);
    carrier.run(0, 301);
    carrier.cut(301);
    carrier.say(TWO, &[400]);
    carrier.run(301, 302);
    assert_eq!(carrier.flushes().last(), Some(&(301, 301, 400)));
}

#[test]
fn one_reply_at_a_time() {
    let mut carrier = Carrier::new(USUAL);
    carrier.say(ONE, &[100]);
    assert_eq!(carrier.line.begin(TWO), Err(Refused::Busy { open: ONE }));
    carrier.run(0, 100);
    assert_eq!(carrier.line.begin(TWO), Err(Refused::Busy { open: ONE }), "not played yet");
    assert_eq!(carrier.line.audio(TWO, PieceNo(0), &ms(20)), Err(Refused::Stale));
    carrier.mark(150, "g0-1");
    assert_eq!(carrier.line.begin(TWO), Ok(()));
}

#[test]
fn what_is_held_is_bounded_and_the_refusal_says_why() {
    let mut carrier = Carrier::new(USUAL);
    carrier.line.begin(ONE).unwrap();
    let most = vec![0; AUDIO_HELD_MAX.0 as usize];
    carrier.line.audio(ONE, PieceNo(0), &most).unwrap();
    assert_eq!(carrier.line.audio(ONE, PieceNo(0), &[0]), Err(Refused::TooMuchAudio));
    carrier.wake(0);
    assert_eq!(carrier.line.audio(ONE, PieceNo(0), &ms(20)), Ok(()), "writing makes room");
    let beyond = PieceNo(u32::from(PIECES_MAX));
    assert_eq!(carrier.line.audio(ONE, beyond, &[0]), Err(Refused::TooManyPieces));
    carrier.line.piece_end(ONE, PieceNo(0)).unwrap();
    assert_eq!(carrier.line.audio(ONE, PieceNo(0), &[0]), Err(Refused::NoSuchPiece));
    assert_eq!(carrier.line.end(ONE, 0), Err(Refused::NoSuchPiece), "a piece is there already");
    carrier.line.end(ONE, 1).unwrap();
    assert_eq!(carrier.line.audio(ONE, PieceNo(1), &[0]), Err(Refused::NoSuchPiece));
    assert_eq!(carrier.line.end(ONE, 1), Err(Refused::NoSuchPiece), "ended once");
}

#[test]
fn an_underrun_inside_a_piece_is_counted_shifts_the_clock_and_unhears_nothing() {
    let mut carrier = Carrier::new(USUAL);
    carrier.line.begin(ONE).unwrap();
    carrier.line.audio(ONE, PieceNo(0), &ms(200)).unwrap();
    carrier.run(0, 250);
    carrier.line.audio(ONE, PieceNo(0), &ms(200)).unwrap();
    carrier.run(250, 260);
    assert_eq!(carrier.line.underruns(), Underruns { count: 0, longest: Millis(50) });
    carrier.line.audio(ONE, PieceNo(0), &ms(200)).unwrap();
    carrier.line.piece_end(ONE, PieceNo(0)).unwrap();
    carrier.run(260, 300);
    assert_eq!(carrier.flushes()[1].1, 250, "played when it came");
    carrier.line.audio(ONE, PieceNo(1), &ms(100)).unwrap();
    carrier.run(300, 640);
    carrier.line.audio(ONE, PieceNo(1), &ms(100)).unwrap();
    carrier.run(840, 900);
    assert_eq!(carrier.line.underruns(), Underruns { count: 1, longest: Millis(90) });
    let Some(LineFact::Cut { whole: 1, heard, .. }) = carrier.cut(841) else { panic!("no cut") };
    assert_eq!(heard, Samples(800), "what was heard before the pause stays heard");
}

#[test]
fn a_pause_between_pieces_is_no_underrun() {
    let mut carrier = Carrier::new(USUAL);
    carrier.line.begin(ONE).unwrap();
    carrier.line.audio(ONE, PieceNo(0), &ms(205)).unwrap();
    carrier.line.piece_end(ONE, PieceNo(0)).unwrap();
    carrier.run(0, 400);
    assert_eq!(carrier.audio.len(), 220 * 8, "its tail does not wait for the next piece");
    carrier.line.audio(ONE, PieceNo(1), &ms(100)).unwrap();
    carrier.run(900, 950);
    assert_eq!(carrier.line.underruns(), Underruns::default());
}

#[test]
fn mark_names_carry_the_epoch_of_their_audio() {
    let mut carrier = Carrier::new(USUAL);
    for n in 1..4 {
        carrier.say(ReplyId(n), &[20]);
        carrier.run(n * 100, n * 100);
        carrier.cut(n * 100 + 5);
    }
    let names: Vec<_> = carrier.marks().iter().map(|m| MarkName::parse(m).unwrap().epoch).collect();
    assert_eq!(names, [0, 1, 2]);
}
