//! `e2e/e2e.yml`, version 1: what a repo says about its stack and its tests.
//!
//! `serde_yaml` makes the values. It stops at the first error and knows no places inside a scalar,
//! so the same text is first read as a tree of located nodes (`locate`), and that tree is checked
//! for shape and meaning (`check`, `probe`, `value`). A person gets every mistake of the file at
//! once, each with its line; and when a tree passes, `mirror` makes the [`Spec`].
//! Two YAML readers can disagree. `agree` refuses a text that they read differently, so that
//! nothing unchecked ever reaches a `Spec`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

mod agree;
mod check;
mod fields;
mod locate;
mod mirror;
mod name;
mod nearest;
mod probe;
mod render;
#[cfg(test)]
mod schema_tests;
mod seconds;
mod source;
#[cfg(test)]
mod tests;
mod value;

pub use name::{is_slug, name_in};
pub(crate) use nearest::nearest;
pub(crate) use value::slug_of;

/// What one `e2e.yml` asks for; defaults are filled in, except where they depend on more than this
/// file (those are `None`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The repo's slug: `[a-z0-9][a-z0-9-]{0,39}`.
    pub name: String,
    /// Compose files, relative to the repo root, at least one; none leaves the repo by its name
    /// (a symlink may).
    pub compose_files: Vec<String>,
    /// What must answer before the tests start, in the file's order.
    pub health_checks: Vec<HealthCheck>,
    /// Shell command that runs the tests.
    pub test_command: Option<String>,
    /// The words that start `build_command`, `setup_command` and `test_command`, which follows them;
    /// none: `sh`, so that a failure of any line counts. A name alone is started like that, too.
    pub shell: Vec<String>,
    /// The compose service that runs the tests.
    pub test_service: Option<String>,
    /// How long the tests may take, compiling not counted.
    pub timeout: Duration,
    /// When the sandbox is removed.
    pub cleanup: Cleanup,
    /// Where the tests run; `None`: as the contract says for the kind of tests.
    pub tests_run_on: Option<Side>,
    /// How published ports are given out; `None`: as the contract says for the kind of tests.
    pub ports: Option<Ports>,
    /// Variables for `setup_command` and the tests, in the file's order and as written there:
    /// `${NAME}` is not expanded yet, and `$$` stands for `$`.
    pub env: Vec<(String, String)>,
    /// Shell command on the client, before the sync.
    pub build_command: Option<String>,
    /// Shell command on the host, after the stack is ready.
    pub setup_command: Option<String>,
    /// What else is sent to the host, and what is not.
    pub sync: Sync,
    /// Globs, relative to the repo root, of files to keep with the result.
    pub artifacts: Vec<String>,
    /// File that the tests write, relative to the repo root: JUnit XML that is read back.
    pub junit: Option<String>,
    /// Compose profiles to enable.
    pub profiles: Vec<String>,
    /// Files with variables for compose, relative to the repo root.
    pub env_files: Vec<String>,
    /// Names of variables of the client's environment, for Compose, `setup_command` and the tests;
    /// their values are shown nowhere.
    pub secrets: Vec<String>,
    /// How long each of the other stages may take.
    pub timeouts: Timeouts,
    /// What the state-hub is told beside the record.
    pub report: Report,
}

/// One entry of `health_checks`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    /// As written. Unique, also as [`env_name`](e2e_harness::protocol::env_name).
    pub name: String,
    /// How it is asked.
    pub probe: Probe,
    /// How long to wait for it; 60 seconds by default.
    pub timeout: Duration,
}

/// How a health check is asked, always from the sandbox host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// `url`: an HTTP request.
    Http {
        /// `http` or `https`, with a host.
        url: Url,
        /// Accepted statuses, each in 100..=599; empty: any 2xx or 3xx.
        expect_status: Vec<u16>,
    },
    /// `tcp`: something listens there.
    Tcp {
        /// A name or an address; an IPv6 address is without its brackets.
        host: String,
        /// 1..=65535.
        port: u16,
    },
    /// `grpc`: `grpc.health.v1` says that it serves.
    Grpc {
        /// A name or an address; an IPv6 address is without its brackets.
        host: String,
        /// 1..=65535.
        port: u16,
        /// `grpc_service`: what is asked about; `None`: the server as a whole.
        service: Option<String>,
    },
    /// `exec`: a command that exits with 0.
    Exec {
        /// The program and its arguments, at least one.
        command: Vec<String>,
        /// The compose service in which it runs.
        service: String,
    },
}

/// `cleanup`: when the sandbox is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cleanup {
    /// After every run.
    Always,
    /// Only after a run that passed.
    OnSuccess,
    /// Not by the run.
    Never,
}

/// `tests_run_on`: where the tests run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Beside the stack.
    Host,
    /// On the machine where `cargo e2e` was typed.
    Client,
}

