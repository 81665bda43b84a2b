//! Lines of tests that fail, are tried again, share a name, or have no end.

use super::*;

const AT: &str = "2026-01-01T00:00:00Z";

fn started(test: &str, attempt: u32) -> Entry {
    Entry::TestStarted {
        test: test.into(),
        attempt,
        at: AT.into(),
    }
}

fn over(test: &str, attempt: u32, status: Status) -> Entry {
    Entry::TestEnded {
        test: test.into(),
        attempt,
        status,
        duration_ms: 7,
        message: (status != Status::Passed).then(|| "why".into()),
        at: AT.into(),
    }
}

fn step(test: &str, step: &str, depth: u32) -> Entry {
    Entry::StepStarted {
        test: test.into(),
        step: step.into(),
        depth,
        at: AT.into(),
    }
}

fn step_over(test: &str, step: &str, depth: u32) -> Entry {
    Entry::StepEnded {
        test: test.into(),
        step: step.into(),
        depth,
        status: Status::Passed,
        duration_ms: 3,
        message: None,
    }
}

fn text(entries: &[Entry]) -> Vec<u8> {
    let lines = entries
        .iter()
        .map(|entry| serde_json::to_string(entry).expect("JSON"));
    lines
        .flat_map(|line| line.into_bytes().into_iter().chain(*b"\n"))
        .collect()
}

#[test]
fn lines_of_several_tests_may_mix_and_the_last_may_be_torn() {
    let mut told = text(&[
        started("a", 1),
        started("b", 1),
        step("a", "outer", 0),
        step("a", "inner", 1),
        over("b", 1, Status::Passed),
        step_over("a", "inner", 1),
    ]);
    told.extend(b"{\"event\":\"step_en");
    let end = "2026-01-01T00:00:09Z".parse().unwrap();
    let tests = end_at(read(&told, "e2e::", false), end);
    let took = tests.iter().map(|test| test.duration_ms);
    assert_eq!(took.collect::<Vec<_>>(), [9000, 7]);
    let statuses: Vec<_> = tests
        .iter()
        .map(|test| (test.name.as_str(), test.status))
        .collect();
    assert_eq!(
        statuses,
        [
            ("e2e::a", StageStatus::Failed),
            ("e2e::b", StageStatus::Passed)
        ]
    );
    assert_eq!(tests[0].message.as_deref(), Some(TestRecord::NO_END));
    let kept = named(&told, "e2e::");
    assert_eq!(end_at(read(&kept, "", false), end), tests);
    assert!(kept.ends_with(b"{\"event\":\"step_en"));
    let steps: Vec<_> = tests[0]
        .steps
        .iter()
        .map(|step| (step.depth, step.status))
        .collect();
    assert_eq!(steps, [(0, StageStatus::Failed), (1, StageStatus::Passed)]);
    assert_eq!(read(&told, "", true)[0].0.status, StageStatus::Interrupted);
}

#[test]
fn the_last_try_of_a_test_counts() {
    let told = text(&[
        started("a", 1),
        step("a", "first", 0),
        over("a", 1, Status::Failed),
        started("a", 2),
        over("a", 2, Status::Passed),
    ]);
    let told = read(&told, "", false);
    let [(test, None)] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!((test.status, test.steps.len()), (StageStatus::Passed, 0));
    assert_eq!(test.message, None);
}

/// The only test of these lines: how it ended, and the message.
fn only(entries: &[Entry]) -> (StageStatus, Option<String>) {
    let told = read(&text(entries), "", false);
    let [(test, _)] = told.as_slice() else {
        panic!("{told:?}");
    };
    (test.status, test.message.clone())
}

#[test]
fn the_worst_of_tests_of_one_name_counts() {
    let failed = (StageStatus::Failed, Some("why".to_owned()));
    let (begins, fails) = (started("a", 1), over("a", 1, Status::Failed));
    let passes = over("a", 1, Status::Passed);
    let ignored = over("a", 1, Status::Ignored);
    // One after another, at once, and of writers that tell of ends alone.
    for entries in [
        &[&begins, &fails, &begins, &passes][..],
        &[&begins, &passes, &begins, &fails],
        &[&begins, &begins, &fails, &passes],
        &[&begins, &begins, &passes, &fails],
        &[&fails, &passes],
        &[&begins, &fails, &ignored],
    ] {
        let entries: Vec<Entry> = entries.iter().copied().cloned().collect();
        assert_eq!(only(&entries), failed, "{entries:?}");
    }
    let open = [
        started("a", 1),
        started("a", 1),
        over("a", 1, Status::Passed),
    ];
    assert_eq!(only(&open).1.as_deref(), Some(TestRecord::NO_END));
    let skipped_later = [started("a", 1), passes, ignored];
    assert_eq!(only(&skipped_later).0, StageStatus::Passed);
}

#[test]
fn a_retry_counts_for_the_try_that_it_repeats() {
    use Status::{Failed, Passed};
    let try_of = |attempt, status| [started("a", attempt), over("a", attempt, status)];
    let all = |tries: &[[Entry; 2]]| only(&tries.concat()).0;
    // Of two that failed, one was tried again; then both.
    let one = [try_of(1, Failed), try_of(1, Failed), try_of(2, Passed)];
    assert_eq!(all(&one), StageStatus::Failed);
    let both = [&one[..], &[try_of(2, Failed), try_of(3, Passed)]].concat();
    assert_eq!(all(&both), StageStatus::Passed);
    // What passed before is no try of it.
    let other = [try_of(1, Passed), try_of(1, Failed), try_of(2, Passed)];
    assert_eq!(all(&other), StageStatus::Passed);
    let again = [try_of(1, Failed), try_of(2, Passed), try_of(1, Failed)];
    assert_eq!(all(&again), StageStatus::Failed);
    // The first try was killed with who ran it, after any number of tries.
    let mut killed = vec![started("a", 1)];
    killed.extend(try_of(4, Passed));
    assert_eq!(only(&killed).0, StageStatus::Passed);
    // A process that dies after its test passed takes that back, until the next try.
    let mut taken_back = try_of(1, Passed).to_vec();
    taken_back.push(over("a", 1, Failed));
    assert_eq!(only(&taken_back).0, StageStatus::Failed);
    taken_back.extend(try_of(2, Passed));
    assert_eq!(only(&taken_back).0, StageStatus::Passed);
}

#[test]
fn lines_without_a_number_are_of_a_first_try() {
    let mut told = text(&[started("a", 1), over("a", 1, Status::Failed)]);
    told.extend(text(&[started("a", 1), over("a", 1, Status::Passed)]));
    let told = String::from_utf8(told)
        .unwrap()
        .replace("\"attempt\":1,", "");
    assert!(!told.contains("attempt"), "{told}");
    let told = read(told.as_bytes(), "", false);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0.status, StageStatus::Failed);
}

#[test]
fn ignored_tests_did_not_run() {
    let told = read(&text(&[over("a", 1, Status::Ignored)]), "", false);
    let tests = end_at(told, Timestamp::now());
    assert_eq!(tests[0].message.as_deref(), Some("why"));
    assert_eq!(tests[0].status, StageStatus::Skipped);
}
