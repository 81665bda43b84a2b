//! What commands answer with `--format json`: one document each, in forms that stay. New fields may
//! come.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::record::history::History;
use crate::sandbox::ListedState;

use super::print::{outln, show_error};
use super::refused::Refused;

/// Prints an answer to stdout.
pub(super) fn print(answer: &impl Serialize) {
    // These forms have neither maps with other keys than texts nor anything else that fails.
    outln!(
        "{}",
        serde_json::to_string_pretty(answer).unwrap_or_default()
    );
}

/// Returns a time of a host's clock, in RFC 3339.
pub(super) fn time(seconds: u64) -> Option<String> {
    let at = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    Some(at.to_string())
}

/// What `cargo e2e list --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ListAnswer {
    /// 1.
    pub(super) schema: u32,
    /// As it was named; several as they were typed.
    pub(super) host: String,
    pub(super) sandboxes: Vec<ListedSandbox>,
    /// How many sandboxes other users have there.
    pub(super) others: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ListedSandbox {
    /// The run that made it.
    pub(super) run_id: String,
    /// Where it is, of several hosts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<String>,
    /// The compose project.
    pub(super) project: Option<String>,
    /// The repo's slug.
    pub(super) repo: Option<String>,
    /// Its e2e.yml, where that is another file than e2e/e2e.yml.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) spec: Option<String>,
    pub(super) state: ListedState,
    /// Its place among those who wait for a turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) place: Option<u32>,
    /// By the host's clock.
    pub(super) created_at: Option<String>,
    /// When it is removed at the latest, by the host's clock.
    pub(super) expires_at: Option<String>,
    /// How many containers it has.
    pub(super) containers: u32,
    /// How many of them run.
    pub(super) running: u32,
    /// How many of them Docker calls healthy.
    pub(super) healthy: u32,
    pub(super) unhealthy: u32,
    /// How many of them have a health check that has not decided.
    pub(super) starting: u32,
    /// The memory that they use now, with the files that they cached, in kilobytes (1024 bytes).
    pub(super) memory_kb: u64,
    /// Milliseconds of processor time that they have used.
    pub(super) cpu_ms: u64,
    /// Who made it: `user@machine`.
    pub(super) by: Option<String>,
    /// The repo's folder on that machine.
    pub(super) folder: Option<String>,
}

/// What `cargo e2e down --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DownAnswer {
    /// 1.
    pub(super) schema: u32,
    /// As it was named; several as they were typed.
    pub(super) host: String,
    pub(super) removed: Vec<RemovedSandbox>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RemovedSandbox {
    pub(super) run_id: String,
    /// Where it was, of several hosts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<String>,
    /// Whether there was anything to remove.
    pub(super) found: bool,
    /// What could not be removed.
    pub(super) left: Vec<String>,
}

/// What `cargo e2e doctor --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DoctorAnswer {
    /// 1.
    pub(super) schema: u32,
    /// As it was named.
    pub(super) host: String,
    /// Whether nothing is missing.
    pub(super) ok: bool,
    pub(super) checks: Vec<DoctorCheck>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DoctorCheck {
    /// `client`, `host` or `repo`.
    pub(super) of: &'static str,
    /// The host, of one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<String>,
    /// What was looked at.
    pub(super) name: String,
    pub(super) status: DoctorStatus,
    /// What was found, or what is wrong.
    pub(super) text: String,
    /// What to do, where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fix: Option<String>,
}

/// As it should be; a run goes without it; a run can't go without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum DoctorStatus {
    Ok,
    Less,
    Missing,
}

/// What `cargo e2e check --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CheckAnswer {
    /// 1.
    pub(super) schema: u32,
    pub(super) specs: Vec<CheckedSpec>,
}

/// One e2e.yml, with its compose files.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct CheckedSpec {
    /// Its path; null where no repo was found.
    pub(super) spec: Option<String>,
    /// Whether there are no errors.
    pub(super) ok: bool,
    pub(super) errors: Vec<Trouble>,
    /// Those that `allow` does not accept.
    pub(super) warnings: Vec<NamedWarning>,
    pub(super) notes: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Trouble {
    /// The first line is enough by itself.
    pub(super) message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) help: Option<String>,
}

impl Trouble {
    pub(super) fn new(message: String, help: Option<&str>) -> Self {
        Self {
            message,
            help: help.map(str::to_owned),
        }
    }

    /// Prints it for people.
    pub(super) fn show(&self) {
        show_error(&self.message, self.help.as_deref());
    }
}

impl From<&Refused> for Trouble {
    fn from(refused: &Refused) -> Self {
        let (message, help) = refused.text();
        Self::new(message, help)
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct NamedWarning {
    /// As in `allow`; null where it can't be accepted.
    pub(super) name: Option<String>,
    pub(super) text: String,
}

/// What `cargo e2e plan --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PlanAnswer {
    /// 1.
    pub(super) schema: u32,
    pub(super) plans: Vec<Planned>,
    /// What has no plan.
    pub(super) errors: Vec<Trouble>,
}

/// What a run of one e2e.yml would do.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Planned {
    /// The repo's slug.
    pub(super) repo: String,
    /// Its folder.
    pub(super) root: String,
    /// Its e2e.yml, relative to that where it lies in it.
    pub(super) spec: String,
    pub(super) host: String,
    /// What names the host.
    pub(super) host_because: String,
    /// Relative to the repo's root.
    pub(super) compose_files: Vec<String>,
    /// `declared` or `isolated`.
    pub(super) ports: &'static str,
    /// `host` or `client`.
    pub(super) tests_run_on: &'static str,
    pub(super) tests: PlannedTests,
    /// Seconds that the tests may take.
    pub(super) timeout: f64,
    /// `no`, `on_failure` or `always`.
    pub(super) keep: &'static str,
    /// The folder of its results.
    pub(super) results: String,
    /// What `cargo e2e plan` prints of the compose model, each with what it is: `rewrite`,
    /// `not isolated`, `not sent` or `note`.
    pub(super) notices: Vec<Notice>,
    /// Why there are no notices, or what `--strict` refuses.
    pub(super) errors: Vec<Trouble>,
}

/// The tests: one of these.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PlannedTests {
    /// `test_command`.
    Command(String),
    /// `test_service`.
    Service(String),
    /// Cargo's test targets, as `PACKAGE:TARGET`.
    Targets(Vec<String>),
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Notice {
    pub(super) what: String,
    pub(super) text: String,
}

/// What `cargo e2e history --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HistoryAnswer {
    /// 1.
    pub(super) schema: u32,
    pub(super) repos: Vec<History>,
}
