//! The law as the book has it, row by row.

mod properties;

use super::*;
use crate::record::outcome::exit_code;
use crate::record::samples::test;

fn tests(statuses: &[StageStatus]) -> Vec<TestRecord> {
    let of = |status: &StageStatus| test("orders::ship", *status);
    statuses.iter().map(of).collect()
}

fn evidence(status: i32) -> Evidence {
    Evidence {
        who: "test_command".to_owned(),
        ended: vec![Ended::Status(status)],
        timeout: Duration::from_secs(5),
        harness: false,
        events: Events::Read(Vec::new()),
        unrecorded: Vec::new(),
        empty: Vec::new(),
        junit: Vec::new(),
        attempts: 1,
        still_failed: Vec::new(),
        flaky: Vec::new(),
    }
}

fn told(status: i32, statuses: &[StageStatus]) -> Evidence {
    Evidence {
        events: Events::Read(tests(statuses)),
        ..evidence(status)
    }
}

fn harness(status: i32, statuses: &[StageStatus]) -> Evidence {
    Evidence {
        harness: true,
        ..told(status, statuses)
    }
}

fn entry(written: &str, files: Vec<(&str, Junit)>) -> JunitEntry {
    let owned = |(path, file): (&str, Junit)| (path.to_owned(), file);
    JunitEntry {
        written: written.to_owned(),
        files: files.into_iter().map(owned).collect(),
    }
}

fn file(status: i32, junit: Junit) -> Evidence {
    Evidence {
        junit: vec![entry("e2e/out.xml", vec![("e2e/out.xml", junit)])],
        ..evidence(status)
    }
}

