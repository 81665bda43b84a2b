//! One row for each way out, and what a stack may well have.

use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::spec::{Lint, Ports};

mod parts;

fn judged(model: &Value) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink("/etc", folder.path().join("link")).expect("a link");
    let judge = Judge {
        root: "/repo",
        here: folder.path(),
        ports: Ports::Declared,
        allow: &[],
    };
    judge.model(model)
}

/// A service with one key more.
fn web(key: &str, value: &Value) -> Value {
    json!({ "services": {
        "web": { "image": "x", key: value },
        "db": { "image": "x", "container_name": "own" },
    } })
}

fn refused(what: &str, model: &Value, line: &str) {
    assert_eq!(judged(model), [line], "{what}");
}

/// A service's key, what it says, and what is said of that.
const WAYS_OUT: &str = r#"
privileged | true | : it can change the host itself
network_mode | "host" | : it is the host's own
network_mode | "container:theirs" | : `container:theirs` is outside the sandbox
network_mode | "theirs" | : `theirs` is outside the sandbox
network_mode | "bridge" | : the engine's own bridge connects it with other containers
pid | "host" | : it is the host's own
pid | "container:theirs" | : `container:theirs` is outside the sandbox
ipc | "host" | : it is the host's own
ipc | "container:theirs" | : `container:theirs` is outside the sandbox
uts | "host" | : it is the host's own
cgroup | "host" | : it is the host's own
userns_mode | "host" | : it is the host's own
cgroup_parent | "/system.slice" | : `/system.slice` is a cgroup of the host, with its limits
cap_add | ["CHOWN", "CAP_SYS_ADMIN"] | : containers do not have `CAP_SYS_ADMIN` by default
cap_add | ["ALL"] | : containers do not have `ALL` by default
devices | [{"source": "/dev/kvm"}] | : devices are the host's own
device_cgroup_rules | ["a *:* rwm"] | : devices are the host's own
gpus | [{"count": -1}] | : devices are the host's own
deploy | {"resources": {"reservations": {"devices": [{"count": 1}]}}} | .resources.reservations.devices: devices are the host's own
deploy | {"novel": 1} | .novel: `--strict` does not know this key
runtime | "nvidia" | : `nvidia` is a program on the host
provider | {"type": "x"} | : it runs a program on the host
use_api_socket | true | : the Docker socket gives it root on the host
credential_spec | {"file": "x.json"} | : credentials are the host's own
security_opt | ["no-new-privileges:true", "seccomp:x"] | : `seccomp:x` changes its isolation from the host
security_opt | ["apparmor=unconfined"] | : `apparmor=unconfined` changes its isolation from the host
annotations | {"run.oci.x": "1"} | : they control the host's runtime
models | ["llm"] | : models run outside the sandbox
oom_kill_disable | true | : when memory is short, the host kills other processes instead
oom_score_adj | -500 | : when memory is short, the host kills other processes instead
volumes_from | ["db:ro", "container:theirs:ro"] | : `container:theirs:ro` is outside the sandbox
external_links | ["theirs:it"] | : `theirs:it` is outside the sandbox
volumes | [{"type": "bind", "source": "/etc/localtime", "read_only": true}] | : /etc/localtime is outside the repo
volumes | [{"type": "bind", "source": "/repository"}] | : /repository is outside the repo
volumes | [{"type": "bind", "source": "/repo/../x"}] | : /repo/../x is outside the repo
volumes | [{"type": "bind", "source": "/run/docker.sock"}] | : /run/docker.sock gives it root on the host
volumes | [{"type": "bind", "source": "/repo/link/passwd"}] | : link is a link to /etc, outside the repo
volumes | [{"type": "bind", "source": "/repo/a", "bind": {"propagation": "rshared"}}] | .bind.propagation: with `rshared`, its mounts appear on the host
volumes | [{"type": "novel"}] | : `--strict` does not know this kind of mount
volumes | ["/etc:/x"] | : `--strict` does not know this kind of mount
env_file | [{"path": "/etc/environment"}] | : /etc/environment is outside the repo
label_file | "/etc/labels" | : /etc/labels is outside the repo
extends | {"file": "/etc/x.yml"} | : /etc/x.yml is outside the repo
post_start | [{"command": ["x"], "privileged": true}] | .privileged: it can change the host itself
pre_stop | [{"command": ["x"], "privileged": true}] | .privileged: it can change the host itself
pre_stop | [{"novel": "x"}] | .novel: `--strict` does not know this key
ports | [{"target": 80, "host_ip": "0.0.0.0"}] | : port 80 is published on 0.0.0.0, so other machines can reach it
networks | {"default": {"novel": 1}} | .default.novel: `--strict` does not know this key
foo | "bar" | : `--strict` does not know this key
"#;

/// The rows of such a table: the value in the middle is JSON.
fn rows(table: &str) -> impl Iterator<Item = (&str, Value, &str)> {
    table.trim().lines().map(|line| {
        let mut cells = line.splitn(3, " | ");
        let mut cell = || cells.next().expect("three cells");
        let (key, value, said) = (cell(), cell(), cell());
        (key, serde_json::from_str(value).expect(line), said)
    })
}

