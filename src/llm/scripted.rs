//! A model that says what was written down, answer by answer.
//!
//! Promises: the nth generation gets the nth answer; an answer without an end never ends, as a model that hangs.
//! Never: looks at the prompt.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};

use super::{Llm, LlmEvent, Prompt};
use crate::core::base::{Fault, Owner};

/// Answers still to be given, each the events of one generation.
#[derive(Debug)]
pub struct Scripted {
    answers: Mutex<VecDeque<Vec<LlmEvent>>>,
}

impl Scripted {
    #[must_use]
    pub fn new(answers: impl IntoIterator<Item = Vec<LlmEvent>>) -> Scripted {
        Scripted { answers: Mutex::new(answers.into_iter().collect()) }
    }
}

impl Llm for Scripted {
    fn generate(&self, _prompt: Prompt) -> BoxStream<'static, LlmEvent> {
        let next = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let answer = next.unwrap_or_else(|| vec![LlmEvent::Failed(used_up())]);
        let ends = answer.iter().any(|e| matches!(e, LlmEvent::Finished { .. } | LlmEvent::Failed(_)));
        let told = stream::iter(answer);
        if ends { told.boxed() } else { told.chain(stream::pending()).boxed() }
    }
}

fn used_up() -> Fault {
    Fault::new(Owner::Admin, "the script has no more answers", "write one answer for every generation")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use futures::FutureExt as _;

    use super::*;
    use crate::llm::builtin::tests::plan;

    #[tokio::test]
    async fn answers_come_in_order_and_one_without_an_end_hangs() {
        let finished = LlmEvent::Finished { usage: None };
        let hi = LlmEvent::Wrote("Hi.".to_owned());
        let model = Scripted::new([vec![hi.clone(), finished.clone()], vec![hi.clone()]]);
        let prompt = || Prompt { plan: Arc::clone(&plan()), withheld: BTreeSet::new(), history: Vec::new() };
        assert_eq!(model.generate(prompt()).collect::<Vec<_>>().await, [hi.clone(), finished]);
        let mut hanging = model.generate(prompt());
        assert_eq!(hanging.next().await, Some(hi));
        assert!(hanging.next().now_or_never().is_none());
        let last = model.generate(prompt()).collect::<Vec<_>>().await;
        assert_eq!(last, [LlmEvent::Failed(used_up())]);
    }
}
