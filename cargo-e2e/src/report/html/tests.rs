use super::*;
use crate::record::outcome::{ServiceRecord, Stage, StageRecord};
use crate::record::samples::{failed, passed, test};

const NASTY: &str = "</script><script>alert(1)</script><img src=x onerror=alert(1)> \" ' &";

fn inputs(bundle: &std::path::Path) -> ReportInputs<'_> {
    ReportInputs {
        bundle,
        skew: jiff::SignedDuration::ZERO,
        tests_on_host: true,
        again: "cargo e2e",
        keep: None,
        by_name: true,
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
        let axis = Axis::of(&record, &inputs);
        let names: Vec<_> = axis.tests.iter().map(|bar| bar.name.as_str()).collect();
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
    let bars: Vec<_> = axis
        .stages
        .iter()
        .map(|bar| (bar.left.as_str(), bar.width.as_str()))
        .collect();
    assert_eq!(bars, [("10.00", "40.00"), ("50.00", "50.00")]);
    let containers: Vec<_> = axis
        .containers
        .iter()
        .map(|bar| (bar.name.as_str(), bar.left.as_str(), bar.width.as_str()))
        .collect();
    // Docker forgets all starts but the last: one that was restarted was there before.
    let all = [("db", "20.00", "80.00"), ("crashes", "10.00", "90.00")];
    assert_eq!(containers, all);
    assert_eq!(axis.time_of("test_command"), Some((5000, 5001)));
    let page = page(&record, &inputs(folder.path()), None, &Stacks::new());
    assert!(
        page.starts_with("<!DOCTYPE html>") && !page.contains("http://"),
        "{page}"
    );
    assert!(page.contains("left:10.00%;width:40.00%"));
}

#[test]
fn a_test_without_an_end_has_a_bar_and_names_are_short() {
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
    let axis = Axis::of(&record, &inputs(folder.path()));
    let bars = axis.tests.iter();
    let bars: Vec<_> = bars
        .map(|bar| (bar.short.as_str(), bar.width.as_str()))
        .collect();
    assert_eq!(bars[..2], [("a::x", "50.00"), ("b::x", "10.00")]);
    assert_eq!(bars[2].0, "y");
}

#[test]
fn a_test_has_what_the_stack_did_and_no_time_before_its_stage() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = failed(Verdict::Failed, Stage::Test, "1 of 2 tests failed");
    record.duration_ms = 10_000;
    record.stages[0].started_at = "2025-11-22T13:00:04.700Z".into();
    record.tests = ["a", "b"]
        .map(|name| test(name, StageStatus::Failed))
        .into();
    // The file has whole seconds.
    record.tests[0].started_at = Some("2025-11-22T13:00:04Z".into());
    record.tests[0].duration_ms = 1000;
    record.tests[1].started_at = Some("2025-11-22T13:00:05Z".into());
    let axis = Axis::of(&record, &inputs(folder.path()));
    assert_eq!(axis.time_of("a"), Some((4700, 5000)));
    assert_eq!(axis.time_of("b"), Some((5000, 5001)));
    let stacks = [(1, "while b ran:\nERROR <no>".to_owned())].into();
    let page = page(&record, &inputs(folder.path()), None, &stacks);
    let own = "<pre class=\"stack\">while b ran:\nERROR &lt;no&gt;</pre>";
    assert!(page.contains(own), "{page}");
}
