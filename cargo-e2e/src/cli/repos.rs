//! The repos that were typed, or that the current directory is in.

use std::path::Path;

use cargo_e2e::repo::workspace::{self, Repo, Selection};
use cargo_e2e::spec::{self, Spec, SpecErrors};

use super::args::RepoArguments;
use super::refused::Refused;

/// Finds the repos that are meant.
pub(super) fn find(arguments: &RepoArguments) -> Result<Vec<Repo>, Refused> {
    let folder = std::env::current_dir().map_err(Refused::NoFolder)?;
    Ok(workspace::find(&folder, &selection(arguments))?)
}

/// Returns the repo that was likely meant where none was found.
pub(super) fn likely(arguments: &RepoArguments) -> Option<Repo> {
    let folder = std::env::current_dir().ok()?;
    workspace::around(&folder, &selection(arguments))
}

fn selection(arguments: &RepoArguments) -> Selection {
    Selection {
        path: arguments.repo.clone(),
        specs: arguments.spec.clone(),
        packages: arguments.package.clone(),
        workspace: arguments.workspace,
    }
}

/// Returns the repo that the current directory is in, if there is one.
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

/// Reads a repo's e2e.yml, which in a Cargo project need not say how to test.
pub(super) fn parse(repo: &Repo, shown: &Path, text: Vec<u8>) -> Result<Spec, SpecErrors> {
    match repo.cargo {
        Some(_) => spec::parse_in_cargo(shown, text),
        None => spec::parse(shown, text),
    }
}
