//! The client's side: connect, and start a run.

use std::time::Duration;

use temporalio_client::errors::{ClientConnectError, WorkflowGetResultError, WorkflowStartError};
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, Url, WorkflowGetResultOptions,
    WorkflowHandle, WorkflowStartOptions,
};
use temporalio_common::HasWorkflowDefinition;

use crate::definition::Finished;
use crate::workflow::RunActivityWorkflow;

/// Where Temporal is.
#[derive(Debug, Clone, clap::Args)]
pub struct Temporal {
    /// host:port of Temporal's gRPC
    #[arg(long, env = "TEMPORAL_ADDRESS", default_value = "localhost:7233")]
    pub address: String,
    /// Temporal's namespace
    #[arg(long, env = "TEMPORAL_NAMESPACE", default_value = "default")]
    pub namespace: String,
    /// The queue on which the worker listens
    #[arg(long, env = "TASK_QUEUE", default_value = crate::TASK_QUEUE)]
    pub task_queue: String,
}

/// A connection could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address is none.
    #[error("{0} is no address: {1}")]
    Address(String, String),
    /// Temporal does not answer there.
    #[error("Temporal at {address} does not answer: {source}")]
    Temporal {
        /// Where it was asked.
        address: String,
        /// What the SDK says.
        source: Box<ClientConnectError>,
    },
}

impl Temporal {
    /// Connects once.
    ///
    /// # Errors
    /// When Temporal does not answer.
    pub async fn connect(&self) -> Result<Client, ConnectError> {
        let url = format!("http://{}", self.address);
        let url: Url = url
            .parse()
            .map_err(|error| ConnectError::Address(self.address.clone(), format!("{error}")))?;
        let options = ConnectionOptions::new(url)
            .identity("activity-core".to_owned())
            .build();
        let failed = |source| ConnectError::Temporal {
            address: self.address.clone(),
            source: Box::new(source),
        };
        let connection = Connection::connect(options).await.map_err(failed)?;
        let options = ClientOptions::new(self.namespace.as_str()).build();
        Client::new(connection, options).map_err(|error| failed(error.into()))
    }
}

/// A run of [`RunActivityWorkflow`].
pub type Run = WorkflowHandle<Client, <RunActivityWorkflow as HasWorkflowDefinition>::Run>;

/// Starts a run of that activity. Runs of one id do not go side by side: the second is refused.
///
/// # Errors
/// When Temporal refuses.
pub async fn start(
    client: &Client,
    task_queue: &str,
    activity: &str,
    id: &str,
    limit: Duration,
) -> Result<Run, WorkflowStartError> {
    // Without a limit, a workflow whose worker is gone stays for ever.
    let options = WorkflowStartOptions::new(task_queue, id)
        .execution_timeout(limit)
        .build();
    client
        .start_workflow(RunActivityWorkflow::run, activity.to_owned(), options)
        .await
}

/// Waits for the end of a run.
///
/// # Errors
/// When it failed, was cancelled or took too long.
pub async fn result(handle: &Run) -> Result<Finished, WorkflowGetResultError> {
    handle.get_result(WorkflowGetResultOptions::default()).await
}

/// Why a run has no result, in the words of what failed first.
#[must_use]
pub fn reason(error: &WorkflowGetResultError) -> String {
    let WorkflowGetResultError::Failed(failure) = error else {
        return error.to_string();
    };
    let mut first = failure.as_ref();
    while let Some(cause) = first.cause() {
        first = cause;
    }
    first.to_string()
}
