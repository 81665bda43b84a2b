//! What tests tell of themselves, torn anywhere.

use jiff::Timestamp;

use crate::outcome::StageStatus;

use super::records;

/// The lines of an events file.
pub(crate) fn events(bytes: &[u8]) {
    for cut in [true, false] {
        let plain = records::until(records::read(bytes, "", cut), Timestamp::MAX);
        // The bundle's file tells the same, with the names of the record.
        let named = records::named(bytes, "target::");
        let told = records::until(records::read(&named, "", cut), Timestamp::MAX);
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
        let _ = records::any_ran(&plain);
    }
}
