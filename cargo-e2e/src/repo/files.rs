//! Which files of the repo travel: what git would ship, and nothing else unless it is asked for.
//!
//! Called by the build and sync stages. Knows nothing of hosts: what comes out are filters for
//! rsync. Names are bytes, as git and rsync have them.

mod error;
mod git;
mod pattern;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

pub use error::FilesError;
use git::Below;
pub use git::is_ignored;
use pattern::Pattern;

/// rsync filters that leave out what does not travel.
///
/// Excludes rather than a list of files: a warm rsync is four times as fast with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filters {
    /// Arguments: git's own folders, and what the repo's `sync.exclude` names.
    pub arguments: Vec<String>,
    /// NUL-separated patterns of what git does not ship; there may be very many.
    pub ignored: Vec<u8>,
}

impl Filters {
    /// Returns whether git leaves out this path, relative to the root, or a folder that it is in. One with a
    /// wildcard in its name is not found.
    pub fn leaves_out(&self, path: &Path) -> bool {
        let is_of = |pattern: &[u8], path: &Path| {
            let rest = pattern.strip_prefix(b"/");
            let rest = rest.and_then(|rest| rest.strip_prefix(path.as_os_str().as_bytes()));
            matches!(rest, Some(b"" | b"/" | b"/*"))
        };
        let mut patterns = self.ignored.split(|byte| *byte == 0);
        patterns.any(|pattern| path.ancestors().any(|one| is_of(pattern, one)))
    }
}

/// Finds what does not travel.
pub async fn filters(root: &Path, exclude: &[String]) -> Result<Filters, FilesError> {
    let patterns = if git::judges(root).await? {
        git::left_out(root, vec![Below::default()]).await?
    } else {
        let folder = root.to_owned();
        let walked = tokio::task::spawn_blocking(move || walk(&folder))
            .await
            .unwrap_or_default();
        let mut patterns = git::left_out(root, walked.repos).await?;
        patterns.extend(walked.ignored);
        patterns
    };
    let own = [".git", "/e2e/results"].into_iter();
    let all = own.chain(exclude.iter().map(String::as_str));
    Ok(Filters {
        arguments: all.map(|pattern| format!("--exclude={pattern}")).collect(),
        ignored: pattern::list(patterns),
    })
}

/// The files and folders that `sync.include` names, relative to the root.
///
/// # Errors
/// When a pattern is not one, or matches nothing: the tests would fail later for want of it.
pub fn included(root: &Path, patterns: &[String]) -> Result<BTreeSet<PathBuf>, FilesError> {
    let mut found = BTreeSet::new();
    for pattern in patterns {
        let escaped = glob::Pattern::escape(&root.to_string_lossy());
        let matches =
            glob::glob(&format!("{escaped}/{pattern}")).map_err(|error| FilesError::Pattern {
                pattern: pattern.clone(),
                reason: error.msg.to_owned(),
            })?;
        let mut matches = matches.filter_map(Result::ok).peekable();
        if matches.peek().is_none() {
            let pattern = pattern.clone();
            return Err(FilesError::NothingIncluded { pattern });
        }
        let inside = |path: PathBuf| Some(path.strip_prefix(root).ok()?.to_owned());
        found.extend(matches.filter_map(inside));
    }
    Ok(found)
}

/// What a look at a folder without git finds.
#[derive(Debug, Default)]
struct Walked {
    /// What ignore files leave out.
    ignored: Vec<Pattern>,
    /// The repos in it that are not left out: git knows what these ship.
    repos: Vec<Below>,
}

/// What ignore files leave out where there is no git: all entries less those that are kept.
fn walk(root: &Path) -> Walked {
    let walk = |ignoring: bool| {
        WalkBuilder::new(root)
            .standard_filters(ignoring)
            .hidden(false)
            .parents(false)
            .require_git(false)
            .build()
            .filter_map(Result::ok)
            .map(ignore::DirEntry::into_path)
            .collect::<BTreeSet<_>>()
    };
    let kept = walk(true);
    let all = walk(false);
    let mut left_out: Vec<&Path> = Vec::new();
    for path in all.difference(&kept) {
        // Below a folder that is left out already.
        if !left_out.last().is_some_and(|last| path.starts_with(last)) {
            left_out.push(path);
        }
    }
    let inside = |path: &Path| {
        let inside = path.strip_prefix(root).ok()?;
        Some(inside.as_os_str().as_bytes().to_vec())
    };
    let repos = kept
        .iter()
        .filter(|path| path.file_name() == Some(OsStr::new(".git")))
        .filter_map(|path| inside(path.parent()?));
    Walked {
        ignored: left_out
            .iter()
            .filter_map(|path| inside(path))
            .map(Pattern::Path)
            .collect(),
        repos: repos.map(Below::folder).collect(),
    }
}
