//! What a model has that `--strict` refuses, each with its place and why.

use std::path::Path;

use serde_json::Value;

use super::super::model::is_docker_socket;
use super::paths;
use super::values::entries;
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

/// Collects what is refused of one model.
pub(super) struct Refusals<'a> {
    pub(super) judge: Judge<'a>,
    pub(super) found: Vec<String>,
}

impl Refusals<'_> {
    pub(super) fn refuse(&mut self, place: &str, why: impl std::fmt::Display) {
        self.found.push(format!("{place}: {why}"));
    }

    /// Refuses what `check` warns of by this name, unless e2e.yml accepts that.
    pub(super) fn refuse_unless(&mut self, lint: Lint, place: &str, why: impl std::fmt::Display) {
        if !self.judge.allow.contains(&lint) {
            self.refuse(place, why);
        }
    }

    pub(super) fn unknown(&mut self, place: &str) {
        self.found
            .push(format!("{place}: `--strict` does not know this key"));
    }

    /// Refuses keys that are not on a list.
    pub(super) fn only(&mut self, place: &str, value: &Value, known: &[&str]) {
        for (key, _) in entries(Some(value)) {
            if !known.contains(&key.as_str()) {
                self.unknown(&format!("{place}.{key}"));
            }
        }
    }

    /// Refuses a path that a container gets and that leads out of the repo.
    pub(super) fn mount(&mut self, place: &str, path: &str) {
        let lint = if is_docker_socket(path) {
            Lint::DockerSocket
        } else {
            Lint::OutsidePath
        };
        if !self.judge.allow.contains(&lint) {
            self.path(place, path);
        }
    }

    /// Refuses a path that leads out of the repo.
    pub(super) fn path(&mut self, place: &str, path: &str) {
        // Compose writes a dollar twice.
        let path = path.replace("$$", "$");
        if let Some(why) = paths::leads_out(self.judge.root, self.judge.here, &path) {
            self.refuse(place, why);
        }
    }
}
