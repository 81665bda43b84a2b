//! A record as views show it, with what tests told beside it.

use std::sync::LazyLock;

use jiff::SignedDuration;

use crate::record::outcome::{Record, Verdict};
use crate::report::{ReportInputs, failure, html};

/// Shows it as it is, and as one whose tests failed. `events` are what its tests told.
pub(crate) fn shown(record: &Record, events: &[u8]) {
    static BUNDLE: LazyLock<tempfile::TempDir> =
        LazyLock::new(|| tempfile::tempdir().expect("a folder"));
    let bundle = BUNDLE.path();
    std::fs::write(bundle.join("events.jsonl"), events).expect("a file");
    for (verdict, skew) in [
        (record.verdict, 0),
        (Verdict::Failed, -7),
        (Verdict::TimedOut, 251_000_000_000),
    ] {
        let record = Record {
            verdict,
            ..record.clone()
        };
        let inputs = ReportInputs {
            bundle,
            // The clock of a host may say any year.
            skew: SignedDuration::from_secs(skew),
            tests_on_host: skew < 0,
            again: "cargo e2e",
            keep: None,
            of_several: false,
            tail: "",
        };
        let told = failure::report(&record, &inputs);
        let why = told.as_ref().map(|told| &told.page[..]);
        let stacks = told.as_ref().map(|told| told.stacks.clone());
        let page = html::page(&record, &inputs, why, &stacks.unwrap_or_default());
        assert!(page.contains("</html>"));
    }
}
