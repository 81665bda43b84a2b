//! A repo, as far as folders and Cargo tell.

use std::path::{Path, PathBuf};

use super::targets::TestPackage;

/// Where a repo keeps its `e2e.yml`.
pub(super) const SPEC: &str = "e2e/e2e.yml";

/// A repo, or a member of a Cargo workspace, with an `e2e.yml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repo {
    /// The folder that is sent to the host, and to which the paths in `e2e.yml` are relative. Holds
    /// no symlink.
    pub root: PathBuf,
    /// The `e2e.yml`, an existing file. Absolute, and not resolved: it may be a symlink.
    pub spec_path: PathBuf,
    /// Where result bundles go; need not exist.
    pub results_dir: PathBuf,
    /// `None` when the folder belongs to no Cargo project.
    pub cargo: Option<CargoProject>,
    /// The host that a Cargo manifest names.
    pub host: Option<ConfiguredHost>,
}

impl Repo {
    /// Returns a folder as a repo that belongs to no Cargo project.
    pub fn without_cargo(root: PathBuf, spec_path: PathBuf) -> Self {
        Self {
            results_dir: root.join("e2e/results"),
            root,
            spec_path,
            cargo: None,
            host: None,
        }
    }

    /// Returns the e2e.yml's path as people know it: relative to the repo where it lies in it.
    pub fn spec_name(&self) -> &Path {
        let inside = self.spec_path.strip_prefix(&self.root);
        inside.unwrap_or(&self.spec_path)
    }

    /// Returns that path where it is another than e2e/e2e.yml: it tells the runs of one repo apart.
    pub fn other_spec(&self) -> Option<String> {
        let name = self.spec_name();
        (name != Path::new(SPEC)).then(|| name.to_string_lossy().into_owned())
    }
}

/// What Cargo says about a repo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CargoProject {
    /// The folder of the workspace's manifest; of the package's when there is no workspace.
    pub workspace_root: PathBuf,
    /// Where Cargo builds; need not exist.
    pub target_directory: PathBuf,
    /// The package whose folder the repo is, or is in; `None` in a virtual workspace's root.
    pub package: Option<String>,
    /// The package's test targets; in a virtual workspace's root those of every member that has
    /// end-to-end tests.
    pub tests: Vec<TestPackage>,
    /// In a virtual workspace's root, the members whose test target `e2e` is not made of
    /// e2e-harness, and which have no e2e.yml of their own.
    pub skipped: Vec<TestPackage>,
}

/// A host that is set in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredHost {
    /// As written, not empty.
    pub host: String,
    /// The table that it is from, such as `[package.metadata.e2e]`.
    pub source: &'static str,
}
