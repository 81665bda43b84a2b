//! Adds the containers' part to the error of a stage: which of them failed, and the last lines of
//! their logs. Called by the lifecycle and the stages.

use std::time::{Duration, Instant};

use crate::run::{Context, StageError};
use crate::sandbox::{Container, Containers};

/// More logs would hide the message.
const MOST_LOGS: usize = 3;
const LINES: u32 = 20;

/// Adds what is wrong with the containers; nothing when all are well. `ready` is how they were once the
/// stack was ready.
pub(super) async fn explain(
    context: &Context<'_>,
    mut error: StageError,
    ready: Option<&Containers>,
) -> StageError {
    let Ok(mut containers) = context.sandbox.inspect(context.host).await else {
        return error;
    };
    if let Some(ready) = ready {
        containers.remember(ready);
    }
    let blame: Vec<Container> = if let Some((container, why)) = containers.hopeless() {
        error.message = format!("{}: {why}", error.message);
        vec![container.clone()]
    } else {
        // No check is waited for any more: a container that runs now counts as up.
        for why in containers.waiting(Instant::now() + Duration::from_mins(1)) {
            error.message = format!("{}\n{why}", error.message);
        }
        // A container that was created but never started has no log.
        let started = |container: &&Container| container.state.status != "created";
        containers.unready().filter(started).cloned().collect()
    };
    // The container's own words come first, then what others say about it.
    let said_of_it = std::mem::take(&mut error.excerpts);
    let mut error = with_logs(context, error, &blame).await;
    error.excerpts.extend(said_of_it);
    error
}

/// Returns the title of a service's last lines, which says how many they are.
fn title(service: &str, text: &str) -> String {
    match text.trim_end().lines().count() {
        0 | 1 => format!("last line of {service}"),
        lines => format!("last {lines} lines of {service}"),
    }
}

/// Adds the last lines of the containers concerned.
pub(super) async fn with_logs(
    context: &Context<'_>,
    mut error: StageError,
    blame: &[Container],
) -> StageError {
    for container in blame.iter().take(MOST_LOGS) {
        // Without its log the message still says what is wrong.
        if let Ok(text) = context
            .sandbox
            .last_lines(context.host, &container.id, LINES)
            .await
        {
            error = error.excerpt(title(&container.service, &text), &text);
        }
    }
    error
}
