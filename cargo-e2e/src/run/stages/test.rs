//! Runs the tests, on the host or on this machine.

mod answer;
mod compile;
mod earlier;
mod event_files;
mod forward;
mod head_start;
mod host_job;
mod junit;
mod probe_binary;
mod retries;
mod selection;
mod target;
mod targets;
mod test_events;

use std::time::Instant;

use crate::compose::test_service;
use crate::host::client::{self, Ended};
use crate::plan::{Plan, Tests};
use crate::record::event::Event;
use crate::record::outcome::{AttemptRecord, StageStatus, Subject, TestRecord, Verdict, millis};
use crate::record::verdict::{self, Events, Evidence, JunitEntry, Source, Word};
use crate::run::control::Control;
use crate::run::explain::explain;
use crate::run::stages::repo_command::repo_command;
use crate::run::test_env::client_cache;
use crate::run::{Context, Stack, StageError, StageOutput, Tail};
use crate::sandbox::{Containers, compose, docker_shim};
use crate::shell::Shell;
use crate::spec::{Flaky, Side};

use earlier::Earlier;
use host_job::run_on_host;
use retries::Retries;

pub use answer::answer;
pub use compile::compile;
pub(super) use event_files::FOLDER;
pub use head_start::HeadStart;
pub use selection::nothing_selected;
pub use target::{BuiltTarget, only_asks};
#[cfg(any(test, fuzzing))]
pub(crate) use test_events::fuzz;
pub use test_events::{read_cut, records_until};

/// The inputs of the tests.
pub struct TestInputs<'a> {
    pub stack: &'a Stack,
    /// The variables that the tests see.
    pub variables: &'a [(String, String)],
    /// Cargo's test targets; empty for other tests.
    pub built: &'a [BuiltTarget],
    /// The socket through which tests change the stack, if they have one.
    pub control: Option<&'a Control<'a>>,
    /// The containers once the stack was ready.
    pub ready: Option<&'a Containers>,
}

/// Runs the tests, those that failed again as often as `retries` says. `records` has their own
/// records afterwards, also after an error; `earlier` the attempts before the last one at tests that
/// record nothing.
pub async fn test(
    context: &Context<'_>,
    inputs: &TestInputs<'_>,
    records: &mut Vec<TestRecord>,
    earlier: &mut Vec<AttemptRecord>,
) -> Result<StageOutput<()>, StageError> {
    let plan = context.plan;
    let mut before = junit::before(context).await?;
    let mut tail = Tail::masking(context.events.secrets()).with_assertions();
    let retries = Retries::begin(plan);
    let mut began = Instant::now();
    let first = retries.first();
    let in_first = context.with(&first);
    let mut evidence = attempt(&in_first, inputs, &before, &mut tail, records).await?;
    for number in 1.. {
        let Some(again) = retries.again(&evidence, records, number) else {
            break;
        };
        context.events.note(&again.note);
        if !records.iter().any(TestRecord::is_failed) {
            earlier.push(AttemptRecord {
                status: StageStatus::Failed,
                duration_ms: millis(began.elapsed()),
                message: verdict::judge(&evidence).map(|word| word.message),
            });
        }
        began = Instant::now();
        let told = Earlier::read(context).await;
        before.look(context).await?;
        let mut new = Vec::new();
        let in_next = context.with(&again.plan);
        let next = attempt(&in_next, inputs, &before, &mut tail, &mut new).await;
        told.join().await;
        evidence = retries::joined(evidence, next?, again.only_failed, records, new);
    }
    evidence.flaky = retries::refused(plan, records);
    if plan.spec.flaky == Flaky::Fail && !earlier.is_empty() {
        evidence.flaky.push(plan.tests.name());
    }
    let word = verdict::judge(&evidence);
    for note in retries::notes(records) {
        context.events.note(note);
    }
    if plan.spec.flaky == Flaky::Fail {
        retries::fail(records);
    }
    let Some(word) = word else {
        if let Some(name) = retries::did_not_run(&plan.options.must_run, records) {
            return Err(selection::did_not_run(name));
        }
        let detail = match plan.tests {
            Tests::Targets(_) => targets::counted(records),
            Tests::Command(_) | Tests::Service { .. } => "passed".to_owned(),
        };
        let flaky = records.iter().filter(|test| test.flaky).count();
        let flaky = match flaky {
            0 => String::new(),
            flaky => format!(", {flaky} flaky"),
        };
        return Ok(StageOutput::new((), detail + &flaky));
    };
    if word.source != Source::Junit {
        let nothing = evidence.junit.iter().filter_map(JunitEntry::says_nothing);
        nothing.for_each(|why| context.events.warn(format!("`junit`: {why}")));
    }
    let mut error = stage_error(context, word, &evidence, &tail.text());
    if error.verdict.subject() != Subject::Tests {
        return Err(error);
    }
    error.printed = tail.text();
    // A service that failed meanwhile is the likeliest cause.
    Err(explain(context, error, inputs.ready).await)
}

