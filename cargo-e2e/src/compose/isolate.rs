//! The rewrite: from the model that the user wrote to one that shares nothing by accident.
//!
//! Works on JSON values, never on typed structs: what this code does not know about, Compose
//! may, and it passes through untouched.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::changes::ChangeLog;
use super::images::{self, Tags};
use super::model::{containers, on_host_network, replicas};
use super::ports::{self, PortRule, Published};
use super::publish::Publisher;
use crate::spec::Warning;

use super::{advertised, gateway, health, labels, names, shared};

/// What the rewrite needs to know.
#[derive(Debug, Clone)]
pub struct Isolation<'a> {
    pub project: &'a str,
    /// Labels for everything that is made.
    pub labels: &'a [(String, String)],
    /// Which numbers published ports get.
    pub ports: PortRule<'a>,
    /// Whether `::1` can be published on.
    pub ipv6: bool,
    /// Docker Engine version, major and minor.
    pub engine: (u32, u32),
}

impl<'a> Isolation<'a> {
    /// Of a look that uses no host, as for one that lacks nothing.
    pub fn without_host(project: &'a str, ports: PortRule<'a>) -> Self {
        Self {
            project,
            labels: &[],
            ports,
            ipv6: true,
            engine: (25, 0),
        }
    }
}

/// What came out of it.
#[derive(Debug, Clone)]
pub struct Rewritten {
    pub model: Value,
    /// What was changed and why, for `plan`.
    pub changes: Vec<String>,
    /// What can't be isolated, for `plan`.
    pub shared: Vec<Warning>,
    /// What may not work with ports of the sandbox's own, and the line that would.
    pub notes: Vec<String>,
    pub published: Vec<Published>,
    /// The longest that a container's own health check may take before it is unhealthy.
    pub health_allowance: Duration,
}

impl Rewritten {
    /// Returns what people should know of it, each with what it is: `rewrite`, `not isolated` or `note`.
    /// `risks` is what the stack may do beyond its sandbox.
    pub fn notices<'r>(
        &'r self,
        risks: &'r [Warning],
    ) -> impl Iterator<Item = (&'static str, &'r str)> {
        let each = |what| move |text: &'r String| (what, text.as_str());
        let shared = self.shared.iter().chain(risks).map(|warning| &warning.text);
        self.changes
            .iter()
            .map(each("rewrite"))
            .chain(shared.map(each("not isolated")))
            .chain(self.notes.iter().map(each("note")))
    }
}

/// Rewrites the canonical model.
pub fn isolate(mut model: Value, isolation: &Isolation<'_>) -> Rewritten {
    let mut rewrite = Rewrite {
        isolation,
        log: ChangeLog::default(),
        published: Vec::new(),
        publisher: Publisher::new(isolation.ports, isolation.ipv6),
        health_allowance: Duration::ZERO,
        images_checks: false,
    };
    if let Some(model) = model.as_object_mut() {
        model.insert("name".into(), json!(isolation.project));
        names::network_keys(model, &mut rewrite.log);
        rewrite.services(model, &labels::anonymous_looking(model));
        rewrite.scoped(model, "networks");
        rewrite.scoped(model, "volumes");
    }
    let notes = match isolation.ports {
        PortRule::Isolated(_) => advertised::notes(&model, &rewrite.published),
        PortRule::Declared(_) => Vec::new(),
    };
    if gateway::is_asked_for(&model) && !rewrite.published.is_empty() {
        rewrite.log.change(
            "host-gateway is the gateway of the sandbox's network, and published ports answer there too: containers can't reach the host's loopback"
                .to_owned(),
        );
    }
    Rewritten {
        model,
        changes: rewrite.log.changes,
        shared: rewrite.log.shared,
        notes,
        published: rewrite.published,
        health_allowance: rewrite.health_allowance,
    }
}

struct Rewrite<'a> {
    isolation: &'a Isolation<'a>,
    log: ChangeLog,
    published: Vec<Published>,
    publisher: Publisher<'a>,
    health_allowance: Duration,
    /// Whether the log says that images' own checks are faster.
    images_checks: bool,
}

