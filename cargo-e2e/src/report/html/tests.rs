use std::fmt::Write as _;

use super::*;
use crate::record::outcome::{ServiceRecord, Stage, StageRecord, StageStatus};
use crate::record::samples::{failed, passed, test};

const NASTY: &str = "</script><script>alert(1)</script><img src=x onerror=alert(1)> \" ' &";

fn inputs(bundle: &std::path::Path) -> ReportInputs<'_> {
    ReportInputs {
        bundle,
        skew: jiff::SignedDuration::ZERO,
        tests_on_host: true,
        again: "cargo e2e",
        keep: None,
        of_several: false,
        tail: "",
    }
}

#[test]
fn nothing_from_outside_is_markup() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("logs")).unwrap();
    let log = format!("2025-11-22T13:00:01Z {NASTY}\n{NASTY}\n");
    std::fs::write(folder.path().join("logs/web.log"), log).unwrap();
    std::fs::write(folder.path().join("test-output.log"), NASTY).unwrap();
    std::fs::write(
        folder.path().join("rewrites.txt"),
        format!("rewrite: {NASTY}\n"),
    )
    .unwrap();
    let mut record = failed(Verdict::Failed, Stage::Test, NASTY);
    record.host = NASTY.into();
    record.git.branch = Some(NASTY.into());
    record.leftovers = vec![NASTY.into()];
    record.services = vec![ServiceRecord {
        name: "web".into(),
        image: NASTY.into(),
        state: NASTY.into(),
        ..ServiceRecord::default()
    }];
    // Letters in another order than they stand in.
    record.git.sha = Some("\u{202e}exe.txt".into());
    record.stages[0].detail = "\u{202e}\u{1b}[2J".into();
    let mut bad = test(NASTY, StageStatus::Failed);
    bad.message = Some(NASTY.into());
    record.tests = vec![bad];
    let page = page(&record, &inputs(folder.path()), Some(NASTY), &Stacks::new());
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(page.contains("<li>rewrite: &lt;/script"), "{page}");
    assert!(!page.contains("<img"), "{page}");
    assert!(!page.contains(['\u{202e}', '\u{1b}']), "{page}");
    assert_eq!(
        page.matches("&lt;img").count(),
        page.matches("onerror").count()
    );
}

#[test]
fn a_test_that_dies_in_the_middle_of_a_letter_or_lies_about_its_time_costs_no_timeline() {
    let folder = tempfile::tempdir().unwrap();
    let mut events = br#"{"event":"test_started","test":"a","attempt":1,"at":"2025-11-22T13:00:01Z"}
{"event":"test_ended","test":"a","attempt":1,"status":"passed","duration_ms":1,"message":null,"at":"2025-11-22T13:00:02Z"}
{"event":"test_started","test":"b","attempt":1,"at":"-009999-01-02T02:00:00Z"}
{"event":"test_ended","test":"b","attempt":1,"status":"passed","duration_ms":1,"message":null,"at":"9999-12-30T22:00:00.9Z"}
"#
    .to_vec();
    events.extend_from_slice(b"{\"event\":\"test_started\",\"test\":\"\xc3");
    std::fs::write(folder.path().join("events.jsonl"), events).unwrap();
    let mut record = failed(Verdict::Failed, Stage::Test, "exit status 1");
    record.tests = vec![
        test("a", StageStatus::Passed),
        test("b", StageStatus::Failed),
    ];
    for skew in [-3600, 3600] {
        let inputs = ReportInputs {
            skew: jiff::SignedDuration::from_secs(skew),
            ..inputs(folder.path())
        };
        let (_, rows) = Axis::of(&record, &inputs).tests(&record, &[1], 9);
        let mut names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "b"]);
        assert!(crate::report::failure::report(&record, &inputs).is_some());
    }
}

