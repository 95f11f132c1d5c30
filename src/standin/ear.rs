//! What is heard: the texts of a stretch of speech, as words with the places where they lay.
//!
//! Promises: an answer as soon as the speech has ended, and of a long turn some before; speech without a text is an
//! empty transcript, as a cough is.
//! Never: keeps audio; hears a text that no speech was detected for.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Poll;

use futures::future::{BoxFuture, FutureExt as _, poll_fn};

use super::burst::{Finder, Said};
use crate::core::base::{Fault, Millis, Position, Samples, Span};
use crate::core::conversation::{Affirmation, EngineYes, Expect, Transcript, TranscriptEnd, Word};
use crate::core::language::Language;
use crate::stt::{Stt, SttEvent, SttStream, Vocabulary};

/// Texts kept of one turn; what is beyond is dropped, as from a caller who never takes a breath.
const TEXTS_MAX: usize = 64;
/// Who speaks longer than this without a pause is told part by part.
const PART: Samples = Millis(8_000).samples();

/// A recogniser that understands stand-in speech and nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ear;

impl Stt for Ear {
    fn open(&self, _vocabulary: Arc<Vocabulary>, _language: Language) -> Result<Box<dyn SttStream>, Fault> {
        Ok(Box::new(Listening::new()))
    }

    /// Its words are exact.
    fn yes_figure(&self) -> EngineYes {
        EngineYes::Trusted
    }
}

/// Every text in a track of samples at 8 kHz, from [`Position::START`] on: what a caller was told, what an agent
/// was told.
#[must_use]
pub fn said(samples: &[i16]) -> Vec<Said> {
    let mut found = Vec::new();
    Finder::new().take(Position::START, samples, &mut found);
    found
}

#[derive(Debug)]
struct Listening {
    finder: Finder,
    said: Vec<Said>,
    /// Since when the caller speaks, or what was told of it last.
    speaking: Option<Position>,
    ready: VecDeque<Transcript>,
}

impl Listening {
    fn new() -> Listening {
        Listening { finder: Finder::new(), said: Vec::new(), speaking: None, ready: VecDeque::new() }
    }

    /// Tells the texts that have ended.
    fn tell(&mut self, ended: impl Fn(&Said) -> bool, end: TranscriptEnd) {
        let words: Vec<Word> =
            self.said.extract_if(.., |said| ended(said)).flat_map(|said| words(&said)).collect();
        if !words.is_empty() || end != TranscriptEnd::Final {
            self.ready.push_back(Transcript { words, end });
        }
    }
}

impl SttStream for Listening {
    fn audio(&mut self, at: Position, samples: &[i16]) {
        self.finder.take(at, samples, &mut self.said);
        self.said.truncate(TEXTS_MAX);
        if self.speaking.is_some_and(|since| at.since(since) >= PART) {
            self.tell(|said| said.span.to <= at, TranscriptEnd::Final);
            self.speaking = Some(at);
        }
    }

    fn speech_started(&mut self, at: Position) {
        self.said.retain(|said| said.span.to > at);
        self.speaking = Some(at);
    }

    fn speech_stopped(&mut self, at: Position, _expect: Expect) {
        self.speaking = None;
        self.tell(|said| said.span.from < at, TranscriptEnd::Turn(Affirmation::ByWords));
    }

    fn next(&mut self) -> BoxFuture<'_, SttEvent> {
        // Taken when it is polled, not when it is asked for: a future that is dropped unpolled loses nothing.
        let heard = poll_fn(|_| match self.ready.pop_front() {
            Some(transcript) => Poll::Ready(SttEvent::Heard(transcript)),
            // Nothing becomes ready while this is awaited: all else needs the stream too.
            None => Poll::Pending,
        });
        heard.boxed()
    }
}

/// The words of a text, spread over its span by their place in it.
fn words(said: &Said) -> Vec<Word> {
    let length = u64::from(said.span.to.since(said.span.from).0);
    let bytes = said.text.len().max(1) as u64;
    let place = |byte: usize| {
        let offset = length * byte as u64 / bytes;
        said.span.from + Samples(u32::try_from(offset).unwrap_or(u32::MAX))
    };
    let word = |text: &str| {
        let from = text.as_ptr() as usize - said.text.as_ptr() as usize;
        let span = Span { from: place(from), to: place(from + text.len()) };
        Word { text: text.to_owned(), span: Some(span) }
    };
    said.text.split_whitespace().map(word).collect()
}
