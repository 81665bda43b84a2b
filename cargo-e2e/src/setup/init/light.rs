//! A light look at a compose file, for machines without Compose: services, their published ports
//! and health checks, in the shape of Compose's own model. What it does not understand, it leaves
//! out; a host reads the file properly.

use std::path::Path;

use regex::Captures;
use serde_json::{Map, Value, json};

use super::error::InitError;
use crate::text::LazyRegex;

/// The services of all files; a later file's ports are added, its health check replaces.
pub(crate) fn model(root: &Path, files: &[String]) -> Result<Value, InitError> {
    let mut services: Map<String, Value> = Map::new();
    for file in files {
        let path = root.join(file);
        let text = std::fs::read_to_string(&path).map_err(|source| InitError::File {
            path: path.clone(),
            source,
        })?;
        let refused = |reason: String| InitError::Refused {
            file: file.clone(),
            reason,
        };
        let mut read: serde_yaml::Value =
            serde_yaml::from_str(&text).map_err(|error| refused(error.to_string()))?;
        let _ = read.apply_merge();
        let all = read["services"]
            .as_mapping()
            .ok_or_else(|| refused("it has no services".to_owned()))?;
        for (name, definition) in all {
            let Some(name) = name.as_str() else { continue };
            // Not up unless it is asked for.
            if definition["profiles"].as_sequence().is_some() {
                continue;
            }
            let service = services.entry(name).or_insert_with(|| json!({"ports": []}));
            let entries = definition["ports"].as_sequence().into_iter().flatten();
            if let Some(ports) = service["ports"].as_array_mut() {
                ports.extend(entries.flat_map(port));
            }
            let probe = &definition["healthcheck"]["test"];
            if let Ok(probe) = serde_json::to_value(probe)
                && !probe.is_null()
            {
                // A text is for a shell.
                let words = match probe {
                    Value::String(command) => json!(["CMD-SHELL", command]),
                    list => list,
                };
                service["healthcheck"] = json!({ "test": words });
            }
        }
    }
    Ok(json!({ "services": services }))
}

/// The long form of one entry, one for each port of a range.
fn port(entry: &serde_yaml::Value) -> Vec<Value> {
    let scalar = |value: &serde_yaml::Value| match value {
        serde_yaml::Value::String(text) => Some(fill(text)),
        serde_yaml::Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    if entry.is_mapping() {
        let target = scalar(&entry["target"]).and_then(|port| port.parse::<u16>().ok());
        let Some(target) = target else {
            return Vec::new();
        };
        let mut long = json!({ "target": target });
        for key in ["published", "protocol", "host_ip"] {
            if let Some(value) = scalar(&entry[key]) {
                long[key] = json!(value);
            }
        }
        return vec![long];
    }
    let Some(text) = scalar(entry) else {
        return Vec::new();
    };
    let (rest, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
    let (published, target) = match rest.rsplit_once(':') {
        Some((before, target)) => {
            // `127.0.0.1:80:80` and `[::1]:80:80`: what stands before the number is an address.
            let published = before.rsplit_once(':').map_or(before, |(_, number)| number);
            (published, target)
        }
        None => ("", rest),
    };
    let (published, target) = (range(published), range(target));
    target
        .iter()
        .enumerate()
        .map(|(at, target)| match published.get(at) {
            Some(published) => json!({
                "target": target, "published": published.to_string(), "protocol": protocol,
            }),
            None => json!({ "target": target, "protocol": protocol }),
        })
        .collect()
}

/// `80` or `3000-3002`; empty when it is neither.
fn range(text: &str) -> Vec<u16> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) => (first..=last).take(100).collect(),
        _ => Vec::new(),
    }
}

/// Fills variables from the environment or their default.
fn fill(text: &str) -> String {
    static VARIABLE: LazyRegex = LazyRegex::new(
        r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?-([^}]*))?[^}]*\}|\$([A-Za-z_][A-Za-z0-9_]*)",
    );
    let filled = VARIABLE.replace_all(text, |found: &Captures<'_>| {
        let name = found.get(1).or_else(|| found.get(3));
        let set = name.and_then(|name| std::env::var(name.as_str()).ok());
        let default = || found.get(2).map_or("", |text| text.as_str()).to_owned();
        set.filter(|value| !value.is_empty())
            .unwrap_or_else(default)
    });
    filled.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(entries: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("services: {{web: {{image: x, ports: {entries}}}}}");
        std::fs::write(folder.path().join("compose.yml"), text).unwrap();
        let model = model(folder.path(), &["compose.yml".to_owned()]).unwrap();
        let ports = model["services"]["web"]["ports"].as_array().unwrap();
        let shown = ports.iter().map(|port| {
            let published = port["published"].as_str().unwrap_or("?");
            format!("{published}>{}", port["target"])
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ports_are_read_in_every_form() {
        for (written, read) in [
            ("['8080:80', 9000, '443/tcp']", "8080>80 ?>9000 ?>443"),
            (
                "['127.0.0.1:5432:5432', '[::1]:53:53/udp']",
                "5432>5432 53>53",
            ),
            ("['3000-3002:80-82']", "3000>80 3001>81 3002>82"),
            ("['${NO_SUCH_PORT_HERE:-8081}:80']", "8081>80"),
            (
                "[{target: 80, published: 8082}, {target: 81}]",
                "8082>80 ?>81",
            ),
            ("[what, '70000:70000', [], {}]", ""),
        ] {
            assert_eq!(ports(written), read, "{written}");
        }
    }
}
