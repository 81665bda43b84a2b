//! The last lines of a run that failed.

use super::*;
use crate::record::outcome::{HealthRecord, HealthStatus};

#[test]
fn every_health_check_that_did_not_pass_is_in_the_last_lines() {
    let message = "health check web still failing\nhealth check db still failing";
    let mut record = failed(Verdict::Unhealthy, Stage::Ready, message);
    let check = |name: &str, status, answer: Option<&str>| HealthRecord {
        name: name.into(),
        status,
        waited_ms: 60_000,
        attempts: 7,
        last_error: answer.map(str::to_owned),
    };
    record.health_checks = vec![
        check("cache", HealthStatus::Passed, None),
        check("web", HealthStatus::Failed, Some("HTTP 503")),
        check("db", HealthStatus::Failed, Some("connection refused")),
    ];
    let events = [
        failure(Stage::Ready, message, vec![], None),
        finished(record, None),
    ];
    let expected = "
             ready: health check web still failing
               health check db still failing
             ✓ cache   ✗ web  HTTP 503   … db  connection refused
             results:";
    let shown = show(Normal, &events);
    assert!(shown.contains(expected), "{shown}");
}

/// A host that is lost after the tests, or a signal: nothing was said before teardown.
#[test]
fn tests_that_were_not_explained_before_teardown_are_in_the_last_lines() {
    let mut events = failing_test();
    events.retain(|event| !matches!(event, Event::TestsExplained { .. }));
    let expected = "
        FAIL 2 of 3 tests · activity-core · 6.12 s · railiance01
             test: exit status 101
             help: the sandbox is gone; keep it with --keep-on-failure
             publishes  tests/e2e.rs:12
               E no event after 5 s
             next  cargo e2e open
             results: ";
    let shown = show(Normal, &events);
    assert!(shown.contains(expected), "{shown}");
}

#[test]
fn failed_tests_are_counted_with_those_that_did_not_run() {
    let mut record = failed(Verdict::TimedOut, Stage::Test, "ran past 300 s");
    let names = (0..13).map(|n| format!("t{n:02}"));
    record.tests = names.map(|name| test(&name, Failed)).collect();
    record.tests[0].status = Skipped;
    let shown = show(Normal, &[finished(record, None)]);
    let first = "        FAIL timed out: 12 of 13 tests (1 skipped) · activity-core";
    assert!(shown.starts_with(first), "{shown}");
    assert!(
        shown.contains("\n             test: ran past 300 s\n"),
        "{shown}"
    );
}
