//! Where a run's result goes, and its journal until then. It knows no stages.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::plan::{Plan, Runner};
use crate::record::event::{Events, Reporter};
use crate::record::outcome::now;
use crate::record::store::{Header, Journal, Store, state_folder};
use crate::report::evidence::Evidence;
use crate::report::hub::{Entry, Hub, NotAUrl, Outbox};
use crate::report::rerun::Rerun;
use crate::report::{Bundle, TestLog};
use crate::sandbox::Identity;
use crate::spec::{Report, Side};

use super::killed_runs;

/// What is known before a run begins.
pub struct About {
    /// The chosen host.
    pub host: String,
    /// The repo's e2e.yml.
    pub spec: PathBuf,
    /// Fields for the state-hub.
    pub report: Report,
    /// False for `up`, which runs no tests and is no part of a repo's history.
    pub is_run: bool,
    /// What runs the tests, and the repo's folder; none where it is not recognized.
    pub runner: Option<(Runner, PathBuf)>,
    pub tests_on_host: bool,
}

impl About {
    pub fn of(plan: &Plan) -> Self {
        Self {
            host: plan.host.name.clone(),
            spec: plan.repo.spec_path.clone(),
            report: plan.spec.report.clone(),
            is_run: !plan.options.up_only,
            runner: Runner::of(&plan.tests).map(|one| (one, plan.repo.root.clone())),
            tests_on_host: plan.tests_on == Side::Host,
        }
    }
}

/// The places for a run's result: bundle, store, state-hub.
pub struct Keeping {
    pub(super) bundle: Arc<Bundle>,
    pub(super) log: TestLog,
    pub(super) store: Store,
    pub(super) journal: io::Result<Journal>,
    /// `None` for a run without tests.
    pub(super) telling: Option<Arc<Telling>>,
    pub(super) evidence: Evidence,
}

/// What the state-hub gets, now or once it is set.
pub(super) struct Telling {
    /// `None` where the environment names no hub.
    pub(super) hub: Option<Result<Hub, NotAUrl>>,
    pub(super) report: Report,
    pub(super) outbox: Outbox,
}

impl Telling {
    /// Returns the entry that waits until the hub has the record.
    pub(super) fn entry(&self, run_id: &str) -> Entry {
        Entry {
            run_id: run_id.to_owned(),
            report: self.report.clone(),
            without_hub: self.hub.is_none(),
            ..Entry::default()
        }
    }
}

impl Keeping {
    /// Begins the journal, and returns the reporter that writes it.
    pub fn begin(
        about: About,
        identity: &Identity,
        bundle: &Arc<Bundle>,
        log: TestLog,
    ) -> (Self, Option<Box<dyn Reporter>>) {
        let store = Store::in_state(&state_folder());
        let hub = Hub::from_environment();
        let header = Header {
            run_id: identity.run_id.clone(),
            repo: identity.slug.clone(),
            spec: identity.spec.clone(),
            host: about.host.clone(),
            started_at: now(),
            bundle: bundle.dir().to_owned(),
            report: about.is_run.then(|| about.report.clone()),
            without_hub: hub.is_none(),
            is_run: about.is_run,
        };
        let telling = about.is_run.then(|| {
            Arc::new(Telling {
                hub,
                report: about.report,
                outbox: Outbox::in_state(&state_folder()),
            })
        });
        let journal = Journal::begin(&store, &header);
        let reporter = journal.as_ref().ok().and_then(|one| one.reporter().ok());
        let reporter = reporter.map(|one| Box::new(one) as Box<dyn Reporter>);
        let keeping = Self {
            bundle: Arc::clone(bundle),
            log,
            store,
            journal,
            telling,
            evidence: Evidence {
                again: Rerun::typed(&about.host, &about.spec),
                runner: about.runner,
                tests_on_host: about.tests_on_host,
                skew: jiff::SignedDuration::ZERO,
            },
        };
        (keeping, reporter)
    }

    /// Returns the store for the record; `None` for a run without tests.
    pub(super) fn records(&self) -> Option<&Store> {
        self.telling.as_ref().map(|_| &self.store)
    }

    /// Stores and reports runs that were killed.
    pub fn recover_killed_runs(&self, events: &Events) {
        if let Err(error) = &self.journal {
            events.warn(format!(
                "failed to open the journal, without which a killed run leaves no record: {}: {error}",
                self.store.folder().display()
            ));
        }
        killed_runs::tell(&self.store, events);
    }

    /// Returns by their host killed runs of whose sandbox's end nothing is known.
    pub fn unknown(&self) -> BTreeMap<String, Vec<String>> {
        let unknown = self.records().map(Store::unknown);
        // An unreadable store is reported with the records.
        unknown.and_then(Result::ok).unwrap_or_default()
    }
}

/// Creates the folder for the result.
///
/// # Errors
/// When the folder can't be created; the message has its path.
pub async fn bundle_in(results: &Path, run_id: &str) -> Result<Arc<Bundle>, String> {
    let (folder, run_id) = (results.to_owned(), run_id.to_owned());
    let made = tokio::task::spawn_blocking(move || Bundle::create(&folder, &run_id)).await;
    made.map_err(io::Error::other)
        .flatten()
        .map(Arc::new)
        .map_err(|error| {
            let folder = results.display();
            format!("failed to store the result in {folder}: {error}")
        })
}
