//! What happens when the database is away. Nothing else runs beside these tests, and the stack is
//! put back after each, also when it fails.

use e2e_harness::{Poll, Sandbox, eventually};
use serde_json::json;

use super::database::Database;

#[e2e_harness::test(exclusive, timeout = 90)]
async fn the_service_recovers_from_a_stopped_database(sandbox: Sandbox) -> anyhow::Result<()> {
    let api = sandbox.http("api").await?;
    let db = sandbox.service("db");
    let order = json!({ "item": "umbrella", "quantity": 1 });
    sandbox.step("stop the database", db.stop()).await?;
    let refused = sandbox
        .step(
            "an order is refused",
            api.post("/orders").json(&order).send(),
        )
        .await?;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    sandbox.step("start the database", db.start()).await?;
    sandbox
        .step(
            "an order is taken again",
            eventually("a 201", || async {
                let answer = api.post("/orders").json(&order).send().await?;
                Ok::<_, anyhow::Error>(match answer.status().as_u16() {
                    201 => Poll::Ready(()),
                    status => Poll::NotYet(format!("status {status}")),
                })
            }),
        )
        .await?;
    let logs = sandbox.service("api").logs().since_test_start().await?;
    assert!(logs.contains("the database can't be asked"), "{logs}");
    Ok(())
}

#[e2e_harness::test(exclusive)]
async fn the_service_answers_while_the_database_hangs(sandbox: Sandbox) -> anyhow::Result<()> {
    let api = sandbox.http("api").await?;
    sandbox.service("db").pause().await?;
    // Left paused: what a test changed is put back after it.
    assert_eq!(api.get("/healthz").send().await?.status(), 503);
    Ok(())
}

#[e2e_harness::test(exclusive)]
async fn the_database_can_be_asked_from_inside(
    sandbox: Sandbox,
    database: &Database,
) -> anyhow::Result<()> {
    let psql = [
        "psql",
        "-h",
        "127.0.0.1",
        "-U",
        "orders",
        "-Atc",
        "SELECT count(*) FROM orders WHERE item = 'nothing'",
    ];
    let db = sandbox.service("db");
    let said = db.exec(psql).await?.success()?;
    assert_eq!(
        said.trim().parse::<i64>()?,
        database.count("nothing").await?
    );
    Ok(())
}
