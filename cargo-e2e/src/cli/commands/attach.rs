//! `cargo e2e exec` and `shell`, and what they share with `logs`: this process replaces itself with
//! ssh, docker or a shell, so that terminals, signals and exit codes are that program's.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::io::{FdFlags, fcntl_setfd};

use crate::environment::set;
use crate::host::{Facts, Host, HostKind};
use crate::record::outcome::Verdict;
use crate::sandbox::variables::{self, Own};
use crate::sandbox::{self, ChooseError, Container, Containers, Existing, Listed, docker_shim};
use crate::secrets;
use crate::shell::{quote, quoted, word};
use crate::spec;
use crate::text::printable;

use crate::cli::answers::Trouble;
use crate::cli::args::{ExecArguments, SandboxPlace, ServiceArguments};
use crate::cli::exit;
use crate::cli::host::{CommandError, host_for, on_host};
use crate::cli::print::{failure, usage_error, warn};
use crate::cli::sandboxes::{asker, existing, not_chosen};

/// A shell command for the host, and what it needs of this process.
pub(super) struct Wanted {
    pub(super) command: String,
    pub(super) stdin: Stdin,
}

impl Wanted {
    /// Returns a command with the terminal that this process has; without one, with its input.
    fn new(command: String, terminal: bool) -> Self {
        let stdin = if terminal {
            Stdin::Terminal
        } else {
            Stdin::Own
        };
        Self { command, stdin }
    }
}

/// The standard input of a command on the host.
pub(super) enum Stdin {
    /// A terminal of its own.
    Terminal,
    /// This process's.
    Own,
    /// One that brings nothing, and ends with this process: over ssh no signal says so.
    Open,
}

/// What `[ID] [SERVICE]…` means.
pub(super) struct Target<'t> {
    pub(super) host: &'t dyn Host,
    pub(super) existing: Existing,
    pub(super) services: &'t [String],
    /// As they are now; not looked at where no service is named.
    containers: Containers,
}

pub(crate) async fn exec(arguments: ExecArguments) -> u8 {
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    become_command(&arguments.place, &arguments.target, |target| {
        let tty = if terminal { "-it" } else { "-i" };
        let [service] = target.services else {
            return Err(one_service());
        };
        let (container, words) = (container(target, service)?, quoted(&arguments.command));
        let command = format!("exec docker exec {tty} {container} {words}");
        Ok(Wanted::new(command, terminal))
    })
    .await
}

pub(crate) async fn shell(arguments: ServiceArguments) -> u8 {
    become_command(&arguments.place, &arguments.target, |target| {
        let existing = &target.existing;
        let command = match target.services {
            [service] => format!(
                "exec docker exec -it {} sh -c 'command -v bash >/dev/null && exec bash || exec sh'",
                container(target, service)?
            ),
            [_, _, ..] => return Err(one_service()),
            [] => format!(
                "{}{}{}cd {} && exec \"${{SHELL:-sh}}\"",
                variables::exports(&for_shell(existing)),
                variables::exports(&variables::for_compose(&existing.sandbox)),
                docker_shim::first_in_path(&existing.sandbox),
                quote(&existing.state.repo_dir)
            ),
        };
        Ok(Wanted::new(command, std::io::stdin().is_terminal()))
    })
    .await
}

/// Returns the variables of a shell in the copy of the repo, without credentials: they would stand in
/// the list of processes.
fn for_shell(existing: &Existing) -> Vec<(String, String)> {
    let mut all = variables::of_sandbox(existing);
    for own in variables::own(existing, &all, set) {
        match own {
            Own::Set { name, value } if secrets::is_credential(&name, &value) => warn(&format!(
                "{name} is not set in this shell: the list of processes would show it; `cargo e2e env` has it"
            )),
            Own::Set { name, value } => all.push((name, value)),
            Own::Secret { name, .. } => warn(&format!(
                "{name} is not set in this shell: `env` makes it of a secret"
            )),
            Own::Missing { name, of } => warn(&format!(
                "{name} is not set in this shell: `env` sets it from ${{{of}}}, which is not set here"
            )),
        }
    }
    all
}

fn one_service() -> Trouble {
    Trouble::new("give one service".to_owned(), None)
}

/// Returns the id of a service's first container that runs.
fn container<'t>(target: &'t Target<'_>, service: &str) -> Result<&'t str, Trouble> {
    let mut of_service = target.containers.sorted();
    of_service.retain(|one| one.service == service);
    let running = of_service.iter().find(|one| one.state.status == "running");
    match (running, of_service.first()) {
        (Some(one), _) => Ok(&one.id),
        (None, Some(one)) => {
            let host = word(target.host.name());
            let help = format!("`cargo e2e logs {service} --host {host}` shows what it printed");
            let message = format!("`{service}` is not running ({})", how_it_is(one));
            Err(Trouble::new(message, Some(&help)))
        }
        (None, None) => Err(Trouble::new(format!("`{service}` has no container"), None)),
    }
}

