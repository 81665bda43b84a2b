//! Which files of the repo travel: what git would ship, and nothing else unless it is asked for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use ignore::WalkBuilder;
use tokio::process::Command;

const GIT: Duration = Duration::from_mins(1);

/// Why the files could not be listed.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// git did not answer as it should.
    #[error("`git ls-files` failed in {}: {reason}", root.display())]
    Git {
        /// The repo.
        root: PathBuf,
        /// What it said.
        reason: String,
    },
    /// A pattern of `sync.include` is not one.
    #[error("`sync.include` has a pattern that is not one: {pattern}: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A pattern of `sync.include` matches nothing.
    #[error("`sync.include` names {pattern}, which does not exist")]
    NothingIncluded {
        /// The pattern.
        pattern: String,
    },
}

/// rsync filters that leave out what does not travel.
///
/// Excludes rather than a list of files: a warm rsync is four times as fast with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filters {
    /// Arguments: git's own folders, and what the repo's `sync.exclude` names.
    pub arguments: Vec<String>,
    /// NUL-separated patterns of what git ignores; there may be very many.
    pub ignored: Vec<u8>,
}

/// Finds what does not travel.
///
/// # Errors
/// When git fails in a folder that is git's.
pub async fn filters(root: &Path, exclude: &[String]) -> Result<Filters, FilesError> {
    let ignored = if in_git(root) {
        git_ignored(root).await?
    } else {
        let root = root.to_owned();
        tokio::task::spawn_blocking(move || walk_ignored(&root))
            .await
            .unwrap_or_default()
    };
    let mut arguments = vec![
        "--exclude=.git".to_owned(),
        "--exclude=/e2e/results".to_owned(),
    ];
    arguments.extend(exclude.iter().map(|pattern| format!("--exclude={pattern}")));
    let mut list = Vec::new();
    for path in ignored {
        list.push(b'/');
        list.extend_from_slice(literal(&path).as_bytes());
        list.push(0);
    }
    Ok(Filters {
        arguments,
        ignored: list,
    })
}

/// The files and folders that `sync.include` names, relative to the root.
///
/// # Errors
/// When a pattern is not one, or matches nothing: the tests would fail later for want of it.
pub fn included(root: &Path, patterns: &[String]) -> Result<BTreeSet<String>, FilesError> {
    let mut found = BTreeSet::new();
    for pattern in patterns {
        let escaped = glob::Pattern::escape(&root.to_string_lossy());
        let matches =
            glob::glob(&format!("{escaped}/{pattern}")).map_err(|error| FilesError::Pattern {
                pattern: pattern.clone(),
                reason: error.msg.to_owned(),
            })?;
        let before = found.len();
        let mut any = false;
        for path in matches.filter_map(Result::ok) {
            any = true;
            if let Ok(inside) = path.strip_prefix(root) {
                found.insert(inside.to_string_lossy().into_owned());
            }
        }
        if !any && found.len() == before {
            return Err(FilesError::NothingIncluded {
                pattern: pattern.clone(),
            });
        }
    }
    Ok(found)
}

fn in_git(root: &Path) -> bool {
    root.ancestors().any(|folder| folder.join(".git").exists())
}

/// What git ignores below the root, in its submodules too; a folder that is ignored as a whole is
/// one entry.
async fn git_ignored(root: &Path) -> Result<Vec<String>, FilesError> {
    let mut all = Vec::new();
    let mut below = vec![String::new()];
    while let Some(prefix) = below.pop() {
        let folder = root.join(&prefix);
        let ignored = ["--others", "--ignored", "--exclude-standard", "--directory"];
        let found = ls_files(&folder, &ignored).await?;
        all.extend(found.into_iter().map(|path| format!("{prefix}{path}")));
        // git does not look into submodules for this.
        for entry in ls_files(&folder, &["--stage"]).await? {
            if let Some((mode, path)) = entry.split_once('\t')
                && mode.starts_with("160000 ")
                && folder.join(path).join(".git").exists()
            {
                below.push(format!("{prefix}{path}/"));
            }
        }
    }
    all.sort();
    Ok(all)
}

/// The NUL-separated entries that `git ls-files` prints in a folder.
async fn ls_files(folder: &Path, arguments: &[&str]) -> Result<Vec<String>, FilesError> {
    let failed = |reason: String| FilesError::Git {
        root: folder.to_owned(),
        reason,
    };
    let run = Command::new("git")
        .arg("-C")
        .arg(folder)
        .arg("ls-files")
        .args(arguments)
        .arg("-z")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(GIT, run)
        .await
        .map_err(|_| failed("no answer in 60 s".to_owned()))?
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        ));
    }
    Ok(output
        .stdout
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty())
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect())
}

