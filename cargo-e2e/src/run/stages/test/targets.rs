//! Runs Cargo's test targets, one after another, and reports the results.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::host::client::{self, Dropped, Ended};
use crate::host::{Transfer, rsync};
use crate::plan::Plan;
use crate::record::outcome::{StageStatus, TestRecord, Verdict};
use crate::record::verdict::{Events, Evidence, NONE_RAN, Source, Word};
use crate::run::{Context, StageError};
use crate::sandbox::docker_shim;
use crate::sandbox::variables::{self, NO_PROXY};
use crate::shell::{quote, quoted};
use crate::spec::Side;
use crate::text::count;

use super::event_files;
use super::host_job::run_on_host;
use super::target::{BuiltTarget, USAGE, command, nextest};

/// The exit status of cargo-nextest for failed tests; others are its own errors.
const NEXTEST_FAILED: i32 = 100;
/// Makes cargo-nextest run all tests.
const NO_FAIL_FAST: &str = "--no-fail-fast";

/// Runs all targets, also after a failure, within the tests' time.
pub(super) async fn run(
    context: &Context<'_>,
    variables: &[(String, String)],
    built: &[BuiltTarget],
    removal: &str,
    sink: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<Vec<Ended>, StageError> {
    let deadline = Instant::now() + context.plan.limits.test;
    let mut all = Vec::new();
    for (number, one) in built.iter().enumerate() {
        let mut variables = variables.to_vec();
        variables.push(event_files::variable(
            context,
            &event_files::file(number, built.len()),
        ));
        let left = deadline.saturating_duration_since(Instant::now());
        let ended = match context.plan.tests_on {
            Side::Host => {
                ship(context, one).await?;
                let commands = commands(context, &variables, one);
                // Before the first target only: a later one may append to a file.
                let removal = if number == 0 { removal } else { "" };
                let commands = removal.to_owned() + &commands;
                run_on_host(context, &commands, left, sink).await?
            }
            Side::Client => {
                if context.plan.tests.by_nextest() {
                    let command = nextest(context.plan, "run", &one.target);
                    here(command, &variables, Dropped::Terminates, left, sink).await?
                } else {
                    let command = command(context.plan, one);
                    here(command, &variables, Dropped::Kills, left, sink).await?
                }
            }
        };
        all.push(ended);
        if ended == Ended::TimedOut {
            break;
        }
    }
    Ok(all)
}

async fn here(
    mut command: Command,
    variables: &[(String, String)],
    dropped: Dropped,
    limit: Duration,
    sink: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<Ended, StageError> {
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let program = command.as_std().get_program().to_owned();
    let ended = client::program(command, None, dropped, limit, sink).await;
    ended.map_err(|error| {
        let program = program.to_string_lossy();
        StageError::new(
            Verdict::InternalError,
            format!("failed to start {program}: {error}"),
        )
    })
}

/// Returns the program's folder on the host, below the sandbox's.
fn there(context: &Context<'_>) -> String {
    format!("{}/{}", context.sandbox.dir(), event_files::FOLDER)
}

async fn ship(context: &Context<'_>, built: &BuiltTarget) -> Result<(), StageError> {
    let transfer = Transfer {
        arguments: &[],
        source: &built.program.to_string_lossy(),
        target: &format!("{}/", there(context)),
        fetch: false,
        list: None,
        deadline: context.plan.limits.sync,
    };
    rsync(context.host, &transfer).await?;
    Ok(())
}

/// Returns the shell commands that run a program in the package's folder of the repo's copy.
fn commands(context: &Context<'_>, all: &[(String, String)], built: &BuiltTarget) -> String {
    let package = &built.target.package;
    let folder = package.folder();
    let copy = context.sandbox.repo_dir();
    let folder = match folder.strip_prefix(&context.plan.repo.root) {
        Ok(inside) if !inside.as_os_str().is_empty() => format!("{copy}/{}", inside.display()),
        // A repo within a package was sent without the rest of the package.
        _ => copy,
    };
    let mut all = all.to_vec();
    for (name, value) in [
        ("CARGO_MANIFEST_DIR", &folder),
        ("CARGO_PKG_NAME", &package.name),
        ("CARGO_PKG_VERSION", &package.version),
    ] {
        all.push((name.to_owned(), value.clone()));
    }
    let name = built.program.file_name().unwrap_or_default();
    let program = format!("{}/{}", there(context), name.to_string_lossy());
    format!(
        "{}{NO_PROXY}{}cd {} || exit 1\nexec {} {}\n",
        variables::exports(&all),
        docker_shim::first_in_path(context.sandbox),
        quote(&folder),
        quote(&program),
        quoted(&context.plan.options.arguments)
    )
}

/// Returns whether what follows `--` may select tests.
fn selects(plan: &Plan) -> bool {
    let arguments = &plan.options.arguments;
    arguments.iter().any(|one| one != NO_FAIL_FAST)
}

/// Adds tests that cargo-nextest did not run, since it stops at the first failure. They are known
/// only when no arguments were typed.
pub(super) fn add_not_run(
    context: &Context<'_>,
    built: &[BuiltTarget],
    records: &mut Vec<TestRecord>,
) {
    let plan = context.plan;
    if !plan.tests.by_nextest() || selects(plan) || records.is_empty() {
        return;
    }
    for (one, (_, prefix)) in built.iter().zip(event_files::files(plan)) {
        add_missing(
            one.tests.iter().map(|test| format!("{prefix}{test}")),
            records,
        );
    }
}

fn add_missing(names: impl Iterator<Item = String>, records: &mut Vec<TestRecord>) {
    for name in names {
        if records.iter().all(|record| record.name != name) {
            records.push(TestRecord {
                message: Some("cargo-nextest did not run it".to_owned()),
                ..TestRecord::new(name, StageStatus::Skipped)
            });
        }
    }
}

/// Returns tests that no target recorded though it ended with 0, and targets without tests. They
/// are known only when no arguments were typed, and of programs that run on this machine.
pub(super) fn unaccounted(
    context: &Context<'_>,
    built: &[BuiltTarget],
    ended: &[Ended],
    records: &[TestRecord],
) -> (Vec<String>, Vec<String>) {
    let (mut tests, mut targets) = (Vec::new(), Vec::new());
    if selects(context.plan) {
        return (tests, targets);
    }
    let files = event_files::files(context.plan);
    for ((one, ended), (_, prefix)) in built.iter().zip(ended).zip(files) {
        if *ended == Ended::Status(NONE_RAN) && one.tests.is_empty() {
            targets.push(one.target.name.clone());
        }
        if *ended == Ended::Status(0) {
            let names = one.tests.iter().map(|test| format!("{prefix}{test}"));
            tests.extend(names.filter(|name| records.iter().all(|record| record.name != *name)));
        }
    }
    (tests, targets)
}

/// Returns an error that names the failed targets, or counts their failed tests.
pub(super) fn stage_error(context: &Context<'_>, word: Word, evidence: &Evidence) -> StageError {
    let plan = context.plan;
    let Some(harness) = plan.tests.harness() else {
        return StageError::new(word.verdict, word.message);
    };
    if let (Source::Events, Events::Read(records)) = (word.source, &evidence.events) {
        let is_failed = |test: &&TestRecord| test.status == StageStatus::Failed;
        let failed = records.iter().filter(is_failed).count();
        if failed == 0 {
            return StageError::new(word.verdict, word.message)
                .help("the program ended before they ran, for example by `exit(0)`");
        }
        let message = format!("{failed} of {} failed", count(records.len(), "test"));
        return if harness.nextest {
            let not_run = records.len() - failed - passed(records);
            of_nextest(message, not_run, &plan.options.arguments)
        } else {
            StageError::new(Verdict::Failed, message)
        };
    }
    let targets = harness.targets.iter().zip(&evidence.ended);
    let mut failed = targets.filter_map(|(target, ended)| match ended {
        Ended::Status(0 | NONE_RAN) | Ended::TimedOut => None,
        Ended::Status(status) => Some((target, *status)),
    });
    let Some((target, status)) = failed.next() else {
        return StageError::new(word.verdict, word.message);
    };
    let who = if harness.nextest && status != NEXTEST_FAILED {
        format!(
            "cargo-nextest failed to run the test target `{}`",
            target.name
        )
    } else {
        format!("the test target `{}` failed", target.name)
    };
    let message = format!("{who} (exit status {status})");
    let error = StageError::new(Verdict::Failed, message);
    if status == USAGE {
        error.help(typed(context))
    } else {
        error
    }
}

/// Explains a run of cargo-nextest with failed tests, after which others may not have run.
fn of_nextest(mut message: String, not_run: usize, arguments: &[String]) -> StageError {
    if not_run > 0 {
        // Writing to a String can't fail.
        let _ = write!(message, ", {not_run} not run");
    }
    let error = StageError::new(Verdict::Failed, message);
    let goes_on = arguments.iter().any(|one| one == NO_FAIL_FAST);
    // With arguments, the number of tests that did not run is unknown.
    if goes_on || (arguments.is_empty() && not_run == 0) {
        return error;
    }
    error.help(
        "cargo-nextest stops at the first failure; `cargo e2e --nextest -- --no-fail-fast` runs all",
    )
}

/// Returns the error for no tests.
pub(super) fn none_ran(context: &Context<'_>, message: String) -> StageError {
    let error = StageError::new(Verdict::NoTests, message);
    if !context.plan.spec.junit.is_empty() {
        error.help("`junit` counts no tests: check which tests `test_command` selects")
    } else if context.plan.options.arguments.is_empty() {
        error.help("write one: `#[e2e_harness::test]` on a function of the test target; an ignored test does not count")
    } else {
        error.help(typed(context))
    }
}

fn typed(context: &Context<'_>) -> String {
    format!(
        "check the arguments after `--`: {}",
        context.plan.options.arguments.join(" ")
    )
}

/// Counts passed tests: `12 tests passed`.
pub(super) fn counted(records: &[TestRecord]) -> String {
    format!("{} passed", count(passed(records), "test"))
}

fn passed(records: &[TestRecord]) -> usize {
    let passed = |test: &&TestRecord| test.status == StageStatus::Passed;
    records.iter().filter(passed).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::test;

    #[test]
    fn what_nextest_did_not_come_to_is_counted() {
        let mut records = vec![
            test("a", StageStatus::Failed),
            test("b", StageStatus::Passed),
        ];
        let names = ["a", "b", "c"].map(str::to_owned);
        add_missing(names.into_iter(), &mut records);
        assert_eq!(records.len(), 3);
        assert_eq!(records[2].status, StageStatus::Skipped);
        assert_eq!(counted(&records), "1 test passed");
    }

    #[test]
    fn help_runs_all_unless_all_ran() {
        let said = |not_run, arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            of_nextest("1 of 3 tests failed".to_owned(), not_run, &arguments)
        };
        assert_eq!(said(2, &[]).message, "1 of 3 tests failed, 2 not run");
        assert!(said(2, &[]).help.is_some() && said(0, &["a"]).help.is_some());
        assert!(said(0, &[]).help.is_none() && said(0, &["--no-fail-fast"]).help.is_none());
    }
}
