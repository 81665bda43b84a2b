//! Waits until the stack is ready, and explains what was not.

use crate::compose::Published;
use crate::host::HostError;
use crate::probe::Probe;
use crate::record::outcome::{HealthRecord, Verdict};
use crate::run::explain::with_logs;
use crate::run::ready::Watching;
use crate::run::{Context, Stack, StageError, StageOutput, ready};
use crate::sandbox::Containers;
use crate::spec::HealthCheck;
use crate::text::count;

/// Dropped connections after which the wait gives up.
const DROPS: usize = 3;

/// Begins to watch the stack.
pub async fn watch(context: &Context<'_>, published: &[Published]) -> Result<Watching, HostError> {
    Watching::begin(
        context.host,
        context.sandbox,
        &context.plan.spec.health_checks,
        published,
        !context.facts.rootless,
    )
    .await
}

/// Waits, and returns the containers in their state then. `watching` may have begun already. `checks` has
/// every health check's record afterwards, also after an error.
pub async fn ready(
    context: &Context<'_>,
    stack: &Stack,
    mut watching: Option<Watching>,
    checks: &mut Vec<HealthRecord>,
) -> Result<StageOutput<Containers>, StageError> {
    let asks_tcp = |check: &HealthCheck| matches!(check.probe, Probe::Tcp(_));
    if context.facts.rootless && context.plan.spec.health_checks.iter().any(asks_tcp) {
        context.events.warn(
            "Docker is rootless there: `tcp` checks see its forwarder, not the container; use `url` or `exec`",
        );
    }
    let mut wait = async || {
        let watching = match watching.take() {
            Some(watching) => watching,
            None => watch(context, &stack.published).await?,
        };
        ready::wait(
            context.host,
            context.sandbox,
            watching,
            &context.plan.spec.health_checks,
            &stack.published,
            stack.health_allowance,
            context.events,
        )
        .await
    };
    let mut waited = wait().await;
    for _ in 0..DROPS {
        if !matches!(waited, Err(HostError::Lost { .. })) {
            break;
        }
        // Starts again on a new connection: the stack goes on meanwhile.
        context.host.reconnect().await?;
        waited = wait().await;
    }
    let readiness = waited?;
    *checks = readiness.checks;
    match readiness.failure {
        None => {
            let detail = match checks.len() {
                0 => "no health checks defined".to_owned(),
                checks => count(checks, "health check"),
            };
            Ok(StageOutput::new(readiness.containers, detail))
        }
        Some(failure) => {
            let error = StageError::new(Verdict::Unhealthy, failure.message);
            Err(with_logs(context, error, &failure.blame).await)
        }
    }
}
