//! `host-gateway`: containers that reach published ports by way of the host.
//!
//! What is published on loopback alone does not answer there. The gateway of the sandbox's own
//! network is an address of the host that only this sandbox uses, so published ports answer on
//! it with the very numbers that were written down.

use serde_json::{Map, Value, json};

use super::model::on_host_network;
use super::ports::Published;
use super::subnets;

const WORD: &str = "host-gateway";

/// Returns whether a service asks for it.
pub fn is_asked_for(model: &Value) -> bool {
    services(model).any(|(_, service)| hosts(service).any(|value| value == WORD))
}

/// Returns the network whose gateway it becomes: the first own one of a service that asks.
pub fn network(model: &Value) -> Option<String> {
    services(model)
        .filter(|(_, service)| hosts(service).any(|value| value == WORD))
        .filter_map(|(_, service)| service["networks"].as_object())
        .flat_map(Map::keys)
        .find(|key| {
            let network = &model["networks"][key.as_str()];
            network["external"] != true && subnets::is_bridge(network)
        })
        .cloned()
}

/// Returns the gateway of a network with a subnet.
fn address(network: &Value) -> Option<String> {
    let pools = network["ipam"]["config"].as_array()?;
    let pool = pools
        .iter()
        .find(|pool| pool["subnet"].as_str().is_some_and(|net| net.contains('.')))?;
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
    let all = model.get_mut("services").and_then(Value::as_object_mut);
    for (name, service) in all.into_iter().flatten() {
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

fn services(model: &Value) -> impl Iterator<Item = (&String, &Value)> {
    model["services"].as_object().into_iter().flatten()
}

/// Returns the values of `extra_hosts`, which is a list of `HOST=VALUE` or a map.
fn hosts(service: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match &service["extra_hosts"] {
        Value::Array(list) => Box::new(
            list.iter()
                .filter_map(Value::as_str)
                .filter_map(|entry| Some(entry.split_once(['=', ':'])?.1)),
        ),
        Value::Object(map) => Box::new(map.values().filter_map(Value::as_str)),
        _ => Box::new(std::iter::empty()),
    }
}
