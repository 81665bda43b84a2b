use std::io::Write as _;
use std::process::{Command, Stdio};

use quick_junit::Report;

use super::*;
use crate::record::outcome::{Record, Stage, StageStatus, StepRecord, Verdict};
use crate::record::samples::{failed, test};

const PYTEST: &str = r#"<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4" time="0.123" timestamp="2026-11-22T13:00:00.123456" hostname="h"><testcase classname="e2e.tests.test_orders" name="test_ok[a&amp;b]" time="0.001" /><testcase classname="e2e.tests.test_orders" name="test_bad" time="0.002"><failure message="assert 3 == 4">def test_bad():
&gt;       assert 3 == 4
E       assert 3 == 4

e2e/tests/test_orders.py:12: AssertionError</failure></testcase><testcase classname="e2e.tests.test_orders" name="test_skip" time="1,024.0"><skipped type="pytest.skip" message="not today">/x.py:3: not today</skipped></testcase><testcase classname="" name="e2e.tests.test_broken" time="0.0"><error message="collection failure">ImportError</error></testcase></testsuite></testsuites>"#;

pub(super) const GO: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="2" failures="1">
	<testsuite name="example.com/shop" tests="2" failures="1" errors="0" id="0" hostname="h" time="0.010" timestamp="2026-11-22T13:00:00Z">
		<properties><property name="go.version" value="go1.22 linux/amd64"></property></properties>
		<testcase name="TestShip" classname="example.com/shop" time="0.000"></testcase>
		<testcase name="TestOrder/empty" classname="example.com/shop" time="0.010"><failure message="Failed" type=""><![CDATA[    shop_test.go:17: got 3 < 4]]></failure></testcase>
		<system-out><![CDATA[some]]></system-out>
	</testsuite>
</testsuites>"#;

/// Returns the file for a record, which is valid by the schema of Jenkins' xUnit plugin.
fn valid(record: &Record, output: &str) -> String {
    valid_with(record, output, &Stacks::new())
}

fn valid_with(record: &Record, output: &str, stacks: &Stacks) -> String {
    let xml = write(record, output, stacks);
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemas/junit-10.xsd");
    let mut xmllint = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema", schema, "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("xmllint is installed (Debian: libxml2-utils)");
    let mut stdin = xmllint.stdin.take().unwrap();
    stdin.write_all(xml.as_bytes()).unwrap();
    drop(stdin);
    let output = xmllint.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{xml}");
    xml
}

