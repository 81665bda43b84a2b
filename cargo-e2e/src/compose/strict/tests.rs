//! One row for each way out, and what a stack may well have.

use serde_json::{Value, json};

use super::*;

fn judged(model: &Value) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink("/etc", folder.path().join("link")).expect("a link");
    let judge = Judge {
        root: "/repo",
        here: folder.path(),
        ports: Ports::Declared,
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

#[test]
fn every_key_of_a_service_that_leads_out_is_refused() {
    let bind = |source: &str| json!([{ "type": "bind", "source": source, "target": "/x", "read_only": true }]);
    let reserved =
        json!({ "resources": { "reservations": { "devices": [{ "capabilities": ["gpu"] }] } } });
    let rows = [
        (
            "privileged",
            json!(true),
            ".privileged: it can change the host itself",
        ),
        (
            "network_mode",
            json!("host"),
            ".network_mode: it is the host's own",
        ),
        (
            "network_mode",
            json!("container:theirs"),
            ".network_mode: `container:theirs` is not of the sandbox",
        ),
        (
            "network_mode",
            json!("theirs"),
            ".network_mode: `theirs` is not of the sandbox",
        ),
        (
            "network_mode",
            json!("bridge"),
            ".network_mode: the engine's own bridge connects it with containers of others",
        ),
        ("pid", json!("host"), ".pid: it is the host's own"),
        (
            "pid",
            json!("container:theirs"),
            ".pid: `container:theirs` is not of the sandbox",
        ),
        ("ipc", json!("host"), ".ipc: it is the host's own"),
        (
            "ipc",
            json!("container:theirs"),
            ".ipc: `container:theirs` is not of the sandbox",
        ),
        ("uts", json!("host"), ".uts: it is the host's own"),
        ("cgroup", json!("host"), ".cgroup: it is the host's own"),
        (
            "userns_mode",
            json!("host"),
            ".userns_mode: it is the host's own",
        ),
        (
            "cgroup_parent",
            json!("/system.slice"),
            ".cgroup_parent: `/system.slice` is a group of the host, with its limits",
        ),
        (
            "cap_add",
            json!(["CHOWN", "CAP_SYS_ADMIN"]),
            ".cap_add: `CAP_SYS_ADMIN` is more of the host than containers have",
        ),
        (
            "cap_add",
            json!(["ALL"]),
            ".cap_add: `ALL` is more of the host than containers have",
        ),
        (
            "devices",
            json!([{ "source": "/dev/kvm" }]),
            ".devices: devices are the host's own",
        ),
        (
            "device_cgroup_rules",
            json!(["a *:* rwm"]),
            ".device_cgroup_rules: devices are the host's own",
        ),
        (
            "gpus",
            json!([{ "count": -1 }]),
            ".gpus: devices are the host's own",
        ),
        (
            "deploy",
            reserved,
            ".deploy.resources.reservations.devices: devices are the host's own",
        ),
        (
            "deploy",
            json!({ "novel": 1 }),
            ".deploy.novel: `--strict` does not know this key",
        ),
        (
            "runtime",
            json!("nvidia"),
            ".runtime: `nvidia` is a program of the host",
        ),
        (
            "provider",
            json!({ "type": "x" }),
            ".provider: it runs a program of the host",
        ),
        (
            "use_api_socket",
            json!(true),
            ".use_api_socket: the Docker socket makes it root on the host",
        ),
        (
            "credential_spec",
            json!({ "file": "x.json" }),
            ".credential_spec: credentials are the host's own",
        ),
        (
            "security_opt",
            json!(["no-new-privileges:true", "seccomp:unconfined"]),
            ".security_opt: `seccomp:unconfined` changes what keeps it from the host",
        ),
        (
            "security_opt",
            json!(["apparmor=unconfined"]),
            ".security_opt: `apparmor=unconfined` changes what keeps it from the host",
        ),
        (
            "annotations",
            json!({ "run.oci.x": "1" }),
            ".annotations: they are orders to the host's runtime",
        ),
        (
            "models",
            json!(["llm"]),
            ".models: models run outside the sandbox",
        ),
        (
            "oom_kill_disable",
            json!(true),
            ".oom_kill_disable: when memory is short, the host ends others instead of it",
        ),
        (
            "oom_score_adj",
            json!(-500),
            ".oom_score_adj: when memory is short, the host ends others instead of it",
        ),
        (
            "volumes_from",
            json!(["db:ro", "container:theirs:ro"]),
            ".volumes_from: `container:theirs:ro` is not of the sandbox",
        ),
        (
            "external_links",
            json!(["theirs:it"]),
            ".external_links: `theirs:it` is not of the sandbox",
        ),
        (
            "volumes",
            bind("/etc/localtime"),
            ".volumes: /etc/localtime is outside the repo",
        ),
        (
            "volumes",
            bind("/repository"),
            ".volumes: /repository is outside the repo",
        ),
        (
            "volumes",
            bind("/repo/../x"),
            ".volumes: /repo/../x is outside the repo",
        ),
        (
            "volumes",
            bind("/run/docker.sock"),
            ".volumes: /run/docker.sock makes it root on the host",
        ),
        (
            "volumes",
            bind("/repo/link/passwd"),
            ".volumes: link is a link to /etc, outside the repo",
        ),
        (
            "volumes",
            json!([{ "type": "bind", "source": "/repo/a", "bind": { "propagation": "rshared" } }]),
            ".volumes.bind.propagation: with `rshared`, its mounts appear on the host",
        ),
        (
            "volumes",
            json!([{ "type": "novel" }]),
            ".volumes: `--strict` does not know the mount {\"type\":\"novel\"}",
        ),
        (
            "volumes",
            json!(["/etc:/x"]),
            ".volumes: `--strict` does not know the mount \"/etc:/x\"",
        ),
        (
            "env_file",
            json!([{ "path": "/etc/environment" }]),
            ".env_file: /etc/environment is outside the repo",
        ),
        (
            "label_file",
            json!("/etc/labels"),
            ".label_file: /etc/labels is outside the repo",
        ),
        (
            "extends",
            json!({ "file": "/etc/x.yml" }),
            ".extends: /etc/x.yml is outside the repo",
        ),
        (
            "post_start",
            json!([{ "command": ["x"], "privileged": true }]),
            ".post_start.privileged: it can change the host itself",
        ),
        (
            "pre_stop",
            json!([{ "command": ["x"], "privileged": true }]),
            ".pre_stop.privileged: it can change the host itself",
        ),
        (
            "pre_stop",
            json!([{ "novel": "x" }]),
            ".pre_stop.novel: `--strict` does not know this key",
        ),
        (
            "ports",
            json!([{ "target": 80, "host_ip": "0.0.0.0" }]),
            ".ports: port 80 answers on 0.0.0.0, so to other machines",
        ),
        (
            "networks",
            json!({ "default": { "novel": 1 } }),
            ".networks.default.novel: `--strict` does not know this key",
        ),
        (
            "foo",
            json!("bar"),
            ".foo: `--strict` does not know this key",
        ),
    ];
    for (key, value, said) in rows {
        let line = format!("services.web{said}");
        refused(&format!("{key}: {value}"), &web(key, &value), &line);
    }
}

#[test]
fn every_key_of_a_build_that_leads_out_is_refused() {
    let rows = [
        (
            json!({ "context": "/src" }),
            "context: /src is outside the repo",
        ),
        (
            json!({ "context": "/repo/link" }),
            "context: link is a link to /etc, outside the repo",
        ),
        (
            json!({ "context": "git@host:x/y.git" }),
            "context: git@host:x/y.git is fetched with the host's own keys",
        ),
        (
            json!({ "context": "ssh://host/x.git" }),
            "context: ssh://host/x.git is fetched with the host's own keys",
        ),
        (
            json!({ "context": "/repo/a", "dockerfile": "../../Dockerfile" }),
            "dockerfile: /repo/a/../../Dockerfile is outside the repo",
        ),
        (
            json!({ "context": "/repo/a", "dockerfile": "/etc/Dockerfile" }),
            "dockerfile: /etc/Dockerfile is outside the repo",
        ),
        (
            json!({ "additional_contexts": { "x-keys": "/root/.ssh" } }),
            "additional_contexts.x-keys: /root/.ssh is outside the repo",
        ),
        (
            json!({ "additional_contexts": { "oci": "oci-layout:///srv" } }),
            "additional_contexts.oci: /srv is outside the repo",
        ),
        (
            json!({ "ssh": ["default"] }),
            "ssh: keys are the host's own",
        ),
        (
            json!({ "privileged": true }),
            "privileged: it can change the host itself",
        ),
        (
            json!({ "entitlements": ["security.insecure"] }),
            "entitlements: it takes more of the host than builds have",
        ),
        (
            json!({ "network": "host" }),
            "network: `host` is not of the sandbox",
        ),
        (
            json!({ "network": "container:theirs" }),
            "network: `container:theirs` is not of the sandbox",
        ),
        (
            json!({ "cache_to": ["type=local,dest=/srv"] }),
            "cache_to: /srv is outside the repo",
        ),
        (
            json!({ "cache_to": ["type=registry,ref=x/y"] }),
            "cache_to: `type=registry,ref=x/y` is not of the sandbox",
        ),
        (
            json!({ "cache_from": ["type=local,src=../../x"] }),
            "cache_from: ../../x is outside the repo",
        ),
        (
            json!({ "cache_to": ["type=inline,type=local,dest=/srv"] }),
            "cache_to: `type=inline,type=local,dest=/srv` is not of the sandbox",
        ),
        (
            json!({ "cache_from": ["\"type=local\",\"src=/srv\""] }),
            "cache_from: `\"type=local\",\"src=/srv\"` is not of the sandbox",
        ),
        (
            json!({ "foo": 1 }),
            "foo: `--strict` does not know this key",
        ),
        (json!("/src"), "context: /src is outside the repo"),
    ];
    for (build, said) in rows {
        let line = format!("services.web.build.{said}");
        refused(&build.to_string(), &web("build", &build), &line);
    }
}

#[test]
fn every_way_out_beside_the_services_is_refused() {
    let volume = |options: Value| json!({ "volumes": { "x-data": { "driver_opts": options } } });
    let network = |key: &str, value: Value| json!({ "networks": { "x-net": { key: value } } });
    let rows = [
        (
            json!({ "secrets": { "s": { "file": "/var/run/docker.sock" } } }),
            "secrets.s.file: /var/run/docker.sock makes it root on the host",
        ),
        (
            json!({ "secrets": { "x-s": { "file": "/root/.ssh/id" } } }),
            "secrets.x-s.file: /root/.ssh/id is outside the repo",
        ),
        (
            json!({ "configs": { "c": { "file": "/etc/passwd" } } }),
            "configs.c.file: /etc/passwd is outside the repo",
        ),
        (
            json!({ "configs": { "c": { "external": true } } }),
            "configs.c.external: it is not the sandbox's, so others see what is done to it",
        ),
        (
            json!({ "secrets": { "s": { "driver": "x" } } }),
            "secrets.s.driver: `--strict` does not know this key",
        ),
        (
            volume(json!({ "type": "none", "o": "bind", "device": "/srv" })),
            "volumes.x-data.driver_opts.device: /srv is outside the repo",
        ),
        (
            volume(json!({ "type": "none", "o": "rw,bind", "device": "/repo/link" })),
            "volumes.x-data.driver_opts.device: link is a link to /etc, outside the repo",
        ),
        (
            volume(json!({ "type": "overlay", "o": "lowerdir=/etc", "device": "overlay" })),
            "volumes.x-data.driver_opts: it mounts `overlay lowerdir=/etc overlay` on the host",
        ),
        (
            volume(json!({ "type": "nfs", "o": "addr=nas", "device": ":/x" })),
            "volumes.x-data.driver_opts: it mounts `nfs addr=nas :/x` on the host",
        ),
        (
            volume(json!({ "type": "ext4", "device": "/dev/sda1" })),
            "volumes.x-data.driver_opts: it mounts `ext4 /dev/sda1` on the host",
        ),
        (
            volume(json!({ "type": "tmpfs", "o": "bind", "device": "/etc" })),
            "volumes.x-data.driver_opts: it mounts `tmpfs bind /etc` on the host",
        ),
        (
            volume(json!({ "novel": "1" })),
            "volumes.x-data.driver_opts.novel: `--strict` does not know this key",
        ),
        (
            json!({ "volumes": { "v": { "driver": "rclone" } } }),
            "volumes.v.driver: `rclone` is a program of the host",
        ),
        (
            json!({ "volumes": { "v": { "external": true } } }),
            "volumes.v.external: it is not the sandbox's, so others see what is done to it",
        ),
        (
            network("external", json!(true)),
            "networks.x-net.external: it is not the sandbox's, so others see what is done to it",
        ),
        (
            network("driver", json!("macvlan")),
            "networks.x-net.driver: `macvlan` is a network of the host's own",
        ),
        (
            network("driver", json!("host")),
            "networks.x-net.driver: `host` is a network of the host's own",
        ),
        (
            network("ipam", json!({ "driver": "dhcp" })),
            "networks.x-net.ipam.driver: addresses come from a program of the host",
        ),
        (
            network(
                "driver_opts",
                json!({ "com.docker.network.bridge.gateway_mode_ipv4": "routed" }),
            ),
            "networks.x-net.driver_opts.com.docker.network.bridge.gateway_mode_ipv4: `--strict` does not know this key",
        ),
        (
            network("foo", json!(1)),
            "networks.x-net.foo: `--strict` does not know this key",
        ),
        (
            json!({ "models": { "llm": { "model": "x" } } }),
            "models: models run outside the sandbox",
        ),
        (
            json!({ "foo": 1 }),
            "foo: `--strict` does not know this key",
        ),
    ];
    for (model, line) in rows {
        refused(&model.to_string(), &model, line);
    }
    // A name is no extension.
    let hidden = json!({ "services": { "x-web": { "privileged": true } } });
    refused(
        "x-web",
        &hidden,
        "services.x-web.privileged: it can change the host itself",
    );
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
    };
    assert_eq!(judge.model(&model), Vec::<String>::new());
}
