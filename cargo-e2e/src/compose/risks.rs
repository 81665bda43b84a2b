//! What a compose file may do to its host, or to others there: said before it is done, and
//! refused with `--strict`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::spec::{Lint, Ports, Warning};

use super::model::{binds, entries, is_docker_socket, items};
use super::shared;

/// One line each; `repo` is the repo's folder where the model was read. With isolated ports, the
/// addresses that are written down are not used.
pub fn risks(model: &Value, repo: &str, ports: Ports) -> Vec<Warning> {
    let mut found = Vec::new();
    for (name, service) in entries(&model["services"]) {
        of_service(name, service, ports, &mut found);
    }
    found.extend(shared::outside(model, repo));
    found
}

/// One line for each file that Compose fetches from elsewhere, which it does before there is a
/// model.
pub fn fetched(remote: &BTreeSet<String>) -> Vec<Warning> {
    let lines = remote.iter().map(|from| format!("Compose fetches {from}"));
    Warning::each(Lint::RemoteFile, lines).collect()
}

fn of_service(name: &str, service: &Value, ports: Ports, found: &mut Vec<Warning>) {
    let mut say = |lint, what: String| found.push(Warning::new(lint, format!("{name}: {what}")));
    if service["privileged"] == true {
        let what = "it is privileged, so it can change the host itself".to_owned();
        say(Lint::Privileged, what);
    }
    for key in shared::NAMESPACES {
        if service[key] == "host" {
            let but = match key {
                "network_mode" => "; all sandboxes share its ports",
                _ => "",
            };
            let what = format!("{key} is the host's own{but}");
            say(Lint::ForeignNamespace, what);
        }
    }
    for (source, _) in binds(service) {
        if is_docker_socket(&source) {
            let what = format!(
                "{source} gives it root on the host, and teardown does not remove its objects there"
            );
            say(Lint::DockerSocket, what);
        }
    }
    for key in ["cap_add", "devices", "device_cgroup_rules"] {
        if items(&service[key]).any(|one| !is_harmless(key, one)) {
            let what = format!("{key} gives it access to the host that containers lack");
            say(Lint::HostAccess, what);
        }
    }
    if service.get("provider").is_some() {
        let what = "`provider` runs a program on the host".to_owned();
        say(Lint::Provider, what);
    }
    if ports == Ports::Isolated {
        return;
    }
    for port in items(&service["ports"]) {
        let address = port["host_ip"].as_str().unwrap_or_default();
        if !address.is_empty() && !is_loopback(address) {
            let number = published(port);
            let what =
                format!("port {number} is published on {address}, so other machines can reach it");
            say(Lint::PublicPort, what);
        }
    }
}

/// Returns the number that other machines would use: the container's own says nothing to them.
pub(super) fn published(port: &Value) -> String {
    match port["published"].as_str() {
        Some(number) if !number.is_empty() => number.to_owned(),
        _ => port["target"].to_string(),
    }
}

/// Capabilities that databases and debuggers ask for, and that end with the container.
fn is_harmless(key: &str, capability: &Value) -> bool {
    const OWN: [&str; 4] = ["IPC_LOCK", "SYS_NICE", "SYS_PTRACE", "NET_BIND_SERVICE"];
    let name = capability.as_str().unwrap_or_default();
    key == "cap_add" && OWN.contains(&name.trim_start_matches("CAP_"))
}

pub(super) fn is_loopback(address: &str) -> bool {
    let parsed = address.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    parsed.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(service: &Value) -> Vec<String> {
        let model = json!({ "services": { "bold": service } });
        texts(risks(&model, "/repo", Ports::Declared))
    }

    fn texts(warnings: Vec<Warning>) -> Vec<String> {
        warnings.into_iter().map(|warning| warning.text).collect()
    }

    #[test]
    fn what_stays_inside_is_no_risk() {
        let plain = json!({
            "ports": [{ "target": 80, "published": "80" }, { "target": 81, "host_ip": "::1" }],
            "volumes": [{ "type": "bind", "source": "/repo/x", "target": "/x" },
                { "type": "volume", "source": "data", "target": "/data" },
                { "type": "bind", "source": "/etc/localtime", "target": "/etc/localtime", "read_only": true }],
            "privileged": false, "cap_add": [], "network_mode": "none", "pid": "service:other",
        });
        assert_eq!(of(&plain), Vec::<String>::new());
    }

    #[test]
    fn every_way_out_is_said_with_its_service() {
        let bind = |source: &str| json!({ "volumes": [{ "type": "bind", "source": source, "target": "/x" }] });
        for (service, said) in [
            (json!({ "privileged": true }), "it is privileged"),
            (
                json!({ "network_mode": "host" }),
                "network_mode is the host's own",
            ),
            (json!({ "pid": "host" }), "pid is the host's own"),
            (json!({ "ipc": "host" }), "ipc is the host's own"),
            (json!({ "uts": "host" }), "uts is the host's own"),
            (json!({ "cgroup": "host" }), "cgroup is the host's own"),
            (
                json!({ "userns_mode": "host" }),
                "userns_mode is the host's own",
            ),
            (
                json!({ "cap_add": ["SYS_ADMIN"] }),
                "cap_add gives it access to the host",
            ),
            (
                json!({ "devices": [{ "source": "/dev/kvm" }] }),
                "devices gives it access to the host",
            ),
            (
                json!({ "device_cgroup_rules": ["a *:* rwm"] }),
                "device_cgroup_rules gives it access",
            ),
            (
                json!({ "provider": { "type": "x" } }),
                "`provider` runs a program on the host",
            ),
            (
                bind("/var/run/docker.sock"),
                "/var/run/docker.sock gives it root on the host",
            ),
            (
                bind("/home"),
                "it may write /home on the host, outside the repo",
            ),
            // Not below /repo, though it begins like it.
            (bind("/repository"), "it may write /repository on the host"),
            (
                json!({ "ports": [{ "target": 80, "host_ip": "0.0.0.0" }] }),
                "port 80 is published on 0.0.0.0",
            ),
            (
                json!({ "ports": [{ "target": 80, "host_ip": "[::]" }] }),
                "port 80 is published on [::]",
            ),
        ] {
            let found = of(&service);
            let [one] = found.as_slice() else {
                panic!("{service}: {found:?}")
            };
            assert!(
                one.starts_with(&format!("bold: {said}")),
                "{service}: {one}"
            );
        }
    }

    #[test]
    fn a_named_volume_can_be_a_folder_of_the_host() {
        let volume = |device: &str| json!({ "volumes": { "data": { "driver_opts": { "type": "none", "o": "bind", "device": device } } } });
        let found = |device| texts(risks(&volume(device), "/repo", Ports::Isolated));
        assert_eq!(found("/repo/data"), Vec::<String>::new());
        assert_eq!(found("tmpfs"), Vec::<String>::new());
        assert!(
            found("/srv")[0].starts_with("volume data: it is /srv on the host, outside the repo")
        );
    }

    #[test]
    fn addresses_that_are_not_used_are_no_risk() {
        let model =
            json!({ "services": { "web": { "ports": [{ "target": 80, "host_ip": "0.0.0.0" }] } } });
        assert_eq!(
            texts(risks(&model, "/repo", Ports::Isolated)),
            Vec::<String>::new()
        );
    }
}
