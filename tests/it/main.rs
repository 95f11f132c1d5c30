//! The tests of the gateway from outside, one binary: real sockets on loopback, a real caller, a real shop, and the
//! speech programs that the set-up installs.
//!
//! Reading order: `scene` (everything a call needs), `calls` (whole calls), `gate` (the yes, the no and all that is
//! neither), `unknown` (an outcome nobody knows), `limited` (a tool that runs so often), `probed` (one that is asked
//! about), `tools` (a shop that fails),
//! `loss` (streams that break), `again` (a second stream of one call), `killed` (a gateway that is killed and started
//! again), `door` (who may come in), `hostile` (what no carrier sends), `script` (callers who follow a file),
//! `command` (the program as its user runs it), `recorded` (recorded calls, through the public test API), `sound`
//! (what the line carried, and what was kept of it), `login` (a person lets the gateway in), `speech` (the embedded
//! engines), `registry` (tools without a call), `templates` (each against a service of the right shape), `house` (the
//! program as a process that may die), `crash` (at numbered moments), `kills` (at any), `mcp` (servers with tools,
//! and the same there), `tried` (tools that a person tries out), `fuzz` (any bytes at every door).
//!
//! Promises: every scene ends with its journals folded anew and not one task left; no test waits for a time, only
//! for what happens, but for `kills`, whose moments are drawn.
//! Never: leaves loopback, needs a key.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod agent;
mod cable;
mod house;
mod raw;
mod registry;
mod scene;
mod speech;

mod again;
mod broken;
mod calls;
mod canary;
mod cassette;
mod command;
mod confirm;
mod crash;
mod door;
mod fuzz;
mod gate;
mod hostile;
mod import;
mod killed;
mod kills;
mod languages;
mod limited;
mod login;
mod loss;
mod mcp;
mod opus;
mod probed;
mod recorded;
mod script;
mod sound;
mod templates;
mod tools;
mod tried;
mod unknown;
