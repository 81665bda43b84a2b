//! One run: what it is given, and what it came to.

use std::path::PathBuf;

use crate::cancel::Cancel;
use crate::host::{Host, HostError};
use crate::plan::Plan;
use crate::record::ended::EndedSandbox;
use crate::record::event::Events;
use crate::record::outcome::Record;
use crate::sandbox::Identity;

/// Reaches a host by its name; a value so that tests can reach one that does not exist.
#[async_trait::async_trait]
pub trait Connector: Send + Sync {
    /// Connects.
    async fn connect(&self, name: &str) -> Result<Box<dyn Host>, HostError>;
}

/// Reaches real hosts.
#[derive(Debug, Clone, Copy)]
pub struct RealHosts;

#[async_trait::async_trait]
impl Connector for RealHosts {
    async fn connect(&self, name: &str) -> Result<Box<dyn Host>, HostError> {
        crate::host::connect(name).await
    }
}

/// What a run came to, and how to use its sandbox where that was kept.
#[derive(Debug)]
pub struct Outcome {
    /// The record, without the report stage.
    pub record: Record,
    /// Ready to show.
    pub kept: Option<String>,
    /// The host's clock less this machine's, as far as it is known.
    pub skew: jiff::SignedDuration,
    /// What the host remembers of earlier runs that were killed.
    pub ended_sandboxes: Vec<EndedSandbox>,
}

/// One run.
pub struct Run<'a> {
    /// What to do.
    pub plan: &'a Plan,
    /// How it is known.
    pub identity: Identity,
    /// How to reach its host.
    pub connector: &'a dyn Connector,
    /// Who is told.
    pub events: &'a Events,
    /// When to stop early.
    pub cancel: &'a Cancel,
    /// The folder on this machine where the result is kept.
    pub bundle: PathBuf,
    /// Earlier runs on its host that were killed, and of whose sandbox nothing is known.
    pub unknown: Vec<String>,
}
