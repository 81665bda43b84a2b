//! The host that a command works on.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use crate::cancel::Cancel;
use crate::host::cluster::{ClusterName, Engine, NotGranted, engine};
use crate::host::{Facts, Host, HostError, Purpose, connect, members, preflight};
use crate::plan::{HostVariables, choose_host};
use crate::record::outcome::{Verdict, exit_code};
use crate::run::stages::node::refused;
use crate::text::chain;

use super::args::HostArgument;
use super::exit::USAGE;
use super::print::{errln, show_error, usage_error};
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
    let several = match ClusterName::parse(&name) {
        Ok(Some(_)) => Some("cluster"),
        Ok(None) if members(&name).len() > 1 => Some("pool"),
        _ => None,
    };
    if let Some(several) = several {
        let help = "`cargo e2e list` shows which one has what; name it with `--host`";
        let why = format!("`{name}` is a {several}: this needs one host");
        return usage_error(&why, Some(help));
    }
    match signals::cancel() {
        Ok(cancel) => on(&name, &cancel, work).await,
        Err(code) => code,
    }
}

/// Which hosts of several a command goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hosts<'a> {
    /// Those that may have a sandbox of this user: of a cluster, the nodes with slots.
    WithSandboxes,
    /// Those that may have the sandbox with this id, or end of one: one of them is enough.
    With(&'a str),
    All,
}

/// Does the same on each host of a pool or cluster in turn; the worst code counts.
pub(super) async fn on_each_host(
    argument: &HostArgument,
    hosts: Hosts<'_>,
    work: impl AsyncFn(&dyn Host, &Facts) -> Result<u8, CommandError>,
) -> u8 {
    let cancel = match signals::cancel() {
        Ok(cancel) => cancel,
        Err(code) => return code,
    };
    let mut codes = Vec::new();
    let typed = host_for(argument);
    let names = match ClusterName::parse(&typed) {
        Ok(None) => members(&typed).into_iter().map(str::to_owned).collect(),
        Ok(Some(cluster)) => {
            let asked = tokio::select! {
                asked = nodes(&cluster, hosts) => asked,
                () = cancel.reached(1) => return exit_code(Verdict::Interrupted, cancel.signal()),
            };
            match asked {
                Ok(names) => names,
                Err(error) => {
                    let error = refused(&typed, error);
                    show_error(&error.message, error.help.as_deref());
                    return exit_code(Verdict::HostError, None);
                }
            }
        }
        Err(error) => return usage_error(&chain(&error), None),
    };
    if names.is_empty() {
        errln!("no sandboxes on {typed}");
    }
    for name in names {
        codes.push(on(&name, &cancel, &work).await);
        if cancel.signal().is_some() {
            break;
        }
    }
    let has_it = matches!(hosts, Hosts::With(_)) && codes.contains(&0);
    let counted = codes.into_iter().filter(|code| !(has_it && *code == USAGE));
    counted.max().unwrap_or_default()
}

/// Returns a host's name, where `named` is several.
pub(super) fn one_of(host: &dyn Host, named: &str) -> Option<String> {
    (host.name() != named).then(|| host.name().to_owned())
}

/// Returns what hosts answered to a command; nothing where it ended with this code before any did.
pub(super) fn answered<T: Default>(answers: RefCell<Option<T>>, code: u8) -> Option<T> {
    answers
        .into_inner()
        .or_else(|| (code == 0).then(T::default))
}

/// Returns the nodes of a cluster to which a command goes.
async fn nodes(cluster: &ClusterName, hosts: Hosts<'_>) -> Result<Vec<String>, NotGranted> {
    let login: Arc<dyn Host> = connect(&cluster.login).await?.into();
    let asked = ask(engine(cluster, Arc::clone(&login)).as_ref(), hosts).await;
    login.close().await;
    asked
}

async fn ask(engine: &dyn Engine, hosts: Hosts<'_>) -> Result<Vec<String>, NotGranted> {
    let mut slots = match hosts {
        Hosts::All => return engine.nodes().await,
        Hosts::With(_) | Hosts::WithSandboxes => engine.holds().await?,
    };
    if let Hosts::With(id) = hosts {
        slots.retain(|slot| slot.run_id.ends_with(id) || slot.name == id);
        // A sandbox whose slot is over may have left something.
        if slots.is_empty() {
            return engine.nodes().await;
        }
    }
    let names: BTreeSet<String> = slots.into_iter().map(|slot| slot.node).collect();
    Ok(names.into_iter().collect())
}

/// Forgets the slots of sandboxes that were removed, where the engine does not by itself. What it does not
/// forget now, the next command on the cluster does.
pub(super) async fn release(argument: &HostArgument, run_ids: &[String]) {
    let cluster = match ClusterName::parse(&host_for(argument)) {
        Ok(Some(cluster)) if cluster.engine.lists_what_is_over() && !run_ids.is_empty() => cluster,
        _ => return,
    };
    let Ok(login) = connect(&cluster.login).await else {
        return;
    };
    let login: Arc<dyn Host> = login.into();
    let engine = engine(&cluster, Arc::clone(&login));
    for slot in engine.holds().await.unwrap_or_default() {
        if run_ids.contains(&slot.run_id) {
            engine.release(&slot.id).await;
        }
    }
    login.close().await;
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
