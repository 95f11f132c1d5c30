//! The embedded recogniser as child processes of our own binary: what falls over in C takes its own turn only.
//!
//! Reading order: [`Request`] and [`Reply`] (the frames on the pipes), `sphinx` (the C library), [`serve`] (the
//! child's side), [`Pool`] (the gateway's side), [`library_digest`] (which library it is).
//!
//! Promises: a bounded number of processes; none free in time is said at once; a process that fails is replaced.
//! Never: knows an agent, a plan or what words mean.

mod library;
mod pool;
mod protocol;
mod sphinx;
mod worker;

pub use library::{library_digest, library_files};
pub use pool::{Lease, Lost, Pool};
pub use protocol::{Decoded, Heard, Load, Reply, Request, Search, SearchKind, Silence};
pub use worker::{main, serve};
