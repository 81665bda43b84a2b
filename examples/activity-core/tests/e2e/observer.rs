//! What can be seen of a run from outside: Temporal's history, and PostgreSQL's rows.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use activity_core::trigger::{self, Run, Temporal};
use activity_core::{Finished, TASK_QUEUE};
use anyhow::{Context as _, Result, ensure};
use e2e_harness::{BoxError, Fixture, Poll, Sandbox, eventually};
use temporalio_client::{
    Client, WorkflowDescribeOptions, WorkflowExecutionStatus, WorkflowFetchHistoryOptions,
};
use temporalio_common::protos::temporal::api::enums::v1::{EventType, PendingActivityState};
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use tokio_postgres::NoTls;

/// Whatever hangs, the test ends with words of its own.
const LIMIT: Duration = Duration::from_mins(1);

/// A client of Temporal and one of PostgreSQL, neither of them the worker's.
pub(crate) struct Observer {
    temporal: Client,
    database: String,
    /// Names of this try of a test end with it: a sandbox may be used again.
    mark: String,
}

/// A row of the run log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) activity: String,
    pub(crate) status: String,
    pub(crate) attempts: i32,
    pub(crate) output: String,
}

/// A try of an activity that the history tells of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Started {
    pub(crate) activity: String,
    /// How many tries there were, this one included.
    pub(crate) attempt: i32,
}

impl Fixture for Observer {
    async fn set_up(sandbox: &Sandbox) -> Result<Self, BoxError> {
        let temporal = Temporal {
            address: sandbox.addr("temporal", 7233)?,
            namespace: "default".to_owned(),
            task_queue: TASK_QUEUE.to_owned(),
        };
        let postgres = sandbox.addr("postgres", 5432)?;
        Ok(Self {
            temporal: temporal.connect().await?,
            database: format!("postgresql://activity:activity@{postgres}/activity"),
            mark: format!(
                "{:x}",
                SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros()
            ),
        })
    }
}

impl Observer {
    /// A connection of its own for each look: PostgreSQL may have restarted since the last.
    async fn sql(&self) -> Result<tokio_postgres::Client> {
        let (client, connection) = tokio_postgres::connect(&self.database, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// A name that no other test has, so that they go side by side.
    pub(crate) fn own(&self, name: &str) -> String {
        format!("{name}-{}", self.mark)
    }

    /// Seeds one definition.
    pub(crate) async fn define(&self, name: &str, takes: Duration, failures: i32) -> Result<()> {
        let insert = "INSERT INTO activity_definitions (name, output, takes_ms, failures)
            VALUES ($1, $2, $3, $4)";
        let output = format!("{name} is done");
        let takes = i64::try_from(takes.as_millis())?;
        let client = self.sql().await?;
        client
            .execute(insert, &[&name, &output, &takes, &failures])
            .await?;
        Ok(())
    }

    /// Starts a run as any client of Temporal would.
    pub(crate) async fn start(&self, activity: &str, id: &str) -> Result<Run> {
        trigger::start(&self.temporal, TASK_QUEUE, activity, id, LIMIT)
            .await
            .context("Temporal did not take the workflow")
    }

    /// Waits until a run ends, which it does by completing.
    pub(crate) async fn completes(&self, run: &Run) -> Result<()> {
        let status = self.ended(run).await?;
        ensure!(
            status == WorkflowExecutionStatus::Completed,
            "it is {status:?}"
        );
        Ok(())
    }

    /// Polls until the workflow is no longer running, and returns what became of it.
    pub(crate) async fn ended(&self, run: &Run) -> Result<WorkflowExecutionStatus> {
        Ok(eventually("the workflow ends", || async {
            let described = run.describe(WorkflowDescribeOptions::default()).await?;
            Ok::<_, anyhow::Error>(match described.status() {
                WorkflowExecutionStatus::Running => Poll::NotYet(pending(described.raw())),
                status => Poll::Ready(status),
            })
        })
        .timeout(LIMIT)
        .await?)
    }

    /// Waits until the worker is in the middle of the activity.
    pub(crate) async fn at_work(&self, run: &Run) -> Result<()> {
        eventually("the worker is at work", || async {
            let described = run.describe(WorkflowDescribeOptions::default()).await?;
            let pending = &described.raw().pending_activities;
            Ok::<_, anyhow::Error>(pending.iter().any(|activity| {
                let named = activity.activity_type.as_ref();
                named.is_some_and(|named| named.name.ends_with("run_activity"))
                    && activity.state() == PendingActivityState::Started
            }))
        })
        .await?;
        Ok(())
    }

    /// What the run gave.
    pub(crate) async fn result(&self, run: &Run) -> Result<Finished> {
        trigger::result(run)
            .await
            .map_err(|error| anyhow::anyhow!(trigger::reason(&error)))
    }

    /// The rows of the run log of one workflow.
    pub(crate) async fn rows(&self, workflow: &str) -> Result<Vec<Row>> {
        let select = "SELECT activity, status, attempts, output FROM run_log
            WHERE workflow_id LIKE $1 ORDER BY workflow_id";
        let rows = self.sql().await?.query(select, &[&workflow]).await?;
        let rows = rows.iter().map(|row| Row {
            activity: row.get(0),
            status: row.get(1),
            attempts: row.get(2),
            output: row.get(3),
        });
        Ok(rows.collect())
    }

    /// All that Temporal wrote down of the run.
    pub(crate) async fn history(&self, run: &Run) -> Result<History> {
        let history = run.fetch_history(WorkflowFetchHistoryOptions::default());
        Ok(History(history.into_events().await?))
    }
}

fn pending(
    described: &temporalio_common::protos::temporal::api::workflowservice::v1::DescribeWorkflowExecutionResponse,
) -> String {
    let activities = described.pending_activities.iter().map(|activity| {
        let name = activity
            .activity_type
            .as_ref()
            .map(|named| named.name.as_str());
        let failure = activity
            .last_failure
            .as_ref()
            .map(|failure| failure.message.as_str());
        format!(
            "{} in attempt {}{}",
            name.unwrap_or("an activity"),
            activity.attempt,
            failure.map_or_else(String::new, |said| format!(", which last said: {said}"))
        )
    });
    let activities: Vec<String> = activities.collect();
    if activities.is_empty() {
        return "running, and no activity is on its way".to_owned();
    }
    activities.join("; ")
}

/// A workflow's events.
pub(crate) struct History(Vec<HistoryEvent>);

impl History {
    /// Whether there is such an event.
    pub(crate) fn has(&self, kind: EventType) -> bool {
        self.0.iter().any(|event| event.event_type() == kind)
    }

    /// Every activity that ended, with the number of tries it took, in their order.
    pub(crate) fn activities(&self) -> Vec<Started> {
        let scheduled = |id: i64| {
            self.0.iter().find_map(|event| match &event.attributes {
                Some(Attributes::ActivityTaskScheduledEventAttributes(it))
                    if event.event_id == id =>
                {
                    let name = &it.activity_type.as_ref()?.name;
                    Some(name.rsplit([':', '.']).next()?.to_owned())
                }
                _ => None,
            })
        };
        let started = self.0.iter().filter_map(|event| match &event.attributes {
            Some(Attributes::ActivityTaskStartedEventAttributes(it)) => Some(Started {
                activity: scheduled(it.scheduled_event_id)?,
                attempt: it.attempt,
            }),
            _ => None,
        });
        started.collect()
    }
}
