//! The words that every view of a run shares: durations, verdicts, counts.

use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;

use crate::cancel::Signal;
use crate::record::outcome::{
    Record, Stage, StageRecord, StageStatus, StepRecord, TestRecord, Verdict,
};
use crate::text::{clip, printable};

/// A line of a test's message is cut: two documents that differ must not fill the screen.
pub(crate) const WIDTH: usize = 500;

/// What stands above the last lines of a command.
pub(crate) const LAST_LINES: &str = "its last lines";
/// And above those of tests that tell nothing of themselves.
pub(crate) const LAST_PRINTED: &str = "the last lines of output";

/// How much of a stage's detail fits in a line of somebody else's log.
const REASON_LENGTH: usize = 200;

/// A duration for people: `0.21 s`, `41.2 s`, `3 min 05 s`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    // Rounded before the unit is chosen: 59.97 s is a minute, not `60.0 s`.
    let seconds = duration.as_secs_f64();
    if seconds < 9.995 {
        format!("{seconds:.2} s")
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else {
        let whole = duration.as_secs() + u64::from(duration.subsec_millis() >= 500);
        format!("{} min {:02} s", whole / 60, whole % 60)
    }
}

/// An amount of data for people: `12 KB`, `3.4 MB`, `1.2 GB`.
#[must_use]
pub fn kilobytes(kb: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one digit of it is shown")]
    let mb = kb as f64 / 1024.0;
    if kb < 1024 {
        format!("{kb} KB")
    } else if mb < 1023.95 {
        format!("{mb:.1} MB")
    } else {
        format!("{:.1} GB", mb / 1024.0)
    }
}

/// The run in one line, as the state-hub shows it:
/// `activity-core e2e passed: 3 tests in 41.2 s on railiance01`.
#[must_use]
pub fn summary_line(record: &Record) -> String {
    let verdict = record.verdict.info().title.to_lowercase();
    let reason = match first_failed(record) {
        Some(stage) if record.verdict != Verdict::Passed => {
            let why = test_reason(record, stage)
                .unwrap_or_else(|| format!("{}: {}", stage.name.name(), with_last(&stage.detail)));
            format!(" ({})", clip(&printable(&why), REASON_LENGTH))
        }
        _ => interruption(record),
    };
    let left = match record.leftovers.len() {
        0 => String::new(),
        left => format!("; {left} left behind"),
    };
    format!(
        "{} e2e{} {verdict}{}{reason}{left}",
        record.repo,
        by_spec(record),
        tail(record)
    )
}

/// ` by e2e/slow.yml`, where it is another file than usual.
pub(crate) fn by_spec(record: &Record) -> String {
    let spec = record.spec.as_deref();
    spec.map_or_else(String::new, |spec| format!(" by {}", printable(spec)))
}

/// A failure in one line. An exit status alone says little: what was said last goes with it.
fn with_last(detail: &str) -> String {
    let is_title = |line: &str| {
        let title = line.strip_suffix(':');
        title.is_some_and(|title| [LAST_LINES, LAST_PRINTED].contains(&title))
    };
    let below = detail.lines().skip_while(|line| !is_title(line)).skip(1);
    match below.take_while(|line| line.starts_with("  ")).last() {
        Some(last) => format!("{}: {}", reason(detail), last.trim()),
        None => reason(detail),
    }
}

/// The first test that failed, and why, where that says more than the stage does.
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
    Some(match first_line(&message) {
        "" => format!("{name}{at}"),
        why => format!("{name}{at}: {why}"),
    })
}

