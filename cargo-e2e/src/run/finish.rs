//! The report stage: writes all files of the result before it reports the verdict.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::record::ended::EndedSandbox;
use crate::record::event::{Event, Events};
use crate::record::outcome::{
    Record, Stage, StageRecord, StageStatus, Verdict, exit_code, millis, now,
};
use crate::record::store::Store;
use crate::report::evidence::{explain, write_page};
use crate::report::hub::deliver::{BESIDE_A_RUN, Which, deliver};
use crate::report::output::Output;
use crate::report::{Bundle, bundle, failure};

use super::keeping::{Keeping, Telling};
use super::killed_runs;
use super::lifecycle::Outcome;

/// Stores the record, reports the verdict, and returns the exit code. With `json`, stdout has only
/// events, and the last one has the record.
pub async fn finish(
    outcome: Outcome,
    keeping: Keeping,
    events: &Events,
    output: &Output,
    json: bool,
) -> u8 {
    let Outcome {
        mut record,
        kept,
        skew,
        ended_sandboxes,
    } = outcome;
    events.secrets().record(&mut record);
    let started = Instant::now();
    events.emit(Event::begin(Stage::Report));
    if let Some(error) = keeping.log.take_error() {
        let log = keeping.log.path();
        events.warn(format!("failed to write all of {}: {error}", log.display()));
    }
    let (status, detail) = check_stdout(&mut record, output);
    record.stages.push(StageRecord {
        name: Stage::Report,
        status,
        started_at: now(),
        duration_ms: 0,
        detail: detail.clone(),
    });
    let shown = shown(&keeping.bundle);
    let bundle = Arc::clone(&keeping.bundle);
    let mut evidence = keeping.evidence.clone();
    evidence.skew = skew;
    evidence.again.mask(events.secrets());
    let mut failure = explain(&record, &bundle, &evidence).await;
    if let Some(failure) = &failure {
        add_stack(&mut record, &failure.stack);
    }
    // All readers get the same duration: what follows is not part of the run's time.
    if let Some(stage) = record.stages.last_mut() {
        stage.duration_ms = millis(started.elapsed());
        record.duration_ms = record.duration_ms.saturating_add(stage.duration_ms);
    }
    write_page(&record, failure.as_ref(), &bundle, &evidence).await;
    let (store, telling) = (keeping.records().cloned(), keeping.telling.clone());
    let (stored, untidy) = write(&record, failure.as_ref(), keeping).await;
    if let Some(store) = &store {
        learn(store, telling.as_ref(), ended_sandboxes, &bundle, events).await;
    }
    if let Some(untidy) = untidy {
        events.warn(format!("failed to remove old results: {untidy}"));
    }
    let (status, detail) = match &stored {
        Ok(()) => (status, detail),
        Err(error) => (StageStatus::Failed, error.clone()),
    };
    if let Err(error) = stored {
        if record.verdict == Verdict::Passed {
            record.verdict = Verdict::InternalError;
            record.exit_code = exit_code(Verdict::InternalError, None);
        }
        // The failure of tests has been explained already.
        let is_all = record.verdict == Verdict::InternalError;
        if let Some(stage) = record.stages.last_mut() {
            stage.status = StageStatus::Failed;
            stage.detail = format!(
                "failed to store the record: {error}; this must be a writable folder, on a disk with free space"
            );
        }
        // Where they can be written, the files must not say any more that all is well.
        if is_all {
            failure = explain(&record, &bundle, &evidence).await;
            write_page(&record, failure.as_ref(), &bundle, &evidence).await;
        }
        if let Some(store) = &store {
            let _ = store.put(&record);
        }
        let _ = bundle.write_record(&record);
        let _ = bundle.write_for_ci(&record, failure.as_ref());
        // The record must not be lost: print it.
        let place = if json {
            "in the last event"
        } else {
            let text = serde_json::to_string(&record).unwrap_or_default();
            let _ = output.out().write_all(format!("{text}\n").as_bytes());
            "printed above"
        };
        events.warn(format!(
            "failed to store the record ({error}); it is {place}"
        ));
    }
    if let (Some(store), Some(telling)) = (store, telling) {
        tell(&record.run_id, &store, &telling, events).await;
    }
    events.emit(Event::StageEnded {
        stage: Stage::Report,
        status,
        duration: started.elapsed(),
        detail,
    });
    let code = record.exit_code;
    let (short, next) = failure.map(|failure| (failure.short, failure.next)).unzip();
    events.emit(Event::RunFinished {
        record: Box::new(record),
        bundle: shown,
        next: next.unwrap_or_default(),
        failure: short,
        kept,
    });
    code
}

/// Returns the stage's status: failed when stdout is incomplete, so that a caller that misses
/// output does not take the run for a success. A worse verdict stays, and the error is shown at the
/// end.
fn check_stdout(record: &mut Record, output: &Output) -> (StageStatus, String) {
    if record.verdict == Verdict::Passed
        && let Some(error) = output.take_error()
    {
        record.verdict = Verdict::InternalError;
        record.exit_code = exit_code(Verdict::InternalError, None);
        let detail = format!("failed to write to stdout: {error}");
        return (StageStatus::Failed, detail);
    }
    (StageStatus::Passed, String::new())
}

