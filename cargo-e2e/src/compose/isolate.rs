//! The rewrite: from the model that the user wrote to one that shares nothing by accident.
//!
//! Works on JSON values, never on typed structs: what this code does not know about, Compose
//! may, and it passes through untouched.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::health;
use super::publish::{PortRule, Published, Publisher};

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
    /// Every published port.
    pub published: Vec<Published>,
    /// The longest that a container's own health check may take before it is unhealthy.
    pub health_allowance: Duration,
}

/// Rewrites the canonical model.
#[must_use]
pub fn isolate(mut model: Value, isolation: &Isolation<'_>) -> Rewritten {
    let mut rewrite = Rewrite {
        isolation,
        changes: Vec::new(),
        shared: Vec::new(),
        published: Vec::new(),
        publisher: Publisher::new(isolation.ports, isolation.ipv6),
        health_allowance: Duration::ZERO,
    };
    if let Some(model) = model.as_object_mut() {
        model.insert("name".into(), json!(isolation.project));
        rewrite.services(model);
        rewrite.scoped(model, "networks");
        rewrite.scoped(model, "volumes");
    }
    Rewritten {
        model,
        changes: rewrite.changes,
        shared: rewrite.shared,
        published: rewrite.published,
        health_allowance: rewrite.health_allowance,
    }
}

struct Rewrite<'a> {
    isolation: &'a Isolation<'a>,
    changes: Vec<String>,
    shared: Vec<String>,
    published: Vec<Published>,
    publisher: Publisher<'a>,
    health_allowance: Duration,
}

