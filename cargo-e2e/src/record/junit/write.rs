//! A record as JUnit XML, laid out like nextest's: one suite of tests, one of stages.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::record::outcome::{Record, Stage, StageRecord, StageStatus, TestRecord};
use crate::record::summary::{at_step, failed_tests, reason};

/// Bytes of the end of the tests' output that the file has: CI systems load the whole file.
pub const OUTPUT: usize = 256 << 10;

/// Returns the file's text. `output` is the end of the tests' output.
///
/// # Errors
/// When the record can't be written as XML.
pub fn write(record: &Record, output: &str) -> Result<String, SerializeError> {
    let mut report = Report::new(record.repo.as_str());
    report.set_time(Duration::from_millis(record.duration_ms));
    report.timestamp = time(&record.started_at);
    if !record.tests.is_empty() {
        report.add_test_suite(tests(record, output));
    }
    report.add_test_suite(stages(record, output));
    // XML can't hold these characters, and the serializer lets them through.
    Ok(report.to_string()?.replace(['\u{fffe}', '\u{ffff}'], ""))
}

fn tests(record: &Record, output: &str) -> TestSuite {
    let mut suite = TestSuite::new(record.repo.as_str());
    let stage = record.stages.iter().find(|stage| stage.name == Stage::Test);
    if let Some(stage) = stage {
        suite.timestamp = time(&stage.started_at);
        suite.set_time(Duration::from_millis(stage.duration_ms));
    }
    if !output.is_empty() {
        suite.set_system_out(output);
    }
    let first = failed_tests(record).first().map(|test| &test.name);
    for test in &record.tests {
        let mut case = case(record, test);
        // The stack's behaviour belongs to the test that is explained, as in the other reports.
        if let (true, Some(stage)) = (first == Some(&test.name), stage) {
            case.set_system_err(stage.detail.as_str());
        }
        suite.add_test_case(case);
    }
    suite
}

fn case(record: &Record, test: &TestRecord) -> TestCase {
    // A test without an end has no place.
    let message = test.message.as_ref();
    let message = message.map(|message| {
        if test.has_no_end() {
            format!("{message}{}", at_step(test))
        } else {
            message.clone()
        }
    });
    let mut case = TestCase::new(test.name.as_str(), status(test.status, message.as_deref()));
    case.set_classname(record.repo.as_str());
    case.set_time(Duration::from_millis(test.duration_ms));
    let mut steps = String::new();
    for step in &test.steps {
        let margin = "  ".repeat(usize::try_from(step.depth).unwrap_or_default());
        // Writing to a String can't fail.
        let _ = writeln!(
            steps,
            "{margin}{} {} in {} ms",
            step.name,
            step.status.name(),
            step.duration_ms
        );
    }
    if !steps.is_empty() {
        case.set_system_out(steps);
    }
    case
}

fn stages(record: &Record, output: &str) -> TestSuite {
    let mut suite = TestSuite::new(format!("{}::stages", record.repo));
    suite.timestamp = time(&record.started_at);
    suite.set_time(Duration::from_millis(record.duration_ms));
    for (name, value) in properties(record) {
        suite.add_property((name, value.as_str()));
    }
    for stage in &record.stages {
        // A stage with nothing to do is not a skipped test.
        if stage.status == StageStatus::Skipped {
            continue;
        }
        let mut case = stage_case(record, stage);
        if stage.name == Stage::Test {
            if told_by_tests(record, stage) {
                continue;
            }
            if record.tests.is_empty() && !output.is_empty() {
                case.set_system_out(output);
            }
        }
        suite.add_test_case(case);
    }
    suite
}

/// Returns whether the suite of tests shows a failure: each failure counts once, and at least once.
fn told_by_tests(record: &Record, stage: &StageRecord) -> bool {
    let says =
        |test: &TestRecord| matches!(test.status, StageStatus::Failed | StageStatus::Interrupted);
    match stage.status {
        StageStatus::Failed | StageStatus::Interrupted => record.tests.iter().any(says),
        StageStatus::Passed | StageStatus::Skipped => !record.tests.is_empty(),
    }
}

/// Returns what was tested, where and with which verdict, by the record's names.
fn properties(record: &Record) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("run_id", record.run_id.clone()),
        ("host", record.host.clone()),
        ("verdict", record.verdict.name().to_owned()),
        ("exit_code", record.exit_code.to_string()),
        ("tool_version", record.tool_version.clone()),
    ];
    let git = [
        ("git.sha", &record.git.sha),
        ("git.branch", &record.git.branch),
    ];
    all.extend(
        git.into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?))),
    );
    all
}

fn stage_case(record: &Record, stage: &StageRecord) -> TestCase {
    let status = status(
        stage.status,
        Some(&stage.detail)
            .filter(|text| !text.is_empty())
            .map(String::as_str),
    );
    let mut case = TestCase::new(stage.name.name(), status);
    case.set_classname(format!("{}::stages", record.repo));
    case.timestamp = time(&stage.started_at);
    case.set_time(Duration::from_millis(stage.duration_ms));
    if stage.status == StageStatus::Passed && !stage.detail.is_empty() {
        case.set_system_out(stage.detail.as_str());
    }
    case
}

fn status(status: StageStatus, why: Option<&str>) -> TestCaseStatus {
    let mut status = match status {
        StageStatus::Passed => return TestCaseStatus::success(),
        StageStatus::Skipped => TestCaseStatus::skipped(),
        StageStatus::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        StageStatus::Interrupted => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type("interrupted");
            status
        }
    };
    if let Some(why) = why {
        status.set_message(reason(why));
        status.set_description(why);
    }
    status
}

fn time(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(text).ok()
}
