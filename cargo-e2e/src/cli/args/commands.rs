//! Arguments of the commands that bring nothing up.

use clap::{Args, ValueEnum};

use super::shared::{FormatArgument, HostArgument, SandboxPlace};
use crate::cli::values::slug;

#[derive(Debug, Args)]
pub(crate) struct HistoryArguments {
    /// One repo in detail, by its slug [default: a line for each]
    #[arg(long, value_name = "REPO")]
    pub(crate) repo: Option<String>,
    #[command(flatten)]
    pub(crate) format: FormatArgument,
    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ForwardArguments {
    /// A run id, the end of one, or a compose project name [default: this repo's only sandbox]
    pub(crate) id: Option<String>,
    /// Open the first health check that has a `url`
    #[arg(long)]
    pub(crate) open: bool,
    #[command(flatten)]
    pub(crate) place: SandboxPlace,
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    pub(crate) host: HostArgument,
    #[command(flatten)]
    pub(crate) format: FormatArgument,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SchemaOf {
    /// run.json
    Run,
    /// e2e.yml
    Spec,
    /// What `list --format json` prints
    List,
    /// What `plan --format json` prints
    Plan,
    /// What `check --format json` prints
    Check,
    /// What `doctor --format json` prints
    Doctor,
    /// What `history --format json` prints
    History,
    /// What `down --format json` prints
    Down,
}

#[derive(Debug, Args)]
pub(crate) struct EnvArguments {
    /// A run id, the end of one, or a compose project name [default: this repo's only sandbox]
    pub(crate) id: Option<String>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "sh")]
    pub(crate) format: EnvFormat,
    #[command(flatten)]
    pub(crate) place: SandboxPlace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EnvFormat {
    /// `export` lines for a shell
    Sh,
    /// One JSON object
    Json,
    /// `NAME=value` lines, as Docker and dotenv read them
    Dotenv,
    /// `NAME=value` lines for `$GITHUB_ENV`
    Github,
}

#[derive(Debug, Args)]
pub(crate) struct ExecArguments {
    /// [ID] SERVICE; without an id, this repo's only sandbox
    #[arg(required = true, num_args = 1..=2, value_name = "[ID] SERVICE")]
    pub(crate) target: Vec<String>,
    #[command(flatten)]
    pub(crate) place: SandboxPlace,
    /// The command
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ServiceArguments {
    /// [ID] [SERVICE]; without an id, this repo's only sandbox
    #[arg(num_args = 0..=2, value_name = "[ID] [SERVICE]")]
    pub(crate) target: Vec<String>,
    #[command(flatten)]
    pub(crate) place: SandboxPlace,
}

#[derive(Debug, Args)]
pub(crate) struct LogsArguments {
    /// [ID] [SERVICE]...; without an id, this repo's only sandbox
    #[arg(value_name = "[ID] [SERVICE]")]
    pub(crate) target: Vec<String>,
    #[command(flatten)]
    pub(crate) place: SandboxPlace,
    /// Follow the logs
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Begin each line with its time
    #[arg(short, long)]
    pub(crate) timestamps: bool,
    /// Only lines since a time (2026-11-22T10:00:00Z) or for a while (10m)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) since: Option<String>,
    /// Show only the last N lines of each container
    #[arg(short = 'n', long, value_name = "LINES")]
    pub(crate) tail: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DownArguments {
    /// A run id, the end of one, or a compose project name [default: this repo's only sandbox]
    pub(crate) id: Option<String>,
    /// All of your sandboxes on the host
    #[arg(long, conflicts_with_all = ["id", "spec"])]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) place: SandboxPlace,
    #[command(flatten)]
    pub(crate) format: FormatArgument,
}

#[derive(Debug, Args)]
pub(crate) struct GcArguments {
    #[command(flatten)]
    pub(crate) host: HostArgument,
    /// List what would be removed, and remove nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Also remove other users' sandboxes whose labels have expired
    #[arg(long)]
    pub(crate) all_users: bool,
    /// Also forget one repo: its workspaces, its cache, why its sandboxes ended
    #[arg(long, value_name = "SLUG", value_parser = slug, conflicts_with = "all")]
    pub(crate) repo: Option<String>,
    /// Also forget all repos
    #[arg(long)]
    pub(crate) all: bool,
}
