//! What holds of every rewritten model, whatever it was before.

use std::collections::BTreeSet;

use crate::compose::ports::groups;
use crate::compose::{Isolation, PortRule, Rewritten, isolate};
use crate::spec::Ports;
use serde_json::{Map, Value};

pub(crate) const PROJECT: &str = "e2e-corpus-0123abcd";

/// Rewrites with ports of the sandbox's own, all of them given.
pub(crate) fn isolated(model: &Value, engine: (u32, u32)) -> Rewritten {
    let numbers: Vec<u16> = (20000..30000)
        .take(groups(model, Ports::Isolated).iter().sum())
        .collect();
    rewritten(model, PortRule::Isolated(&numbers), engine)
}

pub(crate) fn rewritten(model: &Value, ports: PortRule<'_>, engine: (u32, u32)) -> Rewritten {
    let labels = [("cargo-e2e.run".to_owned(), "01corpus".to_owned())];
    let isolation = Isolation {
        project: PROJECT,
        labels: &labels,
        ports,
        ipv6: true,
        engine,
    };
    isolate(model.clone(), &isolation)
}

pub(crate) fn entries<'a>(
    model: &'a Value,
    key: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    model
        .get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// Checks one rewritten model against what it was; says what is wrong.
pub(crate) fn check(before: &Value, after: &Rewritten) -> Result<(), String> {
    let model = &after.model;
    let names = |model: &Value| -> BTreeSet<String> {
        entries(model, "services")
            .map(|(name, _)| name.clone())
            .collect()
    };
    ensure(names(before) == names(model), || "a service is gone".into())?;
    let mut numbers = BTreeSet::new();
    for (name, service) in entries(model, "services") {
        let Some(service) = service.as_object() else {
            continue;
        };
        for key in ["container_name", "profiles"] {
            ensure(!service.contains_key(key), || {
                format!("{name} keeps its {key}")
            })?;
        }
        ensure(is_labelled(service), || format!("{name} has no label"))?;
        if service
            .get("network_mode")
            .is_some_and(|mode| mode == "host")
        {
            continue;
        }
        for port in list(service, "ports").filter(|port| port.is_object()) {
            ensure(port["host_ip"] == "127.0.0.1", || {
                format!("{name} publishes {port}")
            })?;
            let number = port["published"].as_str().unwrap_or_default().to_owned();
            ensure(numbers.insert(number.clone()), || format!("{number} twice"))?;
        }
        if let Some(build) = service.get("build").and_then(Value::as_object) {
            ensure(!build.contains_key("tags"), || {
                format!("{name} keeps further tags")
            })?;
            ensure(is_labelled(build), || {
                format!("{name}'s build has no label")
            })?;
            let image = service
                .get("image")
                .and_then(Value::as_str)
                .unwrap_or_default();
            ensure(image.is_empty() || image.starts_with(PROJECT), || {
                format!("{name} builds {image}")
            })?;
        }
    }
    for kind in ["networks", "volumes"] {
        for (key, definition) in entries(model, kind) {
            let Some(definition) = definition.as_object() else {
                continue;
            };
            if definition.get("external") == Some(&Value::Bool(true)) {
                let told = after
                    .shared
                    .iter()
                    .any(|shared| shared.text.contains(key.as_str()));
                ensure(told, || format!("{key} is shared and not named"))?;
                continue;
            }
            let name = definition
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            ensure(name.starts_with(PROJECT), || {
                format!("{kind} {key} is {name}")
            })?;
            ensure(is_labelled(definition), || {
                format!("{kind} {key} has no label")
            })?;
            let bridge = definition
                .get("driver_opts")
                .and_then(|options| options.get("com.docker.network.bridge.name"));
            ensure(kind == "volumes" || bridge.is_none(), || {
                format!("{key} names its bridge")
            })?;
        }
    }
    Ok(())
}

fn is_labelled(definition: &Map<String, Value>) -> bool {
    definition
        .get("labels")
        .is_some_and(|labels| labels["cargo-e2e.run"] == "01corpus")
}

fn list<'a>(definition: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Value> {
    definition
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}
