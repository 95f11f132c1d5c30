//! x
//! Promises: x
//! Never: x
