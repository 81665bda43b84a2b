//! Words that all reports share: durations, verdicts, counts.

use std::time::Duration;

use super::assertion::in_one_line;
use crate::cancel::Signal;
use crate::record::outcome::{
    Record, Stage, StageRecord, StageStatus, Subject, TestRecord, Verdict,
};
use crate::text::{clip, printable};
use crate::units::duration;

/// Characters at which a message's line is cut: two different documents must not fill the screen.
pub(crate) const WIDTH: usize = 500;

/// The title above the last lines of a command.
pub(crate) const LAST_LINES: &str = "its last lines";
/// The title above a build's first error, where its last lines don't have it.
pub(crate) const FIRST_ERROR: &str = "its first error";
/// The title above the last output of tests that record no events.
pub(crate) const LAST_PRINTED: &str = "last lines of output";

/// Characters of a stage's detail in one line of another program's log.
const REASON_LENGTH: usize = 200;

/// Returns the run in one line, as the state-hub shows it:
/// `activity-core e2e passed: 3 tests in 41.2 s on railiance01`.
pub fn summary_line(record: &Record) -> String {
    let reason = match first_failed(record) {
        Some(stage) if record.verdict != Verdict::Passed => {
            let why = test_reason(record, stage)
                .unwrap_or_else(|| format!("{}: {}", stage.name.name(), with_cause(&stage.detail)));
            format!(" ({})", clip(&printable(&why), REASON_LENGTH))
        }
        _ => interruption(record),
    };
    let left = match record.leftovers.len() {
        0 => String::new(),
        left => format!("; {left} left behind"),
    };
    format!("{}{reason}{left}", headline(record))
}

/// Returns the run in one line, without the reason: `activity-core e2e failed in 41.2 s on local`.
pub(crate) fn headline(record: &Record) -> String {
    let verdict = record.verdict.info().title.to_lowercase();
    let by = by_spec(record);
    format!("{} e2e{by} {verdict}{}", record.repo, tail(record))
}

/// ` by e2e/slow.yml`, where it is another file than usual.
pub(crate) fn by_spec(record: &Record) -> String {
    let spec = record.spec.as_deref();
    spec.map_or_else(String::new, |spec| format!(" by {}", printable(spec)))
}

/// Returns a failure in one line, with the first error or else the last line of output: an exit
/// status alone says little.
pub(crate) fn with_cause(detail: &str) -> String {
    let below = |titles: &[&str]| {
        let is_title = |line: &str| {
            line.strip_suffix(':')
                .is_some_and(|it| titles.contains(&it))
        };
        let lines = detail.lines().skip_while(|line| !is_title(line)).skip(1);
        lines
            .take_while(|line| line.starts_with("  "))
            .collect::<Vec<&str>>()
    };
    let (first, last) = (below(&[FIRST_ERROR]), below(&[LAST_LINES, LAST_PRINTED]));
    match first.first().or(last.last()) {
        Some(line) => format!("{}: {}", reason(detail), line.trim()),
        None => reason(detail),
    }
}

/// Returns the name and message of the first failed test, where they add to the stage's detail.
fn test_reason(record: &Record, stage: &StageRecord) -> Option<String> {
    let failed = failed_tests(record);
    let first = failed.first().filter(|_| stage.name == Stage::Test)?;
    let message = printable(first.message.as_deref().unwrap_or_default());
    if says_nothing_new(record, first) {
        return None;
    }
    let name = printable(&first.name);
    let name = first_line(&name);
    let at = at_step(first);
    Some(match in_one_line(&message).as_str() {
        "" => format!("{name}{at}"),
        why => format!("{name}{at}: {why}"),
    })
}

/// Returns ` at …` with the innermost failed step, where the test's message does not name it.
pub(crate) fn at_step(test: &TestRecord) -> String {
    // After a failed step with another one beside it, the test went on, as in a wait.
    let failed = test.steps.iter().enumerate().filter(|(place, step)| {
        let mut later = test.steps[place + 1..].iter();
        step.status == StageStatus::Failed && later.all(|later| later.depth > step.depth)
    });
    let Some((_, step)) = failed.max_by_key(|(_, step)| step.depth) else {
        return String::new();
    };
    let step = printable(&step.name);
    let step = first_line(&step);
    let message = printable(test.message.as_deref().unwrap_or_default());
    if message.contains(step) {
        String::new()
    } else {
        format!(" at `{step}`")
    }
}

