//! Asks a runner, before the stack comes up, whether what was typed selects any test.

use crate::host::client::{self, Ended};
use crate::plan::{Listing, Plan, Tests};
use crate::record::outcome::Verdict;
use crate::run::stages::repo_command::repo_command;
use crate::run::{Context, StageError, Tail, test_env};
use crate::shell::Shell;
use crate::spec::Side;
use crate::text::printable;

use super::host_job::run_on_host;

/// Bytes of an answer: a longer one names tests.
const MOST: usize = 1 << 20;

/// Returns the error of arguments that select no test, where the runner says so in time.
pub async fn nothing_selected(context: &Context<'_>) -> Option<StageError> {
    let plan = context.plan;
    // Tests that `setup_command` makes are not there yet; in a sandbox that is up, they will say it
    // soon themselves.
    if plan.spec.setup_command.is_some() || context.before.is_some() {
        return None;
    }
    let listing = Listing::of(&plan.tests, &plan.options.arguments)?;
    let variables = test_env::before_the_stack(context, plan.tests_on);
    let mut printed = Vec::new();
    let mut sink = |bytes: &[u8]| {
        if printed.len() < MOST {
            printed.extend_from_slice(bytes);
        }
    };
    let Listing {
        command, arguments, ..
    } = &listing;
    let ended = match plan.tests_on {
        Side::Host => {
            let commands = repo_command(context, &variables, command, arguments);
            run_on_host(context, &commands, listing.limit(), &mut sink)
                .await
                .ok()
        }
        Side::Client => {
            let words = Shell::new(&plan.spec.shell).words(command, arguments);
            let root = &plan.repo.root;
            client::run(&words, root, &variables, listing.limit(), &mut sink)
                .await
                .ok()
        }
    };
    let Some(Ended::Status(status)) = ended else {
        // It can't be asked: the tests themselves will say why.
        return None;
    };
    let printed = String::from_utf8_lossy(&printed);
    if printed.len() >= MOST || !listing.selects_none(status, &printed) {
        return None;
    }
    let mut tail = Tail::masking(context.events.secrets());
    tail.take(printed.as_bytes(), |_| {});
    Some(none_fits(plan).excerpt("the runner says", &tail.text()))
}

/// Returns the error of arguments that fit no test.
pub(super) fn none_fits(plan: &Plan) -> StageError {
    if let Some(name) = plan.options.must_run.first() {
        return did_not_run(name);
    }
    let all = plan.options.arguments.join(" ");
    let help = match plan.tests {
        Tests::Targets(_) => "`cargo e2e -- --list` has the tests",
        Tests::Command(_) | Tests::Service { .. } => {
            "`cargo e2e` runs all tests; where the stack decides which there are, bring it up before, with `cargo e2e \
             up`, and add `--reuse`"
        }
    };
    StageError::new(
        Verdict::NoTests,
        format!("no test fits what follows `--`: {all}"),
    )
    .help(help)
}

/// Returns the error of a test that `--last-failed` named.
pub(super) fn did_not_run(name: &str) -> StageError {
    let message = format!(
        "`--last-failed` named {}, which did not run",
        printable(name)
    );
    StageError::new(Verdict::NoTests, message)
        .help("it may have another name now; `cargo e2e` runs all tests")
}
