//! What is gathered on the way, whatever comes of the run.

use crate::outcome::{HealthRecord, ServiceRecord, TestRecord, Verdict};

use crate::sandbox::Buried;

use super::ledger::Stopped;

#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) verdict: Option<Verdict>,
    /// Whether there is nobody to talk to any more.
    pub(super) lost: bool,
    pub(super) health_checks: Vec<HealthRecord>,
    pub(super) services: Vec<ServiceRecord>,
    pub(super) tests: Vec<TestRecord>,
    /// The tests as one, for those that tell nothing of themselves.
    pub(super) tested: Option<TestRecord>,
    /// The host's clock less this machine's.
    pub(super) skew: jiff::SignedDuration,
    /// What the host remembers of earlier runs.
    pub(super) buried: Vec<Buried>,
    pub(super) leftovers: Vec<String>,
    /// How to live with the sandbox, when it was kept.
    pub(super) kept: Option<String>,
}

impl Found {
    /// Takes the reason why the run does not go on.
    pub(super) fn stop(&mut self, stopped: &Stopped) {
        self.add(stopped.verdict());
        self.lost |= matches!(stopped, Stopped::Failed(trouble) if trouble.lost);
    }

    /// Takes a stage's verdict; the worse one counts.
    pub(super) fn add(&mut self, verdict: Verdict) {
        self.verdict = Some(
            self.verdict
                .map_or(verdict, |so_far| so_far.or_worse(verdict)),
        );
    }
}
