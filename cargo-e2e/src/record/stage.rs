//! The stages of a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The stages of a run, in their order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Read e2e.yml and what it names; recorded only where that fails.
    Plan,
    /// Choose a host; recorded only of a pool.
    Place,
    /// Reach the host, and check that it has what the run needs.
    Connect,
    /// Create the sandbox.
    Provision,
    /// Run `build_command` on the client.
    Build,
    /// Wait for a turn on the host; recorded only where a run waits.
    Queue,
    /// Send the repo.
    Sync,
    /// Run `prepare_command` on the host.
    Prepare,
    /// Compile Cargo's test targets, while `prepare`, `up`, `ready` and `setup` run.
    Compile,
    /// Bring the stack up.
    Up,
    /// Wait until the stack is ready.
    Ready,
    /// Run `setup_command`.
    Setup,
    /// Run the tests.
    Test,
    /// Fetch logs, states and artifacts.
    Collect,
    /// Remove the sandbox.
    Teardown,
    /// Write the files of the result.
    Report,
}

impl Stage {
    /// Returns the name in records and on the terminal.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Place => "place",
            Self::Connect => "connect",
            Self::Provision => "provision",
            Self::Build => "build",
            Self::Queue => "queue",
            Self::Sync => "sync",
            Self::Prepare => "prepare",
            Self::Compile => "compile",
            Self::Up => "up",
            Self::Ready => "ready",
            Self::Setup => "setup",
            Self::Test => "test",
            Self::Collect => "collect",
            Self::Teardown => "teardown",
            Self::Report => "report",
        }
    }
}
