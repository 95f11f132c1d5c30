//! Tools of MCP servers, by the official crate, behind the one dispatcher.
//!
//! Reading order: `pin` (what was reviewed), `change` (what became of it), `passage` (whether a call has left), `http` and
//! `child` (the two ways to a server), `greeting` (the first words, with one that is slow), `session` (one connection),
//! `keeper` (the one that is kept warm).
//!
//! Promises: a call leaves at most once, and by a reviewed definition alone; a server that is not there, or whose tool is
//! another now, is a failure with words, at once.
//! Never: obeys what a server says of itself; prints a secret, or what a server wrote beside its answers.

mod change;
mod child;
mod greeting;
mod http;
mod keeper;
mod passage;
mod pin;
mod session;

pub use change::{Change, change};
pub use keeper::Server;
pub use pin::{Pinned, Pins, pins_of, pins_text};

pub(super) use child::Start;
pub(super) use session::Reached;
