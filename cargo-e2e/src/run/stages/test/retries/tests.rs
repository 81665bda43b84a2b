use std::time::Duration;

use super::*;
use crate::record::samples::test;
use StageStatus::{Failed, Passed, Skipped};

fn of(statuses: &[(&str, StageStatus)]) -> Vec<TestRecord> {
    statuses
        .iter()
        .map(|(name, status)| test(name, *status))
        .collect()
}

fn evidence(status: i32, tests: &[TestRecord]) -> Evidence {
    Evidence {
        who: "test_command".to_owned(),
        ended: vec![Ended::Status(status)],
        timeout: Duration::from_secs(5),
        harness: false,
        events: Events::Read(Vec::new()),
        unrecorded: Vec::new(),
        empty: Vec::new(),
        junit: vec![JunitEntry {
            written: "out.xml".to_owned(),
            files: vec![("out.xml".to_owned(), Junit::Read(tests.to_vec()))],
        }],
        attempts: 1,
        still_failed: Vec::new(),
        flaky: Vec::new(),
    }
}

/// Two attempts: how it ends, and the statuses of the tests.
fn two(
    first: &[(&str, StageStatus)],
    second: &[(&str, StageStatus)],
    (status, only_failed): (i32, bool),
) -> (Option<String>, Vec<(String, StageStatus, bool)>) {
    let mut tests = of(first);
    let new = of(second);
    let before = evidence(1, &tests);
    let after = evidence(status, &new);
    let all = joined(before, after, only_failed, &mut tests, new);
    let word = verdict::judge(&all).map(|word| word.message);
    let tests = tests
        .into_iter()
        .map(|one| (one.name, one.status, one.flaky));
    (word, tests.collect())
}

#[test]
fn a_test_counts_by_its_last_attempt() {
    let first = [("a", Passed), ("b", Failed), ("c", Failed)];
    let (word, tests) = two(&first, &[("b", Passed), ("c", Passed)], (0, true));
    assert_eq!(word, None);
    assert_eq!(tests[0], ("a".to_owned(), Passed, false));
    assert_eq!(tests[1], ("b".to_owned(), Passed, true));
    // Jest and Playwright say of all others that they were skipped.
    let (word, tests) = two(
        &first,
        &[("a", Skipped), ("b", Passed), ("c", Failed)],
        (1, true),
    );
    assert_eq!(word.as_deref(), Some("1 failed test (c) after 2 attempts"));
    assert_eq!(tests[0].1, Passed);
    // All ran again, and another one failed.
    let (word, _) = two(
        &first,
        &[("a", Failed), ("b", Passed), ("c", Passed)],
        (1, false),
    );
    assert_eq!(word.as_deref(), Some("1 failed test (a) after 2 attempts"));
}

#[test]
fn a_failed_test_that_does_not_run_again_has_failed_whatever_the_status() {
    let first = [("a", Passed), ("b", Failed), ("c", Failed)];
    for again in [&[("c", Passed)][..], &[("b", Skipped), ("c", Passed)]] {
        for only_failed in [true, false] {
            let (word, tests) = two(&first, again, (0, only_failed));
            assert_eq!(word.as_deref(), Some("1 failed test (b) after 2 attempts"));
            assert_eq!(tests[1].1, Failed);
        }
    }
}

#[test]
fn a_status_or_a_new_failure_of_the_last_attempt_counts() {
    let first = [("a", Failed)];
    let (word, _) = two(&first, &[("a", Passed)], (1, true));
    assert_eq!(word.as_deref(), Some("the tests failed (exit status 1)"));
    let (word, _) = two(&first, &[("a", Passed), ("conftest", Failed)], (0, true));
    assert_eq!(
        word.as_deref(),
        Some("1 failed test (conftest) after 2 attempts")
    );
}

#[test]
fn of_twins_the_one_that_failed_still_counts() {
    let first = [("a", Failed), ("a", Failed)];
    let (word, _) = two(&first, &[("a", Passed), ("a", Failed)], (0, true));
    assert_eq!(word.as_deref(), Some("1 failed test (a) after 2 attempts"));
    let (word, _) = two(&first, &[("a", Passed)], (0, true));
    assert_eq!(word.as_deref(), Some("1 failed test (a) after 2 attempts"));
}

#[test]
fn every_attempt_is_recorded() {
    let mut once = of(&[("a", Failed)]);
    once[0].message = Some("no route".to_owned());
    let mut all = merged(once, of(&[("a", Failed)]));
    all = merged(all, of(&[("a", Passed)]));
    let statuses: Vec<StageStatus> = all[0].attempts.iter().map(|one| one.status).collect();
    assert_eq!(statuses, [Failed, Failed, Passed]);
    assert_eq!(
        notes(&all),
        ["flaky: a passed on attempt 3; before that: no route"]
    );
    fail(&mut all);
    assert_eq!(all[0].status, Failed);
    let message = all[0].message.as_deref();
    let said = "flaky: it passed on attempt 3, after it had failed\nno route";
    assert_eq!(message, Some(said));
}

#[test]
fn what_was_skipped_and_then_ran_counts_as_it_ran() {
    let first = [("setup", Failed), ("pays", Skipped)];
    let (word, tests) = two(&first, &[("setup", Passed), ("pays", Passed)], (0, true));
    assert_eq!(word, None);
    assert_eq!(tests[1], ("pays".to_owned(), Passed, false));
    let (word, _) = two(&first, &[("setup", Passed), ("pays", Failed)], (1, true));
    assert_eq!(
        word.as_deref(),
        Some("1 failed test (pays) after 2 attempts")
    );
}

#[test]
fn a_test_that_only_the_retry_lists_and_skips_has_not_run() {
    // jest-junit leaves a file out that failed to load.
    let (word, _) = two(
        &[("pays", Failed)],
        &[("pays", Passed), ("ships", Skipped)],
        (0, true),
    );
    assert_eq!(
        word.as_deref(),
        Some("1 failed test (ships) after 2 attempts")
    );
}

#[test]
fn names_that_two_files_shared_stay_known() {
    let first = [
        ("a::ships", Passed),
        ("b::ships", Failed),
        ("b::pays", Failed),
    ];
    let second = [("b::ships", Passed), ("pays", Passed)];
    let (word, tests) = two(&first, &second, (0, true));
    assert_eq!(word, None);
    assert_eq!(tests[2], ("b::pays".to_owned(), Passed, true));
    let (word, _) = two(&first, &[("ships", Passed), ("pays", Passed)], (0, true));
    assert_eq!(
        word.as_deref(),
        Some("1 failed test (b::ships) after 2 attempts")
    );
}

#[test]
fn what_last_failed_names_must_run() {
    let named = ["orders", "top"].map(str::to_owned);
    let missing = |tests: &[(&str, StageStatus)]| did_not_run(&named, &of(tests)).cloned();
    assert_eq!(missing(&[("top", Passed)]).as_deref(), Some("orders"));
    let skipped = [("top", Skipped), ("orders > pays", Passed)];
    assert_eq!(missing(&skipped).as_deref(), Some("top"));
    assert_eq!(missing(&[("top", Passed), ("orders > pays", Failed)]), None);
}
