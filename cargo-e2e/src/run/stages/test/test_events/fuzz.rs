//! The tests' events, torn anywhere.

use jiff::Timestamp;

use crate::fuzz::shown;
use crate::record::outcome::StageStatus;
use crate::record::store::fuzz::record;

use super::records;

/// The journal of a run whose tests had begun.
const RUN: &str = r#"{"run_id":"01m82gw0ed951hbcac07wrdmrd","repo":"shop","host":"h","started_at":"2026-11-22T13:00:00Z","bundle":"/","report":null}
{"at":"2026-11-22T13:00:00Z","started":"test"}
{"at":"2026-11-22T13:00:02Z","ended":{"stage":"test","status":"failed","duration_ms":2000,"detail":"no"}}"#;

/// Reads the lines of an events file, and makes a report of them.
pub(crate) fn events(bytes: &[u8]) {
    for cut in [true, false] {
        let plain = records::end_at(records::read(bytes, "", cut), Timestamp::MAX);
        // The bundle's file has the same events, with the record's names.
        let named = records::named(bytes, "target::");
        let told = records::end_at(records::read(&named, "", cut), Timestamp::MAX);
        assert_eq!(told.len(), plain.len());
        for (told, plain) in told.iter().zip(&plain) {
            assert_eq!(told.name, format!("target::{}", plain.name));
            assert_eq!(
                (told.status, told.duration_ms),
                (plain.status, plain.duration_ms)
            );
            let without_end = told.has_no_end() && told.status == StageStatus::Passed;
            assert!(!without_end, "{told:?}");
        }
        if let Some(mut record) = record(RUN) {
            record.tests = plain;
            shown(&record, bytes);
        }
    }
}
