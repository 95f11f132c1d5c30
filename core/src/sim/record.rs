//! The journal of a simulated call: what a gateway would have written, and how much of it a disk has got.
//!
//! Promises: every event, timer and order of the call, in its order.
//! Never: is kept where nobody asks for it.

use crate::base::{CallTime, Millis};
use crate::conversation::{Effects, Event, Order, Plan, Timer};
use crate::journal::{CallFile, Line, write_order, write_timer};

/// The journal of a heart as the disk would get it.
#[derive(Debug, Default)]
pub(super) struct Journal {
    lines: Vec<Noted>,
}

#[derive(Debug)]
struct Noted {
    at: CallTime,
    line: Line,
    /// With it all before it is on disk.
    durable: bool,
}

impl Journal {
    pub(super) fn event(&mut self, at: CallTime, event: &Event) {
        self.lines.push(Noted { at, line: Line::Event { at, event: event.clone() }, durable: false });
    }

    pub(super) fn timer(&mut self, due: CallTime, timer: Timer) {
        let name = write_timer(timer).to_owned();
        self.lines.push(Noted { at: due, line: Line::Timer { due, name }, durable: false });
    }

    pub(super) fn order(&mut self, at: CallTime, order: &Order, plan: &Plan) {
        let effects = |tool| plan.tool(tool).is_some_and(|tool| tool.effects != Effects::None);
        let durable = matches!(order, Order::Run { tool, .. } if effects(tool));
        self.lines.push(Noted { at, line: Line::Order { text: write_order(order) }, durable });
    }

    /// What the disk has got of it at a time, where so much of the last is lost; and the time of its last line.
    pub(super) fn on_disk(&self, at: CallTime, lost: Millis) -> (CallFile, CallTime) {
        let durable = self.lines.iter().rposition(|noted| noted.durable).map_or(0, |n| n + 1);
        let old = |noted: &Noted| noted.at + lost <= at;
        let kept = self.lines.iter().rposition(old).map_or(0, |n| n + 1).max(durable);
        let lines = &self.lines[..kept];
        let since = lines.iter().map(|noted| noted.at).max().unwrap_or_default();
        let lines = lines.iter().map(|noted| noted.line.clone()).collect();
        (CallFile { lines, ..CallFile::default() }, since)
    }

    /// All of it.
    pub(super) fn into_lines(self) -> Vec<Line> {
        self.lines.into_iter().map(|noted| noted.line).collect()
    }
}
