//! What a run came to: the record that every reporter and `run.json` show.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::verdict_info::{USAGE, Verdict, exit_code, exit_codes};

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
    /// The class, module or package that the repo's JUnit file names; its name begins with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classname: Option<String>,
    /// The file that the repo's JUnit file names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

impl TestRecord {
    /// The message of one that was under way when all were ended.
    pub const NO_END: &str = "did not end";

    /// Whether it was under way when all were ended.
    #[must_use]
    pub fn has_no_end(&self) -> bool {
        self.message.as_deref() == Some(Self::NO_END)
    }

    /// Names its file from the repo's folder: where that is differs from run to run.
    pub fn name_file_from(&mut self, root: &str) {
        let file = self.file.as_deref().unwrap_or_default();
        let below = file.strip_prefix(root).unwrap_or_default();
        if let Some(below) = below.strip_prefix('/') {
            self.file = Some(below.to_owned());
        }
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
