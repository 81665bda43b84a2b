//! `cargo e2e forward`: brings the ports of a sandbox on another host here, until Ctrl-C.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use e2e_harness::protocol::{Endpoint, Transport};

use crate::host::{Facts, Host, HostError};
use crate::record::outcome::Verdict;
use crate::sandbox::{Existing, Listed};

use crate::cli::args::ForwardArguments;
use crate::cli::commands::open::start_opener;
use crate::cli::host::{CommandError, on_host};
use crate::cli::print::{errln, failure, outln, usage_error, warn};
use crate::cli::sandboxes::{choose, existing};

/// How often it looks whether the connection and the sandbox are there.
const LOOK: Duration = Duration::from_secs(10);
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub(crate) async fn forward(arguments: ForwardArguments) -> u8 {
    on_host(&arguments.place.host, async |host, facts| {
        let listed = choose(host, facts, arguments.id.as_deref(), &arguments.place).await?;
        let existing = existing(host, facts, &listed).await?;
        // Nobody else knows that these ports are forwarded.
        host.end_with_client().await;
        let endpoints = &existing.state.endpoints;
        let places = bring(host, &endpoints.ports).await?;
        if places.is_empty() {
            let help = "give a service `ports:` in the compose file";
            return Ok(usage_error("the sandbox publishes no TCP port", Some(help)));
        }
        for one in endpoints.ports.iter().filter(|one| is_tcp(one)) {
            let here = places[&one.port];
            outln!("{} {}  127.0.0.1:{here}", one.service, one.container_port);
        }
        let mut page = None;
        for (name, address) in &endpoints.health {
            let Some(here) = moved(address, &places) else {
                continue;
            };
            outln!("{name}  {here}");
            page = page.or(Some(here).filter(|here| here.starts_with("http")));
        }
        if arguments.open {
            match page {
                Some(page) => start_opener(page.as_ref()),
                None => warn("no health check has a `url` to open"),
            }
        }
        if host.is_local() {
            errln!("nothing to forward: the sandbox is on this machine, and its ports answer here");
            return Ok(0);
        }
        let (id, name) = (&listed.run_id, host.name());
        errln!("forwarding the ports of {id} on {name} until Ctrl-C");
        hold(host, facts, &listed).await
    })
    .await
}

fn is_tcp(endpoint: &Endpoint) -> bool {
    endpoint.transport == Transport::Tcp
}

/// Makes each TCP port answer here, under its own number where that is free, and returns the numbers
/// by those on the host.
async fn bring(host: &dyn Host, ports: &[Endpoint]) -> Result<BTreeMap<u16, u16>, CommandError> {
    let mut places = BTreeMap::new();
    for one in ports {
        let Endpoint { service, port, .. } = one;
        if !is_tcp(one) {
            if !host.is_local() {
                let port = one.container_port;
                warn(&format!("{service}: ssh can't forward UDP port {port}"));
            }
            continue;
        }
        if places.contains_key(port) {
            continue;
        }
        if host.is_local() {
            places.insert(*port, *port);
            continue;
        }
        let Some(here) = free(*port) else {
            let code = failure(Verdict::HostError, "this machine has no free port");
            return Err(CommandError::Shown(code));
        };
        if here != *port {
            warn(&format!(
                "{service}: port {port} is taken on this machine; it is {here} here, not as in `cargo e2e env`"
            ));
        }
        let there = SocketAddr::new(one.host.parse().unwrap_or(LOOPBACK), *port);
        host.forward(SocketAddr::new(LOOPBACK, here), there).await?;
        places.insert(*port, here);
    }
    Ok(places)
}

/// Returns a port that is free here: this one, or any.
fn free(port: u16) -> Option<u16> {
    let bind = |port| TcpListener::bind(SocketAddr::new(LOOPBACK, port));
    let listener = bind(port).or_else(|_| bind(0)).ok()?;
    Some(listener.local_addr().ok()?.port())
}

/// Returns a health check's address as it is here; none where its port was not brought.
fn moved(address: &str, places: &BTreeMap<u16, u16>) -> Option<String> {
    places.iter().find_map(|(there, here)| {
        let number = format!(":{there}");
        let (before, after) = address.split_once(&number)?;
        let whole = after.is_empty() || after.starts_with(['/', '?', '#']);
        whole.then(|| format!("{before}:{here}{after}"))
    })
}

/// Keeps the connection, with what is forwarded, until the sandbox is gone.
async fn hold(host: &dyn Host, facts: &Facts, listed: &Listed) -> Result<u8, CommandError> {
    loop {
        tokio::time::sleep(LOOK).await;
        host.reconnect().await?;
        match Existing::of(host, &facts.root, listed).await {
            Ok(Some(_)) | Err(HostError::Lost { .. }) => {}
            Ok(None) => {
                let why = format!("sandbox {} was removed", listed.run_id);
                return Ok(failure(Verdict::HostError, &why));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_the_number_that_it_has_here() {
        let places = BTreeMap::from([(8080, 8080), (2001, 40_001)]);
        let moved = |address| moved(address, &places);
        let url = "http://localhost:2001/healthz?a=:2001";
        assert_eq!(
            moved(url).as_deref(),
            Some("http://localhost:40001/healthz?a=:2001")
        );
        assert_eq!(moved("db:8080").as_deref(), Some("db:8080"));
        assert_eq!(moved("http://localhost:20010/"), None);
    }

    #[test]
    fn a_port_that_is_taken_here_gets_another_number() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = taken.local_addr().expect("an address").port();
        assert!(free(port).is_some_and(|other| other != port));
    }
}
