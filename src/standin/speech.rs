//! A recogniser that knows its script, and a voice that is a tone as long as its text.
//!
//! Promises: the n-th turn of a call is heard as the n-th line, word by word over the turn's own speech.
//! Never: listens.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use tokio::sync::Notify;

use crate::core::base::{Fault, Position, Samples, Span};
use crate::core::conversation::{Affirmation, EngineYes, Expect, Transcript, TranscriptEnd, Word};
use crate::core::language::Language;
use crate::stt::{Stt, SttEvent, SttStream, Vocabulary};
use crate::tts::{SpeechStream, Tts, TtsEvent};

/// What a caller will say, turn by turn; the caller's side takes the same lines to know when to make sound.
pub type Lines = Arc<[String]>;

/// Hears the script of the next call that was queued. A turn without a line is heard as no words.
#[derive(Debug, Default)]
pub struct ScriptedStt {
    calls: Mutex<VecDeque<Lines>>,
}

impl ScriptedStt {
    /// The script of the call that opens next.
    pub fn expect_call(&self, lines: Lines) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push_back(lines);
    }
}

impl Stt for ScriptedStt {
    fn open(&self, _: Arc<Vocabulary>, _: Language) -> Result<Box<dyn SttStream>, Fault> {
        let lines = self.calls.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let lines = lines.unwrap_or_else(|| Arc::from([]));
        Ok(Box::new(Script {
            lines,
            turn: 0,
            since: Position::START,
            heard: VecDeque::new(),
            told: Notify::new(),
        }))
    }

    fn yes_figure(&self) -> EngineYes {
        EngineYes::Trusted
    }
}

struct Script {
    lines: Lines,
    turn: usize,
    since: Position,
    heard: VecDeque<Transcript>,
    told: Notify,
}

impl SttStream for Script {
    fn audio(&mut self, _: Position, _: &[i16]) {}

    fn speech_started(&mut self, at: Position) {
        self.since = at;
    }

    fn speech_stopped(&mut self, at: Position, _: Expect) {
        let line = self.lines.get(self.turn).map_or("", String::as_str);
        let words = spread(line, Span { from: self.since, to: at });
        self.turn += 1;
        self.heard.push_back(Transcript { words, end: TranscriptEnd::Turn(Affirmation::ByWords) });
        self.told.notify_one();
    }

    fn next(&mut self) -> BoxFuture<'_, SttEvent> {
        Box::pin(async {
            loop {
                if let Some(transcript) = self.heard.pop_front() {
                    return SttEvent::Heard(transcript);
                }
                self.told.notified().await;
            }
        })
    }
}

/// The words of a line in equal parts of its speech.
fn spread(line: &str, speech: Span) -> Vec<Word> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let length = u64::from(speech.to.since(speech.from).0);
    let at = |n: usize| Position(speech.from.0 + length * n as u64 / words.len() as u64);
    let word = |(n, text): (usize, &&str)| Word {
        text: (*text).to_owned(),
        span: Some(Span { from: at(n), to: at(n + 1) }),
    };
    words.iter().enumerate().map(word).collect()
}

/// Speaks any text as a tone of 60 ms a character.
#[derive(Clone, Copy, Debug, Default)]
pub struct ToneTts;

/// Samples a character: 60 ms, the pace of ordinary speech.
const PACE: usize = 480;
/// A period of the tone, 250 Hz.
const PERIOD: usize = 32;
const LOUDNESS: i16 = 4_000;
/// Samples of one part: half a second.
const PART: usize = 4_000;

impl Tts for ToneTts {
    fn speak(&self, text: &str, _: Option<&str>, _: Language) -> Box<dyn SpeechStream> {
        Box::new(Tone { at: 0, length: text.chars().count() * PACE })
    }
}

struct Tone {
    at: usize,
    length: usize,
}

impl SpeechStream for Tone {
    fn next(&mut self) -> BoxFuture<'_, TtsEvent> {
        let to = (self.at + PART).min(self.length);
        let part: Vec<i16> =
            (self.at..to).map(|n| if n % PERIOD < PERIOD / 2 { LOUDNESS } else { -LOUDNESS }).collect();
        self.at = to;
        let event = if part.is_empty() { TtsEvent::Done } else { TtsEvent::Audio(part) };
        Box::pin(std::future::ready(event))
    }
}

impl ToneTts {
    /// How long it speaks a text.
    #[must_use]
    pub fn length(text: &str) -> Samples {
        Samples(u32::try_from(text.chars().count() * PACE).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_nth_turn_is_heard_as_the_nth_line_over_its_own_speech() {
        let stt = ScriptedStt::default();
        stt.expect_call(Arc::from(["refund it".to_owned(), "yes".to_owned()]));
        let nothing = Arc::new(Vocabulary::of_sentences(Language::English, []));
        let mut stream = stt.open(nothing, Language::English).unwrap();
        for (from, to, wanted) in
            [(100, 300, vec!["refund", "it"]), (900, 950, vec!["yes"]), (990, 999, vec![])]
        {
            stream.speech_started(Position(from));
            stream.speech_stopped(Position(to), Expect::Anything);
            let SttEvent::Heard(transcript) = stream.next().await else { panic!("a script does not fail") };
            let words: Vec<&str> = transcript.words.iter().map(|w| w.text.as_str()).collect();
            assert_eq!(words, wanted);
            let last = transcript.words.last().and_then(|w| w.span);
            assert!(last.is_none_or(|span| span.to == Position(to) && span.from >= Position(from)));
        }
    }

    #[tokio::test]
    async fn a_tone_is_as_long_as_it_says() {
        let mut stream = ToneTts.speak("How are you?", None, Language::English);
        let mut length = 0;
        while let TtsEvent::Audio(part) = stream.next().await {
            length += part.len();
        }
        assert_eq!(length, ToneTts::length("How are you?").0 as usize);
    }
}
