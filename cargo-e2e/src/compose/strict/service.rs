//! A service: the keys that stay in its container, and those that are looked at closer.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::{model, risks};
use super::build;
use super::refusals::Refusals;
use super::values::{entries, list, named, shown};
use crate::spec::{Lint, Ports};

/// Keys that reach nothing but the service's own container, and the sandbox's other services.
const INSIDE: &[&str] = &[
    "attach",
    "blkio_config",
    "cap_drop",
    "command",
    "configs",
    "container_name",
    "cpu_count",
    "cpu_percent",
    "cpu_period",
    "cpu_quota",
    "cpu_rt_period",
    "cpu_rt_runtime",
    "cpu_shares",
    "cpus",
    "cpuset",
    "depends_on",
    "develop",
    "dns",
    "dns_opt",
    "dns_search",
    "domainname",
    "entrypoint",
    "environment",
    "expose",
    "extra_hosts",
    "group_add",
    "healthcheck",
    "hostname",
    "image",
    "init",
    "isolation",
    "labels",
    "links",
    "logging",
    "mac_address",
    "mem_limit",
    "mem_reservation",
    "mem_swappiness",
    "memswap_limit",
    "pids_limit",
    "platform",
    "profiles",
    "pull_policy",
    "pull_refresh_after",
    "read_only",
    "restart",
    "scale",
    "secrets",
    "shm_size",
    "stdin_open",
    "stop_grace_period",
    "stop_signal",
    "storage_opt",
    "sysctls",
    "tmpfs",
    "tty",
    "ulimits",
    "user",
    "working_dir",
];

/// What a container has anyway: said again after `cap_drop: [ALL]`, it takes nothing of the host.
const DEFAULT_CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

pub(super) fn all(refusals: &mut Refusals<'_>, services: &Value) {
    let Some(services) = services.as_object() else {
        refusals.refuse("services", "it is not a mapping");
        return;
    };
    let containers = model::containers(services);
    for (name, service) in services {
        for (key, value) in entries(Some(service)) {
            let place = format!("services.{name}.{key}");
            one_key(refusals, &place, key, value, services, &containers);
        }
    }
}

fn one_key(
    refusals: &mut Refusals<'_>,
    place: &str,
    key: &str,
    value: &Value,
    services: &Map<String, Value>,
    containers: &BTreeMap<String, String>,
) {
    let is_known_container = |name: &str| containers.contains_key(name);
    match key {
        _ if INSIDE.contains(&key) => {}
        "build" => build::build(refusals, place, value),
        "deploy" => deploy(refusals, place, value),
        "networks" => networks(refusals, place, value),
        "volumes" => volumes(refusals, place, value),
        "ports" => ports(refusals, place, value),
        "post_start" | "pre_stop" => hooks(refusals, place, value),
        "env_file" | "label_file" => {
            for file in list(value) {
                let path = file.as_str().or_else(|| file["path"].as_str());
                refusals.path(place, path.unwrap_or_default());
            }
        }
        "extends" => {
            if let Some(file) = value["file"].as_str() {
                refusals.path(place, file);
            }
        }
        "network_mode" | "pid" | "ipc" | "uts" | "cgroup" | "userns_mode" => {
            let value = shown(value);
            let own = matches!(
                (key, value.as_str()),
                ("network_mode" | "ipc", "none")
                    | ("ipc", "private" | "shareable")
                    | ("cgroup", "private")
            ) || value.starts_with("service:")
                || value
                    .strip_prefix("container:")
                    .is_some_and(is_known_container);
            if !own {
                refusals.refuse_unless(Lint::ForeignNamespace, place, namespace(&value));
            }
        }
        "volumes_from" => {
            for source in list(value).map(shown) {
                let container = source.strip_prefix("container:");
                let name = container.unwrap_or(&source).split(':').next();
                let known = name.is_some_and(|name| match container {
                    Some(_) => containers.contains_key(name),
                    None => services.contains_key(name),
                });
                if !known {
                    refusals.refuse(place, format!("`{source}` is outside the sandbox"));
                }
            }
        }
        "external_links" => {
            for link in list(value).map(shown) {
                if !is_known_container(link.split(':').next().unwrap_or_default()) {
                    let why = format!("`{link}` is outside the sandbox");
                    refusals.refuse_unless(Lint::SharedObject, place, why);
                }
            }
        }
        "cap_add" => {
            for capability in list(value).map(shown) {
                let name = capability.to_ascii_uppercase();
                let name = name.strip_prefix("CAP_").unwrap_or(&name);
                if !DEFAULT_CAPABILITIES.contains(&name) {
                    let why = format!("containers do not have `{capability}` by default");
                    refusals.refuse_unless(Lint::HostAccess, place, why);
                }
            }
        }
        "security_opt" => {
            for option in list(value).map(shown) {
                let plain = option.replacen(':', "=", 1);
                if plain != "no-new-privileges" && plain != "no-new-privileges=true" {
                    let why = format!("`{option}` changes its isolation from the host");
                    refusals.refuse(place, why);
                }
            }
        }
        "runtime" if value == "runc" => {}
        "oom_score_adj" if value.as_i64().is_some_and(|score| score >= 0) => {}
        _ => match reason(key) {
            Some(why) => {
                let why = why.replace("{}", &shown(value));
                match key {
                    "privileged" => refusals.refuse_unless(Lint::Privileged, place, why),
                    "provider" => refusals.refuse_unless(Lint::Provider, place, why),
                    "devices" | "device_cgroup_rules" => {
                        refusals.refuse_unless(Lint::HostAccess, place, why);
                    }
                    _ => refusals.refuse(place, why),
                }
            }
            None => refusals.unknown(place),
        },
    }
}

