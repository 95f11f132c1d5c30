//! The embedded recogniser with its real workers, its real library and a synthesised caller.
//!
//! Promises: what a caller of the order desk says is heard through the phone band; a worker that falls over takes
//! one turn; a full pool says so.
//! Never: claims quality for human voices; a synthesised caller proves the wiring.

use std::path::PathBuf;
use std::sync::Arc;

use centralita::core::audio::Law;
use centralita::core::base::{Position, Samples};
use centralita::core::conversation::{Affirmation, EngineYes, Expect, Transcript, TranscriptEnd};
use centralita::core::language::{Language, word_errors};
use centralita::core::sim::shop_plan;
use centralita::speech::{Lost, Pool};
use centralita::stt::embedded::{DEBIAN_MODELS, Embedded};
use centralita::stt::{Stt, SttEvent, SttStream, Vocabulary};
use centralita::tts::{self, Tts, TtsEvent};
use futures::FutureExt as _;

/// What the plan says callers say, and what callers say: other orders, other amounts.
const EXAMPLES: [&str; 6] = [
    "where is my order",
    "where is my order {order}",
    "i want a refund of {amount} on order {order}",
    "refund order {order} please",
    "cancel order {order}",
    "good morning i need help with an order",
];
const SENTENCES: [&str; 10] = [
    "where is my order",
    "where is my order four seven one two",
    "i want a refund of twenty dollars on order one one eight two",
    "i want a refund of nine dollars on order five five three zero six",
    "refund order three zero nine five please",
    "cancel order eight eight one seven",
    "one one eight two",
    "no make it thirty dollars",
    "good morning i need help with an order",
    "that's all thank you",
];
/// Where the speech of a turn begins on the track.
const START: Position = Position(16_000);

fn worker() -> Vec<PathBuf> {
    vec![env!("CARGO_BIN_EXE_centralita").into(), "speech-worker".into()]
}

fn recogniser(program: Vec<PathBuf>, workers: usize) -> Embedded {
    Embedded::new(program, workers, DEBIAN_MODELS.into())
}

fn vocabulary() -> Arc<Vocabulary> {
    let mut plan = shop_plan(Language::English);
    plan.tools[1].examples = EXAMPLES.map(str::to_owned).into();
    Arc::new(Vocabulary::of_plan(&plan))
}

/// A synthesised caller, as a phone call delivers her.
async fn caller(text: &str) -> Vec<i16> {
    let mut stream = tts::embedded::Embedded::new(1).speak(text, Some("slt"), Language::English);
    let mut samples = Vec::new();
    loop {
        match stream.next().await {
            TtsEvent::Audio(part) => {
                samples.extend(part.into_iter().map(|s| Law::Mu.decode(Law::Mu.encode(s))))
            }
            TtsEvent::Done => return samples,
            TtsEvent::Failed(fault) => panic!("{fault}"),
        }
    }
}

/// Gives one turn to the stream; its answer is still to come.
fn say(stream: &mut dyn SttStream, samples: &[i16], expect: Expect) {
    let end = START + Samples(samples.len() as u32);
    stream.audio(Position::START, &[0; 16_000]);
    stream.speech_started(START);
    for (n, frame) in samples.chunks(160).enumerate() {
        stream.audio(START + Samples(n as u32 * 160), frame);
    }
    stream.audio(end, &[0; 4_000]);
    stream.speech_stopped(end, expect);
}

async fn heard(stream: &mut dyn SttStream) -> Transcript {
    match stream.next().await {
        SttEvent::Heard(transcript) => transcript,
        other @ (SttEvent::Failed(_) | SttEvent::Busy) => panic!("{other:?}"),
    }
}

