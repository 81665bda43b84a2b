//! PostgreSQL.

use std::str::FromStr as _;
use std::time::Duration;

use deadpool_postgres::{
    Client, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime,
};
use tokio_postgres::NoTls;

use crate::activities::LogEntry;
use crate::definition::ActivityDefinition;

/// Less than the activities get, so that they can say why.
const WAIT: Duration = Duration::from_secs(3);
const CONNECTIONS: usize = 8;
const MIGRATIONS: [&str; 1] = [include_str!("../migrations/001_activities.sql")];
/// Any number, as long as it is always the same: migrations go one after another.
const MIGRATION_LOCK: i64 = 4_150_521;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `DATABASE_URL` is not one.
    #[error("DATABASE_URL is wrong: {}", said(.0))]
    Url(#[source] tokio_postgres::Error),
    /// No pool could be made.
    #[error("no pool of connections: {0}")]
    Build(#[from] deadpool_postgres::BuildError),
    /// No connection.
    #[error("no connection to PostgreSQL: {}", refused(.0))]
    Connect(#[from] PoolError),
    /// A query failed.
    #[error("PostgreSQL: {}", said(.0))]
    Query(#[from] tokio_postgres::Error),
    /// A table is not there.
    #[error("PostgreSQL: {}; has `activity-core migrate` run?", said(.0))]
    NotMigrated(#[source] tokio_postgres::Error),
}

/// The server's own words, which the driver keeps one level down.
fn said(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(server), _) => server.message().to_owned(),
        (None, Some(source)) => source.to_string(),
        (None, None) => error.to_string(),
    }
}

fn refused(error: &PoolError) -> String {
    match error {
        PoolError::Backend(error) => said(error),
        other => other.to_string(),
    }
}

/// The database, by a pool whose connections are made anew when PostgreSQL has restarted.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
}

impl Store {
    /// Connects with the first query, not now.
    ///
    /// # Errors
    /// When the URL is none.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        let config = tokio_postgres::Config::from_str(url).map_err(StoreError::Url)?;
        let recycling_method = RecyclingMethod::Verified;
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method });
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .recycle_timeout(Some(WAIT))
            .build()?;
        Ok(Self { pool })
    }

    async fn client(&self) -> Result<Client, StoreError> {
        Ok(self.pool.get().await?)
    }

    /// Makes the tables, where they are not yet.
    ///
    /// # Errors
    /// When PostgreSQL is away or refuses.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let lock = "SELECT pg_advisory_xact_lock($1)";
        transaction.execute(lock, &[&MIGRATION_LOCK]).await?;
        for migration in MIGRATIONS {
            transaction.batch_execute(migration).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Whether it could work now.
    ///
    /// # Errors
    /// Why it could not.
    pub async fn check(&self) -> Result<(), StoreError> {
        let tables = "SELECT 'activity_definitions'::regclass, 'run_log'::regclass";
        let client = self.client().await?;
        match client.batch_execute(tables).await {
            Err(error) if error.as_db_error().is_some() => Err(StoreError::NotMigrated(error)),
            looked => Ok(looked?),
        }
    }

    /// The activity of that name.
    ///
    /// # Errors
    /// When PostgreSQL is away or refuses.
    pub async fn definition(&self, name: &str) -> Result<Option<ActivityDefinition>, StoreError> {
        let query =
            "SELECT name, output, takes_ms, failures FROM activity_definitions WHERE name = $1";
        let row = self.client().await?.query_opt(query, &[&name]).await?;
        Ok(row.map(|row| ActivityDefinition {
            name: row.get(0),
            output: row.get(1),
            takes_ms: row.get::<_, i64>(2).unsigned_abs(),
            failures: row.get::<_, i32>(3).unsigned_abs(),
        }))
    }

    /// One row for this workflow run and activity, however often it is called.
    ///
    /// # Errors
    /// When PostgreSQL is away or refuses.
    pub async fn log(&self, workflow: &str, run: &str, entry: &LogEntry) -> Result<(), StoreError> {
        let upsert = "INSERT INTO run_log (workflow_id, run_id, activity, status, attempts, output)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (workflow_id, run_id, activity)
            DO UPDATE SET status = EXCLUDED.status, attempts = EXCLUDED.attempts, output = EXCLUDED.output";
        let attempts = i32::try_from(entry.attempts).unwrap_or(i32::MAX);
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 6] = [
            &workflow,
            &run,
            &entry.activity,
            &entry.status.name(),
            &attempts,
            &entry.output,
        ];
        self.client().await?.execute(upsert, &values).await?;
        Ok(())
    }
}
