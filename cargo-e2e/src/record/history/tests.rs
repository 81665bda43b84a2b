use super::*;
use crate::record::outcome::{Git, StageRecord};
use crate::record::samples::{passed, test};

fn run_of(repo: &str, verdict: Verdict, millis: u64, sha: &str, dirty: bool) -> Record {
    let status = if verdict == Verdict::Passed {
        StageStatus::Passed
    } else {
        StageStatus::Failed
    };
    Record {
        repo: repo.to_owned(),
        verdict,
        duration_ms: millis,
        git: Git {
            sha: Some(sha.to_owned()),
            branch: None,
            dirty,
        },
        stages: vec![StageRecord {
            name: Stage::Up,
            status: StageStatus::Passed,
            started_at: "2026-11-22T13:00:00Z".into(),
            duration_ms: millis / 2,
            detail: String::new(),
        }],
        tests: vec![test("orders", status), test("other", StageStatus::Skipped)],
        ..passed()
    }
}

#[test]
fn rates_times_and_flakes() {
    let records = [
        run_of("shop", Verdict::Passed, 1000, "a", false),
        run_of("shop", Verdict::Failed, 9000, "b", false),
        run_of("shop", Verdict::Interrupted, 10, "b", false),
        run_of("shop", Verdict::Passed, 3000, "c", false),
        run_of("shop", Verdict::Passed, 2000, "b", true),
        run_of("bank", Verdict::Passed, 1, "a", false),
    ];
    let all = of(&records, None);
    assert_eq!(all.len(), 2);
    let shop = &of(&records, Some("shop"))[0];
    assert_eq!((shop.runs, shop.passed, shop.pass_rate), (5, 3, Some(0.75)));
    assert_eq!(shop.verdicts["interrupted"], 1);
    let expected = Durations {
        median: 2000,
        longest: 3000,
        last: 2000,
    };
    assert_eq!(shop.duration_ms, expected);
    assert_eq!((shop.stages[0].name, shop.stages[0].runs), (Stage::Up, 5));
    // Skipped tests say nothing, nor do those of a run that was cut short; a changed tree is not
    // the commit.
    assert_eq!(shop.tests.len(), 1);
    assert_eq!((shop.tests[0].runs, shop.tests[0].failed), (4, 1));
    assert!(!shop.tests[0].flaky);
    let again = run_of("shop", Verdict::Passed, 1, "b", false);
    let all = of(&[records.as_slice(), &[again]].concat(), Some("shop"));
    assert!(all[0].tests[0].flaky);
}

#[test]
fn a_repo_that_was_only_interrupted_has_no_rate() {
    let records = [run_of("shop", Verdict::HostError, 1, "a", false)];
    assert_eq!(of(&records, None)[0].pass_rate, None);
    assert!(of(&records, Some("nobody")).is_empty());
}

#[test]
fn variants_of_a_repo_are_not_mixed() {
    let by = |spec: &str, record: Record| Record {
        spec: Some(spec.to_owned()),
        ..record
    };
    let records = [
        run_of("shop", Verdict::Passed, 1000, "a", false),
        by(
            "e2e/slow.yml",
            run_of("shop", Verdict::Failed, 90_000, "a", false),
        ),
        by(
            "e2e/slow.yml",
            run_of("shop", Verdict::Passed, 80_000, "b", false),
        ),
    ];
    let [usual, slow] = &of(&records, Some("shop"))[..] else {
        panic!("two");
    };
    assert_eq!(
        (usual.spec.as_deref(), usual.duration_ms.longest),
        (None, 1000)
    );
    assert!(!usual.tests[0].flaky && !slow.tests[0].flaky);
    assert_eq!(slow.spec.as_deref(), Some("e2e/slow.yml"));
    assert_eq!((slow.runs, slow.duration_ms.median), (2, 80_000));
}
