//! Stand-in speech over the real line: what is said must be heard, where it was said, and nothing else.
//!
//! Promises: audio goes through mu-law, frames of 20 ms and the real voice detector.
//! Never: a clock; time is counted in frames.

use std::sync::Arc;

use futures::FutureExt as _;

use super::*;
use crate::core::audio::{Law, Line, LineFact, LineOutputs, LineSetup, Watch};
use crate::core::base::{CallTime, Millis, Position, Samples};
use crate::core::conversation::{Affirmation, Expect, Transcript, TranscriptEnd};
use crate::core::language::Language;
use crate::stt::{Stt as _, SttEvent, SttStream, Vocabulary};
use crate::tts::whole;

fn silence(millis: usize) -> Vec<i16> {
    vec![0; millis * 8]
}

fn open() -> Box<dyn SttStream> {
    Ear.open(Arc::new(Vocabulary::of_sentences(Language::English, [])), Language::English).unwrap()
}

/// Sends a track over a line to an ear, as the driver does; what the ear reports, and where speech began.
fn hear(track: &[i16], watch: Watch) -> (Vec<Transcript>, Vec<Position>) {
    let mut line =
        Line::new(LineSetup { law: Law::Mu, marks: true, keys_out_of_band: true, carrier_buffers: true });
    line.watch(watch);
    let (mut ear, mut out) = (open(), LineOutputs::default());
    let (mut heard, mut began) = (Vec::new(), Vec::new());
    for (n, frame) in (0_u32..).zip(track.chunks(160)) {
        let encoded: Vec<u8> = frame.iter().map(|&s| Law::Mu.encode(s)).collect();
        out.clear();
        line.caller_frame(CallTime(20 * n), Some(Millis(20 * n)), &encoded, &mut out);
        ear.audio(out.caller_from, &out.caller);
        for fact in out.facts.drain(..) {
            if let LineFact::SpeechStarted { at } = fact {
                began.push(at);
                ear.speech_started(at);
            } else if let LineFact::SpeechStopped { at } = fact {
                ear.speech_stopped(at, Expect::Anything);
            }
        }
        while let Some(SttEvent::Heard(transcript)) = ear.next().now_or_never() {
            heard.push(transcript);
        }
    }
    (heard, began)
}

fn watch(speech: u32, silence: u32) -> Watch {
    Watch { speech: Millis(speech).samples(), silence: Millis(silence).samples() }
}

