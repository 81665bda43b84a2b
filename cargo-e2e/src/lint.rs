//! What can be said of a repo without a host: mistakes, and what keeps its runs from going side
//! by side.

use e2e_harness::protocol::collision;
use serde_json::Value;

use crate::compose::{Isolation, PortRule, isolate, needs, shared};
use crate::plan::Plan;
use crate::ready::is_here;
use crate::spec::{Ports, Probe};

mod ports;
mod text;

/// What was found, a line or a few each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// A run would fail.
    pub errors: Vec<String>,
    /// A run may not do what is meant.
    pub warnings: Vec<String>,
    /// What could be better.
    pub notes: Vec<String>,
}

/// Looks at a repo's e2e.yml, its compose model and its tests. Reads files of the repo.
#[must_use]
pub fn lint(plan: &Plan, model: &Value) -> Findings {
    let (mut errors, mut warnings) = (Vec::new(), plan.hidden_targets());
    let root = plan.repo.root.to_string_lossy();
    for (path, why) in needs::paths(model, &root) {
        // build_command may be what makes it.
        if plan.repo.root.join(&path).symlink_metadata().is_err()
            && plan.spec.build_command.is_none()
        {
            errors.push(format!("{path} does not exist; it is {why}"));
        }
    }
    let services = model["services"].as_object();
    let names = || {
        services
            .into_iter()
            .flat_map(serde_json::Map::keys)
            .map(String::as_str)
    };
    if let Some((one, other)) = collision(names()) {
        errors.push(format!(
            "services {one} and {other} would share their E2E_… variables"
        ));
    }
    let outside = shared::outside(model, &root);
    let rewritten = isolate(
        model.clone(),
        &Isolation {
            project: "e2e-check",
            labels: &[],
            ports: PortRule::Declared,
            ipv6: false,
            engine: (25, 0),
        },
    );
    for check in &plan.spec.health_checks {
        let (host, port) = match &check.probe {
            Probe::Http { url, .. } => (
                url.host_str().unwrap_or_default().to_owned(),
                url.port_or_known_default().unwrap_or(80),
            ),
            Probe::Tcp { host, port } | Probe::Grpc { host, port, .. } => (host.clone(), *port),
            Probe::Exec { service, .. } => {
                if !names().any(|name| name == service) {
                    errors.push(format!(
                        "health check {} names the service {service}, which the compose file does not have",
                        check.name
                    ));
                }
                continue;
            }
        };
        let published = rewritten
            .published
            .iter()
            .any(|one| one.declared == Some(port));
        if is_here(&host) && !published {
            warnings.push(format!(
                "health check {} asks {host}:{port}, which no service publishes",
                check.name
            ));
        }
    }
    warnings.extend(outside);
    warnings.extend(rewritten.shared);
    let mut notes = Vec::new();
    match plan.ports {
        Ports::Isolated => warnings.extend(ports::named(plan, &rewritten.published)),
        Ports::Declared => notes.extend(ports::queue(plan, &rewritten.published)),
    }
    Findings {
        errors,
        warnings,
        notes,
    }
}

#[cfg(test)]
mod tests;
