//! What git leaves out: in the repo, in its submodules, and in repos of their own that lie in it.
//!
//! git looks into neither of the last two for its parent. Each is asked itself, so that its own
//! ignore rules count.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::repo::git;

use super::error::FilesError;
use super::pattern::Pattern;

const LIMIT: Duration = Duration::from_mins(1);

/// A folder below the root: empty for the root itself, else with a slash at its end.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Below(Vec<u8>);

impl Below {
    /// Makes a folder by its path without a slash at its end.
    pub(super) fn folder(mut path: Vec<u8>) -> Self {
        path.push(b'/');
        Self(path)
    }

    fn join(&self, path: &[u8]) -> Vec<u8> {
        [&self.0, path].concat()
    }

    fn under(&self, root: &Path) -> PathBuf {
        root.join(OsStr::from_bytes(&self.0))
    }
}

/// Returns whether git says what travels: not where the folder itself is one that git ignores.
pub(super) async fn judges(root: &Path) -> Result<bool, FilesError> {
    if root.join(".git").exists() {
        return Ok(true);
    }
    if !root.ancestors().any(|folder| folder.join(".git").exists()) {
        return Ok(false);
    }
    let ignored = run(root, "check-ignore", &["-q", "."]).await?;
    match ignored.status.code() {
        Some(0) => Ok(false),
        Some(1) => Ok(true),
        _ => Err(failed(root, "check-ignore", &ignored.stderr)),
    }
}

/// Returns whether git ignores this path; not where there is no git.
pub async fn is_ignored(root: &Path, path: &Path) -> bool {
    let path = path.to_string_lossy();
    let asked = run(root, "check-ignore", &["-q", "--", &path]).await;
    asked.is_ok_and(|asked| asked.status.code() == Some(0))
}

/// Returns what these repos and those in them leave out.
pub(super) async fn left_out(root: &Path, repos: Vec<Below>) -> Result<Vec<Pattern>, FilesError> {
    let mut all = Vec::new();
    let mut next: BTreeSet<Below> = repos.into_iter().collect();
    let mut worktrees = BTreeMap::new();
    let mut seen = BTreeSet::new();
    loop {
        let repo = if let Some(repo) = next.pop_first() {
            let (own, common) = git_folders(&repo.under(root)).await?;
            if own != common {
                worktrees.insert(repo, common);
                continue;
            }
            seen.insert(own);
            repo
        } else if let Some((worktree, common)) = worktrees.pop_first() {
            if !seen.insert(common) {
                // Another checkout of a repo that travels already.
                all.push(Pattern::Path(worktree.0));
                continue;
            }
            worktree
        } else {
            return Ok(all);
        };
        let folder = repo.under(root);
        let ignored = ["--others", "--ignored", "--exclude-standard", "--directory"];
        let (ignored, untracked, staged) = tokio::try_join!(
            ls_files(&folder, &ignored),
            ls_files(&folder, &["--others", "--exclude-standard"]),
            ls_files(&folder, &["--stage"]),
        )?;
        all.extend(ignored.iter().map(|path| Pattern::Path(repo.join(path))));
        // Of what it does not know, only repos are folders.
        let nested = untracked.iter().filter(|path| path.ends_with(b"/"));
        next.extend(nested.map(|path| Below(repo.join(path))));
        for path in staged.iter().filter_map(|entry| submodule(entry)) {
            let below = Below::folder(repo.join(path));
            if below.under(root).join(".git").exists() {
                next.insert(below);
            } else {
                // What lies where a submodule is not checked out is nobody's.
                all.push(Pattern::Inside(below.0));
            }
        }
    }
}

/// Returns the path of an entry of `ls-files --stage` that is a submodule's.
fn submodule(entry: &[u8]) -> Option<&[u8]> {
    let tab = entry.iter().position(|byte| *byte == b'\t')?;
    entry.starts_with(b"160000 ").then(|| &entry[tab + 1..])
}

/// git's own folder of a working tree, and the one that all working trees of its repo share.
async fn git_folders(folder: &Path) -> Result<(PathBuf, PathBuf), FilesError> {
    let absolute = async |path: &[u8]| {
        let path = path.strip_suffix(b"\n").unwrap_or(path);
        let path = folder.join(OsStr::from_bytes(path));
        tokio::fs::canonicalize(&path).await.unwrap_or(path)
    };
    let (own, common) = tokio::try_join!(
        answer(folder, "rev-parse", &["--git-dir"]),
        answer(folder, "rev-parse", &["--git-common-dir"]),
    )?;
    Ok((absolute(&own).await, absolute(&common).await))
}

/// Returns the entries that `git ls-files` prints in a folder.
async fn ls_files(folder: &Path, arguments: &[&str]) -> Result<Vec<Vec<u8>>, FilesError> {
    let said = answer(folder, "ls-files", &[arguments, &["-z"]].concat()).await?;
    let entries = said.split(|byte| *byte == 0);
    let entries = entries.filter(|path| !path.is_empty());
    Ok(entries.map(<[u8]>::to_vec).collect())
}

async fn answer(
    folder: &Path,
    command: &'static str,
    arguments: &[&str],
) -> Result<Vec<u8>, FilesError> {
    let output = run(folder, command, arguments).await?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(failed(folder, command, &output.stderr))
    }
}

async fn run(
    folder: &Path,
    command: &'static str,
    arguments: &[&str],
) -> Result<std::process::Output, FilesError> {
    let run = git::command(folder)
        // A repo that lies in another may be anybody's: its configuration starts nothing.
        .args(["-c", "core.fsmonitor=false"])
        .arg(command)
        .args(arguments)
        .output();
    tokio::time::timeout(LIMIT, run)
        .await
        .map_err(|_| failed(folder, command, b"no response within 60 s"))?
        .map_err(|error| failed(folder, command, error.to_string().as_bytes()))
}

fn failed(folder: &Path, command: &'static str, reason: &[u8]) -> FilesError {
    FilesError::Git {
        command,
        folder: folder.to_owned(),
        reason: String::from_utf8_lossy(reason).trim().to_owned(),
    }
}
