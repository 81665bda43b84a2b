//! Runs that were killed: the next run stores their records, and later adds what their host
//! reports.

use std::io;
use std::path::Path;

use crate::record::ended::EndedSandbox;
use crate::record::event::Events;
use crate::record::junit::Stacks;
use crate::record::outcome::Record;
use crate::record::store::journal::{Dead, Recovered};
use crate::record::store::{Store, journal, state_folder};
use crate::report::hub::{Entry, Outbox};
use crate::report::{Bundle, ReportInputs, failure, html};
use crate::run::stages::collect;
use crate::run::stages::test::records_until;

/// Stores the records of killed runs, and reports each.
pub(crate) fn tell(store: &Store, events: &Events) {
    match recover(store) {
        Ok(recovered) => {
            for dead in recovered.dead.iter().filter(|dead| dead.fresh) {
                events.note(died(&dead.record));
            }
            for file in &recovered.torn {
                events.warn(torn(file));
            }
        }
        Err(error) => events.warn(format!(
            "failed to recover records of killed runs: {}: {error}",
            store.folder().display()
        )),
    }
}

/// Stores the records of killed runs, and queues them for the state-hub where those runs would have
/// been sent.
pub fn recover(store: &Store) -> io::Result<Recovered> {
    journal::recover(store, records_until, |dead| {
        explain(&dead.record, &dead.header.bundle);
        wait_for_the_hub(dead)
    })
}

/// Writes the bundle's other files for people and CI, where the bundle still exists.
fn explain(record: &Record, bundle: &Path) {
    let Some(bundle) = Bundle::of(bundle, &record.run_id) else {
        return;
    };
    collect::discard(bundle.dir());
    let inputs = ReportInputs {
        bundle: bundle.dir(),
        skew: jiff::SignedDuration::ZERO,
        tests_on_host: false,
        again: "",
        keep: None,
        of_several: false,
        tail: "",
    };
    let why = failure::cut_short(record);
    // The record is stored, so an error here is ignored.
    let page = html::page(record, &inputs, why.as_deref(), &Stacks::new());
    let _ = std::fs::write(bundle.dir().join("report.html"), page);
    let _ = bundle.write_for_ci(record, None);
}

fn wait_for_the_hub(dead: &Dead) -> io::Result<()> {
    let Some(report) = &dead.header.report else {
        return Ok(());
    };
    Outbox::in_state(&state_folder()).put(&Entry {
        run_id: dead.record.run_id.clone(),
        report: report.clone(),
        without_hub: dead.header.without_hub,
        ..Entry::default()
    })
}

/// Adds to records what their host reports, and returns a line about each. The hub's copy stays as
/// it is.
pub(crate) fn learn(
    store: &Store,
    outbox: Option<&Outbox>,
    ended_sandboxes: &[EndedSandbox],
    results: &Path,
) -> Vec<String> {
    let mut learned = Vec::new();
    // No process may send meanwhile.
    let held = outbox.map(|outbox| Some((outbox.try_hold().ok()??, outbox)));
    let waiting = match &held {
        None => None,
        Some(None) => return learned,
        Some(Some((_, outbox))) => Some(outbox.entries().unwrap_or_default()),
    };
    for one in ended_sandboxes {
        let waits = |entries: &Vec<Entry>| entries.iter().any(|it| it.run_id == one.run_id);
        if waiting.as_ref().is_none_or(waits)
            && let Ok(Some(record)) = store.learn(one, results)
        {
            explain(&record, &results.join(&record.run_id));
            learned.push(format!("run {}: {}", one.run_id, one.sentence()));
        }
    }
    learned
}

/// Returns a line about an unreadable journal.
pub fn torn(file: &Path) -> String {
    format!(
        "failed to read the journal of a killed run: {} is left as it is",
        file.display()
    )
}

/// Returns a line about a killed run.
pub fn died(record: &Record) -> String {
    let stage = record.stages.last();
    let during = stage.map_or_else(String::new, |stage| {
        format!(" during {}", stage.name.name())
    });
    format!(
        "run {} of {} on {} was killed{during}: it is recorded as interrupted",
        record.run_id, record.repo, record.host
    )
}
