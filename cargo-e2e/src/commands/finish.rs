//! The report stage: the record becomes files before anybody is told of the verdict.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use cargo_e2e::event::{Event, Events, Reporter};
use cargo_e2e::lifecycle::Outcome;
use cargo_e2e::outcome::{
    Record, Stage, StageRecord, StageStatus, Verdict, exit_code, millis, now,
};
use cargo_e2e::plan::Plan;
use cargo_e2e::report::{Bundle, TestLog, bundle};
use cargo_e2e::sandbox::Identity;
use cargo_e2e::store::journal::recover;
use cargo_e2e::store::{Header, Journal, Store, state_folder};

/// Where the result goes.
pub(crate) struct Keeping {
    bundle: Arc<Bundle>,
    log: TestLog,
    /// None for `up`, which is no run of tests: it is no part of a repo's history.
    store: Option<Store>,
    journal: io::Result<Option<Journal>>,
}

impl Keeping {
    /// Begins the journal, and gives the reporter that writes it.
    pub(crate) fn begin(
        plan: &Plan,
        identity: &Identity,
        bundle: &Arc<Bundle>,
        log: TestLog,
    ) -> (Self, Option<Box<dyn Reporter>>) {
        let store = (!plan.up_only).then(|| Store::in_state(&state_folder()));
        let header = Header {
            run_id: identity.run_id.clone(),
            repo: identity.slug.clone(),
            host: plan.host.name.clone(),
            started_at: now(),
            bundle: bundle.dir().to_owned(),
            report: None,
        };
        let journal = store.as_ref().map(|store| Journal::begin(store, &header));
        let journal = journal.transpose();
        let reporter = match &journal {
            Ok(Some(journal)) => journal.reporter().ok(),
            _ => None,
        };
        let keeping = Self {
            bundle: Arc::clone(bundle),
            log,
            store,
            journal,
        };
        (
            keeping,
            reporter.map(|one| Box::new(one) as Box<dyn Reporter>),
        )
    }

    /// Stores what runs knew that were killed.
    pub(crate) fn tell_of_the_dead(&self, events: &Events) {
        if let Err(error) = &self.journal {
            events.warn(format!(
                "should this run be killed, it leaves no record: {error}"
            ));
        }
        let Some(store) = &self.store else { return };
        match recover(store, |_| Ok(())) {
            Ok(dead) => {
                for dead in dead.iter().filter(|dead| dead.fresh) {
                    events.note(died(&dead.record));
                }
            }
            Err(error) => events.warn(format!(
                "what runs knew that were killed is not stored yet: {}: {error}",
                store.folder().display()
            )),
        }
    }
}

/// One line about a run that was killed.
pub(crate) fn died(record: &Record) -> String {
    let stage = record.stages.last();
    let during = stage.map_or_else(String::new, |stage| {
        format!(" during {}", stage.name.name())
    });
    format!(
        "run {} of {} on {} was killed{during}: it is recorded as interrupted",
        record.run_id, record.repo, record.host
    )
}

/// Stores the record, tells of the verdict, and returns the exit code.
pub(crate) async fn finish(outcome: Outcome, keeping: Keeping, events: &Events) -> u8 {
    let Outcome { mut record, kept } = outcome;
    events.secrets().record(&mut record);
    let started = Instant::now();
    events.tell(Event::StageStarted {
        stage: Stage::Report,
    });
    if let Some(error) = keeping.log.take_error() {
        let log = keeping.log.path();
        events.warn(format!("{} is not complete: {error}", log.display()));
    }
    record.stages.push(StageRecord {
        name: Stage::Report,
        status: StageStatus::Passed,
        started_at: now(),
        duration_ms: 0,
        detail: String::new(),
    });
    let shown = shown(&keeping.bundle);
    let (stored, untidy) = write(&record, keeping).await;
    if let Some(untidy) = untidy {
        events.warn(format!("the results folder is not tidy: {untidy}"));
    }
    let (status, detail) = match &stored {
        Ok(()) => (StageStatus::Passed, String::new()),
        Err(error) => (StageStatus::Failed, error.clone()),
    };
    if let Err(error) = stored {
        if record.verdict == Verdict::Passed {
            record.verdict = Verdict::InternalError;
            record.exit_code = exit_code(Verdict::InternalError, None);
        }
        // Lost it must not be: here is all of it.
        let text = serde_json::to_string(&record).unwrap_or_default();
        anstream::println!("{text}");
        events.warn(format!(
            "the record could not be stored ({error}); it is printed above"
        ));
    }
    events.tell(Event::StageEnded {
        stage: Stage::Report,
        status,
        duration: started.elapsed(),
        detail,
    });
    let code = record.exit_code;
    record.duration_ms = record.duration_ms.saturating_add(millis(started.elapsed()));
    events.tell(Event::RunFinished {
        record: Box::new(record),
        bundle: shown,
        kept,
    });
    code
}

/// Writes the record; then `latest` and old runs, which change no verdict when they can't be seen to.
async fn write(record: &Record, keeping: Keeping) -> (Result<(), String>, Option<String>) {
    let record = record.clone();
    let written = tokio::task::spawn_blocking(move || {
        let bundle = &keeping.bundle;
        let in_store = keeping.store.as_ref().map_or(Ok(()), |store| {
            store
                .put(&record)
                .map_err(|error| format!("{}: {error}", store.folder().display()))
        });
        let in_bundle = bundle
            .write_record(&record)
            .map_err(|error| format!("{}: {error}", bundle.dir().display()));
        let mut tidied = bundle
            .mark_latest()
            .and_then(|()| bundle.prune(bundle::KEPT_RUNS));
        // As long as there is a journal, the next run stores what is in the bundle.
        let is_done = in_store.is_ok() || in_bundle.is_err();
        if let (Ok(Some(journal)), Some(store)) = (keeping.journal, &keeping.store)
            && is_done
        {
            tidied = tidied.and(journal.end(store, &record.run_id));
        }
        (in_store.and(in_bundle), tidied)
    });
    match written.await {
        Ok((stored, tidied)) => (stored, tidied.err().map(|error| error.to_string())),
        Err(error) => (Err(error.to_string()), None),
    }
}

/// The bundle's path as people would type it here.
fn shown(bundle: &Bundle) -> std::path::PathBuf {
    let folder = std::env::current_dir().unwrap_or_default();
    let dir = bundle.dir();
    dir.strip_prefix(&folder).unwrap_or(dir).to_owned()
}
