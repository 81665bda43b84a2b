//! What a file may hold that no tool should write, and that must never read as passed.

use super::*;
use crate::record::outcome::StageStatus::{self, Failed, Passed, Skipped};

fn statuses(xml: &str) -> Vec<StageStatus> {
    let tests = read(xml).unwrap_or_else(|error| panic!("{error} in {xml}"));
    tests.iter().map(|test| test.status).collect()
}

#[test]
fn the_worst_that_is_said_of_a_test_counts() {
    for (inside, status) in [
        ("", Passed),
        ("<skipped/>", Skipped),
        ("<failure/>", Failed),
        ("<error/>", Failed),
        ("<failure/><skipped/>", Failed),
        ("<skipped/><error/>", Failed),
        ("<system-out><failure/></system-out>", Passed),
        ("<system-out>&lt;failure/&gt;</system-out>", Passed),
        (
            "<properties><property><failure/></property></properties>",
            Passed,
        ),
        ("<flakyFailure/>", Passed),
        (
            "<flakyFailure><stackTrace/><failure/></flakyFailure>",
            Passed,
        ),
        ("<rerunFailure/>", Passed),
        ("<failure/><rerunFailure/>", Failed),
        ("<details><failure/></details>", Failed),
        ("<x:failure/>", Failed),
    ] {
        let xml = format!("<testsuite><testcase name='a'>{inside}</testcase></testsuite>");
        assert_eq!(statuses(&xml), [status], "{inside}");
    }
    for (attribute, status) in [
        ("status='run'", Passed),
        ("status='notrun'", Skipped),
        ("status='failed'", Failed),
        ("result='Error'", Failed),
        ("result='completed' status='run'", Passed),
    ] {
        let xml = format!("<testsuite><testcase {attribute}/></testsuite>");
        assert_eq!(statuses(&xml), [status], "{attribute}");
    }
    let several = "<testsuite><testcase name='a'><failure message='one'>one at 1</failure>\
                   <error message='two'/></testcase></testsuite>";
    let tests = read(several).unwrap();
    assert_eq!(tests[0].message.as_deref(), Some("one at 1\ntwo"));
}

#[test]
fn what_a_suite_counts_beyond_its_tests_is_a_failure() {
    for (xml, expected) in [
        ("<testsuite errors='1'/>", vec![Failed]),
        (
            "<testsuites failures='1'><testsuite><testcase/></testsuite></testsuites>",
            vec![Passed, Failed],
        ),
        // It counts once, however many suites count it.
        (
            "<testsuites errors='1'><testsuite errors='1'><testsuite errors='1'/></testsuite></testsuites>",
            vec![Failed],
        ),
        (
            "<testsuite failures='1'><testcase><failure/></testcase></testsuite>",
            vec![Failed],
        ),
        (
            "<testsuite failures='1'><testcase status='failed'/></testsuite>",
            vec![Failed],
        ),
        // A test that fails and then can't be taken down is one, and counted twice.
        (
            "<testsuite failures='1' errors='1'><testcase><failure/><error/></testcase></testsuite>",
            vec![Failed],
        ),
        (
            "<testsuite failures='2'><testcase><failure/></testcase></testsuite>",
            vec![Failed, Failed],
        ),
        ("<testsuite><error>no db</error></testsuite>", vec![Failed]),
        (
            "<testsuite errors='1'><error>no db</error></testsuite>",
            vec![Failed],
        ),
        ("<testsuite failures='0' errors=''/>", vec![]),
        (
            "<testsuite failures='0' failures='1'><testcase/></testsuite>",
            vec![Passed, Failed],
        ),
        (
            "<testsuite failures='99999999999999999999999999'/>",
            vec![Failed],
        ),
        // Two files in one.
        (
            "<testsuite><testcase/></testsuite>\n<testsuite><testcase><error/></testcase></testsuite>",
            vec![Passed, Failed],
        ),
    ] {
        assert_eq!(statuses(xml), expected, "{xml}");
    }
    let tests =
        read("<testsuite name='orders' errors='2'><testcase><error/></testcase></testsuite>");
    let counted = &tests.unwrap()[1];
    assert_eq!(counted.name, "orders");
    assert_eq!(
        counted.message.as_deref(),
        Some("`failures` and `errors` of this suite count 2; its tests show 1")
    );
}

