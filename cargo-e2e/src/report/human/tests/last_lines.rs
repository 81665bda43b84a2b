//! The last lines of a run that failed.

use super::*;

#[test]
fn every_health_check_that_did_not_pass_is_in_the_last_lines() {
    let checks =
        "health check web did not pass\nhealth check db did not pass\nthe last lines of web:\n  no";
    let shown = show(
        Normal,
        &[finished(
            failed(Verdict::Unhealthy, Stage::Ready, checks),
            None,
        )],
    );
    let expected = "
             ready: health check web did not pass
             ready: health check db did not pass
             results:";
    assert!(shown.contains(expected), "{shown}");
}

#[test]
fn many_failed_tests_are_counted() {
    let mut record = failed(Verdict::TimedOut, Stage::Test, "ran past 300 s");
    let names = (0..13).map(|n| format!("t{n:02}"));
    record.tests = names.map(|name| test(&name, Failed)).collect();
    record.tests[0].status = Skipped;
    let shown = show(Normal, &[finished(record, None)]);
    assert!(
        shown.starts_with("   Timed out activity-core e2e: 12 of 13 tests (1 skipped) in"),
        "{shown}"
    );
    assert!(
        shown.contains("- t10\n             - and 2 more\n"),
        "{shown}"
    );
}
