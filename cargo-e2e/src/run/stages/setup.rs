//! Runs `prepare_command`, and later `setup_command`, on the host.

use crate::host::HostError;
use crate::record::outcome::{Stage, Verdict};
use crate::record::summary::LAST_LINES;
use crate::run::stages::repo_command::repo_command;
use crate::run::{Context, StageError, StageOutput, Tail, test_env};
use crate::spec::Side;

/// Runs `prepare_command`, before there is a stack.
pub async fn prepare(context: &Context<'_>, command: &str) -> Result<StageOutput<()>, StageError> {
    let variables = test_env::before_the_stack(context, Side::Host);
    run(
        context,
        (Stage::Prepare, "prepare_command"),
        command,
        &variables,
    )
    .await
}

/// Runs `setup_command`, once the stack is ready.
pub async fn setup(
    context: &Context<'_>,
    variables: &[(String, String)],
) -> Result<StageOutput<()>, StageError> {
    match &context.plan.spec.setup_command {
        Some(command) => run(context, (Stage::Setup, "setup_command"), command, variables).await,
        None => Ok(StageOutput::skipped(())),
    }
}

async fn run(
    context: &Context<'_>,
    (stage, key): (Stage, &str),
    command: &str,
    variables: &[(String, String)],
) -> Result<StageOutput<()>, StageError> {
    let limits = &context.plan.limits;
    let commands = repo_command(context, variables, command, &[]);
    let mut tail = Tail::masking(context.events.secrets());
    let status = context
        .sandbox
        .job(
            context.host,
            stage.name(),
            &commands,
            limits.setup,
            limits.log,
            &mut |bytes| tail.take(bytes, |line| context.events.progress(stage, line)),
        )
        .await;
    let message = match status {
        Ok(0) => return Ok(StageOutput::new((), format!("{key} passed"))),
        Ok(status) => format!("`{key}` ended with exit status {status}"),
        Err(HostError::TimedOut { .. }) => format!(
            "`{key}` exceeded `timeouts.setup` ({} s) and was terminated",
            limits.setup.as_secs_f64()
        ),
        Err(error @ HostError::TooMuch { .. }) => error.to_string(),
        Err(error) => return Err(error.into()),
    };
    Err(StageError::new(Verdict::SetupFailed, message).excerpt(LAST_LINES, &tail.text()))
}
