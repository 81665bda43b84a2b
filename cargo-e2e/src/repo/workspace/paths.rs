//! Paths that must be there.

use std::io;
use std::path::{Path, PathBuf};

use super::error::FindError;
use super::model::SPEC;

/// Returns a path without symlinks; `what` is what it was to be.
pub(super) fn canonical(what: &'static str, path: &Path) -> Result<PathBuf, FindError> {
    path.canonicalize().map_err(|source| FindError::Path {
        what,
        path: path.to_path_buf(),
        source,
    })
}

/// Returns the path itself, when it is a file that can be reached.
pub(super) fn existing(what: &'static str, path: PathBuf) -> Result<PathBuf, FindError> {
    let source = match path.metadata() {
        Ok(file) if file.is_file() => return Ok(path),
        Ok(_) => io::Error::other("not a file"),
        Err(error) => error,
    };
    Err(FindError::Path { what, path, source })
}

/// Returns a folder's `e2e.yml`. Nothing there is no error; something that can't be used is.
pub(super) fn spec_in(folder: &Path) -> Result<Option<PathBuf>, FindError> {
    let path = folder.join(SPEC);
    match path.symlink_metadata() {
        Ok(_) => existing("the file", path).map(Some),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
            _ => existing("the file", path).map(Some),
        },
    }
}
