//! What the workflow does to the world. Each may run more than once, and comes to the same.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use temporalio_sdk::ApplicationFailure;
use temporalio_sdk::activities::{ActivityContext, ActivityError, activities};

use crate::definition::{ActivityDefinition, Finished};
use crate::store::Store;

/// The type of the failure that says: no such activity.
pub const UNKNOWN_DEFINITION: &str = "UnknownDefinition";
/// How often an activity says that it is alive, and looks whether it still should be.
const BEAT: Duration = Duration::from_millis(500);

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// The activity answered.
    Completed,
    /// It failed as often as it may.
    Failed,
    /// Somebody cancelled the workflow.
    Cancelled,
}

impl RunStatus {
    /// As in the run log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What the workflow has to say for the run log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The activity's name.
    pub activity: String,
    /// How it ended.
    pub status: RunStatus,
    /// How many attempts it took.
    pub attempts: u32,
    /// What it answered, or why it did not.
    pub output: String,
}

/// The activities, over one database.
pub struct Activities {
    store: Store,
}

impl Activities {
    /// Over this database.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

#[activities]
impl Activities {
    /// The definition of that name.
    #[activity]
    pub async fn load_definition(
        self: Arc<Self>,
        _ctx: ActivityContext,
        name: String,
    ) -> Result<ActivityDefinition, ActivityError> {
        match self.store.definition(&name).await? {
            Some(definition) => Ok(definition),
            None => Err(ActivityError::application(
                ApplicationFailure::builder(format!("no activity is named {name:?}"))
                    .type_name(UNKNOWN_DEFINITION.to_owned())
                    .non_retryable(true)
                    .build(),
            )),
        }
    }

    /// Does what the definition says.
    #[activity]
    pub async fn run_activity(
        ctx: ActivityContext,
        definition: ActivityDefinition,
    ) -> Result<Finished, ActivityError> {
        let attempt = ctx.info().attempt;
        let done = Instant::now() + Duration::from_millis(definition.takes_ms);
        while let Some(left) = done.checked_duration_since(Instant::now()) {
            ctx.record_heartbeat(()).await?;
            tokio::select! {
                () = tokio::time::sleep(left.min(BEAT)) => {}
                () = ctx.cancelled() => return Err(ActivityError::cancelled()),
            }
        }
        if attempt <= definition.failures {
            return Err(ActivityError::application(ApplicationFailure::new(
                format!(
                    "{} fails in attempt {attempt}, as it should",
                    definition.name
                ),
            )));
        }
        Ok(Finished {
            output: definition.output,
            attempts: attempt,
        })
    }

    /// Writes the run log's row of this workflow run and activity, or writes it again.
    #[activity]
    pub async fn write_log(
        self: Arc<Self>,
        ctx: ActivityContext,
        entry: LogEntry,
    ) -> Result<(), ActivityError> {
        let info = ctx.info();
        let workflow = info.workflow_id.as_deref().unwrap_or_default();
        let run = info.workflow_run_id.as_deref().unwrap_or_default();
        self.store.log(workflow, run, &entry).await?;
        Ok(())
    }
}
