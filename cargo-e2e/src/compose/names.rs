//! Names that a host has once, and what refers to them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::changes::ChangeLog;
use super::model::containers;

/// The container's name goes, and stays known on the service's networks.
pub(super) fn container_name(name: &str, service: &mut Map<String, Value>, log: &mut ChangeLog) {
    let Some(Value::String(old)) = service.remove("container_name") else {
        return;
    };
    // What shares another's network has no alias of its own.
    let kept = match service.get("network_mode") {
        None => "is kept as a network alias only",
        Some(_) => "is not kept",
    };
    log.change(format!(
        "{name}: container name {old} {kept}, because names are unique on a host; `docker exec {old}` finds nothing, `docker compose -p \"$E2E_PROJECT\" exec {name}` does"
    ));
    alias(service, &old);
}

/// Makes the service known by another name on each of its networks.
fn alias(service: &mut Map<String, Value>, alias: &str) {
    if service.contains_key("network_mode") {
        return;
    }
    let networks = service
        .entry("networks")
        .or_insert_with(|| json!({ "default": null }));
    // Canonical models have maps; a list means the same.
    if let Value::Array(list) = networks {
        let keys = list.iter().filter_map(Value::as_str);
        *networks = keys.map(|key| (key.to_owned(), json!({}))).collect();
    }
    let networks = networks.as_object_mut().into_iter();
    for network in networks.flat_map(Map::values_mut) {
        if network.is_null() {
            *network = json!({});
        }
        let Some(network) = network.as_object_mut() else {
            continue;
        };
        if let Value::Array(aliases) = network.entry("aliases").or_insert_with(|| json!([]))
            && !aliases.iter().any(|known| known == alias)
        {
            aliases.push(json!(alias));
        }
    }
}

/// `container:NAME` can mean a service of this file by its old name.
pub(super) fn follow(
    name: &str,
    service: &mut Map<String, Value>,
    containers: &BTreeMap<String, String>,
    log: &mut ChangeLog,
) {
    for key in ["network_mode", "pid", "ipc"] {
        let target = service
            .get(key)
            .and_then(Value::as_str)
            .and_then(|value| value.strip_prefix("container:"))
            .and_then(|container| containers.get(container));
        if let Some(target) = target {
            log.change(format!("{name}: {key} follows {target} to its new name"));
            service.insert(key.into(), json!(format!("service:{target}")));
            needs(service, target, json!({ "restart": true }));
        }
    }
    let mut targets = Vec::new();
    if let Some(Value::Array(sources)) = service.get_mut("volumes_from") {
        for source in sources {
            let followed = source.as_str().and_then(|text| {
                let text = text.strip_prefix("container:")?;
                let (container, mode) = match text.split_once(':') {
                    Some((container, mode)) => (container, format!(":{mode}")),
                    None => (text, String::new()),
                };
                let target = containers.get(container)?;
                targets.push(target.clone());
                Some(format!("{target}{mode}"))
            });
            if let Some(followed) = followed {
                log.change(format!("{name}: volumes_from follows {followed}"));
                *source = json!(followed);
            }
        }
    }
    for target in targets {
        needs(service, &target, json!({}));
    }
}

/// The dependency that Compose reads into such a reference.
fn needs(service: &mut Map<String, Value>, target: &str, mut how: Value) {
    how["condition"] = json!("service_started");
    how["required"] = json!(true);
    let dependencies = service.entry("depends_on").or_insert_with(|| json!({}));
    if let Value::Object(dependencies) = dependencies {
        dependencies.entry(target).or_insert(how);
    }
}

/// External links to containers of this very file become aliases: their targets have lost the
/// name by which the link knows them.
pub(super) fn external_links(services: &mut Map<String, Value>, log: &mut ChangeLog) {
    let containers = containers(services);
    let mut aliases: Vec<(String, String)> = Vec::new();
    for (name, definition) in services.iter_mut() {
        let Some(Value::Array(links)) = definition.get_mut("external_links") else {
            continue;
        };
        links.retain(|link| {
            let Some(link) = link.as_str() else {
                return true;
            };
            let (container, alias) = link.split_once(':').unwrap_or((link, link));
            let Some(target) = containers.get(container) else {
                log.share_object(format!(
                    "{name}: it links to the container {container}, which is not in the compose file: all sandboxes share it"
                ));
                return true;
            };
            log.change(format!(
                "{name}: the link to {container} follows {target}, which is known as {alias}"
            ));
            aliases.push((target.clone(), alias.to_owned()));
            false
        });
        if links.is_empty()
            && let Some(service) = definition.as_object_mut()
        {
            service.remove("external_links");
        }
    }
    for (target, name) in aliases {
        if let Some(service) = services.get_mut(&target).and_then(Value::as_object_mut) {
            alias(service, &name);
        }
    }
}

/// A dependency that is not in the model (an inactive profile's) would be refused on re-reading.
pub(super) fn prune_dependencies(service: &mut Map<String, Value>, names: &BTreeSet<String>) {
    let empty = match service.get_mut("depends_on") {
        Some(Value::Object(dependencies)) => {
            dependencies.retain(|name, _| names.contains(name));
            dependencies.is_empty()
        }
        Some(Value::Array(dependencies)) => {
            dependencies.retain(|name| name.as_str().is_some_and(|name| names.contains(name)));
            dependencies.is_empty()
        }
        _ => false,
    };
    if empty {
        service.remove("depends_on");
    }
}

/// Network keys that Compose takes in a list and refuses in the map that it makes of it.
pub(super) fn network_keys(model: &mut Map<String, Value>, log: &mut ChangeLog) {
    let Some(networks) = model.get("networks").and_then(Value::as_object) else {
        return;
    };
    let mut renamed: BTreeMap<String, String> = BTreeMap::new();
    for key in networks.keys().filter(|key| !is_key(key)) {
        let mut plain = key.replace(|c| !is_key_character(c), "-");
        if plain.is_empty() {
            plain.push('-');
        }
        while networks.contains_key(&plain) || renamed.values().any(|taken| taken == &plain) {
            plain.push('-');
        }
        log.change(format!(
            "network {key} is called {plain}, because Compose refuses to read its own name for it again"
        ));
        renamed.insert(key.clone(), plain);
    }
    if renamed.is_empty() {
        return;
    }
    let rename = |map: &mut Value| {
        if let Value::Object(map) = map {
            *map = std::mem::take(map)
                .into_iter()
                .map(|(key, value)| (renamed.get(&key).cloned().unwrap_or(key), value))
                .collect();
        } else if let Value::Array(list) = map {
            for key in list {
                if let Some(plain) = key.as_str().and_then(|key| renamed.get(key)) {
                    *key = json!(plain);
                }
            }
        }
    };
    model.get_mut("networks").map(rename);
    let services = model.get_mut("services").and_then(Value::as_object_mut);
    let services = services.into_iter().flat_map(Map::values_mut);
    services
        .filter_map(|service| service.get_mut("networks"))
        .for_each(rename);
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.chars().all(is_key_character)
}

fn is_key_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}
