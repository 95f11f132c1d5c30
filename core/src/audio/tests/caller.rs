//! The caller's way in: positions, gaps, stalls, keys, speech.
//!
//! Promises: see each test's name.
//! Never: depends on how the carrier cuts its frames.

use crate::audio::signals::{Seeded, mixed, noise, silence, tones, voice};
use crate::audio::{FRAME_BYTES_MAX, GAP_FILL_MAX, Key, Law, LineFact, LineOutputs, LineSetup, STALL, Watch};
use crate::base::{CallTime, Millis, Position, Samples};

use super::{USUAL, encoded, line};

/// A caller on a line: sends frames in call time, gathers what comes of them.
struct Caller {
    line: crate::audio::Line,
    law: Law,
    now: CallTime,
    facts: Vec<LineFact>,
    track: Vec<i16>,
}

impl Caller {
    fn on(setup: LineSetup) -> Caller {
        let mut line = line(setup);
        line.watch(Watch { speech: Millis(60).samples(), silence: Millis(500).samples() });
        Caller { line, law: setup.law, now: CallTime(0), facts: Vec::new(), track: Vec::new() }
    }

    fn frame(&mut self, timestamp: Option<u32>, bytes: &[u8]) {
        let mut out = LineOutputs::default();
        self.line.caller_frame(self.now, timestamp.map(Millis), bytes, &mut out);
        if !out.caller.is_empty() {
            assert_eq!(out.caller_from.0, self.track.len() as u64, "no hole, no overlap");
        }
        self.track.extend(&out.caller);
        assert_eq!(self.line.position().0, self.track.len() as u64);
        self.facts.append(&mut out.facts);
    }

    /// Frames of `length` samples at the pace of the call, without timestamps.
    fn says(&mut self, samples: &[i16], length: usize) {
        for frame in samples.chunks(length) {
            self.now = self.now + Samples(frame.len() as u32).millis();
            let bytes = encoded(self.law, frame);
            self.frame(None, &bytes);
        }
    }

    fn wakes(&mut self, at: u32) {
        self.now = CallTime(at);
        let mut out = LineOutputs::default();
        self.line.wake(self.now, &mut out);
        self.facts.append(&mut out.facts);
    }

    /// Frames of 20 ms with these timestamps, each 20 ms of call time after the last; the position after
    /// each.
    fn stamped(&mut self, stamps: &[u32]) -> Vec<u64> {
        let frame = encoded(self.law, &[1_000; 160]);
        let after = |&stamp: &u32| {
            self.now = self.now + Millis(20);
            self.frame(Some(stamp), &frame);
            self.line.position().0
        };
        stamps.iter().map(after).collect()
    }
}

#[test]
fn what_waited_on_a_line_until_somebody_listened_lies_where_it_was_spoken() {
    let (begun, now) = (CallTime(10_000), CallTime(11_500));
    let mut line = crate::audio::Line::begun_at(USUAL, begun, now);
    let (frame, mut out) = (encoded(USUAL.law, &[1_000; 160]), LineOutputs::default());
    // As a carrier stamps them: since its stream began.
    for stamp in (0..1_500).step_by(20) {
        line.caller_frame(now, Some(Millis(stamp)), &frame, &mut out);
    }
    assert_eq!(out.caller_from, Position::START + begun.since(CallTime::ANSWER).samples());
    assert_eq!(line.position(), Position::START + now.since(CallTime::ANSWER).samples());
    assert_eq!(out.facts, [], "it has not stalled");
    assert_eq!(line.deadline(), Some(now + STALL));
}

#[test]
fn a_line_that_nobody_listened_to_at_first_has_not_stalled_and_may_from_then_on() {
    let now = CallTime(1_500);
    let frame = encoded(USUAL.law, &[1_000; 160]);
    for speaks in [true, false] {
        let (mut line, mut out) = (crate::audio::Line::new(USUAL), LineOutputs::default());
        // The disk was slow; or a timer is due first, and then what waited is read.
        line.wake(CallTime::ANSWER, &mut out);
        line.wake(now, &mut out);
        if speaks {
            (0..1_500)
                .step_by(20)
                .for_each(|stamp| line.caller_frame(now, Some(Millis(stamp)), &frame, &mut out));
        }
        assert_eq!(out.facts, [], "it has not stalled");
        assert_eq!(line.deadline(), Some(now + STALL));
        line.wake(now + STALL, &mut out);
        assert_eq!(out.facts, [LineFact::Stalled]);
    }
}

