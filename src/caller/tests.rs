//! x
//! Promises:
//! Never:
