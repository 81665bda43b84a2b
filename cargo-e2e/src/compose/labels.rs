//! The labels by which teardown knows what is a run's own.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::model::{entries, items, text};

/// The label that tells what carries labels because its image does: a run's own containers have it
/// empty.
pub(super) const IMAGE: &str = "cargo-e2e.image";

/// Adds labels to those that are there, and makes a map of all.
pub(super) fn add(definition: &mut Map<String, Value>, labels: &[(String, String)]) {
    let mut all = match definition.remove("labels") {
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
    definition.insert("labels".into(), Value::Object(all));
}

/// Returns external volumes by their keys, of those whose names are like anonymous ones'.
pub(super) fn anonymous_looking(model: &Map<String, Value>) -> BTreeMap<String, String> {
    let name = |(key, volume): (&String, &Value)| {
        let name = text(volume, "name").filter(|_| volume["external"] == true)?;
        let digits = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits.then(|| (key.clone(), name))
    };
    let volumes = model.get("volumes").into_iter().flat_map(entries);
    volumes.filter_map(name).collect()
}

/// Returns what only a container has, and not its image: that it is the run's own, and which of its
/// volumes are not, though they have names like anonymous ones.
pub(super) fn of_container(
    service: &Map<String, Value>,
    external: &BTreeMap<String, String>,
) -> Vec<(String, String)> {
    let mut labels = vec![(IMAGE.to_owned(), String::new())];
    let mounts = service.get("volumes").into_iter().flat_map(items);
    let used = mounts.filter_map(|mount| external.get(mount["source"].as_str()?));
    let used: Vec<&str> = used.map(String::as_str).collect();
    if !used.is_empty() {
        labels.push(("cargo-e2e.external".to_owned(), used.join(" ")));
    }
    labels
}
