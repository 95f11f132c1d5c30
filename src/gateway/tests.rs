//! The gateway over loopback.
//!
//! Promises: what the routes promise, tried from outside.
//! Never: leaves loopback.
