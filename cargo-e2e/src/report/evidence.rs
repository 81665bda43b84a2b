//! Makes failure.txt and report.html from a run's evidence.

use std::path::PathBuf;
use std::sync::Arc;

use super::rerun::Rerun;
use super::{Bundle, ReportInputs, failure, html};
use crate::plan::Runner;
use crate::record::outcome::Record;

/// What reports need beside the record.
#[derive(Clone)]
pub(crate) struct Evidence {
    pub(crate) again: Rerun,
    /// What runs the tests, and the repo's folder; none where it is not recognized.
    pub(crate) runner: Option<(Runner, PathBuf)>,
    pub(crate) tests_on_host: bool,
    /// The host's clock less this machine's.
    pub(crate) skew: jiff::SignedDuration,
}

impl Evidence {
    fn inputs<'a>(&'a self, bundle: &'a Bundle, tail: &'a str) -> ReportInputs<'a> {
        ReportInputs {
            bundle: bundle.dir(),
            skew: self.skew,
            tests_on_host: self.tests_on_host,
            again: &self.again.run,
            keep: self.again.keep.as_deref(),
            of_several: self.again.of_several,
            tail,
        }
    }

    fn tail(&self, record: &Record) -> String {
        let runner = self.runner.as_ref();
        let runner = runner.map(|(runner, root)| (runner, root.as_path()));
        self.again.tail(record, runner)
    }
}

/// Writes failure.txt, and returns the short form for the terminal.
pub(crate) async fn explain(
    record: &Record,
    bundle: &Arc<Bundle>,
    evidence: &Evidence,
) -> Option<failure::Report> {
    let (record, bundle, evidence) = (record.clone(), Arc::clone(bundle), evidence.clone());
    let made = tokio::task::spawn_blocking(move || {
        let report = failure::report(&record, &evidence.inputs(&bundle, &evidence.tail(&record)))?;
        // The report stage reports a full disk.
        let _ = std::fs::write(bundle.dir().join("failure.txt"), &report.long);
        Some(report)
    });
    made.await.ok().flatten()
}

/// Writes report.html.
pub(crate) async fn write_page(
    record: &Record,
    failure: Option<&failure::Report>,
    bundle: &Arc<Bundle>,
    evidence: &Evidence,
) {
    let failure = failure.cloned();
    let (record, bundle, evidence) = (record.clone(), Arc::clone(bundle), evidence.clone());
    let written = tokio::task::spawn_blocking(move || {
        let (why, stacks) = failure.map_or_else(Default::default, |failure| {
            (Some(failure.page), failure.stacks)
        });
        let inputs = evidence.inputs(&bundle, "");
        let page = html::page(&record, &inputs, why.as_deref(), &stacks);
        std::fs::write(bundle.dir().join("report.html"), page)
    });
    // The report stage reports a full disk.
    let _ = written.await;
}
