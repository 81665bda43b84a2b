//! What can't be isolated is named; what would break a second sandbox is taken out.

use serde_json::{Map, Value, json};

use crate::spec::{Lint, Warning};

use super::changes::ChangeLog;
use super::model::{binds, entries, is_docker_socket, items, text};

/// What a service may share with the host or with another container.
pub(super) const NAMESPACES: [&str; 6] =
    ["network_mode", "pid", "ipc", "uts", "cgroup", "userns_mode"];

/// Drivers whose logs Docker itself can read back.
const READABLE_LOGS: [&str; 2] = ["json-file", "local"];

/// Logs go where they can be read: another driver's target is not there, and `up` fails.
pub(super) fn logging(name: &str, service: &mut Map<String, Value>, log: &mut ChangeLog) {
    let driver = service
        .get("logging")
        .and_then(|logging| text(logging, "driver"));
    let driver = driver.unwrap_or_default();
    if driver.is_empty() || READABLE_LOGS.contains(&driver.as_str()) {
        return;
    }
    log.change(format!(
        "{name}: logs go to json-file, not to {driver}, whose logs cargo-e2e can't collect"
    ));
    service.insert("logging".into(), json!({ "driver": "json-file" }));
}

/// Compose writes `-1` as a text that it then refuses.
pub(super) fn unlimited_swap(service: &mut Map<String, Value>) {
    if service.get("memswap_limit") == Some(&json!("-1")) {
        service.insert("memswap_limit".into(), json!(-1));
    }
}

/// Namespaces of containers that are not the sandbox's.
pub(super) fn of_service(name: &str, service: &Map<String, Value>, log: &mut ChangeLog) {
    for key in NAMESPACES {
        let joined = service.get(key).and_then(Value::as_str);
        if let Some(container) = joined.and_then(|value| value.strip_prefix("container:")) {
            let text = format!(
                "{name}: {key} joins the container {container}, which is not in the compose file"
            );
            log.share(Warning::new(Lint::ForeignNamespace, text));
        }
    }
}

/// Bind mounts of paths outside the repo: the same folder of the host for every sandbox.
pub fn outside(model: &Value, root: &str) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut say = |text: String| found.push(Warning::new(Lint::OutsidePath, text));
    for (name, service) in entries(&model["services"]) {
        for (source, read_only) in binds(service) {
            // What only reads the host's clock disturbs nobody.
            let harmless = read_only && source.starts_with("/etc/");
            if !is_inside(&source, root) && !harmless && !is_docker_socket(&source) {
                let how = if read_only { "reads" } else { "may write" };
                say(format!(
                    "{name}: it {how} {source} on the host, outside the repo: all sandboxes share it"
                ));
            }
        }
    }
    // A named volume can be a bind mount too.
    for (key, volume) in entries(&model["volumes"]) {
        if let Some(device) = text(&volume["driver_opts"], "device")
            && device.starts_with('/')
            && !is_inside(&device, root)
        {
            say(format!(
                "volume {key}: it is {device} on the host, outside the repo: all sandboxes share it"
            ));
        }
    }
    found
}

fn is_inside(path: &str, root: &str) -> bool {
    path.strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What a network has that a host has once.
pub(super) fn of_network(key: &str, network: &mut Map<String, Value>, log: &mut ChangeLog) {
    if let Some(Value::Object(options)) = network.get_mut("driver_opts")
        && let Some(bridge) = options.remove("com.docker.network.bridge.name")
    {
        log.change(format!(
            "network {key}: its bridge is not called {}, because names are unique on a host",
            bridge.as_str().unwrap_or_default()
        ));
    }
    let driver = network.get("driver").and_then(Value::as_str);
    if matches!(driver, Some("macvlan" | "ipvlan")) {
        log.share_object(format!(
            "network {key} uses an interface of the host: all sandboxes share its addresses"
        ));
    }
    let pools = network
        .get("ipam")
        .into_iter()
        .flat_map(|ipam| items(&ipam["config"]));
    for subnet in pools.filter_map(|pool| text(pool, "subnet")) {
        log.share_object(format!(
            "network {key} has the fixed subnet {subnet}: only one sandbox at a time can use it"
        ));
    }
}

/// What a volume takes of the host.
pub(super) fn of_volume(key: &str, volume: &Map<String, Value>, log: &mut ChangeLog) {
    let options = volume.get("driver_opts");
    let device = options
        .and_then(|options| text(options, "device"))
        .unwrap_or_default();
    // A folder of the repo is the sandbox's own copy; that is known only where paths are.
    if device.contains(':') && !device.starts_with('/') {
        log.share_object(format!("volume {key} is {device}: all sandboxes share it"));
    }
}
