//! The repo that was likely meant where none was found: a mistake is recorded there.

use std::path::Path;

use super::model::{Repo, SPEC};
use super::{Selection, repo, root_of_spec, start};

/// Returns the nearest folder that is a git repo or a Cargo package, as the repo that it would be;
/// none outside of both. Its e2e.yml need not exist.
pub fn around(cwd: &Path, selection: &Selection) -> Option<Repo> {
    let from = match (selection.specs.first(), &selection.path) {
        (Some(file), None) => root_of_spec(cwd, &cwd.join(file)).ok(),
        _ => None,
    };
    let from = from.or_else(|| start(cwd, selection.path.as_deref()).ok())?;
    let is_repo =
        |folder: &&Path| folder.join(".git").exists() || folder.join("Cargo.toml").is_file();
    let root = from.ancestors().find(is_repo)?;
    let found = repo(root.to_path_buf(), root.join(SPEC));
    // Where Cargo can't read the project, its results go where they do by default.
    let results = if root.join("Cargo.toml").is_file() {
        "target/e2e"
    } else {
        "e2e/results"
    };
    Some(found.unwrap_or_else(|_| Repo {
        results_dir: root.join(results),
        ..Repo::without_cargo(root.to_path_buf(), root.join(SPEC))
    }))
}
