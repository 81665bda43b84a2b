//! Which commit was tested, and of which repo. Never fails: a run outside git is a run.

mod origin;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::record::outcome::Git;

pub use origin::Origin;

/// How long git may take: a repo on a slow disk must not hold up the run.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a git hook puts in the environment, and what would point git at another repo.
const HOOK_VARIABLES: &str =
    "GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_PREFIX GIT_COMMON_DIR GIT_OBJECT_DIRECTORY";

/// Returns the commit and branch that `root` is at, and whether what is below `root` differs from
/// the commit. What git can't tell within five seconds is left out.
pub async fn describe(root: &Path) -> Git {
    let status = "status --porcelain=v2 --branch --no-ahead-behind --untracked-files=normal -- .";
    let status: Vec<&str> = status.split(' ').collect();
    if let Some(status) = git(root, &status).await {
        return read(&status);
    }
    let (sha, branch) = tokio::join!(
        git(root, &["rev-parse", "--verify", "--quiet", "HEAD"]),
        git(root, &["symbolic-ref", "--short", "--quiet", "HEAD"]),
    );
    // Known commit, unknown tree: a record that says "clean" would vouch for what nobody saw.
    let dirty = sha.is_some();
    Git {
        sha,
        branch: branch.filter(|name| !name.is_empty()),
        dirty,
    }
}

/// Reads what `status` says of the commit, the branch and the tree.
fn read(status: &str) -> Git {
    let header = |name: &str, nothing: &str| {
        let mut lines = status.lines();
        let value = lines.find_map(|line| line.strip_prefix("# branch.")?.strip_prefix(name));
        value.filter(|value| *value != nothing).map(str::to_owned)
    };
    Git {
        sha: header("oid ", "(initial)"),
        branch: header("head ", "(detached)"),
        dirty: status.lines().any(|line| !line.starts_with("# ")),
    }
}

/// Returns a git command in a folder, about the repo that this folder is in and no other.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        // `status` would take the index lock, and make the user's own git fail meanwhile.
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        // A Ctrl-C is for the run to answer.
        .process_group(0)
        .kill_on_drop(true);
    for variable in HOOK_VARIABLES.split(' ') {
        command.env_remove(variable);
    }
    command
}

/// Returns what git prints, trimmed; nothing when it fails.
async fn git(root: &Path, args: &[&str]) -> Option<String> {
    let run = command(root).args(args).stderr(Stdio::null()).output();
    let output = tokio::time::timeout(PATIENCE, run).await.ok()?.ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn run(root: &Path, args: &[&str]) {
        let status = std::process::Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args([
                "-c",
                "commit.gpgsign=false",
                "-c",
                "init.defaultBranch=main",
            ])
            .args(args)
            .current_dir(root)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "git {args:?}");
    }

    #[tokio::test]
    async fn a_folder_outside_git_is_described_by_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(describe(folder.path()).await, Git::default());
        assert_eq!(describe(&folder.path().join("gone")).await, Git::default());
    }

    #[tokio::test]
    async fn the_commit_the_branch_and_changes_below_the_folder_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let member = root.join("member");
        std::fs::create_dir(&member).unwrap();
        std::fs::write(member.join("a"), "1").unwrap();
        run(root, &["init", "-q"]);
        let unborn = describe(root).await;
        assert_eq!(
            unborn,
            Git {
                sha: None,
                branch: Some("main".into()),
                dirty: true
            }
        );

        run(root, &["add", "."]);
        run(root, &["commit", "-qm", "one"]);
        let clean = describe(root).await;
        assert_eq!(clean.sha.as_ref().map(String::len), Some(40));
        assert_eq!(clean.branch.as_deref(), Some("main"));
        assert!(!clean.dirty);

        std::fs::write(root.join("new"), "1").unwrap();
        assert!(describe(root).await.dirty);
        assert!(
            !describe(&member).await.dirty,
            "a sibling's change is not ours"
        );

        run(root, &["checkout", "-q", "--detach"]);
        assert_eq!(
            describe(&member).await,
            Git {
                branch: None,
                ..clean
            }
        );
    }
}
