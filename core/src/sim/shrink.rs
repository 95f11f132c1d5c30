//! A failing call made small: events are left out while the same promise still breaks.
//!
//! Promises: what is left still breaks the promise, and is written as a call script.
//! Never: changes an event or its time.

use super::heart::{Fact, Played, refold};
use super::promises::Breach;
use crate::conversation::Event;
use crate::journal::{CallFile, Line, fold};

/// Leaves out all that is not needed for the breach: halves, quarters, at last single events.
#[must_use]
pub fn shrink(played: &Played, breach: &Breach) -> Vec<Fact> {
    let breaks = |facts: &[Fact]| refold(&played.plan, facts).is_some_and(|b| b.kind() == breach.kind());
    let mut facts = played.facts.clone();
    if !breaks(&facts) {
        return facts;
    }
    let mut size = facts.len().div_ceil(2);
    while size > 0 {
        let mut from = 0;
        while from < facts.len() {
            let mut fewer = facts.clone();
            let mut n = 0;
            fewer.retain(|fact| {
                n += 1;
                !(from..from + size).contains(&(n - 1)) || follows(fact)
            });
            if fewer.len() == facts.len() {
                from += size;
                continue;
            }
            if breaks(&fewer) {
                facts = fewer;
            } else {
                from += size;
            }
        }
        size /= 2;
    }
    facts
}

/// A fact that follows from an order of ours at once, so it cannot be left out.
fn follows(fact: &Fact) -> bool {
    matches!(fact.event, Event::Cut { .. })
}

/// The facts as a call script, with what we answered.
#[must_use]
pub fn script(played: &Played, facts: &[Fact], seed: u64, breach: &Breach) -> String {
    let again = refold(&played.plan, facts);
    let breach = again.as_ref().unwrap_or(breach);
    let lines = facts.iter().map(|fact| Line::Event { at: fact.at, event: fact.event.clone() }).collect();
    let until = breach.at;
    let head = vec![
        format!("# Seed {seed}: {breach}"),
        format!("# plan: {}", played.head),
        format!("# until: {until}"),
    ];
    fold(&CallFile { head, lines, plan: None }, played.plan.clone()).write()
}
