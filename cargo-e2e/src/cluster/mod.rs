//! Clusters: an engine that is there already gives a run a node of many.
//!
//! Each engine is one POSIX script that runs on its login or manager host. Called by the stage `place` and
//! by commands that visit every node; it knows no sandbox and no stage, and a node is only a host's name.

mod name;
mod slurm;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::host::{Channel, Host, HostError};

pub use name::{ClusterName, EngineKind};

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
}

/// How a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its place among those that wait: 1 is next, 0 is not known.
    pub number: u32,
    pub waiting: u32,
    /// In the engine's own words.
    pub reason: String,
}

/// A node that was granted. The engine takes it back when this is dropped before it is confirmed, and
/// when the client dies.
#[derive(Debug)]
pub struct Granted {
    pub node: String,
    /// The name by which the engine knows the slot.
    pub id: String,
    claim: Channel,
}

impl Granted {
    /// Keeps the slot: from now on it follows the sandbox.
    pub async fn confirm(self) {
        slurm::confirm(self.claim).await;
    }
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

/// Why an engine gives no node.
#[derive(Debug)]
pub enum NotGranted {
    /// It can't be asked.
    Host(HostError),
    /// It says why, and what to do about it.
    Refused {
        why: String,
        help: Option<&'static str>,
    },
}

impl From<HostError> for NotGranted {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}

/// What places sandboxes.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Asks for a node, and waits until one is granted. The request ends when this is dropped.
    async fn place(
        &self,
        request: &NodeRequest,
        told: &(dyn Fn(Standing) + Send + Sync),
    ) -> Result<Granted, NotGranted>;

    /// Returns all nodes.
    async fn nodes(&self) -> Result<Vec<String>, NotGranted>;

    /// Returns this user's slots, the newest first.
    async fn holds(&self) -> Result<Vec<Slot>, NotGranted>;

    /// Gives a slot back, and returns what the engine knows of it and of its node.
    async fn end(&self, id: &str, node: &str) -> Result<String, NotGranted>;
}

/// Returns the engine of a cluster, asked on its login host.
#[must_use]
pub fn engine(name: &ClusterName, login: Arc<dyn Host>) -> Arc<dyn Engine> {
    match name.engine {
        EngineKind::Slurm => Arc::new(slurm::Slurm {
            login,
            partition: name.partition.clone(),
        }),
    }
}
