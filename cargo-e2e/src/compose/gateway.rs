//! `host-gateway`: containers that reach published ports by way of the host.
//!
//! What is published on loopback alone does not answer there. The gateway of the sandbox's own
//! network is an address of the host that only this sandbox uses, so published ports answer on
//! it with the very numbers that were written down.

use serde_json::{Value, json};

use super::model::{entries, entries_mut, items, on_host_network};
use super::ports::Published;
use super::subnets;

const WORD: &str = "host-gateway";

/// Returns whether a service asks for it.
pub fn is_asked_for(model: &Value) -> bool {
    asking(model).next().is_some()
}

fn asking(model: &Value) -> impl Iterator<Item = &Value> {
    let services = entries(&model["services"]).map(|(_, service)| service);
    services.filter(|service| hosts(service).any(|value| value == WORD))
}

/// Returns the network whose gateway it becomes: the first own one of a service that asks.
pub fn network(model: &Value) -> Option<String> {
    asking(model)
        .flat_map(|service| entries(&service["networks"]))
        .map(|(key, _)| key)
        .find(|key| {
            let network = &model["networks"][key.as_str()];
            network["external"] != true && subnets::is_bridge(network)
        })
        .cloned()
}

/// Returns the gateway of a network with a subnet.
fn address(network: &Value) -> Option<String> {
    let is_ipv4 = |pool: &&Value| pool["subnet"].as_str().is_some_and(|net| net.contains('.'));
    let pool = items(&network["ipam"]["config"]).find(is_ipv4)?;
    if let Some(gateway) = pool["gateway"].as_str() {
        return Some(gateway.to_owned());
    }
    let (net, _) = pool["subnet"].as_str()?.split_once('/')?;
    let net: std::net::Ipv4Addr = net.parse().ok()?;
    Some(std::net::Ipv4Addr::from(u32::from(net).checked_add(1)?).to_string())
}

/// Puts the gateway's address for the word, publishes there too, and returns it. Does nothing to a
/// network whose gateway is not known.
pub fn apply(model: &mut Value, key: &str, published: &[Published]) -> Option<String> {
    let address = address(&model["networks"][key])?;
    for (name, service) in entries_mut(model, "services") {
        match service.get_mut("extra_hosts") {
            Some(Value::Array(list)) => {
                for entry in list {
                    let host = entry.as_str().and_then(|entry| {
                        let (host, value) = entry.split_once(['=', ':'])?;
                        (value == WORD).then(|| host.to_owned())
                    });
                    if let Some(host) = host {
                        *entry = json!(format!("{host}={address}"));
                    }
                }
            }
            Some(Value::Object(map)) => {
                for value in map.values_mut().filter(|value| *value == WORD) {
                    *value = json!(address);
                }
            }
            _ => {}
        }
        if on_host_network(service) {
            continue;
        }
        if let Some(Value::Array(ports)) = service.get_mut("ports") {
            let declared = published.iter().filter(|one| &one.service == name);
            for (port, number) in declared.filter_map(|one| Some((one, one.declared?))) {
                ports.push(json!({
                    "mode": "ingress",
                    "host_ip": address,
                    "target": port.container_port,
                    "published": number.to_string(),
                    "protocol": port.transport,
                }));
            }
        }
    }
    Some(address)
}

/// Returns the values of `extra_hosts`, which is a list of `HOST=VALUE` or a map.
fn hosts(service: &Value) -> impl Iterator<Item = &str> {
    let listed = items(&service["extra_hosts"]).filter_map(Value::as_str);
    let listed = listed.filter_map(|entry| Some(entry.split_once(['=', ':'])?.1));
    let mapped = entries(&service["extra_hosts"]).filter_map(|(_, value)| value.as_str());
    listed.chain(mapped)
}
