//! The events that tests write while they run, and how the tool reads them.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod mirror;
mod records;

use std::path::Path;
use std::sync::Arc;

use e2e_harness::protocol;
use jiff::{SignedDuration, Timestamp};

use crate::durable;
use crate::record::outcome::TestRecord;
use crate::record::verdict::Events;
use crate::report::log_lines::shifted;
use crate::run::control::Control;
use crate::run::{Context, StageError};
use crate::spec::Side;

use super::event_files::{FILE, FOLDER, files, here, make};
use super::retries::merged;

pub(super) use mirror::during;

pub(super) async fn prepare(context: &Context<'_>) -> Result<(), StageError> {
    match here(context) {
        Some(folder) => make(&folder).await?,
        // A kept sandbox has the folder of an earlier run.
        None => context.sandbox.fresh(context.host, FOLDER).await?,
    }
    mirror::begin(context).await;
    Ok(())
}

/// Returns the variable that names the control socket to the tests; `None` without a socket.
pub(super) async fn control(
    context: &Context<'_>,
    control: &Control<'_>,
) -> Option<(String, String)> {
    let path = match context.plan.tests_on {
        Side::Client => control.path(),
        Side::Host => match control.on_host().await {
            Ok(path) => path,
            Err(error) => {
                // Only a harness can use it.
                if context.plan.tests.harness().is_some() {
                    context.events.warn(format!(
                        "tests can't stop and start services: {error}. Let {}'s sshd allow it \
                         (AllowStreamLocalForwarding), or run the tests here (`tests_run_on: client`)",
                        context.host.name()
                    ));
                }
                return None;
            }
        },
    };
    Some((protocol::CONTROL.to_owned(), path))
}

/// Reads the events of tests that a signal ended, and returns all tests: `earlier` has those of
/// attempts that had come to their end.
pub async fn read_cut(context: &Context<'_>, earlier: Vec<TestRecord>) -> Vec<TestRecord> {
    // What was mirrored has the events of all attempts.
    let stored = earlier.is_empty();
    match read_events(context, true, stored).await {
        // The signal came when they had been read.
        Events::Read(tests) if tests == earlier => earlier,
        Events::Read(tests) => merged(earlier, tests),
        Events::Unreadable(why) => {
            context
                .events
                .warn(format!("failed to fetch test events: {why}"));
            earlier
        }
    }
}

/// Reads the tests' events, and stores them in the bundle as one file; one that can't be fetched
/// makes all unreadable.
pub(super) async fn read(context: &Context<'_>) -> Events {
    read_events(context, false, true).await
}

/// `cut` is whether a signal ended the tests, `stored` whether the bundle gets the events.
async fn read_events(context: &Context<'_>, cut: bool, stored: bool) -> Events {
    let folder = here(context);
    let mut lost = None;
    let mut all = Vec::new();
    let mut tests = Vec::new();
    for (file, prefix) in files(context.plan) {
        let text = match &folder {
            Some(folder) => from_here(&folder.join(&file)).await,
            None => from_host(context, &file).await,
        };
        let text = text.unwrap_or_else(|why| {
            lost = Some(why);
            Vec::new()
        });
        tests.extend(records::read(&text, &prefix, cut));
        all.extend(records::named(&text, &prefix));
    }
    if stored && let Err(error) = keep(context, all).await {
        context
            .events
            .warn(format!("failed to store {FILE}: {error}"));
    }
    let skew = match &folder {
        None if tests.iter().any(|(_, began)| began.is_some()) => {
            context.clock_skew().await.unwrap_or_default()
        }
        _ => SignedDuration::ZERO,
    };
    if let Some(folder) = folder {
        // The folder has locks, and the pieces of what was just stored.
        let _ = tokio::fs::remove_dir_all(folder).await;
    }
    match lost {
        Some(why) => Events::Unreadable(why),
        None => Events::Read(records::end_at(tests, shifted(Timestamp::now(), skew))),
    }
}

/// Replaces the mirrored events with all events.
async fn keep(context: &Context<'_>, all: Vec<u8>) -> std::io::Result<()> {
    let (secrets, bundle) = (Arc::clone(context.events.secrets()), context.bundle.clone());
    let kept = tokio::task::spawn_blocking(move || {
        if !all.is_empty() {
            return durable::write(&bundle, FILE, &secrets.json_lines(&all));
        }
        match std::fs::metadata(bundle.join(FILE)) {
            Ok(mirrored) if mirrored.len() == 0 => durable::remove(&bundle, FILE),
            _ => Ok(()),
        }
    });
    kept.await.map_err(std::io::Error::other)?
}

/// Returns the tests of a killed run, by the events in its bundle. Tests without an end ran until
/// `end`.
pub fn records_until(bundle: &Path, end: Timestamp) -> Vec<TestRecord> {
    let text = std::fs::read(bundle.join(FILE)).unwrap_or_default();
    records::end_at(records::read(&text, "", true), end)
}

async fn from_here(file: &Path) -> Result<Vec<u8>, String> {
    match tokio::fs::read(file).await {
        Ok(text) => Ok(text),
        // Tests need not record events.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}

async fn from_host(context: &Context<'_>, file: &str) -> Result<Vec<u8>, String> {
    let file = format!("{FOLDER}/{file}");
    let got = context.sandbox.get(context.host, &file).await;
    got.map_err(|error| error.to_string())
}
