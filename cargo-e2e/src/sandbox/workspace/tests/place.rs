//! A host's folder, a repo that is sent there, and a `docker` that has nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::super::super::teardown::BODY;
use super::super::super::{Identity, Sandbox, Visitor};
use super::super::Taken;
use crate::host::{self, Local, Script};

pub(super) const REPO: &str = "shop.0123456789abcdef";
pub(super) const LONG: Duration = Duration::from_mins(1);
/// The programs of the give-back.
const STEPS: [&str; 12] = [
    "find", "sort", "comm", "awk", "sed", "tr", "xargs", "rm", "mkdir", "mv", "rmdir", "touch",
];

/// How many cases a property gets, unless `PROPTEST_CASES` says it.
pub(super) fn cases(few: u32) -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(few)
}

/// The name of a sandbox's sync.
pub(super) fn sync(sandbox: &Sandbox) -> String {
    sandbox.identity.run_id[10..].to_owned()
}

pub(super) struct Place {
    folder: tempfile::TempDir,
    /// What a copy that nobody used has.
    pub(super) fresh: BTreeMap<PathBuf, String>,
}

impl Place {
    /// Two folders have files of the same names, sizes and times, and other content.
    pub(super) fn new() -> Self {
        let mut place = Self {
            folder: tempfile::tempdir().unwrap(),
            fresh: BTreeMap::new(),
        };
        for folder in ["root/workspaces", "root/locks", "bin"] {
            fs::create_dir_all(place.path(folder)).unwrap();
        }
        for (folder, byte) in [("a", b'a'), ("b", b'b'), ("a/deep/er", b'd'), ("c", b'c')] {
            let folder = place.repo().join(folder);
            fs::create_dir_all(&folder).unwrap();
            for name in ["one", "two", "odd \u{e9}\t'\"\\"] {
                fs::write(folder.join(name), vec![byte; 5000]).unwrap();
            }
        }
        fs::write(place.repo().join("two\nlines"), "x").unwrap();
        fs::set_permissions(place.repo().join("a/one"), PermissionsExt::from_mode(0o755)).unwrap();
        symlink("a/one", place.repo().join("link")).unwrap();
        for path in all_in(&place.repo()) {
            // rsync leaves a folder's time alone that is the same to the second.
            let time = rustix::fs::Timespec {
                tv_sec: 1_700_000_000,
                tv_nsec: 123_456_789,
            };
            let times = rustix::fs::Timestamps {
                last_access: time,
                last_modification: time,
            };
            let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
            rustix::fs::utimensat(rustix::fs::CWD, path, &times, flags).unwrap();
        }
        let copy = place.path("copy");
        place.rsync(&copy, &[]);
        place.fresh = tree(&copy);
        place
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn repo(&self) -> PathBuf {
        self.path("repo")
    }

    pub(super) fn sandbox(&self) -> Sandbox {
        let sandbox = Sandbox {
            identity: Identity::new("shop"),
            root: self.path("root").to_str().unwrap().to_owned(),
            expires: 0,
            lease: Duration::from_secs(5),
            visitor: Visitor {
                run: "01run".to_owned(),
                who: "ann@laptop".to_owned(),
            },
        };
        fs::create_dir_all(sandbox.dir()).unwrap();
        let sentinel = format!("{}\n", sandbox.identity.run_id);
        fs::write(format!("{}/sentinel", sandbox.dir()), sentinel).unwrap();
        sandbox
    }

    /// Sends the repo to a new sandbox.
    pub(super) async fn sync(&self, known: &[String]) -> (Sandbox, Taken) {
        let sandbox = self.sandbox();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let taken = sandbox.take_workspace(&Local, REPO, &known, LONG);
        let taken = taken.await.unwrap();
        self.send(&sandbox, matches!(taken, Taken::Unknown(_)));
        self.settle(&sandbox).await;
        (sandbox, taken)
    }

    pub(super) fn send(&self, sandbox: &Sandbox, checksum: bool) {
        let to = PathBuf::from(sandbox.repo_dir());
        self.rsync(&to, if checksum { &["--checksum"] } else { &[] });
    }

    fn rsync(&self, to: &Path, more: &[&str]) {
        let ended = Command::new("rsync")
            .args(["-a", "--no-owner", "--no-group", "--delete"])
            .args(more)
            .arg(format!("{}/", self.repo().display()))
            .arg(to)
            .output()
            .unwrap();
        assert!(ended.status.success(), "{ended:?}");
    }

    pub(super) async fn settle(&self, sandbox: &Sandbox) {
        let sync = sync(sandbox);
        let lost = sandbox.settle(&Local, REPO, &sync, 60, LONG).await;
        let lost = lost.unwrap();
        assert_eq!(lost, None);
    }

    /// Takes a sandbox down, with this in place of `docker`.
    pub(super) async fn take_down(&self, sandbox: &Sandbox, docker: &str) {
        self.program("docker", docker);
        let text = self.teardown(sandbox).await;
        assert!(text.is_some_and(|text| !text.contains("left ")));
        assert!(!Path::new(&sandbox.dir()).exists());
    }

    /// Returns whether the teardown came to this step of its give-back, before which it is killed.
    pub(super) async fn take_down_killed_at(&self, sandbox: &Sandbox, step: usize) -> bool {
        self.program("docker", "");
        let (here, dir, mkdir) = (self.folder.path().display(), sandbox.dir(), real("mkdir"));
        for name in STEPS {
            let real = real(name);
            self.program(
                name,
                &format!(
                    "if [ -e {dir}/changed ]; then\n\
                     n=1; until {mkdir} {here}/step.$n 2>/dev/null; do n=$((n + 1)); done\n\
                     [ $n != {step} ] || kill -KILL 0\nfi\nexec {real} \"$@\""
                ),
            );
        }
        let text = self.teardown(sandbox).await;
        for name in STEPS {
            fs::remove_file(self.path("bin").join(name)).unwrap();
        }
        let mut steps = 1;
        while fs::remove_dir(self.path(&format!("step.{steps}"))).is_ok() {
            steps += 1;
        }
        text.is_none()
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// What teardown says; nothing when it was killed.
    async fn teardown(&self, sandbox: &Sandbox) -> Option<String> {
        let search = std::env::var("PATH").unwrap();
        let script = Script::new("teardown", BODY)
            .once()
            .var("PATH", format!("{}:{search}", self.path("bin").display()))
            .var("root", &sandbox.root)
            .var("id", &sandbox.identity.run_id);
        let output = host::run(&Local, &script, b"", LONG).await.ok()?;
        assert_eq!(output.status, 0, "{output:?}");
        Some(output.text())
    }

    pub(super) fn idle(&self) -> Vec<PathBuf> {
        let found = self.path("root/workspaces").read_dir().unwrap();
        found.map(|entry| entry.unwrap().path()).collect()
    }

    /// Checks that all files of idle workspaces are the repo's, as they are there.
    pub(super) fn has_nothing_but_the_repo(&self) {
        for idle in self.idle() {
            for (path, found) in tree(&idle) {
                let is_folder = idle.join(&path).is_dir();
                let expected = self.fresh.get(&path);
                assert!(
                    expected.is_some_and(|text| is_folder || *text == found),
                    "{path:?} is {found}, not {expected:?}"
                );
            }
        }
    }
}

fn real(name: &str) -> String {
    let found = ["/usr/bin", "/bin"].map(|folder| format!("{folder}/{name}"));
    let found = found.into_iter().find(|path| Path::new(path).exists());
    found.unwrap()
}

/// All below a folder, links not followed.
pub(super) fn all_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut next = vec![folder.to_owned()];
    while let Some(folder) = next.pop() {
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.is_symlink() {
                next.push(path.clone());
            }
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Each path with all that a test can see of it, but for its inode.
pub(super) fn tree(folder: &Path) -> BTreeMap<PathBuf, String> {
    let describe = |path: &Path| {
        let found = path.symlink_metadata().unwrap();
        let mut names = vec![0; 1024];
        let length = rustix::fs::llistxattr(path, &mut names).unwrap_or(0);
        let content = if found.is_symlink() {
            fs::read_link(path).unwrap().display().to_string()
        } else if found.is_file() {
            let bytes = fs::read(path).unwrap();
            format!(
                "{} of {:?}",
                bytes.len(),
                bytes.iter().collect::<BTreeSet<_>>()
            )
        } else {
            String::new()
        };
        format!(
            "{:o} {}:{} {}.{} {:?} {content}",
            found.mode(),
            found.uid(),
            found.gid(),
            found.mtime(),
            found.mtime_nsec(),
            String::from_utf8_lossy(&names[..length]),
        )
    };
    let paths = all_in(folder).into_iter();
    paths
        .map(|path| {
            let text = describe(&path);
            (path.strip_prefix(folder).unwrap().to_owned(), text)
        })
        .collect()
}

pub(super) fn inodes(folder: &Path) -> BTreeSet<u64> {
    let paths = all_in(folder).into_iter();
    let inodes = paths.map(|path| path.symlink_metadata().unwrap().ino());
    inodes.collect()
}
