//! Stretches of the caller's track that no recording may hold.
//!
//! Promises: what was added once is silent until it is behind; memory is bounded: where there are too many, the last is
//! stretched, so that more falls silent, never less.
//! Never: knows why; writes.

use crate::core::base::{Position, Span};

/// More than a caller's keys and spoken numbers within a few seconds.
const SPANS_MAX: usize = 64;

/// Spans in the order they were named; they may overlap.
#[derive(Debug, Default)]
pub struct Silences(Vec<Span>);

impl Silences {
    /// Everything in the span is to be silent.
    pub fn add(&mut self, span: Span) {
        let room = self.0.len() < SPANS_MAX;
        match self.0.last_mut() {
            _ if span.from >= span.to => {}
            Some(last) if last.from <= span.from && span.from <= last.to => last.to = last.to.max(span.to),
            Some(_) if room => self.0.push(span),
            Some(last) => *last = Span { from: last.from.min(span.from), to: last.to.max(span.to) },
            None => self.0.push(span),
        }
    }

    /// Takes all that was added so far.
    pub fn take(&mut self) -> Vec<Span> {
        std::mem::take(&mut self.0)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Span> {
        self.0.iter().copied()
    }

    /// Nothing before that position will come any more.
    pub(super) fn forget_before(&mut self, at: Position) {
        self.0.retain(|span| span.to > at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Silences {
        fn covers(&self, at: Position) -> bool {
            self.iter().any(|span| span.from <= at && at < span.to)
        }
    }

    fn span(from: u64, to: u64) -> Span {
        Span { from: Position(from), to: Position(to) }
    }

    #[test]
    fn however_many_spans_there_are_each_is_silent_and_memory_is_bounded() {
        let mut silences = Silences::default();
        // The later ones lie before the earlier ones.
        let starts: Vec<u64> = (0..1_000).rev().map(|n| n * 10).collect();
        for start in &starts {
            silences.add(span(*start, start + 5));
        }
        assert_eq!(silences.0.len(), SPANS_MAX);
        assert!(starts.iter().all(|start| (*start..start + 5).all(|at| silences.covers(Position(at)))));
        silences.forget_before(Position(9_995));
        assert!(silences.0.is_empty());
    }

    #[test]
    fn spans_that_follow_one_another_are_one_and_an_empty_one_is_none() {
        let mut silences = Silences::default();
        silences.add(span(7, 7));
        silences.add(span(9, 3));
        assert!(silences.0.is_empty());
        (0..100).for_each(|n| silences.add(span(n * 10, n * 10 + 10)));
        assert_eq!(silences.take(), [span(0, 1_000)]);
        assert!(!silences.covers(Position(5)), "it was taken");
    }
}
