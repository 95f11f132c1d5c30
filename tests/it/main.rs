//! The integration tests of the package, one binary.
//!
//! Promises: only loopback, only programs the set-up installs.
//! Never: holds a test itself.

mod speech;
