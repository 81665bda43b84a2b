//! Reads a model's values, whatever form of several they have.

use serde_json::Value;

/// Returns a mapping's entries that say something: neither empty ones nor extensions.
pub(super) fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    named(value).filter(|(key, _)| !key.starts_with("x-"))
}

/// Returns the same of a mapping whose keys are names that people gave.
pub(super) fn named(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    let all = value.and_then(Value::as_object);
    all.into_iter()
        .flatten()
        .filter(|(_, value)| !is_empty(value))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// Returns a list's entries; one value is a list of one.
pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice)
        .iter()
}

/// Returns a value as people wrote it.
pub(super) fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
