//! Whether an image of a stack is built with git's own folder.

use super::stack::{Stack, services};
use super::tree::Tree;

/// Builders that take a version from git's tags.
const VERSIONED_BY_GIT: &str = "setuptools_scm setuptools-scm hatch-vcs uv-dynamic-versioning \
    poetry-dynamic-versioning versioningit";

/// Returns whether a service is built from a context in which `.git` is looked for.
pub(super) fn is_built_with_git(tree: &Tree, stack: &Stack) -> bool {
    let builds = stack.files.iter().any(|file| {
        let services = services(tree, file).unwrap_or_default();
        services.values().any(|one| one.get("build").is_some())
    });
    if !builds || tree.read(".dockerignore").lines().any(is_git) {
        return false;
    }
    let project = ["pyproject.toml", "setup.cfg", "setup.py"].map(|file| tree.read(file));
    let names = |word: &str| project.iter().any(|text| text.contains(word));
    VERSIONED_BY_GIT.split_whitespace().any(names)
        || tree.files.iter().any(|file| copies_git(tree, file))
}

fn is_git(line: &str) -> bool {
    line.trim().trim_matches('/') == ".git"
}

/// Returns whether a file is a Dockerfile that copies git's folder.
fn copies_git(tree: &Tree, file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.contains("Dockerfile")
        && tree.read(file).lines().any(|line| {
            let mut words = line.split_whitespace();
            matches!(words.next(), Some("COPY" | "ADD")) && words.any(is_git)
        })
}
