//! The test targets of a package that may be end-to-end tests.

use std::path::PathBuf;

use cargo_metadata::Package;

/// The target that counts when a manifest names none.
const DEFAULT: &str = "e2e";
/// The library by which a target is known as ours.
const LIBRARY: &str = "e2e-harness";

/// A package, as far as its end-to-end tests are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestPackage {
    pub name: String,
    pub version: String,
    /// Its `Cargo.toml`.
    pub manifest: PathBuf,
    /// What `tests` in `[package.metadata.e2e]` names; `None` where it names nothing.
    pub named: Option<Vec<String>>,
    /// The test targets that there are, sorted.
    pub targets: Vec<String>,
    /// Whether the package depends on e2e-harness, by whatever name.
    pub has_harness: bool,
}

impl TestPackage {
    pub(super) fn of(package: &Package, named: Option<Vec<String>>) -> Self {
        let targets = package.targets.iter().filter(|target| target.is_test());
        let mut targets: Vec<String> = targets.map(|target| target.name.clone()).collect();
        targets.sort();
        let mut libraries = package.dependencies.iter();
        Self {
            name: package.name.to_string(),
            version: package.version.to_string(),
            manifest: package.manifest_path.clone().into_std_path_buf(),
            named,
            targets,
            has_harness: libraries.any(|library| library.name == LIBRARY),
        }
    }

    pub fn folder(&self) -> PathBuf {
        let manifest = &self.manifest;
        manifest.parent().unwrap_or(manifest).to_path_buf()
    }

    /// Returns the targets that are meant to be run.
    pub fn wanted(&self) -> Vec<String> {
        let named = self.named.clone();
        named.unwrap_or_else(|| vec![DEFAULT.to_owned()])
    }

    /// Returns the targets that are meant to be run, exist, and can be made of e2e-harness.
    pub fn ready(&self) -> Vec<String> {
        let is_there = |name: &String| self.has_harness && self.targets.contains(name);
        self.wanted().into_iter().filter(is_there).collect()
    }

    /// Returns whether it has end-to-end tests, or says so: what makes it count in a workspace's
    /// root.
    pub fn counts(&self) -> bool {
        self.named.is_some() || (self.has_default() && self.has_harness)
    }

    /// Returns whether it seems to have end-to-end tests, but none that can run: what a workspace's
    /// root passes over.
    pub fn is_skipped(&self) -> bool {
        !self.counts() && self.has_default()
    }

    fn has_default(&self) -> bool {
        self.targets.iter().any(|target| target == DEFAULT)
    }
}
