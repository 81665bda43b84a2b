//! Only some services of a stack, with what they depend on.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::spec::nearest;

/// What is wrong with a name that the model does not have.
pub fn unknown(name: &str) -> String {
    format!("e2e.yml names the service {name}, which the compose file does not have")
}

/// Returns what was likely meant by a name that the model does not have, else all that it has.
pub fn meant(name: &str, model: &Value) -> String {
    let services = model["services"].as_object().into_iter().flatten();
    let names: Vec<&str> = services.map(|(name, _)| name.as_str()).collect();
    match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it has {}", names.join(", ")),
    }
}

/// Removes every service that is not named and on which none of the named ones depends; none where none
/// is named.
///
/// # Errors
/// The name that the model does not have.
pub fn select(model: &mut Value, named: &[String]) -> Result<(), String> {
    if named.is_empty() {
        return Ok(());
    }
    let Some(services) = model.get_mut("services").and_then(Value::as_object_mut) else {
        return Ok(());
    };
    let mut kept = BTreeSet::new();
    let mut open: Vec<String> = named.to_vec();
    while let Some(name) = open.pop() {
        match services.get(&name) {
            Some(service) => {
                if kept.insert(name) {
                    open.extend(
                        dependencies(service)
                            .into_iter()
                            .filter(|other| services.contains_key(other)),
                    );
                }
            }
            None => return Err(name),
        }
    }
    services.retain(|name, _| kept.contains(name));
    Ok(())
}

fn dependencies(service: &Value) -> Vec<String> {
    let depends_on = service["depends_on"].as_object().into_iter().flatten();
    let mut found: Vec<String> = depends_on.map(|(name, _)| name.clone()).collect();
    let list = |key: &str| {
        service[key]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    };
    found.extend(
        list("links")
            .chain(list("volumes_from"))
            .filter_map(|entry| entry.split(':').next().map(str::to_owned)),
    );
    for key in ["network_mode", "ipc", "pid"] {
        let other = service[key]
            .as_str()
            .and_then(|mode| mode.strip_prefix("service:"));
        found.extend(other.map(str::to_owned));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_named_stays_with_what_it_depends_on() {
        let mut model = json!({ "services": {
            "api": { "depends_on": { "db": {}, "gone": { "required": false } }, "network_mode": "service:net" },
            "db": { "links": ["cache:c"] }, "cache": {}, "net": {}, "web": { "depends_on": { "api": {} } },
        } });
        assert_eq!(select(&mut model, &["api".to_owned()]), Ok(()));
        let left: Vec<_> = model["services"].as_object().unwrap().keys().collect();
        assert_eq!(left, ["api", "db", "cache", "net"]);
        assert_eq!(
            select(&mut model, &["web".to_owned()]),
            Err("web".to_owned())
        );
        assert_eq!(meant("cahce", &model), "did you mean `cache`?");
        assert_eq!(meant("worker", &model), "it has api, db, cache, net");
    }
}
