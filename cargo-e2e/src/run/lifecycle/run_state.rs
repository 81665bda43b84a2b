//! What is gathered on the way, whatever comes of the run.

use std::collections::BTreeSet;
use std::path::Path;

use tokio::task::JoinHandle;

use crate::record::ended::EndedSandbox;
use crate::record::outcome::{Git, HealthRecord, ServiceRecord, StageStatus, TestRecord, Verdict};
use crate::sandbox::Containers;

use super::stage_runner::Stopped;

#[derive(Debug, Default)]
pub(super) struct RunState {
    pub(super) verdict: Option<Verdict>,
    /// Whether there is nobody to talk to any more.
    pub(super) lost: bool,
    pub(super) health_checks: Vec<HealthRecord>,
    pub(super) services: Vec<ServiceRecord>,
    /// The containers as they were once all was ready.
    pub(super) ready: Option<Containers>,
    /// The ids of those that tests changed through the tool.
    pub(super) changed: BTreeSet<String>,
    pub(super) tests: Vec<TestRecord>,
    /// The tests as one, for those that tell nothing of themselves.
    pub(super) tested: Option<TestRecord>,
    /// The host's clock less this machine's.
    pub(super) skew: jiff::SignedDuration,
    /// What the host remembers of earlier runs.
    pub(super) ended_sandboxes: Vec<EndedSandbox>,
    pub(super) leftovers: Vec<String>,
    /// How to live with the sandbox, when it was kept.
    pub(super) kept: Option<String>,
    /// What git said of the repo whenever what was tested could be another than before.
    looks: Vec<JoinHandle<Git>>,
}

impl RunState {
    /// Asks git about the repo as it is now; the run goes on meanwhile.
    pub(super) fn look_at(&mut self, root: &Path) {
        let root = root.to_owned();
        let look = async move { crate::repo::git::describe(&root).await };
        self.looks.push(tokio::spawn(look));
    }

    /// Whether git ever said something else than this: then no commit was tested as it is.
    pub(super) async fn differs_from(&mut self, git: &Git) -> bool {
        let mut differs = false;
        for look in self.looks.drain(..) {
            differs |= look.await.is_ok_and(|look| look != *git);
        }
        differs
    }

    /// Takes the reason why the run does not go on.
    pub(super) fn stop(&mut self, stopped: &Stopped) {
        self.add(stopped.verdict());
        self.lost |= matches!(stopped, Stopped::Failed(error) if error.lost);
    }

    /// Takes a stage's verdict; the worse one counts.
    pub(super) fn add(&mut self, verdict: Verdict) {
        self.verdict = Some(
            self.verdict
                .map_or(verdict, |so_far| so_far.or_worse(verdict)),
        );
    }

    /// Whether anything went wrong so far.
    pub(super) fn failed(&self) -> bool {
        self.verdict
            .is_some_and(|verdict| verdict != Verdict::Passed)
    }

    /// Takes the tests as one where they tell nothing of themselves, and where they failed though
    /// none of them says why.
    pub(super) fn add_tested(&mut self) {
        let Some(tested) = self.tested.take() else {
            return;
        };
        let says_why = |test: &TestRecord| {
            matches!(test.status, StageStatus::Failed | StageStatus::Interrupted)
        };
        // A host that was lost is no test's failure.
        let theirs = matches!(self.verdict, Some(Verdict::Failed | Verdict::TimedOut));
        let unexplained = theirs && !self.tests.iter().any(says_why);
        if self.tests.is_empty() || unexplained {
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
        use StageStatus::{Failed, Interrupted, Passed};
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
