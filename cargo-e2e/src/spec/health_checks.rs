//! `health_checks`: how each is asked, and what they must agree on.

use std::collections::HashMap;
use std::time::Duration;

use e2e_harness::protocol::env_name;
use serde_json::{Value, json};
use url::Url;

use super::decoder::{Decoder, Place};
use super::keys::listed;
use super::level::{Level as _, Type, level, read};
use super::node::{Kind, Node};
use super::probes::{ADDRESS, EXEC, GRPC_SERVICE_NAME, STATUSES, URL};
use super::source::{Spot, quoted};
use super::types::{LINE, SERVICE_NAME, TIMEOUT, list_of};
use crate::probe::{Address, Exec, Grpc, Http, Probe, Tcp};

/// One entry of `health_checks`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    /// As written. Unique, also as [`env_name`](e2e_harness::protocol::env_name).
    pub name: String,
    /// How it is asked.
    pub probe: Probe,
    /// How long to wait for it; 60 seconds by default.
    pub timeout: Duration,
}

level! {
    "a health check"
    /// One entry, as it is written.
    struct Written {
        /// Unique, also as `E2E_HEALTH_<NAME>`; required.
        name: Option<String> = NAME;
        /// Passes on 2xx and 3xx; redirects are not followed.
        url: Option<Url> = URL;
        /// Passes when something listens in the container.
        tcp: Option<Address> = ADDRESS;
        /// Passes when grpc.health.v1 says `SERVING`; without TLS.
        grpc: Option<Address> = ADDRESS;
        /// A command that exits with 0 in the container of `service`; no shell reads it.
        exec: Option<Vec<String>> = EXEC;
        /// The compose service of `exec`.
        service: Option<String> = SERVICE_NAME;
        /// Narrows `url`.
        expect_status: Vec<u16> = STATUSES;
        /// Narrows `grpc` to this service.
        grpc_service: Option<String> = GRPC_SERVICE_NAME;
        /// Time to pass.
        timeout: Duration = TIMEOUT, "60";
    }
}

/// The keys of a health check of which it has exactly one.
const PROBES: [&str; 4] = ["url", "tcp", "grpc", "exec"];
/// Keys that have a meaning beside one probe only.
const GOES_WITH: [(&str, &str); 3] = [
    ("service", "exec"),
    ("expect_status", "url"),
    ("grpc_service", "grpc"),
];

const NAME: Type<String> = Type::new("text", LINE.shape.schema, |decoder, place, node| {
    decoder.line(place, "a name", node).map(str::to_owned)
});

pub(super) const HEALTH_CHECKS: Type<Vec<HealthCheck>> =
    Type::new("list", schema, health_checks).with_keys(Written::KEYS);

fn schema() -> Value {
    let mut item = Written::KEYS.schema();
    let mut goes_with = json!({"exec": ["service"]});
    for (key, probe) in GOES_WITH {
        goes_with[key] = json!([probe]);
    }
    item.insert("required".to_owned(), json!(["name"]));
    item.insert(
        "oneOf".to_owned(),
        PROBES.map(|probe| json!({"required": [probe]})).into(),
    );
    item.insert("dependentRequired".to_owned(), goes_with);
    list_of(&item.into())
}

fn health_checks(
    decoder: &mut Decoder<'_>,
    place: Place<'_>,
    node: &Node,
) -> Option<Vec<HealthCheck>> {
    let Kind::List(items) = &node.kind else {
        let help = "begin each with `- name: …`".to_owned();
        return decoder.refuse(place, "a list", node, Some(help));
    };
    let mut names = HashMap::new();
    let mut checks = Vec::new();
    for item in items {
        let place = Place {
            spot: item.spot,
            ..place
        };
        let Some(written) = read::<Written>(decoder, place, item) else {
            continue;
        };
        one_probe(decoder, item);
        if Written::KEYS.lacks(item, "name") {
            let help = "each has a `name` and one probe".to_owned();
            decoder.report(item.spot, "this health check has no `name`", Some(help));
        }
        if let Some(name) = item.get("name") {
            unique_name(decoder, &mut names, name);
        }
        checks.extend(written.read());
    }
    Some(checks)
}

impl Written {
    /// Returns none of what lacks something; that was reported.
    fn read(self) -> Option<HealthCheck> {
        let probe = if let Some(url) = self.url {
            let expect_status = self.expect_status;
            Probe::Http(Http { url, expect_status })
        } else if let Some(address) = self.tcp {
            Probe::Tcp(Tcp(address))
        } else if let Some(address) = self.grpc {
            let service = self.grpc_service;
            Probe::Grpc(Grpc { address, service })
        } else {
            let (command, service) = (self.exec?, self.service?);
            Probe::Exec(Exec { command, service })
        };
        Some(HealthCheck {
            name: self.name?,
            probe,
            timeout: self.timeout,
        })
    }
}

/// Reports names that are the same, also as variables. `names` has those before, by variable.
fn unique_name<'n>(
    decoder: &mut Decoder<'_>,
    names: &mut HashMap<String, &'n str>,
    name: &'n Node,
) {
    let Some(text) = name.text().filter(|text| !text.trim().is_empty()) else {
        return;
    };
    let mapped = env_name(text);
    match names.get(&mapped) {
        Some(first) if *first == text => {
            let message = format!("two health checks are named {}", quoted(text));
            decoder.report(name.spot, message, None);
        }
        Some(first) => {
            let message = format!(
                "health checks {} and {} would both set `E2E_HEALTH_{mapped}`",
                quoted(first),
                quoted(text)
            );
            let help = "only letters A-Z and digits count, in either case".to_owned();
            decoder.report(name.spot, message, Some(help));
        }
        None => {
            names.insert(mapped, text);
        }
    }
}

/// Reports where there is not exactly one probe, with what belongs to it.
fn one_probe(decoder: &mut Decoder<'_>, item: &Node) {
    let key_spot = |key: &str| item.entry(key).map(|(key, _)| key.spot);
    let probes = PROBES.into_iter();
    let written: Vec<(&str, Spot)> = probes
        .filter_map(|probe| Some((probe, key_spot(probe)?)))
        .collect();
    match written.as_slice() {
        [] => {
            if PROBES.iter().all(|probe| Written::KEYS.lacks(item, probe)) {
                let help = format!("add one of {}", listed(&PROBES, "or"));
                decoder.report(item.spot, "this health check has no probe", Some(help));
            }
        }
        [_] => {}
        several => {
            let keys: Vec<&str> = several.iter().map(|(key, _)| *key).collect();
            let last = several.iter().map(|(_, spot)| *spot).max();
            let message = format!(
                "a health check has one probe, this one has {}",
                listed(&keys, "and")
            );
            let help = "write one health check for each".to_owned();
            decoder.report(last.unwrap_or(item.spot), message, Some(help));
        }
    }
    let has = |key: &str| key_spot(key).is_some();
    for (key, probe) in GOES_WITH {
        if let Some(spot) = key_spot(key)
            && !has(probe)
            && !written.is_empty()
        {
            let message = format!("`{key}` is valid only with `{probe}`");
            decoder.report(spot, message, Some("remove it".to_owned()));
        }
    }
    if let Some(spot) = key_spot("exec")
        && !has("service")
    {
        let help = "add `service: <name>`, the compose service in which it runs".to_owned();
        decoder.report(spot, "`exec` needs a `service`", Some(help));
    }
}
