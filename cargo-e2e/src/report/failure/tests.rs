use crate::record::summary::headline;
use std::path::Path;

use jiff::SignedDuration;

use super::*;
use crate::record::outcome::{HealthRecord, Stage, StageRecord, StepRecord};
use crate::record::samples::{failed, passed, test};

fn service(name: &str) -> ServiceRecord {
    ServiceRecord {
        name: name.into(),
        state: "running".into(),
        ..ServiceRecord::default()
    }
}

/// A test of two that failed, with a database that fell over.
fn run() -> Record {
    let mut record = failed(Verdict::Failed, Stage::Test, "1 of 2 tests failed");
    record.stages[0].started_at = "2026-11-22T13:00:00Z".into();
    record.stages[0].duration_ms = 20_000;
    let mut bad = test("orders::ship", StageStatus::Failed);
    bad.message = Some("expected 3, got 4\n  at tests/orders.rs:12:5".into());
    bad.steps = vec![StepRecord {
        name: "pay".into(),
        status: StageStatus::Failed,
        duration_ms: 7,
        depth: 0,
    }];
    record.tests = vec![bad, test("orders::list", StageStatus::Passed)];
    record.services = vec![
        service("web"),
        service("init"),
        service("idle"),
        service("db"),
    ];
    record.services[1].state = "exited".into();
    record.services[3].restarts = 1;
    record.services[3].oom_killed = true;
    record.health_checks = vec![HealthRecord {
        name: "api".into(),
        status: HealthStatus::Passed,
        waited_ms: 1200,
        attempts: 3,
        last_error: None,
    }];
    record
}

fn bundle() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    // The host's clock is an hour ahead.
    let web = "2026-11-22T14:00:01.000000000Z before\n\
               2026-11-22T14:00:05.500000000Z GET /orders\n\
               2026-11-22T14:00:06.000000000Z \u{1b}[31mERROR\u{1b}[0m no such table\n\
               no time at all\n\
               2026-11-22T14:00:30.000000000Z after\n";
    std::fs::write(logs.join("web.log"), web).unwrap();
    let line = |number| format!("2026-11-22T14:00:06.{number:03}Z line {number}\n");
    let db = (0..100).map(line).collect::<Vec<_>>().concat();
    std::fs::write(logs.join("db.log"), db).unwrap();
    let events = r#"{"event":"test_started","test":"orders::ship","attempt":1,"at":"2026-11-22T13:00:05Z"}
{"event":"test_ended","test":"orders::ship","attempt":1,"status":"failed","duration_ms":2000,"message":null,"at":"2026-11-22T13:00:07Z"}
"#;
    std::fs::write(folder.path().join("events.jsonl"), events).unwrap();
    folder
}

fn inputs(bundle: &Path) -> ReportInputs<'_> {
    ReportInputs {
        bundle,
        skew: SignedDuration::from_hours(1),
        tests_on_host: false,
        again: "cargo e2e --host railiance01",
        keep: Some("cargo e2e --host railiance01 --keep-on-failure"),
        tail: "",
    }
}

#[test]
fn a_screen_says_what_the_stack_did_while_the_test_ran() {
    let folder = bundle();
    let inputs = ReportInputs {
        tail: " -- orders::ship",
        ..inputs(folder.path())
    };
    let report = report(&run(), &inputs).unwrap();
    let expected = "\
orders::ship at `pay` at tests/orders.rs:12:
| expected 3, got 4
|   at tests/orders.rs:12:5
while orders::ship ran (2.00 s):
db: out of memory (killed), restarted once since it was made
";
    assert!(report.short.starts_with(expected), "{}", report.short);
    let rest = "\
| and 88 more in logs/db.log
web: running
|  +0.50 s   GET /orders
|  +1.00 s ! ERROR no such table
no log lines from init (exited), idle
health checks before: api passed after 1.20 s
again: cargo e2e --host railiance01 -- orders::ship
keep:  cargo e2e --host railiance01 --keep-on-failure -- orders::ship
";
    assert!(report.short.ends_with(rest), "{}", report.short);
    assert!(report.short.lines().count() < 30, "{}", report.short);
    assert!(
        report
            .stack
            .starts_with("while orders::ship ran (2.00 s):\n")
            && report.stack.ends_with("api passed after 1.20 s\n"),
        "{}",
        report.stack
    );
    assert!(
        report
            .long
            .starts_with("activity-core e2e failed: 1 of 2 tests")
    );
    assert!(
        report.long.contains("line 0\n") && report.long.contains("!  pay"),
        "{}",
        report.long
    );
}

#[test]
fn of_a_setup_that_failed_it_says_what_the_stack_did_meanwhile() {
    let folder = bundle();
    let mut record = run();
    record.verdict = Verdict::SetupFailed;
    record.stages[0].name = Stage::Setup;
    record.tests.clear();
    let report = report(&record, &inputs(folder.path())).unwrap();
    assert!(
        report
            .stack
            .starts_with("while setup_command ran (20.0 s):"),
        "{}",
        report.stack
    );
    assert!(report.short.contains("no such table"), "{}", report.short);
}

#[test]
fn without_times_of_its_own_all_the_tests_time_counts() {
    let folder = bundle();
    std::fs::remove_file(folder.path().join("events.jsonl")).unwrap();
    let report = report(&run(), &inputs(folder.path())).unwrap();
    assert!(
        report.short.contains("while the tests ran (20.0 s):"),
        "{}",
        report.short
    );
    assert!(report.short.contains("before\n") && !report.short.contains("after\n"));
    assert!(
        report
            .short
            .ends_with("keep:  cargo e2e --host railiance01 --keep-on-failure\n")
    );
}

