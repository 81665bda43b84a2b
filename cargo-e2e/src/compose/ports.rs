//! The ports that a model publishes, and the rule by which they get their numbers.

use e2e_harness::protocol::{Transport, env_name};
use serde_json::Value;

use super::model::{self, items, on_host_network, replicas, text};
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
    /// Makes the rule that e2e.yml asks for, with numbers of the sandbox's own.
    pub fn new(ports: Ports, own: &'a [u16]) -> Self {
        match ports {
            Ports::Declared => Self::Declared(own),
            Ports::Isolated => Self::Isolated(own),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    pub service: String,
    /// The port inside the container.
    pub container_port: u16,
    pub transport: Transport,
    /// The number in the compose file, which is what `localhost:PORT` in a health check means.
    pub declared: Option<u16>,
    /// The host's address at which it answers.
    pub address: String,
    /// The number at which it answers; none when Docker chooses one.
    pub port: Option<u16>,
}

impl Published {
    /// Returns the variable that holds where it answers.
    pub fn variable(&self) -> String {
        let suffix = match self.transport {
            Transport::Tcp => "",
            Transport::Udp => "_UDP",
        };
        let (service, port) = (env_name(&self.service), self.container_port);
        format!("E2E_{service}_{port}{suffix}")
    }

    /// Returns whether its number means its own container to a service with this `network_mode`,
    /// which is on the container's network.
    pub fn answers_within(&self, network_mode: &str) -> bool {
        let joins = network_mode.strip_prefix("service:") == Some(self.service.as_str());
        joins && self.declared == Some(self.container_port)
    }
}

/// Returns how many numbers in a row each published port of a model needs that gets one of its own:
/// one for each container.
pub fn groups(model: &Value, ports: Ports) -> Vec<usize> {
    entries(model)
        .filter(|(service, _)| !on_host_network(service))
        .filter(|(_, port)| port.is_object())
        .filter(|(_, port)| ports == Ports::Isolated || written(port).is_none())
        .map(|(service, _)| replicas(service))
        .collect()
}

/// Returns the numbers that a model's own ports keep, which are not free for others of it.
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

/// Returns every entry of `ports`, with its service.
fn entries(model: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    model::entries(&model["services"])
        .flat_map(|(_, service)| items(&service["ports"]).map(move |port| (service, port)))
}

/// Returns the number or range that an entry names.
pub(super) fn written(port: &Value) -> Option<String> {
    text(port, "published").filter(|number| !matches!(number.as_str(), "" | "0"))
}

/// Returns whether an address means the sandbox host itself.
pub fn is_here(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1" | "[::1]")
}

/// Returns a port of a service on the host's own network: it is where the service listens.
pub(super) fn of_the_host(service: &str, port: &Value) -> Option<Published> {
    let number = container_port(port)?;
    let answers = "127.0.0.1".to_owned();
    published(service, port, answers, Some(number), Some(number))
}

fn container_port(port: &Value) -> Option<u16> {
    u16::try_from(port.get("target")?.as_u64()?).ok()
}

pub(super) fn published(
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
