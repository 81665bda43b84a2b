//! Run the tests, on the host or on this machine.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use e2e_harness::protocol::{self, Endpoints, Transport};

use crate::client::{self, Ended};
use crate::compose::{Published, cli, test_service};
use crate::event::Event;
use crate::host::{HostError, quote};
use crate::outcome::Verdict;
use crate::ready::published_at;
use crate::spec::{Probe, Side};
use crate::variables;

use super::up::Stack;
use super::{Context, Done, Tail, Trouble};

/// The variables that the tests see, the repo's own last.
///
/// # Errors
/// When the repo's `env` names what is not set.
pub fn variables(
    context: &Context<'_>,
    endpoints: &Endpoints,
    side: Side,
) -> Result<Vec<(String, String)>, Trouble> {
    let (artifacts, cache) = match side {
        Side::Host => host_folders(context),
        Side::Client => (
            context.bundle.join("artifacts").display().to_string(),
            client_cache(&context.plan.spec.name).display().to_string(),
        ),
    };
    let mut endpoints = endpoints.clone();
    if side == Side::Client && !context.host.is_local() {
        // Forwarded, whatever their address over there.
        for port in &mut endpoints.ports {
            port.host = LOOPBACK.to_string();
        }
    }
    let all = variables::for_tests(&context.sandbox.identity, &endpoints, &artifacts, &cache);
    with_own(context, all)
}

/// The folders for artifacts and cache on the host.
pub(super) fn host_folders(context: &Context<'_>) -> (String, String) {
    (
        format!("{}/collected/artifacts", context.sandbox.dir()),
        format!("{}/cache/{}", context.sandbox.root, context.plan.spec.name),
    )
}

/// The variables that tests see which run as a service of the stack.
pub(super) fn service_variables(
    context: &Context<'_>,
    published: &[Published],
) -> Result<Vec<(String, String)>, Trouble> {
    let health = context.plan.spec.health_checks.iter().filter_map(|check| {
        let (host, port) = match &check.probe {
            Probe::Http { url, .. } => (url.host_str()?.to_owned(), url.port_or_known_default()?),
            Probe::Tcp { host, port } => (host.clone(), *port),
            Probe::Exec { .. } => return None,
        };
        let at = published_at(published, &host, port)?;
        let address = match &check.probe {
            Probe::Http { url, .. } => {
                let mut url = url.clone();
                url.set_host(Some(&at.service)).ok()?;
                url.set_port(Some(at.container_port)).ok()?;
                url.to_string()
            }
            _ => format!("{}:{}", at.service, at.container_port),
        };
        Some((check.name.clone(), address))
    });
    let endpoints = test_service::endpoints(published, health.collect());
    let all = variables::for_tests(
        &context.sandbox.identity,
        &endpoints,
        test_service::ARTIFACTS,
        test_service::CACHE,
    );
    // There is no one address: each service has its own.
    let all = all.into_iter().filter(|(name, _)| name != protocol::HOST);
    with_own(context, all.collect())
}

