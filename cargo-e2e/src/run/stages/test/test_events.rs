//! The events that tests write while they run, and how they reach the tool.

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

pub(super) use mirror::during;

/// Makes the folder.
pub(super) async fn prepare(context: &Context<'_>) -> Result<(), StageError> {
    match here(context) {
        Some(folder) => make(&folder).await?,
        // A kept sandbox has that of an earlier run.
        None => context.sandbox.fresh(context.host, FOLDER).await?,
    }
    mirror::begin(context).await;
    Ok(())
}

/// The variable that names the tool's socket to the tests; none when they can't have one.
pub(super) async fn control(
    context: &Context<'_>,
    control: &Control<'_>,
) -> Option<(String, String)> {
    let path = match context.plan.tests_on {
        Side::Client => control.path(),
        Side::Host => match control.on_host().await {
            Ok(path) => path,
            Err(error) => {
                // A command that is no harness has no use for it.
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

/// Reads the events that the tests have written, and puts them into the bundle as one file. `cut`
/// is whether a signal ended the tests.
pub async fn read_or_warn(context: &Context<'_>, cut: bool) -> Vec<TestRecord> {
    match read(context, cut).await {
        Events::Read(tests) => tests,
        Events::Unreadable(why) => {
            context
                .events
                .warn(format!("failed to fetch test events: {why}"));
            Vec::new()
        }
    }
}

/// As [`read_or_warn`]; that of several files one can't be fetched makes them all unreadable.
pub(super) async fn read(context: &Context<'_>, cut: bool) -> Events {
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
    if let Err(error) = keep(context, all).await {
        context
            .events
            .warn(format!("failed to store {FILE}: {error}"));
    }
    let skew = match &folder {
        None if tests.iter().any(|(_, began)| began.is_some()) => context.clock_skew().await,
        _ => SignedDuration::ZERO,
    };
    if let Some(folder) = folder {
        // Locks and the pieces of what was just kept.
        let _ = tokio::fs::remove_dir_all(folder).await;
    }
    match lost {
        Some(why) => Events::Unreadable(why),
        None => Events::Read(records::end_at(tests, shifted(Timestamp::now(), skew))),
    }
}

/// Puts all events into the place of those that were mirrored.
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

/// Returns the records of tests of a run that was killed, by the events in its bundle.
/// Those without an end were under way until `end`.
#[must_use]
pub fn records_until(bundle: &Path, end: Timestamp) -> Vec<TestRecord> {
    let text = std::fs::read(bundle.join(FILE)).unwrap_or_default();
    records::end_at(records::read(&text, "", true), end)
}

async fn from_here(file: &Path) -> Result<Vec<u8>, String> {
    match tokio::fs::read(file).await {
        Ok(text) => Ok(text),
        // Tests need not tell anything.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}

async fn from_host(context: &Context<'_>, file: &str) -> Result<Vec<u8>, String> {
    let file = format!("{FOLDER}/{file}");
    let got = context.sandbox.get(context.host, &file).await;
    got.map_err(|error| error.to_string())
}
