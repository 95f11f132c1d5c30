//! Speech to text: one port, and a folder per recogniser.
//!
//! Promises: every turn that ended is answered once, in order: with all its words, or with why there are none.
//! Never: judges what words mean; only a recogniser that was measured says how sure a yes is.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::core::base::{Fault, Position};
use crate::core::conversation::{EngineYes, Expect, Transcript};
use crate::core::language::Language;

pub mod deaf;
pub mod embedded;
mod vocabulary;

pub use vocabulary::Vocabulary;

/// A recogniser.
pub trait Stt: Send + Sync {
    /// Opens the stream of one call; from within a tokio runtime.
    fn open(&self, vocabulary: Arc<Vocabulary>, language: Language) -> Result<Box<dyn SttStream>, Fault>;

    /// How far a spoken yes may be trusted.
    fn yes_figure(&self) -> EngineYes;
}

/// One call's audio on its way to words. Dropping it gives up what is under way.
pub trait SttStream: Send {
    /// The caller's track at `at`: 8 kHz, gaps filled, every frame. Never blocks.
    fn audio(&mut self, at: Position, samples: &[i16]);

    /// The caller speaks, since `at`. Of a turn without a pause some words must be told within
    /// `Timing::wordless`, with `TranscriptEnd::Final`: a sound without words is taken for noise.
    fn speech_started(&mut self, at: Position);

    /// The caller spoke until `at`; answered, after what was told of the turn while it lasted, by one `Heard` with
    /// `TranscriptEnd::Turn`, `Failed` or `Busy`.
    fn speech_stopped(&mut self, at: Position, expect: Expect);

    /// The next thing to tell; pending while there is none.
    ///
    /// Cancel-safe: a call drops this future, polled or not, at each turn of its loop, and asks again. What was not
    /// returned must come out of a later one.
    fn next(&mut self) -> BoxFuture<'_, SttEvent>;
}

/// What a recogniser tells.
#[derive(Clone, Debug, PartialEq)]
pub enum SttEvent {
    Heard(Transcript),
    /// The words of a turn are lost.
    Failed(Fault),
    /// The words of a turn are lost because all recognisers are at work.
    Busy,
}
