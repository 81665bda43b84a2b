//! What `cargo metadata` knows, and our own tables in the manifests.

use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand, Package};
use serde_json::Value;

use super::error::FindError;
use super::model::{CargoProject, ConfiguredHost, Repo};
use super::paths::{canonical, existing, spec_in};
use super::targets::TestPackage;
use crate::spec::{did_you_mean, nearest};

/// One workspace; a package on its own is one, too.
pub(super) struct Manifests {
    metadata: Metadata,
    /// The manifest that was asked about; `None` when Cargo looked for one itself.
    asked: Option<PathBuf>,
}

impl Manifests {
    /// Returns the project of a manifest.
    pub(super) fn of(manifest: &Path) -> Result<Self, FindError> {
        let mut command = MetadataCommand::new();
        command.manifest_path(manifest);
        // Cargo reads its configuration, such as `target-dir`, from where it runs.
        let folder = manifest.parent().unwrap_or(manifest);
        Self::run(&mut command, folder, manifest, Some(manifest))
    }

    /// Returns the project that Cargo finds from a folder upwards.
    pub(super) fn around(folder: &Path) -> Result<Self, FindError> {
        Self::run(&mut MetadataCommand::new(), folder, folder, None)
    }

    /// Runs the Cargo that runs us (`$CARGO`), else the one in the path. Without dependencies,
    /// so nothing is resolved, fetched or written.
    fn run(
        command: &mut MetadataCommand,
        folder: &Path,
        named: &Path,
        asked: Option<&Path>,
    ) -> Result<Self, FindError> {
        // rustup would install the toolchain that a repo pins, for a question that any one answers.
        let command = command.no_deps().env("RUSTUP_AUTO_INSTALL", "0");
        let mut read = command.current_dir(folder).exec();
        if let Err(cargo_metadata::Error::CargoMetadata { stderr }) = &read
            && stderr.contains("is not installed")
        {
            // The pin counts from the folder upwards.
            read = command.current_dir("/").exec();
        }
        let metadata = read.map_err(|source| FindError::Cargo {
            manifest: named.to_path_buf(),
            source: Box::new(source),
        })?;
        let asked = asked.map(Path::to_path_buf);
        Ok(Self { metadata, asked })
    }

    pub(super) fn workspace_root(&self) -> PathBuf {
        self.metadata.workspace_root.clone().into_std_path_buf()
    }

    /// Returns the workspace's own packages, by name.
    pub(super) fn members(&self) -> impl Iterator<Item = &Package> {
        let mut members = self.metadata.workspace_packages();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        members.into_iter()
    }

    /// Returns the package of the manifest that was asked about; `None` when that one has no
    /// package.
    pub(super) fn nearest(&self) -> Option<&Package> {
        let asked = self.asked.as_deref()?.canonicalize().ok()?;
        self.members().find(|package| {
            let manifest = package.manifest_path.as_std_path();
            manifest.canonicalize().is_ok_and(|path| path == asked)
        })
    }

    /// Returns the member with a name.
    pub(super) fn package(&self, name: &str) -> Result<&Package, FindError> {
        self.members()
            .find(|package| package.name.as_str() == name)
            .ok_or_else(|| FindError::UnknownPackage {
                package: name.to_owned(),
                workspace: self.workspace_root(),
                nearest: nearest(name, self.members().map(|it| it.name.as_str()))
                    .map(str::to_owned),
            })
    }

    /// Returns a package's `e2e.yml`: the one in its folder, else the one that its manifest names.
    pub(super) fn spec_of(&self, package: &Package) -> Result<Option<PathBuf>, FindError> {
        let folder = folder(package);
        if let Some(file) = spec_in(&folder)? {
            return Ok(Some(file));
        }
        match self.section(Some(package))?.spec {
            Some(path) => existing("[package.metadata.e2e] spec", folder.join(path)).map(Some),
            None => Ok(None),
        }
    }

