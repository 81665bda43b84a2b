//! What tests tell of themselves while they run, and how they reach the tool.

use std::path::{Path, PathBuf};

use e2e_harness::protocol;
use jiff::{SignedDuration, Timestamp};

use crate::control::Control;
use crate::log_lines::shifted;
use crate::outcome::{TestRecord, Verdict};
use crate::plan::Plan;
use crate::spec::Side;
use crate::stages::collect::skew;
use crate::stages::{Context, Trouble};

mod records;

pub(super) use records::any_ran;

/// In the bundle, and in the sandbox's folder: the tests' own folder, with their locks.
pub(in crate::stages) const FOLDER: &str = "harness";
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
    if let Some(folder) = here(context) {
        return make(&folder).await;
    }
    // A kept sandbox has that of an earlier run.
    context.sandbox.fresh(context.host, FOLDER).await?;
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
    let folder = here(context);
    let mut all = Vec::new();
    let mut tests = Vec::new();
    for (file, prefix) in files(context.plan) {
        let text = match &folder {
            Some(folder) => tokio::fs::read(folder.join(&file)).await.ok(),
            None => from_host(context, &file).await,
        };
        let text = text.unwrap_or_default();
        tests.extend(records::read(&text, &prefix, cut));
        all.extend(records::named(&text, &prefix));
    }
    if !all.is_empty() {
        let masked = context.events.secrets().json_lines(&all);
        let kept = tokio::fs::write(context.bundle.join(FILE), &masked).await;
        if let Err(error) = kept {
            context.events.warn(format!("{FILE} is not kept: {error}"));
        }
    }
    let skew = match &folder {
        None if tests.iter().any(|(_, began)| began.is_some()) => skew(context).await,
        _ => SignedDuration::ZERO,
    };
    if let Some(folder) = folder {
        // Locks and the pieces of what was just kept.
        let _ = tokio::fs::remove_dir_all(folder).await;
    }
    records::until(tests, shifted(Timestamp::now(), skew))
}

async fn from_host(context: &Context<'_>, file: &str) -> Option<Vec<u8>> {
    let file = format!("{FOLDER}/{file}");
    let got = context.sandbox.get(context.host, &file).await;
    got.inspect_err(|error| {
        let text = format!("what the tests told of themselves is lost: {error}");
        context.events.warn(text);
    })
    .ok()
}
