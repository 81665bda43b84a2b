//! Each verdict's whole screen, from recorded events: on terminals of 80 and 160 columns, in
//! colours, in a pipe, and in a job of GitHub Actions.
//!
//! `INSTA_UPDATE=always` writes what has changed. Colours are shown by name: `{red}`.

use jiff::SignedDuration;

use super::whole_screen::compare;
use super::*;
use crate::record::outcome::{HealthRecord, HealthStatus, Record, ServiceRecord, StageRecord};
use crate::report::{ReportInputs, failure as explanation};

/// The events before the tests.
fn brought_up() -> Vec<Event> {
    vec![
        began(),
        Event::begin(Stage::Connect),
        ended(
            Stage::Connect,
            Passed,
            210,
            "ssh, Engine 26.1, Compose 2.26",
        ),
        ended(Stage::Sync, Passed, 350, "17 files (1 git-ignored)"),
        Event::begin(Stage::Up),
        progress(Stage::Up, "#7 [api 4/4] RUN cargo build"),
        ended(Stage::Up, Passed, 12_400, "3 services"),
    ]
}

fn tested() -> Vec<Event> {
    let mut events = brought_up();
    events.extend([
        ended(Stage::Ready, Passed, 8_100, "3 health checks"),
        Event::begin(Stage::Test),
        output("test_price ... FAILED\n"),
    ]);
    events
}

fn torn_down(failed: Stage, took: u64, detail: &str) -> [Event; 2] {
    [
        ended(failed, Failed, took, detail),
        ended(Stage::Teardown, Passed, 800, "cleaned up"),
    ]
}

fn service(name: &str) -> ServiceRecord {
    ServiceRecord {
        name: name.into(),
        state: "running".into(),
        ..ServiceRecord::default()
    }
}

