//! Run the tests, on the host or on this machine.

mod ask;
mod compile;
mod forward;
mod junit;
mod seen;
mod targets;
mod told;

use std::time::{Duration, SystemTime};

use crate::client::{self, Ended};
use crate::compose::{cli, test_service};
use crate::control::Control;
use crate::event::Event;
use crate::host::{HostError, quote};
use crate::outcome::{TestRecord, Verdict};
use crate::spec::Side;
use crate::variables;

pub use ask::{answer, only_asks};
pub use compile::{Built, cargo, compile};
pub use seen::variables;
pub(super) use seen::{host_folders, service_variables};
pub(super) use told::FOLDER;
#[cfg(any(test, fuzzing))]
pub(crate) use told::fuzz;
pub use told::{told, told_until};

use super::up::Stack;
use super::{Context, Done, Tail, Trouble};

/// What the tests have.
pub struct Given<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// The variables that they see.
    pub variables: &'a [(String, String)],
    /// Cargo's test targets, where they are the tests.
    pub built: &'a [Built],
    /// Through what they change the stack.
    pub control: Option<&'a Control<'a>>,
}

/// Tests. `records` holds afterwards what they told of themselves, whatever came of it.
pub async fn test(
    context: &Context<'_>,
    given: &Given<'_>,
    records: &mut Vec<TestRecord>,
) -> Result<Done<()>, Trouble> {
    let plan = context.plan;
    let began = SystemTime::now();
    let mut tail = Tail::masking(context.events.secrets());
    let mut sink = |bytes: &[u8]| {
        tail.take(bytes, |_| {});
        context.events.tell(Event::TestOutput {
            bytes: bytes.to_vec(),
        });
    };
    let ended = {
        let run = told::during(context, Box::pin(run(context, given, &mut sink)));
        match given.control {
            // Before anything is said of the stack, it is as the tests found it.
            Some(control) => control.during(run).await,
            None => run.await,
        }
    };
    if !matches!(&ended, Err(trouble) if trouble.lost) || plan.tests_on == Side::Client {
        *records = told(context, false).await;
        targets::add_not_run(context, given.built, records);
    }
    let ended = ended?;
    if records.is_empty()
        && !ended.contains(&Ended::TimedOut)
        && let Some(counted) = junit::counted(context, began).await
    {
        if counted.is_empty() {
            return Err(targets::none_ran(context));
        }
        *records = counted;
    }
    let mut trouble = match ended.iter().find(|ended| **ended != Ended::Status(0)) {
        _ if ended.contains(&Ended::TimedOut) => Trouble::new(
            Verdict::TimedOut,
            format!(
                "the tests ran past their {} s and were ended",
                plan.limits.test.as_secs_f64()
            ),
        )
        .help("`timeout: SECONDS` in e2e.yml gives them more"),
        _ if plan.harness.is_some() => match targets::judge(context, &ended, records) {
            None => return Ok(Done::new((), targets::counted(records))),
            Some(trouble) if trouble.verdict == Verdict::NoTests => return Err(trouble),
            Some(trouble) => trouble,
        },
        None if !records.is_empty() && !told::any_ran(records) => {
            return Err(targets::none_ran(context));
        }
        None => return Ok(Done::new((), "passed")),
        Some(Ended::Status(127)) => missing_program(context, &tail.text()),
        Some(Ended::Status(status)) => Trouble::new(
            Verdict::Failed,
            format!("the tests failed (exit status {status})"),
        ),
        Some(Ended::TimedOut) => unreachable!("it is the first case"),
    };
    trouble.printed = tail.text();
    // A service that fell over meanwhile is the likeliest reason.
    Err(super::collect::explain(context, trouble).await)
}

