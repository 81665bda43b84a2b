//! One run: its inputs and its outcome.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::cancel::Cancel;
use crate::host::{Host, HostError};
use crate::plan::Plan;
use crate::record::ended::EndedSandbox;
use crate::record::event::Events;
use crate::record::outcome::Record;
use crate::sandbox::Identity;

/// Reaches a host by its name. Tests use one for hosts that don't exist.
#[async_trait::async_trait]
pub trait Connector: Send + Sync {
    async fn connect(&self, name: &str) -> Result<Box<dyn Host>, HostError>;
}

#[derive(Debug, Clone, Copy)]
pub struct RealHosts;

#[async_trait::async_trait]
impl Connector for RealHosts {
    async fn connect(&self, name: &str) -> Result<Box<dyn Host>, HostError> {
        crate::host::connect(name).await
    }
}

/// The outcome of a run, and how to use its sandbox where that was kept.
#[derive(Debug)]
pub struct Outcome {
    /// The record, without the report stage.
    pub record: Record,
    /// How to use and remove the kept sandbox, ready to show.
    pub kept: Option<String>,
    /// How far the host's clock is ahead of this machine's, where it is known.
    pub skew: jiff::SignedDuration,
    /// How sandboxes of killed runs ended, as the host remembers it.
    pub ended_sandboxes: Vec<EndedSandbox>,
}

pub struct Run<'a> {
    pub plan: &'a Plan,
    /// Run id, slug and project.
    pub identity: Identity,
    /// Reaches its host.
    pub connector: &'a dyn Connector,
    pub events: &'a Events,
    /// An engine has given it a slot on its host.
    pub has_slot: bool,
    /// Ends the run early.
    pub cancel: &'a Cancel,
    /// The folder on this machine for the result.
    pub bundle: PathBuf,
    /// By their host, killed runs of whose sandbox's end nothing is known.
    pub unknown: BTreeMap<String, Vec<String>>,
}
