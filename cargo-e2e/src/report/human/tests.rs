mod bottom_line;
mod last_lines;
mod screens;
mod whole_screen;

use std::time::Duration;

use super::*;
use crate::record::event::Excerpt;
use crate::record::outcome::{Stage, StageStatus, Verdict};
use crate::record::samples::{began, ended, failed, finished, passed, test};

use StageStatus::{Failed, Interrupted, Passed, Skipped};
use Verbosity::{Normal, Quiet, Verbose};

fn show_with(options: HumanOptions, events: &[Event]) -> (String, String) {
    let (mut err, mut out) = (Vec::new(), Vec::new());
    let mut human = Human::on(options, &mut err, &mut out);
    for event in events {
        human.event(event);
    }
    drop(human);
    (
        String::from_utf8(err).unwrap(),
        String::from_utf8(out).unwrap(),
    )
}

fn show(verbosity: Verbosity, events: &[Event]) -> String {
    show_with(
        HumanOptions {
            verbosity,
            ..HumanOptions::default()
        },
        events,
    )
    .0
}

fn progress(stage: Stage, line: &str) -> Event {
    Event::Progress {
        stage,
        line: line.into(),
    }
}

fn health(name: &str, passed: bool, answer: &str) -> Event {
    Event::Health {
        name: name.into(),
        passed,
        answer: answer.into(),
        waited: Duration::from_millis(400),
    }
}

fn output(text: &str) -> Event {
    Event::TestOutput {
        bytes: text.as_bytes().to_vec(),
    }
}

fn excerpt(title: &str, text: &str) -> Excerpt {
    Excerpt {
        title: title.into(),
        text: text.into(),
    }
}

fn failure(stage: Stage, message: &str, excerpts: Vec<Excerpt>, help: Option<&str>) -> Event {
    Event::Failure(Failure {
        stage,
        message: message.into(),
        excerpts,
        help: help.map(str::to_owned),
    })
}

fn passing_run() -> Vec<Event> {
    vec![
        began(),
        Event::begin(Stage::Connect),
        ended(
            Stage::Connect,
            Passed,
            210,
            "ssh, Engine 26.1, Compose 2.26",
        ),
        ended(Stage::Provision, Passed, 30, ""),
        ended(Stage::Build, Skipped, 0, ""),
        ended(Stage::Sync, Passed, 350, "312 files"),
        Event::Warning {
            text: "link skipped: a\nit leaves the repo".into(),
        },
        progress(Stage::Up, "Container db  \u{1b}[32mStarted\u{1b}[0m"),
        ended(Stage::Up, Passed, 3_310, "2 services"),
        health("web", false, "connection refused"),
        health("web", true, "200"),
        ended(Stage::Ready, Passed, 400, "2 health checks"),
        output("1 passed\n"),
        ended(Stage::Test, Passed, 1_020, "passed"),
        ended(Stage::Collect, Passed, 1_400, "2 logs"),
        ended(Stage::Teardown, Passed, 800, "cleaned up"),
        ended(Stage::Report, Passed, 10, ""),
        finished(passed(), None),
    ]
}

#[test]
fn a_passing_run() {
    assert_eq!(
        show(Normal, &passing_run()),
        "     Running activity-core on railiance01 (run 01jd0000000000000000000000)
     connect 0.21 s  ssh, Engine 26.1, Compose 2.26
        sync 0.35 s  312 files
warning: link skipped: a
         it leaves the repo
          up 3.31 s  2 services
       ready 0.40 s  2 health checks
        test 1.02 s  passed
     collect 1.40 s  2 logs
    teardown 0.80 s  cleaned up
      Passed activity-core · 6.12 s · railiance01
             results: target/e2e/01jd0000000000000000000000
"
    );
}

#[test]
fn a_passing_run_in_full() {
    assert_eq!(
        show(Verbose, &passing_run()),
        "     Running activity-core on railiance01 (run 01jd0000000000000000000000)
     connect 0.21 s  ssh, Engine 26.1, Compose 2.26
   provision 0.03 s
       build skipped
        sync 0.35 s  312 files
warning: link skipped: a
         it leaves the repo
          up Container db  Started
          up 3.31 s  2 services
       ready web: connection refused (0.40 s)
       ready web passed: 200 (0.40 s)
       ready 0.40 s  2 health checks
        test 1.02 s  passed
     collect 1.40 s  2 logs
    teardown 0.80 s  cleaned up
      report 0.01 s
      Passed activity-core · 6.12 s · railiance01
             results: target/e2e/01jd0000000000000000000000
"
    );
}

