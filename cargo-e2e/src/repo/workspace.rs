//! Which repo, and which `e2e.yml`, was meant by what was typed.
//!
//! Cargo is asked only about folders that belong to a Cargo project: a repo in another language may
//! be on a machine without Rust.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

mod around;
mod cargo;
mod targets;
#[cfg(test)]
mod tests;

pub use around::around;
use cargo::Manifests;
pub use targets::TestPackage;

/// Where a repo keeps its `e2e.yml`.
const SPEC: &str = "e2e/e2e.yml";

/// What was typed, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// REPO; relative to the current directory, which is also the default.
    pub path: Option<PathBuf>,
    /// `--spec`; relative to the current directory.
    pub spec: Option<PathBuf>,
    /// `-p`, in the order typed.
    pub packages: Vec<String>,
    /// `--workspace`.
    pub workspace: bool,
}

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

/// Why no repo was found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// Options that can't be used together.
    #[error("{first} and {second} can't be used together")]
    Conflict {
        /// One option.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// What was typed isn't there, or can't be read.
    #[error("{what} {} can't be used", path.display())]
    Path {
        /// What it was to be: `REPO`, `--spec`, ….
        what: &'static str,
        /// Made absolute.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// No `e2e/e2e.yml` in a folder or above it.
    #[error("{}", not_found(looked, misnamed.as_deref()))]
    NotFound {
        /// All folders, innermost first.
        looked: Vec<PathBuf>,
        /// An `e2e.yaml` that was seen on the way.
        misnamed: Option<PathBuf>,
    },
    /// `-p` names no member of the workspace.
    #[error("no package `{package}` in the workspace {}{}", workspace.display(), did_you_mean(nearest.as_deref()))]
    UnknownPackage {
        /// As typed.
        package: String,
        /// The workspace's folder.
        workspace: PathBuf,
        /// The member that was likely meant.
        nearest: Option<String>,
    },
    /// `-p` names a member without an `e2e.yml`.
    #[error("the package `{package}` has no {}\n  = help: create it, or set `spec` in [package.metadata.e2e]", looked.display())]
    PackageWithoutSpec {
        /// As typed.
        package: String,
        /// The file that would count.
        looked: PathBuf,
    },
    /// `--workspace`, and no member has an `e2e.yml`.
    #[error("no member of the workspace {} has an e2e/e2e.yml\n  looked in {}", workspace.display(), members.join(", "))]
    NoMembers {
        /// The workspace's folder.
        workspace: PathBuf,
        /// The names of its members.
        members: Vec<String>,
    },
    /// Cargo could not read the project.
    #[error("cargo metadata failed for {}", manifest.display())]
    Cargo {
        /// The manifest; for `-p` and `--workspace` the folder from which Cargo looked for one.
        manifest: PathBuf,
        /// Cargo's own words.
        source: Box<cargo_metadata::Error>,
    },
    /// A `metadata.e2e` table has something in it that means nothing.
    #[error("{}: {table} {problem}", manifest.display())]
    Metadata {
        /// The manifest.
        manifest: PathBuf,
        /// Such as `[package.metadata.e2e]`.
        table: &'static str,
        /// What is wrong, and what was likely meant.
        problem: String,
    },
}

fn not_found(looked: &[PathBuf], misnamed: Option<&Path>) -> String {
    let mut text = format!("no {SPEC} found");
    for folder in looked {
        // Writing to a String can't fail.
        let _ = write!(text, "\n  looked in {}", folder.display());
    }
    let _ = match misnamed {
        Some(path) => write!(text, "\n  = help: rename {} to e2e.yml", path.display()),
        None => write!(
            text,
            "\n  = help: run it in a repo that has one, name the repo, or create {SPEC}"
        ),
    };
    text
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| {
        format!("\n  = help: did you mean `{name}`?")
    })
}

/// Finds what was meant, at least one repo. `cwd` is absolute.
///
/// Without options, it is the nearest folder with `e2e/e2e.yml`, from REPO upwards; should there be
/// none, the package that REPO is in may name its file as `spec` in `[package.metadata.e2e]`.
///
/// With `--spec` the repo is REPO when that was typed. Else it is found from the file upwards: the
/// parent of a folder named `e2e`, or the folder that holds `.git` or `Cargo.toml`, whichever comes
/// first; and the current directory when there is none.
///
/// # Errors
/// [`FindError`]; nothing is created or changed in any case.
pub fn find(cwd: &Path, selection: &Selection) -> Result<Vec<Repo>, FindError> {
    let typed = [
        (selection.spec.is_some(), "--spec"),
        (!selection.packages.is_empty(), "-p"),
        (selection.workspace, "--workspace"),
    ];
    let mut typed = typed.iter().filter(|(is_typed, _)| *is_typed);
    if let (Some((_, first)), Some((_, second))) = (typed.next(), typed.next()) {
        return Err(FindError::Conflict { first, second });
    }
    let start = start(cwd, selection.path.as_deref())?;
    if let Some(file) = &selection.spec {
        let root = match selection.path {
            Some(_) => start,
            None => root_of_spec(cwd, &cwd.join(file))?,
        };
        let file = existing("--spec", cwd.join(file))?;
        return Ok(vec![repo(root, file)?]);
    }
    if selection.workspace {
        return members(&Manifests::around(&start)?);
    }
    if !selection.packages.is_empty() {
        return packages(&Manifests::around(&start)?, &selection.packages);
    }
    nearest_repo(&start).map(|found| vec![found])
}

