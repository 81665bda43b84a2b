//! Where the stack answers, as tests see it: published ports and health checks.

use std::collections::BTreeMap;

use e2e_harness::protocol::{Check, Endpoint, Endpoints};

use crate::compose::Published;
use crate::record::outcome::millis;
use crate::run::ready::published_at;
use crate::run::{Context, Stack};
use crate::spec::HealthCheck;

pub(super) fn endpoints(context: &Context<'_>, stack: &Stack) -> Endpoints {
    let checks = &context.plan.spec.health_checks;
    let checks: Vec<Check> = checks
        .iter()
        .map(|check| made_by_tests(check, &stack.published, &published))
        .collect();
    Endpoints {
        ports: list(&stack.published),
        health: addresses(&checks),
        checks,
    }
}

/// Returns the published ports as tests see them.
pub(super) fn list(published: &[Published]) -> Vec<Endpoint> {
    published
        .iter()
        .filter_map(|one| {
            Some(Endpoint {
                service: one.service.clone(),
                container_port: one.container_port,
                transport: one.transport,
                host: one.address.clone(),
                port: one.port?,
            })
        })
        .collect()
}

/// Returns host and port at which a published port answers. The host stays as written, because a
/// certificate may contain it.
fn published(at: &Published, host: &str) -> Option<(String, u16)> {
    Some((host.to_owned(), at.port?))
}

/// Converts a health check for the tests; `place` returns where they reach a published port.
pub(super) fn made_by_tests(
    check: &HealthCheck,
    all: &[Published],
    place: &impl Fn(&Published, &str) -> Option<(String, u16)>,
) -> Check {
    let kind = check.probe.kind();
    let written = kind.address();
    let at = written.and_then(|(host, port)| published_at(all, host, port));
    let (host, port) = written.unwrap_or_default();
    let moved = at.and_then(|at| place(at, host));
    let (host, port) = moved.unwrap_or_else(|| (host.to_owned(), port));
    let service = at.map(|at| at.service.as_str()).or(kind.service());
    Check {
        name: check.name.clone(),
        service: service.map(str::to_owned),
        probe: kind.for_tests(&host, port),
        timeout_ms: millis(check.timeout),
    }
}

/// Returns the checks that have an address, by name.
pub(super) fn addresses(checks: &[Check]) -> BTreeMap<String, String> {
    let address = |check: &Check| Some((check.name.clone(), check.probe.address()?.to_owned()));
    checks.iter().filter_map(address).collect()
}
