//! One row for each way out of a build, and beside the services.

use serde_json::json;

use super::{refused, rows, web};

/// A key of a build, what it says, and what is said of that.
const BUILDS: &str = r#"
context | {"context": "/src"} | : /src is outside the repo
context | {"context": "/repo/link"} | : link is a link to /etc, outside the repo
context | {"context": "git@host:x/y.git"} | : the host's own keys fetch it
context | {"context": "ssh://host/x.git"} | : the host's own keys fetch it
context | "/src" | : /src is outside the repo
dockerfile | {"context": "/repo/a", "dockerfile": "../../Dockerfile"} | : /repo/a/../../Dockerfile is outside the repo
dockerfile | {"context": "/repo/a", "dockerfile": "/etc/Dockerfile"} | : /etc/Dockerfile is outside the repo
additional_contexts | {"additional_contexts": {"x-keys": "/root/.ssh"}} | .x-keys: /root/.ssh is outside the repo
additional_contexts | {"additional_contexts": {"oci": "oci-layout:///srv"}} | .oci: /srv is outside the repo
ssh | {"ssh": ["default"]} | : keys are the host's own
privileged | {"privileged": true} | : it can change the host itself
entitlements | {"entitlements": ["security.insecure"]} | : it gives the build access to the host that builds lack
network | {"network": "host"} | : `host` is outside the sandbox
network | {"network": "container:theirs"} | : `container:theirs` is outside the sandbox
cache_to | {"cache_to": ["type=local,dest=/srv"]} | : /srv is outside the repo
cache_to | {"cache_to": ["type=s3,secret_access_key=hidden"]} | : `type=s3` is outside the sandbox
cache_to | {"cache_to": ["type=inline,type=local,dest=/srv"]} | : `--strict` does not know this kind of cache
cache_from | {"cache_from": ["type=local,src=../../x"]} | : ../../x is outside the repo
cache_from | {"cache_from": ["\"type=local\",\"src=/srv\""]} | : `--strict` does not know this kind of cache
foo | {"foo": 1} | : `--strict` does not know this key
"#;

/// A part of the model with its name, what it says, and what is said of that.
const PARTS: &str = r#"
secrets.s | {"file": "/var/run/docker.sock"} | .file: /var/run/docker.sock gives it root on the host
secrets.x-s | {"file": "/root/.ssh/id"} | .file: /root/.ssh/id is outside the repo
secrets.s | {"driver": "x"} | .driver: `--strict` does not know this key
configs.c | {"file": "/etc/passwd"} | .file: /etc/passwd is outside the repo
configs.c | {"external": true} | .external: the sandbox does not own it, so others see changes to it
volumes.x-v | {"driver_opts": {"type": "none", "o": "bind", "device": "/srv"}} | .driver_opts.device: /srv is outside the repo
volumes.v | {"driver_opts": {"type": "none", "o": "rw,bind", "device": "/repo/link"}} | .driver_opts.device: link is a link to /etc, outside the repo
volumes.v | {"driver_opts": {"type": "overlay", "o": "lowerdir=/etc", "device": "overlay"}} | .driver_opts: it mounts `overlay` on the host
volumes.v | {"driver_opts": {"type": "cifs", "o": "password=hidden", "device": "//nas/x"}} | .driver_opts: it mounts `cifs` on the host
volumes.v | {"driver_opts": {"type": "ext4", "device": "/dev/sda1"}} | .driver_opts: it mounts `ext4` on the host
volumes.v | {"driver_opts": {"type": "tmpfs", "o": "bind", "device": "/etc"}} | .driver_opts: it mounts `tmpfs` on the host
volumes.v | {"driver_opts": {"novel": "1"}} | .driver_opts.novel: `--strict` does not know this key
volumes.v | {"driver": "rclone"} | .driver: `rclone` is a program on the host
volumes.v | {"external": true} | .external: the sandbox does not own it, so others see changes to it
networks.x-n | {"external": true} | .external: the sandbox does not own it, so others see changes to it
networks.n | {"driver": "macvlan"} | .driver: `macvlan` is a network of the host
networks.n | {"driver": "host"} | .driver: `host` is a network of the host
networks.n | {"ipam": {"driver": "dhcp"}} | .ipam.driver: a program on the host assigns its addresses
networks.n | {"driver_opts": {"com.docker.network.bridge.gateway_mode_ipv4": "routed"}} | .driver_opts.com.docker.network.bridge.gateway_mode_ipv4: `--strict` does not know this key
networks.n | {"foo": 1} | .foo: `--strict` does not know this key
services.x-web | {"privileged": true} | .privileged: it can change the host itself
"#;

#[test]
fn every_key_of_a_build_that_leads_out_is_refused() {
    for (key, build, said) in rows(BUILDS) {
        let line = format!("services.web.build.{key}{said}");
        refused(&build.to_string(), &web("build", &build), &line);
    }
}

#[test]
fn every_way_out_beside_the_services_is_refused() {
    for (place, value, said) in rows(PARTS) {
        let (kind, name) = place.split_once('.').expect("a kind and a name");
        let model = json!({ kind: { name: value } });
        refused(place, &model, &format!("{place}{said}"));
    }
    let said = "models: models run outside the sandbox";
    refused(
        "models",
        &json!({ "models": { "llm": { "model": "x" } } }),
        said,
    );
    let said = "foo: `--strict` does not know this key";
    refused("foo", &json!({ "foo": 1 }), said);
}
