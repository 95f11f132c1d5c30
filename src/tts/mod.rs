//! Text to speech: one port, and a folder per synthesiser.
//!
//! Promises: an utterance ends once, done or with a fault; one whose length cannot be true is a fault (promise 1
//! rests on it: a question counts as asked only if all of it was there to be played).
//! Never: goes on speaking for a stream that was dropped.

use futures::future::BoxFuture;

use crate::core::base::Fault;
use crate::core::language::Language;

pub mod embedded;
mod length;

pub use length::Length;

/// A synthesiser.
pub trait Tts: Send + Sync {
    /// Begins to speak one piece of a reply; from within a tokio runtime. `voice` is the provider's own name of one;
    /// none is its default for the language.
    fn speak(&self, text: &str, voice: Option<&str>, language: Language) -> Box<dyn SpeechStream>;
}

/// One utterance. Dropping it cancels the synthesis.
pub trait SpeechStream: Send {
    /// The next part; after `Done` or `Failed` there is none. Giving up waiting loses nothing.
    fn next(&mut self) -> BoxFuture<'_, TtsEvent>;
}

/// A part of an utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TtsEvent {
    /// 8 kHz mono.
    Audio(Vec<i16>),
    Done,
    Failed(Fault),
}

/// All of one utterance at once, for who needs it whole: a caller in a demo.
///
/// # Errors
/// The synthesiser's fault.
pub async fn whole(
    tts: &dyn Tts,
    text: &str,
    voice: Option<&str>,
    language: Language,
) -> Result<Vec<i16>, Fault> {
    let mut speech = tts.speak(text, voice, language);
    let mut all = Vec::new();
    loop {
        match speech.next().await {
            TtsEvent::Audio(samples) => all.extend(samples),
            TtsEvent::Done => return Ok(all),
            TtsEvent::Failed(fault) => return Err(fault),
        }
    }
}
