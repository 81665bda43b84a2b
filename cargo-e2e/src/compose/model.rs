//! Reads a compose model, as every part of the rewrite does. Knows no part of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// More containers than this of one service are nobody's test.
const MOST_REPLICAS: u64 = 1000;

/// Returns a string, or a number as text.
pub(super) fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns the services that have a container name, by that name.
pub(super) fn containers(services: &Map<String, Value>) -> BTreeMap<String, String> {
    services
        .iter()
        .filter_map(|(service, definition)| {
            Some((text(definition, "container_name")?, service.clone()))
        })
        .collect()
}

/// Returns how many containers a service has; one that has none now may be scaled later.
pub(super) fn replicas(service: &Value) -> usize {
    let several = [service.get("scale"), service["deploy"].get("replicas")];
    let most = several
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .max();
    usize::try_from(most.unwrap_or(1).clamp(1, MOST_REPLICAS)).unwrap_or(1)
}

/// Returns whether its ports are the host's own, whatever `ports` says.
pub(super) fn on_host_network(service: &Value) -> bool {
    service["network_mode"] == "host"
}

/// Returns the sources of bind mounts, and whether they are read only.
pub(super) fn binds(service: &Map<String, Value>) -> Vec<(String, bool)> {
    let mounts = service.get("volumes").and_then(Value::as_array);
    mounts
        .into_iter()
        .flatten()
        .filter(|mount| mount["type"] == "bind")
        .filter_map(|mount| {
            Some((
                text(mount, "source")?,
                mount["read_only"] == Value::Bool(true),
            ))
        })
        .collect()
}

pub(super) fn is_docker_socket(source: &str) -> bool {
    source.ends_with("docker.sock")
}
