//! The workflow: load, run, log.

use std::time::Duration;

use temporalio_common::RetryPolicy;
use temporalio_sdk::{
    ActivityCancellationType, ActivityExecutionError, ActivityOptions, WorkflowCancellationToken,
    WorkflowContext, WorkflowResult, WorkflowTermination,
};
use temporalio_workflow::{workflow, workflow_methods};

use crate::activities::{Activities, LogEntry, RunStatus};
use crate::definition::Finished;

/// A query or an upsert: longer means that PostgreSQL is away.
const DATABASE: Duration = Duration::from_secs(5);
/// Beyond this an activity is broken, not slow.
const ACTIVITY: Duration = Duration::from_mins(10);
/// A worker that says nothing for so long is dead, and another one tries.
const HEARTBEAT: Duration = Duration::from_secs(3);
/// After so many failed attempts a person has to look.
const ATTEMPTS: u32 = 5;

/// Runs the activity of a name: its input is the name, its result what the activity answered.
#[workflow]
#[derive(Default)]
pub struct RunActivityWorkflow;

#[workflow_methods]
impl RunActivityWorkflow {
    /// Fails without a retry when no activity has that name.
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, name: String) -> WorkflowResult<Finished> {
        let definition = ctx
            .execute_activity(Activities::load_definition, name.clone(), database())
            .await?;
        let ran = ctx
            .execute_activity(Activities::run_activity, definition, activity())
            .await;
        let (status, attempts, output) = match &ran {
            Ok(finished) => (
                RunStatus::Completed,
                finished.attempts,
                finished.output.clone(),
            ),
            Err(ActivityExecutionError::Cancelled(_)) => {
                (RunStatus::Cancelled, 1, "cancelled".to_owned())
            }
            Err(error) => (RunStatus::Failed, ATTEMPTS, reason(error)),
        };
        let entry = LogEntry {
            activity: name,
            status,
            attempts,
            output,
        };
        // A token of its own: what was cancelled is logged too.
        let mut log = database();
        log.cancellation_token = Some(WorkflowCancellationToken::new());
        ctx.execute_activity(Activities::write_log, entry, log)
            .await?;
        match ran {
            Err(ActivityExecutionError::Cancelled(_)) => Err(WorkflowTermination::cancelled()),
            ran => Ok(ran?),
        }
    }
}

/// What the activity itself said, below what Temporal says of it.
fn reason(error: &ActivityExecutionError) -> String {
    let cause = error.failure().and_then(|failure| failure.cause.as_deref());
    cause.map_or_else(|| error.to_string(), |cause| cause.message.clone())
}

/// Retried for as long as the workflow may take: PostgreSQL comes back.
fn database() -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(DATABASE)
        .retry_policy(
            RetryPolicy::builder()
                .initial_interval(Duration::from_millis(200))
                .maximum_interval(Duration::from_secs(2))
                .build(),
        )
        .build()
}

fn activity() -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(ACTIVITY)
        .heartbeat_timeout(HEARTBEAT)
        // What is cancelled has stopped before that is logged.
        .cancellation_type(ActivityCancellationType::WaitCancellationCompleted)
        .retry_policy(
            RetryPolicy::builder()
                .initial_interval(Duration::from_millis(200))
                .maximum_attempts(ATTEMPTS)
                .build(),
        )
        .build()
}
