//! Orders are taken, and found again.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use e2e_harness::{Poll, Sandbox, assert_json_eq, eventually};
use serde_json::{Value, json};

use super::database::Database;

#[e2e_harness::test]
async fn an_order_reaches_the_database(
    sandbox: Sandbox,
    database: &Database,
) -> anyhow::Result<()> {
    let api = sandbox.http("api").await?;
    let order = json!({ "item": "tea", "quantity": 2 });
    let placed = sandbox
        .step(
            "place an order",
            api.post("/orders").json(&order).expect_status(201),
        )
        .await?
        .json::<Value>()
        .await?;
    sandbox
        .step(
            "the row appears",
            eventually("one row", || async {
                Ok::<_, anyhow::Error>(match database.count("tea").await? {
                    1 => Poll::Ready(()),
                    count => Poll::NotYet(format!("{count} rows")),
                })
            }),
        )
        .await?;
    let path = format!("/orders/{}", placed["id"]);
    let found: Value = api.get(&path).expect_status(200).await?.json().await?;
    assert_json_eq!(found, placed);
    Ok(())
}

#[e2e_harness::test(cases(
    nothing("", 1),
    none_of_it("tea pots", 0),
    less_than_none("tea pots", -1),
))]
async fn what_is_no_order_is_refused(
    sandbox: Sandbox,
    database: &Database,
    item: &str,
    quantity: i32,
) -> anyhow::Result<()> {
    let api = sandbox.http("api").await?;
    let order = json!({ "item": item, "quantity": quantity });
    let answer = api.post("/orders").json(&order).send().await?;
    assert_eq!(answer.status(), 422);
    assert_eq!(database.count(item).await?, 0);
    Ok(())
}

#[e2e_harness::test]
async fn the_same_key_is_the_same_order(
    sandbox: Sandbox,
    database: &Database,
) -> anyhow::Result<()> {
    let api = sandbox.http("api").await?;
    let order = json!({ "item": "coffee", "quantity": 1 });
    let mut ids = Vec::new();
    for _ in 0..3 {
        let request = api.post("/orders").header("idempotency-key", "k-1");
        let placed: Value = request.json(&order).send().await?.json().await?;
        ids.push(placed["id"].clone());
    }
    assert_eq!(ids, vec![ids[0].clone(); 3]);
    assert_eq!(database.count("coffee").await?, 1);
    Ok(())
}

/// One of fifty that is slow to be answered may be answered at the second try.
#[e2e_harness::test(timeout = 30, retries = 1)]
async fn fifty_at_once_are_fifty_orders(
    sandbox: Sandbox,
    database: &Database,
) -> anyhow::Result<()> {
    let api = sandbox.http("api").await?;
    // A retry starts with what the first try left.
    let before = database.count("sugar").await?;
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let order = json!({ "item": "sugar", "quantity": 1 });
        requests.spawn(api.post("/orders").json(&order).send());
    }
    while let Some(answer) = requests.join_next().await {
        assert_eq!(answer??.status(), 201);
    }
    assert_eq!(database.count("sugar").await? - before, 50);
    Ok(())
}

/// No async, no client library: whatever speaks to an address will do.
#[e2e_harness::test]
fn an_unknown_order_is_not_found(sandbox: &Sandbox) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(sandbox.addr("api", 8080)?)?;
    stream.write_all(b"GET /orders/0 HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    assert!(answer.starts_with("HTTP/1.0 404"), "{answer}");
    Ok(())
}

#[e2e_harness::test(ignore = "orders can't be cancelled yet")]
async fn a_cancelled_order_is_gone(sandbox: Sandbox) -> anyhow::Result<()> {
    let api = sandbox.http("api").await?;
    assert_eq!(api.delete("/orders/1").send().await?.status(), 204);
    Ok(())
}
