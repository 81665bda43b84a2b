//! Addresses that a service tells its clients: they hold the number that was written down, which
//! is another one in a sandbox with ports of its own.

use serde_json::Value;

use super::model::{entries, items, pairs};
use super::ports::Published;

/// Returns every place that names `localhost:PORT` with a port that the file publishes.
pub(super) fn notes(model: &Value, published: &[Published]) -> Vec<String> {
    let mut notes = Vec::new();
    for (name, service) in entries(&model["services"]) {
        let mut look = |place: &str, text: &str| {
            for one in published {
                let Some(port) = one.declared.filter(|port| names(text, *port)) else {
                    continue;
                };
                let mode = service["network_mode"].as_str();
                if mode.is_some_and(|mode| one.answers_within(mode)) {
                    continue;
                }
                let variable = one.variable();
                let note = format!(
                    "{name}: {place} names localhost:{port}, but the sandbox publishes another port: write ${{{variable}:-localhost:{port}}} instead"
                );
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
        };
        for (variable, value) in pairs(&service["environment"]) {
            look(variable, value);
        }
        for key in ["command", "entrypoint"] {
            let words = items(&service[key]).chain([&service[key]]);
            words
                .filter_map(Value::as_str)
                .for_each(|word| look(key, word));
        }
    }
    notes
}

/// Returns whether a text names this port of this machine.
fn names(text: &str, port: u16) -> bool {
    ["localhost", "127.0.0.1"].iter().any(|host| {
        let address = format!("{host}:{port}");
        text.match_indices(&address).any(|(at, found)| {
            !text[at + found.len()..].starts_with(|c: char| c.is_ascii_digit())
                && !text[..at]
                    .ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-')
        })
    })
}
