//! Goes through a model, key by key.

use serde_json::Value;

use super::refusals::{Judge, Refusals};
use super::values::entries;
use super::{parts, service};

impl Judge<'_> {
    /// Returns a line for each thing that is refused, each with its key and why. Reads links of
    /// the repo.
    pub fn model(&self, model: &Value) -> Vec<String> {
        let (judge, found) = (*self, Vec::new());
        let mut refusals = Refusals { judge, found };
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
