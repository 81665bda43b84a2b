//! The journal of a killed run, torn anywhere.

use crate::fuzz::{shown, text};
use crate::record::junit;
use crate::record::outcome::Record;

/// Checks that any journal reads as a record that can be stored and shown.
pub(crate) fn journal(bytes: &[u8]) {
    let Some(record) = record(&text(bytes)) else {
        return;
    };
    let stored = serde_json::to_vec(&record).unwrap_or_default();
    let again = serde_json::from_slice(&stored).ok();
    assert_eq!(again.as_ref(), Some(&record));
    // Any text of a run can be written as XML and read back.
    let xml = junit::write(&record, &record.repo, &junit::Stacks::new());
    let read = junit::read(&xml);
    assert!(read.is_ok(), "{read:?} of {xml}");
    shown(&record, b"");
}

pub(crate) fn record(text: &str) -> Option<Record> {
    Some(super::journal::read(text)?.record)
}
