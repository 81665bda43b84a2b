//! Fetch logs, states and artifacts.

mod long;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::host::{Host, Local, Transfer, rsync};
use crate::outcome::ServiceRecord;
use crate::sandbox::Container;
use crate::spec::Side;

use super::ready::with_logs;
use super::{Context, Done, Trouble, count};

/// Collects. Files that can't be fetched are a warning: the verdict is known already.
pub async fn collect(
    context: &Context<'_>,
    services: &mut Vec<ServiceRecord>,
) -> Result<Done<()>, Trouble> {
    let until = Instant::now() + context.plan.limits.collect;
    let limit = context.plan.limits.collect;
    let collected = context.sandbox.collect(context.host, limit).await?;
    *services = collected.containers.records();
    let bundle = context.bundle.display();
    let source = format!("{}/collected/", context.sandbox.dir());
    fetch(
        context,
        context.host,
        &[],
        &source,
        &format!("{bundle}/"),
        until,
    )
    .await;
    mask(context).await;
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
    // Last, since they may take all the time that is left.
    let cut = long::fetch(context, &collected.long, until).await;
    let mut detail = format!("logs of {}", count(services.len(), "container"));
    for one in cut {
        detail = format!("{detail}; {one}");
    }
    Ok(Done::new((), detail))
}

/// The host's clock less this machine's; nothing where the host does not say.
pub async fn skew(context: &Context<'_>) -> jiff::SignedDuration {
    if context.host.is_local() {
        return jiff::SignedDuration::ZERO;
    }
    let Ok(there) = context.sandbox.clock(context.host).await else {
        return jiff::SignedDuration::ZERO;
    };
    let here = jiff::Timestamp::now();
    let there = jiff::Timestamp::from_nanosecond(there).unwrap_or(here);
    there.duration_since(here)
}

/// Masks secrets in what was fetched.
async fn mask(context: &Context<'_>) {
    let (secrets, bundle) = (Arc::clone(context.events.secrets()), context.bundle.clone());
    let masked = tokio::task::spawn_blocking(move || secrets.evidence(&bundle)).await;
    for (path, error) in masked.unwrap_or_default() {
        context.events.warn(format!(
            "{} is not kept, because secrets could not be masked in it: {error}",
            path.display()
        ));
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
    // What comes from a host is not trusted: no link of it leads out of the bundle.
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
            .warn(format!("not all evidence was fetched: {error}"));
    }
}

/// rsync filters for the globs of `artifacts`; a folder means all that is in it.
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

/// Adds what is wrong with the stack, as its containers tell it; nothing when all are well.
pub async fn explain(context: &Context<'_>, mut trouble: Trouble) -> Trouble {
    let Ok(containers) = context.sandbox.inspect(context.host).await else {
        return trouble;
    };
    let blame: Vec<Container> = if let Some((container, why)) = containers.hopeless() {
        trouble.message = format!("{}: {why}", trouble.message);
        vec![container.clone()]
    } else {
        // Nothing is waited for any more: one that is up is up.
        for why in containers.waiting(Instant::now() + Duration::from_mins(1)) {
            trouble.message = format!("{}\n{why}", trouble.message);
        }
        // One that was made but never started has no log.
        let started = |container: &&Container| container.state.status != "created";
        containers.unready().filter(started).cloned().collect()
    };
    // First what the container says itself, then what was said of it.
    let said_of_it = std::mem::take(&mut trouble.excerpts);
    let mut trouble = with_logs(context, trouble, &blame).await;
    trouble.excerpts.extend(said_of_it);
    trouble
}
