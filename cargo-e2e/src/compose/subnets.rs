//! Subnets, where Docker has none left of its own, or where an address must be known beforehand.

use serde_json::{Value, json};

use super::model::{entries, entries_mut, items};

/// Where subnets are taken from: host/sh/subnets.sh finds free ones in it.
pub const RANGE: &str = "10.208.0.0/12";

/// Returns the networks that have no addresses of their own, by key.
pub fn wanting(model: &Value) -> Vec<String> {
    entries(&model["networks"])
        .filter(|(_, network)| network["external"] != true && is_bridge(network))
        .filter(|(_, network)| {
            items(&network["ipam"]["config"]).all(|pool| pool.get("subnet").is_none())
        })
        .map(|(key, _)| key.clone())
        .collect()
}

/// Returns whether it is a bridge on this host, with addresses that Docker gives.
pub fn is_bridge(network: &Value) -> bool {
    let own_driver = network["ipam"]["driver"].as_str();
    matches!(network["driver"].as_str(), None | Some("" | "bridge"))
        && matches!(own_driver, None | Some("" | "default"))
}

/// Gives each of these networks a subnet.
pub fn assign(model: &mut Value, keys: &[String], subnets: &[String]) {
    for (key, subnet) in keys.iter().zip(subnets) {
        if let Some((_, network)) = entries_mut(model, "networks").find(|(name, _)| *name == key)
            && network.is_object()
        {
            let ipam = &mut network["ipam"];
            if !ipam.is_object() {
                *ipam = json!({});
            }
            ipam["config"] = json!([{ "subnet": subnet }]);
        }
    }
}

/// Returns whether `up` failed because Docker's own pools are exhausted.
pub fn are_exhausted(said: &str) -> bool {
    said.contains("could not find an available, non-overlapping IPv4 address pool")
        || said.contains("predefined address pools have been fully subnetted")
        || said.contains("no available network")
}

/// Returns whether another process took one of them first.
pub fn overlap(said: &str) -> bool {
    said.contains("Pool overlaps with other one on this address space")
        || said.contains("invalid pool request")
}
