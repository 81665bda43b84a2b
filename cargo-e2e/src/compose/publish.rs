//! Rewrites published ports: at which address and number each of them answers instead.

use serde_json::{Value, json};

use super::model::text;
use super::ports::{PortRule, Published, published, written};

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
                    Some((_, range)) => {
                        format!("port {shown} becomes a free port of {address}:{range}")
                    }
                    None => format!("port {shown} becomes a free port on {address}"),
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
                let change = format!("port {shown} is published on the host's loopback only");
                (both, "127.0.0.1".to_owned(), exactly, exactly, Some(change))
            }
        };
        Entry {
            instead,
            published: published(service, port, answers, declared, given),
            change: change.map(|change| format!("{service}: {change}")),
        }
    }

    /// Returns the next numbers in a row, one for each container: the first, and all as Compose
    /// writes them.
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

/// Returns the address at which a port that is published on this one answers.
fn reachable(address: &str) -> String {
    match address {
        "0.0.0.0" => "127.0.0.1".to_owned(),
        "::" => "::1".to_owned(),
        address => address.to_owned(),
    }
}