#[test]
fn a_passing_run_in_silence_shows_what_the_tests_print() {
    let options = HumanOptions {
        verbosity: Quiet,
        ..HumanOptions::default()
    };
    let (err, out) = show_with(options, &passing_run());
    assert_eq!((err.as_str(), out.as_str()), ("", "1 passed\n"));
}

fn failing_test() -> Vec<Event> {
    let mut record = failed(Verdict::Failed, Stage::Test, "2 of 3 tests failed");
    record.tests = vec![
        test("a", Passed),
        test("publishes", Failed),
        test("retries", Failed),
    ];
    let explained = "publishes  tests/e2e.rs:12\n  E no event after 5 s\n";
    let next = "next  cargo e2e open\n";
    let help = Some("the sandbox is gone; keep it with --keep-on-failure");
    vec![
        began(),
        output("test publishes ... FAILED\n"),
        failure(
            Stage::Test,
            "2 of 3 tests failed\nexit status 101",
            vec![],
            help,
        ),
        ended(Stage::Test, Failed, 1_020, "2 of 3 tests failed"),
        Event::TestsExplained {
            text: explained.into(),
        },
        ended(Stage::Teardown, Passed, 800, "cleaned up"),
        Event::RunFinished {
            bundle: format!("target/e2e/{}", record.run_id).into(),
            record: Box::new(record),
            failure: Some(format!("{explained}{next}")),
            next: next.into(),
            kept: None,
        },
    ]
}

#[test]
fn a_failing_test() {
    assert_eq!(
        show(Normal, &failing_test()),
        "     Running activity-core on railiance01 (run 01jd0000000000000000000000)
        test 1.02 s  failed
             test: 2 of 3 tests failed
               exit status 101
             help: the sandbox is gone; keep it with --keep-on-failure
             publishes  tests/e2e.rs:12
               E no event after 5 s
    teardown 0.80 s  cleaned up
        FAIL 2 of 3 tests · activity-core · 6.12 s · railiance01
             next  cargo e2e open
             results: target/e2e/01jd0000000000000000000000
"
    );
}

#[test]
fn a_failing_test_in_silence() {
    assert_eq!(
        show(Quiet, &failing_test()),
        "             test: 2 of 3 tests failed
               exit status 101
             help: the sandbox is gone; keep it with --keep-on-failure
             publishes  tests/e2e.rs:12
               E no event after 5 s
        FAIL 2 of 3 tests · activity-core · 6.12 s · railiance01
             next  cargo e2e open
             results: target/e2e/01jd0000000000000000000000
"
    );
}

#[test]
fn an_unhealthy_stack_shows_the_end_of_its_logs() {
    let log: Vec<String> = (1..=43)
        .map(|n| format!("\u{1b}[31mline {n}\u{1b}[0m\u{8}"))
        .collect();
    let excerpts = vec![
        excerpt("last lines of web", &(log.join("\n") + "\n\n")),
        excerpt("last lines of db", "\n"),
        excerpt("docker inspect:", &"x".repeat(600)),
    ];
    let events = [
        failure(Stage::Ready, "web answers 503", excerpts, Some("one\ntwo")),
        ended(Stage::Ready, Failed, 60_000, "web answers 503"),
        finished(
            failed(Verdict::Unhealthy, Stage::Ready, "web answers 503"),
            None,
        ),
    ];
    let lines: Vec<String> = (24..=43)
        .map(|n| format!("             | line {n}"))
        .collect();
    let lines = lines.join("\n");
    let cut = "x".repeat(excerpts::WIDTH);
    assert_eq!(
        show(Normal, &events),
        format!(
            "       ready 1m00s  failed: web answers 503
        FAIL unhealthy · activity-core · 6.12 s · railiance01
             ready: web answers 503
             last lines of web:
             | (23 lines left out)
{lines}
             last lines of db: nothing
             docker inspect:
             | {cut}...
             help: one
                   two
             results: target/e2e/01jd0000000000000000000000
"
        )
    );
}

#[test]
fn leftovers_come_with_the_command_that_removes_them() {
    let mut record = failed(Verdict::Leaked, Stage::Teardown, "1 network is left");
    record.leftovers = vec!["network e2e-activity-core-1_default".into()];
    let events = [
        ended(Stage::Teardown, Failed, 800, "1 network is left"),
        finished(record, None),
    ];
    assert_eq!(
        show(Normal, &events),
        "    teardown 0.80 s  failed: 1 network is left
        FAIL leaked · activity-core · 6.12 s · railiance01
             left: network e2e-activity-core-1_default
             remove: cargo e2e down 01jd0000000000000000000000 --host railiance01
             results: target/e2e/01jd0000000000000000000000
"
    );
}

