//! When tests ran, by files that say more or less of it.

use super::read_with_times;
use super::tests::GO;
use crate::record::outcome::TestRecord;

fn at(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

fn seconds(xml: &str, ran: (&str, &str)) -> Vec<(String, f64, f64)> {
    let (from, to) = (at(ran.0), at(ran.1));
    let since = |time: jiff::Timestamp| time.duration_since(from).as_secs_f64();
    let tests = read_with_times(xml, (from, to)).unwrap();
    let timed = |test: &TestRecord| {
        let (from, to) = test.span()?;
        Some((test.name.clone(), since(from), since(to)))
    };
    tests.iter().filter_map(timed).collect()
}

/// Returns how much later the first test may have begun.
fn uncertain(xml: &str, ran: (&str, &str)) -> u64 {
    read_with_times(xml, (at(ran.0), at(ran.1))).unwrap()[0].uncertain_ms
}

#[test]
fn tests_ran_one_after_the_other_from_the_time_of_their_suite_on() {
    let ran = ("2026-11-22T13:00:00Z", "2026-11-22T13:00:09Z");
    let go = seconds(GO, ran);
    assert_eq!(go[0], ("example.com/shop::TestShip".to_owned(), 0.0, 0.0));
    assert_eq!(go[1].1..go[1].2, 0.0..0.01);
    // A time without a zone is of the zone in which the tests ran then.
    let pytest = r#"<testsuite name="pytest" errors="0" failures="0" tests="2" time="3.1" timestamp="TIME">
        <testcase classname="a" name="one" time="1.0"/><testcase classname="a" name="two" time="2.0"/></testsuite>"#;
    for (stamp, known) in [
        ("2026-11-22T13:00:05.5", true),
        ("2026-11-22T18:30:05.500000", true),
        ("2026-11-22T18:30:05.500000+05:30", true),
        ("2026-11-22T13:07:05.5", false),
        ("2026-11-21T13:00:05.5", false),
        ("yesterday", false),
    ] {
        let times = seconds(&pytest.replace("TIME", stamp), ran);
        let expected = [("a::one", 5.5, 6.5), ("a::two", 6.5, 8.5)];
        let expected = expected.map(|(name, from, to)| (name.to_owned(), from, to));
        assert_eq!(
            times,
            if known { expected.to_vec() } else { Vec::new() },
            "{stamp}"
        );
    }
    // In half an hour, several zones may be meant.
    let long = ("2026-11-22T13:00:00Z", "2026-11-22T13:30:00Z");
    assert!(seconds(&pytest.replace("TIME", "2026-11-22T13:00:05"), long).is_empty());
    // More time than the suite took: they ran beside each other.
    let beside = pytest
        .replace("3.1", "2.0")
        .replace("TIME", "2026-11-22T13:00:05Z");
    assert!(seconds(&beside, ran).is_empty());
    assert!(seconds(&pytest.replace("timestamp", "t"), ran).is_empty());
}

#[test]
fn what_a_file_does_not_say_of_times_makes_them_uncertain() {
    let ran = ("2026-11-22T13:00:00Z", "2026-11-22T13:00:30Z");
    let xml = |root: &str, suite: &str, case: &str| {
        format!(
            "<testsuites {root}><testsuite name='s' {suite}><testcase name='a' time='1' {case}/>\
             <testcase name='b' time='2'/></testsuite></testsuites>"
        )
    };
    for (root, suite, case, expected) in [
        ("", "time='3' timestamp='2026-11-22T13:00:05.250Z'", "", 0),
        // Collecting, fixtures of the session: the suite took longer than its tests.
        (
            "",
            "time='8.5' timestamp='2026-11-22T13:00:05.250Z'",
            "",
            5500,
        ),
        // Seconds that were cut.
        ("", "time='3' timestamp='2026-11-22T13:00:05Z'", "", 1000),
        // What starts the only suite, or compiles it.
        (
            "time='9'",
            "time='3' timestamp='2026-11-22T13:00:05.250Z'",
            "",
            6000,
        ),
        // Its own time counts.
        ("", "time='9'", "timestamp='2026-11-22T13:00:05.250Z'", 0),
        ("", "time='9'", "timestamp='2026-11-22T13:00:05Z'", 1000),
        // vitest writes down when it ends.
        (
            "name='vitest tests'",
            "time='3' timestamp='2026-11-22T13:00:25.500Z'",
            "",
            24_500,
        ),
    ] {
        let xml = xml(root, suite, case);
        assert_eq!(uncertain(&xml, ran), expected, "{xml}");
    }
    // All suites of Playwright and gotestsum have the begin of the whole.
    let suite = "<testsuite name='s' time='1' timestamp='2026-11-22T13:00:05.5Z'><testcase name='a' time='1'/></testsuite>";
    let two = format!("<testsuites time='7'>{suite}{suite}</testsuites>");
    assert_eq!(uncertain(&two, ran), 6000);
    let apart = two.replacen("05.5Z", "08.5Z", 1);
    assert_eq!(uncertain(&apart, ran), 0);
}

#[test]
fn a_test_s_own_time_counts_most() {
    let xml = r#"<testsuite name="s" errors="0" failures="0" tests="2" time="2">
        <testcase name="a" time="1.5" timestamp="2026-11-22T13:00:01Z"/><testcase name="b" time="1.5" timestamp="2026-11-22T13:00:02Z"/></testsuite>"#;
    let ran = ("2026-11-22T13:00:00Z", "2026-11-22T13:00:09Z");
    assert_eq!(
        seconds(xml, ran),
        [("a".to_owned(), 1.0, 2.5), ("b".to_owned(), 2.0, 3.5)]
    );
}
