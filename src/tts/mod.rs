//! Text to speech: the port.
//!
//! Promises: a stream that ends without a fault has spoken all of its text.
//! Never: decides what is said.

use futures::stream::BoxStream;

use crate::core::base::Fault;
use crate::core::language::Language;

/// One piece to be spoken.
#[derive(Clone, Debug)]
pub struct Utterance {
    pub text: String,
    pub language: Language,
}

/// A synthesiser.
pub trait Tts: Send + Sync {
    /// Audio at 8 kHz, piece by piece. Dropping the stream cancels.
    fn speak(&self, utterance: Utterance) -> BoxStream<'static, Result<Vec<i16>, Fault>>;
}
