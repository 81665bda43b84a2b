//! What a run came to: the record that every reporter and `run.json` show.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cancel::Signal;

/// The stages of a run, in their order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Understand e2e.yml and what it names; recorded only where that fails.
    Plan,
    /// Reach the host, and see that it has what is needed.
    Connect,
    /// Make the sandbox's folder.
    Provision,
    /// Run `build_command` here.
    Build,
    /// Send the repo.
    Sync,
    /// Compile Cargo's test targets, beside the next three.
    Compile,
    /// Bring the stack up.
    Up,
    /// Wait for health.
    Ready,
    /// Run `setup_command`.
    Setup,
    /// Run the tests.
    Test,
    /// Fetch logs, states and artifacts.
    Collect,
    /// Remove everything.
    Teardown,
    /// Write the result.
    Report,
}

impl Stage {
    /// The name in records and on the terminal.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Connect => "connect",
            Self::Provision => "provision",
            Self::Build => "build",
            Self::Sync => "sync",
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

/// How a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StageStatus {
    /// It did what it should.
    Passed,
    /// It did not; the record's detail says why.
    Failed,
    /// There was nothing to do.
    Skipped,
    /// A signal ended it.
    Interrupted,
}

impl StageStatus {
    /// The name in records and on pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What the run as a whole came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Tests passed and nothing is left behind, unless it was asked to be kept.
    Passed,
    /// Tests failed.
    Failed,
    /// Tests ran past `timeout`.
    TimedOut,
    /// There was no test to run, perhaps because of a filter.
    NoTests,
    /// Our bug, or the record could not be stored.
    InternalError,
    /// No e2e.yml, or it or the compose file is wrong.
    SpecError,
    /// The host can't be used or was lost.
    HostError,
    /// The stack did not come up.
    UpFailed,
    /// The stack did not become healthy in time.
    Unhealthy,
    /// Tests passed, but something could not be removed.
    Leaked,
    /// `build_command`, or compiling the test targets, failed.
    BuildFailed,
    /// `setup_command` failed.
    SetupFailed,
    /// A signal ended the run.
    Interrupted,
}

impl Verdict {
    /// The name in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::NoTests => "no_tests",
            Self::InternalError => "internal_error",
            Self::SpecError => "spec_error",
            Self::HostError => "host_error",
            Self::UpFailed => "up_failed",
            Self::Unhealthy => "unhealthy",
            Self::Leaked => "leaked",
            Self::BuildFailed => "build_failed",
            Self::SetupFailed => "setup_failed",
            Self::Interrupted => "interrupted",
        }
    }

    /// Which of two verdicts of one run counts: signal, lost host, tests, other stages, leftovers.
    #[must_use]
    pub fn or_worse(self, other: Self) -> Self {
        if other.rank() > self.rank() {
            other
        } else {
            self
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Leaked => 1,
            Self::InternalError
            | Self::SpecError
            | Self::UpFailed
            | Self::Unhealthy
            | Self::BuildFailed
            | Self::SetupFailed => 2,
            Self::NoTests => 3,
            Self::Failed => 4,
            Self::TimedOut => 5,
            Self::HostError => 6,
            Self::Interrupted => 7,
        }
    }
}

/// One stage of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StageRecord {
    /// Which stage.
    pub name: Stage,
    /// How it ended.
    pub status: StageStatus,
    /// When it began, RFC 3339 UTC.
    #[schemars(extend("format" = "date-time"))]
    pub started_at: String,
    /// How long it took.
    pub duration_ms: u64,
    /// What was done; or why it failed, in a line, and below it the evidence and what to do.
    pub detail: String,
}

/// One health check of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HealthRecord {
    /// Its name in e2e.yml.
    pub name: String,
    /// Whether it passed.
    pub status: HealthStatus,
    /// From the start of `ready` until it passed or was given up.
    pub waited_ms: u64,
    /// How often it was tried.
    pub attempts: u64,
    /// The last answer that was not good enough.
    pub last_error: Option<String>,
}

/// How a health check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// It passed.
    Passed,
    /// Its time ran out, or the wait ended before.
    Failed,
}

/// One container of the record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceRecord {
    /// The compose service, with `@2` and so on for its other containers.
    pub name: String,
    /// The image it ran.
    pub image: String,
    /// `running`, `exited`, `restarting`, …
    pub state: String,
    /// The exit code, when it is not running.
    pub exit_code: Option<i64>,
    /// Whether the kernel killed it for want of memory.
    pub oom_killed: bool,
    /// `healthy`, `unhealthy`, `starting`, none without a health check.
    pub health: Option<String>,
    /// How often Docker restarted it.
    pub restarts: u64,
}

