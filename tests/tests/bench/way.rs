//! The ways to run a scenario: ours, and those that people write by hand.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use e2e_tests::{Host, Running, ssh_config};

use super::scenarios::Scenario;

pub(crate) const LIMIT: Duration = Duration::from_mins(5);

/// What we are compared with: a script of tests/bench.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rival {
    Plain,
    Best,
    Bare,
}

impl Rival {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain script",
            Self::Best => "best script",
            Self::Bare => "bare compose",
        }
    }

    fn file(self) -> &'static str {
        match self {
            Self::Plain => "plain.sh",
            Self::Best => "best.sh",
            Self::Bare => "bare.sh",
        }
    }
}

/// Runs the script to its end; its tests must pass.
#[track_caller]
pub(crate) fn hand_written(
    rival: Rival,
    scenario: &Scenario,
    host: Host,
    project: &str,
) -> Duration {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("bench")
        .join(rival.file());
    let mut command = Command::new("sh");
    command
        .arg(file)
        .current_dir(scenario.repo.root())
        .env("CONFIG", ssh_config())
        .env("HOST", host.name())
        .env("PROJECT", project)
        .env("PORT", scenario.repo.port('A').to_string())
        .env("PAGE", scenario.page)
        .env("TEST", scenario.test);
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
