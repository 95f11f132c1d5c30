//! Calls that never were: a seed draws the caller, the delays and the faults; the promises watch from outside.
//!
//! Promises: one seed is one call, on any machine.
//! Never: looks inside a conversation.

mod plan;

pub use plan::{lookup_tool, refund_tool, shop_plan};
