//! How a health check is asked: one file a kind, each with what it is made of, where it asks, the
//! line that asks it on the host, and how people and tests are told of it.
//!
//! `spec` reads them from e2e.yml, `run` asks them. Nothing here knows YAML, Compose or a host.

mod address;
mod exec;
mod grpc;
mod http;
mod tcp;

use std::fmt;

use e2e_harness::protocol;

pub use address::Address;
pub use exec::Exec;
pub use grpc::Grpc;
pub use http::Http;
pub use tcp::Tcp;

/// How a health check is asked, always from the sandbox host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// `url`: an HTTP request.
    Http(Http),
    /// `tcp`: something listens there.
    Tcp(Tcp),
    /// `grpc`: `grpc.health.v1` says that it serves.
    Grpc(Grpc),
    /// `exec`: a command that exits with 0.
    Exec(Exec),
}

/// Where a published port really answers.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The compose service behind it.
    pub service: &'a str,
    /// Its port in the container.
    pub container_port: u16,
    /// Of the host.
    pub address: &'a str,
    /// On the host.
    pub port: u16,
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", address::bracketed(self.address), self.port)
    }
}

/// What every kind of probe can say of itself.
pub trait Kind {
    /// Returns the host and port that it asks, as they are written; none where it asks no address.
    fn address(&self) -> Option<(&str, u16)>;

    /// Returns the compose service that it names.
    fn service(&self) -> Option<&str> {
        None
    }

    /// Returns the line of the host's script that asks. `at` is where the address is published;
    /// `reachable` is whether the host reaches containers at their own addresses.
    fn call(&self, index: usize, at: Option<Target<'_>>, reachable: bool) -> String;

    /// Says what it asks, for people.
    fn describe(&self) -> String;

    /// Returns it as tests can make it, with the address at which they find it.
    fn for_tests(&self, host: &str, port: u16) -> protocol::Probe;
}

impl Probe {
    /// Returns what all kinds can say.
    pub fn kind(&self) -> &dyn Kind {
        match self {
            Self::Http(probe) => probe,
            Self::Tcp(probe) => probe,
            Self::Grpc(probe) => probe,
            Self::Exec(probe) => probe,
        }
    }
}
