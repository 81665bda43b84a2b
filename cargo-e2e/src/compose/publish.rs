//! Published ports: at which address and number each of them answers instead.

use e2e_harness::protocol::Transport;
use serde_json::{Value, json};

use super::isolate::text;
use crate::spec::Ports;

/// Which numbers published ports get. The slices are in the order of the model's ports: [`count`] of
/// them, each of the [`groups`] in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortRule<'a> {
    /// The numbers as written, and these for ports without one: Docker would choose another one
    /// whenever the container starts.
    Declared(&'a [u16]),
    /// These, whatever is written.
    Isolated(&'a [u16]),
}

impl<'a> PortRule<'a> {
    /// The rule that e2e.yml asks for, with numbers of the sandbox's own.
    #[must_use]
    pub fn new(ports: Ports, own: &'a [u16]) -> Self {
        match ports {
            Ports::Declared => Self::Declared(own),
            Ports::Isolated => Self::Isolated(own),
        }
    }
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

/// More containers than this of one service are nobody's test.
const MOST_REPLICAS: u64 = 1000;

/// How many numbers in a row each published port of a model needs that gets one of its own: one for
/// each container.
#[must_use]
pub fn groups(model: &Value, ports: Ports) -> Vec<usize> {
    entries(model)
        .filter(|(service, _)| !on_host_network(service))
        .filter(|(_, port)| port.is_object())
        .filter(|(_, port)| ports == Ports::Isolated || written(port).is_none())
        .map(|(service, _)| replicas(service))
        .collect()
}

/// How many numbers of its own a model needs.
#[must_use]
pub fn count(model: &Value, ports: Ports) -> usize {
    groups(model, ports).iter().sum()
}

/// The numbers that a model's own ports keep, which are not free for others of it.
#[must_use]
pub fn kept(model: &Value, ports: Ports) -> Vec<u16> {
    let number = |port: &Value| {
        let text = written(port)?;
        let (first, last) = text.split_once('-').unwrap_or((&text, &text));
        Some(first.parse().ok()?..=last.parse().ok()?)
    };
    entries(model)
        .filter_map(|(service, port)| {
            if on_host_network(service) {
                container_port(port).map(|port| port..=port)
            } else {
                number(port).filter(|_| ports == Ports::Declared)
            }
        })
        .flatten()
        .collect()
}

/// Every entry of `ports`, with its service.
fn entries(model: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    let services = model["services"].as_object().into_iter().flatten();
    services.flat_map(|(_, service)| {
        let ports = service["ports"].as_array().into_iter().flatten();
        ports.map(move |port| (service, port))
    })
}

/// The number or range that an entry names.
fn written(port: &Value) -> Option<String> {
    text(port, "published").filter(|number| !matches!(number.as_str(), "" | "0"))
}

/// How many containers a service has; one that has none now may be scaled later.
pub(super) fn replicas(service: &Value) -> usize {
    let several = [service.get("scale"), service["deploy"].get("replicas")];
    let most = several
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .max();
    usize::try_from(most.unwrap_or(1).clamp(1, MOST_REPLICAS)).unwrap_or(1)
}

/// Whether its ports are the host's own, whatever `ports` says.
pub(super) fn on_host_network(service: &Value) -> bool {
    service["network_mode"] == "host"
}

/// Whether an address means the sandbox host itself.
#[must_use]
pub fn is_here(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1" | "[::1]")
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

    /// Rewrites one entry of a service's `ports`; each of its containers gets a number.
    pub(super) fn publish(&mut self, service: &str, port: &Value, replicas: usize) -> Entry {
        let Some(definition) = port.as_object() else {
            return Entry {
                instead: vec![port.clone()],
                published: None,
                change: None,
            };
        };
        let address = text(port, "host_ip").filter(|address| !address.is_empty());
        let written = written(port);
        let number = |text: &str| text.parse::<u16>().ok().filter(|number| *number != 0);
        let at = |address: &str, number: Option<String>| {
            let mut here = definition.clone();
            here.insert("host_ip".into(), json!(address));
            if let Some(number) = number {
                here.insert("published".into(), json!(number));
            }
            Value::Object(here)
        };
        let shown = written.as_deref().unwrap_or("without a number");
        let exactly = written.as_deref().and_then(number);
        let own = match self.rule {
            PortRule::Isolated(numbers) => Some((numbers, "127.0.0.1")),
            PortRule::Declared(numbers) if written.is_none() => {
                Some((numbers, address.as_deref().unwrap_or("127.0.0.1")))
            }
            PortRule::Declared(_) => None,
        };
        let (instead, answers, declared, given, change) = match (own, &address) {
            (Some((numbers, address)), _) => {
                let own = self.next(numbers, replicas);
                let change = match &own {
                    Some((_, range)) => format!(
                        "port {shown} becomes {address}:{range}, a free one of this sandbox's own"
                    ),
                    None => format!(
                        "port {shown} becomes a free one of this sandbox's own on {address}"
                    ),
                };
                // Of a range, Docker takes the first number that is free.
                let declared = written
                    .as_deref()
                    .and_then(|written| number(written.split('-').next()?));
                let (first, range) = own.unzip();
                let instead = vec![at(address, range)];
                (instead, reachable(address), declared, first, Some(change))
            }
            (None, Some(address)) => {
                let answers = reachable(address);
                (vec![port.clone()], answers, exactly, exactly, None)
            }
            (None, None) => {
                let mut both = vec![at("127.0.0.1", None)];
                // Of a range, the two addresses would get different numbers.
                if exactly.is_some() && self.ipv6 {
                    both.push(at("::1", None));
                }
                let change =
                    format!("port {shown} is published on this host alone, not to its network");
                (both, "127.0.0.1".to_owned(), exactly, exactly, Some(change))
            }
        };
        Entry {
            instead,
            published: published(service, port, answers, declared, given),
            change: change.map(|change| format!("{service}: {change}")),
        }
    }

    /// The next numbers in a row, one for each container: the first, and all as Compose writes them.
    fn next(&mut self, numbers: &[u16], replicas: usize) -> Option<(u16, String)> {
        let own = numbers.get(self.given..self.given.saturating_add(replicas));
        self.given = self.given.saturating_add(replicas);
        // Docker gives each container the next free number of a range.
        let own = own?;
        let (first, last) = (*own.first()?, *own.last()?);
        let range = if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        };
        Some((first, range))
    }
}

/// A port of a service on the host's own network: it is where the service listens.
pub(super) fn of_the_host(service: &str, port: &Value) -> Option<Published> {
    let number = container_port(port)?;
    let answers = "127.0.0.1".to_owned();
    published(service, port, answers, Some(number), Some(number))
}

fn container_port(port: &Value) -> Option<u16> {
    u16::try_from(port.get("target")?.as_u64()?).ok()
}

fn published(
    service: &str,
    port: &Value,
    address: String,
    declared: Option<u16>,
    number: Option<u16>,
) -> Option<Published> {
    Some(Published {
        service: service.to_owned(),
        container_port: container_port(port)?,
        transport: match text(port, "protocol").as_deref() {
            Some("udp") => Transport::Udp,
            _ => Transport::Tcp,
        },
        declared,
        address,
        port: number,
    })
}

/// The address at which a port that is published on this one answers.
fn reachable(address: &str) -> String {
    match address {
        "0.0.0.0" => "127.0.0.1".to_owned(),
        "::" => "::1".to_owned(),
        address => address.to_owned(),
    }
}
