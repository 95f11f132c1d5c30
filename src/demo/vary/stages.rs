//! How far a drawn call came: heard, understood, acted.
//!
//! Promises: *heard* compares every word said with every word that reached the journal; *understood* wants the right
//! tools with the right arguments; *acted* is what the shop's database shows.
//! Never: calls a refund right that the call did not ask for, or overlooks one of a call that broke.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Drawn, Shape};
use crate::core::conversation::Event;
use crate::core::journal::parse_event;
use crate::core::language::{tokens, word_errors};
use crate::demo::runs::Run;

/// What became of one call.
#[derive(Clone, Debug)]
pub struct Reached {
    pub seed: u64,
    pub shape: Shape,
    pub words: usize,
    pub word_errors: usize,
    pub understood: bool,
    pub acted: bool,
    /// All of its demands were met, and it was understood.
    pub success: bool,
    /// Refunds nobody asked for, in words.
    pub wrong_refunds: Vec<String>,
}

impl Reached {
    #[must_use]
    pub fn of(drawn: &Drawn, run: &Run) -> Reached {
        let mut reached = Reached {
            seed: drawn.seed,
            shape: drawn.shape,
            words: 0,
            word_errors: 0,
            understood: false,
            acted: false,
            success: false,
            wrong_refunds: Vec::new(),
        };
        let mut wanted = drawn.scenario.refunds.clone();
        for refund in &run.refunds {
            match wanted.iter().position(|(order, amount)| (order, amount) == (&refund.order, &refund.amount))
            {
                Some(place) => drop(wanted.swap_remove(place)),
                None => reached.wrong_refunds.push(format!("{} on order {}", refund.amount, refund.order)),
            }
        }
        let Ok(report) = &run.report else { return reached };
        let events: Vec<Event> =
            report.lines.iter().filter_map(|line| parse_event(line.strip_prefix("< ")?).ok()).collect();
        let said = tokens(&report.said.join(" "));
        let heard = tokens(&heard(&events));
        reached.words = said.len();
        reached.word_errors = word_errors(&said, &heard);
        reached.understood = is_understood(drawn, &events);
        reached.acted = wanted.is_empty() && reached.wrong_refunds.is_empty();
        reached.success = report.ok && reached.understood;
        reached
    }

    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.words > 0 && self.word_errors == 0
    }
}

/// Everything the recogniser made of the caller's turns.
fn heard(events: &[Event]) -> String {
    let words = events.iter().filter_map(|event| {
        let Event::Heard(transcript) = event else { return None };
        Some(&transcript.words)
    });
    words.flatten().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// The right tools with the right arguments; where nothing can be understood, none.
fn is_understood(drawn: &Drawn, events: &[Event]) -> bool {
    let proposed = events.iter().filter_map(|event| {
        let Event::Proposed { tool, args, .. } = event else { return None };
        Some((&*tool.0, args))
    });
    let proposed: Vec<(&str, &Value)> = proposed.collect();
    match drawn.proposals.as_slice() {
        [] => proposed.is_empty(),
        wanted => wanted.iter().all(|(tool, args)| proposed.contains(&(*tool, args))),
    }
}

/// Figures of all calls of a shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub calls: usize,
    pub success: usize,
    pub heard: usize,
    pub understood: usize,
    pub acted: usize,
    pub words: usize,
    pub word_errors: usize,
}

impl Tally {
    /// By shape, and of all.
    #[must_use]
    pub fn of(all: &[Reached]) -> (BTreeMap<Shape, Tally>, Tally) {
        let (mut shapes, mut total) = (BTreeMap::<Shape, Tally>::new(), Tally::default());
        for reached in all {
            shapes.entry(reached.shape).or_default().add(reached);
            total.add(reached);
        }
        (shapes, total)
    }

    fn add(&mut self, reached: &Reached) {
        self.calls += 1;
        self.success += usize::from(reached.success);
        self.heard += usize::from(reached.is_heard());
        self.understood += usize::from(reached.understood);
        self.acted += usize::from(reached.acted);
        self.words += reached.words;
        self.word_errors += reached.word_errors;
    }

    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "calls": self.calls, "success": self.success, "heard": self.heard, "understood": self.understood,
            "acted": self.acted, "words": self.words, "word_errors": self.word_errors,
        })
    }
}
