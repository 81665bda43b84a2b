//! Published ports: at which address and number each of them answers instead.

use e2e_harness::protocol::Transport;
use serde_json::{Value, json};

use super::isolate::text;

/// Which numbers published ports get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortRule<'a> {
    /// The numbers as written.
    Declared,
    /// These, in the order of the model's ports: [`count`] of them.
    Isolated(&'a [u16]),
}

/// One published port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The compose service.
    pub service: String,
    /// The port inside the container.
    pub container_port: u16,
    /// The transport protocol.
    pub transport: Transport,
    /// The number in the compose file, which is what `localhost:PORT` in a health check means.
    pub declared: Option<u16>,
    /// The host's address at which it answers.
    pub address: String,
    /// The number at which it answers; none when Docker chooses one.
    pub port: Option<u16>,
}

/// How many numbers of its own a model needs.
#[must_use]
pub fn count(model: &Value) -> usize {
    let services = model["services"].as_object().into_iter().flatten();
    services
        .filter_map(|(_, service)| service["ports"].as_array())
        .flatten()
        .filter(|port| port.is_object())
        .count()
}

/// What became of one entry of `ports`.
pub(super) struct Entry {
    /// What stands in the model instead: one for each address.
    pub(super) instead: Vec<Value>,
    /// How it is known to tests; none when the container's port is not a number.
    pub(super) published: Option<Published>,
    /// For `plan`; none when it stays as it was.
    pub(super) change: Option<String>,
}

/// The numbers that are still to be given out.
pub(super) struct Publisher<'a> {
    rule: PortRule<'a>,
    given: usize,
    ipv6: bool,
}

impl<'a> Publisher<'a> {
    pub(super) fn new(rule: PortRule<'a>, ipv6: bool) -> Self {
        Self {
            rule,
            given: 0,
            ipv6,
        }
    }

    /// Rewrites one entry of a service's `ports`.
    pub(super) fn publish(&mut self, service: &str, port: &Value) -> Entry {
        let Some(definition) = port.as_object() else {
            return Entry {
                instead: vec![port.clone()],
                published: None,
                change: None,
            };
        };
        let address = text(port, "host_ip").filter(|address| !address.is_empty());
        let declared = text(port, "published").and_then(|number| number.parse::<u16>().ok());
        let declared = declared.filter(|number| *number != 0);
        let at = |address: &str, number: Option<u16>| {
            let mut here = definition.clone();
            here.insert("host_ip".into(), json!(address));
            if let Some(number) = number {
                here.insert("published".into(), json!(number.to_string()));
            }
            Value::Object(here)
        };
        let shown = declared.map_or_else(
            || "without a number".to_owned(),
            |number| number.to_string(),
        );
        let (instead, answers, number, change) = match (self.rule, &address) {
            (PortRule::Isolated(numbers), _) => {
                let number = numbers.get(self.given).copied();
                self.given += 1;
                let change = match number {
                    Some(number) => format!(
                        "port {shown} becomes 127.0.0.1:{number}, a free one of this sandbox's own"
                    ),
                    None => format!(
                        "port {shown} becomes a free one of this sandbox's own on 127.0.0.1"
                    ),
                };
                (
                    vec![at("127.0.0.1", number)],
                    "127.0.0.1".to_owned(),
                    number,
                    Some(change),
                )
            }
            (PortRule::Declared, Some(address)) => {
                (vec![port.clone()], reachable(address), declared, None)
            }
            (PortRule::Declared, None) => {
                let mut both = vec![at("127.0.0.1", None)];
                // Without a number the two addresses would get different ones.
                if declared.is_some() && self.ipv6 {
                    both.push(at("::1", None));
                }
                let change =
                    format!("port {shown} is published on this host alone, not to its network");
                (both, "127.0.0.1".to_owned(), declared, Some(change))
            }
        };
        let container_port = definition.get("target").and_then(Value::as_u64);
        let published = container_port
            .and_then(|port| u16::try_from(port).ok())
            .map(|container_port| Published {
                service: service.to_owned(),
                container_port,
                transport: match text(port, "protocol").as_deref() {
                    Some("udp") => Transport::Udp,
                    _ => Transport::Tcp,
                },
                declared,
                address: answers,
                port: number,
            });
        Entry {
            instead,
            published,
            change: change.map(|change| format!("{service}: {change}")),
        }
    }
}

/// The address at which a port that is published on this one answers.
fn reachable(address: &str) -> String {
    match address {
        "0.0.0.0" => "127.0.0.1".to_owned(),
        "::" => "::1".to_owned(),
        address => address.to_owned(),
    }
}