/// The folder from which to look, without symlinks; for a file, its folder.
fn start(cwd: &Path, path: Option<&Path>) -> Result<PathBuf, FindError> {
    let path = path.map_or_else(|| cwd.to_path_buf(), |path| cwd.join(path));
    let resolved = canonical("REPO", &path)?;
    match resolved.parent() {
        Some(parent) if !resolved.is_dir() => Ok(parent.to_path_buf()),
        _ => Ok(resolved),
    }
}

fn canonical(what: &'static str, path: &Path) -> Result<PathBuf, FindError> {
    path.canonicalize().map_err(|source| FindError::Path {
        what,
        path: path.to_path_buf(),
        source,
    })
}

/// The path itself, when it is a file that can be reached.
fn existing(what: &'static str, path: PathBuf) -> Result<PathBuf, FindError> {
    let source = match path.metadata() {
        Ok(file) if file.is_file() => return Ok(path),
        Ok(_) => io::Error::other("not a file"),
        Err(error) => error,
    };
    Err(FindError::Path { what, path, source })
}

/// A folder's `e2e.yml`. Nothing there is no error; something that can't be used is.
fn spec_in(folder: &Path) -> Result<Option<PathBuf>, FindError> {
    let path = folder.join(SPEC);
    match path.symlink_metadata() {
        Ok(_) => existing("the file", path).map(Some),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
            _ => existing("the file", path).map(Some),
        },
    }
}

fn nearest_repo(start: &Path) -> Result<Repo, FindError> {
    for folder in start.ancestors() {
        if let Some(file) = spec_in(folder)? {
            return repo(folder.to_path_buf(), file);
        }
    }
    // Cargo's own trouble would be no answer to a person in a folder without any e2e.yml.
    let manifests = nearest_manifest(start).and_then(|manifest| Manifests::of(&manifest).ok());
    if let Some(manifests) = manifests
        && let Some(package) = manifests.nearest()
        && let Some(file) = manifests.spec_of(package)?
    {
        return manifests.repo(&cargo::folder(package), file, Some(package));
    }
    let yaml = |folder: &Path| folder.join("e2e/e2e.yaml");
    Err(FindError::NotFound {
        misnamed: start.ancestors().map(yaml).find(|path| path.is_file()),
        looked: start.ancestors().map(Path::to_path_buf).collect(),
    })
}

/// See [`find`]. Goes by the names as typed, since `e2e` may be a symlink.
fn root_of_spec(cwd: &Path, file: &Path) -> Result<PathBuf, FindError> {
    // Without this, `--spec ../x.yml` would have `..` as its folder's name.
    let folder = file.parent().unwrap_or(file);
    let folder = match folder.file_name() {
        Some(name) => canonical("--spec", folder.parent().unwrap_or(folder))?.join(name),
        None => canonical("--spec", folder)?,
    };
    for folder in folder.ancestors() {
        if folder.join(".git").exists() {
            return canonical("--spec", folder);
        }
        if folder.file_name().is_some_and(|name| name == "e2e") {
            return canonical("--spec", folder.parent().unwrap_or(folder));
        }
        if folder.join("Cargo.toml").is_file() {
            return canonical("--spec", folder);
        }
    }
    canonical("the current directory", cwd)
}

/// The manifest of the project that a folder belongs to: its own, or one above in the same git
/// repo. What lies around a git repo, or around a folder that is in none, isn't part of it.
fn nearest_manifest(root: &Path) -> Option<PathBuf> {
    let in_git = root.ancestors().any(|folder| folder.join(".git").exists());
    for folder in root.ancestors() {
        let manifest = folder.join("Cargo.toml");
        if manifest.is_file() {
            return Some(manifest);
        }
        if !in_git || folder.join(".git").exists() {
            return None;
        }
    }
    None
}

/// The repo of a folder and its e2e.yml, which need not exist yet.
pub(crate) fn repo(root: PathBuf, spec_path: PathBuf) -> Result<Repo, FindError> {
    let Some(manifest) = nearest_manifest(&root) else {
        return Ok(Repo {
            results_dir: root.join("e2e/results"),
            root,
            spec_path,
            cargo: None,
            host: None,
        });
    };
    let manifests = Manifests::of(&manifest)?;
    let repo = manifests.repo(&root, spec_path, manifests.nearest())?;
    Ok(match &repo.cargo {
        // A folder that only lies below somebody's workspace is no Cargo project itself.
        Some(cargo) if cargo.package.is_none() && cargo.workspace_root != repo.root => Repo {
            results_dir: repo.root.join("e2e/results"),
            cargo: None,
            ..repo
        },
        _ => repo,
    })
}

fn packages(manifests: &Manifests, wanted: &[String]) -> Result<Vec<Repo>, FindError> {
    let mut repos = Vec::new();
    for (at, name) in wanted.iter().enumerate() {
        if wanted[..at].contains(name) {
            continue;
        }
        let package = manifests.package(name)?;
        let Some(file) = manifests.spec_of(package)? else {
            return Err(FindError::PackageWithoutSpec {
                package: name.clone(),
                looked: cargo::folder(package).join(SPEC),
            });
        };
        repos.push(manifests.repo(&cargo::folder(package), file, Some(package))?);
    }
    Ok(repos)
}

fn members(manifests: &Manifests) -> Result<Vec<Repo>, FindError> {
    let mut repos = Vec::new();
    for package in manifests.members() {
        if let Some(file) = manifests.spec_of(package)? {
            repos.push(manifests.repo(&cargo::folder(package), file, Some(package))?);
        }
    }
    if repos.is_empty() {
        return Err(FindError::NoMembers {
            workspace: manifests.workspace_root(),
            members: manifests.members().map(|it| it.name.to_string()).collect(),
        });
    }
    Ok(repos)
}
