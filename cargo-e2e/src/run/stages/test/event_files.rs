//! The files to which tests append events: one for each test target.

use std::path::{Path, PathBuf};

use e2e_harness::protocol;

use crate::plan::Plan;
use crate::record::outcome::Verdict;
use crate::run::{Context, StageError};
use crate::spec::Side;

/// A folder in the bundle and in the sandbox, with the tests' events and locks.
pub(in crate::run::stages) const FOLDER: &str = "harness";
/// The tests append their events to it.
pub(super) const FILE: &str = "events.jsonl";

pub(super) fn file(number: usize, of: usize) -> String {
    if of == 1 {
        FILE.to_owned()
    } else {
        format!("events-{number}.jsonl")
    }
}

/// Returns the folder on this machine; `None` when the tests run on another.
pub(super) fn here(context: &Context<'_>) -> Option<PathBuf> {
    let there = context.plan.tests_on == Side::Host && !context.host.is_local();
    (!there).then(|| context.bundle.join(FOLDER))
}

pub(super) async fn make(folder: &Path) -> Result<(), StageError> {
    tokio::fs::create_dir_all(folder).await.map_err(|error| {
        StageError::new(
            Verdict::InternalError,
            format!("failed to make {}: {error}", folder.display()),
        )
    })
}

/// Returns the variable that names an events file to the tests.
pub(super) fn variable(context: &Context<'_>, file: &str) -> (String, String) {
    let folder = match here(context) {
        Some(folder) => folder.display().to_string(),
        None => format!("{}/{FOLDER}", context.sandbox.dir()),
    };
    (protocol::EVENTS.to_owned(), format!("{folder}/{file}"))
}

/// Returns every file with a prefix for the names of its tests.
pub(super) fn files(plan: &Plan) -> Vec<(String, String)> {
    let Some(harness) = plan.tests.harness() else {
        return vec![(FILE.to_owned(), String::new())];
    };
    let prefixes = harness.prefixes();
    let of = prefixes.len();
    let named = |(number, prefix)| (file(number, of), prefix);
    prefixes.into_iter().enumerate().map(named).collect()
}
