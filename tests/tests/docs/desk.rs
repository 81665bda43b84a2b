//! A place to run their commands at: the repo `hello`, and the tool on the PATH.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use e2e_tests::{Turn, exclusive, without_runner};

use super::pages::{parse, root};
use super::{FIRST_REPO, HOST};

/// For those that bring `hello` up: one at a time, because they share its ports and its name.
/// nextest starts them one after another too, so that none waits in a place of another test.
pub(crate) fn alone() -> Turn {
    exclusive("docs")
}

/// The folder with the binaries of this build.
pub(crate) fn binaries() -> PathBuf {
    let own = std::env::current_exe().expect("this test has a path");
    let folder = own
        .parent()
        .and_then(Path::parent)
        .expect("it is in target/debug/deps");
    assert!(
        folder.join("cargo-e2e").exists(),
        "{} has no cargo-e2e: run `cargo build --workspace` first",
        folder.display()
    );
    folder.into()
}

/// A copy of the repo `hello`, and how to run commands in it.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let desk = Self { folder };
        for block in parse(FIRST_REPO).0 {
            if let Some((_, path)) = block.info.split_once("file=") {
                desk.write(path, &block.text);
            }
        }
        // People have `railiance01` in ~/.ssh/config; the tests have it in the lab's file.
        let shim = desk.folder.path().join("bin/ssh");
        fs::create_dir_all(shim.parent().expect("a parent")).expect("a folder");
        // `make e2e` looks here, so that the checkout's own examples stay as they are.
        let examples = desk.folder.path().join("examples");
        fs::create_dir(&examples).expect("a folder");
        let copied = Command::new("cp")
            .arg("-r")
            .arg(root().join("examples/pytest-postgres"))
            .arg(&examples)
            .status();
        assert!(copied.expect("cp runs").success());
        let real = which("ssh");
        fs::write(
            &shim,
            format!(
                "#!/bin/sh\nexec {} -F \"$E2E_LAB_SSH_CONFIG\" \"$@\"\n",
                real.display()
            ),
        )
        .expect("a file");
        fs::set_permissions(&shim, fs::Permissions::from_mode(0o755)).expect("its mode");
        desk
    }

    /// The repo `hello`.
    pub(crate) fn repo(&self) -> PathBuf {
        self.folder.path().join("hello")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.repo().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Runs a script as a person with the lab's hosts would.
    pub(crate) fn sh(&self, script: &str) -> Output {
        let path = std::env::var("PATH").unwrap_or_default();
        let shims = self.folder.path().join("bin");
        let script = format!(
            "set -eu\nlab=$(sh '{root}/tests/lab/env')\neval \"$lab\"\n\
             export E2E_LAB_SSH_CONFIG=$CARGO_E2E_SSH_CONFIG\n{script}",
            root = root().display()
        );
        let mut command = Command::new("sh");
        without_runner(&mut command);
        command
            .args(["-c", &script])
            .current_dir(self.repo())
            .env(
                "PATH",
                format!("{}:{}:{path}", shims.display(), binaries().display()),
            )
            .env(
                "MAKEFLAGS",
                format!("REPOS_DIR={}/examples", self.folder.path().display()),
            )
            .env_remove("RAILIANCE01_HOST")
            .env_remove("CARGO_E2E_HOST")
            .stdin(Stdio::null())
            .output()
            .expect("sh runs")
    }

    /// Runs a script that must pass, and returns what it printed on both streams.
    pub(crate) fn passes(&self, script: &str) -> String {
        let output = self.sh(script);
        let said = said(&output);
        assert!(output.status.success(), "{}\n{said}", output.status);
        said
    }

    /// Nothing of these copies is left on either host.
    pub(crate) fn left_nothing(&self) {
        let listed = self.passes(&format!(
            "cargo e2e list --host {HOST}; cargo e2e list --host local"
        ));
        let folder = self.folder.path().to_string_lossy();
        let left: Vec<&str> = listed
            .lines()
            .filter(|line| line.contains(&*folder))
            .collect();
        assert!(left.is_empty(), "left behind:\n{}", left.join("\n"));
        let find = "ps --all --quiet --filter label=cargo-e2e.repo=hello";
        let left = self.passes(&format!("docker {find}; ssh {HOST} docker {find}"));
        assert_eq!(left, "", "containers of `hello` are left");
    }
}

pub(crate) fn which(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{program} is not installed"))
}

pub(crate) fn said(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}
