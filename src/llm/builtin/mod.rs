//! The built-in model: it fills slots by rules, without a network and without a model file.
//!
//! What it is: the model of the demo and of tests, and of whoever has no provider. It knows the
//! plan and nothing else: it matches what a caller says with the examples the admin wrote (`intent`), finds
//! values in the caller's words (`slots`), asks for what is missing, proposes, and reads results out
//! (`speak`). `talk` holds the thread; it is folded anew over the whole history for every generation, so it
//! can take over in the middle of a call. What it is not: a language model. It does not chat, reason or translate.
//!
//! Promises: the same prompt gives the same answer; an argument holds only what the caller said or keyed.
//! Never: proposes a value in doubt: it asks.

mod intent;
mod more;
mod slots;
mod speak;
mod talk;
mod words;

#[cfg(test)]
pub(crate) mod tests;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};

use super::{Llm, LlmEvent, Prompt};
use crate::core::language::Splitter;
use talk::{Move, Talk};

/// The built-in model. It holds nothing: the plan comes with the prompt.
#[derive(Clone, Copy, Debug, Default)]
pub struct Builtin;

impl Llm for Builtin {
    fn generate(&self, prompt: Prompt) -> BoxStream<'static, LlmEvent> {
        let mut events = Vec::new();
        match Talk::about(&prompt.plan).answer(&prompt.history) {
            Move::Say(text) => {
                let mut pieces = Vec::new();
                let mut splitter = Splitter::new(prompt.plan.language);
                splitter.push(&text, &mut pieces);
                splitter.finish(&mut pieces);
                events.extend(pieces.into_iter().map(LlmEvent::Wrote));
            }
            Move::Propose { tool, args } => events.push(LlmEvent::Proposed { tool, args }),
        }
        events.push(LlmEvent::Finished { usage: None });
        stream::iter(events).boxed()
    }
}
