//! What travels is what git would ship, byte by byte in names: in the sandbox, and in the workspace
//! that the host keeps.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use e2e_tests::{Host, Repo, here_and_over_ssh};

const IDLE: &str = "services: {web: {image: BUSYBOX, command: [sleep, '600']}}\n";
/// Keeps the names of all files as bytes.
const LIST: &str = "find . -type f -print0 >\"$E2E_ARTIFACTS/files\"; cat .env\n";

type Names = BTreeSet<Vec<u8>>;

fn write(repo: &Repo, path: impl AsRef<Path>, text: &str) {
    let path = repo.root().join(path);
    fs::create_dir_all(path.parent().expect("it is in the repo")).expect("writable");
    fs::write(path, text).expect("writable");
}

fn git(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let done = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@localhost"])
        .args(["-c", "protocol.file.allow=always"])
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output()
        .expect("git is installed");
    assert!(done.status.success(), "git {arguments:?}: {done:?}");
    done.stdout
}

/// What git ships of these repos.
fn shipped(repo: &Repo, folders: &[&str]) -> Names {
    let mut names = Names::new();
    for folder in folders {
        let all = [
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ];
        for path in git(&repo.path(folder), &all).split(|byte| *byte == 0) {
            let path = Path::new(folder).join(OsString::from_vec(path.to_vec()));
            if repo.root().join(&path).is_file() {
                names.insert(path.as_os_str().as_bytes().to_vec());
            }
        }
    }
    names
}

/// `./NAME` with a NUL after each.
fn names(listed: &[u8]) -> Names {
    let paths = listed
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty());
    paths.map(|path| path[2..].to_vec()).collect()
}

/// The files of the idle workspace that a host has of a repo.
fn kept(repo: &Repo, host: Host) -> Names {
    let digits = host.says(&format!(
        "cd {}/workspaces/{}.* && find . -type f -print0 | od -An -v -tx1 | tr -d ' \\n'",
        host.root(),
        repo.slug()
    ));
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.trim().as_bytes().chunks(2).map(byte).collect();
    names(&bytes.expect("od prints pairs of digits"))
}

#[test]
fn gits_own_folder_travels_without_what_may_hold_credentials() {
    let repo = Repo::new("history").compose(IDLE).spec(
        "sync: {include: [.git]}\n\
         test_command: |\n  git -c safe.directory='*' describe --tags\n  \
         ls -A .git .git/modules/m\n  cat .git/refs/heads/config\n",
    );
    let root = repo.root().to_owned();
    git(&root, &["add", "--all"]);
    git(&root, &["commit", "--quiet", "--message", "first"]);
    git(&root, &["tag", "v1.2.3"]);
    git(&root, &["branch", "config"]);
    git(
        &root,
        &[
            "config",
            "http.extraheader",
            "AUTHORIZATION: basic eDpzM2NyZXQ",
        ],
    );
    write(&repo, ".git/hooks/pre-push", "secret");
    write(&repo, ".git/modules/m/config", "secret");
    write(&repo, ".git/modules/m/HEAD", "ref");
    let ran = repo.run(Host::Local, &[]);
    ran.ended(0, "passed").stdout_has("v1.2.3");
    ran.stdout_has("HEAD\n").stdout_has("\nobjects\n");
    for private in ["\nconfig\n", "\nhooks\n", "\nlogs\n"] {
        ran.stdout_lacks(private);
    }
}

