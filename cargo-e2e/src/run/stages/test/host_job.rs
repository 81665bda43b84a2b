//! Runs the tests as a job on the host.

use std::time::Duration;

use crate::host::HostError;
use crate::host::client::Ended;
use crate::record::outcome::Verdict;
use crate::run::{Context, StageError};

/// Runs shell commands until they end, or their time is over.
pub(super) async fn run_on_host(
    context: &Context<'_>,
    commands: &str,
    limit: Duration,
    sink: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<Ended, StageError> {
    let most = context.plan.limits.log;
    match context
        .sandbox
        .job(context.host, "test", commands, limit, most, sink)
        .await
    {
        Ok(status) => Ok(Ended::Status(status)),
        Err(HostError::TimedOut { .. }) => {
            context.sandbox.stop(context.host).await?;
            Ok(Ended::TimedOut)
        }
        Err(error @ HostError::TooMuch { .. }) => {
            let help = "make them print less, or into a file that `artifacts` names";
            Err(StageError::new(Verdict::Failed, error.to_string()).help(help))
        }
        Err(error) => Err(error.into()),
    }
}
