//! What can be typed. No other module knows clap.

mod cargo;
mod commands;
mod shared;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use crate::record::outcome::exit_codes;
use crate::spec::Need;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

pub(crate) use cargo::{CargoArguments, typed_for_cargo};
pub(crate) use commands::*;
pub(crate) use shared::{FormatArgument, HostArgument, SandboxPlace};

use super::last_failed::LAST;
use super::values::{lifetime, manifest, need};

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
    Plan(FormattedLook),
    /// Check e2e.yml and the compose file, without a host
    Check(FormattedLook),
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
    List(ListArguments),
    /// Remove a sandbox with everything it made
    Down(DownArguments),
    /// Remove sandboxes whose client and guard are both gone: after a reboot, say
    Gc(GcArguments),
    /// Check this machine and a host, with a fix for everything that is missing
    Doctor(ListArguments),
    /// Write a first e2e/e2e.yml from the compose file
    Init {
        /// The repo's folder [default: the current directory]
        path: Option<PathBuf>,
    },
    /// Show pass rate, flaky tests and slow stages of past runs
    History(HistoryArguments),
    /// Open the page of a run
    Open {
        /// A run of this repo, by its id or the end of it
        #[arg(value_name = "RUN", default_value = "latest")]
        run: String,
    },
    /// Bring the ports of a sandbox on another host here, until Ctrl-C
    Forward(ForwardArguments),
    /// List and send records not yet delivered to the state-hub; or open a run's page
    Report {
        /// Open report.html of a run of this repo instead: by its id or the end of it [default: the last]
        #[arg(long, value_name = "RUN", num_args = 0..=1, default_missing_value = "latest")]
        open: Option<String>,
    },
    /// Print the JSON Schema of a file, or of what a command prints with `--format json`
    Schema {
        /// Which
        of: SchemaOf,
    },
    /// Print completions for a shell
    ///
    /// bash: `source <(cargo e2e completions bash)`; zsh: save it as `_cargo-e2e` in a folder of
    /// $fpath; fish: `cargo e2e completions fish | source` in config.fish.
    #[command(verbatim_doc_comment)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print values for the word that a shell completes
    #[command(hide = true)]
    Complete {
        /// What is typed so far, without the program; the last word is the one to complete
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Print a man page: of `cargo e2e`, or of one of its commands
    Man {
        /// A command, such as `plan`
        command: Option<String>,
    },
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
    /// How many of several repos or e2e.yml files run at a time [default: 1]; each is shown whole once it ends
    #[arg(short, long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// End at once, instead of waiting, where the host is full or another run holds the sandbox, a port or the `junit` file
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// What the stack needs of its host, for its turn there, such as cpus=2,memory=4G
    #[arg(long, value_name = "NEED", value_parser = need)]
    pub(crate) need: Option<Need>,
    /// Lifetime of a sandbox that is left up, such as 90m or 24h
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    pub(crate) keep_for: Option<Duration>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
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
    // Last: its heading would stand above all that follows.
    #[command(flatten)]
    pub(crate) cargo: CargoArguments,
}

#[derive(Debug, Default, Args)]
pub(crate) struct RepoArguments {
    /// The repo; the nearest parent with e2e/e2e.yml counts [default: the current directory]
    pub(crate) repo: Option<PathBuf>,
    /// Another file than e2e/e2e.yml, or a quoted glob of them
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: Vec<PathBuf>,
    /// A package of the Cargo workspace
    #[arg(short, long, value_name = "PKG", conflicts_with = "workspace")]
    pub(crate) package: Vec<String>,
    /// All packages of the Cargo workspace that have an e2e/e2e.yml
    #[arg(long)]
    pub(crate) workspace: bool,
    /// The repo of this Cargo.toml
    #[arg(long, value_name = "PATH", value_parser = manifest, conflicts_with = "repo")]
    pub(crate) manifest_path: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) host: HostArgument,
}

/// Of the commands that only look.
#[derive(Debug, Args)]
pub(crate) struct FormattedLook {
    #[command(flatten)]
    pub(crate) look: LookArguments,
    #[command(flatten)]
    pub(crate) format: FormatArgument,
}

#[derive(Debug, Args)]
pub(crate) struct LookArguments {
    #[command(flatten)]
    pub(crate) repo: RepoArguments,
    /// Refuse a compose file that reaches beyond its sandbox, instead of warning
    #[arg(long)]
    pub(crate) strict: bool,
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