here_and_over_ssh! {
    fn exactly_what_git_ships_travels(host) {
        let module = Repo::new("module").gitignore(".env\n").file("inner", "x");
        module.git(&["add", "--all"]);
        module.git(&["commit", "--quiet", "--message", "first"]);
        let repo = Repo::new("shipped")
            .gitignore(".env\n*.log\nout/\n")
            .compose(IDLE)
            .spec(&format!("sync: {{include: [.env]}}\ntest_command: {LIST:?}\n"))
            .file("tracked", "x")
            .file(".env", "sent on purpose\n")
            .file("out/x", "ignored")
            .file("nested/kept", "x")
            .file("nested/.env", "secret")
            .file("nested/deeper/kept", "x")
            .file("nested/deeper/only-here", "secret");
        for name in [&b"\xff\xfe"[..], b"new\nline", b"-n", b"*[x]?", b"back\\slash*"] {
            let name = OsString::from_vec(name.to_vec());
            let mut ignored = name.clone();
            ignored.push(".log");
            write(&repo, Path::new("odd").join(name), "x");
            write(&repo, Path::new("odd").join(ignored), "secret");
        }
        let root = repo.root().to_owned();
        git(&root, &["add", "tracked", ".gitignore"]);
        git(&root, &["commit", "--quiet", "--message", "first"]);
        for nested in ["nested", "nested/deeper"] {
            git(&root.join(nested), &["init", "--quiet"]);
        }
        let repo = repo.file("nested/.gitignore", ".env\n").file("nested/deeper/.git/info/exclude", "only-here\n");
        let from = module.root().to_str().expect("a plain path");
        for sub in ["sub", "not-out"] {
            git(&root, &["submodule", "--quiet", "add", from, sub]);
        }
        git(&root, &["submodule", "--quiet", "deinit", "--force", "not-out"]);
        git(&root, &["worktree", "add", "--quiet", "wt"]);
        let repo = repo.file("sub/.env", "secret").file("wt/.env", "secret").file("not-out/.env", "secret");

        let ran = repo.run(host, &[]);
        ran.ended(0, "passed").stdout_has("sent on purpose");
        let expected = shipped(&repo, &["", "nested", "nested/deeper", "sub"]);
        let mut sent = names(&fs::read(ran.bundle().join("artifacts/files")).expect("the tests wrote it"));
        assert!(sent.remove(b".env".as_slice()), "sent on purpose");
        assert_eq!(sent, expected);
        assert!(sent.contains(b"odd/\xff\xfe".as_slice()) && sent.contains(b"nested/deeper/kept".as_slice()));
        // A name of two lines is sent anew by each run.
        let stays: Names = expected.into_iter().filter(|name| !name.contains(&b'\n')).collect();
        assert_eq!(kept(&repo, host), stays);

        // What git does not ship goes with the next sync.
        let _ = host.says(&format!(
            "cd {}/workspaces/{}.* && echo secret >nested/.env && mkdir wt && echo secret >wt/.env && echo secret >.env\n\
             chown -R --reference=. nested wt .env\n",
            host.root(),
            repo.slug()
        ));
        repo.run(host, &[]).ended(0, "passed");
        assert_eq!(kept(&repo, host), stays);
    }
}

#[test]
fn working_copies_share_a_workspace_and_see_their_own_files() {
    let host = Host::Dev;
    let repo = Repo::new("shared")
        .gitignore("other/\n")
        .compose(IDLE)
        .spec("test_command: cat version\n")
        .file("version", "1.0.0\n");
    let root = repo.root().to_owned();
    git(&root, &["add", "--all"]);
    git(&root, &["commit", "--quiet", "--message", "first"]);
    git(&root, &["clone", "--quiet", ".", "other"]);
    let origins = [
        "https://token:s3cret@example.org/a/shared.git",
        "git@example.org:a/shared",
    ];
    git(&root, &["remote", "add", "origin", origins[0]]);
    git(
        &root.join("other"),
        &["remote", "set-url", "origin", origins[1]],
    );
    fs::write(repo.path("other/version"), "2.0.0\n").expect("writable");
    // Both were checked out at the same moment.
    let moment = SystemTime::now() - Duration::from_mins(1);
    for version in ["version", "other/version"] {
        let file = File::options().append(true).open(repo.path(version));
        file.expect("it is there")
            .set_modified(moment)
            .expect("ours");
    }
    for _ in 0..2 {
        repo.run(host, &[]).ended(0, "passed").stdout_has("1.0.0\n");
        let other = repo.command_in("other", &["--host", &host.name()]);
        assert_eq!(
            (other.code, other.stdout.as_str()),
            (Some(0), "2.0.0\n"),
            "{other}"
        );
    }
    let kept = host.says(&format!(
        "ls -d {}/workspaces/{}.*",
        host.root(),
        repo.slug()
    ));
    assert_eq!(kept.lines().count(), 1, "{kept}");
}
