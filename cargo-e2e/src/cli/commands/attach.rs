//! `cargo e2e exec`, `shell` and `logs`: this process replaces itself with ssh, docker or a shell,
//! so that terminals, signals and exit codes are that program's.

use std::io::IsTerminal as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::host::{Facts, Host, HostKind};
use crate::record::outcome::{Verdict, exit_code};
use crate::sandbox::{self, Existing, Listed, docker_shim, variables};
use crate::shell::quote;

use crate::cli::args::{
    ExecArguments, HostArgument, LogsArguments, ServiceArguments, SpecArgument,
};
use crate::cli::exit;
use crate::cli::host::{CommandError, host_for, on_host};
use crate::cli::print::show_error;
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
        true,
        async |existing, service| {
            let words: Vec<String> = arguments.command.iter().map(|word| quote(word)).collect();
            let tty = if terminal { "-it" } else { "-i" };
            let service = quote(service.unwrap_or_default());
            Wanted {
                command: format!(
                    "exec docker exec {tty} {} {}",
                    container(existing, &service),
                    words.join(" ")
                ),
                terminal,
            }
        },
    )
    .await
}

pub(crate) async fn shell(arguments: ServiceArguments) -> u8 {
    become_command((&arguments.host, &arguments.of), &arguments.target, false, async |existing, service| {
        let command = match service {
            Some(service) => format!(
                "exec docker exec -it {} sh -c 'command -v bash >/dev/null && exec bash || exec sh'",
                container(existing, &quote(service))
            ),
            None => format!(
                "{}{}{}cd {} && exec \"${{SHELL:-sh}}\"",
                variables::exports(&variables::of_sandbox(existing)),
                variables::exports(&variables::for_compose(&existing.sandbox)),
                docker_shim::first_in_path(&existing.sandbox),
                quote(&existing.state.repo_dir)
            ),
        };
        Wanted {
            command,
            terminal: std::io::stdin().is_terminal(),
        }
    })
    .await
}

pub(crate) async fn logs(arguments: LogsArguments) -> u8 {
    let follow = if arguments.follow { " --follow" } else { "" };
    let service = &arguments.service;
    become_command(
        (&service.host, &service.of),
        &service.target,
        false,
        async |existing, service| Wanted {
            command: format!(
                "exec docker compose -p {} logs{follow} {}",
                quote(&existing.sandbox.identity.project),
                service.map(quote).unwrap_or_default()
            ),
            terminal: false,
        },
    )
    .await
}

/// Returns a shell word for the id of a service's first container.
fn container(existing: &Existing, service: &str) -> String {
    format!(
        "\"$(docker ps -q --filter label=cargo-e2e.run={} --filter label=com.docker.compose.service={service} | tail -n 1)\"",
        existing.sandbox.identity.run_id
    )
}

async fn become_command(
    (host, of): (&HostArgument, &SpecArgument),
    target: &[String],
    service_first: bool,
    want: impl AsyncFnOnce(&Existing, Option<&str>) -> Wanted,
) -> u8 {
    let mut wanted = None;
    let code = on_host(host, async |host, facts| {
        let (listed, service) = choose(host, facts, of, target, service_first).await?;
        let existing = existing(host, facts, &listed).await?;
        wanted = Some(want(&existing, service.as_deref()).await);
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

/// Reads `[ID] [SERVICE]`: a single word is an id where a sandbox matches it, else a service.
async fn choose(
    host: &dyn Host,
    facts: &Facts,
    of: &SpecArgument,
    target: &[String],
    service_first: bool,
) -> Result<(Listed, Option<String>), CommandError> {
    let all = sandbox::list(host, &facts.root).await?;
    let asker = asker(of)?;
    let (id, service) = match target {
        [] => (None, None),
        [one] if !service_first && sandbox::choose(&all, Some(one), &asker).is_ok() => {
            (Some(one), None)
        }
        [one] => (None, Some(one.clone())),
        [id, service, ..] => (Some(id), Some(service.clone())),
    };
    match sandbox::choose(&all, id.map(String::as_str), &asker) {
        Ok(listed) => Ok((listed.clone(), service)),
        Err(error) => Err(not_chosen(host, &error)),
    }
}

fn replace(host: &str, wanted: &Wanted) -> u8 {
    let words = HostKind::of(host).interactive(&wanted.command, wanted.terminal);
    let error = Command::new(&words[0]).args(&words[1..]).exec();
    show_error(&format!("failed to start it: {error}"), None);
    exit_code(Verdict::InternalError, None)
}
