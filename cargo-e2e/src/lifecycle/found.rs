//! What is gathered on the way, whatever comes of the run.

use crate::outcome::{HealthRecord, ServiceRecord, TestRecord, Verdict};

#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) verdict: Option<Verdict>,
    pub(super) health_checks: Vec<HealthRecord>,
    pub(super) services: Vec<ServiceRecord>,
    pub(super) tests: Vec<TestRecord>,
    pub(super) leftovers: Vec<String>,
    /// How to live with the sandbox, when it was kept.
    pub(super) kept: Option<String>,
}

impl Found {
    /// Whether there is nobody to talk to any more.
    pub(super) fn lost(&self) -> bool {
        self.verdict == Some(Verdict::HostError)
    }

    /// Takes a stage's verdict; the worse one counts.
    pub(super) fn add(&mut self, verdict: Verdict) {
        self.verdict = Some(
            self.verdict
                .map_or(verdict, |so_far| so_far.or_worse(verdict)),
        );
    }
}
