//! Networks, volumes, secrets and configs: made for the sandbox, of the repo's files.

use serde_json::Value;

use crate::spec::Lint;

use super::refusals::Refusals;
use super::values::{entries, named, shown};

pub(super) fn networks(refusals: &mut Refusals<'_>, all: &Value) {
    for (name, network) in named(Some(all)) {
        for (key, value) in entries(Some(network)) {
            let place = format!("networks.{name}.{key}");
            match key.as_str() {
                "name" | "attachable" | "enable_ipv4" | "enable_ipv6" | "internal" | "labels" => {}
                "driver" if value == "bridge" || value == "default" => {}
                "driver" => {
                    let why = format!("`{}` is a network of the host", shown(value));
                    refusals.refuse(&place, why);
                }
                "driver_opts" => bridge_options(refusals, &place, value),
                "ipam" => {
                    refusals.only(&place, value, &["config", "driver"]);
                    if value
                        .get("driver")
                        .is_some_and(|driver| driver != "default")
                    {
                        let why = "a program on the host assigns its addresses";
                        refusals.refuse(&format!("{place}.driver"), why);
                    }
                }
                "external" => refusals.refuse_unless(Lint::SharedObject, &place, NOT_OWNED),
                _ => refusals.unknown(&place),
            }
        }
    }
}

const NOT_OWNED: &str = "the sandbox does not own it, so others see changes to it";

/// Options of a bridge that open it to no other network.
fn bridge_options(refusals: &mut Refusals<'_>, place: &str, options: &Value) {
    const CLOSED: [&str; 5] = [
        // Not used: a host has each name once.
        "com.docker.network.bridge.name",
        "com.docker.network.bridge.enable_icc",
        "com.docker.network.bridge.enable_ip_masquerade",
        "com.docker.network.container_iface_prefix",
        "com.docker.network.driver.mtu",
    ];
    refusals.only(place, options, &CLOSED);
}

pub(super) fn volumes(refusals: &mut Refusals<'_>, all: &Value) {
    for (name, volume) in named(Some(all)) {
        for (key, value) in entries(Some(volume)) {
            let place = format!("volumes.{name}.{key}");
            match key.as_str() {
                "name" | "labels" => {}
                "driver" if value == "local" => {}
                "driver" => {
                    let why = format!("`{}` is a program on the host", shown(value));
                    refusals.refuse(&place, why);
                }
                "driver_opts" => local_options(refusals, &place, value),
                "external" => refusals.refuse_unless(Lint::SharedObject, &place, NOT_OWNED),
                _ => refusals.unknown(&place),
            }
        }
    }
}

/// What the local driver mounts: memory, or a folder of the repo.
fn local_options(refusals: &mut Refusals<'_>, place: &str, options: &Value) {
    refusals.only(place, options, &["type", "o", "device", "size"]);
    let text = |key: &str| options.get(key).map(shown).unwrap_or_default();
    let (kind, how, device) = (text("type"), text("o"), text("device"));
    let binds = how
        .split(',')
        .any(|option| matches!(option.trim(), "bind" | "rbind"));
    match kind.as_str() {
        "tmpfs" if !binds => {}
        "" if !binds && device.is_empty() => {}
        "" | "none" | "bind" if device.starts_with('/') && (binds || kind == "bind") => {
            refusals.mount(&format!("{place}.device"), &device);
        }
        _ => {
            // Not its options, which may have a password.
            let why = format!("it mounts `{kind}` on the host");
            refusals.refuse(place, why);
        }
    }
}

pub(super) fn contents(refusals: &mut Refusals<'_>, kind: &str, all: &Value) {
    for (name, definition) in named(Some(all)) {
        for (key, value) in entries(Some(definition)) {
            let place = format!("{kind}.{name}.{key}");
            match key.as_str() {
                "name" | "content" | "environment" | "labels" => {}
                "file" => refusals.path(&place, &shown(value)),
                "external" => refusals.refuse(&place, NOT_OWNED),
                _ => refusals.unknown(&place),
            }
        }
    }
}
