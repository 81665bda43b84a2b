//! The ways to run a scenario: ours, and those that people write by hand.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use e2e_tests::{Host, Running, ssh_config};

use super::scenarios::Scenario;

pub(crate) const LIMIT: Duration = Duration::from_mins(5);

/// What we are compared with: a script or program of tests/bench.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rival {
    Plain,
    Best,
    Bare,
    Testcontainers,
}

/// Each, and where it runs.
pub(crate) const RIVALS: [(Rival, Host); 4] = [
    (Rival::Bare, Host::Local),
    (Rival::Testcontainers, Host::Local),
    (Rival::Best, Host::Root),
    (Rival::Plain, Host::Root),
];

impl Rival {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain script",
            Self::Best => "best script",
            Self::Bare => "bare compose",
            Self::Testcontainers => "testcontainers",
        }
    }

    fn command(self) -> Command {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench");
        let file = match self {
            Self::Plain => "plain.sh",
            Self::Best => "best.sh",
            Self::Bare => "bare.sh",
            // scripts/bench builds it.
            Self::Testcontainers => {
                return Command::new(
                    std::env::var_os("E2E_BENCH_TESTCONTAINERS").expect("make bench names it"),
                );
            }
        };
        let mut command = Command::new("sh");
        command.arg(folder.join(file));
        command
    }
}

/// A stack, as those need to know it.
#[derive(Debug)]
pub(crate) struct Stack {
    /// With `e2e/compose.yml`.
    pub(crate) root: PathBuf,
    pub(crate) port: u16,
    /// What answers once the stack is ready.
    pub(crate) page: &'static str,
    /// The tests: `$PORT` is the stack's.
    pub(crate) test: &'static str,
    /// What is made on the client first.
    pub(crate) build: &'static str,
    /// `NAME=value` words for Compose.
    pub(crate) variables: String,
}

/// Runs the rival to its end; its tests must pass.
#[track_caller]
pub(crate) fn hand_written(rival: Rival, stack: &Stack, host: Host, project: &str) -> Duration {
    let mut command = rival.command();
    command
        .current_dir(&stack.root)
        .env("CONFIG", ssh_config())
        .env("HOST", host.name())
        .env("PROJECT", project)
        .env("PORT", stack.port.to_string())
        .env("PAGE", stack.page)
        .env("TEST", stack.test)
        .env("BUILD", stack.build)
        .env("VARIABLES", &stack.variables);
    let ended = Running::start(command, None).finish(LIMIT);
    assert_eq!(ended.code, Some(0), "{rival:?}: {ended}");
    ended.took
}

/// Runs `cargo e2e` to its end; its tests must pass.
#[track_caller]
pub(crate) fn ours(scenario: &Scenario, host: Host) -> Duration {
    let ended = scenario.repo.cargo_e2e(&["--host", &host.name()]);
    assert_eq!(ended.code, Some(0), "{ended}");
    ended.took
}
