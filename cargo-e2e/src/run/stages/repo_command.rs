//! A command of the repo as a job in the sandbox's copy: for `prepare_command`, `setup_command` and
//! `test_command`.

use crate::run::Context;
use crate::sandbox::{docker_shim, variables};
use crate::shell::{Shell, quote};

pub(super) fn repo_command(
    context: &Context<'_>,
    variables: &[(String, String)],
    command: &str,
    arguments: &[String],
) -> String {
    format!(
        "{}{}{}cd {} || exit 1\nexec {}\n",
        variables::exports(variables),
        docker_shim::first_in_path(context.sandbox),
        variables::NO_PROXY,
        quote(&context.sandbox.repo_dir()),
        Shell::new(&context.plan.spec.shell).text(command, arguments)
    )
}
