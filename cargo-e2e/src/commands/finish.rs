//! The report stage: the record becomes files before anybody is told of the verdict.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use cargo_e2e::event::{Event, Events, Reporter};
use cargo_e2e::hub::deliver::{BESIDE_A_RUN, Which, deliver};
use cargo_e2e::hub::{Entry, Hub, HubError, Outbox};
use cargo_e2e::lifecycle::Outcome;
use cargo_e2e::outcome::{
    Record, Stage, StageRecord, StageStatus, Verdict, exit_code, millis, now,
};
use cargo_e2e::plan::Plan;
use cargo_e2e::report::{Bundle, TestLog, bundle, failure, html};
use cargo_e2e::sandbox::{Buried, Identity};
use cargo_e2e::spec::{Report, Side};
use cargo_e2e::store::journal::{Dead, recover};
use cargo_e2e::store::{Header, Journal, Store, state_folder};

/// Where the result goes.
pub(crate) struct Keeping {
    bundle: Arc<Bundle>,
    log: TestLog,
    /// None for `up`, which is no run of tests: it is no part of a repo's history.
    store: Option<Store>,
    journal: io::Result<Option<Journal>>,
    telling: Option<Arc<Telling>>,
    tests_on_host: bool,
}

/// The state-hub is to be told.
struct Telling {
    hub: Result<Hub, HubError>,
    report: Report,
    outbox: Outbox,
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
        let hub = Hub::from_environment().filter(|_| store.is_some());
        let telling = hub.map(|hub| {
            Arc::new(Telling {
                hub,
                report: plan.spec.report.clone(),
                outbox: Outbox::in_state(&state_folder()),
            })
        });
        let header = Header {
            run_id: identity.run_id.clone(),
            repo: identity.slug.clone(),
            host: plan.host.name.clone(),
            started_at: now(),
            bundle: bundle.dir().to_owned(),
            report: telling.as_ref().map(|telling| telling.report.clone()),
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
            telling,
            tests_on_host: plan.tests_on == Side::Host,
        };
        (
            keeping,
            reporter.map(|one| Box::new(one) as Box<dyn Reporter>),
        )
    }

    /// Runs on this host that were killed, and of whose sandbox nothing is known.
    pub(crate) fn unknown(&self, host: &str) -> Vec<String> {
        let unknown = self.store.as_ref().map(|store| store.unknown(host));
        // What can't be read is told of with the records.
        unknown.and_then(Result::ok).unwrap_or_default()
    }

    /// Stores what runs knew that were killed.
    pub(crate) fn tell_of_the_dead(&self, events: &Events) {
        let Some(store) = &self.store else { return };
        if let Err(error) = &self.journal {
            events.warn(format!(
                "should this run be killed, it leaves no record: {}: {error}",
                store.folder().display()
            ));
        }
        match recover(store, wait_for_the_hub) {
            Ok(recovered) => {
                for dead in recovered.dead.iter().filter(|dead| dead.fresh) {
                    events.note(died(&dead.record));
                }
                for file in &recovered.torn {
                    events.warn(torn(file));
                }
            }
            Err(error) => events.warn(format!(
                "what runs knew that were killed is not stored yet: {}: {error}",
                store.folder().display()
            )),
        }
    }
}

/// Writes into the records of runs that were killed what their host remembers of them. What the hub
/// has already stays as it has it.
async fn learn(
    store: &Store,
    telling: Option<&Arc<Telling>>,
    buried: Vec<Buried>,
    bundle: &Path,
    events: &Events,
) {
    if buried.is_empty() {
        return;
    }
    let (store, telling) = (store.clone(), telling.cloned());
    let results = bundle.parent().unwrap_or(bundle).to_owned();
    let learned = tokio::task::spawn_blocking(move || {
        let mut learned = Vec::new();
        // Nobody sends meanwhile.
        let held = telling.map(|telling| Some((telling.outbox.try_hold().ok()??, telling)));
        let waiting = match &held {
            None => None,
            Some(None) => return learned,
            Some(Some((_, telling))) => Some(telling.outbox.entries().unwrap_or_default()),
        };
        for one in &buried {
            let waits = |entries: &Vec<Entry>| entries.iter().any(|it| it.run_id == one.run_id);
            if waiting.as_ref().is_none_or(waits)
                && let Ok(Some(_)) = store.learn(one, &results)
            {
                learned.push(format!("run {}: {}", one.run_id, one.sentence()));
            }
        }
        learned
    });
    for sentence in learned.await.unwrap_or_default() {
        events.note(sentence);
    }
}

/// Lets the record of a run that was killed wait for the hub, if it was to be told.
pub(crate) fn wait_for_the_hub(dead: &Dead) -> io::Result<()> {
    let Some(report) = &dead.header.report else {
        return Ok(());
    };
    Outbox::in_state(&state_folder()).put(&Entry {
        run_id: dead.record.run_id.clone(),
        report: report.clone(),
        ..Entry::default()
    })
}

