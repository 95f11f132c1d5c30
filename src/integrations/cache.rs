//! Answers that count for a while within a call, so that a system is not asked twice for what it has just said.
//!
//! Promises: only what changes nothing and was answered well is kept, in memory and for its call alone; once an action of
//! an integration may have changed something, none of its answers from before count.
//! Never: keeps more than a few answers' worth of memory.

use std::collections::BTreeMap;
use std::slice;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use centralita_core::base::Digest;
use tokio::time::Instant;

use super::action::ActionSecret;
use super::registry::Registry;
use super::request::{Resolved, meant};
use super::spec::Exchange;
use super::steps::Run;
use super::tries::{Untold, ask};
use crate::egress::{ANSWER_BYTES_MAX, Answer};

/// Of all answers of a call: four of the longest.
const BYTES_MAX: usize = 4 * ANSWER_BYTES_MAX;

/// One call's.
#[derive(Debug, Default)]
pub(super) struct Cache {
    /// By the digest of the request.
    answers: BTreeMap<Digest, Kept>,
    /// How many actions each integration has begun or ended.
    eras: BTreeMap<String, u32>,
}

#[derive(Debug)]
struct Kept {
    integration: String,
    at: Instant,
    answer: Answer,
}

/// When a request left, between which actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Era(u32);

impl Cache {
    /// What the system said of this very request no longer ago than that.
    pub(super) fn find(&self, request: Digest, counts: Duration) -> Option<Answer> {
        let kept = self.answers.get(&request)?;
        (kept.at.elapsed() < counts).then(|| kept.answer.clone())
    }

    pub(super) fn era(&self, integration: &str) -> Era {
        Era(self.eras.get(integration).copied().unwrap_or_default())
    }

    /// Keeps an answer to a request that left in that era; one from before an action is worth nothing.
    pub(super) fn keep(&mut self, integration: &str, asked: Era, request: Digest, answer: &Answer) {
        if !(200..300).contains(&answer.status) || self.era(integration) != asked {
            return;
        }
        let held: usize = self.answers.values().map(|kept| kept.answer.body.len()).sum();
        if held + answer.body.len() > BYTES_MAX {
            self.answers.clear();
        }
        let kept = Kept { integration: integration.to_owned(), at: Instant::now(), answer: answer.clone() };
        self.answers.insert(request, kept);
    }

    /// An action of that integration begins, or has ended.
    pub(super) fn forget(&mut self, integration: &str) {
        let era = self.eras.entry(integration.to_owned()).or_default();
        *era = era.wrapping_add(1);
        self.answers.retain(|_, kept| kept.integration != integration);
    }
}

/// What a run may remember, and the key under which requests are digested.
#[derive(Clone, Copy)]
pub(super) struct Memory<'r> {
    pub(super) cache: &'r Mutex<Cache>,
    pub(super) key: &'r ActionSecret,
}

impl Memory<'_> {
    fn lock(&self) -> MutexGuard<'_, Cache> {
        // A map of finished values is whole even if a holder panicked.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run<'_> {
    /// Asks, or remembers what the system has just said, where the tool allows that.
    pub(super) async fn asked(
        &self,
        exchange: &Exchange,
        request: &Resolved,
        until: Instant,
    ) -> Result<Answer, Untold> {
        let (Run { spec, live, .. }, renderer) = (self, &self.toolbox.renderer);
        let Some((counts, memory)) = spec.cache.zip(self.memory) else {
            return ask(live, request, exchange, renderer, until).await;
        };
        let digest = memory.key.digest(&meant(&spec.name, slice::from_ref(request)));
        let era = {
            let cache = memory.lock();
            if let Some(answer) = cache.find(digest, Duration::from_millis(u64::from(counts.0))) {
                return Ok(answer);
            }
            cache.era(&live.id)
        };
        let answer = ask(live, request, exchange, renderer, until).await?;
        memory.lock().keep(&live.id, era, digest, &answer);
        Ok(answer)
    }
}

impl Registry {
    pub(super) fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Answer {
        Answer::of(200, text.as_bytes().to_vec())
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_counts_for_its_time_and_not_beyond_an_action_of_its_integration() {
        let mut cache = Cache::default();
        let (one, minute) = (Digest::of_bytes(b"one"), Duration::from_secs(60));
        let asked = cache.era("shop");
        cache.keep("shop", asked, one, &said("1"));
        cache.forget("other");
        assert!(cache.find(one, minute).is_some());
        tokio::time::advance(minute).await;
        assert!(cache.find(one, minute).is_none());
        cache.keep("shop", asked, one, &said("2"));
        cache.forget("shop");
        assert!(cache.find(one, minute).is_none());
        cache.keep("shop", asked, one, &said("from before"));
        assert!(cache.find(one, minute).is_none(), "it left before the action");
    }

    #[tokio::test]
    async fn what_failed_is_not_kept_and_memory_is_bounded() {
        let mut cache = Cache::default();
        let (era, minute) = (cache.era("shop"), Duration::from_secs(60));
        let key = |n: usize| Digest::of_bytes(&n.to_be_bytes());
        cache.keep("shop", era, key(0), &Answer::of(404, Vec::new()));
        assert!(cache.find(key(0), minute).is_none());
        for n in 0..6 {
            cache.keep("shop", era, key(n), &Answer::of(200, vec![b'x'; ANSWER_BYTES_MAX]));
        }
        assert!(cache.find(key(5), minute).is_some() && cache.find(key(3), minute).is_none());
    }
}
