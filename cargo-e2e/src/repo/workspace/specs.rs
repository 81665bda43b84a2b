//! The files that `--spec` names, each by its path or by a glob.

use std::path::{Path, PathBuf};

use super::error::FindError;
use crate::spec;

/// Returns them in the order typed, those of a glob by name, none twice. A path need not exist; of
/// what a glob matches, compose files and what else is no e2e.yml are left out.
pub(super) fn specs(cwd: &Path, typed: &[PathBuf]) -> Result<Vec<PathBuf>, FindError> {
    let mut all: Vec<PathBuf> = Vec::new();
    for path in typed {
        let found = if is_glob(cwd, path) {
            matching(cwd, path)?
        } else {
            vec![cwd.join(path)]
        };
        for file in found {
            let real = file.canonicalize().ok();
            if real.is_none() || all.iter().all(|other| other.canonicalize().ok() != real) {
                all.push(file);
            }
        }
    }
    Ok(all)
}

fn is_glob(cwd: &Path, path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '[']) && cwd.join(path).symlink_metadata().is_err()
}

fn matching(cwd: &Path, pattern: &Path) -> Result<Vec<PathBuf>, FindError> {
    let none = |problem: String| FindError::Glob {
        pattern: pattern.to_path_buf(),
        problem,
    };
    // Those in the folder's own name are no wildcards.
    let folder = PathBuf::from(glob::Pattern::escape(&cwd.to_string_lossy()));
    let whole = folder.join(pattern);
    let files = glob::glob(&whole.to_string_lossy())
        .map_err(|error| none(format!("is not a glob: {error}")))?;
    let mut files: Vec<PathBuf> = files.filter_map(Result::ok).collect();
    files.retain(|file| file.is_file());
    let matched = files.len();
    files.retain(|file| std::fs::read(file).map_or(true, |text| spec::is_meant(&text)));
    if !files.is_empty() {
        return Ok(files);
    }
    Err(none(match matched {
        0 => "matches no file".to_owned(),
        1 => "matches 1 file, which is not an e2e.yml".to_owned(),
        many => format!("matches {many} files, of which none is an e2e.yml"),
    }))
}
