//! What every room may name: ids, the two clocks, private words, faults, digests.
//!
//! Promises: every value here prints the same on any machine; private words never print.
//! Never: knows audio, language or conversation.

mod digest;
mod fault;
mod id;
mod nearest;
mod private;
mod time;
mod world;

pub use digest::{Digest, canonical_json, write_canonical_text};
pub use fault::{Fault, Owner};
pub use id::{CallId, GenerationId, PieceNo, ProposalId, ReplyId, ToolName};
pub use nearest::nearest;
pub use private::{Placeholder, Private, PrivateKind, SaidAs, placeholders};
pub use time::{CallTime, LINE_RATE_HZ, Millis, Position, Samples, Span};
pub use world::World;
