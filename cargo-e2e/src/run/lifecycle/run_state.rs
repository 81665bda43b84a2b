//! What a run gathers on its way, whatever its outcome.

use std::collections::BTreeSet;
use std::path::Path;

use tokio::task::JoinHandle;

use crate::record::ended::EndedSandbox;
use crate::record::outcome::{
    AttemptRecord, Git, HealthRecord, ServiceRecord, Subject, TestRecord, Usage, Verdict,
};
use crate::repo::git::Origin;
use crate::sandbox::Containers;

use super::stage_runner::Stopped;

/// The host that something chose.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) host: String,
    /// What chose it, and by which name it knows that.
    pub(super) engine: &'static str,
    pub(super) id: String,
}

#[derive(Debug, Default)]
pub(super) struct RunState {
    pub(super) verdict: Option<Verdict>,
    /// The host that was chosen.
    pub(super) placed: Option<Placed>,
    /// How many milliseconds it waited for its turn.
    pub(super) queued_ms: u64,
    /// Whether the host is lost.
    pub(super) lost: bool,
    /// Whether it was lost at the run's end, too.
    pub(super) out_of_reach: bool,
    pub(super) health_checks: Vec<HealthRecord>,
    pub(super) services: Vec<ServiceRecord>,
    /// What the containers used.
    pub(super) usage: Option<Usage>,
    /// The containers when all was ready.
    pub(super) ready: Option<Containers>,
    /// The containers when evidence was collected.
    pub(super) collected: Option<Containers>,
    /// The ids of containers that tests changed through the tool.
    pub(super) changed: BTreeSet<String>,
    pub(super) tests: Vec<TestRecord>,
    /// Attempts before the last one at tests that record nothing.
    pub(super) attempts: Vec<AttemptRecord>,
    /// One record for tests that record no events.
    pub(super) tested: Option<TestRecord>,
    /// How far the host's clock is ahead of this machine's.
    pub(super) skew: jiff::SignedDuration,
    /// How sandboxes of killed runs ended, as the host remembers it.
    pub(super) ended_sandboxes: Vec<EndedSandbox>,
    pub(super) leftovers: Vec<String>,
    /// How to use and remove the kept sandbox.
    pub(super) kept: Option<String>,
    /// Which repo it is; git is asked from the run's beginning.
    pub(super) origin: Option<Origin>,
    /// Git's answers at each moment when the tested files may have changed.
    looks: Vec<JoinHandle<Git>>,
}

impl RunState {
    /// Asks git about the repo as it is now, while the run goes on.
    pub(super) fn look_at(&mut self, root: &Path) {
        let root = root.to_owned();
        let look = async move { crate::repo::git::describe(&root).await };
        self.looks.push(tokio::spawn(look));
    }

    /// Returns whether git ever gave another answer: then no commit was tested unchanged.
    pub(super) async fn differs_from(&mut self, git: &Git) -> bool {
        let mut differs = false;
        for look in self.looks.drain(..) {
            differs |= look.await.is_ok_and(|look| look != *git);
        }
        differs
    }

    /// Forgets what came of a host that is lost: the run begins again on another one.
    pub(super) fn leave(&mut self) {
        *self = Self {
            queued_ms: self.queued_ms,
            ended_sandboxes: std::mem::take(&mut self.ended_sandboxes),
            looks: std::mem::take(&mut self.looks),
            ..Self::default()
        };
    }

    /// Stores why the run stops.
    pub(super) fn stop(&mut self, stopped: &Stopped) {
        self.add(stopped.verdict());
        self.lost |= matches!(stopped, Stopped::Failed(error) if error.lost);
    }

    /// Stores a stage's verdict; the worst one counts.
    pub(super) fn add(&mut self, verdict: Verdict) {
        self.verdict = Some(
            self.verdict
                .map_or(verdict, |so_far| so_far.or_worse(verdict)),
        );
    }

    /// Returns whether anything failed so far.
    pub(super) fn failed(&self) -> bool {
        self.verdict
            .is_some_and(|verdict| verdict != Verdict::Passed)
    }

    /// Adds one record for tests that record no events, or that failed, if only at first, though none
    /// of their records says why.
    pub(super) fn add_tested(&mut self) {
        let Some(tested) = self.tested.take() else {
            return;
        };
        // A lost host is no test's failure.
        let theirs = self.verdict.map(Verdict::subject) == Some(Subject::Tests);
        let unexplained = theirs && !self.tests.iter().any(TestRecord::is_failed);
        if self.tests.is_empty() || unexplained || !tested.attempts.is_empty() {
            self.tests.push(tested);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::test;

    #[test]
    fn the_tests_as_one_say_what_none_of_them_does() {
        use crate::record::outcome::StageStatus::{self, Failed, Interrupted, Passed};
        let names = |own: Option<StageStatus>, all: StageStatus, verdict: Verdict| {
            let mut state = RunState {
                verdict: Some(verdict),
                tests: own.map(|status| test("own", status)).into_iter().collect(),
                tested: Some(test("all", all)),
                ..RunState::default()
            };
            state.add_tested();
            let names: Vec<String> = state.tests.into_iter().map(|one| one.name).collect();
            names.join(" ")
        };
        assert_eq!(names(None, Passed, Verdict::Passed), "all");
        assert_eq!(names(Some(Passed), Passed, Verdict::Passed), "own");
        assert_eq!(names(Some(Failed), Failed, Verdict::Failed), "own");
        assert_eq!(
            names(Some(Passed), Interrupted, Verdict::Interrupted),
            "own"
        );
        assert_eq!(names(Some(Passed), Failed, Verdict::Failed), "own all");
        assert_eq!(names(Some(Passed), Failed, Verdict::HostError), "own");
    }
}