/// Returns ` (SIGINT during test)` or ` (killed during up)`; an empty text for a run that was not
/// interrupted.
fn interruption(record: &Record) -> String {
    let cut = |stage: &&StageRecord| stage.status == StageStatus::Interrupted;
    let stage = record.stages.iter().find(cut);
    let by = signal_name(record).unwrap_or("killed");
    match stage {
        _ if record.verdict != Verdict::Interrupted => String::new(),
        Some(stage) => format!(" ({by} during {})", stage.name.name()),
        None => format!(" ({by} after the tests)"),
    }
}

/// Returns whether a test only repeats its stage, as the one test of a test command does.
pub(crate) fn says_nothing_new(record: &Record, test: &TestRecord) -> bool {
    let stage = first_failed(record).map(|stage| first_line(&stage.detail));
    record.tests.len() == 1 && test.message.as_deref().map(first_line) == stage
}

/// Returns what follows verdict and repo: `: 3 tests in 41.2 s on railiance01`.
pub(crate) fn tail(record: &Record) -> String {
    let counts = match counts(record) {
        none if none.is_empty() => none,
        counts => format!(": {counts}"),
    };
    let took = duration(Duration::from_millis(record.duration_ms));
    format!("{counts} in {took} on {}", record.host)
}

/// Returns the signal that ended a run, by its exit code.
pub(crate) fn signal_name(record: &Record) -> Option<&'static str> {
    if record.verdict != Verdict::Interrupted {
        return None;
    }
    [Signal::Int, Signal::Term, Signal::Hup, Signal::Quit]
        .into_iter()
        .find(|signal| record.exit_code == 128 + signal.number())
        .map(Signal::name)
}

/// Returns whether a stage is worth a line only when it fails or is slow.
pub(crate) fn keeps_house(stage: Stage) -> bool {
    matches!(stage, Stage::Provision | Stage::Collect | Stage::Report)
}

/// Returns the first stage that failed with a reason.
pub(crate) fn first_failed(record: &Record) -> Option<&StageRecord> {
    record
        .stages
        .iter()
        .find(|stage| stage.status == StageStatus::Failed && !stage.detail.trim().is_empty())
}

/// Returns the failed tests in the order in which they failed, as far as it is known: what failed
/// first may have failed the others.
pub(crate) fn failed_tests(record: &Record) -> Vec<&TestRecord> {
    let failed = |test: &&TestRecord| test.status == StageStatus::Failed;
    let mut tests: Vec<&TestRecord> = record.tests.iter().filter(failed).collect();
    // After a timeout, the tests that took the time come first.
    let in_order = |test: &TestRecord| record.verdict != Verdict::TimedOut || !test.has_no_end();
    tests.sort_by_cached_key(|test| {
        let end = test.span().map(|(_, end)| end);
        (in_order(test), end.is_none(), end)
    });
    tests
}

pub(crate) fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default().trim_end()
}

/// Returns a failure in one line: the first, joined with the next where the first only announces
/// it.
pub(crate) fn reason(text: &str) -> String {
    let first = first_line(text);
    let mut rest = text.trim().lines().skip(1).map(str::trim);
    match rest.find(|line| !line.is_empty()) {
        Some(next) if first.ends_with(':') => {
            format!("{first} {}", next.trim_start_matches("- "))
        }
        _ => first.to_owned(),
    }
}

/// Returns `1 of 3 tests`; an empty text for a test command, which counts as one test, and where
/// the verdict is not about tests.
pub(crate) fn counts(record: &Record) -> String {
    let all = record.tests.len();
    let judged = matches!(record.verdict.subject(), Subject::Passed | Subject::Tests);
    if all < 2 || !judged {
        return String::new();
    }
    let failed = failed_tests(record).len();
    let failed = match failed {
        0 => String::new(),
        failed => format!("{failed} of "),
    };
    let is_skipped = |test: &&TestRecord| test.status == StageStatus::Skipped;
    let skipped = record.tests.iter().filter(is_skipped).count();
    let flaky = record.tests.iter().filter(|test| test.flaky).count();
    let few = match (skipped, flaky) {
        (0, 0) => String::new(),
        (skipped, 0) => format!(" ({skipped} skipped)"),
        (0, flaky) => format!(" ({flaky} flaky)"),
        (skipped, flaky) => format!(" ({skipped} skipped, {flaky} flaky)"),
    };
    format!("{failed}{all} tests{few}")
}