#[test]
fn every_key_of_a_service_that_leads_out_is_refused() {
    for (key, value, said) in rows(WAYS_OUT) {
        let line = format!("services.web.{key}{said}");
        refused(&format!("{key}: {value}"), &web(key, &value), &line);
    }
}

#[test]
fn what_stays_in_the_sandbox_is_not_refused() {
    let plain = json!({
        "name": "p",
        "x-common": { "privileged": true },
        "networks": {
            "default": { "name": "p_default", "ipam": {} },
            "back": { "driver": "bridge", "internal": true, "ipam": { "config": [{ "subnet": "10.9.0.0/24" }] },
                "driver_opts": { "com.docker.network.bridge.name": "br0" } },
        },
        "volumes": {
            "data": { "name": "p_data", "driver": "local" },
            "fast": { "driver_opts": { "type": "tmpfs", "device": "tmpfs", "o": "size=64m" } },
            "tree": { "driver_opts": { "type": "none", "o": "bind", "device": "/repo/tree" } },
        },
        "secrets": { "a": { "file": "/repo/a" }, "b": { "environment": "B" } },
        "configs": { "c": { "content": "text" } },
        "services": {
            "db": { "image": "x", "container_name": "own", "command": null, "privileged": false },
            "web": {
                "build": { "context": "/repo", "dockerfile": "deploy/../Dockerfile", "args": { "A": "1" },
                    "additional_contexts": { "lib": "/repo/lib", "base": "docker-image://x", "db": "service:db" },
                    "secrets": [{ "source": "a" }], "cache_from": ["x/y:1", "type=registry,ref=x"],
                    "cache_to": ["type=inline"], "network": "none", "ssh": [] },
                "cap_drop": ["ALL"], "cap_add": ["NET_BIND_SERVICE", "CAP_CHOWN"],
                "security_opt": ["no-new-privileges:true"],
                "volumes": [
                    { "type": "bind", "source": "/repo/not/there", "target": "/x", "bind": { "create_host_path": true } },
                    { "type": "volume", "source": "data", "target": "/d", "volume": {} },
                    { "type": "tmpfs", "target": "/t" },
                ],
                "volumes_from": ["db:ro", "container:own"], "external_links": ["own:alias"],
                "network_mode": "service:db", "pid": "container:own", "ipc": "shareable", "cgroup": "private",
                "ports": [{ "target": 80, "published": "80", "host_ip": "127.0.0.1", "mode": "ingress", "protocol": "tcp" }],
                "deploy": { "replicas": 2, "resources": { "limits": { "cpus": 1, "memory": "1" } }, "placement": {} },
                "post_start": [{ "command": ["x"], "user": "root", "privileged": false }],
                "extra_hosts": ["h=host-gateway"], "runtime": "runc", "oom_score_adj": 100,
                "x-mine": { "devices": ["/dev/kvm"] }, "develop": { "watch": [{ "path": "/etc" }] },
                "ulimits": { "nofile": 1 }, "sysctls": { "net.core.somaxconn": 1 }, "user": "1000",
            },
        },
    });
    assert_eq!(judged(&plain), Vec::<String>::new());
}

#[test]
fn addresses_that_are_not_used_are_not_refused() {
    let model = web("ports", &json!([{ "target": 80, "host_ip": "0.0.0.0" }]));
    let judge = Judge {
        root: "/repo",
        here: Path::new("/repo"),
        ports: Ports::Isolated,
        allow: &[],
    };
    assert_eq!(judge.model(&model), Vec::<String>::new());
}

#[test]
fn what_e2e_yml_accepts_is_not_refused() {
    let model = json!({
        "services": { "web": {
            "image": "x",
            "privileged": true,
            "network_mode": "host",
            "cap_add": ["SYS_ADMIN"],
            "ports": [{ "target": 80, "host_ip": "0.0.0.0" }],
            "volumes": [
                { "type": "bind", "source": "/var/run/docker.sock", "target": "/s" },
                { "type": "bind", "source": "/srv", "target": "/srv" },
            ],
            "runtime": "nvidia",
        } },
        "networks": { "out": { "external": true } },
    });
    let refused = |allow: &[Lint]| {
        let judge = Judge {
            root: "/repo",
            here: Path::new("/repo"),
            ports: Ports::Declared,
            allow,
        };
        judge.model(&model)
    };
    assert_eq!(refused(&[]).len(), 8);
    let socket = refused(&[Lint::DockerSocket]);
    assert_eq!(socket.len(), 7);
    assert!(!socket.iter().any(|line| line.contains("docker.sock")));
    let all = [
        Lint::DockerSocket,
        Lint::Privileged,
        Lint::ForeignNamespace,
        Lint::HostAccess,
        Lint::OutsidePath,
        Lint::PublicPort,
        Lint::SharedObject,
    ];
    // What no warning is about stays refused.
    assert_eq!(
        refused(&all),
        ["services.web.runtime: `nvidia` is a program on the host"]
    );
}