/// What ignore files leave out where there is no git: all entries less those that are kept.
fn walk_ignored(root: &Path) -> Vec<String> {
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
    let mut left_out: Vec<PathBuf> = Vec::new();
    for path in walk(false).difference(&kept) {
        // Below a folder that is left out already.
        if !left_out.last().is_some_and(|last| path.starts_with(last)) {
            left_out.push(path.clone());
        }
    }
    left_out
        .iter()
        .filter_map(|path| Some(path.strip_prefix(root).ok()?.to_string_lossy().into_owned()))
        .collect()
}

/// A path as an rsync pattern that matches nothing else.
fn literal(path: &str) -> String {
    if !path.contains(['*', '?', '[', '\\']) {
        return path.to_owned();
    }
    let mut pattern = String::new();
    for c in path.chars() {
        if matches!(c, '*' | '?' | '[' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    // rsync takes backslashes for escapes only in a pattern with a wildcard of its own.
    if !path.contains(['*', '?', '[']) {
        return path.to_owned();
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            std::fs::write(path, "x").expect("a file");
        }
        folder
    }

    fn git(root: &Path, arguments: &[&str]) {
        let done = std::process::Command::new("git")
            .arg("-C")
            .arg(root)
            .args(arguments)
            .output()
            .expect("git runs");
        assert!(done.status.success(), "{done:?}");
    }

    #[tokio::test]
    async fn git_decides_what_travels() {
        let folder = tree(&[
            "src/a",
            "target/debug/x",
            "logs/keep",
            "logs/drop",
            ".env",
            "odd[1]*",
        ]);
        let root = folder.path();
        std::fs::write(root.join(".gitignore"), "target/\nlogs/*\n.env\nodd*\n").expect("a file");
        git(root, &["init", "-q"]);
        git(root, &["add", "-f", "logs/keep", "src/a"]);
        let filters = filters(root, &["*.tmp".to_owned()])
            .await
            .expect("git answers");
        assert_eq!(
            filters.arguments,
            [
                "--exclude=.git",
                "--exclude=/e2e/results",
                "--exclude=*.tmp"
            ]
        );
        assert_eq!(
            patterns(&filters),
            ["/.env", "/logs/drop", r"/odd\[1]\*", "/target/"]
        );
    }

    #[tokio::test]
    async fn what_a_submodule_ignores_stays_here_too() {
        let inner = tree(&["a"]);
        std::fs::write(inner.path().join(".gitignore"), ".env\n").expect("a file");
        commit(inner.path());
        let outer = tree(&["b"]);
        commit(outer.path());
        let source = inner.path().display().to_string();
        git(
            outer.path(),
            &[
                "-c",
                "protocol.file.allow=always",
                "submodule",
                "--quiet",
                "add",
                &source,
                "sub",
            ],
        );
        std::fs::write(outer.path().join("sub/.env"), "secret").expect("a file");
        let filters = filters(outer.path(), &[]).await.expect("git answers");
        assert_eq!(patterns(&filters), ["/sub/.env"]);
    }

    fn commit(root: &Path) {
        git(root, &["init", "-q"]);
        git(root, &["add", "-A"]);
        let who = ["-c", "user.name=x", "-c", "user.email=x@localhost"];
        git(root, &[who.as_slice(), &["commit", "-qm", "x"]].concat());
    }

    fn patterns(filters: &Filters) -> Vec<String> {
        let text = String::from_utf8(filters.ignored.clone()).expect("UTF-8");
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn without_git_ignore_files_decide() {
        let folder = tree(&["src/a", "target/debug/x", "b.log", ".hidden"]);
        std::fs::write(folder.path().join(".gitignore"), "target/\n*.log\n").expect("a file");
        let filters = filters(folder.path(), &[]).await.expect("no git needed");
        assert_eq!(patterns(&filters), ["/b.log", "/target"]);
    }

    #[test]
    fn what_is_included_must_exist() {
        let folder = tree(&["target/a.jar", "target/b.jar"]);
        let found = included(folder.path(), &["target/*.jar".to_owned()]).expect("they exist");
        assert_eq!(found.len(), 2);
        let error = included(folder.path(), &["dist/app".to_owned()]).expect_err("it does not");
        assert_eq!(
            error.to_string(),
            "`sync.include` names dist/app, which does not exist"
        );
    }
}
