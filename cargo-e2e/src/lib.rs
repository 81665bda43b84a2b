//! The engine of `cargo e2e`. Data flows one way:
//! Spec → Plan → Host → Lifecycle → Outcome → reporters.
#![forbid(unsafe_code)]

pub mod cancel;
pub mod client;
pub mod compose;
pub mod control;
pub mod definition;
pub mod doctor;
pub mod durable;
pub mod event;
mod failpoint;
pub mod files;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod git;
pub mod history;
pub mod host;
pub mod hub;
pub mod init;
pub mod junit;
pub mod kept;
pub mod lifecycle;
pub mod lint;
pub mod log_lines;
pub mod outcome;
pub mod plan;
pub mod ready;
pub mod report;
pub mod sandbox;
pub mod secrets;
pub mod shell;
pub mod spec;
pub mod stages;
pub mod store;
pub mod text;
pub mod variables;
pub mod verdict;
pub mod words;
pub mod workspace;
