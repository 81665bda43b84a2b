//! What can be typed. No other module knows clap.

use std::path::PathBuf;
use std::time::Duration;

use crate::record::outcome::exit_codes;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use super::last_failed::LAST;
use super::values::{lifetime, slug};

/// As Cargo calls it: `cargo-e2e e2e …`.
#[derive(Debug, Parser)]
#[command(name = "cargo", bin_name = "cargo", disable_help_subcommand = true)]
pub(crate) enum Cargo {
    /// Run a repo's end-to-end tests against a real stack, in an isolated sandbox
    E2e(Box<E2e>),
}

#[derive(Debug, Args)]
#[command(version, args_conflicts_with_subcommands = true, after_help = exit_code_help())]
pub(crate) struct E2e {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: RunArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what a run would do, and what it would change in the compose file
    Plan(LookArguments),
    /// Check e2e.yml and the compose file, without a host
    Check(LookArguments),
    /// Bring this repo's sandbox up, or up to date, and leave it
    Up(UpArguments),
    /// Print the variables of a sandbox, for `eval "$(cargo e2e env)"`
    Env(EnvArguments),
    /// Run a command in a service of a sandbox
    Exec(ExecArguments),
    /// Open a shell in a service of a sandbox, or in its copy of the repo
    Shell(ServiceArguments),
    /// Show the logs of a sandbox's services
    Logs(LogsArguments),
    /// List the sandboxes on a host
    List(HostArgument),
    /// Remove a sandbox with everything it made
    Down(DownArguments),
    /// Remove sandboxes whose client and guard are both gone: after a reboot, say
    Gc(GcArguments),
    /// Check this machine and a host, with a fix for everything that is missing
    Doctor(HostArgument),
    /// Write a first e2e/e2e.yml from the compose file
    Init(InitArguments),
    /// Show pass rate, flaky tests and slow stages of past runs
    History(HistoryArguments),
    /// List and send records not yet delivered to the state-hub; or open a run's page
    Report(ReportArguments),
    /// Print the JSON Schema of a file
    Schema(SchemaArguments),
    /// Print completions for a shell
    ///
    /// bash: `source <(cargo e2e completions bash)`; zsh: save it as `_cargo-e2e` in a folder of
    /// $fpath; fish: `cargo e2e completions fish | source` in config.fish.
    #[command(verbatim_doc_comment)]
    Completions(CompletionsArguments),
    /// Print a man page: of `cargo e2e`, or of one of its commands
    Man(ManArguments),
}