/// Adds to records of killed runs what their host reports.
async fn learn(
    store: &Store,
    telling: Option<&Arc<Telling>>,
    ended_sandboxes: Vec<EndedSandbox>,
    bundle: &Bundle,
    events: &Events,
) {
    if ended_sandboxes.is_empty() {
        return;
    }
    let (store, telling) = (store.clone(), telling.cloned());
    let results = bundle.dir().parent().unwrap_or(bundle.dir()).to_owned();
    let learned = tokio::task::spawn_blocking(move || {
        // With a hub, the record may have been sent.
        let telling = telling.filter(|telling| telling.hub.is_some());
        let outbox = telling.as_ref().map(|telling| &telling.outbox);
        killed_runs::learn(&store, outbox, &ended_sandboxes, &results)
    });
    for sentence in learned.await.unwrap_or_default() {
        events.note(sentence);
    }
}

/// Adds what the stack did to the record: the hub has nothing else to understand the failure.
fn add_stack(record: &mut Record, stack: &str) {
    let explained = failure::explained(record);
    let mut stages = record.stages.iter_mut();
    if let Some(stage) = stages.find(|one| explained == Some(one.name)) {
        stage.detail.push('\n');
        stage.detail.push_str(stack);
        stage.detail.truncate(stage.detail.trim_end().len());
    }
}

/// Sends this run and others that wait to the hub, for at most two seconds.
async fn tell(run_id: &str, store: &Store, telling: &Telling, events: &Events) {
    let hub = match &telling.hub {
        None => return,
        Some(Ok(hub)) => hub,
        Some(Err(error)) => {
            events.warn(format!(
                "failed to send the record to the state-hub: {error}; it stays in the outbox"
            ));
            return;
        }
    };
    let which = Which::Run(run_id);
    let delivered = deliver(hub, store, &telling.outbox, which, BESIDE_A_RUN).await;
    let mut waiting = delivered.waiting.iter();
    let own = waiting.find(|entry| entry.run_id == run_id);
    let answer = own.and_then(|entry| entry.last_answer.as_deref());
    let why = answer.or(delivered.trouble.as_deref());
    if let Some(own) = own {
        let did = if own.refused {
            "refused the record"
        } else {
            "did not receive the record"
        };
        let (hub, why) = (hub.shown(), why.unwrap_or("no time was left"));
        events.warn(format!(
            "the state-hub at {hub} {did}: {why}; `cargo e2e report` sends it again"
        ));
    } else if let Some(trouble) = delivered.trouble {
        events.warn(format!("the state-hub: {trouble}"));
    }
}

/// Writes the record, then updates `latest` and prunes; errors of the latter two change no verdict.
async fn write(
    record: &Record,
    failure: Option<&failure::Report>,
    keeping: Keeping,
) -> (Result<(), String>, Option<String>) {
    let record = record.clone();
    let failure = failure.cloned();
    let written = tokio::task::spawn_blocking(move || {
        let bundle = &keeping.bundle;
        let failed = |folder: &Path, error: io::Error| format!("{}: {error}", folder.display());
        let in_store = keeping.records().map_or(Ok(()), |store| {
            let stored = store.put(&record);
            stored.map_err(|error| failed(store.folder(), error))
        });
        let in_bundle = bundle.write_record(&record);
        let in_bundle = in_bundle.map_err(|error| failed(bundle.dir(), error));
        let mut tidied = bundle
            .write_for_ci(&record, failure.as_ref())
            .and_then(|()| bundle.mark_latest())
            .and_then(|()| bundle.prune(bundle::KEPT_RUNS));
        let waits = match (&in_store, &keeping.telling) {
            (Ok(()), Some(telling)) => telling.outbox.put(&telling.entry(&record.run_id)),
            _ => Ok(()),
        };
        // As long as the journal exists, the next run stores the record from the bundle, and queues
        // it for the hub.
        let is_done = (in_store.is_ok() && waits.is_ok()) || in_bundle.is_err();
        tidied = tidied.and(waits);
        if let Ok(journal) = keeping.journal
            && is_done
        {
            tidied = tidied.and(journal.end(&keeping.store, &record.run_id));
        }
        (in_store.and(in_bundle), tidied)
    });
    match written.await {
        Ok((stored, tidied)) => (stored, tidied.err().map(|error| error.to_string())),
        Err(error) => (Err(error.to_string()), None),
    }
}

/// Returns the bundle's path as a user would type it here.
fn shown(bundle: &Bundle) -> std::path::PathBuf {
    let folder = std::env::current_dir().unwrap_or_default();
    let dir = bundle.dir();
    dir.strip_prefix(&folder).unwrap_or(dir).to_owned()
}
