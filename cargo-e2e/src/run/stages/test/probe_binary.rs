//! Asks compiled test targets whether they are harnesses, whether they accept their arguments, and
//! for the names of their tests. It needs no stack.

use std::process::{Output, Stdio};
use std::time::Duration;

use e2e_harness::protocol;
use tokio::process::Command;

use crate::plan::{NEXTEST_RUNS, Plan, Target};
use crate::record::outcome::Verdict;
use crate::run::StageError;
use crate::spec::Side;
use crate::text::printable;

use super::selection::none_fits;
use super::target::{BuiltTarget, LIST, USAGE, nextest, only_asks};

/// The time in which a program has to answer.
pub(super) const ANSWER: Duration = Duration::from_secs(30);

/// Asks a program for its kind and its tests. Listing is harmless in any test program.
pub(super) async fn greet(
    plan: &Plan,
    target: &Target,
    program: &std::path::Path,
) -> Result<Vec<String>, StageError> {
    let mut command = Command::new(program);
    command
        .arg("--list")
        .env(protocol::HELLO, "1")
        .current_dir(target.package.folder());
    let (said, refused) = match output(&mut command).await {
        Some(Ok(output)) => {
            let refused = (!output.status.success()).then_some(output.stderr);
            (output.stdout, refused)
        }
        // Built for another machine, where the start will show an error.
        Some(Err(error)) if runs_elsewhere(plan, &error) => return Ok(Vec::new()),
        Some(Err(error)) => {
            let program = program.display();
            return Err(StageError::new(
                Verdict::BuildFailed,
                format!("failed to start {program}: {error}"),
            ));
        }
        None => (Vec::new(), None),
    };
    let said = String::from_utf8_lossy(&said);
    let mut lines = said.lines();
    if lines.next() == Some(protocol::GREETING) {
        let names: Vec<String> = lines.map(str::to_owned).collect();
        return match refused {
            Some(why) if names.is_empty() => Err(refusal(target, &String::from_utf8_lossy(&why))),
            _ => Ok(names),
        };
    }
    let message = format!(
        "the test target `{}` of `{}` is not an e2e-harness target",
        target.name, target.package.name
    );
    Err(
        StageError::new(Verdict::SpecError, message).help(format!(
            "end tests/{0}.rs with `e2e_harness::main!();`, and say in {1}:\n[[test]]\nname = \"{0}\"\nharness = false",
            target.name,
            target.package.manifest.display()
        )),
    )
}

/// Formats a harness's refusal, such as of two tests with one name.
fn refusal(target: &Target, why: &str) -> StageError {
    let first = printable(why.lines().next().unwrap_or_default());
    let first = first.trim_start_matches("e2e-harness: ");
    let message = format!(
        "the test target `{}` of `{}` can't run: {first}",
        target.name, target.package.name
    );
    StageError::new(Verdict::BuildFailed, message).excerpt("it says", why)
}

/// Returns a program's output; `None` when it does not end in time.
async fn output(command: &mut Command) -> Option<std::io::Result<Output>> {
    let asked = command.stdin(Stdio::null()).kill_on_drop(true).output();
    tokio::time::timeout(ANSWER, asked).await.ok()
}

fn runs_elsewhere(plan: &Plan, error: &std::io::Error) -> bool {
    let foreign = rustix::io::Errno::NOEXEC.raw_os_error();
    plan.tests_on == Side::Host && error.raw_os_error() == Some(foreign)
}

/// Checks that the programs accept their arguments, and that these select a test: otherwise that
/// would show only after `up`.
pub(super) async fn accept(plan: &Plan, built: &[BuiltTarget]) -> Result<(), StageError> {
    if plan.options.arguments.is_empty() {
        return Ok(());
    }
    let mut selected = Some(0);
    for one in built {
        let some = if plan.tests.by_nextest() {
            listed(plan, one).await
        } else {
            accepts(plan, one).await?
        };
        selected = selected.zip(some).map(|(all, some)| all + some);
    }
    if built.is_empty() || only_asks(plan) || selected != Some(0) {
        return Ok(());
    }
    Err(none_fits(plan))
}

/// Returns the number of tests that the arguments select, where cargo-nextest says it: `list` does
/// not take all that `run` takes.
async fn listed(plan: &Plan, built: &BuiltTarget) -> Option<usize> {
    let mut command = nextest(plan, "list", &built.target);
    command.args(["--message-format", "json"]);
    let output = output(&mut command).await?.ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    output
        .status
        .success()
        .then(|| said.matches(NEXTEST_RUNS).count())
}

/// Returns the number of tests that the arguments select, where the program says it.
async fn accepts(plan: &Plan, built: &BuiltTarget) -> Result<Option<usize>, StageError> {
    let arguments = &plan.options.arguments;
    let mut command = Command::new(&built.program);
    if !arguments.iter().any(|argument| argument == LIST) {
        command.arg(LIST);
    }
    command
        .args(arguments)
        // It must see no sandbox, wherever this runs.
        .env_remove(protocol::E2E)
        .env_remove(protocol::EVENTS)
        .current_dir(built.target.package.folder());
    match output(&mut command).await {
        Some(Ok(output)) if output.status.code() == Some(USAGE) => {
            let message = format!(
                "the test target `{}` does not understand what follows `--`: {}",
                built.target.name,
                plan.options.arguments.join(" ")
            );
            let said = String::from_utf8_lossy(&output.stderr);
            Err(StageError::new(Verdict::SpecError, message)
                .help("`cargo e2e -- --help` shows what it takes")
                .excerpt("it says", &said))
        }
        Some(Ok(output)) if output.status.success() => {
            let said = String::from_utf8_lossy(&output.stdout);
            Ok(Some(
                said.lines().filter(|line| line.ends_with(": test")).count(),
            ))
        }
        // Other errors show when it runs.
        _ => Ok(None),
    }
}
