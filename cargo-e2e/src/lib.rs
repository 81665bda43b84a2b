//! The engine of `cargo e2e`, private to its binary and its tests. Data flows one way:
//! Spec → Plan → Host → run → Record → reports.
//!
//! A module imports only from those below it; `tests/tests/structure` has the order.
#![forbid(unsafe_code)]
#![allow(
    missing_docs,
    reason = "only the binary uses it; a comment that repeats a name is noise"
)]

pub mod cancel;
pub mod compose;
pub mod durable;
pub mod environment;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod host;
#[cfg(test)]
mod page;
pub mod plan;
pub mod probe;
pub mod record;
pub mod repo;
pub mod report;
pub mod run;
pub mod sandbox;
pub mod secrets;
pub mod setup;
pub mod shell;
pub mod spec;
pub mod text;
