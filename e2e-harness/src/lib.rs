//! What an end-to-end test sees of its sandbox.
//!
//! [`protocol`] holds the names that `cargo e2e` sets for tests, and the document
//! that lists every endpoint; [`wait`] holds bounded waiting that can say what it
//! was still waiting for.
#![forbid(unsafe_code)]

pub mod protocol;
pub mod wait;