/// Runs the tests once, and returns all that speaks of them.
async fn attempt(
    context: &Context<'_>,
    inputs: &TestInputs<'_>,
    before: &junit::Before,
    tail: &mut Tail,
    records: &mut Vec<TestRecord>,
) -> Result<Evidence, StageError> {
    let plan = context.plan;
    let mut sink = |bytes: &[u8]| {
        tail.take(bytes, |_| {});
        context.events.emit(Event::TestOutput {
            bytes: bytes.to_vec(),
        });
    };
    let ended = {
        let removal = before.removal(context);
        let run = Box::pin(run(context, inputs, &removal, &mut sink));
        let run = test_events::during(context, run);
        match inputs.control {
            // The stack is restored before its state is explained.
            Some(control) => control.during(run).await,
            None => run.await,
        }
    };
    let mut events = Events::Read(Vec::new());
    if !matches!(&ended, Err(error) if error.lost) || plan.tests_on == Side::Client {
        events = test_events::read(context).await;
    }
    if let Events::Read(read) = &mut events {
        targets::add_not_run(context, inputs.built, read);
        records.clone_from(read);
    }
    let ended = ended?;
    let after = if ended.contains(&Ended::TimedOut) {
        // After a timeout, files may be incomplete.
        junit::After::default()
    } else {
        junit::after(context, before).await?
    };
    let (unrecorded, empty) = targets::unaccounted(context, inputs.built, &ended, records);
    *records = junit::joined(records, &after.tests);
    Ok(Evidence {
        who: who(plan),
        ended,
        timeout: plan.limits.test,
        harness: plan.tests.harness().is_some(),
        events,
        unrecorded,
        empty,
        junit: after.entries,
        attempts: 1,
        still_failed: Vec::new(),
        flaky: Vec::new(),
    })
}

/// Returns what runs the tests, for people.
fn who(plan: &Plan) -> String {
    match &plan.tests {
        Tests::Targets(_) => "the tests".to_owned(),
        named => named.name(),
    }
}

/// Makes the error of the source that decides, with help.
fn stage_error(context: &Context<'_>, word: Word, evidence: &Evidence, said: &str) -> StageError {
    let plan = context.plan;
    let not_found = evidence.ended.contains(&Ended::Status(127));
    match (word.source, word.verdict) {
        (Source::Timeout, _) => {
            StageError::new(word.verdict, word.message).help("raise `timeout` in e2e.yml")
        }
        (Source::Events | Source::Status, Verdict::Failed) if plan.tests.harness().is_some() => {
            targets::stage_error(context, word, evidence)
        }
        (Source::Status, Verdict::Failed) if not_found => missing_program(context, said),
        (Source::Junit, Verdict::NoTests)
            if evidence
                .junit
                .iter()
                .any(|one| one.says_nothing().is_some()) =>
        {
            let place = match &plan.tests {
                Tests::Service { .. } => "below `E2E_ARTIFACTS`",
                Tests::Command(_) | Tests::Targets(_) => "relative to the repo's root",
            };
            StageError::new(word.verdict, word.message).help(format!(
                "make the tests write it, {place}, or remove it from `junit` in e2e.yml"
            ))
        }
        (_, Verdict::NoTests) => targets::none_ran(context, word.message),
        _ => StageError::new(word.verdict, word.message),
    }
}

