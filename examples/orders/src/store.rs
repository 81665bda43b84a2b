//! The orders in PostgreSQL.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};
use serde::{Deserialize, Serialize};
use tokio_postgres::{NoTls, Row};

const MIGRATION: &str = include_str!("../migrations/001_orders.sql");
const COLUMNS: &str = "id, item, quantity, shipped";

/// An order that was placed.
#[derive(Debug, Serialize)]
pub(crate) struct Order {
    pub(crate) id: i64,
    pub(crate) item: String,
    pub(crate) quantity: i32,
    pub(crate) shipped: bool,
}

/// An order to place.
#[derive(Debug, Deserialize)]
pub(crate) struct NewOrder {
    pub(crate) item: String,
    pub(crate) quantity: i32,
}

/// What became of a wish to ship.
pub(crate) enum Shipping {
    Shipped(Order),
    ShippedBefore,
    NoSuchOrder,
}

/// A pool of connections; a connection that broke is replaced by the next who asks for one.
#[derive(Clone)]
pub(crate) struct Store {
    pool: Pool,
}

impl Store {
    pub(crate) fn new(url: &str) -> Result<Self, crate::AnyError> {
        let mut config: tokio_postgres::Config = url.parse()?;
        config.connect_timeout(Duration::from_secs(2));
        // A connection to a database that was restarted looks sound until it is used.
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Verified,
        };
        let pool = Pool::builder(Manager::from_config(config, NoTls, recycling))
            .max_size(8)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(Duration::from_secs(2)))
            .create_timeout(Some(Duration::from_secs(2)))
            .recycle_timeout(Some(Duration::from_secs(2)))
            .build()?;
        Ok(Self { pool })
    }

    pub(crate) async fn migrate(&self) -> Result<(), PoolError> {
        Ok(self.pool.get().await?.batch_execute(MIGRATION).await?)
    }

    pub(crate) async fn ping(&self) -> Result<(), PoolError> {
        Ok(self.pool.get().await?.batch_execute("SELECT 1").await?)
    }

    /// With a key, the order that has it already is as good as a new one.
    pub(crate) async fn place(
        &self,
        order: &NewOrder,
        key: Option<&str>,
    ) -> Result<Order, PoolError> {
        let statement = format!(
            "INSERT INTO orders (item, quantity, idempotency_key) VALUES ($1, $2, $3) \
             ON CONFLICT (idempotency_key) DO UPDATE SET item = orders.item RETURNING {COLUMNS}"
        );
        let client = self.pool.get().await?;
        let row = client
            .query_one(&statement, &[&order.item, &order.quantity, &key])
            .await?;
        Ok(read(&row))
    }

    pub(crate) async fn find(&self, id: i64) -> Result<Option<Order>, PoolError> {
        let statement = format!("SELECT {COLUMNS} FROM orders WHERE id = $1");
        let client = self.pool.get().await?;
        Ok(client
            .query_opt(&statement, &[&id])
            .await?
            .map(|row| read(&row)))
    }

    pub(crate) async fn of_item(&self, item: &str) -> Result<Vec<Order>, PoolError> {
        let statement = format!("SELECT {COLUMNS} FROM orders WHERE item = $1 ORDER BY id");
        let client = self.pool.get().await?;
        Ok(client
            .query(&statement, &[&item])
            .await?
            .iter()
            .map(read)
            .collect())
    }

    pub(crate) async fn ship(&self, id: i64) -> Result<Shipping, PoolError> {
        let statement = format!(
            "UPDATE orders SET shipped = true WHERE id = $1 AND NOT shipped RETURNING {COLUMNS}"
        );
        let client = self.pool.get().await?;
        if let Some(row) = client.query_opt(&statement, &[&id]).await? {
            return Ok(Shipping::Shipped(read(&row)));
        }
        drop(client);
        Ok(match self.find(id).await? {
            Some(_) => Shipping::ShippedBefore,
            None => Shipping::NoSuchOrder,
        })
    }
}

fn read(row: &Row) -> Order {
    Order {
        id: row.get("id"),
        item: row.get("item"),
        quantity: row.get("quantity"),
        shipped: row.get("shipped"),
    }
}