fn read(status: i32, statuses: &[StageStatus]) -> Evidence {
    file(status, Junit::Read(tests(statuses)))
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
fn each_source_says_what_the_table_has() {
    use StageStatus::{Failed, Interrupted, Passed, Skipped};
    let unreadable = || Junit::Unreadable("it is no JUnit XML".to_owned());
    let both = Evidence {
        events: Events::Read(tests(&[Passed])),
        ..read(0, &[Failed])
    };
    let lost = Evidence {
        events: Events::Unreadable("disk".to_owned()),
        ..evidence(0)
    };
    let late = Evidence {
        ended: vec![Ended::TimedOut],
        ..told(0, &[Failed])
    };
    let some = Evidence {
        ended: vec![Ended::Status(NONE_RAN), Ended::Status(0)],
        ..harness(0, &[Passed])
    };
    let silent = Evidence {
        unrecorded: vec!["third::pays".to_owned()],
        ..harness(0, &[Passed])
    };
    let empty = Evidence {
        ended: vec![Ended::Status(0), Ended::Status(NONE_RAN)],
        empty: vec!["second".to_owned()],
        ..harness(0, &[Passed])
    };
    let again = |status: i32, failed: &[&str]| Evidence {
        attempts: 3,
        still_failed: failed.iter().map(|&name| name.to_owned()).collect(),
        ..read(status, &[Passed])
    };
    let ended = "test_command ended with 0, but";
    let status = |status: i32| format!("the tests failed (exit status {status})");
    let table: [(Evidence, u8, String); 32] = [
        // The exit status alone.
        (evidence(0), 0, String::new()),
        (evidence(7), 100, status(7)),
        (evidence(4), 100, status(4)),
        (
            late,
            100,
            "tests exceeded `timeout` (5 s) and were terminated".into(),
        ),
        // E2E_EVENTS of a command.
        (told(0, &[Passed, Skipped]), 0, String::new()),
        (
            told(0, &[Passed, Failed]),
            100,
            format!("{ended} E2E_EVENTS has 1 failed test (orders::ship)"),
        ),
        (
            told(0, &[Interrupted]),
            100,
            format!("{ended} E2E_EVENTS has 1 failed test (orders::ship)"),
        ),
        (told(0, &[Skipped]), 4, "no test ran".into()),
        (told(1, &[Passed]), 100, status(1)),
        (lost, 97, "failed to fetch test events: disk".into()),
        // A harness, also under nextest.
        (harness(0, &[Passed]), 0, String::new()),
        (harness(0, &[]), 4, "no test ran".into()),
        (harness(0, &[Skipped]), 4, "no test ran".into()),
        (harness(4, &[Passed]), 4, "no test ran".into()),
        (some, 0, String::new()),
        (
            silent,
            100,
            format!("{ended} left no record of 1 test (third::pays)"),
        ),
        (empty, 4, "no test ran in 1 test target (second)".into()),
        (
            harness(0, &[Failed, Failed]),
            100,
            format!("{ended} E2E_EVENTS has 2 failed tests (orders::ship and 1 more)"),
        ),
        (harness(1, &[Passed]), 100, status(1)),
        // The junit file.
        (read(0, &[Passed, Skipped]), 0, String::new()),
        (
            read(0, &[Passed, Failed]),
            100,
            format!("{ended} e2e/out.xml has 1 failed test (orders::ship)"),
        ),
        (
            read(0, &[Skipped]),
            4,
            "no test ran: all of e2e/out.xml were skipped".into(),
        ),
        (read(0, &[]), 4, "no test ran: e2e/out.xml has none".into()),
        (read(5, &[]), 4, "no test ran".into()),
        (read(1, &[]), 100, status(1)),
        (
            file(0, Junit::Unwritten),
            4,
            format!("{ended} e2e/out.xml was not written"),
        ),
        (
            file(0, unreadable()),
            4,
            format!("{ended} e2e/out.xml is unreadable: it is no JUnit XML"),
        ),
        (file(1, Junit::Unwritten), 100, status(1)),
        (
            both,
            100,
            format!("{ended} e2e/out.xml has 1 failed test (orders::ship)"),
        ),
        // Several attempts.
        (
            again(0, &["orders::ship"]),
            100,
            "1 failed test (orders::ship) after 3 attempts".into(),
        ),
        (again(1, &[]), 100, status(1)),
        (
            Evidence {
                flaky: vec!["orders::ship".to_owned()],
                ..again(0, &[])
            },
            100,
            format!("{ended} 1 flaky test (orders::ship), and `flaky` is `fail`"),
        ),
    ];
    for (evidence, code, message) in table {
        let word = judge(&evidence);
        let verdict = word.as_ref().map_or(Verdict::Passed, |word| word.verdict);
        assert_eq!(exit_code(verdict, None), code, "{evidence:?}");
        assert_eq!(word.map_or_else(String::new, |word| word.message), message);
    }
}

#[test]
fn each_entry_of_junit_must_name_a_file_with_a_test_that_ran() {
    use StageStatus::{Failed, Passed, Skipped};
    let read = |statuses: &[StageStatus]| Junit::Read(tests(statuses));
    let judged = |entries: Vec<JunitEntry>| {
        let junit = Evidence {
            junit: entries,
            ..evidence(0)
        };
        judge(&junit).map(|word| (exit_code(word.verdict, None), word.message))
    };
    let good = || entry("unit.xml", vec![("unit.xml", read(&[Passed]))]);
    // One file of a glob may be empty.
    let glob = vec![("e2e/a.xml", read(&[])), ("e2e/b.xml", read(&[Passed]))];
    assert_eq!(judged(vec![good(), entry("e2e/*.xml", glob)]), None);
    for (files, code, message) in [
        (
            vec![],
            4,
            "test_command ended with 0, but e2e/*.xml matches no file that this run wrote",
        ),
        (
            vec![
                ("e2e/a.xml", read(&[Passed])),
                ("e2e/b.xml", Junit::Unreadable("it is cut short".into())),
            ],
            4,
            "test_command ended with 0, but e2e/b.xml is unreadable: it is cut short",
        ),
        (
            vec![("e2e/a.xml", read(&[])), ("e2e/b.xml", read(&[Skipped]))],
            4,
            "no test ran: all of e2e/*.xml were skipped",
        ),
        (
            vec![
                ("e2e/a.xml", Junit::Unwritten),
                ("e2e/b.xml", read(&[Failed])),
            ],
            100,
            "test_command ended with 0, but e2e/b.xml has 1 failed test (orders::ship)",
        ),
    ] {
        assert_eq!(
            judged(vec![good(), entry("e2e/*.xml", files)]),
            Some((code, message.to_owned()))
        );
    }
}

#[test]
fn a_signal_beats_the_host_beats_tests_beats_stages_and_nothing_is_no_pass() {
    use Verdict::{Failed, HostError, InternalError, Interrupted, Leaked, Passed};
    for (said, signal, verdict) in [
        (None, None, InternalError),
        (Some(Passed), None, Passed),
        (Some(Leaked), None, Leaked),
        (Some(Failed), None, Failed),
        (Some(HostError), Some(Signal::Int), Interrupted),
        (Some(Passed), Some(Signal::Term), Interrupted),
    ] {
        assert_eq!(of_run(said, signal), verdict, "{said:?} {signal:?}");
    }
}

#[test]
fn a_test_that_did_not_end_is_named_so() {
    let mut open = test("orders::ship", StageStatus::Failed);
    open.message = Some(TestRecord::NO_END.to_owned());
    let evidence = Evidence {
        events: Events::Read(vec![open]),
        ..evidence(0)
    };
    assert_eq!(
        judge(&evidence).expect("it is no pass").message,
        "test_command ended with 0, but E2E_EVENTS has 1 test that did not end (orders::ship)"
    );
}
