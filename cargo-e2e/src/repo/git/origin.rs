//! Which repo a folder belongs to, wherever it is checked out.
//!
//! The sync stage asks, so that all checkouts of a repo share what a host keeps of it.

use std::path::Path;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};

use super::git;

/// The answer to [`origin`], asked while a run does other things.
#[derive(Debug, Clone)]
pub struct Origin(Shared<BoxFuture<'static, Option<String>>>);

impl Origin {
    /// Asks from now on.
    pub fn ask(root: &Path) -> Self {
        let root = root.to_owned();
        let asked = tokio::spawn(async move { origin(&root).await });
        Self(async { asked.await.ok().flatten() }.boxed().shared())
    }

    /// Returns the answer, once it is there.
    pub async fn known(&self) -> Option<String> {
        self.0.clone().await
    }
}

/// Returns what the repo and the folder's place in it are called in every checkout: by its remote
/// `origin`, else by its first commit. Nothing when git knows neither.
async fn origin(root: &Path) -> Option<String> {
    let (remote, prefix) = tokio::join!(
        git(root, &["config", "--get", "remote.origin.url"]),
        git(root, &["rev-parse", "--show-prefix"]),
    );
    let repo = match remote.as_deref().and_then(normal) {
        Some(remote) => remote,
        None => first_commit(root).await?,
    };
    Some(format!("{repo} {}", prefix?))
}

/// Returns the first of the commits without a parent; a shallow clone has others, and says nothing.
async fn first_commit(root: &Path) -> Option<String> {
    if git(root, &["rev-parse", "--is-shallow-repository"]).await? != "false" {
        return None;
    }
    let roots = git(root, &["rev-list", "--max-parents=0", "HEAD"]).await?;
    roots.lines().min().map(str::to_owned)
}

/// Returns a remote's address without what differs between those who use it: scheme, credentials,
/// port, `.git`. `git@example.org:a/b.git` and `https://TOKEN@example.org/a/b` are one repo.
fn normal(url: &str) -> Option<String> {
    let (host, path) = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?,
        // A path may hold a colon too, but not before its first slash.
        None => match url.split_once(':') {
            Some((host, path)) if !host.contains('/') => (host, path),
            _ => ("", url),
        },
    };
    let host = host.rsplit('@').next().unwrap_or(host);
    let host = host.split(':').next().unwrap_or(host).to_ascii_lowercase();
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (!path.is_empty()).then(|| format!("{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;

    #[test]
    fn one_repo_has_one_name_however_it_is_reached() {
        for url in [
            "https://example.org/team/shop",
            "https://example.org/team/shop.git/",
            "https://x-access-token:s3cret@Example.org/team/shop.git",
            "https://a@b:s3cret@example.org/team/shop?token=s3cret",
            "ssh://git@example.org:2222/team/shop.git",
            "git@example.org:team/shop.git",
            "git@example.org:/team/shop.git",
        ] {
            let found = normal(url);
            assert_eq!(found.as_deref(), Some("example.org/team/shop"), "{url}");
        }
        assert_eq!(normal("/srv/git/a:b.git").as_deref(), Some("/srv/git/a:b"));
        assert_eq!(normal("file:///srv/x").as_deref(), Some("/srv/x"));
        assert_eq!(normal("https://example.org/"), None);
        assert_eq!(normal(""), None);
    }

    #[tokio::test]
    async fn checkouts_share_their_origin_and_folders_in_them_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let first = folder.path().join("first");
        std::fs::create_dir_all(first.join("member")).unwrap();
        assert_eq!(origin(&first).await, None);
        std::fs::write(first.join("member/a"), "1").unwrap();
        run(&first, &["init", "-q"]);
        assert_eq!(origin(&first).await, None);
        run(&first, &["add", "."]);
        run(&first, &["commit", "-qm", "one"]);
        let by_commit = origin(&first).await.unwrap();
        std::fs::write(first.join("member/a"), "2").unwrap();
        run(&first, &["commit", "-qam", "two"]);
        assert_eq!(origin(&first).await.as_ref(), Some(&by_commit));
        assert_ne!(origin(&first.join("member")).await.unwrap(), by_commit);

        let bare = folder.path().join("bare.git");
        run(
            &first,
            &["clone", "-q", "--bare", ".", bare.to_str().unwrap()],
        );
        let mut clones = Vec::new();
        for (name, depth) in [("deep", "100"), ("shallow", "1")] {
            let clone = folder.path().join(name);
            let from = format!("file://{}", bare.display());
            run(
                &first,
                &[
                    "clone",
                    "-q",
                    "--depth",
                    depth,
                    &from,
                    clone.to_str().unwrap(),
                ],
            );
            clones.push(origin(&clone).await.unwrap());
            run(&clone, &["remote", "remove", "origin"]);
            let by_commit = (name == "deep").then(|| by_commit.clone());
            assert_eq!(origin(&clone).await, by_commit);
        }
        assert_eq!(clones[0], clones[1]);
    }
}
