use crate::record::summary::headline;
use std::path::Path;

use jiff::SignedDuration;

use super::*;
use crate::record::outcome::{
    HealthRecord, HealthStatus, ServiceRecord, Stage, StageRecord, StepRecord,
};
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
    bad.started_at = Some("2026-11-22T13:00:05Z".into());
    bad.duration_ms = 2000;
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
    folder
}

fn inputs(bundle: &Path) -> ReportInputs<'_> {
    ReportInputs {
        bundle,
        skew: SignedDuration::from_hours(1),
        tests_on_host: false,
        again: "cargo e2e --host railiance01",
        keep: Some("cargo e2e --host railiance01 --keep-on-failure"),
        of_several: false,
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
orders::ship at `pay`  tests/orders.rs:12
  E expected 3, got 4
meanwhile  db  out of memory (killed), restarted once since it was made
";
    assert!(report.short.starts_with(expected), "{}", report.short);
    let rest = "\
           db  and 95 more in logs/db.log
           web  +0.50 s   GET /orders
           web  +1.00 s ! ERROR no such table
           no output from init (exited), idle
next  cargo e2e --host railiance01 --keep-on-failure -- orders::ship
      cargo e2e open
";
    assert!(report.short.ends_with(rest), "{}", report.short);
    assert!(report.short.lines().count() < 20, "{}", report.short);
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
    let mut record = run();
    record.tests[0].started_at = None;
    let report = report(&record, &inputs(folder.path())).unwrap();
    assert!(report.stacks[&0].starts_with("while the tests ran (20.0 s):\n"));
    assert!(
        report.short.contains("\nmeanwhile  db "),
        "{}",
        report.short
    );
    assert!(report.short.contains("before\n") && !report.short.contains("after\n"));
    assert!(
        report.short.ends_with(
            "next  cargo e2e --host railiance01 --keep-on-failure\n      cargo e2e open\n"
        )
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
    record.stages[0].detail = "web: HTTP 503\nlast lines of web:\n  no database".into();
    let report_of = |record: &Record| report(record, &inputs(folder.path()));
    let again = "again: cargo e2e --host railiance01\n";
    let keep = "keep:  cargo e2e --host railiance01 --keep-on-failure\n";
    let unhealthy = report_of(&record).unwrap();
    let next = "next  cargo e2e --host railiance01 --keep-on-failure\n      cargo e2e open\n";
    assert_eq!(unhealthy.short, next);
    assert_eq!(
        unhealthy.page,
        format!("ready: web: HTTP 503\nlast lines of web:\n  no database\n{again}{keep}")
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
    assert_eq!(report_of(&record).unwrap().short, "");
    record.verdict = Verdict::Leaked;
    let leaked = report_of(&record).unwrap().short;
    assert_eq!(leaked, "next  cargo e2e open\n");
    assert_eq!(report_of(&passed()), None);
}

#[test]
fn what_a_command_printed_is_in_the_bundle_and_not_again_on_the_terminal() {
    let folder = bundle();
    let mut record = run();
    record.stages[0].detail = "the tests failed (exit status 1)".into();
    record.tests.truncate(1);
    record.tests[0] = test("test_command", StageStatus::Failed);
    let said =
        "the tests failed (exit status 1)\nthe last lines they printed:\n  e2e/test.sh:4: no";
    record.tests[0].message = Some(said.into());
    let report = report(&record, &inputs(folder.path())).unwrap();
    assert!(report.short.starts_with("meanwhile  "), "{}", report.short);
    let long = "\
- test_command at e2e/test.sh:4: the last lines they printed:
| the last lines they printed:
|   e2e/test.sh:4: no
while the tests ran";
    assert!(report.long.contains(long), "{}", report.long);
}

#[test]
fn a_test_that_did_not_end_was_ended_with_the_others() {
    let folder = bundle();
    let mut record = run();
    record.verdict = Verdict::TimedOut;
    record.tests[0].message = Some(TestRecord::NO_END.into());
    let report = report(&record, &inputs(folder.path())).unwrap();
    assert!(
        report
            .short
            .starts_with("orders::ship at `pay`\n    did not end\nmeanwhile  "),
        "{}",
        report.short
    );
    assert!(
        report.short.ends_with("cargo e2e open\n"),
        "{}",
        report.short
    );
    let page = "\
test: 1 of 2 tests failed
- orders::ship at `pay`: did not end
while orders::ship ran (15.0 s):
";
    assert!(report.page.starts_with(page), "{}", report.page);
}

#[test]
fn failed_tests_come_in_the_order_in_which_they_failed_each_with_its_own_log_lines() {
    let folder = bundle();
    let mut record = run();
    record.services.truncate(1);
    // It began first and failed last; another one's time is not known.
    for (name, at, took) in [
        ("a::last", Some("2026-11-22T13:00:01Z"), 9000),
        ("b::unknown", None, 1),
        ("c::first", Some("2026-11-22T13:00:01Z"), 100),
    ] {
        let mut one = test(name, StageStatus::Failed);
        one.message = Some(format!("assert {name}\nE  assert {name}"));
        one.started_at = at.map(str::to_owned);
        one.duration_ms = took;
        record.tests.push(one);
    }
    let report = report(&record, &inputs(folder.path())).unwrap();
    let expected = "\
c::first
  E assert c::first
meanwhile  web  +0.00 s   before
orders::ship at `pay`  tests/orders.rs:12
  E expected 3, got 4
meanwhile  web +1.00 s ! ERROR no such table
a::last
  E assert a::last
meanwhile  web +5.00 s ! ERROR no such table
b::unknown
  E assert b::unknown
meanwhile  web  +5.50 s   GET /orders
next  ";
    assert!(report.short.starts_with(expected), "{}", report.short);
    let own = "while c::first ran (0.10 s):\nweb: running\n|  +0.00 s   before\n";
    assert!(report.stacks[&4].starts_with(own), "{:?}", report.stacks);
    assert!(report.stacks[&3].starts_with("while the tests ran (20.0 s)"));
    assert_eq!(report.stacks.len(), 4);
    assert_eq!(
        report.long.matches("\nwhile ").count(),
        4,
        "{}",
        report.long
    );
    assert!(report.stack.starts_with(own));
}

#[test]
fn of_an_estimated_time_it_is_never_said_that_nothing_was_printed() {
    let folder = bundle();
    let mut record = run();
    record.tests[0].started_at = Some("2026-11-22T13:00:03Z".into());
    record.tests[0].duration_ms = 100;
    record.tests[0].uncertain_ms = 4000;
    let report_of = |record: &Record| report(record, &inputs(folder.path())).unwrap().short;
    let shown = report_of(&record);
    let estimated = "about then db  out of memory (killed)";
    assert!(shown.contains(estimated), "{shown}");
    assert!(
        shown.contains(" web  +3.00 s ! ERROR no such table\n"),
        "{shown}"
    );
    assert!(
        shown.contains("other services: init (exited), idle\n"),
        "{shown}"
    );
    record.tests[0].uncertain_ms = 500;
    let shown = report_of(&record);
    assert!(
        shown.contains("other services: web, init (exited), idle\n"),
        "{shown}"
    );
    assert!(!shown.contains("no output"), "{shown}");
    // A time is never before the tests', nor after them.
    record.tests[0].started_at = Some("2026-11-22T12:59:59Z".into());
    record.tests[0].uncertain_ms = 60_000;
    let page = report(&record, &inputs(folder.path())).unwrap().page;
    assert!(page.contains("(within 20.0 s):\n"), "{page}");
}

#[test]
fn of_many_errors_the_one_that_the_test_is_about_counts() {
    let folder = bundle();
    let line =
        |number: u32| format!("2026-11-22T14:00:05.{number:03}Z ERROR order-{number:03} is lost\n");
    let log: String = (0..100).map(line).collect();
    std::fs::write(folder.path().join("logs/web.log"), log).unwrap();
    let mut record = run();
    record.services.truncate(1);
    record.tests[0].message = Some("Error: expected order-042".into());
    let mut later = test("z", StageStatus::Failed);
    later.message = Some("expected order-077".into());
    later.started_at.clone_from(&record.tests[0].started_at);
    later.duration_ms = 3000;
    record.tests.extend([later, test("y", StageStatus::Failed)]);
    let shown = report(&record, &inputs(folder.path())).unwrap().short;
    assert!(shown.contains("! ERROR order-042 is lost\n"), "{shown}");
    assert!(
        shown.contains(
            "z\n  E expected order-077\nmeanwhile  web +0.08 s ! ERROR order-077 is lost\n"
        ),
        "{shown}"
    );
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
    assert_eq!(report.short, "");
    let why = format!("{name} was interrupted: SIGINT\n");
    assert_eq!(report.page, why + "again: cargo e2e --host railiance01\n");
}