/// One line about a journal that tells nothing.
pub(crate) fn torn(file: &std::path::Path) -> String {
    format!(
        "a run was killed, and what was known of it can't be read: {} is kept as it is",
        file.display()
    )
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
/// With `json`, the last event holds the record: stdout has nothing else.
pub(crate) async fn finish(outcome: Outcome, keeping: Keeping, events: &Events, json: bool) -> u8 {
    let Outcome {
        mut record,
        kept,
        skew,
        buried,
    } = outcome;
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
    let (bundle, tests_on_host) = (Arc::clone(&keeping.bundle), keeping.tests_on_host);
    let mut failure = explained(&record, skew, &bundle, tests_on_host).await;
    // Whoever has only the record, as the hub does, is to understand it.
    let stage = record.stages.iter_mut().find(|one| one.name == Stage::Test);
    if let (Some(stage), Some(failure)) = (stage, &failure) {
        stage.detail.push('\n');
        stage.detail.push_str(failure.stack.as_str());
        stage.detail.truncate(stage.detail.trim_end().len());
    }
    let (store, telling) = (keeping.store.clone(), keeping.telling.clone());
    let (stored, untidy) = write(&record, keeping).await;
    if let Some(store) = &store {
        learn(store, telling.as_ref(), buried, &shown, events).await;
    }
    if let Some(untidy) = untidy {
        events.warn(format!("the result is not tidy: {untidy}"));
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
        // Of tests that failed, all is said already.
        let is_all = record.verdict == Verdict::InternalError;
        if let Some(stage) = record.stages.last_mut() {
            stage.status = StageStatus::Failed;
            stage.detail = format!(
                "the record could not be stored: {error}; this must be a folder that you can write to, on a disk with room"
            );
        }
        // As far as they can be written, the files say no more that all is well.
        if is_all {
            failure = explained(&record, skew, &bundle, tests_on_host).await;
        }
        let _ = bundle.write_record(&record);
        let _ = bundle.write_junit(&record);
        // Lost it must not be: here is all of it.
        let place = if json {
            "in the last event"
        } else {
            let text = serde_json::to_string(&record).unwrap_or_default();
            anstream::println!("{text}");
            "printed above"
        };
        events.warn(format!(
            "the record could not be stored ({error}); it is {place}"
        ));
    }
    if let (Some(store), Some(telling)) = (store, telling) {
        tell(&record.run_id, &store, &telling, events).await;
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
        failure: failure.map(|failure| failure.short),
        kept,
    });
    code
}

/// Tells the hub of this run and of those that wait, as far as two seconds go.
async fn tell(run_id: &str, store: &Store, telling: &Telling, events: &Events) {
    let hub = match &telling.hub {
        Ok(hub) => hub,
        Err(error) => {
            events.warn(format!(
                "the state-hub is not told: {error}; the record waits"
            ));
            return;
        }
    };
    let which = Which::Run(run_id);
    let delivered = deliver(hub, store, &telling.outbox, which, BESIDE_A_RUN).await;
    let own = delivered
        .waiting
        .iter()
        .find(|entry| entry.run_id == run_id);
    let answer = own.and_then(|entry| entry.last_answer.as_deref());
    let why = answer.or(delivered.trouble.as_deref());
    if let Some(own) = own {
        let did = if own.refused {
            "refuses the record"
        } else {
            "has not got the record yet"
        };
        events.warn(format!(
            "the state-hub at {} {did}: {}; `cargo e2e report` sends it again",
            hub.shown(),
            why.unwrap_or("there was no time")
        ));
    } else if let Some(trouble) = delivered.trouble {
        events.warn(format!("the state-hub: {trouble}"));
    }
}

/// What the evidence says: a page of everything, and of a failure more in the bundle and what a
/// screen holds.
async fn explained(
    record: &Record,
    skew: jiff::SignedDuration,
    bundle: &Arc<Bundle>,
    tests_on_host: bool,
) -> Option<failure::Report> {
    let (record, bundle) = (record.clone(), Arc::clone(bundle));
    let made = tokio::task::spawn_blocking(move || {
        let known = failure::Known {
            bundle: bundle.dir(),
            skew,
            tests_on_host,
        };
        let report = failure::report(&record, &known);
        let why = report.as_ref().map(|report| report.page.clone());
        let why = why.or_else(|| failure::cut_short(&record));
        let page = html::page(&record, &known, why.as_deref());
        // A disk that is full is told of with the record.
        let _ = std::fs::write(bundle.dir().join("report.html"), page);
        let report = report?;
        let _ = std::fs::write(bundle.dir().join("failure.txt"), &report.long);
        Some(report)
    });
    made.await.ok().flatten()
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
            .write_junit(&record)
            .and_then(|()| bundle.mark_latest())
            .and_then(|()| bundle.prune(bundle::KEPT_RUNS));
        let waits = match (&in_store, &keeping.telling) {
            (Ok(()), Some(telling)) => telling.outbox.put(&Entry {
                run_id: record.run_id.clone(),
                report: telling.report.clone(),
                ..Entry::default()
            }),
            _ => Ok(()),
        };
        // As long as there is a journal, the next run stores what is in the bundle, and lets it
        // wait for the hub.
        let is_done = (in_store.is_ok() && waits.is_ok()) || in_bundle.is_err();
        tidied = tidied.and(waits);
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
