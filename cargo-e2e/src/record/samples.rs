//! Records and events for unit tests of any module. It knows only the record.

use std::time::Duration;

use crate::record::event::Event;
use crate::record::outcome::{Record, Stage, StageRecord, StageStatus, TestRecord, Verdict};

pub(crate) const RUN_ID: &str = "01jd0000000000000000000000";

pub(crate) fn passed() -> Record {
    Record {
        schema: 1,
        run_id: RUN_ID.into(),
        repo: "activity-core".into(),
        host: "railiance01".into(),
        verdict: Verdict::Passed,
        exit_code: 0,
        started_at: "2025-11-22T13:00:00Z".into(),
        duration_ms: 6_120,
        tests: vec![test("test_command", StageStatus::Passed)],
        tool_version: "0.1.0".into(),
        ..Record::default()
    }
}

/// Returns a run with one failed stage.
pub(crate) fn failed(verdict: Verdict, stage: Stage, detail: &str) -> Record {
    Record {
        verdict,
        exit_code: crate::record::outcome::exit_code(verdict, None),
        stages: vec![StageRecord {
            name: stage,
            status: StageStatus::Failed,
            started_at: "2025-11-22T13:00:00Z".into(),
            duration_ms: 1,
            detail: detail.into(),
        }],
        tests: Vec::new(),
        ..passed()
    }
}

pub(crate) fn test(name: &str, status: StageStatus) -> TestRecord {
    TestRecord {
        duration_ms: 1,
        ..TestRecord::new(name, status)
    }
}

pub(crate) fn began() -> Event {
    Event::RunStarted {
        run_id: RUN_ID.into(),
        repo: "activity-core".into(),
        spec: None,
        host: "railiance01".into(),
    }
}

pub(crate) fn ended(stage: Stage, status: StageStatus, millis: u64, detail: &str) -> Event {
    Event::StageEnded {
        stage,
        status,
        duration: Duration::from_millis(millis),
        detail: detail.into(),
    }
}

pub(crate) fn output(text: &str) -> Event {
    Event::TestOutput {
        bytes: text.as_bytes().to_vec(),
    }
}

pub(crate) fn finished(record: Record, kept: Option<&str>) -> Event {
    Event::RunFinished {
        bundle: format!("target/e2e/{}", record.run_id).into(),
        record: Box::new(record),
        failure: None,
        next: String::new(),
        kept: kept.map(str::to_owned),
    }
}