fn text(transcript: &Transcript) -> String {
    transcript.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn ten_sentences_of_an_order_desk_come_through_the_phone_word_for_word() {
    let stt = recogniser(worker(), 1);
    let doubts = stt.check(&vocabulary(), Language::English).unwrap();
    assert_eq!(
        doubts.unknown,
        ["devuélvelo"],
        "a verb of another language has no pronunciation, and is named"
    );
    let mut stream = stt.open(vocabulary(), Language::English).unwrap();
    for sentence in SENTENCES {
        let samples = caller(sentence).await;
        let end = START + Samples(samples.len() as u32);
        say(&mut *stream, &samples, Expect::Anything);
        let transcript = heard(&mut *stream).await;
        assert_eq!(text(&transcript), sentence);
        assert_eq!(transcript.end, TranscriptEnd::Turn(Affirmation::Absent));
        let mut last = START;
        for span in transcript.words.iter().filter_map(|word| word.span) {
            assert!(span.from >= last && span.from < span.to && span.to <= end + Samples(1_600), "{span:?}");
            last = span.from;
        }
    }
}

#[tokio::test]
async fn who_speaks_on_without_a_pause_is_heard_part_by_part_before_it_is_taken_for_noise() {
    // A worker for each part: here they come faster than they are spoken.
    let stt = recogniser(worker(), 4);
    let mut stream = stt.open(vocabulary(), Language::English).unwrap();
    let mut samples = Vec::new();
    for sentence in SENTENCES {
        samples.extend(caller(sentence).await);
    }
    assert!(samples.len() > 16 * 8_000, "longer than two parts");
    say(&mut *stream, &samples, Expect::YesNo);
    let mut told = Vec::new();
    let end = loop {
        let transcript = heard(&mut *stream).await;
        told.extend(transcript.words);
        if transcript.end != TranscriptEnd::Final {
            break transcript.end;
        }
    };
    assert_eq!(end, TranscriptEnd::Turn(Affirmation::Absent), "no answer to a question is that long");
    assert!(told.windows(2).all(|w| w[0].span.unwrap().to <= w[1].span.unwrap().from), "{told:?}");
    let told: Vec<String> = told.into_iter().map(|word| word.text).collect();
    let said: Vec<String> = SENTENCES.iter().flat_map(|s| s.split(' ')).map(str::to_owned).collect();
    assert!(word_errors(&said, &told) <= 2, "a cut may cost the word it goes through: {told:?}");
}

#[tokio::test]
async fn a_synthesised_yes_is_heard_and_what_is_none_is_not() {
    let stt = recogniser(worker(), 1);
    let mut stream = stt.open(vocabulary(), Language::English).unwrap();
    for (said, yes) in [
        ("yes please", true),
        ("no thanks", false),
        ("where is my order", false),
        ("go ahead", false),
        ("four seven one two", false),
    ] {
        say(&mut *stream, &caller(said).await, Expect::YesNo);
        let TranscriptEnd::Turn(affirmation) = heard(&mut *stream).await.end else { panic!("a whole turn") };
        assert_eq!(affirmation != Affirmation::Absent, yes, "{said}: {affirmation:?}");
    }
}

#[tokio::test]
async fn a_worker_that_falls_over_takes_its_turn_and_the_next_one_is_heard() {
    // The first worker ends at once; `touch` leaves the sign by which the next ones become real.
    let sign = std::env::temp_dir().join(format!("centralita-crash-{}", std::process::id()));
    let script = "if [ -e \"$0\" ]; then exec \"$1\" speech-worker; fi; touch \"$0\"; exit 139";
    let program = ["sh", "-c", script, sign.to_str().unwrap(), env!("CARGO_BIN_EXE_centralita")];
    let stt = recogniser(program.map(PathBuf::from).into(), 1);
    let mut stream = stt.open(vocabulary(), Language::English).unwrap();
    let samples = caller("cancel my order").await;
    say(&mut *stream, &samples, Expect::Anything);
    assert!(matches!(stream.next().await, SttEvent::Failed(fault) if fault.what.contains("fell over")));
    say(&mut *stream, &samples, Expect::Anything);
    assert_eq!(text(&heard(&mut *stream).await), "cancel my order");
    std::fs::remove_file(sign).unwrap();
}

#[tokio::test]
async fn an_answer_that_is_asked_for_and_given_up_again_and_again_still_comes_once() {
    let stt = recogniser(worker(), 1);
    let mut stream = stt.open(vocabulary(), Language::English).unwrap();
    let samples = caller("where is my order").await;
    say(&mut *stream, &samples, Expect::Anything);
    let mut given_up = 0;
    let event = loop {
        match stream.next().now_or_never() {
            Some(event) => break event,
            None => given_up += 1,
        }
        tokio::task::yield_now().await;
    };
    let SttEvent::Heard(transcript) = event else { panic!("{event:?}") };
    assert_eq!(text(&transcript), "where is my order");
    assert!(given_up > 0 && stream.next().now_or_never().is_none());
}

#[tokio::test]
async fn with_all_workers_at_work_a_turn_is_told_busy_and_their_return_frees_the_pool() {
    let pool = Pool::new(worker(), 1);
    let lease = pool.lease().await.unwrap();
    assert_eq!(pool.lease().await.unwrap_err(), Lost::Busy);
    drop(lease);
    assert!(pool.lease().await.is_ok());
}

#[tokio::test]
async fn a_request_given_up_half_way_leaves_no_answer_for_the_next_turn() {
    let pool = Pool::new(worker(), 1);
    let mut lease = pool.lease().await.unwrap();
    let unfinished = tokio::time::timeout(std::time::Duration::ZERO, lease.audio(vec![0; 4_000_000])).await;
    assert!(unfinished.is_err());
    assert!(
        matches!(lease.audio(vec![0; 8]).await, Err(Lost::Crashed(_))),
        "the worker is gone from the lease"
    );
    drop(lease);
    let mut next = pool.lease().await.unwrap();
    assert!(
        matches!(next.decode("nothing", "plan").await, Err(Lost::Refused(why)) if why.contains("nothing"))
    );
    assert_eq!(next.audio(vec![0; 8]).await, Ok(()), "a refusal leaves the worker well");
}

#[tokio::test]
async fn a_program_that_is_no_worker_is_a_fault_not_a_hang() {
    for program in ["/nonexistent/worker", "true", "false"] {
        let stt = recogniser(vec![program.into()], 1);
        let mut stream = stt.open(vocabulary(), Language::English).unwrap();
        say(&mut *stream, &[0; 8_000], Expect::Anything);
        assert!(matches!(stream.next().await, SttEvent::Failed(_)), "{program}");
    }
}

#[tokio::test]
async fn another_language_is_refused_when_asked_and_without_its_models_no_spoken_yes_is_trusted() {
    let stt = recogniser(worker(), 1);
    let fault = stt.check(&vocabulary(), Language::Spanish).unwrap_err();
    assert!(fault.what.contains("English only"), "{fault}");
    assert_eq!(Embedded::new(worker(), 1, "/nonexistent".into()).yes_figure(), EngineYes::KeypadOnly);
}

#[tokio::test]
async fn a_worker_that_cannot_write_its_files_names_the_folder_and_the_remedy() {
    let program = ["/usr/bin/env".into(), "TMPDIR=/nonexistent".into()].into_iter().chain(worker()).collect();
    let fault = recogniser(program, 1).warm(&vocabulary(), Language::English).await.unwrap_err();
    assert!(fault.what.contains("cannot be written to /nonexistent"), "{fault}");
    assert!(fault.remedy.starts_with("point TMPDIR to"), "{fault}");
}
