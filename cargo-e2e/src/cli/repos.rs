//! The repos that were typed, or the one around the current directory.

use std::path::Path;

use crate::repo::workspace::{self, Repo, Selection};
use crate::spec::{self, Spec, SpecErrors};

use super::args::RepoArguments;
use super::refused::Refused;

/// Finds the typed repos.
pub(super) fn find(arguments: &RepoArguments) -> Result<Vec<Repo>, Refused> {
    let folder = std::env::current_dir().map_err(Refused::NoFolder)?;
    Ok(workspace::find(&folder, &selection(arguments))?)
}

/// Returns the repo that was probably meant, where none was found.
pub(super) fn likely(arguments: &RepoArguments) -> Option<Repo> {
    let folder = std::env::current_dir().ok()?;
    workspace::around(&folder, &selection(arguments))
}

fn selection(arguments: &RepoArguments) -> Selection {
    Selection {
        path: arguments.repo.clone().or_else(|| {
            let manifest = arguments.manifest_path.as_ref()?;
            Some(Path::new(".").join(manifest.parent()?))
        }),
        specs: arguments.spec.clone(),
        packages: arguments.package.clone(),
        workspace: arguments.workspace,
    }
}

/// Returns the repo around the current directory, if there is one.
pub(super) fn here() -> Option<Repo> {
    let folder = std::env::current_dir().ok()?;
    let repos = workspace::find(&folder, &Selection::default()).ok()?;
    repos.into_iter().next()
}

/// Returns the repo of one e2e.yml.
pub(super) fn of_spec(file: &Path) -> Result<Repo, Refused> {
    let repo = RepoArguments {
        spec: vec![file.to_owned()],
        ..RepoArguments::default()
    };
    let mut repos = find(&repo)?.into_iter();
    match (repos.next(), repos.next()) {
        (Some(repo), None) => Ok(repo),
        _ => Err(Refused::ManySpecs {
            spec: file.to_owned(),
        }),
    }
}

/// Parses a repo's e2e.yml; in a Cargo project with test targets, `test_command` is not required.
pub(super) fn parse(repo: &Repo, shown: &Path, text: Vec<u8>) -> Result<Spec, SpecErrors> {
    match repo.cargo {
        Some(_) => spec::parse_in_cargo(shown, text),
        None => spec::parse(shown, text),
    }
}
