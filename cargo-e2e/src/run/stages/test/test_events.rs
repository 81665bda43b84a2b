//! What tests tell of themselves while they run, and how they reach the tool.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use e2e_harness::protocol;
use jiff::{SignedDuration, Timestamp};

use crate::durable;
use crate::plan::Plan;
use crate::record::outcome::{TestRecord, Verdict};
use crate::record::verdict::Events;
use crate::report::log_lines::shifted;
use crate::run::control::Control;
use crate::run::stages::collect::skew;
use crate::run::stages::{Context, Trouble};
use crate::spec::Side;

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod mirror;
mod records;

pub(super) use mirror::during;

/// In the bundle, and in the sandbox's folder: the tests' own folder, with their locks.
pub(in crate::run::stages) const FOLDER: &str = "harness";
/// What they append to.
pub(super) const FILE: &str = "events.jsonl";

/// The file of one of several targets.
pub(super) fn file(number: usize, of: usize) -> String {
    if of == 1 {
        FILE.to_owned()
    } else {
        format!("events-{number}.jsonl")
    }
}

/// The folder on this machine; none when the tests run on another.
fn here(context: &Context<'_>) -> Option<PathBuf> {
    let there = context.plan.tests_on == Side::Host && !context.host.is_local();
    (!there).then(|| context.bundle.join(FOLDER))
}

/// Makes the folder.
pub(super) async fn prepare(context: &Context<'_>) -> Result<(), Trouble> {
    match here(context) {
        Some(folder) => make(&folder).await?,
        // A kept sandbox has that of an earlier run.
        None => context.sandbox.fresh(context.host, FOLDER).await?,
    }
    mirror::begin(context).await;
    Ok(())
}

pub(super) async fn make(folder: &Path) -> Result<(), Trouble> {
    tokio::fs::create_dir_all(folder).await.map_err(|error| {
        Trouble::new(
            Verdict::InternalError,
            format!("can't make {}: {error}", folder.display()),
        )
    })
}

/// The variable that names a file to the tests.
pub(super) fn events(context: &Context<'_>, file: &str) -> (String, String) {
    let folder = match here(context) {
        Some(folder) => folder.display().to_string(),
        None => format!("{}/{FOLDER}", context.sandbox.dir()),
    };
    (protocol::EVENTS.to_owned(), format!("{folder}/{file}"))
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
                if context.plan.harness.is_some() {
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

/// Every file with what goes before the names of its tests: names of several targets may collide.
pub(super) fn files(plan: &Plan) -> Vec<(String, String)> {
    let Some(harness) = &plan.harness else {
        return vec![(FILE.to_owned(), String::new())];
    };
    let targets = &harness.targets;
    let several = targets
        .iter()
        .any(|target| target.package.name != targets[0].package.name);
    let prefix = |number: usize| match (targets.len(), several) {
        (1, _) => String::new(),
        (_, false) => format!("{}::", targets[number].name),
        (_, true) => format!(
            "{}::{}::",
            targets[number].package.name, targets[number].name
        ),
    };
    (0..targets.len())
        .map(|number| (file(number, targets.len()), prefix(number)))
        .collect()
}

/// Reads what the tests told so far, and puts it into the bundle as one file; nothing where they
/// tell nothing. `cut` is whether they were ended by a signal.
pub async fn told(context: &Context<'_>, cut: bool) -> Vec<TestRecord> {
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

/// As [`told`]; that of several files one can't be fetched makes them all unreadable.
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
        context.events.warn(format!("{FILE} is not kept: {error}"));
    }
    let skew = match &folder {
        None if tests.iter().any(|(_, began)| began.is_some()) => skew(context).await,
        _ => SignedDuration::ZERO,
    };
    if let Some(folder) = folder {
        // Locks and the pieces of what was just kept.
        let _ = tokio::fs::remove_dir_all(folder).await;
    }
    match lost {
        Some(why) => Events::Unreadable(why),
        None => Events::Read(records::until(tests, shifted(Timestamp::now(), skew))),
    }
}

/// Puts all that tests told into the place of what was mirrored of it.
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

/// What the tests of a run that was killed had told until then, by what it left in its bundle.
/// Those without an end were under way until `end`.
#[must_use]
pub fn told_until(bundle: &Path, end: Timestamp) -> Vec<TestRecord> {
    let text = std::fs::read(bundle.join(FILE)).unwrap_or_default();
    records::until(records::read(&text, "", true), end)
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
