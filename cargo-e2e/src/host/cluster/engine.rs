//! What an engine is asked, and what it answers.

use std::time::Duration;

use async_trait::async_trait;

use super::granted::{Granted, NotGranted, Told};

/// What a run asks of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRequest {
    pub run_id: String,
    /// The name of the request for people: the sandbox's project.
    pub name: String,
    /// Whole processors.
    pub cpus: u32,
    /// In megabytes.
    pub memory: u64,
    /// How long the sandbox may be there.
    pub time: Duration,
    /// How long the slot waits for the sandbox.
    pub grace: Duration,
    /// Nodes that are not wanted.
    pub exclude: Vec<String>,
    /// Why the last of them is not.
    pub why: String,
    /// Whether the sandbox may be kept.
    pub stays: bool,
}

/// A slot that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    pub id: String,
    pub node: String,
    pub run_id: String,
    /// As in [`NodeRequest`].
    pub name: String,
}

/// What places sandboxes.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Asks for a node, and waits until one is granted. The request ends when this is dropped.
    async fn place(&self, request: &NodeRequest, told: Told<'_>) -> Result<Granted, NotGranted>;

    /// Returns all nodes.
    async fn nodes(&self) -> Result<Vec<String>, NotGranted>;

    /// Returns this user's slots, the newest first.
    async fn holds(&self) -> Result<Vec<Slot>, NotGranted>;

    /// Gives a slot back, and returns what the engine knows of it and of its node.
    async fn end(&self, id: &str, node: &str) -> Result<String, NotGranted>;

    /// Forgets a slot whose sandbox is gone, where the engine does not by itself.
    async fn release(&self, _id: &str) {}
}
