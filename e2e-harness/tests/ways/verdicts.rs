use e2e_harness::protocol::record::{Entry, Status};

use crate::play::{Play, Ran, Way, place};

const VERDICTS: [(&str, &str); 18] = [
    ("blocks", "FAILED"),
    ("currency::eur", "ok"),
    ("currency::pound", "ok"),
    ("deeper::still::passes_in_a_module", "ok"),
    ("does_not_panic", "FAILED"),
    ("fails_at_a_step", "FAILED"),
    ("fails_oddly", "FAILED"),
    ("hangs", "FAILED"),
    ("has_a_broken_fixture", "FAILED"),
    ("has_a_sticky_fixture", "FAILED"),
    ("is_ignored", "ignored"),
    ("panics_as_it_should", "ok"),
    ("panics_at_a_step", "FAILED"),
    ("panics_otherwise", "FAILED"),
    ("passes", "ok"),
    ("passes_async", "ok"),
    ("passes_on_the_second_try", "ok"),
    ("wants_words", "FAILED"),
];

/// The start of what is said of each failure.
const MESSAGES: [(&str, &str); 10] = [
    (
        "blocks",
        "timed out after 0.2 s; it blocks, so its thread could not be stopped",
    ),
    ("does_not_panic", "it should panic, but did not"),
    (
        "fails_at_a_step",
        "at step `pay it > charge the card`: refused (test at ",
    ),
    ("fails_oddly", "Odd(7) (test at "),
    ("hangs", "at step `wait for ever`: timed out after 0.2 s"),
    (
        "has_a_broken_fixture",
        "fixture verdicts::Broken: no such account",
    ),
    (
        "has_a_sticky_fixture",
        "closing fixture verdicts::Sticky: it sticks",
    ),
    (
        "panics_at_a_step",
        "at step `look for it`: panicked: a row, at e2e-harness/tests/suite/tests/verdicts.rs:",
    ),
    (
        "panics_otherwise",
        "it should panic with `overdrawn`, but panicked with: no such account, at",
    ),
    ("wants_words", "two words: one word"),
];

fn check(way: Way, ran: &Ran) {
    // nextest does not run what is ignored, so nobody records it.
    let mut expected = VERDICTS.to_vec();
    expected.retain(|(_, verdict)| way != Way::Nextest || *verdict != "ignored");
    ran.has_verdicts(&expected);
    for (name, start) in MESSAGES {
        ran.says(name, start, "");
    }
    let said = format!("{}{}", ran.stdout, ran.stderr);
    let retried = "passes_on_the_second_try passed on attempt 2 of 3";
    // nextest shows what a test prints only when it fails.
    assert!(way == Way::Nextest || said.contains(retried), "{said}");
}

#[test]
fn cargo_test_runs_them_on_threads_and_says_what_that_means() {
    let ran = Play::new().run(Way::Threads, "verdicts", &[]);
    ran.ended(101);
    check(Way::Threads, &ran);
    ran.stderr_has("tests run on threads of one process");
    assert!(ran.entries.is_empty());
}

#[test]
fn cargo_e2e_runs_each_in_a_process_and_shows_what_failures_printed() {
    let ran = Play::new().run(Way::Children, "verdicts", &[]);
    ran.ended(101);
    check(Way::Children, &ran);
    let failure = ran.shown("fails_at_a_step");
    let lines = [
        "at step `pay it > charge the card`: refused",
        "loud is made",
        "place an order ... ok 0.0",
        "charge the card ... FAILED 0.0",
        "pay it ... FAILED 0.0",
        "loud is closed",
    ];
    let mut rest = failure;
    for line in lines {
        rest = rest
            .split_once(line)
            .unwrap_or_else(|| panic!("{line} in {failure}"))
            .1;
    }
    let panic = ran.shown("panics_at_a_step");
    assert!(panic.contains("loud is closed"), "{panic}");
    assert_eq!(ran.stdout.matches("a row").count(), 1, "{}", ran.stdout);
    let hidden = "nobody wants to see this";
    assert!(!ran.stdout.contains(hidden), "{}", ran.stdout);
    records_tell_it_all(&ran);
}

fn records_tell_it_all(ran: &Ran) {
    let of = |name: &str| -> Vec<String> {
        let lines = ran.entries.iter().map(|entry| match entry {
            Entry::TestStarted { test, attempt, .. } => (test, format!("try {attempt}")),
            Entry::StepStarted {
                test, step, depth, ..
            } => (test, format!("{depth} {step}")),
            Entry::StepEnded {
                test,
                step,
                status,
                message,
                ..
            } => {
                let message = message.as_deref().unwrap_or_default();
                (test, format!("{step} {status:?} {message}"))
            }
            Entry::TestEnded {
                test,
                attempt,
                status,
                message,
                ..
            } => {
                let message = message.as_deref().unwrap_or_default();
                (test, format!("tried {attempt} {status:?} {message}"))
            }
        });
        let own = lines.filter(|(test, _)| *test == name);
        own.map(|(_, line)| line).collect()
    };
    assert_eq!(
        of("passes_async"),
        [
            "try 1",
            "0 outer",
            "1 inner",
            "inner Passed ",
            "outer Passed ",
            "tried 1 Passed "
        ]
    );
    let at = place("verdicts", "passes_on_the_second_try");
    assert_eq!(
        of("passes_on_the_second_try"),
        [
            "try 1",
            &format!("tried 1 Failed the first try {at}"),
            "try 2",
            "tried 2 Passed passed on attempt 2"
        ]
    );
    assert_eq!(of("is_ignored"), ["tried 1 Ignored issue 12"]);
    let at = place("verdicts", "hangs");
    assert_eq!(
        of("hangs"),
        [
            "try 1",
            "0 wait for ever",
            "wait for ever Failed it was cut off",
            &format!("tried 1 Failed at step `wait for ever`: timed out after 0.2 s {at}"),
        ]
    );
    let took = ran.entries.iter().find_map(|entry| match entry {
        Entry::TestEnded {
            test,
            duration_ms,
            status: Status::Failed,
            ..
        } if test == "hangs" => Some(*duration_ms),
        _ => None,
    });
    assert!(took.is_some_and(|took| took >= 200), "{took:?}");
}

#[test]
fn a_backtrace_shows_the_test_and_not_the_harness() {
    let mut play = Play::new();
    play.set("RUST_BACKTRACE", "1");
    let ran = play.run(Way::Children, "verdicts", &["panics_at_a_step"]);
    let shown = ran.stdout.contains("verdicts::panics_at_a_step");
    assert!(shown, "{}", ran.stdout);
    for hidden in ["e2e_harness::run", "block_on", "e2e_harness::body::run"] {
        assert!(!ran.stdout.contains(hidden), "{hidden}: {}", ran.stdout);
    }
}

#[test]
fn nextest_gives_the_same_verdicts() {
    let ran = Play::new().run(Way::Nextest, "verdicts", &[]);
    ran.ended(100);
    check(Way::Nextest, &ran);
    ran.stderr_has("17 tests run: 7 passed, 10 failed, 1 skipped");
}