#[test]
fn bars_stand_where_their_time_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = passed();
    record.duration_ms = 10_000;
    std::fs::create_dir(folder.path().join("inspect")).unwrap();
    for (name, state, began) in [
        ("db", "exited", "2025-11-22T13:00:02Z"),
        ("web", "created", "0001-01-01T00:00:00Z"),
    ] {
        let inspected = format!(r#"[{{"State": {{"StartedAt": "{began}"}}}}]"#);
        std::fs::write(
            folder.path().join(format!("inspect/{name}.json")),
            inspected,
        )
        .unwrap();
        record.services.push(ServiceRecord {
            name: name.into(),
            state: state.into(),
            ..ServiceRecord::default()
        });
    }
    let stage = |name, at: &str, duration_ms| StageRecord {
        name,
        status: StageStatus::Passed,
        started_at: at.to_owned(),
        duration_ms,
        detail: String::new(),
    };
    record.stages = vec![
        stage(Stage::Up, "2025-11-22T13:00:01Z", 4000),
        stage(Stage::Test, "2025-11-22T13:00:05Z", 90_000),
        stage(Stage::Report, "no time", 1),
    ];
    let again = r#"[{"Created": "2025-11-22T13:00:01Z", "State": {
        "FinishedAt": "2025-11-22T13:00:05Z", "StartedAt": "2025-11-22T13:00:06Z"}}]"#;
    std::fs::write(folder.path().join("inspect/crashes.json"), again).unwrap();
    record.services.push(ServiceRecord {
        name: "crashes".into(),
        state: "running".into(),
        restarts: 2,
        ..ServiceRecord::default()
    });
    let axis = Axis::of(&record, &inputs(folder.path()));
    let spans = |rows: &[axis::Row]| -> Vec<(String, String)> {
        let of = |row: &axis::Row| {
            let bars = row
                .bars
                .iter()
                .map(|bar| format!("{} {}", bar.left, bar.width));
            (row.name.clone(), bars.collect::<Vec<_>>().join(", "))
        };
        rows.iter().map(of).collect()
    };
    let named = |name: &str, bars: &str| (name.to_owned(), bars.to_owned());
    let stages = [named("up", "10.00 40.00"), named("test", "50.00 50.00")];
    assert_eq!(spans(&axis.stages(&record)), stages);
    // Docker forgets all starts but the last: one that was restarted was there before.
    let all = [
        named("db", "20.00 80.00"),
        named("crashes", "10.00 50.00, 60.00 40.00"),
    ];
    let inputs = inputs(folder.path());
    assert_eq!(spans(&axis.containers(&record, &inputs)), all);
    let time = axis.times.of_test("test_command").unwrap();
    assert_eq!((time.from, time.to), (5000, 5001));
    let page = page(&record, &inputs, None, &Stacks::new());
    assert!(
        page.starts_with("<!DOCTYPE html>") && !page.contains("http://"),
        "{page}"
    );
    assert!(page.contains("left:10.00%;width:40.00%"));
}

#[test]
fn a_test_without_an_end_has_a_bar_and_no_test_is_outside_of_its_stage() {
    let folder = tempfile::tempdir().unwrap();
    let events = r#"{"event":"test_started","test":"a::x","attempt":1,"at":"2025-11-22T13:00:01Z"}
{"event":"test_started","test":"b::x","attempt":1,"at":"2025-11-22T13:00:01Z"}
{"event":"test_started","test":"b::y","attempt":1,"at":"2025-11-22T13:00:02Z"}
{"event":"test_ended","test":"b::x","attempt":1,"status":"passed","duration_ms":1000,"message":null,"at":"2025-11-22T13:00:02Z"}
"#;
    std::fs::write(folder.path().join("events.jsonl"), events).unwrap();
    let mut record = failed(Verdict::TimedOut, Stage::Test, "no end");
    record.duration_ms = 10_000;
    record.tests = ["a::x", "b::x", "b::y"]
        .map(|name| test(name, StageStatus::Failed))
        .into();
    record.tests[0].duration_ms = 5000;
    record.stages[0].started_at = "2025-11-22T13:00:01.5Z".into();
    record.stages[0].duration_ms = 8000;
    let (all, rows) = Axis::of(&record, &inputs(folder.path())).tests(&record, &[0, 1, 2], 3);
    let shown = |row: &axis::Row| (row.name.clone(), row.from, row.to, row.detail.clone());
    let shown: Vec<_> = rows.iter().map(shown).collect();
    let row = |name: &str, from, to, detail: &str| (name.to_owned(), from, to, detail.to_owned());
    assert_eq!(
        shown,
        [
            row("x", 1500, 6000, "a"),
            row("x", 1500, 2000, "b"),
            row("y", 2000, 2001, "b")
        ]
    );
    assert!(all.is_empty());
}