#[test]
fn timestamps_place_frames_fill_gaps_and_drop_what_is_late_or_repeated() {
    for (what, stamps, want) in [
        ("in order", vec![20, 40, 60], vec![160, 320, 480]),
        ("a lost frame is filled", vec![20, 60, 80], vec![160, 480, 640]),
        ("a repeated frame is dropped", vec![20, 40, 40, 60], vec![160, 320, 320, 480]),
        ("a late frame is dropped", vec![20, 60, 40, 80], vec![160, 480, 480, 640]),
        ("jitter is tolerated", vec![20, 45, 57, 83, 100], vec![160, 320, 480, 640, 800]),
        ("a clock that began anew goes on", vec![5_000, 5_020, 0, 20], vec![160, 320, 480, 640]),
    ] {
        assert_eq!(Caller::on(USUAL).stamped(&stamps), want, "{what}");
    }
}

#[test]
fn a_carrier_clock_that_drifts_is_followed() {
    for step in [19, 21] {
        let mut caller = Caller::on(USUAL);
        let stamps: Vec<u32> = (0..500).map(|n| n * step).collect();
        let last = *caller.stamped(&stamps).last().unwrap();
        let clock = u64::from(499 * step * 8 + 160);
        assert!(last.abs_diff(clock) <= 160, "{step} ms a frame: {last} by {clock}");
    }
}

#[test]
fn a_gap_is_silence_on_the_track_and_a_long_one_is_filled_in_part() {
    let mut caller = Caller::on(USUAL);
    caller.now = CallTime(60_000);
    caller.stamped(&[0, 100]);
    assert!(caller.track[160..800].iter().all(|&s| s == 0) && caller.track[800] != 0);
    let before = caller.line.position();
    caller.stamped(&[30_000, 30_020]);
    let grown = caller.line.position().since(before);
    assert_eq!(grown, Samples(GAP_FILL_MAX.0 + 320), "the gap in part, then both frames");
}

#[test]
fn timestamps_that_leap_cannot_run_the_track_ahead_of_the_clock() {
    let mut caller = Caller::on(USUAL);
    let stamps: Vec<u32> = (0..200).map(|n| n * 1_500).collect();
    caller.stamped(&stamps);
    let clock = caller.now.0 as usize * 8;
    assert!(caller.track.len() <= clock + 8_000 + 160, "{} at {clock}", caller.track.len());
    let mut wild = Caller::on(USUAL);
    wild.stamped(&[u32::MAX, 0, u32::MAX, 7, u32::MAX - 1]);
}

#[test]
fn frames_of_any_length_give_the_same_track_and_facts() {
    let track = [silence(300), voice(1_500), silence(1_000)].concat();
    let run = |length: usize| {
        let mut caller = Caller::on(USUAL);
        caller.says(&track, length);
        (caller.facts, caller.track)
    };
    let want = run(160);
    for length in [8, 80, 240, 800, FRAME_BYTES_MAX / 2] {
        let got = run(length);
        assert_eq!(got.0, want.0, "frames of {length}");
        assert!(got.1 == want.1, "frames of {length} give another track");
    }
}

#[test]
fn empty_and_monstrous_frames_are_dropped_unseen() {
    let mut caller = Caller::on(USUAL);
    caller.frame(None, &[]);
    caller.frame(None, &vec![0; FRAME_BYTES_MAX + 1]);
    assert!(caller.track.is_empty() && caller.facts.is_empty());
}

#[test]
fn the_loudest_and_the_wildest_bytes_do_no_harm() {
    for law in [Law::Mu, Law::A] {
        let mut caller = Caller::on(LineSetup { law, keys_out_of_band: false, ..USUAL });
        let mut draw = Seeded::new(11);
        for period in 1..200 {
            let square: Vec<u8> = (0..800).map(|n| if n / period % 2 == 0 { 0x00 } else { 0x80 }).collect();
            let wild: Vec<u8> = (0..=draw.below(900)).map(|_| draw.below(256) as u8).collect();
            for frame in [square, wild] {
                caller.now = caller.now + Millis(draw.below(150));
                let stamp = (draw.below(2) == 0).then(|| draw.below(40_000));
                caller.frame(stamp, &frame);
            }
        }
    }
}