fn text(transcript: &Transcript) -> String {
    transcript.words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_said_is_heard_word_for_word_where_it_lay() {
    let long = "a sentence that goes on ".repeat(5);
    for said in ["yes", "no", "refund twenty dollars on order 1182", "¿sí? ¡claro que sí!", long.trim()] {
        for pause in [100, 137, 801] {
            let track = [silence(pause), utter(said), silence(1_000)].concat();
            let (heard, began) = hear(&track, watch(200, 700));
            assert_eq!(heard.iter().map(text).collect::<Vec<_>>(), [said], "after {pause} ms");
            assert_eq!(heard[0].end, TranscriptEnd::Turn(Affirmation::ByWords));
            let spans: Vec<_> = heard[0].words.iter().map(|w| w.span.unwrap()).collect();
            let (first, last) = (spans[0], spans[spans.len() - 1]);
            assert!(first.from >= Position(pause as u64 * 8), "{said}: {first:?}");
            assert!(last.to <= Position((track.len() - 8_000) as u64), "{said}: {last:?}");
            assert!(spans.windows(2).all(|w| w[0].to <= w[1].from), "{said}: {spans:?}");
            let late = began[0].since(first.from);
            assert!(late <= Millis(200).samples(), "{said}: speech began {} late", late.millis());
        }
    }
}

#[test]
fn two_utterances_of_one_turn_are_two_texts_with_two_places() {
    let (yes, no) = (utter("yes"), utter("no wait"));
    let track = [silence(200), yes.clone(), silence(300), no, silence(1_000)].concat();
    let (heard, began) = hear(&track, watch(60, 500));
    assert_eq!(
        (heard.iter().map(text).collect::<Vec<_>>(), began.len()),
        (vec!["yes no wait".to_owned()], 1)
    );
    let spans: Vec<_> = heard[0].words.iter().map(|w| w.span.unwrap()).collect();
    assert!(spans[0].to < spans[1].from, "the pause lies between them: {spans:?}");
    assert!(spans[1].from >= Position((200 * 8 + yes.len() + 300 * 8) as u64));
    let (apart, _) = hear(&track, watch(60, 200));
    assert_eq!(apart.iter().map(text).collect::<Vec<_>>(), ["yes", "no wait"], "two turns, each its words");
}

#[test]
fn who_speaks_on_without_a_pause_is_told_part_by_part_and_every_word_once() {
    let sentence = "and then the parcel came back to me again";
    let track = [silence(200), utter(sentence).repeat(8), silence(1_000)].concat();
    let (heard, began) = hear(&track, watch(200, 700));
    assert!(track.len() > 160_000 && began.len() == 1, "twenty seconds in one breath");
    let (last, parts) = heard.split_last().unwrap();
    assert!(parts.len() >= 2 && parts.iter().all(|part| part.end == TranscriptEnd::Final), "{parts:?}");
    assert_eq!(last.end, TranscriptEnd::Turn(Affirmation::ByWords));
    let told = heard.iter().map(text).collect::<Vec<_>>().join(" ");
    assert_eq!(told, [sentence; 8].join(" "));
}

#[test]
fn a_voice_without_a_text_is_an_empty_transcript() {
    let burst = utter("x").len() - Millis(320).samples().0 as usize;
    let track = [silence(200), utter("yes")[burst..].to_vec(), silence(1_000)].concat();
    let (heard, _) = hear(&track, watch(200, 700));
    assert_eq!(heard.iter().map(text).collect::<Vec<_>>(), [""]);
}

#[test]
fn a_torn_text_is_not_heard_and_the_next_one_is() {
    let whole = [silence(100), utter("one two three"), silence(900)].concat();
    let mut deaf = 0;
    for at in (0..300).map(|n| 800 + n) {
        let mut torn = whole.clone();
        torn[at] = if torn[at] > 0 { -8_000 } else { 8_000 };
        let found = said(&torn);
        assert!(found.is_empty() || found == said(&whole), "another text was found at {at}");
        deaf += usize::from(found.is_empty());
        torn.extend(utter("four"));
        assert_eq!(said(&torn).last().map(|s| s.text.as_str()), Some("four"));
    }
    assert!(deaf > 200, "a wrong bit tears a burst: {deaf}");
    let (from, to) = whole.split_at(900);
    let mut ear = open();
    ear.audio(Position(0), from);
    ear.audio(Position(1_000), to);
    ear.speech_stopped(Position(9_000), Expect::Anything);
    let Some(SttEvent::Heard(transcript)) = ear.next().now_or_never() else { panic!("no answer") };
    assert_eq!(text(&transcript), "", "a hole in the track tears a burst");
}

#[test]
fn nothing_is_found_in_noise_in_bursts_of_nonsense_or_without_speech() {
    let mut seed = 7_u64;
    let mut draw = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let noise: Vec<i16> = (0..400_000).map(|_| (draw() >> 48) as u16 as i16).collect();
    assert!(said(&noise).is_empty());
    // A true sync word and then anything at all.
    let sync = &utter("x")[..64];
    for _ in 0..40 {
        let junk: Vec<i16> = (0..9_000).map(|_| if draw() & 1 == 1 { 8_000 } else { -8_000 }).collect();
        assert!(said(&[sync, &junk].concat()).is_empty());
    }
    let mut ear = open();
    ear.audio(Position(0), &utter("nobody took this for speech"));
    assert!(ear.next().now_or_never().is_none());
    ear.speech_started(Position(100_000));
    ear.speech_stopped(Position(101_000), Expect::Anything);
    let Some(SttEvent::Heard(transcript)) = ear.next().now_or_never() else { panic!("no answer") };
    assert!(transcript.words.is_empty(), "it is not part of a later turn");
}

#[test]
fn an_answer_nobody_took_is_given_again() {
    let mut ear = open();
    ear.audio(Position(0), &utter("yes"));
    ear.speech_stopped(Position(9_000), Expect::Anything);
    drop(ear.next());
    let Some(SttEvent::Heard(transcript)) = ear.next().now_or_never() else { panic!("no answer") };
    assert_eq!(text(&transcript), "yes");
}

#[test]
fn the_voice_is_as_long_as_its_text_and_carries_it() {
    let long = "A longer sentence takes its time.";
    for (text, pace, least) in [("Yes.", 60, 320), (long, 60, 1_980), (long, 10, 330), ("", 60, 0)] {
        let voice = Voice::at(Millis(pace));
        let samples = whole(&voice, text, None, Language::English).now_or_never().unwrap().unwrap();
        let length = Samples(u32::try_from(samples.len()).unwrap()).millis();
        assert!((least..least + 80).contains(&length.0), "{text}: {length}");
        let found: Vec<String> = said(&samples).into_iter().map(|s| s.text).collect();
        assert_eq!(found.join(""), text);
    }
}
