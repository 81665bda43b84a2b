//! A command of the repo, as a job runs it in the sandbox's copy: for
//! `prepare_command`, `setup_command` and `test_command`.

use crate::run::Context;
use crate::sandbox::variables;
use crate::shell::{Shell, quote};

/// Returns the shell commands of that job.
pub(super) fn repo_command(
    context: &Context<'_>,
    variables: &[(String, String)],
    command: &str,
    arguments: &[String],
) -> String {
    format!(
        "{}{}cd {} || exit 1\nexec {}\n",
        variables::exports(variables),
        variables::NO_PROXY,
        quote(&context.sandbox.repo_dir()),
        Shell::new(&context.plan.spec.shell).text(command, arguments)
    )
}