/// Returns the clap command named `cargo-e2e`, from which completions and man pages are made.
pub(crate) fn command() -> clap::Command {
    let cargo = Cargo::command();
    let about = cargo
        .find_subcommand("e2e")
        .and_then(clap::Command::get_about);
    E2e::augment_args(clap::Command::new("cargo-e2e")).about(about.cloned().unwrap_or_default())
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// A command, such as `plan`
    pub(crate) command: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct HistoryArguments {
    /// One repo, by its slug [default: all]
    #[arg(long, value_name = "REPO")]
    pub(crate) repo: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Open report.html of a run of this repo instead: by its id or the end of it [default: the last]
    #[arg(long, value_name = "RUN", num_args = 0..=1, default_missing_value = "latest")]
    pub(crate) open: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArguments {
    /// Which file
    pub(crate) of: SchemaOf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SchemaOf {
    /// run.json
    Run,
    /// e2e.yml
    Spec,
}

#[derive(Debug, Args)]
pub(crate) struct UpArguments {
    /// Leave it up even when it does not become ready
    #[arg(long)]
    pub(crate) keep: bool,
    #[command(flatten)]
    pub(crate) sandbox: SandboxArguments,
}

/// Holds the flags of all commands that may bring a sandbox up.
#[derive(Debug, Args)]
pub(crate) struct SandboxArguments {
    #[command(flatten)]
    pub(crate) look: LookArguments,
    /// End at once, instead of waiting, where another run holds the sandbox, a port or the `junit` file
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Lifetime of a sandbox that is left up, such as 90m or 24h
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    pub(crate) keep_for: Option<Duration>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct EnvArguments {
    /// A run id, the end of one, or a compose project name [default: this repo's only sandbox]
    pub(crate) id: Option<String>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "sh")]
    pub(crate) format: EnvFormat,
    #[command(flatten)]
    pub(crate) of: SpecArgument,
    #[command(flatten)]
    pub(crate) host: HostArgument,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
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
    pub(crate) of: SpecArgument,
    #[command(flatten)]
    pub(crate) host: HostArgument,
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
    pub(crate) of: SpecArgument,
    #[command(flatten)]
    pub(crate) host: HostArgument,
}

#[derive(Debug, Args)]
pub(crate) struct LogsArguments {
    /// [ID] [SERVICE]...; without an id, this repo's only sandbox
    #[arg(value_name = "[ID] [SERVICE]")]
    pub(crate) target: Vec<String>,
    #[command(flatten)]
    pub(crate) of: SpecArgument,
    #[command(flatten)]
    pub(crate) host: HostArgument,
    /// Follow the logs
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Begin each line with its time
    #[arg(short, long)]
    pub(crate) timestamps: bool,
    /// Only lines since a time (2026-11-22T10:00:00Z) or for a while (10m)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) since: Option<String>,
    /// Only so many last lines of each container
    #[arg(short = 'n', long, value_name = "LINES")]
    pub(crate) tail: Option<String>,
}

#[derive(Debug, Args)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag that is typed or not"
)]
pub(crate) struct RunArguments {
    /// Leave the sandbox up, and say how to enter and remove it
    #[arg(long, conflicts_with = "keep_on_failure")]
    pub(crate) keep: bool,
    /// Leave the sandbox up when the run does not pass
    #[arg(long)]
    pub(crate) keep_on_failure: bool,
    /// Run in this repo's sandbox that is up already, when its definition has not changed
    #[arg(long)]
    pub(crate) reuse: bool,
    /// Run only the tests that failed in the last run of this e2e.yml, or in one by the end of its id
    #[arg(long, value_name = "RUN", num_args = 0..=1, default_missing_value = LAST)]
    pub(crate) last_failed: Option<String>,
    /// Run Cargo's test targets with cargo-nextest, on this machine
    #[arg(long)]
    pub(crate) nextest: bool,
    #[command(flatten)]
    pub(crate) sandbox: SandboxArguments,
    /// Arguments for the test command, the test targets or cargo-nextest
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) arguments: Vec<String>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct RepoArguments {
    /// The repo; the nearest parent with e2e/e2e.yml counts [default: the current directory]
    pub(crate) repo: Option<PathBuf>,
    /// Another file than e2e/e2e.yml, or a quoted glob of them; several run one after another
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: Vec<PathBuf>,
    /// A package of the Cargo workspace
    #[arg(short, long, value_name = "PKG", conflicts_with = "workspace")]
    pub(crate) package: Vec<String>,
    /// All packages of the Cargo workspace that have an e2e/e2e.yml, one after another
    #[arg(long)]
    pub(crate) workspace: bool,
    #[command(flatten)]
    pub(crate) host: HostArgument,
}

#[derive(Debug, Args)]
pub(crate) struct LookArguments {
    #[command(flatten)]
    pub(crate) repo: RepoArguments,
    /// Refuse a compose file that reaches beyond its sandbox, instead of warning
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Default, Args)]
pub(crate) struct HostArgument {
    /// `local`, an ssh alias, user@name or ssh://user@name:port
    ///
    /// First that is set: --host, `CARGO_E2E_HOST`, `host` in [package.metadata.e2e] or
    /// [workspace.metadata.e2e], `RAILIANCE01_HOST`, else local.
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
}

/// Which of a repo's sandboxes is meant, where no id is given.
#[derive(Debug, Args)]
pub(crate) struct SpecArgument {
    /// The sandbox of another file than e2e/e2e.yml
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DownArguments {
    /// A run id, the end of one, or a compose project name [default: this repo's only sandbox]
    pub(crate) id: Option<String>,
    /// All of your sandboxes on the host
    #[arg(long, conflicts_with_all = ["id", "spec"])]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) of: SpecArgument,
    #[command(flatten)]
    pub(crate) host: HostArgument,
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
    /// Also forget one repo: its mirrors, its cache, why its sandboxes ended
    #[arg(long, value_name = "SLUG", value_parser = slug, conflicts_with = "all")]
    pub(crate) repo: Option<String>,
    /// Also forget all repos
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The repo's folder [default: the current directory]
    pub(crate) path: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// Show the output of every stage's commands
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Show failures and test output only
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Output format for stdout: what the tests print, or every event as a line of JSON
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) message_format: MessageFormat,
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    Human,
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

fn exit_code_help() -> String {
    let codes = exit_codes().into_iter();
    let codes: Vec<String> = codes
        .map(|(code, _, meaning)| format!("{code} {meaning}"))
        .collect();
    format!("Exit codes: {}.", codes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cargo::command().debug_assert();
    }

    #[test]
    fn a_repo_that_is_called_like_a_command_can_be_given_as_a_path() {
        let Cargo::E2e(typed) =
            Cargo::try_parse_from(["cargo", "e2e", "./plan", "--", "-k", "x"]).expect("it parses");
        assert!(typed.command.is_none());
        assert_eq!(
            typed.run.sandbox.look.repo.repo,
            Some(PathBuf::from("./plan"))
        );
        assert_eq!(typed.run.arguments, ["-k", "x"]);
    }
}
