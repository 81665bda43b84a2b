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
    /// Whether the tests' own times are by the host's clock.
    pub tests_on_host: bool,
    /// The command line of this run, to paste, without what follows it.
    pub again: &'a str,
    /// The same with a flag that keeps the stack; `None` where the run has one already.
    pub keep: Option<&'a str>,
    /// Whether this is one of several runs of its command: the last one is perhaps another.
    pub of_several: bool,
    /// What follows that, so that the failed tests run again: ` -- orders::ship`.
    pub tail: &'a str,
}