impl Rewrite<'_> {
    fn services(&mut self, model: &mut Map<String, Value>) {
        let Some(services) = model.get_mut("services").and_then(Value::as_object_mut) else {
            return;
        };
        let names: BTreeSet<String> = services.keys().cloned().collect();
        let containers: BTreeMap<String, String> = services
            .iter()
            .filter_map(|(service, definition)| {
                Some((text(definition, "container_name")?, service.clone()))
            })
            .collect();
        let tags = self.run_scoped_tags(services);
        for (name, definition) in services.iter_mut() {
            let Some(service) = definition.as_object_mut() else {
                continue;
            };
            // Profiles were chosen when the model was made; left in, they would apply again.
            service.remove("profiles");
            prune_dependencies(service, &names);
            self.container_name(name, service);
            self.references(name, service, &containers);
            self.image(name, service, &tags);
            self.ports(name, service);
            self.health(name, service);
            add_labels(service, "labels", self.isolation.labels);
            self.name_what_is_shared(name, service);
        }
    }

    /// Every tag that is built here, and the one it gets instead: with a tag in common, two
    /// sandboxes run each other's code.
    fn run_scoped_tags(&self, services: &Map<String, Value>) -> BTreeMap<String, String> {
        services
            .iter()
            .filter(|(_, definition)| definition.get("build").is_some())
            .filter_map(|(name, definition)| {
                let image = text(definition, "image")?;
                Some((image, format!("{}-{name}:run", self.isolation.project)))
            })
            .collect()
    }

    fn image(
        &mut self,
        name: &str,
        service: &mut Map<String, Value>,
        tags: &BTreeMap<String, String>,
    ) {
        let image = service
            .get("image")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let scoped = image.as_ref().and_then(|image| tags.get(image)).cloned();
        if let (Some(image), Some(scoped)) = (&image, &scoped) {
            service.insert("image".into(), json!(scoped));
            self.changes.push(format!(
                "{name}: image {image} becomes {scoped}, because two sandboxes with one tag run each other's code"
            ));
        }
        if let Some(build) = service.get_mut("build").and_then(Value::as_object_mut) {
            build.remove("tags");
            add_labels(build, "labels", self.isolation.labels);
        }
    }

    fn container_name(&mut self, name: &str, service: &mut Map<String, Value>) {
        let Some(old) = service
            .remove("container_name")
            .and_then(|value| value.as_str().map(str::to_owned))
        else {
            return;
        };
        self.changes.push(format!(
            "{name}: container name {old} is kept as a network alias only, because a host has each name once"
        ));
        if service.contains_key("network_mode") {
            return;
        }
        let networks = service
            .entry("networks")
            .or_insert_with(|| json!({"default": null}));
        let Some(networks) = networks.as_object_mut() else {
            return;
        };
        for network in networks.values_mut() {
            if network.is_null() {
                *network = json!({});
            }
            let aliases = network
                .as_object_mut()
                .map(|network| network.entry("aliases").or_insert_with(|| json!([])));
            if let Some(Value::Array(aliases)) = aliases
                && !aliases.iter().any(|alias| alias == &json!(old))
            {
                aliases.push(json!(old));
            }
        }
    }

    /// `container:NAME` can mean a service of this file by its old name.
    fn references(
        &mut self,
        name: &str,
        service: &mut Map<String, Value>,
        containers: &BTreeMap<String, String>,
    ) {
        for key in ["network_mode", "pid", "ipc"] {
            let target = service
                .get(key)
                .and_then(Value::as_str)
                .and_then(|value| value.strip_prefix("container:"))
                .and_then(|container| containers.get(container));
            if let Some(target) = target {
                self.changes
                    .push(format!("{name}: {key} follows {target} to its new name"));
                service.insert(key.into(), json!(format!("service:{target}")));
            }
        }
        if let Some(Value::Array(sources)) = service.get_mut("volumes_from") {
            for source in sources {
                let followed = source.as_str().and_then(|text| {
                    let (container, mode) = match text.strip_prefix("container:")?.split_once(':') {
                        Some((container, mode)) => (container, format!(":{mode}")),
                        None => (text.strip_prefix("container:")?, String::new()),
                    };
                    Some(format!("{}{mode}", containers.get(container)?))
                });
                if let Some(followed) = followed {
                    *source = json!(followed);
                }
            }
        }
    }

    fn ports(&mut self, name: &str, service: &mut Map<String, Value>) {
        let Some(ports) = service.get("ports").and_then(Value::as_array) else {
            return;
        };
        let mut instead = Vec::new();
        for port in ports {
            let entry = self.publisher.publish(name, port);
            instead.extend(entry.instead);
            self.published.extend(entry.published);
            self.changes.extend(entry.change);
        }
        service.insert("ports".into(), Value::Array(instead));
    }

    fn health(&mut self, name: &str, service: &mut Map<String, Value>) {
        let Some(check) = service
            .get_mut("healthcheck")
            .and_then(Value::as_object_mut)
        else {
            return;
        };
        let Some(sped_up) = health::speed_up(check, self.isolation.engine) else {
            return;
        };
        self.health_allowance = self.health_allowance.max(sped_up.allowance);
        if let Some(interval) = sped_up.interval {
            self.changes.push(format!(
                "{name}: health is looked at every second while it starts, not every {} s; it still has {} s",
                interval.as_secs(),
                sped_up.allowance.as_secs()
            ));
        }
    }

    /// Networks and volumes: a name and labels of this sandbox's own.
    fn scoped(&mut self, model: &mut Map<String, Value>, kind: &str) {
        let Some(all) = model.get_mut(kind).and_then(Value::as_object_mut) else {
            return;
        };
        for (key, definition) in all.iter_mut() {
            if definition.is_null() {
                *definition = json!({});
            }
            let Some(definition) = definition.as_object_mut() else {
                continue;
            };
            let kind = kind.trim_end_matches('s');
            if definition.get("external") == Some(&json!(true)) {
                self.shared.push(format!(
                    "{kind} {key} is external: every sandbox on this host uses the same one"
                ));
                continue;
            }
            let own = format!("{}_{key}", self.isolation.project);
            let old = definition.insert("name".into(), json!(own));
            let old = old.as_ref().and_then(Value::as_str).unwrap_or_default();
            if !old.is_empty() && old != own {
                self.changes.push(format!(
                    "{kind} {key}: its name {old} becomes {own}, because a host has each name once"
                ));
            }
            add_labels(definition, "labels", self.isolation.labels);
        }
    }

    fn name_what_is_shared(&mut self, name: &str, service: &Map<String, Value>) {
        for key in ["network_mode", "pid", "ipc"] {
            if service.get(key).and_then(Value::as_str) == Some("host") {
                self.shared.push(format!("{name}: {key} is the host's own"));
            }
        }
        let mounts = service.get("volumes").and_then(Value::as_array);
        for mount in mounts.into_iter().flatten() {
            if let Some(source) = text(mount, "source")
                && source.ends_with("docker.sock")
            {
                self.shared.push(format!(
                    "{name}: it uses {source}; what it makes there is not the sandbox's and stays"
                ));
            }
        }
    }
}

/// A dependency that is not in the model (an inactive profile's) would be refused on re-reading.
fn prune_dependencies(service: &mut Map<String, Value>, names: &BTreeSet<String>) {
    if let Some(Value::Object(dependencies)) = service.get_mut("depends_on") {
        dependencies.retain(|name, _| names.contains(name));
        if dependencies.is_empty() {
            service.remove("depends_on");
        }
    }
}

fn add_labels(definition: &mut Map<String, Value>, key: &str, labels: &[(String, String)]) {
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