#[test]
fn a_stalled_line_is_not_silence() {
    let mut caller = Caller::on(USUAL);
    caller.says(&[silence(300), voice(1_000)].concat(), 160);
    assert!(matches!(caller.facts[..], [LineFact::SpeechStarted { .. }]), "{:?}", caller.facts);
    assert_eq!(caller.line.deadline(), Some(CallTime(1_300) + STALL));
    caller.wakes(2_299);
    assert_eq!(caller.facts.len(), 1);
    caller.wakes(2_300);
    caller.wakes(9_000);
    assert_eq!(caller.facts[1..], [LineFact::Stalled], "once, and the speech has not stopped");
    assert_eq!(caller.line.deadline(), None);
    caller.says(&voice(400), 160);
    assert_eq!(caller.facts[2..], [LineFact::Resumed]);
}

#[test]
fn a_stall_seen_late_is_told_before_the_frame_that_ends_it() {
    let mut caller = Caller::on(USUAL);
    caller.says(&silence(100), 160);
    caller.now = CallTime(1_600);
    caller.says(&silence(20), 160);
    assert_eq!(caller.facts, [LineFact::Stalled, LineFact::Resumed]);
}

#[test]
fn a_stall_is_filled_by_call_time_where_there_are_no_timestamps() {
    for (stall, filled) in [(1_500, 1_500 * 8), (60_000, GAP_FILL_MAX.0)] {
        let mut caller = Caller::on(USUAL);
        caller.says(&silence(100), 160);
        caller.now = CallTime(100 + stall);
        caller.says(&silence(20), 160);
        let grown = caller.track.len() as u32 - 800;
        assert_eq!(grown, filled + 160, "{stall} ms");
    }
}

#[test]
fn speech_is_told_where_it_began_and_ended() {
    for law in [Law::Mu, Law::A] {
        let mut caller = Caller::on(LineSetup { law, ..USUAL });
        let track = [silence(600), voice(1_200), silence(1_000)].concat();
        caller.says(&mixed(&track, &noise(2_800, 60, 1)), 160);
        let [LineFact::SpeechStarted { at: from }, LineFact::SpeechStopped { at: to }] = caller.facts[..]
        else {
            panic!("{law:?}: {:?}", caller.facts);
        };
        let (from, to) = (from.0 / 8, to.0 / 8);
        assert!((580..800).contains(&from), "{law:?} began at {from} ms");
        assert!((1_650..1_950).contains(&to), "{law:?} ended at {to} ms");
    }
}

#[test]
fn a_longer_order_needs_longer_speech() {
    let mut caller = Caller::on(USUAL);
    caller.line.watch(Watch { speech: Millis(2_000).samples(), silence: Millis(500).samples() });
    caller.says(&[silence(300), voice(1_000), silence(800)].concat(), 160);
    assert_eq!(caller.facts, []);
}

#[test]
fn keys_in_the_audio_are_told_once_and_are_no_speech() {
    let in_band = LineSetup { keys_out_of_band: false, ..USUAL };
    for (setup, hiss, keys) in [(in_band, 20, 3), (USUAL, 20, 0), (in_band, 1_500, 3), (USUAL, 1_500, 0)] {
        let mut caller = Caller::on(setup);
        let mut track = noise(400, 20, 1);
        for pair in [[770.0, 1_336.0], [941.0, 1_477.0], [697.0, 1_209.0]] {
            track.extend(mixed(&tones(150, 6_000.0, &pair), &noise(150, hiss, 3)));
            track.extend(silence(100));
        }
        caller.says(&mixed(&track, &noise(2_000, 20, 2)), 160);
        let told: String = caller
            .facts
            .iter()
            .map(|fact| if let LineFact::Key { key, .. } = fact { key.reveal() } else { '!' })
            .collect();
        assert_eq!(told, if keys == 3 { "5#1" } else { "" });
    }
}

#[test]
fn ringback_and_beeps_are_no_speech() {
    for hertz in [&[425.0][..], &[440.0, 480.0], &[400.0, 450.0], &[1_000.0], &[480.0, 620.0]] {
        for lead in [silence(400), noise(400, 40, 9)] {
            let mut caller = Caller::on(USUAL);
            let rest = noise(1_000, 10, 3);
            let burst = tones(1_000, 5_000.0, hertz);
            caller.says(&[lead, burst.clone(), rest.clone(), burst, rest].concat(), 160);
            assert_eq!(caller.facts, [], "{hertz:?}");
        }
    }
}

#[test]
fn a_key_from_the_carrier_lies_at_the_end_of_what_was_received() {
    let mut caller = Caller::on(USUAL);
    caller.says(&silence(100), 160);
    let mut out = LineOutputs::default();
    let key = Key::parse('1').unwrap();
    caller.line.key(CallTime(110), key, &mut out);
    assert_eq!(out.facts, [LineFact::Key { key, at: Position(800) }]);
}
