//! Folding a call file: its events through the heart again.
//!
//! Promises: folding the same events gives the same file, byte for byte.
//! Never: carries out an order.

use std::sync::Arc;

use super::file::{CallFile, Line};
use super::order::{write_order, write_timer};
use crate::base::CallTime;
use crate::conversation::{Conversation, Event, Outputs, Plan, Step};

/// What a fold comes to.
#[derive(Debug)]
pub struct Folded {
    /// The file as this build would have written it.
    pub file: CallFile,
    /// The conversation after its last line.
    pub conversation: Conversation,
}

/// How what comes of folding a file stands to what is written in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folds {
    /// Line for line the same.
    Same,
    /// The same, and more behind its last line.
    Further,
    Otherwise,
}

/// One line that comes of folding, before it is written.
enum Came<'a> {
    Event { at: CallTime, event: &'a Event },
    Step(&'a Step),
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
    let mut folded = CallFile { head: file.head.clone(), lines: Vec::new(), plan: file.plan.clone() };
    let conversation = run(file, plan, |came| folded.lines.push(came.line()));
    Folded { file: folded, conversation }
}

/// Whether the file comes out as it is; without writing what does.
#[must_use]
pub fn folds(file: &CallFile, plan: Arc<Plan>) -> Folds {
    let mut rest = file.lines.iter();
    let mut folds = Folds::Same;
    run(file, plan, |came| {
        folds = match (folds, rest.next()) {
            (Folds::Same, Some(line)) if came.is(line) => Folds::Same,
            (Folds::Same | Folds::Further, None) => Folds::Further,
            (Folds::Same | Folds::Further | Folds::Otherwise, _) => Folds::Otherwise,
        };
    });
    if rest.next().is_some() { Folds::Otherwise } else { folds }
}

/// Tells a new conversation the file's events and hands on every line that comes of it.
fn run(file: &CallFile, plan: Arc<Plan>, mut each: impl FnMut(Came<'_>)) -> Conversation {
    let mut conversation = Conversation::new(plan);
    let mut out = Outputs::default();
    for line in &file.lines {
        match line {
            Line::Event { at, event } => {
                conversation.wake(event.wakes_until(*at), &mut out);
                answer(&mut out, &mut each);
                each(Came::Event { at: *at, event });
                conversation.handle(*at, event, &mut out);
            }
            // It fired in the call, so the call was awake by then.
            Line::Timer { due, .. } => conversation.wake(*due, &mut out),
            Line::Order { .. } => {}
        }
        answer(&mut out, &mut each);
    }
    if let Some(until) = file.head_value("until").and_then(CallTime::parse) {
        conversation.wake(until, &mut out);
        answer(&mut out, &mut each);
    }
    conversation
}

fn answer(out: &mut Outputs, each: &mut impl FnMut(Came<'_>)) {
    out.steps.iter().for_each(|step| each(Came::Step(step)));
    out.steps.clear();
}

impl Came<'_> {
    fn line(&self) -> Line {
        match self {
            Came::Event { at, event } => Line::Event { at: *at, event: (*event).clone() },
            Came::Step(Step::Fired { timer, due }) => {
                Line::Timer { due: *due, name: write_timer(*timer).to_owned() }
            }
            Came::Step(Step::Order(order)) => Line::Order { text: write_order(order) },
        }
    }

    /// Whether that is how the line is written.
    fn is(&self, line: &Line) -> bool {
        match (self, line) {
            // Events come as they were told: where all before was the same, it is this very one.
            (Came::Event { event, .. }, Line::Event { event: told, .. }) => std::ptr::eq(*event, told),
            (Came::Step(Step::Fired { timer, due }), Line::Timer { due: then, name }) => {
                due == then && write_timer(*timer) == name
            }
            (Came::Step(Step::Order(order)), Line::Order { text }) => write_order(order) == *text,
            (Came::Event { .. } | Came::Step(_), _) => false,
        }
    }
}
