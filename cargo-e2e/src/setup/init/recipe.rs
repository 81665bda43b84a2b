//! Commands that are run together, and where they stand.

use std::path::Path;

/// The root of the repo, at the start of a path that does not depend on where it is used.
pub(super) const ROOT: &str = "@root@";

/// Where commands stand, the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Ci,
    Make,
    Package,
    Script,
    Prose,
}

/// Commands that are run together: a job, a target, a script.
#[derive(Debug, Clone)]
pub(super) struct Recipe {
    pub(super) kind: Kind,
    /// The file, relative to the root.
    pub(super) file: String,
    /// Which part of it.
    pub(super) name: String,
    pub(super) parts: Vec<Part>,
}

impl Recipe {
    pub(super) fn new(kind: Kind, file: &str, name: &str, parts: Vec<Part>) -> Self {
        Self {
            kind,
            file: file.to_owned(),
            name: name.to_owned(),
            parts,
        }
    }
}

/// One shell's script.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    pub(super) text: String,
    /// Where it is run, relative to the root; empty there.
    pub(super) folder: String,
    pub(super) environment: Vec<(String, String)>,
}

impl Part {
    pub(super) fn of(text: impl Into<String>, folder: &str) -> Self {
        Self {
            text: text.into(),
            folder: folder.to_owned(),
            environment: Vec::new(),
        }
    }

    /// Returns another script that is run in the same folder and environment.
    pub(super) fn with(&self, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..self.clone()
        }
    }
}

/// One command with where it is run.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Where it stands itself, also in a recipe of another kind that calls that one.
    pub(super) kind: Kind,
    pub(super) words: Vec<String>,
    pub(super) folder: String,
    pub(super) environment: Vec<(String, String)>,
    /// What is assigned before the command itself, or before the one that runs it.
    pub(super) assigned: Vec<(String, String)>,
}

/// The folder that a file lies in, relative to the root; empty there.
pub(super) fn parent(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path below a folder, with `.` and `..` resolved, as far as they stay within the root.
pub(super) fn join(folder: &str, path: &str) -> String {
    if Path::new(path).is_absolute() {
        return path.to_owned();
    }
    let (folder, path) = match path.strip_prefix(ROOT) {
        Some(below) => ("", below),
        None => (folder, path),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
