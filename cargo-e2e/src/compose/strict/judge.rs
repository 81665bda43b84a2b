//! Goes through a model, key by key.

use std::path::Path;

use serde_json::Value;

use super::refusals::Refusals;
use super::values::entries;
use super::{parts, service};
use crate::spec::{Lint, Ports};

/// Judges models of one repo.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    /// The repo's folder where the model was read.
    pub root: &'a str,
    /// The same folder on this machine, where links can be followed.
    pub here: &'a Path,
    /// Whether the addresses that are written down are used.
    pub ports: Ports,
    /// What e2e.yml accepts.
    pub allow: &'a [Lint],
}

impl Judge<'_> {
    /// Returns a line for each thing that is refused, each with its key and why. Reads links of
    /// the repo.
    pub fn model(&self, model: &Value) -> Vec<String> {
        let mut refusals = Refusals {
            root: self.root,
            here: self.here,
            ports: self.ports,
            allow: self.allow,
            found: Vec::new(),
        };
        for (key, value) in entries(Some(model)) {
            match key.as_str() {
                "name" | "version" => {}
                "services" => service::all(&mut refusals, value),
                "networks" => parts::networks(&mut refusals, value),
                "volumes" => parts::volumes(&mut refusals, value),
                "secrets" | "configs" => parts::contents(&mut refusals, key, value),
                "models" => refusals.refuse(key, "models run outside the sandbox"),
                _ => refusals.unknown(key),
            }
        }
        refusals.found
    }
}
