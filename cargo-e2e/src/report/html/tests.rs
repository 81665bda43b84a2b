use super::*;
use crate::outcome::{ServiceRecord, Stage, StageRecord};
use crate::report::human::samples::{failed, passed, test};

const NASTY: &str = "</script><script>alert(1)</script><img src=x onerror=alert(1)> \" ' &";

fn known(bundle: &std::path::Path) -> Known<'_> {
    Known {
        bundle,
        skew: jiff::SignedDuration::ZERO,
        tests_on_host: true,
    }
}

#[test]
fn nothing_from_outside_is_markup() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("logs")).unwrap();
    let log = format!("2025-11-22T13:00:01Z {NASTY}\n{NASTY}\n");
    std::fs::write(folder.path().join("logs/web.log"), log).unwrap();
    std::fs::write(folder.path().join("test-output.log"), NASTY).unwrap();
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
    let mut bad = test(NASTY, StageStatus::Failed);
    bad.message = Some(NASTY.into());
    record.tests = vec![bad];
    let page = page(&record, &known(folder.path()), Some(NASTY));
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(!page.contains("<img"), "{page}");
    assert_eq!(
        page.matches("&lt;img").count(),
        page.matches("onerror").count()
    );
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
    let axis = Axis::of(&record, &known(folder.path()));
    let bars: Vec<_> = axis
        .stages
        .iter()
        .map(|bar| (bar.left.as_str(), bar.width.as_str()))
        .collect();
    assert_eq!(bars, [("10.00", "40.00"), ("50.00", "50.00")]);
    let containers: Vec<_> = axis
        .containers
        .iter()
        .map(|bar| (bar.name.as_str(), bar.left.as_str()))
        .collect();
    assert_eq!(containers, [("db", "20.00")]);
    assert_eq!(axis.time_of("test_command"), Some((5000, 5001)));
    let page = page(&record, &known(folder.path()), None);
    assert!(
        page.starts_with("<!DOCTYPE html>") && !page.contains("http://"),
        "{page}"
    );
    assert!(page.contains("left:10.00%;width:40.00%"));
}
