//! The lines of the host's script that run each health check, at the stack's real addresses.

use crate::compose::Published;
use crate::compose::ports::is_here;
use crate::probe::Target;
use crate::spec::HealthCheck;

/// Returns the lines that start each probe on the host, at the stack's real addresses.
pub(super) fn probe_calls(
    checks: &[HealthCheck],
    published: &[Published],
    reachable: bool,
) -> String {
    let call = |(index, check): (usize, &HealthCheck)| {
        let at = target(check, published);
        check.probe.kind().call(index, at, reachable) + " &\n"
    };
    checks.iter().enumerate().map(call).collect()
}

/// Returns the stack's service that a check asks, if it asks one.
pub(super) fn asked<'a>(check: &'a HealthCheck, published: &'a [Published]) -> Option<&'a str> {
    let named = check.probe.kind().service();
    named.or_else(|| target(check, published).map(|at| at.service))
}

fn target<'a>(check: &HealthCheck, published: &'a [Published]) -> Option<Target<'a>> {
    let (host, port) = check.probe.kind().address()?;
    let at = published_at(published, host, port)?;
    Some(Target {
        service: &at.service,
        container_port: at.container_port,
        address: &at.address,
        port: at.port.unwrap_or(port),
    })
}

/// Returns the published port that `localhost:PORT` means.
pub fn published_at<'a>(
    published: &'a [Published],
    host: &str,
    port: u16,
) -> Option<&'a Published> {
    is_here(host)
        .then(|| published.iter().find(|one| one.declared == Some(port)))
        .flatten()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use e2e_harness::protocol::Transport;

    use super::*;
    use crate::probe::{Grpc, Http, Probe, Tcp};

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
        let address = |text: &str| text.parse().expect("an address");
        let url = "http://localhost:15432/x?y='z'".parse().expect("a url");
        let checks = [
            Probe::Http(Http {
                url,
                expect_status: vec![],
            }),
            Probe::Tcp(Tcp(address("localhost:15432"))),
            Probe::Tcp(Tcp(address("localhost:9"))),
            Probe::Grpc(Grpc {
                address: address("localhost:15432"),
                service: None,
            }),
        ]
        .map(|probe| check("a", probe));
        assert_eq!(
            probe_calls(&checks, &published, true),
            "http_probe 0 'http://localhost:15432/x?y=%27z%27' '::127.0.0.1:20001' '' 'db' &\n\
             tcp_probe 1 'db' 5432 &\n\
             direct_probe 2 'localhost:9' &\n\
             grpc_probe 3 '\\000\\000\\000\\000\\000' '127.0.0.1:20001' 'db' 5432 &\n"
        );
    }
}
