use e2e_harness::protocol::record::{Entry, Status};

use crate::play::{Play, Ran, Way, place};

fn check(ran: &Ran) {
    let verdicts: Vec<_> = ran.verdicts().into_iter().collect();
    let expected = [
        ("a_runs_its_own_binary", "ok"),
        ("b_passes_and_then_aborts", "FAILED"),
        ("c_panics_as_it_should_and_then_aborts", "FAILED"),
    ];
    assert_eq!(
        verdicts,
        expected.map(|(name, verdict)| (name.to_owned(), verdict)),
        "{}",
        ran.all()
    );
    for name in [expected[1].0, expected[2].0] {
        let said = "the test passed, and then its process ended with signal 6 (SIGABRT) (test at ";
        let message = ran.message(name);
        assert!(message.starts_with(said), "{message}");
        assert!(message.contains(&place("processes", name)), "{message}");
    }
    // The record's last word is the parent's, which alone has seen the end.
    let b =
        |entry: &&Entry| matches!(entry, Entry::TestEnded { test, .. } if test == expected[1].0);
    let last = ran.entries.iter().rfind(b);
    assert!(
        matches!(
            last,
            Some(Entry::TestEnded {
                status: Status::Failed,
                ..
            })
        ),
        "{last:?}"
    );
}

#[test]
fn how_a_process_ends_after_its_test_counts() {
    let ran = Play::new().run(Way::Children, "processes", &[]);
    assert_eq!(ran.code, Some(101), "{}", ran.all());
    check(&ran);
    assert!(
        ran.stdout.contains("failed 2 times, the last time: "),
        "{}",
        ran.all()
    );
}

#[test]
fn it_counts_under_nextest_too() {
    let ran = Play::new().run(Way::Nextest, "processes", &[]);
    assert_eq!(ran.code, Some(100), "{}", ran.all());
    check(&ran);
}

#[test]
fn two_tests_of_one_name_are_refused() {
    for way in [Way::Children, Way::Threads] {
        let ran = Play::new().run(way, "twins", &[]);
        assert_eq!(ran.code, Some(101), "{}", ran.all());
        let said = "two tests are called `twin`, and only one would run";
        assert!(ran.stderr.contains(said), "{}", ran.all());
    }
    let listed = Play::new().run(Way::Threads, "twins", &["--list"]);
    assert_eq!(listed.code, Some(101), "{}", listed.all());
}