#[test]
fn an_interrupted_run_names_the_signal() {
    let mut record = failed(Verdict::Interrupted, Stage::Test, "");
    record.stages[0].status = Interrupted;
    record.tests = vec![test("a", Passed), test("b", Passed)];
    record.exit_code = 143;
    let events = [
        ended(Stage::Test, Interrupted, 1_020, ""),
        ended(Stage::Collect, Interrupted, 10, "given up"),
        finished(record, None),
    ];
    assert_eq!(
        show(Normal, &events),
        "        test 1.02 s  interrupted
     collect 0.01 s  interrupted: given up
 Interrupted activity-core (SIGTERM) · 6.12 s · railiance01
             results: target/e2e/01jd0000000000000000000000
"
    );
}

#[test]
fn what_was_kept_is_shown_as_it_came_and_in_a_line_in_silence() {
    let kept =
        "kept for 24 h on railiance01\n  enter   cargo e2e shell x\n  remove  cargo e2e down x\n";
    let first = "kept for 24 h on railiance01\n";
    assert_eq!(show(Quiet, &[finished(passed(), Some(kept))]), first);
    assert_eq!(
        show(Normal, &[finished(passed(), Some(kept))]),
        format!(
            "      Passed activity-core · 6.12 s · railiance01
             results: target/e2e/01jd0000000000000000000000
{kept}"
        )
    );
}

#[test]
fn nothing_that_a_host_says_reaches_the_terminal_raw() {
    let evil = "a\u{1b}]0;title\u{7}\u{1b}[2Jb\rc";
    let mut record = failed(Verdict::Failed, Stage::Test, evil);
    record.tests = vec![test(evil, Failed), test(evil, Failed)];
    record.tests[0].message = Some(evil.into());
    record.leftovers = vec![evil.into()];
    let events = [
        progress(Stage::Up, evil),
        health("web", false, evil),
        Event::Warning { text: evil.into() },
        Event::Note {
            text: evil.into(),
            waits: None,
        },
        failure(
            Stage::Test,
            evil,
            vec![excerpt(evil, &format!("{evil} more"))],
            Some(evil),
        ),
        ended(Stage::Up, Failed, 1, evil),
        finished(record, Some(evil)),
    ];
    let shown = show(Verbose, &events);
    let raw = |c: char| c.is_control() && c != '\n';
    assert!(!shown.contains(raw), "{shown:?}");
    assert_eq!(shown.matches("abc").count(), 11, "{shown}");
}

#[test]
fn the_tests_bytes_pass_as_they_came_and_our_lines_begin_on_their_own() {
    let events = [
        output("\u{1b}[32mok\u{1b}[0m\nno newline"),
        ended(Stage::Test, Passed, 1_020, "passed"),
        ended(Stage::Teardown, Passed, 800, "cleaned up"),
    ];
    let shared = HumanOptions {
        shared: true,
        color: true,
        ..HumanOptions::default()
    };
    let (err, out) = show_with(shared, &events);
    assert_eq!(out, "\u{1b}[32mok\u{1b}[0m\nno newline");
    assert!(err.starts_with("\u{1b}[0m\n        \u{1b}[1m"), "{err:?}");
    assert_eq!(err.matches('\n').count(), 3);
    // Apart, stderr needs no such help.
    assert!(show(Normal, &events).starts_with("        test"));
}

#[test]
fn colours_mark_the_words_that_matter() {
    let colored = |events: &[Event]| {
        let options = HumanOptions {
            color: true,
            ..HumanOptions::default()
        };
        show_with(options, events).0
    };
    let green = "\u{1b}[1m\u{1b}[32mPassed\u{1b}[0m";
    assert!(colored(&[finished(passed(), None)]).starts_with(&format!("      {green} activity")));
    let red = "\u{1b}[1m\u{1b}[31merror\u{1b}[0m: up: no";
    assert!(colored(&[failure(Stage::Up, "no", vec![], None)]).starts_with(red));
    let yellow = "\u{1b}[1m\u{1b}[33mwarning\u{1b}[0m: no";
    assert!(colored(&[Event::Warning { text: "no".into() }]).starts_with(yellow));
}
