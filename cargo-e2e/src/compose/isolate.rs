//! The rewrite: from the model that the user wrote to one that shares nothing by accident.
//!
//! Works on JSON values, never on typed structs: what this code does not know about, Compose
//! may, and it passes through untouched.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::images::{self, Tags};
use super::publish::{self, PortRule, Published, Publisher};
use super::{advertised, gateway, health, names, shared};

/// What the rewrite needs to know.
#[derive(Debug, Clone)]
pub struct Isolation<'a> {
    /// The compose project's name.
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

/// What came out of it.
#[derive(Debug, Clone)]
pub struct Rewritten {
    /// The model to run.
    pub model: Value,
    /// What was changed and why, for `plan`.
    pub changes: Vec<String>,
    /// What can't be isolated, for `plan`.
    pub shared: Vec<String>,
    /// What may not work with ports of the sandbox's own, and the line that would.
    pub notes: Vec<String>,
    /// Every published port.
    pub published: Vec<Published>,
    /// The longest that a container's own health check may take before it is unhealthy.
    pub health_allowance: Duration,
}

impl Rewritten {
    /// What people are told of it, each with what it is: `rewrite`, `not isolated` or `note`.
    /// `risks` is what the stack may do beyond its sandbox; nothing is said twice.
    pub fn told<'r>(
        &'r self,
        risks: &'r [String],
    ) -> impl Iterator<Item = (&'static str, &'r str)> {
        let shared = self.shared.iter().filter(|line| !risks.contains(line));
        let each = |what| move |text: &'r String| (what, text.as_str());
        self.changes
            .iter()
            .map(each("rewrite"))
            .chain(shared.chain(risks).map(each("not isolated")))
            .chain(self.notes.iter().map(each("note")))
    }
}

/// What people are told of the rewrite.
#[derive(Debug, Default)]
pub(super) struct Told {
    changes: Vec<String>,
    shared: Vec<String>,
}

impl Told {
    pub(super) fn change(&mut self, change: String) {
        self.changes.push(change);
    }

    pub(super) fn share(&mut self, shared: String) {
        self.shared.push(shared);
    }
}

/// Rewrites the canonical model.
#[must_use]
pub fn isolate(mut model: Value, isolation: &Isolation<'_>) -> Rewritten {
    let mut rewrite = Rewrite {
        isolation,
        told: Told::default(),
        published: Vec::new(),
        publisher: Publisher::new(isolation.ports, isolation.ipv6),
        health_allowance: Duration::ZERO,
        images_checks: false,
    };
    if let Some(model) = model.as_object_mut() {
        model.insert("name".into(), json!(isolation.project));
        names::network_keys(model, &mut rewrite.told);
        rewrite.services(model, &anonymous_looking(model));
        rewrite.scoped(model, "networks");
        rewrite.scoped(model, "volumes");
    }
    let notes = match isolation.ports {
        PortRule::Isolated(_) => advertised::notes(&model, &rewrite.published),
        PortRule::Declared(_) => Vec::new(),
    };
    if gateway::is_asked_for(&model) && !rewrite.published.is_empty() {
        rewrite.told.change(
            "host-gateway is the gateway of the sandbox's own network, and published ports answer there too: \
             on the host's loopback no container reaches them"
                .to_owned(),
        );
    }
    Rewritten {
        model,
        changes: rewrite.told.changes,
        shared: rewrite.told.shared,
        notes,
        published: rewrite.published,
        health_allowance: rewrite.health_allowance,
    }
}

struct Rewrite<'a> {
    isolation: &'a Isolation<'a>,
    told: Told,
    published: Vec<Published>,
    publisher: Publisher<'a>,
    health_allowance: Duration,
    /// Whether it has been told that images' own checks are faster.
    images_checks: bool,
}