/// ` at …` with the innermost step that failed, where the message of the test does not name it.
pub(crate) fn at_step(test: &TestRecord) -> String {
    let failed = |step: &&StepRecord| step.status == StageStatus::Failed;
    let steps = test.steps.iter().filter(failed);
    let Some(step) = steps.max_by_key(|step| step.depth) else {
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

/// ` (SIGINT during test)`, or ` (killed during up)`; nothing for a run that was not interrupted.
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

/// A test command's one test says no more than its stage does, but what it printed.
pub(crate) fn says_nothing_new(record: &Record, test: &TestRecord) -> bool {
    let stage = first_failed(record).map(|stage| first_line(&stage.detail));
    record.tests.len() == 1 && test.message.as_deref().map(first_line) == stage
}

/// What follows a verdict and a repo: `: 3 tests in 41.2 s on railiance01`.
pub(crate) fn tail(record: &Record) -> String {
    format!(
        "{} in {} on {}",
        test_counts(record),
        duration(Duration::from_millis(record.duration_ms)),
        record.host
    )
}

/// The signal that ended a run; the record keeps it as the exit code only.
pub(crate) fn signal_name(record: &Record) -> Option<&'static str> {
    if record.verdict != Verdict::Interrupted {
        return None;
    }
    [Signal::Int, Signal::Term, Signal::Hup, Signal::Quit]
        .into_iter()
        .find(|signal| record.exit_code == 128 + signal.number())
        .map(Signal::name)
}

/// The stage to look at first: the earliest that failed and says why.
pub(crate) fn first_failed(record: &Record) -> Option<&StageRecord> {
    record
        .stages
        .iter()
        .find(|stage| stage.status == StageStatus::Failed && !stage.detail.trim().is_empty())
}

/// The tests that failed, by name: several run at once, so the order in which they ended says nothing.
pub(crate) fn failed_tests(record: &Record) -> Vec<&TestRecord> {
    let failed = |test: &&TestRecord| test.status == StageStatus::Failed;
    let mut tests: Vec<&TestRecord> = record.tests.iter().filter(failed).collect();
    // Where time ran out, those that took it come first.
    let in_order = |test: &TestRecord| record.verdict != Verdict::TimedOut || !test.has_no_end();
    tests.sort_by(|one, other| (in_order(one), &one.name).cmp(&(in_order(other), &other.name)));
    tests
}

/// The first line of a text, or all there is.
pub(crate) fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default().trim_end()
}

/// A failure in one line: its first, with what follows where that only announces it.
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

/// The first place in a repo's code that a text names: file and line.
pub(crate) fn place(text: &str) -> Option<(&str, &str)> {
    places(text).next()
}

/// What may be a place in a repo's code, file and line, in the order of the text.
pub(crate) fn places(text: &str) -> impl Iterator<Item = (&str, &str)> {
    static PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?m)(?:^|[\s(])([A-Za-z0-9_][A-Za-z0-9_./-]*\.[A-Za-z]+):([0-9]+)").ok()
    });
    let all = PLACE.as_ref().map(|place| place.captures_iter(text));
    all.into_iter()
        .flatten()
        .filter_map(|found| Some((found.get(1)?.as_str(), found.get(2)?.as_str())))
}

/// `: 1 of 3 tests`; nothing for a test command, which counts as one test, and nothing where
/// the tests are not what the verdict is about.
fn test_counts(record: &Record) -> String {
    let all = record.tests.len();
    let judged = matches!(
        record.verdict,
        Verdict::Passed | Verdict::Leaked | Verdict::Failed | Verdict::TimedOut
    );
    if all < 2 || !judged {
        return String::new();
    }
    let failed = failed_tests(record).len();
    let skipped = record
        .tests
        .iter()
        .filter(|test| test.status == StageStatus::Skipped)
        .count();
    let failed = match failed {
        0 => String::new(),
        failed => format!("{failed} of "),
    };
    let skipped = match skipped {
        0 => String::new(),
        skipped => format!(" ({skipped} skipped)"),
    };
    format!(": {failed}{all} tests{skipped}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{failed, passed, test};

    #[test]
    fn durations_are_short_and_round_into_the_next_unit() {
        for (millis, shown) in [
            (0, "0.00 s"),
            (214, "0.21 s"),
            (9_994, "9.99 s"),
            (9_996, "10.0 s"),
            (41_240, "41.2 s"),
            (59_949, "59.9 s"),
            (59_960, "1 min 00 s"),
            (185_000, "3 min 05 s"),
            (3_900_499, "65 min 00 s"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), shown);
        }
    }

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
        record.tests[1].steps = vec![StepRecord {
            name: "pay".into(),
            status: StageStatus::Failed,
            duration_ms: 1,
            depth: 0,
        }];
        record.tests[0].status = StageStatus::Failed;
        record.tests[0].name = "c".into();
        assert_eq!(
            summary_line(&record),
            "activity-core e2e failed: 2 of 2 tests in 6.12 s on railiance01 (b at `pay`: expected 3, got 4)"
        );
    }

    #[test]
    fn the_summary_of_a_command_has_what_it_said_last() {
        let detail = "`setup_command` ended with exit status 7\nits last lines:\n  migrating\n  \
                      no database\nwhile setup_command ran (2.05 s):\ndb: running";
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
        // Nothing was cut short.
        record.stages[0].status = StageStatus::Passed;
        assert!(summary_line(&record).ends_with(" (killed after the tests)"));
    }
}
