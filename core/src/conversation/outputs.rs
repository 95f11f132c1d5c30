//! What one step of the conversation gives: timers that fired and orders, in order.
//!
//! Promises: the buffer is reused; its order is the journal's order.
//! Never: carries anything out.

use super::order::{Note, Order};
use super::timer::Timer;
use crate::base::CallTime;

/// One line of the record beside the fact that caused it.
#[derive(Debug)]
pub enum Step {
    /// A timer fired; it was due at `due`, or held until then.
    Fired {
        timer: Timer,
        due: CallTime,
    },
    Order(Order),
}

/// A reusable list of steps.
#[derive(Debug, Default)]
pub struct Outputs {
    pub steps: Vec<Step>,
}

impl Outputs {
    /// Only the orders.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.steps.iter().filter_map(|step| match step {
            Step::Fired { .. } => None,
            Step::Order(order) => Some(order),
        })
    }

    pub(super) fn order(&mut self, order: Order) {
        self.steps.push(Step::Order(order));
    }

    pub(super) fn note(&mut self, note: Note) {
        self.order(Order::Note(note));
    }

    pub(super) fn fired(&mut self, timer: Timer, due: CallTime) {
        self.steps.push(Step::Fired { timer, due });
    }
}