impl Rewrite<'_> {
    /// `external` are volumes of others that are called as anonymous ones are.
    fn services(&mut self, model: &mut Map<String, Value>, external: &BTreeMap<String, String>) {
        let Some(services) = model.get_mut("services").and_then(Value::as_object_mut) else {
            return;
        };
        let every: BTreeSet<String> = services.keys().cloned().collect();
        let containers: BTreeMap<String, String> = containers(services);
        let tags = Tags::of(services.iter(), self.isolation.project);
        names::external_links(services, &mut self.log);
        for (name, definition) in services.iter_mut() {
            let log = &mut self.log;
            let Some(service) = definition.as_object_mut() else {
                continue;
            };
            // Profiles were chosen when the model was made; left in, they would apply again.
            service.remove("profiles");
            names::prune_dependencies(service, &every);
            names::container_name(name, service, log);
            names::follow(name, service, &containers, log);
            images::scope(name, service, &tags, self.isolation.labels, log);
            shared::logging(name, service, log);
            shared::unlimited_swap(service);
            shared::of_service(name, service, log);
            self.ports(name, definition);
            if let Some(service) = definition.as_object_mut() {
                self.health(name, service);
                labels::add(service, self.isolation.labels);
                if !self.isolation.labels.is_empty() {
                    labels::add(service, &labels::of_container(service, external));
                }
            }
        }
    }

    fn ports(&mut self, name: &str, service: &mut Value) {
        let Some(ports) = service.get("ports").and_then(Value::as_array) else {
            return;
        };
        if on_host_network(service) {
            let answers = |port| ports::of_the_host(name, port);
            self.published.extend(ports.iter().filter_map(answers));
            return;
        }
        let containers = replicas(service);
        let mut instead = Vec::new();
        for port in ports {
            let entry = self.publisher.publish(name, port, containers);
            instead.extend(entry.instead);
            self.published.extend(entry.published);
            self.log.changes.extend(entry.change);
        }
        if let Some(service) = service.as_object_mut() {
            service.insert("ports".into(), Value::Array(instead));
        }
    }

    fn health(&mut self, name: &str, service: &mut Map<String, Value>) {
        let check = service.entry("healthcheck").or_insert(Value::Null);
        let written = !check.is_null();
        if !written {
            *check = json!({});
        }
        let check = check.as_object_mut();
        let Some(sped_up) = check.and_then(|check| health::speed_up(check, self.isolation.engine))
        else {
            return;
        };
        if !written {
            if !std::mem::replace(&mut self.images_checks, true) {
                self.log
                    .change("health of images polled more often during startup".to_owned());
            }
            return;
        }
        self.health_allowance = self.health_allowance.max(sped_up.allowance);
        if let Some((old, new)) = sped_up.interval {
            self.log.change(format!(
                "{name}: health polled every {} s during startup (was {} s); deadline still {} s",
                new.as_secs(),
                old.as_secs_f64(),
                sped_up.allowance.as_secs_f64()
            ));
        }
    }

    /// Networks and volumes: a name and labels of this sandbox's own.
    fn scoped(&mut self, model: &mut Map<String, Value>, kind: &str) {
        let Some(all) = model.get_mut(kind).and_then(Value::as_object_mut) else {
            return;
        };
        let kind = kind.trim_end_matches('s');
        for (key, definition) in all.iter_mut() {
            if definition.is_null() {
                *definition = json!({});
            }
            let Some(definition) = definition.as_object_mut() else {
                continue;
            };
            if definition.get("external") == Some(&json!(true)) {
                self.log.share_object(format!(
                    "{kind} {key} is external: all sandboxes on this host share it"
                ));
                continue;
            }
            if kind == "network" {
                shared::of_network(key, definition, &mut self.log);
            } else {
                shared::of_volume(key, definition, &mut self.log);
            }
            let own = format!("{}_{key}", self.isolation.project);
            let old = definition.insert("name".into(), json!(own));
            let old = old.as_ref().and_then(Value::as_str).unwrap_or_default();
            if !old.is_empty() && old != own {
                self.log.change(format!(
                    "{kind} {key}: its name {old} becomes {own}, because names are unique on a host"
                ));
            }
            labels::add(definition, self.isolation.labels);
        }
    }
}

#[cfg(test)]
#[path = "isolate_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "model_traps_tests.rs"]
mod model_traps;

#[cfg(test)]
#[path = "rewrite_traps_tests.rs"]
mod rewrite_traps;
