//! `RunActivityWorkflow` against Temporal, PostgreSQL and the worker: `cargo e2e` runs it.

mod faults;
mod flow;
mod observer;

e2e_harness::main!();
