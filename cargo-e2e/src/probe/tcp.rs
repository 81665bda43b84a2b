//! `tcp`: something listens in the container, not merely in Docker's forwarder.

use e2e_harness::protocol;

use super::address::Address;
use super::{Kind, Target};
use crate::shell::quote;

/// `tcp: localhost:5432`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tcp(pub Address);

impl Kind for Tcp {
    fn address(&self) -> Option<(&str, u16)> {
        Some((&self.0.host, self.0.port))
    }

    fn call(&self, index: usize, at: Option<Target<'_>>, reachable: bool) -> String {
        match at {
            Some(at) if reachable => {
                let service = quote(at.service);
                format!("tcp_probe {index} {service} {}", at.container_port)
            }
            at => {
                let address = at.map_or_else(|| self.0.to_string(), |at| at.to_string());
                format!("direct_probe {index} {}", quote(&address))
            }
        }
    }

    fn describe(&self) -> String {
        format!("tcp {}", self.0)
    }

    fn for_tests(&self, host: &str, port: u16) -> protocol::Probe {
        protocol::Probe::Tcp {
            address: format!("{host}:{port}"),
        }
    }
}
