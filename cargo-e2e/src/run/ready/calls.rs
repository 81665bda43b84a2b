//! Each probe as a line of the host's script, at the address that the stack really has; and in words.

use crate::compose::Published;
use crate::compose::publish::is_here;
use crate::shell::quote;
use crate::spec::{HealthCheck, Probe};

use super::grpc;

/// The lines that start each probe on the host, at the addresses that the stack really has.
pub(super) fn probe_calls(
    checks: &[HealthCheck],
    published: &[Published],
    reachable: bool,
) -> String {
    let mut calls = String::new();
    for (index, check) in checks.iter().enumerate() {
        let call = match &check.probe {
            Probe::Http { url, expect_status } => {
                let port = url.port_or_known_default().unwrap_or(80);
                let at = published_at(published, url.host_str().unwrap_or_default(), port);
                // The request keeps the URL's own host and name; only the connection moves.
                let connect = at.map_or_else(
                    || ":::".to_owned(),
                    |at| format!("::{}:{}", bracketed(&at.address), at.port.unwrap_or(port)),
                );
                let statuses: Vec<_> = expect_status.iter().map(u16::to_string).collect();
                format!(
                    "http_probe {index} {} {} {}",
                    quote(url.as_str()),
                    quote(&connect),
                    quote(&statuses.join(" "))
                )
            }
            Probe::Tcp { host, port } => match published_at(published, host, *port) {
                Some(at) if reachable => format!(
                    "tcp_probe {index} {} {}",
                    quote(&at.service),
                    at.container_port
                ),
                Some(at) => direct(index, &at.address, at.port.unwrap_or(*port)),
                None => direct(index, host, *port),
            },
            Probe::Grpc {
                host,
                port,
                service,
            } => {
                let request = quote(&grpc::check(service.as_deref()));
                let at = published_at(published, host, *port);
                let (address, port) =
                    at.map_or((host, *port), |at| (&at.address, at.port.unwrap_or(*port)));
                let address = quote(&format!("{}:{port}", bracketed(address)));
                match at.filter(|_| reachable) {
                    Some(at) => format!(
                        "grpc_probe {index} {request} {address} {} {}",
                        quote(&at.service),
                        at.container_port
                    ),
                    None => format!("grpc_probe {index} {request} {address}"),
                }
            }
            Probe::Exec { command, service } => {
                let words: Vec<_> = command.iter().map(|word| quote(word)).collect();
                format!("exec_probe {index} {} {}", quote(service), words.join(" "))
            }
        };
        calls.push_str(&call);
        calls.push_str(" &\n");
    }
    calls
}

/// Returns the published port that `localhost:PORT` means.
#[must_use]
pub fn published_at<'a>(
    published: &'a [Published],
    host: &str,
    port: u16,
) -> Option<&'a Published> {
    is_here(host)
        .then(|| published.iter().find(|one| one.declared == Some(port)))
        .flatten()
}

/// The service that a check asks, where it is one of the stack.
pub(super) fn asked<'a>(check: &'a HealthCheck, published: &'a [Published]) -> Option<&'a str> {
    let (host, port) = match &check.probe {
        Probe::Http { url, .. } => (url.host_str()?, url.port_or_known_default()?),
        Probe::Tcp { host, port } | Probe::Grpc { host, port, .. } => (host.as_str(), *port),
        Probe::Exec { service, .. } => return Some(service),
    };
    published_at(published, host, port).map(|at| at.service.as_str())
}

fn direct(index: usize, host: &str, port: u16) -> String {
    let address = format!("{}:{port}", bracketed(host));
    format!("direct_probe {index} {}", quote(&address))
}

fn bracketed(address: &str) -> String {
    if address.contains(':') && !address.starts_with('[') {
        format!("[{address}]")
    } else {
        address.to_owned()
    }
}

/// What it asks, for people.
#[must_use]
pub fn describe(probe: &Probe) -> String {
    match probe {
        Probe::Http { url, .. } => url.to_string(),
        Probe::Tcp { host, port } => format!("tcp {}:{port}", bracketed(host)),
        Probe::Grpc {
            host,
            port,
            service: None,
        } => format!("grpc {}:{port}", bracketed(host)),
        Probe::Grpc {
            host,
            port,
            service: Some(service),
        } => format!("grpc {}:{port} {service}", bracketed(host)),
        Probe::Exec { command, service } => format!("{} in {service}", command.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use e2e_harness::protocol::Transport;

    use super::*;

    fn check(name: &str, probe: Probe) -> HealthCheck {
        HealthCheck {
            name: name.into(),
            probe,
            timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn probes_go_where_the_stack_really_answers() {
        let published = [Published {
            service: "db".into(),
            container_port: 5432,
            transport: Transport::Tcp,
            declared: Some(15432),
            address: "127.0.0.1".into(),
            port: Some(20001),
        }];
        let host = || "localhost".to_owned();
        let url = "http://localhost:15432/x?y='z'".parse().expect("a url");
        let checks = [
            Probe::Http {
                url,
                expect_status: vec![],
            },
            Probe::Tcp {
                host: host(),
                port: 15432,
            },
            Probe::Tcp {
                host: host(),
                port: 9,
            },
            Probe::Grpc {
                host: host(),
                port: 15432,
                service: None,
            },
        ]
        .map(|probe| check("a", probe));
        assert_eq!(
            probe_calls(&checks, &published, true),
            "http_probe 0 'http://localhost:15432/x?y=%27z%27' '::127.0.0.1:20001' '' &\n\
             tcp_probe 1 'db' 5432 &\n\
             direct_probe 2 'localhost:9' &\n\
             grpc_probe 3 '\\000\\000\\000\\000\\000' '127.0.0.1:20001' 'db' 5432 &\n"
        );
    }
}