#[test]
fn what_is_not_whole_is_not_read() {
    let deep = |depth: usize| "<testsuite>".repeat(depth) + &"</testsuite>".repeat(depth);
    let utf16: String = "<testsuites/>".chars().flat_map(|c| [c, '\0']).collect();
    for bad in [
        "",
        "no xml",
        "<html></html>",
        "<project><testsuite><testcase/></testsuite></project>",
        "<testsuites><testsuite name='a'>",
        "<testsuite><testcase></testsuite>",
        "<testsuite></testsuites>",
        "<testsuite></testsuite></testsuite>",
        "<testsuite><testcase name='a'/>",
        "<testsuite><testcase name='a'/></testsuite",
        "<testsuite><testcase name='a'/><![CDATA[",
        "<testsuite><testcase name=a/></testsuite>",
        "<testsuite><testcase name='a/></testsuite>",
        "<testsuite/><html/>",
        &utf16,
        &deep(201),
    ] {
        let read = read(bad);
        let error = read.err().map(|error| error.to_string());
        assert!(
            error.is_some_and(|error| error.lines().count() == 1),
            "{bad}"
        );
    }
    assert_eq!(statuses(&deep(200)), []);
    assert_eq!(statuses("<testsuites/>"), []);
}

#[test]
fn odd_texts_are_read_as_what_they_mean() {
    let xml = "\u{feff}npm says\n<?xml version='1.0' encoding='ISO-8859-1'?>\
        <!DOCTYPE testsuites [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'><!ENTITY f SYSTEM 'file:///etc/passwd'>]>\
        <testsuites xmlns='urn:x'><testsuite><testcase classname='&b;' name='a&#38;b &nbsp; &f;'>\
        <failure message='m'><!-- no -->3 &lt; 4 & 5 &b;<![CDATA[ <x> ]]>&#x41;&#0;&#x110000;</failure>\
        </testcase></testsuite></testsuites>";
    let tests = read(xml).unwrap();
    assert_eq!(tests[0].name, "&b;::a&#38;b &nbsp; &f;");
    assert_eq!(
        tests[0].message.as_deref(),
        Some("m\n3 < 4 & 5 &b; <x> A&#0;&#x110000;")
    );
}

#[test]
fn numbers_and_times_that_can_not_be_do_no_harm() {
    let odd = [
        "-1",
        "NaN",
        "inf",
        "1e400",
        "1e18",
        "1,024.0",
        "0,5",
        "",
        "99999999999999999999999999999",
    ];
    let stamps = [
        "+262142-12-31T23:59:59",
        "-262143-01-01T00:00:00",
        "9999-12-31T23:59:59",
        "9999-12-31T23:59:59.999999999Z",
        "-9999-01-01T00:00:00",
        "2026-11-22T13:00:00",
        "2026-02-30T99:99:99",
        "",
    ];
    let all = ("-009999-01-02T01:59:59Z", "9999-12-30T22:00:00.999999999Z");
    let day = ("2026-11-22T00:00:00Z", "2026-11-22T23:00:00Z");
    for number in odd {
        for stamp in stamps {
            let xml = format!(
                "<testsuites time='{number}' tests='{number}' errors='0'>\
                 <testsuite time='{number}' timestamp='{stamp}'><testcase name='a' time='{number}'/>\
                 <testcase name='b' time='1' timestamp='{stamp}'/></testsuite>\
                 <testsuite time='1e9' timestamp='{stamp}'><testcase name='c' time='3e7'/></testsuite></testsuites>"
            );
            assert_eq!(statuses(&xml), [Passed, Passed, Passed], "{xml}");
            for ran in [all, day, (all.1, all.0)] {
                let ran = (ran.0.parse().unwrap(), ran.1.parse().unwrap());
                let _ = read_with_times(&xml, ran);
            }
        }
    }
}
