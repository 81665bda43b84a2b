//! What the model expects to be on the host already.

use std::fmt;

use serde_json::Value;

use super::model::entries;

/// A network or volume that the sandbox does not make.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct External {
    /// `network` or `volume`.
    pub kind: &'static str,
    /// Its key in the compose file.
    pub key: String,
    /// Its name on the host.
    pub name: String,
}

impl fmt::Display for External {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} {}", self.kind, self.name)
    }
}

pub fn externals(model: &Value) -> Vec<External> {
    let mut found = Vec::new();
    for (kind, all) in [("network", "networks"), ("volume", "volumes")] {
        for (key, definition) in entries(&model[all]) {
            if definition["external"] == true {
                let name = definition["name"].as_str().filter(|name| !name.is_empty());
                found.push(External {
                    kind,
                    key: key.clone(),
                    name: name.unwrap_or(key).to_owned(),
                });
            }
        }
    }
    found
}
