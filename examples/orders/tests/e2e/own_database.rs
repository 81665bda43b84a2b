//! A database for each test: made from the tables that are there, and dropped after it.

use std::time::Duration;

use e2e_harness::{BoxError, Fixture, Sandbox};
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls};

/// The server, for those who make and drop databases.
const SERVER: &str = "postgres";
const PATIENCE: Duration = Duration::from_secs(20);

/// A copy of the tables of `orders`, without its rows, that no other test sees.
pub(crate) struct OwnDatabase {
    pub(crate) url: String,
    pub(crate) client: Client,
    name: String,
    server: Client,
}

impl Fixture for OwnDatabase {
    async fn set_up(sandbox: &Sandbox) -> Result<Self, BoxError> {
        let address = sandbox.addr("db", 5432)?;
        let url = |database: &str| format!("postgres://orders:orders@{address}/{database}");
        let server = connect(&url(SERVER)).await?;
        // Letters, digits and `_`: it needs no quotes.
        let name = sandbox.unique_id().to_owned();
        // `CREATE DATABASE … TEMPLATE` copies a database that has its tables, and is fast. Here
        // migrations are one file.
        server
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await?;
        let client = connect(&url(&name)).await?;
        client
            .batch_execute(include_str!("../../migrations/001_orders.sql"))
            .await?;
        Ok(Self {
            url: url(&name),
            client,
            name,
            server,
        })
    }

    async fn close(&self) -> Result<(), BoxError> {
        // FORCE ends connections that the test left open.
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        Ok(timeout(PATIENCE, self.server.batch_execute(&drop)).await??)
    }
}

async fn connect(url: &str) -> Result<Client, BoxError> {
    let (client, connection) = timeout(PATIENCE, tokio_postgres::connect(url, NoTls)).await??;
    // It ends with the client.
    tokio::spawn(connection);
    Ok(client)
}

/// Two tests that would see each other's rows.
#[e2e_harness::test(needs = ["db"], cases(one(1), another(2)))]
async fn a_new_database_has_no_orders(
    database: &OwnDatabase,
    quantity: i32,
) -> Result<(), BoxError> {
    let insert = "INSERT INTO orders (item, quantity) VALUES ('tea', $1)";
    database.client.execute(insert, &[&quantity]).await?;
    // What is tested gets the URL, as this connection does.
    let other = connect(&database.url).await?;
    let row = other
        .query_one("SELECT sum(quantity) FROM orders", &[])
        .await?;
    assert_eq!(row.get::<_, i64>(0), i64::from(quantity));
    Ok(())
}
