//! Runs as they go when nothing is in their way.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e_harness::Sandbox;
use temporalio_client::{WorkflowCancelOptions, WorkflowExecutionStatus};
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use tokio::task::JoinSet;

use crate::observer::{Observer, Row, Started};

fn started(activity: &str, attempt: i32) -> Started {
    Started {
        activity: activity.to_owned(),
        attempt,
    }
}

fn row(activity: &str, status: &str, attempts: i32) -> Row {
    Row {
        activity: activity.to_owned(),
        status: status.to_owned(),
        attempts,
        output: format!("{activity} is done"),
    }
}

/// T21.
#[e2e_harness::test]
async fn the_full_flow(sandbox: Sandbox, observer: &Observer) -> Result<()> {
    let greet = observer.own("greet");
    let seed = observer.define(&greet, Duration::ZERO, 0);
    sandbox.step("seed one ActivityDefinition", seed).await?;
    let start = observer.start(&greet, &greet);
    let run = sandbox.step("trigger RunActivityWorkflow", start).await?;
    sandbox
        .step("poll for completion", observer.completes(&run))
        .await?;
    sandbox
        .step("it has the activity's answer", async {
            let finished = observer.result(&run).await?;
            ensure!(
                finished.output == format!("{greet} is done"),
                "it is {finished:?}"
            );
            Ok(())
        })
        .await?;
    sandbox
        .step("the run log is in the database", async {
            let rows = observer.rows(&greet).await?;
            ensure!(
                rows == [row(&greet, "completed", 1)],
                "the rows are {rows:?}"
            );
            Ok(())
        })
        .await?;
    sandbox
        .step("the history shows load, run and log, once each", async {
            let all = observer.history(&run).await?.activities();
            let names = ["load_definition", "run_activity", "write_log"];
            ensure!(
                all == names.map(|name| started(name, 1)),
                "it shows {all:?}"
            );
            Ok(())
        })
        .await
}

#[e2e_harness::test]
async fn an_unknown_definition_fails_without_a_retry(
    sandbox: Sandbox,
    observer: &Observer,
) -> Result<()> {
    let unknown = observer.own("unknown");
    let start = observer.start(&unknown, &unknown);
    let run = sandbox.step("trigger a run of no activity", start).await?;
    let status = sandbox
        .step("poll for its end", observer.ended(&run))
        .await?;
    ensure!(
        status == WorkflowExecutionStatus::Failed,
        "it is {status:?}"
    );
    let why = observer
        .result(&run)
        .await
        .map_err(|error| error.to_string());
    let expected = format!("no activity is named {unknown:?}");
    ensure!(why == Err(expected), "it says {why:?}");
    sandbox
        .step("one attempt, and no row", async {
            let all = observer.history(&run).await?.activities();
            ensure!(all == [started("load_definition", 1)], "it shows {all:?}");
            let rows = observer.rows(&unknown).await?;
            ensure!(rows.is_empty(), "the rows are {rows:?}");
            Ok(())
        })
        .await
}

#[e2e_harness::test]
async fn an_activity_that_fails_twice_passes_and_is_logged_once(
    sandbox: Sandbox,
    observer: &Observer,
) -> Result<()> {
    let flaky = observer.own("flaky");
    observer.define(&flaky, Duration::ZERO, 2).await?;
    let run = observer.start(&flaky, &flaky).await?;
    sandbox
        .step("poll for completion", observer.completes(&run))
        .await?;
    sandbox
        .step("one row, three attempts", async {
            let rows = observer.rows(&flaky).await?;
            ensure!(
                rows == [row(&flaky, "completed", 3)],
                "the rows are {rows:?}"
            );
            let all = observer.history(&run).await?.activities();
            ensure!(
                all.contains(&started("run_activity", 3)),
                "it shows {all:?}"
            );
            Ok(())
        })
        .await
}

#[e2e_harness::test]
async fn a_cancelled_run_is_logged_as_that(sandbox: Sandbox, observer: &Observer) -> Result<()> {
    let endless = observer.own("endless");
    observer.define(&endless, Duration::from_mins(5), 0).await?;
    let run = observer.start(&endless, &endless).await?;
    sandbox
        .step("the activity is under way", observer.at_work(&run))
        .await?;
    sandbox
        .step("cancel", run.cancel(WorkflowCancelOptions::default()))
        .await?;
    let status = sandbox
        .step("poll for its end", observer.ended(&run))
        .await?;
    ensure!(
        status == WorkflowExecutionStatus::Canceled,
        "it is {status:?}"
    );
    sandbox
        .step("the history and the row say so", async {
            let history = observer.history(&run).await?;
            ensure!(
                history.has(EventType::ActivityTaskCanceled),
                "the activity went on"
            );
            let rows = observer.rows(&endless).await?;
            let expected = Row {
                output: "cancelled".to_owned(),
                ..row(&endless, "cancelled", 1)
            };
            ensure!(rows == [expected], "the rows are {rows:?}");
            Ok(())
        })
        .await
}

#[e2e_harness::test]
async fn fifty_runs_at_once(sandbox: Sandbox, observer: &Observer) -> Result<()> {
    let many = observer.own("one-of-many");
    observer
        .define(&many, Duration::from_millis(100), 0)
        .await?;
    let runs = sandbox
        .step("start 50 runs", async {
            let mut runs = Vec::new();
            for number in 0..50 {
                runs.push(
                    observer
                        .start(&many, &format!("{many}-{number:02}"))
                        .await?,
                );
            }
            Ok::<_, anyhow::Error>(runs)
        })
        .await?;
    sandbox
        .step("all of them complete", async {
            let mut waiting = JoinSet::new();
            for run in runs {
                waiting.spawn(async move { activity_core::trigger::result(&run).await });
            }
            while let Some(ended) = waiting.join_next().await {
                ended??;
            }
            Ok::<_, anyhow::Error>(())
        })
        .await?;
    sandbox
        .step("50 rows, one each", async {
            let rows = observer.rows(&format!("{many}-%")).await?;
            let right = rows.iter().filter(|it| **it == row(&many, "completed", 1));
            let right = right.count();
            ensure!(
                rows.len() == 50 && right == 50,
                "{} rows, {right} right",
                rows.len()
            );
            Ok(())
        })
        .await
}
