//! The database as the tests see it: beside the service, not through it.

use anyhow::Context as _;
use e2e_harness::{BoxError, Fixture, Sandbox};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};

/// A connection of a test's own.
pub(crate) struct Database {
    client: Client,
    connection: JoinHandle<Result<(), tokio_postgres::Error>>,
}

impl Fixture for Database {
    async fn set_up(sandbox: &Sandbox) -> Result<Self, BoxError> {
        let address = sandbox.addr("db", 5432)?;
        let url = format!("postgres://orders:orders@{address}/orders");
        let (client, connection) = tokio_postgres::connect(&url, NoTls)
            .await
            .with_context(|| format!("no connection to {address}"))?;
        Ok(Self {
            client,
            connection: tokio::spawn(connection),
        })
    }

    async fn close(&self) -> Result<(), BoxError> {
        self.connection.abort();
        Ok(())
    }
}

impl Database {
    /// How many orders of an item there are.
    pub(crate) async fn count(&self, item: &str) -> anyhow::Result<i64> {
        let statement = "SELECT count(*) FROM orders WHERE item = $1";
        Ok(self.client.query_one(statement, &[&item]).await?.get(0))
    }

    /// Whether an order is shipped; none when there is no such order.
    pub(crate) async fn shipped(&self, id: i64) -> anyhow::Result<Option<bool>> {
        let statement = "SELECT shipped FROM orders WHERE id = $1";
        let row = self.client.query_opt(statement, &[&id]).await?;
        Ok(row.map(|row| row.get(0)))
    }
}