/// Returns why a key is refused whatever it says; `{}` is what it says. None of one that is not
/// known.
fn reason(key: &str) -> Option<&'static str> {
    Some(match key {
        "privileged" => "it can change the host itself",
        "devices" | "device_cgroup_rules" | "gpus" => "devices are the host's own",
        "runtime" => "`{}` is a program on the host",
        "provider" => "it runs a program on the host",
        "use_api_socket" => "the Docker socket gives it root on the host",
        "credential_spec" => "credentials are the host's own",
        "cgroup_parent" => "`{}` is a cgroup of the host, with its limits",
        "annotations" => "they control the host's runtime",
        "models" => "models run outside the sandbox",
        "oom_kill_disable" | "oom_score_adj" => {
            "when memory is short, the host kills other processes instead"
        }
        _ => return None,
    })
}

fn namespace(value: &str) -> String {
    match value {
        "host" => "it is the host's own".to_owned(),
        "bridge" | "default" => {
            "the engine's own bridge connects it with other containers".to_owned()
        }
        other => format!("`{other}` is outside the sandbox"),
    }
}

fn deploy(refusals: &mut Refusals<'_>, place: &str, value: &Value) {
    let known = [
        "mode",
        "replicas",
        "endpoint_mode",
        "labels",
        "resources",
        "restart_policy",
        "update_config",
        "rollback_config",
        "placement",
    ];
    refusals.only(place, value, &known);
    for (kind, amounts) in entries(value.get("resources")) {
        let place = format!("{place}.resources.{kind}");
        for (key, _) in entries(Some(amounts)) {
            match (kind.as_str(), key.as_str()) {
                ("limits", "cpus" | "memory" | "pids") | ("reservations", "cpus" | "memory") => {}
                ("reservations", "devices" | "generic_resources") => {
                    refusals.refuse(&format!("{place}.{key}"), "devices are the host's own");
                }
                _ => refusals.unknown(&format!("{place}.{key}")),
            }
        }
    }
}

fn networks(refusals: &mut Refusals<'_>, place: &str, value: &Value) {
    let known = [
        "aliases",
        "gw_priority",
        "interface_name",
        "ipv4_address",
        "ipv6_address",
        "link_local_ips",
        "mac_address",
        "priority",
    ];
    for (network, settings) in named(Some(value)) {
        refusals.only(&format!("{place}.{network}"), settings, &known);
    }
}

fn volumes(refusals: &mut Refusals<'_>, place: &str, value: &Value) {
    for mount in list(value) {
        let known = [
            "type",
            "source",
            "target",
            "read_only",
            "consistency",
            "bind",
            "volume",
            "tmpfs",
            "image",
        ];
        refusals.only(place, mount, &known);
        match mount["type"].as_str() {
            Some("bind") => {
                refusals.mount(place, mount["source"].as_str().unwrap_or_default());
                let bind = &mount["bind"];
                let known = ["create_host_path", "propagation", "recursive", "selinux"];
                refusals.only(&format!("{place}.bind"), bind, &known);
                if let Some(propagation) = bind["propagation"].as_str()
                    && propagation.contains("shared")
                {
                    let place = format!("{place}.bind.propagation");
                    let why = format!("with `{propagation}`, its mounts appear on the host");
                    refusals.refuse(&place, why);
                }
            }
            Some("volume" | "tmpfs" | "image") => {}
            _ => refusals.refuse(place, "`--strict` does not know this kind of mount"),
        }
    }
}

fn ports(refusals: &mut Refusals<'_>, place: &str, value: &Value) {
    let known = [
        "name",
        "mode",
        "host_ip",
        "target",
        "published",
        "protocol",
        "app_protocol",
    ];
    for port in list(value) {
        refusals.only(place, port, &known);
        let address = port["host_ip"].as_str().unwrap_or_default();
        let used = refusals.judge.ports == Ports::Declared && !address.is_empty();
        if used && !risks::is_loopback(address) {
            let number = risks::published(port);
            let why =
                format!("port {number} is published on {address}, so other machines can reach it");
            refusals.refuse_unless(Lint::PublicPort, place, why);
        }
    }
}

fn hooks(refusals: &mut Refusals<'_>, place: &str, value: &Value) {
    let known = [
        "command",
        "environment",
        "privileged",
        "user",
        "working_dir",
    ];
    for hook in list(value) {
        refusals.only(place, hook, &known);
        if hook["privileged"] == true {
            let place = format!("{place}.privileged");
            refusals.refuse(&place, "it can change the host itself");
        }
    }
}
