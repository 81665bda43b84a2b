//! What an activity is, and what came of one.

use serde::{Deserialize, Serialize};

/// A row of `activity_definitions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityDefinition {
    /// Its name, by which runs ask for it.
    pub name: String,
    /// What it answers.
    pub output: String,
    /// How long it works, in milliseconds.
    pub takes_ms: u64,
    /// How many of its first attempts fail.
    pub failures: u32,
}

/// What a run of an activity came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// What it answered.
    pub output: String,
    /// How many attempts it took.
    pub attempts: u32,
}
