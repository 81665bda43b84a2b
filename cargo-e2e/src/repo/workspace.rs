//! Which repo, and which `e2e.yml`, was meant by what was typed.
//!
//! Cargo is asked only about folders that belong to a Cargo project: a repo in another language may
//! be on a machine without Rust.

use std::path::{Path, PathBuf};

mod around;
mod cargo;
mod compose_file;
mod error;
mod model;
mod paths;
mod specs;
mod targets;
#[cfg(test)]
mod tests;

use cargo::Manifests;
use model::SPEC;
use paths::{canonical, existing, spec_in};

pub use around::around;
pub use compose_file::{COMPOSE_FILES, is_compose_file};
pub use error::FindError;
#[cfg(test)]
pub use model::CargoProject;
pub use model::{ConfiguredHost, Repo};
pub use targets::TestPackage;

/// What was typed, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// REPO; relative to the current directory, which is also the default.
    pub path: Option<PathBuf>,
    /// `--spec`, files and globs in the order typed; relative to the current directory.
    pub specs: Vec<PathBuf>,
    /// `-p`, in the order typed.
    pub packages: Vec<String>,
    /// `--workspace`.
    pub workspace: bool,
}

/// Finds what was meant, at least one repo. `cwd` is absolute.
///
/// Without options, it is the nearest folder with `e2e/e2e.yml`, from REPO upwards; should there be
/// none, the package that REPO is in may name its file as `spec` in `[package.metadata.e2e]`.
///
/// With `--spec` it is one for each file. The repo is REPO when that was typed. Else it is found from the file upwards: the
/// parent of a folder named `e2e`, or the folder that holds `.git` or `Cargo.toml`, whichever comes
/// first; and the current directory when there is none.
///
/// # Errors
/// [`FindError`]; nothing is created or changed in any case.
pub fn find(cwd: &Path, selection: &Selection) -> Result<Vec<Repo>, FindError> {
    let typed = [
        (!selection.specs.is_empty(), "--spec"),
        (!selection.packages.is_empty(), "-p"),
        (selection.workspace, "--workspace"),
    ];
    let mut typed = typed.iter().filter(|(is_typed, _)| *is_typed);
    if let (Some((_, first)), Some((_, second))) = (typed.next(), typed.next()) {
        return Err(FindError::Conflict { first, second });
    }
    let start = start(cwd, selection.path.as_deref())?;
    if !selection.specs.is_empty() {
        let typed = selection.path.as_ref();
        if let Some(file) = typed.filter(|path| cwd.join(path).is_file()) {
            return Err(FindError::SpecAsRepo { file: file.clone() });
        }
        let files = specs::specs(cwd, &selection.specs)?;
        let one = |file: PathBuf| {
            let root = match typed {
                Some(_) => start.clone(),
                None => root_of_spec(cwd, &file)?,
            };
            repo(root, existing("--spec", file)?)
        };
        return files.into_iter().map(one).collect();
    }
    if selection.workspace {
        return members(&Manifests::around(&start)?);
    }
    if !selection.packages.is_empty() {
        return packages(&Manifests::around(&start)?, &selection.packages);
    }
    nearest_repo(&start, selection.path.as_deref()).map(|found| vec![found])
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

fn nearest_repo(start: &Path, typed: Option<&Path>) -> Result<Repo, FindError> {
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
        stack: nearest_stack(start),
        typed: typed.map(Path::to_path_buf),
    })
}

/// Returns the nearest folder with a compose file, and that file: within the git repo, since
/// `cargo e2e init` writes there; outside of one, this folder alone.
fn nearest_stack(start: &Path) -> Option<(PathBuf, String)> {
    let is_root = |folder: &Path| folder.join(".git").exists();
    let root = start.ancestors().find(|folder| is_root(folder));
    let within = root.unwrap_or(start);
    let mut folders = start.ancestors().take_while(|one| one.starts_with(within));
    folders.find_map(|folder| Some((folder.to_path_buf(), compose_file::compose_file(folder)?)))
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
        let is_git = folder.join(".git").exists();
        if !is_git && folder.file_name().is_some_and(|name| name == "e2e") {
            return canonical("--spec", folder.parent().unwrap_or(folder));
        }
        if is_git || folder.join("Cargo.toml").is_file() {
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
        return Ok(Repo::without_cargo(root, spec_path));
    };
    let manifests = match Manifests::of(&manifest) {
        Err(FindError::Cargo { source, .. })
            if matches!(*source, cargo_metadata::Error::Io(_))
                && needs_no_cargo(&spec_path, &manifest) =>
        {
            return Ok(Repo {
                results_dir: manifest.with_file_name("target").join("e2e"),
                ..Repo::without_cargo(root, spec_path)
            });
        }
        read => read?,
    };
    let repo = manifests.repo(&root, spec_path, manifests.nearest())?;
    Ok(match &repo.cargo {
        // A folder that only lies below a workspace is no Cargo project itself.
        Some(cargo) if cargo.package.is_none() && cargo.workspace_root != repo.root => Repo {
            results_dir: repo.root.join("e2e/results"),
            cargo: None,
            ..repo
        },
        _ => repo,
    })
}

/// Whether nothing of a Cargo project counts but where it lies: its e2e.yml says how the tests run, and
/// its manifest says nothing of us.
fn needs_no_cargo(spec_path: &Path, manifest: &Path) -> bool {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    let names = |line: &str| line.starts_with("test_command:") || line.starts_with("test_service:");
    read(spec_path).lines().any(names) && !read(manifest).contains("metadata.e2e")
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