/// The commit that was tested.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Git {
    /// The commit's id.
    pub sha: Option<String>,
    /// The branch, none when detached.
    pub branch: Option<String>,
    /// Whether the tree differs from the commit.
    pub dirty: bool,
}

/// One test of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestRecord {
    /// Its name, `test_command` for a command.
    pub name: String,
    /// `passed`, `failed`, `skipped` when it is ignored, or `interrupted`.
    pub status: StageStatus,
    /// How long it took.
    pub duration_ms: u64,
    /// Why it failed.
    pub message: Option<String>,
    /// Its steps.
    pub steps: Vec<StepRecord>,
}

impl TestRecord {
    /// The message of one that was under way when all were ended.
    pub const NO_END: &str = "did not end";

    /// Whether it was under way when all were ended.
    #[must_use]
    pub fn has_no_end(&self) -> bool {
        self.message.as_deref() == Some(Self::NO_END)
    }
}

/// One step of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepRecord {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub status: StageStatus,
    /// How long it took.
    pub duration_ms: u64,
    /// 0, and one more inside each other step; a step stands before those inside it.
    pub depth: u32,
}

/// `run.json`, schema 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// Always 1.
    #[schemars(extend("const" = 1))]
    pub schema: u32,
    /// The run's id: 26 characters, which sort by time.
    #[schemars(extend("pattern" = "^[0-9a-z]{26}$"))]
    pub run_id: String,
    /// The repo's slug.
    pub repo: String,
    /// What was tested.
    pub git: Git,
    /// Where.
    pub host: String,
    /// What came of it.
    pub verdict: Verdict,
    /// The process's exit code.
    pub exit_code: u8,
    /// When it began, RFC 3339 UTC.
    #[schemars(extend("format" = "date-time"))]
    pub started_at: String,
    /// How long it took.
    pub duration_ms: u64,
    /// Every stage that began.
    pub stages: Vec<StageRecord>,
    /// Every health check.
    pub health_checks: Vec<HealthRecord>,
    /// Every container.
    pub services: Vec<ServiceRecord>,
    /// Every test.
    pub tests: Vec<TestRecord>,
    /// What could not be removed.
    pub leftovers: Vec<String>,
    /// The version of cargo-e2e.
    pub tool_version: String,
}

/// The exit code of a verdict; a signal's number makes the one of an interrupted run.
#[must_use]
pub fn exit_code(verdict: Verdict, signal: Option<Signal>) -> u8 {
    match verdict {
        Verdict::Passed => 0,
        Verdict::NoTests => 4,
        Verdict::InternalError => 70,
        Verdict::SpecError => 96,
        Verdict::HostError => 97,
        Verdict::UpFailed | Verdict::Unhealthy => 98,
        Verdict::Leaked => 99,
        Verdict::Failed | Verdict::TimedOut => 100,
        Verdict::BuildFailed => 101,
        Verdict::SetupFailed => 105,
        Verdict::Interrupted => 128 + signal.map_or(2, Signal::number),
    }
}

/// What may be left of a run that could not say it: later its host may.
#[must_use]
pub fn state_not_known(run_id: &str) -> String {
    format!("sandbox {run_id} (its state is not known)")
}

/// This moment, RFC 3339 UTC with milliseconds.
#[must_use]
pub fn now() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

/// Whole milliseconds.
#[must_use]
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_the_documented_ones() {
        let code = |verdict| exit_code(verdict, None);
        assert_eq!(code(Verdict::Passed), 0);
        assert_eq!(code(Verdict::NoTests), 4);
        assert_eq!(code(Verdict::Failed), 100);
        assert_eq!(code(Verdict::Unhealthy), 98);
        assert_eq!(exit_code(Verdict::Interrupted, Some(Signal::Int)), 130);
        assert_eq!(exit_code(Verdict::Interrupted, Some(Signal::Term)), 143);
    }

    #[test]
    fn a_signal_beats_the_host_beats_tests_beats_stages_beats_leftovers() {
        let order = [
            Verdict::Passed,
            Verdict::Leaked,
            Verdict::Unhealthy,
            Verdict::NoTests,
            Verdict::Failed,
            Verdict::TimedOut,
            Verdict::HostError,
            Verdict::Interrupted,
        ];
        for (index, worse) in order.iter().enumerate() {
            for better in &order[..index] {
                assert_eq!(better.or_worse(*worse), *worse);
                assert_eq!(worse.or_worse(*better), *worse);
            }
        }
    }
}