#[test]
fn what_pytest_and_go_write_is_read() {
    let tests = read(PYTEST).unwrap();
    let named: Vec<_> = tests
        .iter()
        .map(|test| (test.name.as_str(), test.status))
        .collect();
    assert_eq!(
        named,
        [
            ("e2e.tests.test_orders::test_ok[a&b]", StageStatus::Passed),
            ("e2e.tests.test_orders::test_bad", StageStatus::Failed),
            ("e2e.tests.test_orders::test_skip", StageStatus::Skipped),
            ("e2e.tests.test_broken", StageStatus::Failed),
        ]
    );
    let message = tests[1].message.as_deref().unwrap();
    assert!(
        message.starts_with("assert 3 == 4\ndef test_bad"),
        "{message}"
    );
    assert!(message.ends_with("e2e/tests/test_orders.py:12: AssertionError"));

    let tests = read(GO).unwrap();
    assert_eq!(tests[1].name, "example.com/shop::TestOrder/empty");
    assert_eq!(tests[1].duration_ms, 10);
    assert_eq!(
        tests[1].message.as_deref(),
        Some("Failed\nshop_test.go:17: got 3 < 4")
    );

    let suite = PYTEST
        .replace("<testsuites name=\"pytest tests\">", "")
        .replace("</testsuites>", "");
    assert_eq!(read(&suite).unwrap().len(), 4);
    for bad in [
        "",
        "no xml",
        "<html></html>",
        "<testsuites><testsuite name='a'>",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_is_written_can_be_read_again() {
    let mut record = failed(
        Verdict::Failed,
        Stage::Test,
        "the tests failed (exit status 1)",
    );
    record.stages[0].started_at = "2026-11-22T13:00:00.123Z".into();
    let mut bad = test("ships <orders>", StageStatus::Failed);
    bad.message = Some("expected 3\u{1}\u{1b}[31m, got ]]>4\nsecond line".into());
    bad.steps = vec![StepRecord {
        name: "pay".into(),
        status: StageStatus::Failed,
        duration_ms: 7,
        depth: 1,
    }];
    record.tests = vec![bad, test("other", StageStatus::Passed)];
    let xml = valid(&record, "output \u{0} & <more>");
    let report = Report::deserialize_from_str(&xml).unwrap();
    let suites: Vec<_> = report
        .test_suites
        .iter()
        .map(|suite| (suite.name.as_str(), suite.tests, suite.failures))
        .collect();
    assert_eq!(suites, [("activity-core", 2, 1)]);
    assert!(xml.contains("<system-out>  pay failed in 7 ms"), "{xml}");
    let again = read(&xml).unwrap();
    assert_eq!(again[0].name, "activity-core::ships <orders>");
    let message = again[0].message.as_deref().unwrap();
    assert!(
        message.starts_with("expected 3") && message.ends_with("second line"),
        "{message}"
    );
}

#[test]
fn a_stage_that_failed_is_an_error() {
    let record = failed(Verdict::Unhealthy, Stage::Ready, "web: HTTP 503\nand more");
    let xml = valid(&record, "");
    assert!(
        xml.contains("tests=\"1\" failures=\"0\" errors=\"1\""),
        "{xml}"
    );
    let tests = read(&xml).unwrap();
    assert_eq!(tests.len(), 1);
    assert_eq!(tests[0].name, "activity-core::stages::ready");
    assert_eq!(tests[0].message.as_deref(), Some("web: HTTP 503\nand more"));
}

#[test]
fn what_was_tested_and_what_the_stack_did_is_in_it() {
    let mut record = failed(Verdict::Failed, Stage::Test, "2 of 2 tests failed");
    record.tests = vec![
        test("ship", StageStatus::Failed),
        test("list", StageStatus::Failed),
    ];
    let mut skipped = record.stages[0].clone();
    skipped.name = Stage::Build;
    skipped.status = StageStatus::Skipped;
    record.stages.push(skipped);
    record.git.sha = Some("0123abc".into());
    let stacks = ["ship", "list"].map(|name| format!("while {name} ran (1.00 s)"));
    let by_place = stacks.iter().cloned().enumerate().collect();
    let report = Report::deserialize_from_str(&valid_with(&record, "", &by_place)).unwrap();
    let [tests] = report.test_suites.as_slice() else {
        panic!("{report:?}");
    };
    let told = tests.test_cases.iter().map(|case| {
        let text = case.system_err.as_ref().map(quick_junit::XmlString::as_str);
        (case.name.as_str(), text)
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [("ship", Some(&*stacks[0])), ("list", Some(&*stacks[1]))]
    );
    let is_there = |name: &str, value: &str| {
        let is_it =
            |one: &quick_junit::Property| one.name.as_str() == name && one.value.as_str() == value;
        tests.properties.iter().any(is_it)
    };
    assert!(is_there("host", "railiance01") && is_there("git.sha", "0123abc"));
    assert!(is_there("verdict", "failed") && is_there("exit_code", "100"));
}

#[test]
fn tests_that_failed_without_a_test_that_failed_are_a_failure() {
    let why = "the tests failed (exit status 1)";
    let mut record = failed(Verdict::Failed, Stage::Test, why);
    record.tests = vec![test("list", StageStatus::Passed)];
    let tests = read(&valid(&record, "")).unwrap();
    let told = tests
        .iter()
        .map(|test| (test.status, test.message.as_deref()));
    let expected = [
        (StageStatus::Passed, None),
        (StageStatus::Failed, Some(why)),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[test]
fn without_tests_what_was_printed_is_the_stages() {
    let record = failed(Verdict::NoTests, Stage::Test, "there was no test to run");
    let xml = valid(&record, "collected 0 items");
    let report = Report::deserialize_from_str(&xml).unwrap();
    let printed = report.test_suites[0]
        .system_out
        .as_ref()
        .map(quick_junit::XmlString::as_str);
    assert_eq!(printed, Some("collected 0 items"));
}

#[test]
fn classes_are_not_said_twice_and_colours_not_at_all() {
    let xml = "<testsuite><testcase classname='orders ships' name='orders ships'/>\
               <testcase classname='orders' name='orders ships'/>\
               <testcase classname='a' name='b'><failure message='#x1B[31mred#x1B[0m'/></testcase></testsuite>";
    let tests = read(xml).unwrap();
    let names: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
    assert_eq!(names, ["orders ships", "orders::ships", "a::b"]);
    assert_eq!(tests[2].message.as_deref(), Some("red"));
}

#[test]
fn what_xml_can_not_hold_is_left_out() {
    let nasty = "a\0b\u{1}c\u{1b}[31md\u{fffe}e\u{ffff}f]]>g<h>&\"i\u{85}";
    let mut record = failed(Verdict::Failed, Stage::Test, nasty);
    let mut bad = test(nasty, StageStatus::Failed);
    bad.message = Some(nasty.to_owned());
    record.tests = vec![bad];
    let xml = valid(&record, nasty);
    let forbidden =
        |c: char| (c < ' ' && !"\t\n\r".contains(c)) || matches!(c, '\u{fffe}' | '\u{ffff}');
    assert!(!xml.contains(forbidden), "{xml:?}");
    assert!(!xml.contains("]]>"), "{xml}");
    let tests = read(&xml).unwrap();
    assert_eq!(tests[0].message.as_deref(), Some("abcdef]]>g<h>&\"i"));
}

#[test]
fn tests_are_of_the_files_and_classes_that_their_runner_names() {
    let fixture = |name: &str| {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/junit");
        read(&std::fs::read_to_string(file.join(name)).unwrap()).unwrap()
    };
    let mut record = failed(Verdict::Failed, Stage::Test, "tests failed");
    record.tests = [
        "pytest.xml",
        "vitest.xml",
        "phpunit.xml",
        "go-junit-report.xml",
    ]
    .into_iter()
    .flat_map(fixture)
    .collect();
    record
        .tests
        .push(test("orders::tests::ship", StageStatus::Passed));
    record.tests.push(test("alone", StageStatus::Interrupted));
    for test in &mut record.tests {
        test.name_file_from("/app");
    }
    let all = record.tests.len();
    let xml = valid(&record, "printed");
    let report = Report::deserialize_from_str(&xml).unwrap();
    assert_eq!(report.tests, all);
    let suites: Vec<&str> = report
        .test_suites
        .iter()
        .map(|suite| suite.name.as_str())
        .collect();
    assert_eq!(
        suites,
        [
            "activity-core",
            "vi/a.test.js",
            "vi/broken.test.js",
            "tests/OrderTest.php"
        ]
    );
    assert!(xml.contains(" file=\"vi/a.test.js\""), "{xml}");
    let cases = report
        .test_suites
        .iter()
        .flat_map(|suite| &suite.test_cases);
    let named: Vec<(&str, &str)> = cases
        .map(|case| {
            (
                case.classname.as_ref().unwrap().as_str(),
                case.name.as_str(),
            )
        })
        .collect();
    for one in [
        ("test_orders", "test_param[a&b]"),
        ("vi/a.test.js", "orders > ships"),
        ("Shop.Tests.OrderTest", "testShips"),
        ("example.com/shop", "TestOrder/empty"),
        ("orders::tests", "ship"),
        ("activity-core", "alone"),
    ] {
        assert!(named.contains(&one), "{one:?} in {named:#?}");
    }
    // What is read again has the names that it had.
    let sorted = |tests: Vec<crate::record::outcome::TestRecord>| {
        let mut texts: Vec<String> = tests.into_iter().map(|test| test.name).collect();
        texts.sort();
        texts
    };
    let mut expected = record.tests.clone();
    expected[all - 1].name.insert_str(0, "activity-core::");
    assert_eq!(sorted(read(&xml).unwrap()), sorted(expected));
}

#[test]
fn stages_are_no_tests() {
    let mut record = crate::record::samples::passed();
    record.stages = failed(Verdict::Failed, Stage::Up, "").stages;
    record.stages[0].status = StageStatus::Passed;
    let tests = |xml: &str| Report::deserialize_from_str(xml).unwrap().tests;
    assert_eq!(tests(&valid(&record, "")), 1);
    // As of `up`.
    record.tests.clear();
    let xml = valid(&record, "");
    assert_eq!(tests(&xml), 0);
    assert!(xml.contains("name=\"run_id\""), "{xml}");
}

#[test]
fn the_arguments_of_a_test_part_no_class_from_its_name() {
    let mut record = crate::record::samples::passed();
    record.tests[0].name = "shop::pay[x::y]".into();
    let xml = write(&record, "", &Stacks::new());
    assert!(
        xml.contains(r#"classname="shop" name="pay[x::y]""#)
            || xml.contains(r#"name="pay[x::y]" classname="shop""#),
        "{xml}"
    );
}
