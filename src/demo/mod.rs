//! What the demo needs beside the gateway itself.
//!
//! Promises: everything here runs on loopback, without an account anywhere.
//! Never: is needed by a gateway in service.

pub mod shop;