/// Returns a record of so many tests in modules of 100, of which each 50th failed, and the times of
/// them in a bundle.
fn many(tests: usize, bundle: &std::path::Path) -> Record {
    let mut record = failed(Verdict::Failed, Stage::Test, "some tests failed");
    record.duration_ms = 1000 * u64::try_from(tests).unwrap();
    record.stages[0].duration_ms = record.duration_ms;
    let start: jiff::Timestamp = record.started_at.parse().unwrap();
    let mut events = String::new();
    for index in 0..tests {
        let status = if index % 50 == 7 {
            StageStatus::Failed
        } else {
            StageStatus::Passed
        };
        let mut one = test(
            &format!("orders::part_{}::test_{index}", index / 100),
            status,
        );
        one.duration_ms = if index == 3 { 900 } else { 100 };
        one.message = (index % 50 == 7).then(|| format!("expected {index}"));
        for (event, after) in [("started", 0), ("ended", one.duration_ms)] {
            let after = u64::try_from(index).unwrap() * 1000 + after;
            let at = start + jiff::SignedDuration::from_millis(i64::try_from(after).unwrap());
            let name = &one.name;
            let _ = writeln!(
                events,
                r#"{{"event":"test_{event}","test":"{name}","attempt":1,"status":"passed","duration_ms":1,"message":null,"at":"{at}"}}"#
            );
        }
        record.tests.push(one);
    }
    std::fs::write(bundle.join("events.jsonl"), events).unwrap();
    record
}

#[test]
fn failed_tests_come_first_and_the_timeline_of_many_is_short() {
    let folder = tempfile::tempdir().unwrap();
    let record = many(600, folder.path());
    let failed = test_list::failed(&record);
    let (all, rows) = Axis::of(&record, &inputs(folder.path())).tests(&record, &failed, 20);
    let names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(rows.iter().filter(|row| row.class == "bad").count(), 12);
    assert!(names.contains(&"test_3"), "the slowest: {names:?}");
    assert_eq!(rows.len(), 20);
    assert!(all.iter().any(|bar| bar.class == "bad") && all.len() <= 200);

    let page = page(&record, &inputs(folder.path()), None, &Stacks::new());
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(page.contains("12 failed · 588 passed · 10m00s · railiance01"));
    assert!(page.contains("first failure"));
    // In the order of the run's other views, each before all that passed.
    let last = failed
        .iter()
        .map(|index| place(&format!("id=\"test-{index}\"")));
    let places: Vec<usize> = last.collect();
    assert!(places.is_sorted() && places[11] < place("id=\"test-0\""));
    assert!(place("id=\"tests\"") < place("id=\"timeline\""));
    assert_eq!(page.matches("<details class=\"module\">").count(), 6);
    assert!(page.contains("orders::part_0 <span class=\"took\">98 passed</span>"));
}

#[test]
fn a_test_has_what_the_stack_did_and_no_time_before_its_stage() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = failed(Verdict::Failed, Stage::Test, "1 of 2 tests failed");
    record.duration_ms = 10_000;
    record.stages[0].started_at = "2025-11-22T13:00:04.700Z".into();
    record.stages[0].duration_ms = 5000;
    record.tests = ["a", "b"]
        .map(|name| test(name, StageStatus::Failed))
        .into();
    // The file has whole seconds.
    record.tests[0].started_at = Some("2025-11-22T13:00:04Z".into());
    record.tests[0].duration_ms = 1000;
    record.tests[1].started_at = Some("2025-11-22T13:00:05Z".into());
    let axis = Axis::of(&record, &inputs(folder.path()));
    let of = |name| axis.times.of_test(name).map(|time| (time.from, time.to));
    assert_eq!((of("a"), of("b")), (Some((4700, 5000)), Some((5000, 5001))));
    let stacks = [(1, "while b ran:\nERROR <no>".to_owned())].into();
    let page = page(&record, &inputs(folder.path()), None, &stacks);
    let own = "<pre class=\"stack\">while b ran:\nERROR &lt;no&gt;</pre>";
    assert!(page.contains(own), "{page}");
}
