//! What an engine is asked, and what it answers.

use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::host::{Channel, HostError};

const CONFIRMED: Duration = Duration::from_secs(30);

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
    /// Whether the sandbox may be kept.
    pub stays: bool,
}

/// How a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its place among those that wait: 1 is next, 0 where the engine has no order.
    pub number: u32,
    /// 0 is not known.
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
    /// Over which it was granted.
    pub(super) claim: Channel,
}

impl Granted {
    /// Keeps the slot: from now on it follows the sandbox.
    pub async fn confirm(self) {
        let Channel {
            mut stdin,
            mut stdout,
            done,
            ..
        } = self.claim;
        let confirmed = async {
            let _ = stdin.write_all(b"taken\n").await;
            let _ = stdin.flush().await;
            // It ends by itself: closed before the word has come, it would take the slot back.
            let _ = stdout.read_to_end(&mut Vec::new()).await;
            let _ = done.await;
        };
        let _ = timeout(CONFIRMED, confirmed).await;
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

    /// Forgets a slot whose sandbox is gone, where the engine does not by itself.
    async fn release(&self, _id: &str) {}
}