#[cfg(test)]
mod tests {
    use indoc::indoc;

    use super::*;
    use crate::record::outcome::StepRecord;
    use crate::record::samples::{failed, passed, test};

    #[test]
    fn the_summary_is_the_contracts() {
        let mut record = passed();
        record.duration_ms = 41_200;
        assert_eq!(
            summary_line(&record),
            "activity-core e2e passed in 41.2 s on railiance01"
        );
        record.tests = ["a", "b", "c"]
            .map(|name| test(name, StageStatus::Passed))
            .into();
        assert_eq!(
            summary_line(&record),
            "activity-core e2e passed: 3 tests in 41.2 s on railiance01"
        );
        record.tests[2].status = StageStatus::Skipped;
        record.verdict = Verdict::Leaked;
        record.leftovers = vec!["network x".into()];
        assert_eq!(
            summary_line(&record),
            "activity-core e2e leaked: 3 tests (1 skipped) in 41.2 s on railiance01; 1 left behind"
        );
    }

    #[test]
    fn the_summary_of_a_failure_says_why() {
        let record = failed(
            Verdict::Unhealthy,
            Stage::Ready,
            "web answers 503\nand more",
        );
        assert_eq!(
            summary_line(&record),
            "activity-core e2e unhealthy in 6.12 s on railiance01 (ready: web answers 503)"
        );
        let mut record = failed(Verdict::Failed, Stage::Test, "exit status 101");
        record.tests = vec![
            test("a", StageStatus::Passed),
            test("b", StageStatus::Failed),
        ];
        assert_eq!(
            summary_line(&record),
            "activity-core e2e failed: 1 of 2 tests in 6.12 s on railiance01 (b)"
        );
        record.tests[1].message = Some("expected 3, got 4\n  at b.rs:3".into());
        let step = |name: &str, depth| StepRecord {
            name: name.into(),
            status: StageStatus::Failed,
            duration_ms: 1,
            depth,
        };
        record.tests[1].steps = vec![step("GET /rows: no answer", 1), step("pay", 0)];
        record.tests[0].status = StageStatus::Failed;
        // What failed first comes first.
        record.tests[0].name = "c".into();
        record.tests[1].started_at = Some("2025-11-22T13:00:00Z".into());
        assert_eq!(
            summary_line(&record),
            "activity-core e2e failed: 2 of 2 tests in 6.12 s on railiance01 (b at `pay`: expected 3, got 4)"
        );
    }

    #[test]
    fn the_summary_of_a_command_has_what_it_said_last() {
        let detail = indoc! {"
            `setup_command` ended with exit status 7
            its last lines:
              migrating
              no database
            while setup_command ran (2.05 s):
            db: running"};
        assert_eq!(
            summary_line(&failed(Verdict::SetupFailed, Stage::Setup, detail)),
            "activity-core e2e setup failed in 6.12 s on railiance01 (setup: `setup_command` ended \
             with exit status 7: no database)"
        );
    }

    #[test]
    fn a_reason_is_not_the_announcement_of_one() {
        for (text, expected) in [
            (
                "`local` can't:\n  - no engine\n    fix: start it",
                "`local` can't: no engine",
            ),
            ("exit status 2\nits last lines:\n  x", "exit status 2"),
            ("nothing follows:", "nothing follows:"),
            ("", ""),
        ] {
            assert_eq!(reason(text), expected);
        }
    }

    #[test]
    fn an_interrupted_run_says_by_what_and_when() {
        let mut record = failed(Verdict::Interrupted, Stage::Up, "SIGTERM");
        record.stages[0].status = StageStatus::Interrupted;
        for (code, by) in [(143, "SIGTERM"), (137, "killed")] {
            record.exit_code = code;
            let said = format!("interrupted in 6.12 s on railiance01 ({by} during up)");
            assert_eq!(summary_line(&record), format!("activity-core e2e {said}"));
        }
        // No stage was interrupted.
        record.stages[0].status = StageStatus::Passed;
        assert!(summary_line(&record).ends_with(" (killed after the tests)"));
    }
}
