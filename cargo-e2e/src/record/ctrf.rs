//! A record in the Common Test Report Format (<https://ctrf.io>), for dashboards and actions that
//! read JSON. The bundle writes it. What JUnit XML counts is counted here too: the tests, and the
//! stages that failed.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::record::assertion::in_one_line;
use crate::record::junit::{Stacks, failed_stages};
use crate::record::outcome::{
    AttemptRecord, Record, StageRecord, StageStatus, StepRecord, TestRecord, Verdict,
};
use crate::record::summary::reason;
use crate::record::test_name::split;

/// The version of the format.
const VERSION: &str = "1.0.0";

/// Returns the report, with what the stack did while failed tests ran.
pub fn report(record: &Record, stacks: &Stacks) -> Value {
    let start = record.started_at.parse::<Timestamp>().unwrap_or_default();
    let start = start.as_millisecond();
    let stop = start.saturating_add_unsigned(record.duration_ms);
    let tests = record.tests.iter().enumerate();
    let tests = tests.map(|(place, one)| test(record, one, stacks.get(&place)));
    let stages = failed_stages(record).into_iter();
    let stages = stages.map(|one| stage(record, one));
    let tests: Vec<Value> = tests.chain(stages).collect();
    let count = |status: &str| tests.iter().filter(|test| test["status"] == status).count();
    let mut environment = json!({
        "appName": record.repo,
        "testEnvironment": record.host,
        "healthy": record.verdict == Verdict::Passed,
        "extra": {"verdict": record.verdict.name(), "exitCode": record.exit_code},
    });
    if let Some(sha) = &record.git.sha {
        environment["commit"] = json!(sha);
    }
    if let Some(branch) = &record.git.branch {
        environment["branchName"] = json!(branch);
    }
    json!({
        "reportFormat": "CTRF",
        "specVersion": VERSION,
        "runId": record.run_id,
        "generatedBy": "cargo-e2e",
        "results": {
            "tool": {"name": "cargo-e2e", "version": record.tool_version},
            "summary": {
                "tests": tests.len(),
                "passed": count("passed"),
                "failed": count("failed"),
                "skipped": count("skipped"),
                "pending": 0,
                "other": count("other"),
                "flaky": record.tests.iter().filter(|test| test.flaky).count(),
                "start": start,
                "stop": stop,
                "duration": record.duration_ms,
            },
            "tests": tests,
            "environment": environment,
        },
    })
}

fn test(record: &Record, test: &TestRecord, stack: Option<&String>) -> Value {
    let (class, name) = split(test, &record.repo);
    let mut all = outcome(name, test.status, test.duration_ms, test.message.as_deref());
    all.insert("suite".into(), json!([class]));
    let place = test.place.as_deref();
    let place = place.and_then(|place| place.rsplit_once(':'));
    if let Some(file) = test.file.as_deref().or(place.map(|(file, _)| file)) {
        all.insert("filePath".into(), json!(file));
    }
    if !test.attempts.is_empty() {
        let attempts = test.attempts.iter().enumerate();
        let attempts: Vec<Value> = attempts.map(|(at, one)| attempt(at + 1, one)).collect();
        all.insert("retries".into(), json!(attempts.len() - 1));
        all.insert("retryAttempts".into(), attempts.into());
        all.insert("flaky".into(), json!(test.flaky));
    }
    if let (Some((_, line)), None) = (place, &test.file)
        && let Ok(line) = line.parse::<u64>()
    {
        all.insert("line".into(), json!(line));
    }
    if let Some(why) = test.message.as_deref().filter(|why| !why.is_empty()) {
        all.insert("message".into(), json!(in_one_line(why)));
    }
    if let Some(stack) = stack {
        let why = test.message.as_deref().unwrap_or_default();
        let trace = format!("{}\n\n{stack}", why.trim_end());
        all.insert("trace".into(), json!(trace.trim_start()));
    }
    if !test.steps.is_empty() {
        let steps: Vec<Value> = test.steps.iter().map(step).collect();
        all.insert("steps".into(), steps.into());
    }
    all.into()
}

fn attempt(number: usize, attempt: &AttemptRecord) -> Value {
    let mut all = json!({
        "attempt": number,
        "status": status(attempt.status),
        "duration": attempt.duration_ms,
    });
    if let Some(why) = &attempt.message {
        all["message"] = json!(reason(why));
        all["trace"] = json!(why);
    }
    all
}