/// Adds the repo's own `secrets` and `env`.
fn with_own(
    context: &Context<'_>,
    mut all: Vec<(String, String)>,
) -> Result<Vec<(String, String)>, Trouble> {
    all.extend_from_slice(context.events.secrets().variables());
    for (name, value) in &context.plan.spec.env {
        let value = variables::expand(value, &all).map_err(|missing| {
            Trouble::new(
                Verdict::SpecError,
                format!("`env` sets {name} from ${{{missing}}}, which is not set"),
            )
            .help("`${E2E_<SERVICE>_<CONTAINER PORT>}` exists for every published port; `$$` is a plain dollar")
        })?;
        all.push((name.clone(), value));
    }
    Ok(all)
}

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Tests.
pub async fn test(
    context: &Context<'_>,
    stack: &Stack,
    variables: &[(String, String)],
) -> Result<Done<()>, Trouble> {
    let plan = context.plan;
    let command = plan.spec.test_command.as_deref();
    let mut tail = Tail::default();
    let mut sink = |bytes: &[u8]| {
        tail.take(bytes, |_| {});
        context.events.tell(Event::TestOutput {
            bytes: bytes.to_vec(),
        });
    };
    let ended = match (&plan.spec.test_service, command, plan.tests_on) {
        (Some(service), own, _) => in_service(context, stack, service, own, &mut sink).await?,
        (None, None, _) => return Ok(Done::skipped(())),
        (None, Some(command), Side::Host) => {
            let commands = commands(context, variables, command, &plan.arguments);
            on_host(context, &commands, &mut sink).await?
        }
        (None, Some(command), Side::Client) => {
            on_client(context, stack, variables, command, &mut sink).await?
        }
    };
    let trouble = match ended {
        Ended::Status(0) => return Ok(Done::new((), "passed")),
        Ended::Status(127) => return Err(missing_program(context, &tail.text())),
        Ended::TimedOut => Trouble::new(
            Verdict::TimedOut,
            format!(
                "the tests ran past their {} s and were ended",
                plan.limits.test.as_secs_f64()
            ),
        )
        .help("`timeout: SECONDS` in e2e.yml gives them more"),
        Ended::Status(status) => Trouble::new(
            Verdict::Failed,
            format!("the tests failed (exit status {status})"),
        ),
    };
    // A service that fell over meanwhile is the likeliest reason.
    Err(super::collect::explain(context, trouble).await)
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
    on_host(context, &commands, sink).await
}

async fn on_host(
    context: &Context<'_>,
    commands: &str,
    sink: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<Ended, Trouble> {
    let limit = context.plan.limits.test;
    match context
        .sandbox
        .job(context.host, "test", commands, limit, sink)
        .await
    {
        Ok(status) => Ok(Ended::Status(status)),
        Err(HostError::TimedOut { .. }) => {
            context.sandbox.stop(context.host).await?;
            Ok(Ended::TimedOut)
        }
        Err(error) => Err(error.into()),
    }
}

async fn on_client(
    context: &Context<'_>,
    stack: &Stack,
    variables: &[(String, String)],
    command: &str,
    sink: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<Ended, Trouble> {
    forward(context, stack).await?;
    let folders = [
        context.bundle.join("artifacts"),
        client_cache(&context.plan.spec.name),
    ];
    for folder in folders {
        tokio::fs::create_dir_all(&folder).await.map_err(|error| {
            Trouble::new(
                Verdict::InternalError,
                format!("can't make {}: {error}", folder.display()),
            )
        })?;
    }
    let mut all = variables.to_vec();
    for name in ["NO_PROXY", "no_proxy"] {
        let own = std::env::var(name).unwrap_or_default();
        let comma = if own.is_empty() { "" } else { "," };
        all.push((name.to_owned(), format!("{own}{comma}127.0.0.1,localhost")));
    }
    client::run(
        &with_arguments(command, &context.plan.arguments),
        &context.plan.arguments,
        &context.plan.repo.root,
        &all,
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

/// Brings the sandbox's ports here, at the same numbers.
async fn forward(context: &Context<'_>, stack: &Stack) -> Result<(), Trouble> {
    if context.host.is_local() {
        return Ok(());
    }
    let tcp = stack
        .published
        .iter()
        .filter(|one| one.transport == Transport::Tcp);
    let mut done = BTreeSet::new();
    for (one, port) in tcp.filter_map(|one| Some((one, one.port?))) {
        if !done.insert(port) {
            continue;
        }
        let here = SocketAddr::new(LOOPBACK, port);
        let there = one.address.parse().unwrap_or(LOOPBACK);
        let forwarded = context.host.forward(here, SocketAddr::new(there, port));
        forwarded.await.map_err(|error| {
            Trouble::from(error).help(format!(
                "port {port} must be free on this machine, because the tests run here: stop what uses it \
                 (`ss -ltnp` shows it)"
            ))
        })?;
    }
    let udp = stack
        .published
        .iter()
        .filter(|one| one.transport == Transport::Udp);
    for one in udp {
        context.events.warn(format!(
            "{}: UDP port {} can't be brought here by ssh; tests that need it must run on the host",
            one.service, one.container_port
        ));
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

fn client_cache(slug: &str) -> PathBuf {
    crate::store::state_folder().join("cache").join(slug)
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
    (!program.is_empty()).then(|| crate::event::printable(program))
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
