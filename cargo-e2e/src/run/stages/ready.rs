//! Wait for health, and say what it was that did not come.

use crate::host::HostError;
use crate::probe::Probe;
use crate::record::outcome::{HealthRecord, Verdict};
use crate::run::ready;
use crate::sandbox::{Container, Containers};
use crate::spec::HealthCheck;

use super::up::Stack;
use super::{Context, Done, Trouble, count};

/// Logs of more containers than this would bury the message.
const MOST_LOGS: usize = 3;
const LINES: u32 = 20;
/// A connection that breaks more often than this is none to wait on.
const DROPS: usize = 3;

/// Waits, and returns the containers as they are then. `checks` holds every health check's record
/// afterwards, whatever came of it.
pub async fn ready(
    context: &Context<'_>,
    stack: &Stack,
    checks: &mut Vec<HealthRecord>,
) -> Result<Done<Containers>, Trouble> {
    let asks_tcp = |check: &HealthCheck| matches!(check.probe, Probe::Tcp(_));
    if context.facts.rootless && context.plan.spec.health_checks.iter().any(asks_tcp) {
        context.events.warn(
            "Docker is rootless there: `tcp` checks see its forwarder, not the container; use `url` or `exec`",
        );
    }
    let wait = || {
        ready::wait(
            context.host,
            context.sandbox,
            &context.plan.spec.health_checks,
            &stack.published,
            stack.health_allowance,
            !context.facts.rootless,
            context.events,
        )
    };
    let mut waited = wait().await;
    for _ in 0..DROPS {
        if !matches!(waited, Err(HostError::Lost { .. })) {
            break;
        }
        // All over again, on a connection of its own: the stack goes on meanwhile.
        context.host.reconnect().await?;
        waited = wait().await;
    }
    let readiness = waited?;
    *checks = readiness.checks;
    match readiness.failure {
        None => {
            let detail = count(checks.len(), "health check");
            Ok(Done::new(readiness.containers, detail))
        }
        Some(failure) => {
            let trouble = Trouble::new(Verdict::Unhealthy, failure.message);
            Err(with_logs(context, trouble, &failure.blame).await)
        }
    }
}

/// Adds the last lines of the containers that are to blame.
pub async fn with_logs(
    context: &Context<'_>,
    mut trouble: Trouble,
    blame: &[Container],
) -> Trouble {
    for container in blame.iter().take(MOST_LOGS) {
        // Without its log the message still says what is wrong.
        if let Ok(text) = context
            .sandbox
            .last_lines(context.host, &container.id, LINES)
            .await
        {
            trouble = trouble.excerpt(format!("the last lines of {}", container.service), &text);
        }
    }
    trouble
}
