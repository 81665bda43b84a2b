//! The host that a command works on.

use std::sync::OnceLock;

use crate::cancel::Cancel;
use crate::host::{Facts, Host, HostError, Purpose, connect, members, preflight};
use crate::plan::{HostVariables, choose_host};
use crate::record::outcome::{Verdict, exit_code};
use crate::text::chain;

use super::args::HostArgument;
use super::exit::USAGE;
use super::print::show_error;
use super::{repos, signals};

/// Why a command ends early on a host.
pub(super) enum CommandError {
    Host(HostError),
    /// The user has seen why; this is the exit code.
    Shown(u8),
}

impl From<HostError> for CommandError {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}

static USERS: OnceLock<Option<(String, String)>> = OnceLock::new();

/// Sets the host of the user's configuration, and its place.
pub(super) fn set_users_host(host: Option<(String, String)>) {
    // There is one configuration, read once.
    let _ = USERS.set(host);
}

/// Returns what else than options and manifests names a host.
pub(super) fn host_variables() -> HostVariables {
    HostVariables {
        user: USERS.get().cloned().flatten(),
        ..HostVariables::from_env()
    }
}

/// Returns the host for a command that needs no repo; the manifest of the current one counts, if
/// there is one.
pub(super) fn host_for(argument: &HostArgument) -> String {
    let variables = host_variables();
    choose_host(argument.host.as_deref(), &variables, || repos::here()?.host).name
}

/// Connects, calls `work` with the host, and disconnects in every case, also after a signal.
pub(super) async fn on_host(
    argument: &HostArgument,
    work: impl AsyncFnOnce(&dyn Host, &Facts) -> Result<u8, CommandError>,
) -> u8 {
    let name = host_for(argument);
    if members(&name).len() > 1 {
        let help = "`cargo e2e list` shows which one has what; name it with `--host`";
        show_error(
            &format!("`{name}` is a pool: this needs one host"),
            Some(help),
        );
        return USAGE;
    }
    match signals::cancel() {
        Ok(cancel) => on(&name, &cancel, work).await,
        Err(code) => code,
    }
}

/// Does the same on each host of a pool in turn; the worst code counts. Of what is `named` it is enough
/// that one host has it.
pub(super) async fn on_each_host(
    argument: &HostArgument,
    named: bool,
    work: impl AsyncFn(&dyn Host, &Facts) -> Result<u8, CommandError>,
) -> u8 {
    let cancel = match signals::cancel() {
        Ok(cancel) => cancel,
        Err(code) => return code,
    };
    let mut codes = Vec::new();
    for name in members(&host_for(argument)) {
        codes.push(on(name, &cancel, &work).await);
        if cancel.signal().is_some() {
            break;
        }
    }
    let has_it = named && codes.contains(&0);
    let counted = codes.into_iter().filter(|code| !(has_it && *code == USAGE));
    counted.max().unwrap_or_default()
}

async fn on(
    name: &str,
    cancel: &Cancel,
    work: impl AsyncFnOnce(&dyn Host, &Facts) -> Result<u8, CommandError>,
) -> u8 {
    let failed = |error: &HostError| {
        show_error(&chain(error), error.help());
        exit_code(Verdict::HostError, None)
    };
    let interrupted = || exit_code(Verdict::Interrupted, cancel.signal());
    let host = tokio::select! {
        host = connect(name) => host,
        () = cancel.reached(1) => return interrupted(),
    };
    let host = match host {
        Ok(host) => host,
        Err(error) => return failed(&error),
    };
    let worked = async {
        let facts = preflight(host.as_ref(), Purpose::Remove).await?;
        work(host.as_ref(), &facts).await
    };
    let code = tokio::select! {
        worked = worked => match worked {
            Ok(code) | Err(CommandError::Shown(code)) => code,
            Err(CommandError::Host(error)) => failed(&error),
        },
        () = cancel.reached(1) => interrupted(),
    };
    host.close().await;
    code
}
