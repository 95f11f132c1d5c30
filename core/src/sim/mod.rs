//! Calls that never were: a seed draws the caller, the delays and the faults; the promises watch from outside.
//!
//! Reading order: `random`, `weather` (what goes wrong), `scene` (where), `caller` (who), `world` and `services`
//! (what answers), `computed` (a line without audio), `record` (its journal), `heart` (one call), `death`
//! (of what carries it), `whole` (one with frames), `promises`, `coverage`, `shrink`.
//!
//! Promises: one seed is one call, on any machine.
//! Never: looks inside a conversation.

mod caller;
mod computed;
mod coverage;
mod death;
mod heart;
mod plan;
mod promises;
mod random;
mod record;
mod scene;
mod services;
mod shrink;
mod texts;
mod weather;
mod whole;
mod world;

pub use caller::{Heard, Meaning, Spoken, Truth};
pub use coverage::{Coverage, SITUATIONS};
pub use heart::{Fact, Played, play, refold};
pub use plan::{lookup_tool, refund_tool, script_plan, shop_plan};
pub use promises::{Breach, Seen, Watchers};
pub use random::Random;
pub use scene::Cast;
pub use shrink::{script, shrink};
pub use weather::{Calls, Fault, Faults};
pub use whole::{Taped, play_whole, tape_whole};
