//! What `--strict` lets a stack have: what is on the lists here, with every path inside the repo.
//! All else is refused by name, also what only a later Compose knows.
//!
//! `check` and `plan` ask it, a run before it reaches a host ([`look`]), and `up` of every model
//! that the host's Compose reads ([`Judge::model`]). It knows no host.

mod build;
mod files;
mod look;
mod parts;
mod paths;
mod service;

use std::path::Path;

use serde_json::{Map, Value};

use crate::spec::Ports;

pub use files::files;
pub use look::{HELP, look, message};

/// Judges models of one repo.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    /// The repo's folder where the model was read.
    pub root: &'a str,
    /// The same folder on this machine, where links can be followed.
    pub here: &'a Path,
    /// Whether the addresses that are written down are used.
    pub ports: Ports,
}

impl Judge<'_> {
    /// Returns a line for each thing that is refused, each with its key and why. Reads links of
    /// the repo.
    ///
    /// ```
    /// use cargo_e2e::compose::strict::Judge;
    /// let judge = Judge {
    ///     root: "/repo",
    ///     here: std::path::Path::new("/repo"),
    ///     ports: cargo_e2e::spec::Ports::Isolated,
    /// };
    /// let model = serde_json::json!({ "services": { "db": { "runtime": "nvidia" } } });
    /// assert_eq!(
    ///     judge.model(&model),
    ///     ["services.db.runtime: `nvidia` is a program of the host"]
    /// );
    /// ```
    #[must_use]
    pub fn model(&self, model: &Value) -> Vec<String> {
        let mut refusals = Refusals {
            judge: *self,
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

/// What was refused so far.
struct Refusals<'a> {
    judge: Judge<'a>,
    found: Vec<String>,
}

impl Refusals<'_> {
    fn refuse(&mut self, place: &str, why: impl std::fmt::Display) {
        self.found.push(format!("{place}: {why}"));
    }

    fn unknown(&mut self, place: &str) {
        self.found
            .push(format!("{place}: `--strict` does not know this key"));
    }

    /// Refuses keys that are not on a list.
    fn only(&mut self, place: &str, value: &Value, known: &[&str]) {
        for (key, _) in entries(Some(value)) {
            if !known.contains(&key.as_str()) {
                self.unknown(&format!("{place}.{key}"));
            }
        }
    }

    /// Refuses a path that leads out of the repo.
    fn path(&mut self, place: &str, path: &str) {
        // Compose writes a dollar twice.
        let path = path.replace("$$", "$");
        if let Some(why) = paths::leads_out(self.judge.root, self.judge.here, &path) {
            self.refuse(place, why);
        }
    }
}

/// A mapping's entries that say something: neither empty ones nor extensions.
fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    named(value).filter(|(key, _)| !key.starts_with("x-"))
}

/// The same of a mapping whose keys are names that people gave.
fn named(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
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

/// A list's entries; one value is a list of one.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice)
        .iter()
}

/// A value as people wrote it.
fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

type Services = Map<String, Value>;

#[cfg(test)]
mod tests;