/// Returns what a bundle with these logs explains.
fn explained<T>(
    record: &Record,
    logs: &[(&str, &str)],
    by: impl FnOnce(&Record, &ReportInputs<'_>) -> T,
) -> T {
    let mut record = record.clone();
    record.services = ["web", "worker"].map(service).into();
    let bundle = tempfile::tempdir().unwrap();
    let folder = bundle.path().join("logs");
    std::fs::create_dir(&folder).unwrap();
    for (name, text) in logs {
        std::fs::write(folder.join(format!("{name}.log")), text).unwrap();
    }
    let inputs = ReportInputs {
        bundle: bundle.path(),
        skew: SignedDuration::ZERO,
        tests_on_host: true,
        again: "cargo e2e",
        keep: Some("cargo e2e --keep-on-failure"),
        of_several: false,
        tail: "",
    };
    by(&record, &inputs)
}

/// Returns the last event.
fn over(mut record: Record, logs: &[(&str, &str)], kept: Option<&str>) -> Event {
    record.host = "local".into();
    let report = explained(&record, logs, explanation::report);
    let (failure, next) = report.map(|report| (report.short, report.next)).unzip();
    Event::RunFinished {
        bundle: format!("target/e2e/{}", record.run_id).into(),
        record: Box::new(record),
        failure,
        next: next.unwrap_or_default(),
        kept: kept.map(str::to_owned),
    }
}

/// Returns the events from the end of failed tests to that of the run.
fn after_tests(record: Record, why: &str, logs: &[(&str, &str)]) -> [Event; 4] {
    let text = explained(&record, logs, explanation::of_tests);
    let [ended, torn_down] = torn_down(Stage::Test, record.stages[0].duration_ms, why);
    let explained = Event::TestsExplained { text };
    [ended, explained, torn_down, over(record, logs, None)]
}

#[test]
fn screen_passed() {
    let mut events = tested();
    events.extend([
        ended(Stage::Test, Passed, 61_000, "passed"),
        ended(Stage::Teardown, Passed, 800, "cleaned up"),
        finished(passed(), None),
    ]);
    compare("passed", &events);
}

#[test]
fn screen_kept() {
    let kept =
        "Kept on local until tomorrow 13:58 (00000000)\n  test    cargo e2e --reuse --host local";
    compare("kept", &[over(passed(), &[], Some(kept))]);
}

#[test]
fn screen_failed() {
    let mut record = failed(Verdict::Failed, Stage::Test, "2 of 4 tests failed");
    record.stages[0].duration_ms = 5_000;
    let mut price = test("test_price_is_shown", Failed);
    price.message = Some(
        "AssertionError: expected 5.00, got 4.99\n    def test_price_is_shown():\n        page = shop.page(\"/\")\n\
         >       assert page.text == \"5.00\", \"a price with two digits, as the law of the land wants it to be written\"\n\
         E       AssertionError: expected 5.00, got 4.99\n\ntests/test_shop.py:14: AssertionError"
            .into(),
    );
    price.place = Some("tests/test_shop.py:14".into());
    price.started_at = Some("2025-11-22T13:00:01Z".into());
    price.duration_ms = 1_000;
    let mut card = test("test_card", Failed);
    card.message = Some("expected 1, got 2\n  at tests/card.rs:7:5".into());
    record.tests = vec![price, card, test("a", Passed), test("b", Passed)];
    let worker = "2025-11-22T13:00:01.400000000Z ERROR cannot reach queue: connection refused by queue.internal:5672 after 3 tries\n\
                  2025-11-22T13:00:01.500000000Z retrying\n";
    let mut events = tested();
    events.push(failure(Stage::Test, "2 of 4 tests failed", vec![], None));
    events.extend(after_tests(
        record,
        "2 of 4 tests failed",
        &[("worker", worker)],
    ));
    compare("failed", &events);
}

#[test]
fn screen_timed_out() {
    let why = "tests exceeded `timeout` (300 s) and were terminated";
    let mut record = failed(Verdict::TimedOut, Stage::Test, why);
    record.stages[0].duration_ms = 300_000;
    record.tests = vec![test("a", Passed), test("waits", Failed)];
    record.tests[1].message = Some("did not end".into());
    record.tests[1].started_at = Some("2025-11-22T13:00:02Z".into());
    let mut events = tested();
    let help = Some("raise `timeout` in e2e.yml");
    events.push(failure(Stage::Test, why, vec![], help));
    events.extend(after_tests(record, why, &[]));
    compare("timed_out", &events);
}

#[test]
fn screen_no_tests() {
    let why = "test_command ended with 0, but e2e/out.xml was not written";
    let help = "make the tests write it, relative to the repo's root, or remove it from `junit` in e2e.yml";
    let mut events = tested();
    events.push(failure(Stage::Test, why, vec![], Some(help)));
    events.extend(torn_down(Stage::Test, 1_000, why));
    events.push(over(failed(Verdict::NoTests, Stage::Test, why), &[], None));
    compare("no_tests", &events);
}

#[test]
fn screen_unhealthy() {
    let late = |name: &str, said: &str| {
        format!(
            "health check {name} still failing after 60 s (http://localhost:8000/healthz; last answer: {said})"
        )
    };
    let why = format!(
        "{}\n{}",
        late("api", "HTTP 404"),
        late("queue", "connection refused")
    );
    let mut record = failed(Verdict::Unhealthy, Stage::Ready, &why);
    let check = |name: &str, answer: Option<&str>| HealthRecord {
        name: name.into(),
        status: if answer.is_some() {
            HealthStatus::Failed
        } else {
            HealthStatus::Passed
        },
        waited_ms: 60_000,
        attempts: 7,
        last_error: answer.map(str::to_owned),
    };
    record.health_checks = vec![
        check("web", None),
        check("api", Some("HTTP 404")),
        check("queue", Some("connection refused")),
    ];
    let mut events = brought_up();
    events.extend([
        Event::begin(Stage::Ready),
        health("web", true, "HTTP 200"),
        health("api", false, "HTTP 404"),
        progress(Stage::Ready, "api says: loading module 8 of 20"),
        failure(
            Stage::Ready,
            &why,
            vec![excerpt(
                "last 2 lines of api",
                "loading module 7 of 20\nloading module 8 of 20",
            )],
            None,
        ),
    ]);
    events.extend(torn_down(Stage::Ready, 60_000, &why));
    events.push(over(record, &[], None));
    compare("unhealthy", &events);
}

#[test]
fn screen_up_failed() {
    let why =
        "`docker compose up` failed: exec: \"no-such-program\": executable file not found in $PATH";
    let mut events = brought_up();
    events.truncate(6);
    let said = "Error response from daemon: failed to create task for container";
    events.push(failure(
        Stage::Up,
        why,
        vec![excerpt("docker compose up", said)],
        None,
    ));
    events.extend(torn_down(Stage::Up, 3_100, why));
    events.push(over(failed(Verdict::UpFailed, Stage::Up, why), &[], None));
    compare("up_failed", &events);
}

#[test]
fn screen_build_and_setup_failed() {
    let why = "`build_command` ended with exit status 3";
    let mut events = vec![began(), Event::begin(Stage::Build)];
    let said = excerpt("its last lines", "no compiler");
    events.push(failure(Stage::Build, why, vec![said.clone()], None));
    events.extend(torn_down(Stage::Build, 900, why));
    events.push(over(
        failed(Verdict::BuildFailed, Stage::Build, why),
        &[],
        None,
    ));
    compare("build_failed", &events);

    let why = "`setup_command` ended with exit status 3";
    let mut events = brought_up();
    events.push(failure(Stage::Setup, why, vec![said], None));
    events.extend(torn_down(Stage::Setup, 900, why));
    events.push(over(
        failed(Verdict::SetupFailed, Stage::Setup, why),
        &[],
        None,
    ));
    compare("setup_failed", &events);
}

#[test]
fn screen_spec_and_host_error() {
    let why = "e2e/e2e.yml:3:1: unknown key `healthcheks`\n   |\n 3 | healthcheks: []\n   | ^^^^^^^^^^^\n   = help: did you mean `health_checks`?";
    let mut events = vec![began(), Event::begin(Stage::Plan)];
    events.push(failure(Stage::Plan, why, vec![], None));
    events.push(ended(Stage::Plan, Failed, 0, why));
    events.push(over(
        failed(Verdict::SpecError, Stage::Plan, why),
        &[],
        None,
    ));
    compare("spec_error", &events);

    let why = "failed to connect to `railiance01`: Could not resolve hostname railiance01: Name or service not known";
    let mut events = vec![began(), Event::begin(Stage::Connect)];
    let help = "check the name, or add an entry for it to ~/.ssh/config";
    events.push(failure(Stage::Connect, why, vec![], Some(help)));
    events.push(ended(Stage::Connect, Failed, 120, why));
    events.push(over(
        failed(Verdict::HostError, Stage::Connect, why),
        &[],
        None,
    ));
    compare("host_error", &events);
}

#[test]
fn screen_leaked() {
    let why =
        "failed to remove 1 object:\n  network e2e-shop-1_default (used by container stranger)";
    let mut record = failed(Verdict::Leaked, Stage::Teardown, why);
    record.leftovers = vec!["network e2e-shop-1_default (used by container stranger)".into()];
    let mut events = tested();
    events.push(ended(Stage::Test, Passed, 1_020, "passed"));
    events.push(failure(
        Stage::Teardown,
        why,
        vec![],
        Some("remove what uses it first"),
    ));
    events.push(ended(Stage::Teardown, Failed, 900, why));
    events.push(over(record, &[], None));
    compare("leaked", &events);
}

#[test]
fn screen_interrupted() {
    let mut record = failed(Verdict::Interrupted, Stage::Test, "SIGINT");
    record.stages[0].status = Interrupted;
    record.exit_code = 130;
    let mut events = tested();
    events.extend([
        Event::Note {
            text: "stopping tests, then logs and teardown (Ctrl-C again: skip logs)".into(),
            waits: None,
        },
        ended(Stage::Test, Interrupted, 1_020, "SIGINT"),
        ended(Stage::Teardown, Passed, 800, "cleaned up"),
        over(record, &[], None),
    ]);
    compare("interrupted", &events);
}

#[test]
fn screen_internal_error() {
    let mut record = failed(
        Verdict::InternalError,
        Stage::Report,
        "failed to write to stdout: No space left on device (os error 28)",
    );
    record.stages.insert(
        0,
        StageRecord {
            name: Stage::Test,
            status: Passed,
            detail: "passed".into(),
            ..record.stages[0].clone()
        },
    );
    let mut events = tested();
    events.push(ended(Stage::Test, Passed, 1_020, "passed"));
    events.push(ended(Stage::Teardown, Passed, 800, "cleaned up"));
    events.push(over(record, &[], None));
    compare("internal_error", &events);
}
