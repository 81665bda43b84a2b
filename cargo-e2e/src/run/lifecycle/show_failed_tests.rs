//! Says why tests failed as soon as their evidence is here: people need not wait for teardown. What
//! it says is final, unlike the verdict, which a signal or a lost host may still change.

use crate::record::event::Event;
use crate::record::outcome::Subject;
use crate::report::{ReportInputs, failure};
use crate::spec::Side;

use super::Run;
use super::run_state::RunState;
use super::stage_runner::StageRunner;

impl Run<'_> {
    /// Emits why the tests failed, if that is why the run fails so far.
    pub(super) async fn show_failed_tests(&self, runner: &StageRunner<'_>, state: &RunState) {
        let Some(verdict) = state
            .verdict
            .filter(|so_far| so_far.subject() == Subject::Tests && self.cancel.signal().is_none())
        else {
            return;
        };
        let mut record = self.record(state, runner);
        record.verdict = verdict;
        self.events.secrets().record(&mut record);
        let (bundle, skew) = (self.bundle.clone(), state.skew);
        let tests_on_host = self.plan.tests_on == Side::Host;
        let explained = tokio::task::spawn_blocking(move || {
            let inputs = ReportInputs {
                bundle: &bundle,
                skew,
                tests_on_host,
                again: "",
                keep: None,
                of_several: false,
                tail: "",
            };
            failure::of_tests(&record, &inputs)
        });
        if let Ok(text) = explained.await {
            self.events.emit(Event::TestsExplained { text });
        }
    }
}
