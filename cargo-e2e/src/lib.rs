//! The engine of `cargo e2e`. Data flows one way:
//! Spec → Plan → Host → Lifecycle → Outcome → reporters.
#![forbid(unsafe_code)]

pub mod cancel;
pub mod compose;
pub mod event;
pub mod host;
pub mod outcome;
