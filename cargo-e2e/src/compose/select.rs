//! Only some services of a stack, with what they depend on.

use std::collections::BTreeSet;

use serde_json::Value;

use super::model::{entries, items};
use crate::spec::nearest;

/// What is wrong with a name that the model does not have.
pub fn unknown(name: &str) -> String {
    format!("e2e.yml names the service {name}, which the compose file does not have")
}

/// Returns what was likely meant by a name that the model does not have, else all that it has.
pub fn meant(name: &str, model: &Value) -> String {
    let services = entries(&model["services"]);
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
        let Some(service) = services.get(&name) else {
            return Err(name);
        };
        if kept.insert(name) {
            let known = |other: &String| services.contains_key(other);
            open.extend(dependencies(service).into_iter().filter(known));
        }
    }
    services.retain(|name, _| kept.contains(name));
    Ok(())
}

fn dependencies(service: &Value) -> Vec<String> {
    let depends_on = entries(&service["depends_on"]).map(|(name, _)| name.as_str());
    let links = items(&service["links"]).chain(items(&service["volumes_from"]));
    let links = links.filter_map(|entry| entry.as_str()?.split(':').next());
    let modes = ["network_mode", "ipc", "pid"].into_iter();
    let modes = modes.filter_map(|key| service[key].as_str()?.strip_prefix("service:"));
    let all = depends_on.chain(links).chain(modes);
    all.map(str::to_owned).collect()
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
