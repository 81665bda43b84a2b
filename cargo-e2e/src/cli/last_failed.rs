//! `--last-failed`: the plan of a run that tests only what failed in an earlier one.

use crate::plan::{Plan, Runner};
use crate::record::outcome::{
    Record, Stage, StageRecord, StageStatus, TestRecord, Verdict, exit_code,
};
use crate::record::store::{Store, state_folder};
use crate::record::summary::headline;
use crate::text::count;

use super::print::{failure, show_error, usage_error};

/// What is typed for the last run: no id.
pub(crate) const LAST: &str = "";
/// As many characters of a run's end name it.
const SHORTEST: usize = 6;

/// Returns a plan for the tests that failed in this run, and what to say of it. Shows why there is
/// none, and returns the exit code: where nothing failed, that of a run without tests.
pub(crate) fn narrowed(plan: &Plan, run: &str) -> Result<(Plan, String), u8> {
    let record = match find(plan, run) {
        Ok(record) => record,
        Err(error) => {
            let why = format!("failed to read {}: {error}", state_folder().display());
            return Err(failure(Verdict::InternalError, &why));
        }
    };
    let Some(record) = record else {
        if run == LAST {
            let message = "--last-failed: no earlier run of this e2e.yml came to its tests";
            show_error(message, Some("`cargo e2e` runs all tests"));
            return Err(exit_code(Verdict::NoTests, None));
        }
        let message =
            format!("--last-failed: no run of this e2e.yml that came to its tests ends in `{run}`");
        let help = "`cargo e2e history` has their ids; a repo stands before the flag";
        return Err(usage_error(&message, Some(help)));
    };
    let id = &record.run_id;
    let failed = record.tests.iter().filter(|test| test.is_failed());
    let failed: Vec<&TestRecord> = failed.collect();
    if failed.is_empty() {
        let message = format!("--last-failed: no test failed in run {id}, so none runs");
        let help = format!("it was `{}`; `cargo e2e` runs all tests", headline(&record));
        show_error(&message, Some(&help));
        return Err(exit_code(Verdict::NoTests, None));
    }
    let mut narrowed = plan.clone();
    let of = format!("{} of run {id}", count(failed.len(), "failed test"));
    let mut note = format!("only {of}");
    if failed.iter().any(|test| test.name == plan.tests.name()) {
        note = format!(
            "{} failed as a whole in run {id}: all of it runs",
            plan.tests.name()
        );
    } else if let Some((runner, filter)) = filter(plan, &failed) {
        narrowed.options.arguments = runner.joined(&plan.options.arguments, filter);
        narrowed.options.must_run = failed.iter().map(|test| test.name.clone()).collect();
    } else {
        let message = format!("--last-failed: `test_command` can't be told to run the {of} alone");
        let help = format!(
            "let its last line be {}; or run all tests: `cargo e2e`",
            Runner::NAMES
        );
        return Err(usage_error(&message, Some(&help)));
    }
    if record.verdict != Verdict::Failed {
        note.push_str(", which did not come to its end: what it did not come to is not among them");
    }
    Ok((narrowed, note))
}

fn filter(plan: &Plan, failed: &[&TestRecord]) -> Option<(Runner, Vec<String>)> {
    let runner = Runner::of(&plan.tests)?;
    let exists = |path: &str| plan.repo.root.join(path).is_file();
    let filter = runner.only(failed, &plan.options.arguments, &exists)?;
    Some((runner, filter))
}

/// Finds the last run of this e2e.yml that came to its tests, or that with this id.
fn find(plan: &Plan, run: &str) -> std::io::Result<Option<Record>> {
    let spec = plan.repo.other_spec();
    let tested = |record: &Record| {
        let test =
            |stage: &StageRecord| stage.name == Stage::Test && stage.status != StageStatus::Skipped;
        // Of a filter that fits nothing, no test says how it is.
        let came = record.verdict != Verdict::NoTests && record.stages.iter().any(test);
        record.repo == plan.spec.name && record.spec == spec && came
    };
    let named =
        |record: &Record| run == LAST || (run.len() >= SHORTEST && record.run_id.ends_with(run));
    Store::in_state(&state_folder()).latest(|record| named(record) && tested(record))
}
