//! `cargo e2e exec`, `shell` and `logs`: this process replaces itself with ssh, docker or a shell,
//! so that terminals, signals and exit codes are that program's.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::environment::set;
use crate::host::{Facts, Host, HostError, HostKind};
use crate::record::outcome::{Verdict, exit_code};
use crate::sandbox::variables::{self, Own};
use crate::sandbox::{self, ChooseError, Existing, Listed, docker_shim};
use crate::secrets;
use crate::shell::quote;
use crate::spec;
use crate::text::printable;

use crate::cli::args::{
    ExecArguments, HostArgument, LogsArguments, ServiceArguments, SpecArgument,
};
use crate::cli::exit::{self, USAGE};
use crate::cli::host::{CommandError, host_for, on_host};
use crate::cli::print::{show_error, warn};
use crate::cli::sandboxes::{asker, existing, not_chosen};

/// A shell command for the host, and whether it needs a terminal.
struct Wanted {
    command: String,
    terminal: bool,
}

pub(crate) async fn exec(arguments: ExecArguments) -> u8 {
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    become_command(
        (&arguments.host, &arguments.of),
        &arguments.target,
        async |existing, services| {
            let words: Vec<String> = arguments.command.iter().map(|word| quote(word)).collect();
            let tty = if terminal { "-it" } else { "-i" };
            let [service] = services else {
                return Err("give one service");
            };
            let command = format!(
                "exec docker exec {tty} {} {}",
                container(existing, service),
                words.join(" ")
            );
            Ok(Wanted { command, terminal })
        },
    )
    .await
}

pub(crate) async fn shell(arguments: ServiceArguments) -> u8 {
    become_command((&arguments.host, &arguments.of), &arguments.target, async |existing, services| {
        let command = match services {
            [service] => format!(
                "exec docker exec -it {} sh -c 'command -v bash >/dev/null && exec bash || exec sh'",
                container(existing, service)
            ),
            [_, _, ..] => return Err("give one service"),
            [] => format!(
                "{}{}{}cd {} && exec \"${{SHELL:-sh}}\"",
                variables::exports(&for_shell(existing)),
                variables::exports(&variables::for_compose(&existing.sandbox)),
                docker_shim::first_in_path(&existing.sandbox),
                quote(&existing.state.repo_dir)
            ),
        };
        Ok(Wanted {
            command,
            terminal: std::io::stdin().is_terminal(),
        })
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

pub(crate) async fn logs(arguments: LogsArguments) -> u8 {
    let mut options = String::new();
    for (name, is_set) in [
        ("--follow", arguments.follow),
        ("--timestamps", arguments.timestamps),
    ] {
        if is_set {
            options = options + " " + name;
        }
    }
    for (name, value) in [("--since", &arguments.since), ("--tail", &arguments.tail)] {
        if let Some(value) = value {
            options = options + " " + name + " " + &quote(value);
        }
    }
    become_command(
        (&arguments.host, &arguments.of),
        &arguments.target,
        async |existing, services| {
            let services: Vec<String> = services.iter().map(|name| quote(name)).collect();
            let command = format!(
                "docker compose -p {} logs{options} {}",
                quote(&existing.sandbox.identity.project),
                services.join(" ")
            );
            Ok(Wanted {
                command: if std::io::stdout().is_terminal() {
                    format!("exec {command}")
                } else {
                    without_codes(&command)
                },
                terminal: false,
            })
        },
    )
    .await
}

/// Returns shell commands that leave out the code that Compose begins each line with, to clear a
/// terminal's, and end with the command's own status.
fn without_codes(command: &str) -> String {
    format!(
        "if sed -u p </dev/null 2>/dev/null; then filter='sed -u'; else filter=sed; fi\n\
         exec 4>&1\n\
         status=$({{ {{ {command}; echo \"$?\" >&3; }} | $filter \"s/^$(printf '\\033')\\[2K//\" >&4; }} 3>&1)\n\
         exit \"$status\"\n"
    )
}

/// Returns a shell word for the id of a service's first container.
fn container(existing: &Existing, service: &str) -> String {
    format!(
        "\"$(docker ps -q --filter label=cargo-e2e.run={} --filter label=com.docker.compose.service={} | tail -n 1)\"",
        existing.sandbox.identity.run_id,
        quote(service)
    )
}

async fn become_command(
    (host, of): (&HostArgument, &SpecArgument),
    target: &[String],
    want: impl AsyncFnOnce(&Existing, &[String]) -> Result<Wanted, &'static str>,
) -> u8 {
    let mut wanted = None;
    let code = on_host(host, async |host, facts| {
        let (listed, services) = choose(host, facts, of, target).await?;
        let existing = existing(host, facts, &listed).await?;
        if let Some(unknown) = unknown(host, &existing, services).await? {
            show_error(&unknown.0, unknown.1.as_deref());
            return Err(CommandError::Shown(USAGE));
        }
        match want(&existing, services).await {
            Ok(one) => wanted = Some(one),
            Err(refused) => {
                show_error(refused, None);
                return Err(CommandError::Shown(USAGE));
            }
        }
        Ok(0)
    })
    .await;
    match wanted {
        Some(wanted) => {
            // The new program writes to the same streams.
            match exit::drain(0).await {
                0 => replace(&host_for(host), &wanted),
                code => code,
            }
        }
        None => code,
    }
}

/// Reads `[ID] [SERVICE]…`: the first word is an id where a sandbox matches it, else a service.
async fn choose<'t>(
    host: &dyn Host,
    facts: &Facts,
    of: &SpecArgument,
    target: &'t [String],
) -> Result<(Listed, &'t [String]), CommandError> {
    let all = sandbox::list(host, facts).await?.own;
    let asker = asker(of)?;
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
            let word = printable(&word);
            show_error(&format!("not an id or service: `{word}`"), Some(&help));
            Err(CommandError::Shown(USAGE))
        }
        Err(error) => Err(not_chosen(host, &error)),
    }
}

/// Returns what to say of the first service that the sandbox does not have, and help.
async fn unknown(
    host: &dyn Host,
    existing: &Existing,
    services: &[String],
) -> Result<Option<(String, Option<String>)>, HostError> {
    if services.is_empty() {
        return Ok(None);
    }
    let has: BTreeSet<String> = existing.sandbox.inspect(host).await?.services();
    let Some(unknown) = services.iter().find(|name| !has.contains(*name)) else {
        return Ok(None);
    };
    let near = spec::nearest(unknown, has.iter().map(String::as_str));
    let help = near.map(|near| format!("did you mean `{near}`?"));
    let has: Vec<&str> = has.iter().map(String::as_str).collect();
    let message = format!(
        "`{}` is neither a sandbox on {} nor a service of {}, which has {}",
        printable(unknown),
        host.name(),
        existing.sandbox.identity.run_id,
        has.join(", ")
    );
    Ok(Some((message, help)))
}

fn replace(host: &str, wanted: &Wanted) -> u8 {
    let words = HostKind::of(host).interactive(&wanted.command, wanted.terminal);
    let error = Command::new(&words[0]).args(&words[1..]).exec();
    show_error(&format!("failed to start it: {error}"), None);
    exit_code(Verdict::InternalError, None)
}