#[test]
fn a_stage_before_the_tests_says_why_itself() {
    let folder = bundle();
    let mut record = failed(Verdict::Unhealthy, Stage::Ready, "web: HTTP 503");
    record.stages.push(StageRecord {
        name: Stage::Teardown,
        ..record.stages[0].clone()
    });
    record.stages[0].detail = "web: HTTP 503\nthe last lines of web:\n  no database".into();
    let report_of = |record: &Record| report(record, &inputs(folder.path()));
    let again = "again: cargo e2e --host railiance01\n";
    let keep = "keep:  cargo e2e --host railiance01 --keep-on-failure\n";
    let unhealthy = report_of(&record).unwrap();
    assert_eq!(unhealthy.short, format!("{again}{keep}"));
    assert_eq!(
        unhealthy.page,
        format!("ready: web: HTTP 503\nthe last lines of web:\n  no database\n{again}{keep}")
    );
    assert_eq!(
        unhealthy.long,
        format!(
            "{}\n{}",
            headline(&record),
            unhealthy.page.replace(again, &format!("\n{again}"))
        )
    );
    // Where no stack was up there is none to keep; what is left is not remedied by another run.
    record.verdict = Verdict::SpecError;
    assert_eq!(report_of(&record).unwrap().short, again);
    record.verdict = Verdict::Leaked;
    assert_eq!(report_of(&record).unwrap().short, "");
    assert_eq!(report_of(&passed()), None);
}

#[test]
fn what_a_command_printed_is_in_the_bundle_and_not_again_on_the_terminal() {
    let folder = bundle();
    std::fs::remove_file(folder.path().join("events.jsonl")).unwrap();
    let mut record = run();
    record.stages[0].detail = "the tests failed (exit status 1)".into();
    record.tests.truncate(1);
    record.tests[0] = test("test_command", StageStatus::Failed);
    let said =
        "the tests failed (exit status 1)\nthe last lines they printed:\n  e2e/test.sh:4: no";
    record.tests[0].message = Some(said.into());
    let report = report(&record, &inputs(folder.path())).unwrap();
    assert!(
        report.short.starts_with("while the tests ran"),
        "{}",
        report.short
    );
    let long = "\
test_command at e2e/test.sh:4:
| the last lines they printed:
|   e2e/test.sh:4: no
while the tests ran";
    assert!(report.long.contains(long), "{}", report.long);
}

#[test]
fn a_test_that_did_not_end_was_ended_with_the_others() {
    let folder = bundle();
    let events = r#"{"event":"test_started","test":"orders::ship","attempt":1,"at":"2026-11-22T13:00:05Z"}
"#;
    std::fs::write(folder.path().join("events.jsonl"), events).unwrap();
    let mut record = run();
    record.verdict = Verdict::TimedOut;
    record.tests[0].message = Some("did not end".into());
    let report = report(&record, &inputs(folder.path())).unwrap();
    assert!(
        report
            .short
            .starts_with("while orders::ship ran (15.0 s):\n"),
        "{}",
        report.short
    );
    assert!(
        report.short.ends_with("--keep-on-failure\n"),
        "{}",
        report.short
    );
    let page = "\
test: 1 of 2 tests failed
orders::ship at `pay`:
| did not end
while orders::ship ran (15.0 s):
";
    assert!(report.page.starts_with(page), "{}", report.page);
}

#[test]
fn the_time_of_a_failed_test_is_not_that_of_another_one_of_its_name() {
    let folder = bundle();
    let path = folder.path().join("events.jsonl");
    let mut events = std::fs::read_to_string(&path).unwrap();
    events += r#"{"event":"test_started","test":"orders::ship","attempt":1,"at":"2026-11-22T13:00:10Z"}
{"event":"test_ended","test":"orders::ship","attempt":1,"status":"passed","duration_ms":1000,"message":null,"at":"2026-11-22T13:00:11Z"}
"#;
    std::fs::write(path, events).unwrap();
    let report = report(&run(), &inputs(folder.path())).unwrap();
    let start = "while orders::ship ran (2.00 s)";
    assert!(report.short.contains(start), "{}", report.short);
}

#[test]
fn the_test_that_took_all_the_time_comes_before_one_that_failed() {
    let mut record = run();
    record.verdict = Verdict::TimedOut;
    let mut hangs = record.tests[0].clone();
    hangs.name = "orders::waits".into();
    hangs.message = Some(TestRecord::NO_END.into());
    record.tests.push(hangs);
    let first = |record: &Record| failed_tests(record)[0].name.clone();
    assert_eq!(first(&record), "orders::waits");
    record.verdict = Verdict::Failed;
    assert_eq!(first(&record), "orders::ship");
}

#[test]
fn a_run_that_was_interrupted_says_where_and_by_what() {
    let mut record = run();
    assert_eq!(cut_short(&record), None);
    let stage = record.stages.last_mut().unwrap();
    stage.status = StageStatus::Interrupted;
    stage.detail = "SIGINT".into();
    let name = stage.name.name();
    assert_eq!(
        cut_short(&record),
        Some(format!("{name} was interrupted: SIGINT\n"))
    );
    record.verdict = Verdict::Interrupted;
    record.tests.clear();
    let folder = bundle();
    let report = report(&record, &inputs(folder.path())).unwrap();
    assert_eq!(report.short, "again: cargo e2e --host railiance01\n");
    let why = format!("{name} was interrupted: SIGINT\n");
    assert_eq!(report.page, format!("{why}{}", report.short));
}
