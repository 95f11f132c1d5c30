//! The journal of a simulated call, for those who ask for it: what a gateway would have written.
//!
//! Promises: every event, timer and order of the call, in its order.
//! Never: costs a call anything where nobody asked.

use crate::base::CallTime;
use crate::conversation::{Event, Step};
use crate::journal::{Line, write_order, write_timer};

/// Lines so far; none where nobody asked.
#[derive(Debug)]
pub(super) struct Recorder(Option<Vec<Line>>);

impl Recorder {
    pub(super) fn asked(records: bool) -> Recorder {
        Recorder(records.then(Vec::new))
    }

    pub(super) fn event(&mut self, at: CallTime, event: &Event) {
        if let Some(lines) = &mut self.0 {
            lines.push(Line::Event { at, event: event.clone() });
        }
    }

    pub(super) fn step(&mut self, step: &Step) {
        if let Some(lines) = &mut self.0 {
            lines.push(match step {
                Step::Fired { timer, due } => Line::Timer { due: *due, name: write_timer(*timer).to_owned() },
                Step::Order(order) => Line::Order { text: write_order(order) },
            });
        }
    }

    pub(super) fn lines(self) -> Vec<Line> {
        self.0.unwrap_or_default()
    }
}