/// Runs the tests, and returns how each part ended.
async fn run(
    context: &Context<'_>,
    inputs: &TestInputs<'_>,
    removal: &str,
    sink: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<Vec<Ended>, StageError> {
    let plan = context.plan;
    if let Tests::Service { name, command } = &plan.tests {
        let commands =
            removal.to_owned() + &in_service(context, inputs.stack, name, command.as_deref());
        let ended = run_on_host(context, &commands, plan.limits.test, sink).await?;
        return Ok(vec![ended]);
    }
    let mut variables = inputs.variables.to_vec();
    if let Some(control) = inputs.control {
        variables.extend(test_events::control(context, control).await);
    }
    if plan.tests_on == Side::Client {
        forward::forward(context, inputs.stack).await?;
        prepare_client(context, &mut variables).await?;
    }
    test_events::prepare(context).await?;
    let connections = context.host.connections();
    let Tests::Command(command) = &plan.tests else {
        let ended = targets::run(context, &variables, inputs.built, removal, sink).await?;
        return forward::held(context, connections, ended).await;
    };
    variables.push(event_files::variable(context, event_files::FILE));
    let ended = match plan.tests_on {
        Side::Host => {
            let commands = removal.to_owned()
                + &repo_command(context, &variables, command, &plan.options.arguments);
            run_on_host(context, &commands, plan.limits.test, sink).await?
        }
        Side::Client => on_client(context, &variables, command, sink).await?,
    };
    forward::held(context, connections, vec![ended]).await
}

/// Returns the shell commands that run them in their service.
fn in_service(context: &Context<'_>, stack: &Stack, service: &str, own: Option<&str>) -> String {
    let arguments = &context.plan.options.arguments;
    let own = (own, Shell::new(&context.plan.spec.shell));
    let words = test_service::command(&stack.model, service, own, arguments);
    compose::run_commands(context.sandbox, &stack.interpolation, service, &words)
}

async fn on_client(
    context: &Context<'_>,
    variables: &[(String, String)],
    command: &str,
    sink: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<Ended, StageError> {
    let plan = context.plan;
    let words = Shell::new(&plan.spec.shell).words(command, &plan.options.arguments);
    client::run(
        &words,
        &context.plan.repo.root,
        variables,
        context.plan.limits.test,
        sink,
    )
    .await
    .map_err(|error| {
        StageError::new(
            Verdict::InternalError,
            format!("failed to start `{}`: {error}", words[0]),
        )
    })
}

/// Makes the folders for tests on this machine, and exempts localhost from proxies.
async fn prepare_client(
    context: &Context<'_>,
    variables: &mut Vec<(String, String)>,
) -> Result<(), StageError> {
    let folders = [
        context.bundle.join("artifacts"),
        client_cache(&context.plan.spec.name),
    ];
    for folder in folders {
        event_files::make(&folder).await?;
    }
    if context.host.is_local() {
        let folder = docker_shim::folder(context.sandbox);
        let own = variables.iter().rev().find(|(name, _)| name == "PATH");
        let own = own.map_or_else(
            || std::env::var("PATH").unwrap_or_default(),
            |(_, path)| path.clone(),
        );
        variables.push(("PATH".to_owned(), format!("{folder}:{own}")));
    }
    for name in ["NO_PROXY", "no_proxy"] {
        let own = std::env::var(name).unwrap_or_default();
        let comma = if own.is_empty() { "" } else { "," };
        variables.push((name.to_owned(), format!("{own}{comma}127.0.0.1,localhost")));
    }
    Ok(())
}

fn missing_program(context: &Context<'_>, said: &str) -> StageError {
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
    StageError::new(Verdict::Failed, message).help(also)
}

/// Returns the program in `sh: 1: pytest: not found` or `sh: pytest: command not found`.
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
}
