//! The record of every call: heads, journals and intents, in one database.
//!
//! Reading order: `handle` (what the others call), `queue` (what waits to be written), `writer` (the one
//! task that writes), then one file per table: `plans`, `calls`, `journal`, `intents`, `runs`; `connect` opens
//! the file, `sole` says whose its live calls are, `standing` where an action stands by now, `fault` what a failing disk
//! means, `stamp` is calendar time.
//!
//! Promises: an intent is on disk before `begin` returns, once per call, proposal and step (promise 2); what
//! one call gave is committed in the order given, at most 50 ms later; no queue grows above its limit
//! (promise 7).
//! Never: decides what is retried, resumed or said; that is its callers' business.

mod calls;
mod connect;
mod fault;
mod handle;
mod intents;
mod journal;
mod plans;
mod queue;
mod runs;
mod sole;
mod stamp;
mod standing;
mod writer;

#[cfg(test)]
mod tests;

pub use calls::{CallHead, CallRecord, CallState, KILLED};
pub use connect::is_journal;
pub use handle::{BeginRefused, Begun, NotOpened, Opening, QueueFull, Store};
pub use intents::{Admin, Intent, IntentKey, IntentRecord, IntentState, Outcome, OutcomeKind};
pub use journal::{Line, ToolLine};
pub use runs::ToolRun;
pub use sole::{Carrying, Sole};
pub use stamp::now_us;
pub use standing::{Process, Standing, UNDER_WAY_MAX_US};
