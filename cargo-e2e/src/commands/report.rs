//! `cargo e2e report`: what the state-hub has not got yet, and sends it.

use std::time::Duration;

use cargo_e2e::hub::deliver::{BY_HAND, Which, deliver};
use cargo_e2e::hub::{Entry, Hub, Outbox};
use cargo_e2e::outcome::{Verdict, exit_code};
use cargo_e2e::report::summary_line;
use cargo_e2e::store::journal::recover;
use cargo_e2e::store::{Store, state_folder};

use super::finish::{died, wait_for_the_hub};
use super::{report, warn};

pub(crate) async fn waiting() -> u8 {
    let state = state_folder();
    let (store, outbox) = (Store::in_state(&state), Outbox::in_state(&state));
    let failed = |error: &dyn std::fmt::Display| {
        report(&format!("{}: {error}", state.display()), None);
        exit_code(Verdict::InternalError, None)
    };
    match recover(&store, wait_for_the_hub) {
        Ok(dead) => {
            for dead in dead.iter().filter(|dead| dead.fresh) {
                anstream::eprintln!("{}", died(&dead.record));
            }
        }
        Err(error) => return failed(&error),
    }
    let before = match outbox.entries() {
        Ok(entries) => entries,
        Err(error) => return failed(&error),
    };
    if before.is_empty() {
        anstream::eprintln!("nothing waits for the state-hub");
        return 0;
    }
    let hub = match Hub::from_environment() {
        Some(Ok(hub)) => hub,
        Some(Err(error)) => {
            show(&store, &before);
            return failed(&error);
        }
        None => {
            show(&store, &before);
            warn("STATE_HUB_URL is not set: nothing was sent");
            return exit_code(Verdict::InternalError, None);
        }
    };
    let delivered = deliver(&hub, &store, &outbox, Which::All, time(&before)).await;
    for run_id in &delivered.sent {
        anstream::println!("{run_id}  sent     {}", summary(&store, run_id));
    }
    show(&store, &delivered.waiting);
    if let Some(trouble) = &delivered.trouble {
        report(&format!("{}: {trouble}", hub.shown()), None);
    }
    if delivered.waiting.is_empty() && delivered.trouble.is_none() {
        0
    } else {
        exit_code(Verdict::InternalError, None)
    }
}

/// More records may take longer.
fn time(entries: &[Entry]) -> Duration {
    let each = Duration::from_secs(1);
    BY_HAND + each * u32::try_from(entries.len()).unwrap_or(u32::MAX)
}

fn show(store: &Store, entries: &[Entry]) {
    for entry in entries {
        let state = if entry.refused { "refused" } else { "waits" };
        let run_id = &entry.run_id;
        anstream::println!("{run_id}  {state:7}  {}", summary(store, run_id));
        if let Some(answer) = &entry.last_answer {
            let tries = match entry.attempts {
                1 => "once".to_owned(),
                times => format!("{times} times"),
            };
            anstream::println!("    tried {tries}, last answer: {answer}");
        }
    }
}

fn summary(store: &Store, run_id: &str) -> String {
    match store.get(run_id) {
        Ok(record) => summary_line(&record),
        Err(error) => format!("its record {error}"),
    }
}
