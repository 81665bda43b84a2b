//! `tcp`: something listens in the container, not merely in Docker's forwarder.

use e2e_harness::protocol;

use super::address::{Address, bracketed};
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
            address: format!("{}:{port}", bracketed(host)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Grpc;

    #[test]
    fn tests_find_an_ipv6_address_in_brackets() {
        let address: Address = "[::1]:80".parse().expect("an address");
        let expected = "[::1]:8080".to_owned();
        let tcp = Tcp(address.clone()).for_tests("::1", 8080);
        assert_eq!(
            tcp,
            protocol::Probe::Tcp {
                address: expected.clone()
            }
        );
        let service = None;
        let grpc = Grpc {
            address,
            service: None,
        }
        .for_tests("::1", 8080);
        assert_eq!(
            grpc,
            protocol::Probe::Grpc {
                address: expected,
                service
            }
        );
    }
}
