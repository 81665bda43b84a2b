//! The `E2E_…` names: the contract between `cargo e2e`, which sets them, and tests, which read them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub mod control;
pub mod record;

/// `1` inside a sandbox, unset elsewhere.
pub const E2E: &str = "E2E";
/// The run's id: 26 lower-case characters that sort by time.
pub const RUN_ID: &str = "E2E_RUN_ID";
/// The compose project's name.
pub const PROJECT: &str = "E2E_PROJECT";
/// The repo's slug, `name` in e2e.yml.
pub const REPO: &str = "E2E_REPO";
/// The address at which published ports answer, as seen from the tests.
pub const HOST: &str = "E2E_HOST";
/// All endpoints as one JSON document.
pub const ENDPOINTS: &str = "E2E_ENDPOINTS";
/// Folder whose files are kept with the result.
pub const ARTIFACTS: &str = "E2E_ARTIFACTS";
/// Folder that stays for the next run of this repo on this machine.
pub const CACHE: &str = "E2E_CACHE";
/// File to which e2e-harness appends what happens, a JSON line each; of several tests of one name
/// the worst result counts, and `"attempt": 2` marks a retry.
pub const EVENTS: &str = "E2E_EVENTS";
/// Unix socket through which e2e-harness stops, starts and looks into services.
pub const CONTROL: &str = "E2E_CONTROL";
/// With `1`, tests of e2e-harness fail outside a sandbox, where they would otherwise be ignored.
pub const REQUIRED: &str = "E2E_REQUIRED";
/// The same as `E2E_PROJECT`, for scripts that call `docker compose` themselves; unset for tests on
/// the client of an ssh host.
pub const COMPOSE_PROJECT_NAME: &str = "COMPOSE_PROJECT_NAME";
/// What Compose was given to bring the stack up, beside it.
pub const COMPOSE_FILE: &str = "COMPOSE_FILE";
/// Internal: with `1`, a harness lists its tests in place of running them, after [`GREETING`].
pub const HELLO: &str = "E2E_HELLO";
/// What a harness that was started with [`HELLO`] prints as its first line; after it come the
/// names of its tests, one a line.
pub const GREETING: &str = "e2e-harness 1";

/// A transport protocol of a published port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Transport {
    /// `tcp` or `udp`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// One published port of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The compose service.
    pub service: String,
    /// The port inside the container.
    pub container_port: u16,
    /// The transport protocol.
    pub transport: Transport,
    /// The address at which it answers, as seen from the tests.
    pub host: String,
    /// The port at which it answers, as seen from the tests.
    pub port: u16,
}

impl Endpoint {
    /// `host:port`, with brackets around an IPv6 address.
    #[must_use]
    pub fn address(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }
}

/// The document in [`ENDPOINTS`]: every published port and every health check's address.
///
/// ```
/// use e2e_harness::protocol::{Endpoint, Endpoints, Transport};
///
/// let endpoints = Endpoints {
///     ports: vec![Endpoint {
///         service: "db".into(),
///         container_port: 5432,
///         transport: Transport::Tcp,
///         host: "127.0.0.1".into(),
///         port: 20417,
///     }],
///     health: [("api".to_owned(), "http://127.0.0.1:20418/healthz".to_owned())].into(),
///     checks: Vec::new(),
/// };
/// let variables = endpoints.variables();
/// assert!(variables.contains(&("E2E_DB_5432".into(), "127.0.0.1:20417".into())));
/// assert!(variables.contains(&("E2E_DB_PORT".into(), "20417".into())));
/// assert!(variables.contains(&("E2E_HEALTH_API".into(), "http://127.0.0.1:20418/healthz".into())));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Every published port, in the order of the compose file.
    pub ports: Vec<Endpoint>,
    /// Health check name → its URL or address, translated.
    pub health: BTreeMap<String, String>,
    /// Every health check, as a test can make it, in the order of e2e.yml.
    #[serde(default)]
    pub checks: Vec<Check>,
}

/// A health check of e2e.yml.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// The service that publishes its port, or in which it runs; none when no service does.
    pub service: Option<String>,
    /// What it asks.
    pub probe: Probe,
    /// Milliseconds that it may take.
    pub timeout_ms: u64,
}

