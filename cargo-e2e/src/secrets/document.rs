//! A JSON document without secrets.

use std::borrow::Cow;

use serde_json::Value;

use super::guess;
use super::mask::MASK;
use super::patterns::Patterns;
use crate::text::lists;

/// What stands below these are names that the stack's parts have, and its files are called by.
const NAMES: &str = "services networks volumes secrets configs depends_on Networks";

/// Masks every text and every key, and all that stands beside the name of a credential, however
/// short it is.
pub(super) fn mask(patterns: &Patterns, document: &mut Value) {
    beside_names(document);
    texts(patterns, document, false);
}

/// Masks `{"NAME": "value"}`, `"NAME=value"`, and passwords in URLs.
fn beside_names(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(masked) = assigned(text) {
                *text = masked;
            } else if let Cow::Owned(masked) = guess::without_passwords(text) {
                *text = masked;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(beside_names),
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::String(text) if guess::is_credential(name) && !text.is_empty() => {
                        MASK.clone_into(text);
                    }
                    _ => beside_names(value),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn assigned(text: &str) -> Option<String> {
    let (name, value) = guess::assignment(text)?;
    (!value.is_empty() && guess::is_credential(name)).then(|| format!("{name}={MASK}"))
}

/// `names`: whether the keys are names of the stack's parts, which stay.
fn texts(patterns: &Patterns, value: &mut Value, names: bool) {
    match value {
        Value::String(text) => {
            if let Some(masked) = masked(patterns, text) {
                *text = masked;
            }
        }
        Value::Array(items) => {
            for item in items {
                texts(patterns, item, false);
            }
        }
        Value::Object(map) => {
            for (name, value) in &mut *map {
                texts(patterns, value, lists(NAMES, name));
            }
            if !names && map.keys().any(|name| masked(patterns, name).is_some()) {
                let all = std::mem::take(map).into_iter();
                *map = all
                    .map(|(name, value)| (masked(patterns, &name).unwrap_or(name), value))
                    .collect();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn masked(patterns: &Patterns, text: &str) -> Option<String> {
    match patterns.mask(text.as_bytes()) {
        Cow::Borrowed(_) => None,
        Cow::Owned(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_stands_beside_a_credentials_name_goes() {
        let mut document = json!({
            "Env": ["POSTGRES_PASSWORD=x", "PATH=/bin", "EMPTY_TOKEN=", "URL=amqp://me:pw@mq/"],
            "environment": { "API_TOKEN": "y", "USER": "me" },
            "secrets": { "db_password": { "name": "kept" } },
        });
        beside_names(&mut document);
        assert_eq!(
            document,
            json!({
                "Env": ["POSTGRES_PASSWORD=***", "PATH=/bin", "EMPTY_TOKEN=", "URL=amqp://me:***@mq/"],
                "environment": { "API_TOKEN": "***", "USER": "me" },
                "secrets": { "db_password": { "name": "kept" } },
            })
        );
    }

    #[test]
    fn keys_are_masked_and_names_of_the_stacks_parts_are_not() {
        let patterns = Patterns::of(["warehouse-7"].into_iter());
        let mut document = json!({
            "services": { "warehouse-7": { "labels": { "of.warehouse-7": "in warehouse-7" } } },
        });
        mask(&patterns, &mut document);
        let masked = json!({ "services": { "warehouse-7": { "labels": { "of.***": "in ***" } } } });
        assert_eq!(document, masked);
    }
}