/// `ports`: how published ports are given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ports {
    /// Each gets a free port of its own.
    Isolated,
    /// The numbers that the compose file names.
    Declared,
}

/// `sync`: globs relative to the repo root.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sync {
    /// Sent although git ignores it.
    #[serde(default)]
    pub include: Vec<String>,
    /// Not sent although git would ship it.
    #[serde(default)]
    pub exclude: Vec<String>,
}

/// `timeouts`: for the stages other than the tests. `None`: the stage's own default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Waiting for another run to leave a sandbox that is up.
    pub queue: Option<Duration>,
    /// `build_command`, or compiling the test targets.
    pub build: Option<Duration>,
    /// Sending the repo to the host.
    pub sync: Option<Duration>,
    /// `docker compose up`, with its pulls and builds.
    pub up: Option<Duration>,
    /// `setup_command`.
    pub setup: Option<Duration>,
    /// Fetching logs and artifacts.
    pub collect: Option<Duration>,
    /// Removing the sandbox.
    pub teardown: Option<Duration>,
}

/// `report`: where the result belongs in the state-hub.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The topic's slug.
    pub topic_slug: Option<String>,
    /// The workstream's id.
    pub workstream_id: Option<String>,
    /// The task's id.
    pub task_id: Option<String>,
}

/// One mistake in a file, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1. One past the line's last character when something is missing
    /// there.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The whole line, made safe to print; `None` when `column` is too far right to be shown.
    pub source_line: Option<String>,
    /// How many characters of the line are meant, at least 1.
    pub len: usize,
}

/// Everything that is wrong with one `e2e.yml`. `Display` prints it all, without a newline at the
/// end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", render::report(self))]
pub struct SpecErrors {
    /// The file, as it was given to [`parse`].
    pub path: PathBuf,
    /// In the order of the file; never empty.
    pub diagnostics: Vec<Diagnostic>,
    /// How many more there are: after the first 50, they are only counted.
    pub more: usize,
}

/// The JSON Schema of `e2e.yml`, for editors.
pub const SCHEMA: &str = include_str!("e2e.schema.json");

/// What an editor reads in the first line of an `e2e.yml` to find [`SCHEMA`].
pub const MODELINE: &str = "# yaml-language-server: $schema=https://raw.githubusercontent.com/railiance/cargo-e2e/main/cargo-e2e/src/spec/e2e.schema.json";

/// Reads one `e2e.yml`. `path` is only for messages; nothing is opened.
///
/// # Errors
/// Every mistake that can be found in one pass, at least one. After a mistake in the YAML itself
/// there is only that one, since what follows has no certain meaning.
///
/// # Examples
/// ```
/// # use std::path::Path;
/// let path = Path::new("e2e/e2e.yml");
/// let spec = cargo_e2e::spec::parse(path, "name: shop\ntest_command: pytest\n").unwrap();
/// assert_eq!(spec.compose_files, ["e2e/compose.yml"]);
///
/// let errors = cargo_e2e::spec::parse(path, "name: shop\ntest_comand: pytest\n").unwrap_err();
/// assert_eq!(errors.diagnostics[0].line, 2);
/// assert!(errors.to_string().contains("did you mean `test_command`?"));
/// ```
pub fn parse(path: &Path, text: impl AsRef<[u8]>) -> Result<Spec, SpecErrors> {
    read(path, text.as_ref(), false)
}

/// As [`parse`], in a Cargo project: there the tests may be Cargo's test targets.
///
/// # Errors
/// As for [`parse`].
///
/// # Examples
/// ```
/// # use std::path::Path;
/// let spec = cargo_e2e::spec::parse_in_cargo(Path::new("e2e/e2e.yml"), "name: shop\n").unwrap();
/// assert_eq!(spec.test_command, None);
/// ```
pub fn parse_in_cargo(path: &Path, text: impl AsRef<[u8]>) -> Result<Spec, SpecErrors> {
    read(path, text.as_ref(), true)
}

fn read(path: &Path, text: &[u8], in_cargo: bool) -> Result<Spec, SpecErrors> {
    let errors = |diagnostics, more| SpecErrors {
        path: path.to_path_buf(),
        diagnostics,
        more,
    };
    let source = source::Source::decode(text).map_err(|one| errors(vec![one], 0))?;
    let only = |finding| errors(vec![source.diagnostic(finding)], 0);
    let root = locate::read(&source).map_err(only)?;
    let findings = check::check(path, &source, &root, in_cargo);
    if !findings.is_empty() {
        let (diagnostics, more) = source.diagnostics(findings);
        return Err(errors(diagnostics, more));
    }
    agree::agree(&source, &root).map_err(only)?;
    mirror::spec(&source).map_err(only)
}
