//! The worker: connects, works, and goes when it is asked to.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use temporalio_client::Client;
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use tokio::signal::unix::{SignalKind, signal};

use crate::activities::Activities;
use crate::health::{self, Health};
use crate::store::Store;
use crate::trigger::{ConnectError, Temporal};
use crate::workflow::RunActivityWorkflow;

/// Temporal may start after the worker. Later than this it is not starting.
const TEMPORAL: Duration = Duration::from_mins(1);
/// Less than the 10 seconds after which Docker kills.
const GRACE: Duration = Duration::from_secs(5);
/// When a worker has died, its workflows wait for so long before another one gets them.
const STICKY: Duration = Duration::from_secs(2);

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Works until SIGTERM or SIGINT, and then finishes what it began.
///
/// # Errors
/// When Temporal does not answer, or the worker falls over.
pub async fn run(temporal: &Temporal, database: &str, health: SocketAddr) -> Result<(), Error> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let store = Store::new(database)?;
    let state = Health::new(store.clone());
    let served = tokio::spawn(health::serve(health, state.clone()));
    let stopped = async {
        tokio::select! {
            _ = terminated.recv() => "SIGTERM",
            _ = interrupted.recv() => "SIGINT",
        }
    };
    tokio::pin!(stopped);

    let client = tokio::select! {
        client = connected(temporal) => client?,
        _ = &mut stopped => return Ok(()),
        served = served => return Err(format!("no health endpoint at {health}: {served:?}").into()),
    };
    if let Err(error) = store.check().await {
        // It may come yet, and activities are retried.
        eprintln!("activity-core: {error}");
    }
    let options = WorkerOptions::new(temporal.task_queue.as_str())
        .register_workflow::<RunActivityWorkflow>()?
        .register_activities(Activities::new(store))
        .graceful_shutdown_period(GRACE)
        .sticky_queue_schedule_to_start_timeout(STICKY)
        .build();
    let runtime = Runtime::from_current_tokio(temporalio_sdk::runtime::RuntimeOptions::default())?;
    let mut worker = Worker::new(&runtime, client, options)?;
    let shutdown = worker.shutdown_handle();
    state.polls(true);
    eprintln!(
        "activity-core: working for {} at {}",
        temporal.task_queue, temporal.address
    );
    let run = worker.run();
    tokio::pin!(run);
    tokio::select! {
        ended = &mut run => return Ok(ended?),
        name = &mut stopped => eprintln!("activity-core: {name}, finishing what has begun"),
    }
    state.polls(false);
    shutdown();
    Ok(run.await?)
}

async fn connected(temporal: &Temporal) -> Result<Client, ConnectError> {
    let deadline = Instant::now() + TEMPORAL;
    let mut said = String::new();
    loop {
        match temporal.connect().await {
            Ok(client) => return Ok(client),
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(error) => {
                let now = error.to_string();
                if now != said {
                    eprintln!("activity-core: {now}");
                    said = now;
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
