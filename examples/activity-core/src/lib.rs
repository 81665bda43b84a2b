//! Runs activities, as PostgreSQL defines them, as Temporal workflows.
//!
//! [`RunActivityWorkflow`] loads an [`ActivityDefinition`], runs what it says, and writes one row into
//! the run log. It is started by name, through any Temporal client, on [`TASK_QUEUE`].

mod activities;
mod definition;
pub mod health;
pub mod store;
pub mod trigger;
pub mod worker;
mod workflow;

pub use activities::{Activities, LogEntry, RunStatus, UNKNOWN_DEFINITION};
pub use definition::{ActivityDefinition, Finished};
pub use workflow::RunActivityWorkflow;

/// The task queue on which the worker listens, unless told otherwise.
pub const TASK_QUEUE: &str = "activity-core";
