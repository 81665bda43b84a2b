//! The record of a run, which every reporter and `run.json` show.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::stage::Stage;
pub use super::verdict_info::{Subject, USAGE, Verdict, exit_code, exit_codes};

/// How a stage ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StageStatus {
    /// The stage did its work.
    Passed,
    /// The record's `detail` says why.
    #[default]
    Failed,
    /// There was nothing to do.
    Skipped,
    /// A signal, or a failure beside it, ended the stage.
    Interrupted,
}

impl StageStatus {
    /// Returns the name in records and on pages.
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
    pub name: Stage,
    pub status: StageStatus,
    /// When it began, RFC 3339 UTC.
    #[schemars(extend("format" = "date-time"))]
    pub started_at: String,
    /// Milliseconds from begin to end.
    pub duration_ms: u64,
    /// What was done; or why it failed, in a line, with the evidence and help below it.
    pub detail: String,
}

/// How a host was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Placement {
    /// What chose it: `pool`, `slurm`, `swarm`.
    pub engine: String,
    /// The name by which the engine knows the choice: of a pool, its hosts; of Slurm, the
    /// job; of Swarm, the service.
    pub id: String,
    /// How many milliseconds the run waited for its turn.
    pub queued_ms: u64,
}

/// One health check of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HealthRecord {
    /// The name in e2e.yml.
    pub name: String,
    pub status: HealthStatus,
    /// Milliseconds from the start of `ready` until the check passed or was given up.
    pub waited_ms: u64,
    /// The number of tries.
    pub attempts: u64,
    /// The last answer that did not pass the check.
    pub last_error: Option<String>,
}

/// How a health check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// It passed.
    Passed,
    /// Its `timeout` was over, or the wait ended before.
    Failed,
}

impl HealthStatus {
    pub fn of(passed: bool) -> Self {
        if passed { Self::Passed } else { Self::Failed }
    }
}

/// One container of the record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceRecord {
    /// The compose service; its other containers have `@2` and so on.
    pub name: String,
    pub image: String,
    /// `running`, `exited`, `restarting`, …
    pub state: String,
    /// The exit code of a container that does not run.
    pub exit_code: Option<i64>,
    /// Whether it was killed because it was out of memory.
    pub oom_killed: bool,
    /// `healthy`, `unhealthy` or `starting`; none without a health check.
    pub health: Option<String>,
    /// The number of restarts by Docker.
    pub restarts: u64,
}

/// What the containers of a run used together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// The sum of the most memory that each had at any time, with the files that it cached, in
    /// kilobytes (1024 bytes).
    pub memory_kb: u64,
    /// Milliseconds of processor time.
    pub cpu_ms: u64,
}

/// The commit that was tested.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Git {
    pub sha: Option<String>,
    /// The branch; none for a detached commit.
    pub branch: Option<String>,
    /// Whether the tree differed from the commit.
    pub dirty: bool,
}

