//! One program: the worker, and what goes with it.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use activity_core::store::Store;
use activity_core::trigger::{self, Temporal};
use activity_core::worker;
use clap::{Parser, Subcommand};

/// Runs activities from PostgreSQL as Temporal workflows.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Work until SIGTERM
    Worker {
        #[command(flatten)]
        temporal: Temporal,
        /// postgresql://user:password@host:port/database
        #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
        database: String,
        /// Where /healthz answers
        #[arg(long, env = "HEALTH_ADDRESS", default_value = "0.0.0.0:8090")]
        health: SocketAddr,
    },
    /// Make the tables
    Migrate {
        /// postgresql://user:password@host:port/database
        #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
        database: String,
    },
    /// Run an activity, and print what it answers
    Trigger {
        #[command(flatten)]
        temporal: Temporal,
        /// The activity's name
        activity: String,
        /// The workflow's id; a second run with it is refused while the first goes on
        #[arg(long)]
        id: Option<String>,
        /// Seconds that the run may take
        #[arg(long, default_value_t = 600)]
        limit: u64,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("activity-core: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    match command {
        Command::Worker {
            temporal,
            database,
            health,
        } => worker::run(&temporal, &database, health).await,
        Command::Migrate { database } => {
            Store::new(&database)?.migrate().await?;
            eprintln!("activity-core: the tables are there");
            Ok(())
        }
        Command::Trigger {
            temporal,
            activity,
            id,
            limit,
        } => {
            let id = id.unwrap_or_else(|| format!("{activity}-{}", std::process::id()));
            let client = temporal.connect().await?;
            let limit = Duration::from_secs(limit);
            let handle =
                trigger::start(&client, &temporal.task_queue, &activity, &id, limit).await?;
            let finished = trigger::result(&handle)
                .await
                .map_err(|error| trigger::reason(&error))?;
            println!("{}", finished.output);
            Ok(())
        }
    }
}
