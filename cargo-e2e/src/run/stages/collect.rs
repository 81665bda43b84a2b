//! Fetches logs, states and artifacts.
//!
//! Logs come in two steps. The host gathers states, short logs and the ends of long logs as files,
//! and one rsync fetches them: one round trip, however many containers there are. Then each long
//! log is streamed, as far as there is time: `long_logs.rs`.

mod long_logs;

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::host::{Host, Local, Transfer, rsync};
use crate::record::outcome::{ServiceRecord, Usage};
use crate::run::{Context, StageError, StageOutput};
use crate::sandbox::Containers;
use crate::secrets::Secrets;
use crate::spec::Side;
use crate::text::count;

/// The folder in the bundle for fetched files, until secrets are masked in them.
const FETCHED: &str = ".fetched";

/// Collects. Files that can't be fetched cause a warning: the verdict is known already. `ready`
/// has the containers once the stack was ready, `changed` the ids of those that tests changed, where the tests
/// passed. Where the sandbox goes after this, it is `over`. Returns the containers as they were at the beginning.
pub async fn collect(
    context: &Context<'_>,
    ready: Option<&Containers>,
    changed: Option<&BTreeSet<String>>,
    over: bool,
    services: &mut Vec<ServiceRecord>,
    usage: &mut Option<Usage>,
) -> Result<StageOutput<Containers>, StageError> {
    let until = Instant::now() + context.plan.limits.collect;
    let limit = context.plan.limits.collect;
    let mut collected = context.sandbox.collect(context.host, limit, over).await?;
    if let Some(ready) = ready {
        collected.containers.remember(ready);
    }
    *services = collected.containers.records();
    *usage = collected.usage;
    if let (Some(ready), Some(changed)) = (ready, changed) {
        for exit in collected.containers.exits_since(ready, changed) {
            context.events.warn(format!("{exit} while the tests ran"));
        }
    }
    let bundle = context.bundle.display();
    let source = format!("{}/collected/", context.sandbox.dir());
    let target = format!("{bundle}/{FETCHED}/");
    fetch(context, context.host, &[], &source, &target, until).await;
    settle(context).await;
    if !context.plan.spec.artifacts.is_empty() {
        let filters = filters(&context.plan.spec.artifacts);
        let target = format!("{bundle}/artifacts/");
        match context.plan.tests_on {
            Side::Host => {
                let source = format!("{}/", context.sandbox.repo_dir());
                fetch(context, context.host, &filters, &source, &target, until).await;
            }
            Side::Client => {
                let source = format!("{}/", context.plan.repo.root.display());
                fetch(context, &Local, &filters, &source, &target, until).await;
            }
        }
    }
    // Long logs come last, since they may take all the time that is left.
    let cut = long_logs::fetch(context, &collected.long, until).await;
    let mut detail = format!("logs of {}", count(services.len(), "container"));
    for one in cut {
        detail = format!("{detail}; {one}");
    }
    Ok(StageOutput::new(collected.containers, detail))
}

/// Masks what was fetched so far, and what the run itself stores, and moves it into its place. A
/// run that ends early needs this too: an unmasked file is never shown.
pub async fn settle(context: &Context<'_>) {
    let (secrets, bundle) = (Arc::clone(context.events.secrets()), context.bundle.clone());
    let masked = tokio::task::spawn_blocking(move || masked(&secrets, &bundle)).await;
    for (path, error) in masked.unwrap_or_default() {
        context.events.warn(format!(
            "{} is missing or incomplete: failed to mask secrets in it: {error}",
            path.display()
        ));
    }
}

fn masked(secrets: &Secrets, bundle: &Path) -> Vec<(PathBuf, io::Error)> {
    // A stage that was cut short leaves its thread running; this waits for it.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let fetched = bundle.join(FETCHED);
    let mut failed = secrets.outputs(bundle);
    failed.extend(secrets.evidence(&fetched, bundle));
    // Artifacts are the repo's own files, of any kind.
    if let Err(error) = merge(&fetched.join("artifacts"), &bundle.join("artifacts")) {
        failed.push((bundle.join("artifacts"), error));
    }
    let _ = std::fs::remove_dir_all(fetched);
    failed
}

/// Removes what a killed run could not mask any more: its secrets are unknown now.
pub fn discard(bundle: &Path) {
    for folder in [FETCHED, super::test::FOLDER] {
        let _ = std::fs::remove_dir_all(bundle.join(folder));
    }
}

/// Moves a folder to a place where one may exist already.
fn merge(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    if !to.is_dir() {
        return rename(from, to);
    }
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() && target.is_dir() {
            merge(&entry.path(), &target)?;
        } else {
            rename(&entry.path(), &target)?;
        }
    }
    Ok(())
}

/// A folder that its owner can't write to can't be moved to another parent either.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && from.is_dir() => {
            let permissions = std::fs::metadata(from)?.permissions();
            std::fs::set_permissions(from, Permissions::from_mode(0o700))?;
            std::fs::rename(from, to)?;
            std::fs::set_permissions(to, permissions)
        }
        other => other,
    }
}

async fn fetch(
    context: &Context<'_>,
    host: &dyn Host,
    filters: &[String],
    source: &str,
    target: &str,
    until: Instant,
) {
    // Files of a host are not trusted: no link leads out of the bundle.
    let mut arguments = vec!["--safe-links".to_owned()];
    arguments.extend_from_slice(filters);
    let transfer = Transfer {
        arguments: &arguments,
        source,
        target,
        fetch: true,
        list: None,
        deadline: until.saturating_duration_since(Instant::now()),
    };
    if let Err(error) = rsync(host, &transfer).await {
        context
            .events
            .warn(format!("failed to fetch all evidence: {error}"));
    }
}

/// Returns rsync filters for the globs of `artifacts`; a folder stands for its content.
fn filters(globs: &[String]) -> Vec<String> {
    let mut filters = vec![
        "--prune-empty-dirs".to_owned(),
        // Earlier results, where tests run in the working copy itself.
        "--exclude=/e2e/results/".to_owned(),
        "--exclude=/target/e2e/".to_owned(),
        "--include=*/".to_owned(),
    ];
    for glob in globs {
        let glob = glob.trim_start_matches("./").trim_end_matches('/');
        filters.push(format!("--include=/{glob}"));
        filters.push(format!("--include=/{glob}/**"));
    }
    filters.push("--exclude=*".to_owned());
    filters
}