fn step(step: &StepRecord) -> Value {
    json!({
        "name": step.name,
        "status": status(step.status),
        "extra": {"duration": step.duration_ms, "depth": step.depth},
    })
}

/// A stage that failed: readers that look at the counts alone must not take the run for a success.
fn stage(record: &Record, stage: &StageRecord) -> Value {
    let why = Some(stage.detail.as_str()).filter(|why| !why.is_empty());
    let name = stage.name.name();
    let mut all = outcome(name, StageStatus::Failed, stage.duration_ms, why);
    all.insert("rawStatus".into(), json!(stage.status.name()));
    all.insert("suite".into(), json!([format!("{}::stages", record.repo)]));
    all.into()
}

fn outcome(
    name: &str,
    outcome: StageStatus,
    duration_ms: u64,
    why: Option<&str>,
) -> Map<String, Value> {
    let mut all = Map::new();
    // The format wants a name of one character at least.
    let name = if name.is_empty() { "-" } else { name };
    all.insert("name".into(), json!(name));
    all.insert("status".into(), json!(status(outcome)));
    all.insert("duration".into(), json!(duration_ms));
    all.insert("rawStatus".into(), json!(outcome.name()));
    all.insert("type".into(), json!("e2e"));
    if let Some(why) = why {
        all.insert("message".into(), json!(reason(why)));
        all.insert("trace".into(), json!(why));
    }
    all
}

/// A test that a signal ended failed, as it did for JUnit's readers.
fn status(status: StageStatus) -> &'static str {
    match status {
        StageStatus::Interrupted => StageStatus::Failed.name(),
        status => status.name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::outcome::Stage;
    use crate::record::samples::{failed, passed, test};

    /// Returns the report, which is as the format's schema says.
    fn valid(record: &Record) -> Value {
        valid_with(record, &Stacks::new())
    }

    fn valid_with(record: &Record, stacks: &Stacks) -> Value {
        let schema = include_str!("../../tests/schemas/ctrf.schema.json");
        let schema = serde_json::from_str(schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let report = report(record, stacks);
        let errors: Vec<String> = validator
            .iter_errors(&report)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:?}\n{report:#}");
        report
    }

    #[test]
    fn a_report_is_as_the_formats_schema_says() {
        let mut record = failed(Verdict::Failed, Stage::Test, "1 of 4 tests failed");
        record.git.sha = Some("0123abc".into());
        let mut bad = test("web/a.test.ts::pays", StageStatus::Failed);
        bad.classname = Some("web/a.test.ts".into());
        bad.file.clone_from(&bad.classname);
        bad.message = Some("expected 3\n  at web/a.test.ts:12".into());
        bad.steps = vec![StepRecord {
            name: "pay".into(),
            status: StageStatus::Interrupted,
            duration_ms: 7,
            depth: 0,
        }];
        record.tests = vec![
            bad,
            test("orders::ships", StageStatus::Passed),
            test("", StageStatus::Skipped),
            test("cut", StageStatus::Interrupted),
        ];
        let stacks = [(0, "while pays ran (1.00 s):\n".to_owned())].into();
        let report = valid_with(&record, &stacks);
        let results = &report["results"];
        let summary = &results["summary"];
        let counts = ["tests", "passed", "failed", "skipped", "other"];
        assert_eq!(
            counts.map(|key| summary[key].as_u64()),
            [4, 1, 2, 1, 0].map(Some)
        );
        assert_eq!(summary["stop"], 1_763_816_406_120_i64);
        let bad = &results["tests"][0];
        assert_eq!(
            (&bad["name"], &bad["filePath"], &bad["message"]),
            (
                &json!("pays"),
                &json!("web/a.test.ts"),
                &json!("expected 3")
            )
        );
        assert_eq!(
            bad["trace"],
            "expected 3\n  at web/a.test.ts:12\n\nwhile pays ran (1.00 s):\n"
        );
        assert_eq!(results["tests"][1]["suite"], json!(["orders"]));
        assert_eq!(results["environment"]["commit"], "0123abc");
    }

    #[test]
    fn a_run_that_failed_counts_a_failure() {
        assert_eq!(valid(&passed())["results"]["summary"]["failed"], 0);
        let report = valid(&failed(Verdict::Unhealthy, Stage::Ready, "web: 503\nmore"));
        assert_eq!(report["results"]["summary"]["failed"], 1);
        let stage = &report["results"]["tests"][0];
        assert_eq!(
            (&stage["name"], &stage["message"]),
            (&json!("ready"), &json!("web: 503"))
        );
    }
}
