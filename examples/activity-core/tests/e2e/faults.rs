//! Runs in whose middle something falls over. They have the stack for themselves.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e_harness::Sandbox;

use crate::observer::{Observer, Row};

/// Long enough to be met in the middle, also where ending a container takes seconds.
const TAKES: Duration = Duration::from_secs(8);

#[e2e_harness::test(exclusive)]
async fn a_worker_that_is_killed_and_started_again_completes_the_run(
    sandbox: Sandbox,
    observer: &Observer,
) -> Result<()> {
    let long = observer.own("long");
    observer.define(&long, TAKES, 0).await?;
    let run = observer.start(&long, &long).await?;
    sandbox
        .step("the worker is at work", observer.at_work(&run))
        .await?;
    let worker = sandbox.service("worker");
    sandbox.step("kill it", worker.kill()).await?;
    sandbox.step("start it again", worker.start()).await?;
    sandbox
        .step("poll for completion", observer.completes(&run))
        .await?;
    sandbox
        .step("a second attempt, and one row", async {
            let all = observer.history(&run).await?.activities();
            let again = |it: &crate::observer::Started| it.activity == "run_activity" && it.attempt > 1;
            ensure!(all.iter().any(again), "it shows {all:?}");
            let rows = observer.rows(&long).await?;
            ensure!(
                matches!(rows.as_slice(), [Row { status, attempts: 2.., .. }] if status == "completed"),
                "the rows are {rows:?}"
            );
            Ok(())
        })
        .await
}

#[e2e_harness::test(exclusive)]
async fn a_run_outlives_a_restart_of_postgresql(
    sandbox: Sandbox,
    observer: &Observer,
) -> Result<()> {
    let patient = observer.own("patient");
    observer.define(&patient, TAKES, 0).await?;
    let run = observer.start(&patient, &patient).await?;
    sandbox
        .step("the worker is at work", observer.at_work(&run))
        .await?;
    let postgres = sandbox.service("postgres");
    sandbox
        .step("restart PostgreSQL", postgres.restart())
        .await?;
    sandbox
        .step("poll for completion", observer.completes(&run))
        .await?;
    sandbox
        .step("one row", async {
            let rows = observer.rows(&patient).await?;
            ensure!(
                matches!(rows.as_slice(), [Row { status, attempts: 1, .. }] if status == "completed"),
                "the rows are {rows:?}"
            );
            Ok(())
        })
        .await
}