/// Returns the state of a container that does not run.
fn how_it_is(container: &Container) -> String {
    let state = &container.state;
    match state.status.as_str() {
        "exited" | "dead" if state.oom_killed => format!("{}, out of memory", state.status),
        "exited" | "dead" if state.error.is_empty() => {
            format!("{}, code {}", state.status, state.exit_code)
        }
        status if state.error.is_empty() => status.to_owned(),
        status => format!("{status}, {}", printable(&state.error)),
    }
}

/// Replaces this process with a command for the sandbox and services that are typed.
pub(super) async fn become_command(
    place: &SandboxPlace,
    typed: &[String],
    want: impl FnOnce(&Target<'_>) -> Result<Wanted, Trouble>,
) -> u8 {
    let mut wanted = None;
    let code = on_host(&place.host, async |host, facts| {
        let (listed, services) = choose(host, facts, place, typed).await?;
        let existing = existing(host, facts, &listed).await?;
        let containers = if services.is_empty() {
            Containers::default()
        } else {
            existing.sandbox.inspect(host).await?
        };
        let target = Target {
            host,
            existing,
            services,
            containers,
        };
        match all_known(&target).and_then(|()| want(&target)) {
            Ok(one) => {
                wanted = Some(one);
                Ok(0)
            }
            Err(Trouble { message, help }) => {
                let code = usage_error(&message, help.as_deref());
                Err(CommandError::Shown(code))
            }
        }
    })
    .await;
    let Some(wanted) = wanted else {
        return code;
    };
    // The new program writes to the same streams.
    match exit::drain(0).await {
        0 => replace(&host_for(&place.host), &wanted),
        code => code,
    }
}

/// Reads `[ID] [SERVICE]…`: the first word is an id where a sandbox matches it, else a service.
async fn choose<'t>(
    host: &dyn Host,
    facts: &Facts,
    place: &SandboxPlace,
    target: &'t [String],
) -> Result<(Listed, &'t [String]), CommandError> {
    let all = sandbox::list(host, facts).await?.own;
    let asker = asker(place)?;
    let by_id = |id: &str| sandbox::choose(&all, Some(id), &asker);
    let (chosen, services) = match target {
        [id, services @ ..] if by_id(id).is_ok() => (by_id(id), services),
        // With no sandbox of this repo's, the first of several words can only be an id.
        [id, _, ..] if sandbox::choose(&all, None, &asker).is_err() => (by_id(id), &target[1..]),
        services => (sandbox::choose(&all, None, &asker), services),
    };
    match chosen {
        Ok(listed) => Ok((listed.clone(), services)),
        Err(ChooseError::NotAnId(word)) => {
            let help = format!("`cargo e2e list --host {}` shows all ids", host.name());
            let why = format!("not an id or service: `{}`", printable(&word));
            Err(CommandError::Shown(usage_error(&why, Some(&help))))
        }
        Err(error) => Err(not_chosen(host, &error)),
    }
}

/// Refuses the first service that the sandbox does not have.
fn all_known(target: &Target<'_>) -> Result<(), Trouble> {
    let has: BTreeSet<String> = target.containers.services();
    let Some(unknown) = target.services.iter().find(|name| !has.contains(*name)) else {
        return Ok(());
    };
    let help = spec::did_you_mean(unknown, has.iter().map(String::as_str));
    let has: Vec<&str> = has.iter().map(String::as_str).collect();
    let message = format!(
        "`{}` is neither a sandbox on {} nor a service of {}, which has {}",
        printable(unknown),
        target.host.name(),
        target.existing.sandbox.identity.run_id,
        has.join(", ")
    );
    Err(Trouble { message, help })
}

fn replace(host: &str, wanted: &Wanted) -> u8 {
    let error = replaced(host, wanted);
    failure(
        Verdict::InternalError,
        &format!("failed to start it: {error}"),
    )
}

/// Returns only when it fails.
fn replaced(host: &str, wanted: &Wanted) -> std::io::Error {
    let terminal = matches!(wanted.stdin, Stdin::Terminal);
    let words = HostKind::of(host).interactive(&wanted.command, terminal);
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    // The new program holds the writing end, and with it the end of its own input.
    let _writer = match wanted.stdin {
        Stdin::Terminal | Stdin::Own => None,
        Stdin::Open => {
            let (reader, writer) = match std::io::pipe() {
                Ok(ends) => ends,
                Err(error) => return error,
            };
            if let Err(error) = fcntl_setfd(&writer, FdFlags::empty()) {
                return error.into();
            }
            command.stdin(reader);
            Some(writer)
        }
    };
    command.exec()
}
