//! What travels, by git itself.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;

use super::*;

fn write(root: &Path, path: impl AsRef<Path>, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
    std::fs::write(path, text).expect("a file");
}

fn tree(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for file in files {
        write(folder.path(), file, "x");
    }
    folder
}

fn git(root: &Path, arguments: &[&str]) -> Vec<u8> {
    let done = Command::new("git")
        .args(["-c", "user.name=x", "-c", "user.email=x@localhost"])
        .args(["-c", "protocol.file.allow=always"])
        .arg("-C")
        .arg(root)
        .args(arguments)
        .output()
        .expect("git runs");
    assert!(done.status.success(), "{done:?}");
    done.stdout
}

fn commit(root: &Path) {
    git(root, &["init", "-q"]);
    git(root, &["add", "-A"]);
    git(root, &["commit", "-qm", "x"]);
}

fn patterns(filters: &Filters) -> Vec<String> {
    let text = String::from_utf8(filters.ignored.clone()).expect("UTF-8");
    text.split_terminator('\0').map(str::to_owned).collect()
}

/// All files below a folder, git's own left out.
fn files_in(root: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("an entry").path();
            if path.ends_with(".git") {
                continue;
            }
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(root).expect("below it").to_owned());
            }
        }
    }
    files
}

/// What git would ship of a repo: what it tracks, and what it neither tracks nor ignores.
fn shipped(root: &Path, repos: &[&str]) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for repo in repos {
        let folder = root.join(repo);
        let listed = [
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ];
        for path in git(&folder, &listed).split(|byte| *byte == 0) {
            let path = Path::new(repo).join(OsString::from_vec(path.to_vec()));
            // Neither a repo in it nor what is tracked and was removed.
            if root.join(&path).is_file() {
                files.insert(path);
            }
        }
    }
    files
}

/// What rsync makes of the filters.
async fn sent(root: &Path) -> BTreeSet<PathBuf> {
    let filters = filters(root, &[]).await.expect("git answers");
    let lists = tempfile::tempdir().expect("a folder");
    let list = lists.path().join("list");
    std::fs::write(&list, &filters.ignored).expect("a file");
    let target = lists.path().join("target");
    let done = Command::new("rsync")
        .args(["-a", "-s", "--from0"])
        .args(&filters.arguments)
        .arg(format!("--exclude-from={}", list.display()))
        .arg(format!("{}/", root.display()))
        .arg(&target)
        .output()
        .expect("rsync runs");
    assert!(done.status.success(), "{done:?}");
    files_in(&target)
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
    write(root, ".gitignore", "target/\nlogs/*\n.env\nodd*\n");
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
    write(inner.path(), ".gitignore", ".env\n");
    commit(inner.path());
    let outer = tree(&["b"]);
    let root = outer.path();
    commit(root);
    let source = inner.path().display().to_string();
    git(root, &["submodule", "--quiet", "add", &source, "sub"]);
    git(root, &["submodule", "--quiet", "add", &source, "not[out]"]);
    git(root, &["submodule", "--quiet", "deinit", "-f", "not[out]"]);
    write(root, "sub/.env", "secret");
    write(root, "not[out]/.env", "secret");
    let expected = shipped(root, &["", "sub"]);
    assert_eq!(sent(root).await, expected);
    assert!(expected.contains(Path::new("sub/a")));
    assert_eq!(expected.len(), 4, "{expected:?}");
}

#[tokio::test]
async fn what_repos_in_the_repo_ignore_stays_here_too() {
    let folder = tree(&[
        "a",
        "deep/er/plain",
        "nested/.env",
        "nested/inner/.env",
        "nested/b",
    ]);
    let root = folder.path();
    write(root, "nested/.gitignore", ".env\n");
    write(root, "nested/inner/.gitignore", "*\n!c\n!.gitignore\n");
    write(root, "nested/inner/c", "x");
    write(root, "deep/er/repo/.env", "x");
    write(root, "deep/er/repo/.gitignore", ".env\n");
    git(root, &["init", "-q"]);
    git(root, &["add", "a"]);
    git(root, &["commit", "-qm", "x"]);
    for repo in ["nested", "nested/inner", "deep/er/repo"] {
        git(&root.join(repo), &["init", "-q"]);
    }
    git(&root.join("nested"), &["add", "b"]);
    let expected = shipped(root, &["", "nested", "nested/inner", "deep/er/repo"]);
    assert!(
        expected.contains(Path::new("nested/inner/c")),
        "{expected:?}"
    );
    assert_eq!(sent(root).await, expected);
}

#[tokio::test]
async fn another_checkout_of_the_same_repo_stays_here() {
    let folder = tree(&["a"]);
    let root = folder.path();
    write(root, ".gitignore", ".env\n");
    commit(root);
    git(root, &["worktree", "add", "-q", "a-worktree"]);
    write(root, "a-worktree/.env", "secret");
    // One of a repo that is elsewhere is no second one, however often git has it.
    let other = tree(&["o"]);
    commit(other.path());
    let of_other = root.join("of-other").display().to_string();
    git(other.path(), &["worktree", "add", "-q", &of_other]);
    // And one before the repo itself.
    let nested = root.join("nested");
    write(&nested, "n", "x");
    commit(&nested);
    git(&nested, &["worktree", "add", "-q", "../m-worktree"]);
    let expected = shipped(root, &["", "of-other", "nested"]);
    assert_eq!(sent(root).await, expected);
    assert_eq!(expected.len(), 4, "{expected:?}");
    // From one of them, the same.
    let worktree = root.join("a-worktree");
    assert_eq!(sent(&worktree).await, shipped(&worktree, &[""]));
}

