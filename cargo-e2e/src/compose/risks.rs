//! What a compose file may do to its host, or to others there: said before it is done, and
//! refused with `--strict`.

use serde_json::{Map, Value};

use super::shared;

/// One line each; `repo` is the repo's folder where the model was read.
///
/// ```
/// use cargo_e2e::compose::risks::risks;
/// let model = serde_json::json!({ "services": { "db": { "privileged": true } } });
/// assert_eq!(risks(&model, "/repo"), ["db: it is privileged, so it can change the host itself"]);
/// ```
#[must_use]
pub fn risks(model: &Value, repo: &str) -> Vec<String> {
    let mut found = Vec::new();
    let services = model["services"].as_object();
    for (name, service) in services.into_iter().flatten() {
        if let Some(service) = service.as_object() {
            of_service(name, service, &mut found);
        }
    }
    found.extend(shared::outside(model, repo));
    found
}

fn of_service(name: &str, service: &Map<String, Value>, found: &mut Vec<String>) {
    let mut say = |what: String| found.push(format!("{name}: {what}"));
    if service.get("privileged") == Some(&Value::Bool(true)) {
        say("it is privileged, so it can change the host itself".to_owned());
    }
    for key in ["network_mode", "pid", "ipc", "uts", "cgroup", "userns_mode"] {
        if service.get(key).and_then(Value::as_str) == Some("host") {
            say(format!("{key} is the host's own"));
        }
    }
    for key in ["cap_add", "devices", "device_cgroup_rules"] {
        let listed = service.get(key).and_then(Value::as_array);
        if listed.is_some_and(|listed| !listed.is_empty()) {
            say(format!(
                "{key} gives it more of the host than containers have"
            ));
        }
    }
    if service.contains_key("provider") {
        say("provider runs a program of the host".to_owned());
    }
    for (source, _) in shared::binds(service) {
        if shared::is_docker_socket(&source) {
            say(format!("{source} makes it root on the host"));
        }
    }
    let ports = service.get("ports").and_then(Value::as_array);
    for port in ports.into_iter().flatten() {
        let address = port["host_ip"].as_str().unwrap_or_default();
        if !address.is_empty() && !is_loopback(address) {
            say(format!(
                "port {} answers on {address}, so to other machines",
                port["target"]
            ));
        }
    }
}

fn is_loopback(address: &str) -> bool {
    let parsed = address.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    parsed.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_reaches_beyond_the_sandbox_is_said() {
        let model = json!({ "services": {
            "plain": { "ports": [{ "target": 80, "published": "80" }, { "target": 81, "host_ip": "::1" }],
                "volumes": [{ "type": "bind", "source": "/repo/x", "target": "/x" }] },
            "bold": { "pid": "host", "cap_add": ["SYS_ADMIN"], "ports": [{ "target": 80, "host_ip": "0.0.0.0" }],
                "volumes": [{ "type": "bind", "source": "/var/run/docker.sock", "target": "/s" },
                    { "type": "bind", "source": "/home", "target": "/h" }] },
        } });
        let found = risks(&model, "/repo");
        assert_eq!(found.len(), 5, "{found:#?}");
        assert!(
            found.iter().all(|risk| risk.starts_with("bold: ")),
            "{found:#?}"
        );
    }
}
