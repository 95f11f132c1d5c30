//! No recogniser: for agents whose callers use keys alone.
//!
//! Promises: every turn is answered at once, with no words.
//! Never: hears a yes; questions want a key.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::{Stt, SttEvent, SttStream, Vocabulary};
use crate::core::base::{Fault, Position};
use crate::core::conversation::{Affirmation, EngineYes, Expect, Transcript, TranscriptEnd};
use crate::core::language::Language;

/// Hears nothing, in every language.
#[derive(Clone, Copy, Debug)]
pub struct Deaf;

/// Turns that are over and not answered yet.
struct Silent {
    owed: usize,
}

impl Stt for Deaf {
    fn open(&self, _vocabulary: Arc<Vocabulary>, _language: Language) -> Result<Box<dyn SttStream>, Fault> {
        Ok(Box::new(Silent { owed: 0 }))
    }

    fn yes_figure(&self) -> EngineYes {
        EngineYes::KeypadOnly
    }
}

impl SttStream for Silent {
    fn audio(&mut self, _at: Position, _samples: &[i16]) {}

    fn speech_started(&mut self, _at: Position) {}

    fn speech_stopped(&mut self, _at: Position, _expect: Expect) {
        self.owed += 1;
    }

    fn next(&mut self) -> BoxFuture<'_, SttEvent> {
        if self.owed == 0 {
            return Box::pin(std::future::pending());
        }
        Box::pin(async {
            self.owed -= 1;
            let end = TranscriptEnd::Turn(Affirmation::Absent);
            SttEvent::Heard(Transcript { words: Vec::new(), end })
        })
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn every_turn_is_answered_once_without_words() {
        let vocabulary = Arc::new(Vocabulary::of_sentences(Language::Spanish, []));
        let mut stream = Deaf.open(vocabulary, Language::Spanish).expect("it opens for any language");
        assert!(stream.next().now_or_never().is_none());
        stream.speech_stopped(Position(8_000), Expect::YesNo);
        drop(stream.next());
        let Some(SttEvent::Heard(heard)) = stream.next().now_or_never() else { panic!("no answer") };
        assert!(heard.words.is_empty());
        assert!(stream.next().now_or_never().is_none());
    }
}
