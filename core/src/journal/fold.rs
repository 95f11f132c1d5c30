//! Folding a call file: its events through the heart again.
//!
//! Promises: folding the same events gives the same file, byte for byte.
//! Never: carries out an order.

use std::sync::Arc;

use super::file::{CallFile, Line};
use super::order::{write_order, write_timer};
use crate::base::CallTime;
use crate::conversation::{Conversation, Outputs, Plan, Step};

/// What a fold comes to.
#[derive(Debug)]
pub struct Folded {
    /// The file as this build would have written it.
    pub file: CallFile,
    /// The conversation after its last line.
    pub conversation: Conversation,
}

/// Runs the file's events through a new conversation of that plan; what comes out is the file as this build
/// would have written it.
#[must_use]
pub fn fold(file: &CallFile, plan: Arc<Plan>) -> CallFile {
    fold_up(file, plan).file
}

/// The same, with the conversation as it then stands.
#[must_use]
pub fn fold_up(file: &CallFile, plan: Arc<Plan>) -> Folded {
    let mut conversation = Conversation::new(plan);
    let mut out = Outputs::default();
    let mut folded = CallFile { head: file.head.clone(), lines: Vec::new(), plan: file.plan.clone() };
    for line in &file.lines {
        match line {
            Line::Event { at, event } => {
                conversation.wake(event.wakes_until(*at), &mut out);
                drain(&mut out, &mut folded.lines);
                folded.lines.push(Line::Event { at: *at, event: event.clone() });
                conversation.handle(*at, event.clone(), &mut out);
            }
            // It fired in the call, so the call was awake by then.
            Line::Timer { due, .. } => conversation.wake(*due, &mut out),
            Line::Order { .. } => {}
        }
        drain(&mut out, &mut folded.lines);
    }
    if let Some(until) = file.head_value("until").and_then(CallTime::parse) {
        conversation.wake(until, &mut out);
        drain(&mut out, &mut folded.lines);
    }
    Folded { file: folded, conversation }
}

fn drain(out: &mut Outputs, lines: &mut Vec<Line>) {
    lines.extend(out.steps.drain(..).map(|step| match step {
        Step::Fired { timer, due } => Line::Timer { due, name: write_timer(timer).to_owned() },
        Step::Order(order) => Line::Order { text: write_order(&order) },
    }));
}
