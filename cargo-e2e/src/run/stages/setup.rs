//! Runs `setup_command` on the host.

use crate::host::HostError;
use crate::record::outcome::{Stage, Verdict};
use crate::record::summary::LAST_LINES;
use crate::run::stages::repo_command::repo_command;
use crate::run::{Context, StageError, StageOutput, Tail};

pub async fn setup(
    context: &Context<'_>,
    variables: &[(String, String)],
) -> Result<StageOutput<()>, StageError> {
    let plan = context.plan;
    let Some(command) = &plan.spec.setup_command else {
        return Ok(StageOutput::skipped(()));
    };
    let commands = repo_command(context, variables, command, &[]);
    let mut tail = Tail::masking(context.events.secrets());
    let status = context
        .sandbox
        .job(
            context.host,
            "setup",
            &commands,
            plan.limits.setup,
            plan.limits.log,
            &mut |bytes| {
                tail.take(bytes, |line| context.events.progress(Stage::Setup, line));
            },
        )
        .await;
    let message = match status {
        Ok(0) => return Ok(StageOutput::new((), "setup_command passed")),
        Ok(status) => format!("`setup_command` ended with exit status {status}"),
        Err(HostError::TimedOut { .. }) => format!(
            "`setup_command` exceeded `timeouts.setup` ({} s) and was terminated",
            plan.limits.setup.as_secs_f64()
        ),
        Err(error @ HostError::TooMuch { .. }) => error.to_string(),
        Err(error) => return Err(error.into()),
    };
    Err(StageError::new(Verdict::SetupFailed, message).excerpt(LAST_LINES, &tail.text()))
}
