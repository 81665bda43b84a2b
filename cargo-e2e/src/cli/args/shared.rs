//! Arguments that several commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::values::host;

#[derive(Debug, Default, Args)]
pub(crate) struct HostArgument {
    /// `local`, an ssh alias, user@name or ssh://user@name:port; several with commas are a pool
    ///
    /// `slurm://LOGIN/PARTITION` is a cluster: Slurm gives the run a node, asked on the host LOGIN;
    /// `slurm:PARTITION` asks on this machine. `swarm://MANAGER` is a Docker Swarm, asked on its manager;
    /// `swarm:` asks on this machine.
    ///
    /// First that is set: --host, `CARGO_E2E_HOST`, `host` in [package.metadata.e2e] or
    /// [workspace.metadata.e2e], `RAILIANCE01_HOST`, else local.
    #[arg(long, value_name = "HOST", value_parser = host)]
    pub(crate) host: Option<String>,
}

/// Where a sandbox is, and which of a repo's is meant where no id is given.
#[derive(Debug, Args)]
pub(crate) struct SandboxPlace {
    /// The sandbox of another file than e2e/e2e.yml
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) host: HostArgument,
}

/// How a command answers.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct FormatArgument {
    /// Output format for stdout: text for people, or one JSON document
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: Format,
}

impl FormatArgument {
    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Human,
    Json,
}
