//! `cargo e2e report`: lists and sends records not yet delivered to the state-hub.

use std::time::Duration;

use crate::record::outcome::{Verdict, exit_code};
use crate::record::store::{Store, state_folder};
use crate::record::summary::summary_line;
use crate::report::hub::deliver::{BY_HAND, Which, deliver};
use crate::report::hub::{Entry, Hub, Outbox};
use crate::run::killed_runs::{died, recover, torn};

use crate::cli::print::{errln, failure, outln, show_error, warn};

pub(crate) async fn report() -> u8 {
    let state = state_folder();
    let (store, outbox) = (Store::in_state(&state), Outbox::in_state(&state));
    let failed = |error: &dyn std::fmt::Display| {
        failure(
            Verdict::InternalError,
            &format!("{}: {error}", state.display()),
        )
    };
    match recover(&store) {
        Ok(recovered) => {
            for dead in recovered.dead.iter().filter(|dead| dead.fresh) {
                errln!("{}", died(&dead.record));
            }
            for file in &recovered.torn {
                warn(&torn(file));
            }
        }
        Err(error) => return failed(&error),
    }
    let before = match outbox.entries() {
        Ok(entries) => entries,
        Err(error) => return failed(&error),
    };
    if before.is_empty() {
        errln!("no records wait for the state-hub");
        return 0;
    }
    let hub = match Hub::from_environment() {
        Some(Ok(hub)) => hub,
        other => {
            show(&store, &before);
            if let Some(Err(error)) = other {
                return failed(&error);
            }
            warn("STATE_HUB_URL is not set: nothing was sent");
            // Records that were stored while no hub was set are no failure.
            if before.iter().all(|entry| entry.without_hub) {
                return 0;
            }
            return exit_code(Verdict::InternalError, None);
        }
    };
    let delivered = deliver(&hub, &store, &outbox, Which::All, time(&before)).await;
    for run_id in &delivered.sent {
        outln!("{run_id}  sent     {}", summary(&store, run_id));
    }
    show(&store, &delivered.waiting);
    if let Some(trouble) = &delivered.trouble {
        show_error(&format!("{}: {trouble}", hub.shown()), None);
    }
    if delivered.waiting.is_empty() && delivered.trouble.is_none() {
        0
    } else {
        exit_code(Verdict::InternalError, None)
    }
}

/// Returns how long sending may take: it grows with the number of records.
fn time(entries: &[Entry]) -> Duration {
    let each = Duration::from_secs(1);
    BY_HAND + each * u32::try_from(entries.len()).unwrap_or(u32::MAX)
}

fn show(store: &Store, entries: &[Entry]) {
    for entry in entries {
        let state = match entry {
            entry if entry.refused => "refused",
            entry if entry.without_hub && entry.attempts == 0 => "unsent",
            _ => "waits",
        };
        let run_id = &entry.run_id;
        outln!("{run_id}  {state:7}  {}", summary(store, run_id));
        if let Some(answer) = &entry.last_answer {
            let tries = match entry.attempts {
                1 => "once".to_owned(),
                times => format!("{times} times"),
            };
            outln!("    tried {tries}, last answer: {answer}");
        }
    }
}

fn summary(store: &Store, run_id: &str) -> String {
    match store.get(run_id) {
        Ok(record) => summary_line(&record),
        Err(error) => format!("its record {error}"),
    }
}