    /// Returns a repo of this project. `package` is the one that it belongs to.
    pub(super) fn repo(
        &self,
        root: &Path,
        spec_path: PathBuf,
        package: Option<&Package>,
    ) -> Result<Repo, FindError> {
        let target_directory = self.metadata.target_directory.clone().into_std_path_buf();
        let (tests, skipped) = match package {
            Some(package) => (vec![self.tests_of(package)?], Vec::new()),
            // A virtual workspace's root has no tests of its own: its members' are meant.
            None => self.all_tests()?,
        };
        // Both are read, so that a mistake in either is seen.
        let of_workspace = self.section(None)?.host;
        let of_package = package.map(|_| self.section(package)).transpose()?;
        let of_package = of_package.and_then(|section| section.host);
        let configured = |host, source| ConfiguredHost { host, source };
        Ok(Repo {
            root: canonical("the folder", root)?,
            spec_path,
            results_dir: target_directory.join("e2e"),
            cargo: Some(CargoProject {
                workspace_root: self.workspace_root(),
                target_directory,
                package: package.map(|package| package.name.to_string()),
                tests,
                skipped,
            }),
            host: of_package
                .map(|host| configured(host, PACKAGE_TABLE))
                .or_else(|| of_workspace.map(|host| configured(host, WORKSPACE_TABLE))),
        })
    }

    fn tests_of(&self, package: &Package) -> Result<TestPackage, FindError> {
        let named = self.section(Some(package))?.tests;
        Ok(TestPackage::of(package, named))
    }

    /// Returns the members whose tests are run, and those that are skipped.
    fn all_tests(&self) -> Result<(Vec<TestPackage>, Vec<TestPackage>), FindError> {
        let (mut all, mut skipped) = (Vec::new(), Vec::new());
        for package in self.members() {
            let tests = self.tests_of(package)?;
            if tests.counts() {
                all.push(tests);
            } else if tests.is_skipped() && matches!(self.spec_of(package), Ok(None)) {
                skipped.push(tests);
            }
        }
        Ok((all, skipped))
    }

    /// Returns the `metadata.e2e` table of a package, or of the workspace.
    fn section(&self, package: Option<&Package>) -> Result<Section, FindError> {
        let (manifest, table, metadata, keys): (_, _, _, &[&str]) = match package {
            Some(package) => (
                package.manifest_path.clone().into_std_path_buf(),
                PACKAGE_TABLE,
                &package.metadata,
                &["host", "spec", "tests"],
            ),
            None => (
                self.workspace_root().join("Cargo.toml"),
                WORKSPACE_TABLE,
                &self.metadata.workspace_metadata,
                &["host"],
            ),
        };
        Section::read(&metadata["e2e"], keys).map_err(|problem| FindError::Metadata {
            manifest,
            table,
            problem,
        })
    }
}

const PACKAGE_TABLE: &str = "[package.metadata.e2e]";
const WORKSPACE_TABLE: &str = "[workspace.metadata.e2e]";

pub(super) fn folder(package: &Package) -> PathBuf {
    let manifest = package.manifest_path.as_std_path();
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Our table in a manifest.
#[derive(Debug, Default, PartialEq, Eq)]
struct Section {
    host: Option<String>,
    spec: Option<String>,
    tests: Option<Vec<String>>,
}

impl Section {
    /// `null`, which is no table, is an empty one.
    fn read(table: &Value, keys: &[&str]) -> Result<Self, String> {
        let mut section = Self::default();
        let entries = match table {
            Value::Null => return Ok(section),
            Value::Object(entries) => entries,
            other => return Err(format!("is not a table: {other}")),
        };
        for (key, value) in entries {
            if !keys.contains(&key.as_str()) {
                let help = did_you_mean(key, keys.iter().copied());
                let help = help.unwrap_or_else(|| format!("known here: {}", keys.join(", ")));
                return Err(format!("has an unknown key `{key}`\n  help: {help}"));
            }
            let text = || {
                let text = text(value).map(str::to_owned);
                text.ok_or_else(|| format!("`{key}` must be a text that isn't empty"))
            };
            match key.as_str() {
                "host" => section.host = Some(text()?),
                "spec" => section.spec = Some(text()?),
                _ => {
                    let names = names(value);
                    section.tests = Some(
                        names
                            .ok_or("`tests` must be a list of test targets' names, at least one")?,
                    );
                }
            }
        }
        Ok(section)
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.trim().is_empty())
}

/// Returns a list of texts, none of them empty.
fn names(value: &Value) -> Option<Vec<String>> {
    let list = value.as_array().filter(|list| !list.is_empty())?;
    let mut names = Vec::new();
    for name in list {
        let name = text(name)?;
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    Some(names)
}