#[tokio::test]
async fn names_are_bytes() {
    let folder = tree(&["a"]);
    let root = folder.path();
    write(root, ".gitignore", "*.secret\n[[]dir]/\n");
    git(root, &["init", "-q"]);
    let names: [&[u8]; 9] = [
        b"\xff\xfe",
        b"new\nline",
        b"-n",
        b"#x",
        b"*",
        b"[a]",
        b"back\\slash",
        b"back\\sl*sh",
        b" ",
    ];
    for name in names {
        let name = OsString::from_vec(name.to_vec());
        write(root, &name, "x");
        let mut ignored = name.clone();
        ignored.push(".secret");
        write(root, Path::new("in").join(&ignored), "x");
        write(root, ignored, "x");
    }
    write(root, "[dir]/x", "x");
    write(root, "d/x", "x");
    let expected = shipped(root, &[""]);
    assert_eq!(expected.len(), 2 + names.len() + 1, "{expected:?}");
    assert_eq!(sent(root).await, expected);
}

#[tokio::test]
async fn a_hook_of_another_repo_changes_nothing() {
    // As a hook has it: relative to the folder in which it runs.
    let folder = tree(&["a", ".env"]);
    let root = folder.path();
    write(root, ".gitignore", ".env\n");
    git(root, &["init", "-q"]);
    let command = crate::repo::git::command(root);
    let unset: Vec<_> = command
        .as_std()
        .get_envs()
        .filter(|(_, value)| value.is_none())
        .collect();
    assert!(
        unset.iter().any(|(name, _)| *name == "GIT_DIR"),
        "{unset:?}"
    );
    assert_eq!(sent(root).await, shipped(root, &[""]));
}

#[tokio::test]
async fn where_git_ignores_the_folder_itself_ignore_files_decide() {
    let outer = tree(&[
        "out/repo/a",
        "out/repo/.env",
        "out/repo/wt/b",
        "out/repo/wt/.env",
    ]);
    write(outer.path(), ".gitignore", "out/\n");
    git(outer.path(), &["init", "-q"]);
    let root = outer.path().join("out/repo");
    write(&root, ".gitignore", "/.env\n");
    git(&root.join("wt"), &["init", "-q"]);
    write(&root, "wt/.git/info/exclude", ".env\n");
    let expected = [".gitignore", "a", "wt/b"].map(PathBuf::from);
    assert_eq!(sent(&root).await, BTreeSet::from(expected));
}

#[tokio::test]
async fn without_git_ignore_files_decide() {
    let folder = tree(&["src/a", "target/debug/x", "b.log", ".hidden"]);
    write(folder.path(), ".gitignore", "target/\n*.log\n");
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

/// Short paths over few names, so that rules hit.
fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec!["a", "b", "c[1]", "d*", ".e"]),
        1..4,
    )
    .prop_map(|parts| parts.join("/"))
}

fn rule() -> impl Strategy<Value = String> {
    let rules = vec![
        "a", "/a", "b/", "/b/", "c\\[1]", "d*", "*", "!a", "!b/", "a/**", "**/b", ".e", "/a/*",
    ];
    prop::sample::select(rules).prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_travels_is_what_git_ships(
        files in prop::collection::vec(path(), 1..12),
        ignores in prop::collection::vec((prop::option::of(path()), prop::collection::vec(rule(), 1..3)), 0..4),
        repos in prop::collection::vec(path(), 0..3),
        tracked in prop::bool::ANY,
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        // A file does not stand where a folder is.
        for file in &files {
            let path = root.join(file).join("f");
            let _ = std::fs::create_dir_all(path.parent().expect("a parent"));
            let _ = std::fs::write(path, "x");
        }
        for (at, rules) in &ignores {
            let path = root.join(at.as_deref().unwrap_or_default());
            let _ = std::fs::create_dir_all(&path);
            let _ = std::fs::write(path.join(".gitignore"), rules.join("\n"));
        }
        git(root, &["init", "-q"]);
        let first = root.join(&files[0]).join("f");
        if tracked {
            git(root, &["add", "-f", first.to_str().expect("UTF-8")]);
        }
        for repo in &repos {
            let path = root.join(repo);
            let _ = std::fs::create_dir_all(&path);
            if path.is_dir() {
                git(&path, &["init", "-q"]);
            }
        }
        // Those which git reaches from the root: it looks for repos where it does not ignore.
        let mut reached = vec![String::new()];
        let mut next = 0;
        while next < reached.len() {
            let repo = reached[next].clone();
            let listed = git(&root.join(&repo), &["ls-files", "-z", "--others", "--exclude-standard"]);
            for path in listed.split(|byte| *byte == 0).filter(|path| path.ends_with(b"/")) {
                reached.push(format!("{repo}{}", String::from_utf8_lossy(path)));
            }
            next += 1;
        }
        let reached: Vec<&str> = reached.iter().map(String::as_str).collect();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        prop_assert_eq!(runtime.block_on(sent(root)), shipped(root, &reached));
    }
}

#[tokio::test]
async fn what_git_leaves_out_is_known_by_its_path() {
    let folder = tree(&[
        "e2e/compose.yml",
        "e2e/.env",
        "out/deep/file",
        ".env.example",
    ]);
    write(folder.path(), ".gitignore", ".env\n/out\n");
    commit(folder.path());
    let filters = filters(folder.path(), &[]).await.expect("filters");
    let leaves_out = |path: &str| filters.leaves_out(Path::new(path));
    assert!(leaves_out("e2e/.env") && leaves_out("out/deep/file"));
    assert!(!leaves_out("e2e/compose.yml") && !leaves_out(".env.example") && !leaves_out("e2e"));
}