/// One test of the record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestRecord {
    /// The test's name; `test_command` for a command.
    pub name: String,
    /// `passed`, `failed`, `skipped` for an ignored test, or `interrupted`.
    pub status: StageStatus,
    /// Milliseconds from begin to end.
    pub duration_ms: u64,
    /// Why the test failed.
    pub message: Option<String>,
    pub steps: Vec<StepRecord>,
    /// The class, module or package that the repo's JUnit file names; its name begins with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classname: Option<String>,
    /// The file that the repo's JUnit file names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// All attempts, where there were several; the last one is the test's own status.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptRecord>,
    /// Whether it passed after it had failed. With `flaky: fail` its status is `failed` then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flaky: bool,
    /// When it began by the clock where it ran, RFC 3339 UTC, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub started_at: Option<String>,
    /// How many milliseconds later it may have begun, where the repo's JUnit file does not say when
    /// exactly.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uncertain_ms: u64,
    /// Where it failed, `file:line` from the repo's root, where the message names a file that is
    /// there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// One attempt at a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttemptRecord {
    /// `passed`, `failed` or `interrupted`.
    pub status: StageStatus,
    /// Milliseconds from begin to end.
    pub duration_ms: u64,
    /// Why it failed.
    pub message: Option<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl TestRecord {
    /// Returns a test of which nothing more is known.
    pub fn new(name: impl Into<String>, status: StageStatus) -> Self {
        Self {
            name: name.into(),
            status,
            ..Self::default()
        }
    }

    /// Returns the attempt that it is, where there was no other.
    pub fn attempt(&self) -> AttemptRecord {
        AttemptRecord {
            status: self.status,
            duration_ms: self.duration_ms,
            message: self.message.clone(),
        }
    }

    /// Takes over the attempts before this one.
    pub fn retries(&mut self, mut earlier: Vec<AttemptRecord>) {
        if earlier.is_empty() {
            return;
        }
        let failed = |one: &AttemptRecord| one.status != StageStatus::Passed;
        self.flaky = self.status == StageStatus::Passed && earlier.iter().any(failed);
        earlier.push(self.attempt());
        self.attempts = earlier;
    }

    /// Returns its attempts, which may be one.
    pub fn all_attempts(&self) -> Vec<AttemptRecord> {
        match self.attempts.as_slice() {
            [] => vec![self.attempt()],
            several => several.to_vec(),
        }
    }

    /// Returns whether it failed, or was ended before its end.
    pub fn is_failed(&self) -> bool {
        matches!(self.status, StageStatus::Failed | StageStatus::Interrupted)
    }

    /// Returns its begin and its end, by the clock where it ran.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let from: Timestamp = self.started_at.as_deref()?.parse().ok()?;
        let took = SignedDuration::from_millis(i64::try_from(self.duration_ms).ok()?);
        Some((from, from.checked_add(took).ok()?))
    }

    /// The message of a test that ran when all tests were stopped.
    pub const NO_END: &str = "did not end";

    /// Returns whether the test ran when all tests were stopped.
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
    pub name: String,
    pub status: StageStatus,
    /// Milliseconds from begin to end.
    pub duration_ms: u64,
    /// The number of steps around it; a step precedes those inside it.
    pub depth: u32,
}

/// `run.json`, schema 1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// Always 1.
    #[schemars(extend("const" = 1))]
    pub schema: u32,
    /// The run's id: 26 characters, which sort by time.
    #[schemars(extend("pattern" = "^[0-9a-z]{26}$"))]
    pub run_id: String,
    /// The repo's slug.
    pub repo: String,
    /// The repo's e2e.yml, relative to its root, where that is another file than e2e/e2e.yml.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    /// The tested commit.
    pub git: Git,
    /// The host's name.
    pub host: String,
    /// How it was chosen, where that was one of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    pub verdict: Verdict,
    /// The process's exit code.
    pub exit_code: u8,
    /// When it began, RFC 3339 UTC.
    #[schemars(extend("format" = "date-time"))]
    pub started_at: String,
    /// Milliseconds from begin to end.
    pub duration_ms: u64,
    /// Every stage that began.
    pub stages: Vec<StageRecord>,
    /// Every health check.
    pub health_checks: Vec<HealthRecord>,
    /// Every container.
    pub services: Vec<ServiceRecord>,
    /// What its containers used until their logs were fetched; none where the host does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Every test.
    pub tests: Vec<TestRecord>,
    /// What could not be removed.
    pub leftovers: Vec<String>,
    /// The version of cargo-e2e.
    pub tool_version: String,
}

/// Returns the leftover of a run that could not check its sandbox: its host may tell later.
pub fn state_not_known(run_id: &str) -> String {
    format!("sandbox {run_id} (its state is not known)")
}

/// Returns as much of a run's id as people and commands need.
pub fn short_id(run_id: &str) -> &str {
    run_id
        .get(run_id.len().saturating_sub(8)..)
        .unwrap_or(run_id)
}

/// Returns this moment, RFC 3339 UTC with milliseconds.
pub fn now() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
