//! Published ports: free ones for the sandbox, or its turn for declared ones.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;

use e2e_harness::wait::{Patience, Poll, WaitError, poll};
use serde_json::Value;

use crate::compose::{Published, ports};
use crate::record::outcome::Verdict;
use crate::run::{Context, StageError};
use crate::sandbox::Claim;
use crate::spec::Side;

/// The range of the sandboxes' own ports.
const OWN: RangeInclusive<u16> = 20000..=29999;

/// How often other ports are chosen when this machine uses one.
const TRIES: usize = 10;

/// Returns whether `up` failed because a port is in use.
pub(super) fn is_taken(said: &str) -> bool {
    said.contains("port is already allocated") || said.contains("address already in use")
}

/// Returns whether Docker's message names this port, which it writes behind an address.
pub(super) fn is_named(said: &str, port: u16) -> bool {
    let address = format!(":{port}");
    said.match_indices(&address).any(|(at, _)| {
        let next = said[at + address.len()..].chars().next();
        next.is_none_or(|next| !next.is_ascii_digit())
    })
}

/// Chooses free ports for everything that the model publishes, or only for ports without a number;
/// free on this machine too, where the tests run here.
pub(super) async fn allocate(context: &Context<'_>, model: &Value) -> Result<Vec<u16>, StageError> {
    let groups = ports::groups(model, context.plan.ports);
    let count = groups.iter().sum::<usize>();
    if let Some(before) = context.before
        && before.ports.len() == count
    {
        // Other ports would recreate every container.
        return Ok(before.ports.clone());
    }
    let mut avoid = ports::kept(model, context.plan.ports);
    avoid.retain(|port| OWN.contains(port));
    for _ in 0..TRIES {
        let numbers = context
            .sandbox
            .allocate(context.host, &groups, &avoid)
            .await?;
        if numbers.len() < count {
            return Err(StageError::new(
                Verdict::UpFailed,
                format!(
                    "no {count} free ports from 20000 to 29999 on `{}`",
                    context.host.name()
                ),
            ));
        }
        let here = context.plan.tests_on == Side::Client && !context.host.is_local();
        let taken: Vec<u16> = numbers
            .iter()
            .copied()
            .filter(|port| here && TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_err())
            .collect();
        if taken.is_empty() {
            return Ok(numbers);
        }
        avoid.extend(taken);
    }
    Err(StageError::new(
        Verdict::UpFailed,
        "no ports from 20000 to 29999 are free both on the host and on this machine",
    ))
}

/// Waits until other sandboxes release ports. Ports that this sandbox has already are skipped.
pub(super) async fn claim(
    context: &Context<'_>,
    published: &[Published],
    own: &[u16],
) -> Result<(), StageError> {
    let numbered = |one: &Published| {
        let port = one.port.filter(|port| !own.contains(port))?;
        Some(format!("{}/{port}", one.transport.name()))
    };
    let ports: BTreeSet<String> = published.iter().filter_map(numbered).collect();
    if ports.is_empty() || context.before.is_some() {
        return Ok(());
    }
    let ports: Vec<String> = ports.into_iter().collect();
    let said = std::sync::Mutex::new(String::new());
    let patience = Patience::of(context.plan.limits.up);
    let claimed = poll("claiming ports", patience, || async {
        match context.sandbox.claim(context.host, &ports).await {
            Ok(Claim::Claimed) => Ok(Poll::Ready(())),
            Ok(Claim::Foreign { port, holder }) => Err(foreign(context, port, &holder)),
            Ok(Claim::Held { port, run_id, by }) => {
                let status = format!("port {port} is held by {by}, sandbox {run_id}");
                if context.plan.options.no_wait {
                    let help = "without `--no-wait` this run waits for it";
                    return Err(StageError::new(Verdict::HostError, status).help(help));
                }
                if let Ok(mut said) = said.lock()
                    && *said != status
                {
                    let limit = context.plan.limits.up;
                    let what = format!(
                        "{status}; `ports: isolated` avoids this, `cargo e2e down {run_id}` ends it"
                    );
                    context.events.waits_for(&what, "up", limit);
                    context.waited.begins(&status);
                    said.clone_from(&status);
                }
                Ok(Poll::NotYet(status))
            }
            Err(error) => Err(error.into()),
        }
    })
    .await;
    match claimed {
        Ok(()) => {
            context.waited.ends();
            Ok(())
        }
        Err(WaitError::Failed { source, .. }) => Err(source),
        Err(WaitError::TimedOut {
            status, elapsed, ..
        }) => Err(StageError::new(
            Verdict::UpFailed,
            format!("{status}; not released within {} s", elapsed.as_secs()),
        )
        .help(format!(
            "`cargo e2e list --host {0}` shows it, `cargo e2e down ID --host {0}` ends it",
            context.host.name()
        ))),
    }
}

fn foreign(context: &Context<'_>, port: u16, holder: &str) -> StageError {
    let host = context.host.name();
    let message = format!("port {port} on {host} is taken by {holder}, which is not a sandbox");
    StageError::new(Verdict::UpFailed, message)
        .help("stop it, or publish another port in the compose file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_names_a_port_behind_its_address() {
        for said in [
            "Bind for 127.0.0.1:20005 failed: port is already allocated",
            "failed to bind host port 127.0.0.1:20005/tcp: address already in use",
            "listen tcp4 127.0.0.1:20005: bind: address already in use",
        ] {
            assert!(is_taken(said) && is_named(said, 20005), "{said}");
            assert!(!is_named(said, 2000), "{said}");
        }
    }
}