/// What a health check asks, with addresses as seen from the tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Probe {
    /// GET, without following redirects.
    Http {
        /// The URL.
        url: String,
        /// The statuses that pass; empty: 200 to 399.
        expect_status: Vec<u16>,
    },
    /// Something listens.
    Tcp {
        /// `host:port`.
        address: String,
    },
    /// `grpc.health.v1` says `SERVING`.
    Grpc {
        /// `host:port`.
        address: String,
        /// The gRPC service asked about; none: the server as a whole.
        service: Option<String>,
    },
    /// A command in the service ends with 0, or what else only `cargo e2e` can ask.
    Exec,
}

impl Probe {
    /// Returns the URL or the `host:port` that it asks; none where it asks no address.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::Http { url, .. } => Some(url),
            Self::Tcp { address } | Self::Grpc { address, .. } => Some(address),
            Self::Exec => None,
        }
    }
}

impl Endpoints {
    /// Returns the variables that tests and compose interpolation see, sorted by name.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut variables = BTreeMap::new();
        for endpoint in &self.ports {
            let service = env_name(&endpoint.service);
            let suffix = match endpoint.transport {
                Transport::Tcp => "",
                Transport::Udp => "_UDP",
            };
            let name = format!("E2E_{service}_{}{suffix}", endpoint.container_port);
            // Published twice: the lowest number wins, whatever the order in the file.
            let is_same = |other: &&Endpoint| {
                (&other.service, other.container_port, other.transport)
                    == (
                        &endpoint.service,
                        endpoint.container_port,
                        endpoint.transport,
                    )
            };
            let same = self.ports.iter().filter(is_same);
            let lowest = same.min_by_key(|at| at.port).unwrap_or(endpoint);
            variables.insert(name, lowest.address());
            variables
                .entry(format!("E2E_{service}_HOST"))
                .or_insert_with(|| lowest.host.clone());
            variables
                .entry(format!("E2E_{service}_PORT"))
                .or_insert_with(|| lowest.port.to_string());
        }
        for (name, address) in &self.health {
            variables.insert(format!("E2E_HEALTH_{}", env_name(name)), address.clone());
        }
        variables.into_iter().collect()
    }
}

/// Returns a service or health check name as it appears in a variable: ASCII letters in upper case,
/// every other character except digits a `_`.
///
/// ```
/// assert_eq!(e2e_harness::protocol::env_name("order-api.v2"), "ORDER_API_V2");
/// ```
#[must_use]
pub fn env_name(name: &str) -> String {
    name.to_ascii_uppercase()
        .replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// Returns the first two names that become the same variable name, in the order given.
///
/// ```
/// use e2e_harness::protocol::collision;
/// assert_eq!(collision(["api", "my-api", "my_api"]), Some(("my-api", "my_api")));
/// assert_eq!(collision(["api", "api"]), None); // the same name is not a collision
/// ```
pub fn collision<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<(&'a str, &'a str)> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for name in names {
        let earlier = *seen.entry(env_name(name)).or_insert(name);
        if earlier != name {
            return Some((earlier, name));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(service: &str, container_port: u16, transport: Transport, port: u16) -> Endpoint {
        Endpoint {
            service: service.into(),
            container_port,
            transport,
            host: "127.0.0.1".into(),
            port,
        }
    }

    #[test]
    fn a_port_published_twice_is_known_by_its_lowest_number() {
        let endpoints = Endpoints {
            ports: vec![
                port("web", 80, Transport::Tcp, 8081),
                port("web", 80, Transport::Tcp, 8080),
                port("web", 53, Transport::Udp, 5353),
            ],
            health: BTreeMap::new(),
            checks: Vec::new(),
        };
        let variables: BTreeMap<_, _> = endpoints.variables().into_iter().collect();
        assert_eq!(variables["E2E_WEB_80"], "127.0.0.1:8080");
        assert_eq!(variables["E2E_WEB_53_UDP"], "127.0.0.1:5353");
        assert_eq!(variables["E2E_WEB_PORT"], "8080");
    }

    #[test]
    fn ipv6_addresses_get_brackets() {
        let mut endpoint = port("db", 5432, Transport::Tcp, 5432);
        endpoint.host = "::1".into();
        assert_eq!(endpoint.address(), "[::1]:5432");
    }
}
