//! `exec`: a command in a service's container exits with 0.

use e2e_harness::protocol;
use serde_json::json;

use super::{Kind, Target};
use crate::shell::{quote, quoted};

/// `exec: [pg_isready]` with its `service`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    /// The program and its arguments, at least one.
    pub command: Vec<String>,
    /// The compose service in which it runs.
    pub service: String,
}

impl Kind for Exec {
    fn address(&self) -> Option<(&str, u16)> {
        None
    }

    fn service(&self) -> Option<&str> {
        Some(&self.service)
    }

    fn call(&self, index: usize, _: Option<Target<'_>>, _: bool) -> String {
        format!(
            "exec_probe {index} {} {} {}",
            quote(&self.service),
            quote(&json!(self.command).to_string()),
            quoted(&self.command)
        )
    }

    fn describe(&self) -> String {
        format!("{} in {}", self.command.join(" "), self.service)
    }

    fn for_tests(&self, _: &str, _: u16) -> protocol::Probe {
        protocol::Probe::Exec
    }
}
