use std::process::Stdio;

use e2e_harness::protocol::record::{Entry, Status};
use e2e_harness::protocol::{EVENTS, GREETING, HELLO};

use crate::play::{Play, Ran, Way, binary, place};

fn check(ran: &Ran) {
    let expected = [
        ("a_runs_its_own_binary", "ok"),
        ("b_passes_and_then_aborts", "FAILED"),
        ("c_panics_as_it_should_and_then_aborts", "FAILED"),
    ];
    ran.has_verdicts(&expected);
    for name in [expected[1].0, expected[2].0] {
        let said = "the test passed, and then its process ended with signal 6 (SIGABRT) (test at ";
        ran.says(name, said, &place("processes", name));
    }
    // The record's last word is the parent's, which alone has seen the end.
    let last = ran.entries.iter().rev().find_map(|entry| match entry {
        Entry::TestEnded { test, status, .. } if test == expected[1].0 => Some(*status),
        _ => None,
    });
    assert_eq!(last, Some(Status::Failed));
}

#[test]
fn how_a_process_ends_after_its_test_counts() {
    let ran = Play::new().run(Way::Children, "processes", &[]);
    ran.ended(101);
    check(&ran);
    ran.stdout_has("failed 2 times, the last time: ");
}

#[test]
fn it_counts_under_nextest_too() {
    let ran = Play::new().run(Way::Nextest, "processes", &[]);
    ran.ended(100);
    check(&ran);
}

#[test]
fn retries_of_nextest_have_numbers_of_their_own() {
    let ran = Play::new().run(Way::Nextest, "processes", &["--retries=1", "c_panics"]);
    let began = ran.entries.iter().filter_map(|entry| match entry {
        Entry::TestStarted { attempt, .. } => Some(*attempt),
        _ => None,
    });
    // Two of the harness for each of nextest's.
    assert_eq!(began.collect::<Vec<_>>(), [1, 2, 3, 4], "{}", ran.all());
}

/// What is said of tests of one name, whoever asks the target for what.
fn check_twins(ran: &Ran) {
    assert!(ran.code.is_some_and(|code| code != 0), "{}", ran.all());
    let suite = "e2e-harness/tests/suite";
    let said = format!(
        "e2e-harness: 2 tests are named `smoke::works`\n  at {suite}/src/lib.rs:9\n  at {suite}/tests/twins.rs:8\n\
         e2e-harness: 2 tests are named `twin`\n  at {suite}/tests/twins.rs:16\n  at {suite}/tests/twins.rs:21\n\
         help: rename all but one of each"
    );
    // nextest moves it to the right.
    let flat = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    assert!(flat(&ran.stderr).contains(&flat(&said)), "{}", ran.all());
    assert!(ran.entries.is_empty(), "{:?}", ran.entries);
}

#[test]
fn tests_of_one_name_are_refused() {
    for way in [Way::Children, Way::Threads, Way::Nextest] {
        check_twins(&Play::new().run(way, "twins", &[]));
    }
    check_twins(&Play::outside().run(Way::Threads, "twins", &[]));
    let twins = binary(&["--test", "twins"]);
    for arguments in [&["--list"][..], &["--e2e-harness-order", ORDER]] {
        let play = Play::new();
        check_twins(&play.finish(play.command(&twins).args(arguments)));
    }
}

/// As a child of the target would get it.
const ORDER: &str = r#"{"test":"twin","attempt":1,"report":"/nowhere/report","parent":0}"#;

#[test]
fn tests_of_one_name_are_refused_in_the_greeting() {
    let mut play = Play::outside();
    play.set(HELLO, "1");
    let ran = play.finish(&mut play.command(&binary(&["--test", "twins"])));
    assert_eq!(ran.stdout, format!("{GREETING}\n"));
    check_twins(&ran);
}

#[test]
fn a_target_that_is_compiled_anew_meanwhile_goes_on() {
    let play = Play::new();
    let copy = play.path().join("processes");
    std::fs::copy(binary(&["--test", "processes"]), &copy).expect("it is there");
    let mut command = play.command(&copy);
    command
        .args(["and_then_aborts", "--test-threads=1"])
        .env(EVENTS, play.path().join("events.jsonl"))
        .stdout(Stdio::piped());
    let target = command.spawn().expect("it runs");
    // Cargo removes the old program before it writes the new one.
    std::fs::remove_file(&copy).expect("it is there");
    let output = target.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("SIGABRT") && !said.contains("could not be run"),
        "{said}"
    );
}
