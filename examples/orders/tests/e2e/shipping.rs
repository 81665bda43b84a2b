//! Orders are shipped, once.

use e2e_harness::{Http, Sandbox};
use serde_json::{Value, json};

use super::database::Database;

async fn place(api: &Http, item: &str) -> anyhow::Result<i64> {
    let order = json!({ "item": item, "quantity": 1 });
    let placed: Value = api
        .post("/orders")
        .json(&order)
        .send()
        .await?
        .json()
        .await?;
    placed["id"]
        .as_i64()
        .ok_or_else(|| anyhow::anyhow!("no id in {placed}"))
}

#[e2e_harness::test(needs = ["api", "db"])]
async fn an_order_ships_once(sandbox: Sandbox, database: &Database) -> anyhow::Result<()> {
    let api = sandbox.http("api").await?;
    let id = sandbox.step("place it", place(&api, "a parcel")).await?;
    let ship = format!("/orders/{id}/ship");
    let shipping = async {
        let first = sandbox
            .step("for the first time", api.post(&ship).send())
            .await?;
        let again = sandbox.step("and again", api.post(&ship).send()).await?;
        Ok::<_, anyhow::Error>((first.status(), again.status()))
    };
    let (first, again) = sandbox.step("ship it", shipping).await?;
    assert_eq!((first.as_u16(), again.as_u16()), (200, 409));
    assert_eq!(database.shipped(id).await?, Some(true));
    Ok(())
}

/// Made once for all tests of the run that ask for it, whichever process they run in.
async fn shared_order(sandbox: &Sandbox) -> anyhow::Result<i64> {
    let api = sandbox.http("api").await?;
    Ok(sandbox
        .once("the shared order", place(&api, "shared"))
        .await?)
}

/// Both look at the same order, which one of them changes: one at a time.
#[e2e_harness::test(serial = "the shared order")]
async fn a_shared_order_is_there_once(sandbox: Sandbox, database: &Database) -> anyhow::Result<()> {
    let id = shared_order(&sandbox).await?;
    assert!(database.shipped(id).await?.is_some());
    assert_eq!(database.count("shared").await?, 1);
    Ok(())
}

#[e2e_harness::test(serial = "the shared order")]
async fn a_shared_order_ships(sandbox: Sandbox, database: &Database) -> anyhow::Result<()> {
    let id = shared_order(&sandbox).await?;
    let api = sandbox.http("api").await?;
    api.post(&format!("/orders/{id}/ship"))
        .send()
        .await?
        .error_for_status()?;
    assert_eq!(database.shipped(id).await?, Some(true));
    Ok(())
}

#[e2e_harness::test(should_panic(expected = "404"))]
async fn nothing_ships_that_is_no_order(sandbox: Sandbox) {
    let api = sandbox.http("api").await.expect("the service answers");
    let answer = api.post("/orders/0/ship").send().await.expect("an answer");
    answer.error_for_status().expect("it ships");
}
