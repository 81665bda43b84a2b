//! What reports of a failure are made from, beside the record.

use std::path::Path;

use jiff::SignedDuration;

/// The evidence of a run, and how to repeat it.
#[derive(Debug, Clone, Copy)]
pub struct ReportInputs<'a> {
    /// The folder with the evidence, masked.
    pub bundle: &'a Path,
    /// How far the host's clock is ahead of this machine's.
    pub skew: SignedDuration,
    /// Whether the tests' own times are the host's.
    pub tests_on_host: bool,
    /// How the run was called, to paste, without what was meant for the tests.
    pub again: &'a str,
    /// The same for a run that keeps its stack; none where that is no other.
    pub keep: Option<&'a str>,
    /// Whether the tests can be called by their names in the record.
    pub by_name: bool,
}
