//! Speech to text: the port.
//!
//! Promises: one answer for every stretch of speech that ended: words, or that they are lost.
//! Never: decides when a turn ends.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::core::base::{Fault, Position};
use crate::core::conversation::{EngineYes, Expect, Transcript};
use crate::core::language::Language;

/// What an engine may expect to hear.
#[derive(Debug, Default)]
pub struct Vocabulary {}

/// What a recogniser reports.
#[derive(Debug)]
pub enum SttEvent {
    Heard(Transcript),
    Failed(Fault),
    Busy,
}

/// The recogniser's side of one call.
pub trait SttStream: Send {
    fn audio(&mut self, at: Position, samples: &[i16]);
    fn speech_started(&mut self, at: Position);
    fn speech_stopped(&mut self, at: Position, expect: Expect);
    fn next(&mut self) -> BoxFuture<'_, SttEvent>;
}

/// A recogniser.
pub trait Stt: Send + Sync {
    fn open(&self, vocabulary: Arc<Vocabulary>, language: Language) -> Result<Box<dyn SttStream>, Fault>;
    fn yes_figure(&self) -> EngineYes;
}
