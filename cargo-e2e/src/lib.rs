//! The whole of `cargo e2e`, private to its binary, which calls [`main`]. Data flows one way:
//! Spec → Plan → Host → run → Record → reports.
//!
//! A module imports only from those below it; `tests/tests/structure` has the order.
#![forbid(unsafe_code)]
#![allow(
    unreachable_pub,
    reason = "modules are private here, so that the compiler finds what nothing uses; `pub` says that others share it"
)]

mod cancel;
mod cli;
mod cluster;
mod compose;
mod durable;
mod environment;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod host;
#[cfg(test)]
mod page;
mod plan;
mod probe;
mod record;
mod repo;
mod report;
mod run;
mod sandbox;
mod secrets;
mod setup;
mod shell;
mod spec;
mod text;
mod units;

pub use cli::main;
