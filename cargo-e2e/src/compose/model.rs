//! Reads a compose model, as every part of the rewrite does. Knows no part of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// More containers than this of one service are nobody's test.
const MOST_REPLICAS: u64 = 1000;

/// Returns the entries of a mapping; none of what is no mapping.
pub fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Returns the same of a part of a model, to change them.
pub(super) fn entries_mut<'m>(
    model: &'m mut Value,
    part: &str,
) -> impl Iterator<Item = (&'m String, &'m mut Value)> {
    let part = model.get_mut(part).and_then(Value::as_object_mut);
    part.into_iter().flatten()
}

/// Returns the entries of a list; none of what is no list.
pub(super) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Returns names and values of a mapping, or of a list of `NAME=VALUE`; a name without a value is
/// left out.
pub(super) fn pairs(value: &Value) -> impl Iterator<Item = (&str, &str)> {
    let mapped = entries(value).filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    mapped.chain(items(value).filter_map(|entry| entry.as_str()?.split_once('=')))
}

/// Returns whether a service is built.
pub fn is_built(service: &Value) -> bool {
    !service["build"].is_null()
}

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
    let named = |(service, definition): (&String, &Value)| {
        Some((text(definition, "container_name")?, service.clone()))
    };
    services.iter().filter_map(named).collect()
}

/// Returns how many containers a service has; one that has none now may be scaled later.
pub(super) fn replicas(service: &Value) -> usize {
    let several = [service.get("scale"), service["deploy"].get("replicas")];
    let several = several.into_iter().flatten();
    let most = several.filter_map(Value::as_u64).max();
    usize::try_from(most.unwrap_or(1).clamp(1, MOST_REPLICAS)).unwrap_or(1)
}

/// Returns whether its ports are the host's own, whatever `ports` says.
pub(super) fn on_host_network(service: &Value) -> bool {
    service["network_mode"] == "host"
}

/// Returns the sources of bind mounts, and whether they are read only.
pub(super) fn binds(service: &Value) -> impl Iterator<Item = (String, bool)> {
    let binds = items(&service["volumes"]).filter(|mount| mount["type"] == "bind");
    binds.filter_map(|mount| Some((text(mount, "source")?, mount["read_only"] == true)))
}

pub(super) fn is_docker_socket(source: &str) -> bool {
    source.ends_with("docker.sock")
}