/// Runs them, and says how each part ended.
async fn run(
    context: &Context<'_>,
    given: &Given<'_>,
    sink: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<Vec<Ended>, Trouble> {
    let plan = context.plan;
    if let Some(service) = &plan.spec.test_service {
        let own = plan.spec.test_command.as_deref();
        let ended = in_service(context, given.stack, service, own, sink).await?;
        return Ok(vec![ended]);
    }
    let mut variables = given.variables.to_vec();
    if let Some(control) = given.control {
        variables.extend(told::control(context, control).await);
    }
    if plan.tests_on == Side::Client {
        forward::forward(context, given.stack).await?;
        prepare_client(context, &mut variables).await?;
    }
    told::prepare(context).await?;
    let connections = context.host.connections();
    let Some(command) = &plan.spec.test_command else {
        let ended = targets::run(context, &variables, given.built, sink).await?;
        return forward::held(context, connections, ended).await;
    };
    variables.push(told::events(context, told::FILE));
    let ended = match plan.tests_on {
        Side::Host => {
            let commands =
                junit::removal(context) + &commands(context, &variables, command, &plan.arguments);
            on_host(context, &commands, plan.limits.test, sink).await?
        }
        Side::Client => on_client(context, &variables, command, sink).await?,
    };
    forward::held(context, connections, vec![ended]).await
}

async fn in_service(
    context: &Context<'_>,
    stack: &Stack,
    service: &str,
    own: Option<&str>,
    sink: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<Ended, Trouble> {
    let arguments = &context.plan.arguments;
    let own = own.map(|own| with_arguments(own, arguments));
    let words = test_service::command(&stack.model, service, own.as_deref(), arguments);
    let commands = cli::run_commands(context.sandbox, &stack.interpolation, service, &words);
    let limit = context.plan.limits.test;
    on_host(context, &commands, limit, sink).await
}

async fn on_host(
    context: &Context<'_>,
    commands: &str,
    limit: Duration,
    sink: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<Ended, Trouble> {
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
            let help = "let them print less, or into a file that `artifacts` names";
            Err(Trouble::new(Verdict::Failed, error.to_string()).help(help))
        }
        Err(error) => Err(error.into()),
    }
}

async fn on_client(
    context: &Context<'_>,
    variables: &[(String, String)],
    command: &str,
    sink: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<Ended, Trouble> {
    client::run(
        &with_arguments(command, &context.plan.arguments),
        &context.plan.arguments,
        &context.plan.repo.root,
        variables,
        context.plan.limits.test,
        sink,
    )
    .await
    .map_err(|error| {
        Trouble::new(
            Verdict::InternalError,
            format!("`sh` can't be started: {error}"),
        )
    })
}

/// Makes the folders that tests on this machine see, and keeps them from going through a proxy.
async fn prepare_client(
    context: &Context<'_>,
    variables: &mut Vec<(String, String)>,
) -> Result<(), Trouble> {
    let folders = [
        context.bundle.join("artifacts"),
        seen::client_cache(&context.plan.spec.name),
    ];
    for folder in folders {
        told::make(&folder).await?;
    }
    for name in ["NO_PROXY", "no_proxy"] {
        let own = std::env::var(name).unwrap_or_default();
        let comma = if own.is_empty() { "" } else { "," };
        variables.push((name.to_owned(), format!("{own}{comma}127.0.0.1,localhost")));
    }
    Ok(())
}

/// The shell commands of a job that runs a command of the repo in its copy on the host.
#[must_use]
pub fn commands(
    context: &Context<'_>,
    variables: &[(String, String)],
    command: &str,
    arguments: &[String],
) -> String {
    let words: Vec<String> = arguments.iter().map(|word| quote(word)).collect();
    format!(
        "{}{}cd {} || exit 1\nexec sh -c {} sh {}\n",
        variables::exports(variables),
        variables::NO_PROXY,
        quote(&context.sandbox.repo_dir()),
        quote(&with_arguments(command, arguments)),
        words.join(" ")
    )
}

/// `COMMAND "$@"`, as the contract has it: arguments go to the command's last line. Without any, the
/// command may end in what takes none, such as `fi` or a comment.
fn with_arguments(command: &str, arguments: &[String]) -> String {
    if arguments.is_empty() {
        return command.to_owned();
    }
    format!("{} \"$@\"", command.trim_end())
}

fn missing_program(context: &Context<'_>, said: &str) -> Trouble {
    let program = said.lines().rev().find_map(not_found);
    let (place, also) = match context.plan.tests_on {
        Side::Host => (
            format!("on {}", context.host.name()),
            "install it there in `setup_command`, run the tests as a compose service (`test_service`), \
             or run them on this machine (`tests_run_on: client`)",
        ),
        Side::Client => (
            "on this machine".to_owned(),
            "install it, or run the tests on the host (`tests_run_on: host`)",
        ),
    };
    let message = program.map_or_else(
        || format!("`test_command` ended with exit status 127: a program was not found {place}"),
        |program| format!("`test_command` needs {program}, which was not found {place}"),
    );
    Trouble::new(Verdict::Failed, message).help(also)
}

/// The program in `sh: 1: pytest: not found` or `sh: pytest: command not found`.
fn not_found(line: &str) -> Option<String> {
    let before = line
        .strip_suffix(": not found")
        .or_else(|| line.strip_suffix(": command not found"))?;
    let program = before.rsplit(": ").next()?;
    (!program.is_empty()).then(|| crate::text::printable(program))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_program_is_named() {
        assert_eq!(
            not_found("sh: 1: pytest: not found").as_deref(),
            Some("pytest")
        );
        assert_eq!(
            not_found("sh: line 1: pytest: command not found").as_deref(),
            Some("pytest")
        );
        assert_eq!(not_found("page not found"), None);
    }

    #[test]
    fn arguments_go_to_the_last_line() {
        let with = |arguments: &[String]| with_arguments("set -e\npytest -q\n", arguments);
        assert_eq!(with(&["x".to_owned()]), "set -e\npytest -q \"$@\"");
        assert_eq!(with(&[]), "set -e\npytest -q\n");
    }
}