impl Rewrite<'_> {
    /// `external` are volumes of others that are called as anonymous ones are.
    fn services(&mut self, model: &mut Map<String, Value>, external: &BTreeMap<String, String>) {
        let Some(services) = model.get_mut("services").and_then(Value::as_object_mut) else {
            return;
        };
        let every: BTreeSet<String> = services.keys().cloned().collect();
        let containers: BTreeMap<String, String> = names::containers(services);
        let tags = Tags::of(services, self.isolation.project);
        names::external_links(services, &mut self.told);
        for (name, definition) in services.iter_mut() {
            let told = &mut self.told;
            let Some(service) = definition.as_object_mut() else {
                continue;
            };
            // Profiles were chosen when the model was made; left in, they would apply again.
            service.remove("profiles");
            names::prune_dependencies(service, &every);
            names::container_name(name, service, told);
            names::follow(name, service, &containers, told);
            images::scope(name, service, &tags, self.isolation.labels, told);
            shared::logging(name, service, told);
            shared::unlimited_swap(service);
            shared::of_service(name, service, told);
            self.ports(name, definition);
            if let Some(service) = definition.as_object_mut() {
                self.health(name, service);
                add_labels(service, "labels", self.isolation.labels);
                if !self.isolation.labels.is_empty() {
                    add_labels(service, "labels", &own_labels(service, external));
                }
            }
        }
    }

    fn ports(&mut self, name: &str, service: &mut Value) {
        let Some(ports) = service.get("ports").and_then(Value::as_array) else {
            return;
        };
        if publish::on_host_network(service) {
            let answers = ports
                .iter()
                .filter_map(|port| publish::of_the_host(name, port));
            self.published.extend(answers);
            return;
        }
        let replicas = publish::replicas(service);
        let mut instead = Vec::new();
        for port in ports {
            let entry = self.publisher.publish(name, port, replicas);
            instead.extend(entry.instead);
            self.published.extend(entry.published);
            self.told.changes.extend(entry.change);
        }
        if let Some(service) = service.as_object_mut() {
            service.insert("ports".into(), Value::Array(instead));
        }
    }

    fn health(&mut self, name: &str, service: &mut Map<String, Value>) {
        let written = service
            .get("healthcheck")
            .is_some_and(|check| !check.is_null());
        if !written {
            service.insert("healthcheck".into(), json!({}));
        }
        let check = service
            .get_mut("healthcheck")
            .and_then(Value::as_object_mut);
        let Some(sped_up) = check.and_then(|check| health::speed_up(check, self.isolation.engine))
        else {
            return;
        };
        if !written {
            if !std::mem::replace(&mut self.images_checks, true) {
                self.told.change(
                    "health checks that images bring are looked at more often while they start"
                        .to_owned(),
                );
            }
            return;
        }
        self.health_allowance = self.health_allowance.max(sped_up.allowance);
        if let Some((old, new)) = sped_up.interval {
            self.told.change(format!(
                "{name}: health is looked at every {} s while it starts, not every {} s; it still has {} s",
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
                self.told.share(format!(
                    "{kind} {key} is external: every sandbox on this host uses the same one"
                ));
                continue;
            }
            if kind == "network" {
                shared::of_network(key, definition, &mut self.told);
            } else {
                shared::of_volume(key, definition, &mut self.told);
            }
            let own = format!("{}_{key}", self.isolation.project);
            let old = definition.insert("name".into(), json!(own));
            let old = old.as_ref().and_then(Value::as_str).unwrap_or_default();
            if !old.is_empty() && old != own {
                self.told.change(format!(
                    "{kind} {key}: its name {old} becomes {own}, because a host has each name once"
                ));
            }
            add_labels(definition, "labels", self.isolation.labels);
        }
    }
}

/// External volumes by their keys, of those whose names are like anonymous ones'.
fn anonymous_looking(model: &Map<String, Value>) -> BTreeMap<String, String> {
    let volumes = model.get("volumes").and_then(Value::as_object);
    let name = |(key, volume): (&String, &Value)| {
        let external = volume.get("external") == Some(&json!(true));
        let name = text(volume, "name").filter(|_| external)?;
        let digits = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits.then(|| (key.clone(), name))
    };
    volumes.into_iter().flatten().filter_map(name).collect()
}

/// What only a container has, and not its image: that it is the run's own, and which of its volumes
/// are not, though they have names like anonymous ones.
fn own_labels(
    service: &Map<String, Value>,
    external: &BTreeMap<String, String>,
) -> Vec<(String, String)> {
    let mut labels = vec![(images::IMAGE.to_owned(), String::new())];
    let mounts = service.get("volumes").and_then(Value::as_array);
    let used: Vec<&str> = mounts
        .into_iter()
        .flatten()
        .filter_map(|mount| external.get(mount["source"].as_str()?))
        .map(String::as_str)
        .collect();
    if !used.is_empty() {
        labels.push(("cargo-e2e.external".to_owned(), used.join(" ")));
    }
    labels
}

pub(super) fn add_labels(
    definition: &mut Map<String, Value>,
    key: &str,
    labels: &[(String, String)],
) {
    let mut all = match definition.remove(key) {
        Some(Value::Object(map)) => map,
        // The list form: `KEY=value`.
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(Value::as_str)
            .map(|entry| {
                let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
                (name.to_owned(), json!(value))
            })
            .collect(),
        _ => Map::new(),
    };
    for (name, value) in labels {
        all.insert(name.clone(), json!(value));
    }
    definition.insert(key.into(), Value::Object(all));
}

/// A string, or a number as text.
pub(super) fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
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
